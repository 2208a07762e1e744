/*
 * libquire-ot: operational transform for plain and rich text.
 *
 * A document is a sequence of UTF-16 code units and embeds (an embed has length 1); each stretch
 * may carry attributes. An operation walks over a document once, from its start: it retains,
 * inserts or deletes, and after its last component everything that follows is retained. The
 * semantics are those of Quill Delta (quill-delta 5.1), where that is not itself inconsistent.
 *
 * An operation is its bytes. `ot_op_check` is the one door for bytes from outside; every other
 * function trusts the bytes it is given (and asserts on them in debug builds), reads them in
 * place and appends its result to a buffer of the caller. A document's snapshot is an operation
 * that only inserts. The byte form is described in docs/op-format.md:
 *
 *     op    := varint(size of comps << 1 | wide)  comps  text
 *     comps := { tag  [varint rest of length]  [varint size, attributes]  [embed value] }
 *     text  := the inserted UTF-8 of all components, one after the other
 *
 * Attributes and embeds are values: msgpack in one canonical form (shortest integers, keys sorted,
 * unique), so that equal values are equal bytes.
 *
 * Nothing here has state of its own: no globals, no locks, no I/O. Different objects may be used
 * from different threads at once; one object from one thread at a time.
 */
#ifndef QUIRE_OT_H
#define QUIRE_OT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Longest component, and longest operation or document, in UTF-16 code units. */
#define OT_LENGTH_MAX INT32_MAX
/* Most arrays and maps inside one another in a value, the outermost one (that of the attributes or
 * of the embed) included. */
#define OT_VALUE_DEPTH_MAX 8

/* Every error of the library: symbol, name (stable, for programs), text (for people). */
#define OT_ERRORS(X)                                                                               \
    X(OT_E_MEMORY, -1, "out_of_memory", "not enough memory")                                       \
    X(OT_E_TRUNCATED, -2, "truncated", "the bytes end inside an item")                             \
    X(OT_E_TRAILING, -3, "trailing_bytes", "bytes are left over after the end")                    \
    X(OT_E_FORM, -4, "not_canonical", "the operation is not in its one canonical form")            \
    X(OT_E_LENGTH, -5, "bad_length", "a length is zero, negative or too large")                    \
    X(OT_E_UTF8, -6, "bad_utf8", "text is not valid UTF-8")                                        \
    X(OT_E_VALUE, -7, "bad_value", "an attribute or embed value is not allowed")                   \
    X(OT_E_KEY, -8, "bad_key", "an attribute name is not allowed")                                 \
    X(OT_E_DEPTH, -9, "too_deep", "a value is nested too deeply")                                  \
    X(OT_E_KIND, -10, "bad_component", "a component is of no known kind")                          \
    X(OT_E_RANGE, -11, "out_of_range", "the operation reaches past the end of the document")       \
    X(OT_E_SURROGATE, -12, "split_surrogate", "a boundary falls inside a surrogate pair")          \
    X(OT_E_DOCUMENT, -13, "not_a_document", "a document holds inserts only")

enum ot_error_code {
    OT_OK = 0,
#define OT_ENUM(symbol, number, name, text) symbol = number,
    OT_ERRORS(OT_ENUM)
#undef OT_ENUM
};

/* Where bytes or an operation were refused. `at`: an offset in bytes for OT_E_* of ot_op_check, a
 * position in UTF-16 units of the document for those of ot_doc_check. */
struct ot_error {
    int code;
    uint64_t at;
};

/* Stable name ("split_surrogate") and sentence for a code of the table; "unknown" for others. */
const char *ot_error_name(int code);
const char *ot_error_text(int code);

/* Bytes that somebody else owns. */
struct ot_slice {
    const uint8_t *data;
    size_t size;
};

/*
 * Where memory comes from. Whatever is made with an allocator takes all its memory from there, and
 * gives all of it back when it is freed; one that is NULL is malloc's. The structure is not copied:
 * it must live as long as what is made with it.
 *
 * `allocate`: `size` bytes, 1 or more, aligned for every type, or NULL when there are none.
 * `reallocate`: the same for `old`, of `old_size` bytes, which it moves; on NULL `old` is as it
 * was. `release`: `old`, of `size` bytes, is not needed any more.
 *
 * They are called from the threads that use what was made with them, so an allocator that several
 * objects share needs a lock only if these are used in several threads at once. They must not call
 * the library on the object that is calling them.
 */
struct ot_allocator {
    void *context; /* the allocator's own; given to each call */
    void *(*allocate)(void *context, size_t size);
    void *(*reallocate)(void *context, void *old, size_t old_size, size_t size);
    void (*release)(void *context, void *old, size_t size);
};

/* Bytes of its holder's own that grow by appending. Zero-initialise, all but the allocator if it is
 * not to be malloc; end with ot_buf_deinit. */
struct ot_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    const struct ot_allocator *allocator; /* NULL: malloc */
};

/* Gives the memory back; empty, and good for use, afterwards. */
void ot_buf_deinit(struct ot_buf *buf);
/* Forgets the content, keeps the memory. */
void ot_buf_clear(struct ot_buf *buf);
/* Makes room for `more` further bytes. OT_OK or OT_E_MEMORY; on error `buf` is unchanged. */
int ot_buf_reserve(struct ot_buf *buf, size_t more);
int ot_buf_append(struct ot_buf *buf, const void *data, size_t size);
struct ot_slice ot_buf_slice(const struct ot_buf *buf);

/*
 * How results are put in order where an insert meets a delete at one place.
 *
 * OT_CANONICAL: the insert comes first, always: what quill-delta gives.
 * OT_STABLE: they stay as they came. With the committed side winning ties, transforming over a
 * composed operation then equals transforming over its parts one by one, so histories may be
 * folded freely. quire.v1 uses this. Both forms are valid operations everywhere.
 */
enum ot_order { OT_CANONICAL, OT_STABLE };

/* Which side of a tie an operation (or a cursor) ends up on: OT_RIGHT gives way, so the other
 * operation's insert at the same place comes first and its change of the same attribute stands. */
enum ot_side { OT_LEFT, OT_RIGHT };

/* ---- operations ---- */

enum ot_kind { OT_RETAIN, OT_INSERT, OT_DELETE, OT_EMBED };

struct ot_component {
    enum ot_kind kind;
    uint32_t length;            /* UTF-16 code units, 1 or more; exactly 1 for an embed */
    struct ot_slice attributes; /* canonical map value, or empty: none */
    struct ot_slice content;    /* OT_INSERT: its UTF-8. OT_EMBED: its canonical value */
};

/* What ot_op_check has seen. Lengths in UTF-16 code units. */
struct ot_op_info {
    size_t components;
    uint64_t base_length;     /* retained and deleted: the document must be at least this long */
    uint64_t inserted_length; /* embeds count 1 */
    uint64_t deleted_length;
    size_t attributes_size; /* bytes, all components together */
    bool has_attributes;
    bool has_embeds;
    bool only_inserts; /* it may be a document; also true for the empty operation */
};

/*
 * The bounded reader: decides whether `op` is a whole, valid operation in either order. Allocates
 * nothing and never looks past the slice. Returns OT_OK and fills `info_out` (may be NULL), or a
 * code with `error_out` (may be NULL) naming the offset in bytes.
 */
int ot_op_check(struct ot_slice op, struct ot_op_info *info_out, struct ot_error *error_out);

/* True for the operation without components (the bytes `00`). */
bool ot_op_is_empty(struct ot_slice op);

/* Reads the components of a checked operation in order, in place. Plain value: copy it freely. */
struct ot_iter {
    const uint8_t *comps;
    const uint8_t *comps_end;
    const uint8_t *text;
    const uint8_t *text_end;
    bool wide;
};

void ot_iter_init(struct ot_iter *iter, struct ot_slice op);
/* True and the next component (whose slices point into the operation), or false at the end. */
bool ot_iter_next(struct ot_iter *iter, struct ot_component *component_out);

/*
 * The normalising builder: the only way to make an operation. Components are appended in order;
 * neighbours that belong together are merged, and what may not exist (zero lengths, a trailing
 * plain retain, null attributes on inserts, empty attributes) never does. The first error sticks
 * and is returned by ot_builder_finish, so the calls between need no checks.
 */
struct ot_builder;

struct ot_builder *ot_builder_new(enum ot_order order);
/* The same with memory from `allocator`. */
struct ot_builder *ot_builder_new_in(const struct ot_allocator *allocator, enum ot_order order);
void ot_builder_free(struct ot_builder *builder);
/* Starts anew, keeping the memory; also clears the error. */
void ot_builder_reset(struct ot_builder *builder);
/* `attributes`: a canonical map value (see ot_value_check) or an empty slice; these and embeds are
 * checked, with the errors of ot_attributes_check and ot_embed_check, and copied. Lengths of 0 are
 * ignored. Text must be valid UTF-8 (OT_E_UTF8). */
void ot_builder_retain(struct ot_builder *builder, uint64_t length, struct ot_slice attributes);
void ot_builder_insert(struct ot_builder *builder, struct ot_slice text,
                       struct ot_slice attributes);
void ot_builder_embed(struct ot_builder *builder, struct ot_slice value,
                      struct ot_slice attributes);
void ot_builder_delete(struct ot_builder *builder, uint64_t length);
/* Appends the finished operation to `out` and resets. OT_OK or the first error of the calls since
 * the last reset (then `out` is unchanged). */
int ot_builder_finish(struct ot_builder *builder, struct ot_buf *out);

/*
 * The algebra. Inputs are checked operations; the result is appended to `out`. OT_OK or OT_E_MEMORY
 * or OT_E_LENGTH (the result would pass OT_LENGTH_MAX); on error `out` is unchanged. `out` must not
 * own the inputs. What memory they need meanwhile comes from the allocator of `out`, too.
 */

/* First `a`, then `b`, as one operation. `a` may be a document: then so is the result, provided
 * that `b` fits it. OT_E_SURROGATE if `b` cuts a pair that `a` inserts. */
int ot_compose(struct ot_slice a, struct ot_slice b, enum ot_order order, struct ot_buf *out);

/* ops[0] then ops[1] then ..., folded as a balanced tree: O(n log n). No ops: the empty operation.
 */
int ot_compose_all(const struct ot_slice *ops, size_t count, enum ot_order order,
                   struct ot_buf *out);

/* `op`, made on the same document as `over`, rewritten to come after it. quill-delta's
 * over.transform(op, true) is side OT_RIGHT, over.transform(op, false) is OT_LEFT. */
int ot_transform(struct ot_slice op, struct ot_slice over, enum ot_side side, enum ot_order order,
                 struct ot_buf *out);

/* `op`, made before the `count` operations `overs`, which follow each other, rewritten to come
 * after the last: the same as ot_transform over one after the other. An operation that lies wholly
 * before or behind it costs as much as reading it as far as `op` reaches. */
int ot_transform_all(struct ot_slice op, const struct ot_slice *overs, size_t count,
                     enum ot_side side, enum ot_order order, struct ot_buf *out);

/* Where position `pos_u16` lies after `op`. An insert exactly there pushes an OT_RIGHT position to
 * the right (quill-delta's priority false) and leaves an OT_LEFT one. */
uint64_t ot_transform_position(struct ot_slice op, uint64_t pos_u16, enum ot_side side);

/* The operation that takes back `op`, which was (or could be) applied to `document`; if it could
 * not, an error (OT_E_SURROGATE) or an operation that means nothing. */
int ot_invert(struct ot_slice op, struct ot_slice document, enum ot_order order,
              struct ot_buf *out);

/* ---- values: attributes and embeds ---- */

/* Checks that `value` is one whole canonical value: nil, booleans, integers within +-(2^53 - 1),
 * finite doubles that are no such integer, valid UTF-8 strings without NUL, arrays, and maps with
 * sorted unique string keys, none of them `__proto__`. Errors, all at the item they are about:
 * OT_E_TRUNCATED, OT_E_TRAILING, OT_E_FORM (not the shortest encoding, a double that is an
 * integer, keys out of order), OT_E_UTF8, OT_E_VALUE, OT_E_KEY, OT_E_DEPTH. */
int ot_value_check(struct ot_slice value, struct ot_error *error_out);
/* The same, and further: a map, not empty (attributes) / a map with exactly one key (an embed). */
int ot_attributes_check(struct ot_slice value, struct ot_error *error_out);
int ot_embed_check(struct ot_slice value, struct ot_error *error_out);

/* Writers that append one item in canonical form. A map is written as its header followed by
 * key, value, key, value, ... with the keys in ascending order of their bytes. OT_OK or
 * OT_E_MEMORY, OT_E_VALUE (NaN, infinity, an integer out of range), OT_E_UTF8. */
int ot_value_nil(struct ot_buf *out);
int ot_value_bool(struct ot_buf *out, bool value);
int ot_value_int(struct ot_buf *out, int64_t value);
int ot_value_double(struct ot_buf *out, double value);
int ot_value_string(struct ot_buf *out, struct ot_slice utf8);
int ot_value_array(struct ot_buf *out, uint32_t count);
int ot_value_map(struct ot_buf *out, uint32_t count);

enum ot_value_kind {
    OT_VALUE_NIL,
    OT_VALUE_BOOL,
    OT_VALUE_INT,
    OT_VALUE_DOUBLE,
    OT_VALUE_STRING,
    OT_VALUE_ARRAY,
    OT_VALUE_MAP
};

struct ot_value {
    enum ot_value_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct ot_slice string;
        uint32_t count; /* items of an array, pairs of a map; they follow */
    };
};

/* Reads the next item of a checked value and moves `rest` past it (past the header only, for an
 * array or a map). */
struct ot_value ot_value_next(struct ot_slice *rest);

/* ---- the document ---- */

/*
 * A document held for editing: a rope whose edits cost the logarithm of its size. Length counts
 * UTF-16 code units.
 */
struct ot_doc;

/* An empty document, or NULL when out of memory. */
struct ot_doc *ot_doc_new(void);
/* The same with memory from `allocator`. */
struct ot_doc *ot_doc_new_in(const struct ot_allocator *allocator);
void ot_doc_free(struct ot_doc *doc);
/* Builds a document from its snapshot, a checked operation of inserts only. OT_OK, OT_E_DOCUMENT
 * or OT_E_MEMORY. */
int ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out);
int ot_doc_load_in(const struct ot_allocator *allocator, struct ot_slice snapshot,
                   struct ot_doc **doc_out);
/* Appends the snapshot. Equal documents give equal bytes. */
int ot_doc_snapshot(const struct ot_doc *doc, struct ot_buf *out);
/* Appends the text as UTF-8, embeds left out. */
int ot_doc_text(const struct ot_doc *doc, struct ot_buf *out);
uint64_t ot_doc_length(const struct ot_doc *doc);
/* Bytes of text the document holds, and bytes of memory it takes. */
uint64_t ot_doc_text_bytes(const struct ot_doc *doc);
size_t ot_doc_memory(const struct ot_doc *doc);
/* Formatted runs and embeds the document holds (a formatted embed is two): what an operation that
 * formats all of it goes through, with as many runs between them. */
uint64_t ot_doc_formats(const struct ot_doc *doc);

/* What the snapshot takes at most after any operation of `op_size` bytes (0: as the document is),
 * but for 16 bytes; in constant time. A document takes far less memory than that where many runs of
 * text share a long format. */
uint64_t ot_doc_snapshot_most(const struct ot_doc *doc, size_t op_size);

/* Could `op` be applied? It must not reach past the end (OT_E_RANGE), cut a surrogate pair
 * (OT_E_SURROGATE), or make the document longer than OT_LENGTH_MAX (OT_E_LENGTH). */
int ot_doc_check(const struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
/* Applies `op`: OT_OK, or what ot_doc_check would say, or OT_E_MEMORY. On error the document is
 * what it was, and may be used on. Operations that only delete need no memory. */
int ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
/* As ot_invert, without a snapshot. */
int ot_doc_invert(const struct ot_doc *doc, struct ot_slice op, enum ot_order order,
                  struct ot_buf *out);

/* CRC-32 (IEEE 802.3, reflected, as zlib's crc32) of the snapshot's bytes: the hash that servers
 * and clients of quire.v1 compare. OT_OK or OT_E_MEMORY. */
int ot_doc_hash(const struct ot_doc *doc, uint32_t *hash_out);
/* The same of a snapshot that is at hand. */
uint32_t ot_hash(struct ot_slice snapshot);

/* Verifies every invariant of the structure; true when all hold. For tests. */
bool ot_doc_sound(const struct ot_doc *doc);

#ifdef __cplusplus
}
#endif

#endif
