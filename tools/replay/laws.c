#include "tools/replay/laws.h"

#include "tools/peer/bytes.h"
#include "tools/replay/parts.h"
#include "tools/replay/plain.h"

#include <string.h>

#define RESULTS_MAX 48
/* Positions looked at for each operation: around the edges of its first components. */
#define EDGES_MAX 16

static const struct ot_slice nothing = {(const uint8_t *)"", 1};
static const struct ot_slice mark = {(const uint8_t *)"\x81\xa4mark\xc3", 7};

/* What is made while a law is looked at. The first result that is no valid operation makes `holds`
 * false, and everything after it empty. */
struct work {
    bool holds;
    enum ot_order order;
    size_t count;
    struct ot_buf results[RESULTS_MAX];
};

static bool work_end(struct work *work)
{
    for (size_t i = 0; i < work->count; i++)
        ot_buf_deinit(&work->results[i]);
    work->count = 0;
    return work->holds;
}

static struct ot_buf *result_new(struct work *work)
{
    bytes_must(work->count < RESULTS_MAX ? OT_OK : OT_E_MEMORY);
    return &work->results[work->count++];
}

static bool is_canonical(struct ot_slice op)
{
    struct ot_component component;
    struct ot_iter iter;
    bool after_delete = false;

    for (ot_iter_init(&iter, op); ot_iter_next(&iter, &component);) {
        bool inserts = component.kind == OT_INSERT || component.kind == OT_EMBED;
        if (after_delete && inserts)
            return false;
        after_delete = component.kind == OT_DELETE;
    }
    return true;
}

/* A result must be a valid operation, in the order asked for. */
static struct ot_slice result_end(struct work *work, int code, const struct ot_buf *result)
{
    struct ot_slice op = ot_buf_slice(result);

    work->holds = work->holds && code == OT_OK && ot_op_check(op, NULL, NULL) == OT_OK &&
                  (work->order == OT_STABLE || is_canonical(op));
    return work->holds ? op : nothing;
}

static struct ot_slice compose(struct work *work, struct ot_slice a, struct ot_slice b)
{
    struct ot_buf *out = result_new(work);
    return result_end(work, ot_compose(a, b, work->order, out), out);
}

static struct ot_slice transform(struct work *work, struct ot_slice op, struct ot_slice over,
                                 enum ot_side side)
{
    struct ot_buf *out = result_new(work);
    return result_end(work, ot_transform(op, over, side, work->order, out), out);
}

static struct ot_slice invert(struct work *work, struct ot_slice op, struct ot_slice document)
{
    struct ot_buf *out = result_new(work);
    return result_end(work, ot_invert(op, document, work->order, out), out);
}

static void same(struct work *work, struct ot_slice a, struct ot_slice b)
{
    work->holds = work->holds && bytes_equal(a, b);
}

static struct ot_doc *load(struct work *work, struct ot_slice document)
{
    struct ot_doc *doc = NULL;

    if (ot_doc_load(document, &doc) != OT_OK)
        work->holds = false;
    return doc;
}

/* The document's snapshot, after everything that must be true of a document. */
static struct ot_slice snapshot(struct work *work, const struct ot_doc *doc)
{
    struct ot_buf *out = result_new(work);
    struct ot_op_info info = {0};
    uint32_t hash;

    struct ot_slice op = result_end(work, ot_doc_snapshot(doc, out), out);
    ot_op_check(op, &info, NULL);
    work->holds = work->holds && ot_doc_sound(doc) && ot_doc_length(doc) == info.inserted_length &&
                  info.only_inserts && ot_doc_hash(doc, &hash) == OT_OK && hash == ot_hash(op);
    return op;
}

/* What the document is after `op`, which must fit it. */
static struct ot_slice apply(struct work *work, struct ot_slice document, struct ot_slice op)
{
    struct ot_doc *doc = load(work, document);
    struct ot_slice after = nothing;

    if (doc != NULL) {
        work->holds = work->holds && ot_doc_apply(doc, op, NULL) == OT_OK;
        after = snapshot(work, doc);
    }
    ot_doc_free(doc);
    return after;
}

/* ---- one operation ---- */

static struct ot_slice rebuild(struct work *work, struct ot_slice op)
{
    struct ot_builder *builder = parts_builder(work->order);
    struct ot_buf *out = result_new(work);
    struct ot_component component;
    struct ot_iter iter;

    for (ot_iter_init(&iter, op); ot_iter_next(&iter, &component);)
        parts_put(builder, &component);
    struct ot_slice built = result_end(work, ot_builder_finish(builder, out), out);
    ot_builder_free(builder);
    return built;
}

static void form_of(struct work *work, struct ot_slice op)
{
    work->order = OT_STABLE;
    same(work, rebuild(work, op), op);
    same(work, compose(work, op, nothing), op);
    same(work, compose(work, nothing, op), op);
    same(work, transform(work, op, nothing, OT_RIGHT), op);
    work->order = OT_CANONICAL;
    struct ot_slice canonical = rebuild(work, op);
    same(work, compose(work, op, nothing), canonical);
    same(work, compose(work, nothing, op), canonical);
    same(work, transform(work, op, nothing, OT_LEFT), canonical);
}

static bool form_holds(const struct law_case *c)
{
    struct work work = {.holds = true};

    form_of(&work, c->first);
    form_of(&work, c->second);
    form_of(&work, c->other);
    return work_end(&work);
}

static void applied(struct work *work, struct ot_slice document, struct ot_slice op)
{
    for (int order = OT_CANONICAL; order <= OT_STABLE; order++) {
        work->order = (enum ot_order)order;
        same(work, apply(work, document, op), compose(work, document, op));
    }
}

static bool apply_holds(const struct law_case *c)
{
    struct work work = {.holds = true};

    applied(&work, c->document, c->first);
    applied(&work, c->document, c->other);
    applied(&work, apply(&work, c->document, c->first), c->second);
    return work_end(&work);
}

static bool is_plain(struct ot_slice document, struct ot_slice op, struct ot_slice after)
{
    struct plain before_units, after_units;

    plain_init(&before_units, document);
    plain_init(&after_units, after);
    bool follows = plain_follows(&before_units, op, &after_units);
    plain_deinit(&before_units);
    plain_deinit(&after_units);
    return follows;
}

static bool plain_holds(const struct law_case *c)
{
    struct work work = {.holds = true, .order = OT_STABLE};
    struct ot_slice first = apply(&work, c->document, c->first);
    struct ot_slice second = apply(&work, first, c->second);

    bool follows =
        work.holds && is_plain(c->document, c->first, first) && is_plain(first, c->second, second);
    return work_end(&work) && follows;
}

/* ---- operations in turn ---- */

static bool compose_holds(const struct law_case *c)
{
    struct work work = {.holds = true};

    for (int order = OT_CANONICAL; order <= OT_STABLE; order++) {
        work.order = (enum ot_order)order;
        struct ot_slice in_turn = apply(&work, apply(&work, c->document, c->first), c->second);
        struct ot_slice both = compose(&work, c->first, c->second);
        same(&work, apply(&work, c->document, both), in_turn);
        same(&work, compose(&work, c->document, both), in_turn);
    }
    return work_end(&work);
}

/* Three and four in turn, however they are put together: `other`, back, `first`, `second`. */
static bool associative_holds(const struct law_case *c)
{
    struct work work = {.holds = true};

    for (int order = OT_CANONICAL; order <= OT_STABLE; order++) {
        work.order = (enum ot_order)order;
        struct ot_slice after = compose(&work, c->document, c->other);
        struct ot_slice back = invert(&work, c->other, c->document);
        same(&work, compose(&work, after, back), c->document);
        struct ot_slice ops[] = {c->other, back, c->first, c->second};
        struct ot_slice left = compose(&work, ops[0], ops[1]);
        struct ot_slice right = compose(&work, ops[2], ops[3]);
        struct ot_slice whole = compose(&work, compose(&work, left, ops[2]), ops[3]);
        same(&work, compose(&work, left, right), whole);
        same(&work, compose(&work, ops[0], compose(&work, ops[1], right)), whole);
        struct ot_buf *all = result_new(&work);
        int code = ot_compose_all(ops, 4, work.order, all);
        same(&work, result_end(&work, code, all), whole);
    }
    return work_end(&work);
}

static void inverted(struct work *work, struct ot_slice document, struct ot_slice op)
{
    struct ot_slice after = apply(work, document, op), inverse = invert(work, op, document);
    struct ot_doc *doc = load(work, document);
    struct ot_buf *own = result_new(work);

    if (doc != NULL) {
        int code = ot_doc_invert(doc, op, work->order, own);
        same(work, result_end(work, code, own), inverse);
    }
    same(work, apply(work, after, inverse), document);
    same(work, apply(work, document, invert(work, inverse, after)), after);
    ot_doc_free(doc);
}

static bool invert_holds(const struct law_case *c)
{
    struct work work = {.holds = true};

    for (int order = OT_CANONICAL; order <= OT_STABLE; order++) {
        work.order = (enum ot_order)order;
        inverted(&work, c->document, c->first);
        inverted(&work, c->document, c->other);
        inverted(&work, apply(&work, c->document, c->first), c->second);
    }
    return work_end(&work);
}

/* ---- concurrent operations ---- */

/* Both ways round the square, as one operation each. In stable order they may be two forms of one
 * operation, which canonical order tells. */
static void square(struct work *work, struct ot_slice a, struct ot_slice b)
{
    struct ot_slice a_then_b = compose(work, a, transform(work, b, a, OT_RIGHT));
    struct ot_slice b_then_a = compose(work, b, transform(work, a, b, OT_LEFT));

    work->order = OT_CANONICAL;
    same(work, compose(work, a_then_b, nothing), compose(work, b_then_a, nothing));
}

static bool converge_holds(const struct law_case *c)
{
    struct work work = {.holds = true};

    for (int order = OT_CANONICAL; order <= OT_STABLE; order++) {
        work.order = (enum ot_order)order;
        square(&work, c->first, c->other);
        work.order = (enum ot_order)order;
        square(&work, c->other, c->first);
    }
    return work_end(&work);
}

/* The same on documents, one operation after the other: what is transformed fits, too. */
static void meet(struct work *work, struct ot_slice document, struct ot_slice a, struct ot_slice b)
{
    struct ot_slice b_after = transform(work, b, a, OT_RIGHT);
    struct ot_slice a_after = transform(work, a, b, OT_LEFT);

    same(work, apply(work, apply(work, document, a), b_after),
         apply(work, apply(work, document, b), a_after));
}

static bool meet_holds(const struct law_case *c)
{
    struct work work = {.holds = true};

    for (int order = OT_CANONICAL; order <= OT_STABLE; order++) {
        work.order = (enum ot_order)order;
        meet(&work, c->document, c->first, c->other);
        meet(&work, c->document, c->other, c->first);
    }
    return work_end(&work);
}

/* In stable order a history may be cut anywhere. */
static bool fold_holds(const struct law_case *c)
{
    struct work work = {.holds = true, .order = OT_STABLE};
    struct ot_slice whole = compose(&work, c->first, c->second);
    struct ot_slice step = transform(&work, c->other, c->first, OT_RIGHT);

    same(&work, transform(&work, c->other, whole, OT_RIGHT),
         transform(&work, step, c->second, OT_RIGHT));
    return work_end(&work);
}

/* ---- positions ---- */

/* A unit of the document is marked; where `op` leaves it, positions at its sides are found there.
 */
static bool mark_is_followed(struct ot_slice op, uint64_t pos)
{
    struct work work = {.holds = true, .order = OT_STABLE};
    struct ot_builder *builder = parts_builder(OT_STABLE);
    struct ot_buf *out = result_new(&work);
    struct ot_component component = {0};
    struct ot_iter iter;
    uint64_t to = 0;

    ot_builder_retain(builder, pos, (struct ot_slice){0});
    ot_builder_retain(builder, 1, mark);
    struct ot_slice marking = result_end(&work, ot_builder_finish(builder, out), out);
    ot_builder_free(builder);
    struct ot_slice marked = transform(&work, marking, op, OT_LEFT);
    for (ot_iter_init(&iter, marked);
         ot_iter_next(&iter, &component) && component.attributes.size == 0;)
        to += component.length;
    bool is_kept = component.attributes.size > 0;
    bool is_right = !is_kept || (ot_transform_position(op, pos, OT_RIGHT) == to &&
                                 ot_transform_position(op, pos + 1, OT_LEFT) == to + 1);
    return work_end(&work) && is_right;
}

static bool marks_are_followed(struct ot_slice op)
{
    struct ot_component component;
    struct ot_iter iter;
    uint64_t pos = 0;
    unsigned edges = 0;
    bool holds = mark_is_followed(op, 0);

    for (ot_iter_init(&iter, op); holds && edges < EDGES_MAX && ot_iter_next(&iter, &component);) {
        bool passes = component.kind == OT_RETAIN || component.kind == OT_DELETE;
        pos += passes ? component.length : 0;
        edges++;
        if (pos + 2 > OT_LENGTH_MAX)
            break;
        holds = (pos == 0 || mark_is_followed(op, pos - 1)) && mark_is_followed(op, pos) &&
                mark_is_followed(op, pos + 1);
    }
    return holds;
}

static bool position_holds(const struct law_case *c)
{
    return marks_are_followed(c->first) && marks_are_followed(c->second) &&
           marks_are_followed(c->other);
}

/* ---- what fits ---- */

/* Any operation at all: accepted exactly if it fits, and a refusal changes nothing. */
static void judge(struct work *work, struct ot_slice document, struct ot_slice op)
{
    struct ot_doc *doc = load(work, document);
    struct plain units;

    if (doc == NULL)
        return;
    plain_init(&units, document);
    bool fits = plain_fits(&units, op);
    plain_deinit(&units);
    int checked = ot_doc_check(doc, op, NULL);
    int code = ot_doc_apply(doc, op, NULL);
    work->holds = work->holds && checked == code && (code == OT_OK) == fits;
    struct ot_slice after = snapshot(work, doc);
    if (!fits)
        same(work, after, document);
    ot_doc_free(doc);
}

static bool fits_holds(const struct law_case *c)
{
    struct work work = {.holds = true, .order = OT_STABLE};
    struct ot_slice after = apply(&work, c->document, c->first);

    judge(&work, c->document, c->first);
    judge(&work, c->document, c->second);
    judge(&work, after, c->first);
    judge(&work, after, c->other);
    return work_end(&work);
}

const struct law laws[LAW_COUNT] = {
    {"form", "an operation has one form: reading and writing it anew gives the same bytes", false,
     form_holds},
    {"converge", "two concurrent operations come to one, whichever is taken first", false,
     converge_holds},
    {"fold", "transforming over a composed history is transforming over its parts", false,
     fold_holds},
    {"position", "positions keep to the characters beside them", false, position_holds},
    {"apply", "applying to a document is composing with it", true, apply_holds},
    {"plain", "the document is what the operation says, unit by unit", true, plain_holds},
    {"compose", "applying two in turn is applying their composition", true, compose_holds},
    {"associative", "composing does not depend on what is composed first", true, associative_holds},
    {"invert", "an operation's inverse restores the document", true, invert_holds},
    {"meet", "two concurrent operations lead to one document", true, meet_holds},
    {"fits", "a document accepts exactly the operations that fit it", true, fits_holds},
};

const struct law *law_find(const char *name)
{
    for (size_t i = 0; i < LAW_COUNT; i++)
        if (strcmp(laws[i].name, name) == 0)
            return &laws[i];
    return NULL;
}
