#include "tokens.h"

#include "tools/peer/bytes.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS     4 /* the sort of two code units */
#define EMBED     5
#define NO_TOKEN  TOKEN_SORTS /* the newline that a rich document begins with */
#define BIG_BYTES 180000
#define BIG_MAX   7 /* in a document: somebody offline may have them all in one edit */
#define PIECES    4

/* The first code point of each sort and how many there are. */
static const struct {
    uint32_t first, count;
} sorts[EMBED] = {
    {0x21, 0x5e}, {0xa1, 0x75f}, {0x800, 0xd000}, {0xe000, 0x1ffd}, {0x10000, 0x100000},
};

/* A token of the document shown. */
struct unit {
    unsigned sort;
    uint32_t index;
    uint32_t length;
};

struct units {
    struct unit *items;
    size_t count, capacity;
};

void tokens_init(struct tokens *tokens, struct plan *plan, bool rich)
{
    *tokens = (struct tokens){.plan = plan, .rich = rich};
}

void tokens_deinit(struct tokens *tokens)
{
    for (unsigned sort = 0; sort < TOKEN_SORTS; sort++) {
        free(tokens->sorts[sort].items);
    }
}

/* ---- reading a document ---- */

static uint32_t next_point(const uint8_t **at)
{
    const uint8_t *c = *at;
    unsigned size = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    uint32_t point = size == 1 ? c[0] : c[0] & (0x7fu >> size);
    for (unsigned i = 1; i < size; i++) {
        point = point << 6 | (c[i] & 0x3fu);
    }
    *at += size;
    return point;
}

static void add_unit(struct units *units, struct unit unit)
{
    units->items =
        bytes_grow(units->items, &units->capacity, units->count + 1, sizeof *units->items);
    units->items[units->count++] = unit;
}

static void add_text(struct units *units, struct ot_slice text)
{
    const uint8_t *at = text.data;
    while (at < text.data + text.size) {
        uint32_t point = next_point(&at);
        unsigned sort = EMBED - 1;
        while (sort > 0 && point < sorts[sort].first) {
            sort--;
        }
        if (point == '\n') {
            add_unit(units, (struct unit){NO_TOKEN, 0, 1});
        } else {
            add_unit(units, (struct unit){sort, point - sorts[sort].first, point > 0xffff ? 2 : 1});
        }
    }
}

/* {"t": number} or {"t": [number, text]} */
static void add_embed(struct units *units, struct ot_slice value)
{
    ot_value_next(&value);
    ot_value_next(&value);
    struct ot_value number = ot_value_next(&value);
    if (number.kind == OT_VALUE_ARRAY) {
        number = ot_value_next(&value);
    }
    add_unit(units, (struct unit){EMBED, (uint32_t)number.integer, 1});
}

static void add_inserts(struct units *units, struct ot_slice op)
{
    struct ot_iter iter;
    struct ot_component component;
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        if (component.kind == OT_EMBED) {
            add_embed(units, component.content);
        } else if (component.kind == OT_INSERT) {
            add_text(units, component.content);
        }
    }
}

static struct units units_of(const struct ot_doc *doc)
{
    struct units units = {0};
    struct ot_buf snapshot = {0};
    bytes_must(ot_doc_snapshot(doc, &snapshot));
    add_inserts(&units, ot_buf_slice(&snapshot));
    ot_buf_deinit(&snapshot);
    return units;
}

static struct token *token_of(struct tokens *tokens, const struct unit *unit)
{
    if (unit->sort == NO_TOKEN) {
        return &tokens->newline;
    }
    plan_check(tokens->plan, unit->index < tokens->sorts[unit->sort].count,
               "a document holds what nobody has typed");
    return &tokens->sorts[unit->sort].items[unit->index];
}

/* ---- making edits ---- */

struct edit {
    struct tokens *tokens;
    const struct manner *manner;
    struct rng *rng;
    uint32_t person;
    struct units units;
    size_t at; /* in units */
    struct ot_builder *builder;
};

static uint32_t new_token(struct edit *edit, unsigned sort)
{
    struct tokens *tokens = edit->tokens;
    tokens->sorts[sort].items = bytes_grow(tokens->sorts[sort].items, &tokens->sorts[sort].capacity,
                                           tokens->sorts[sort].count + 1, sizeof(struct token));
    tokens->sorts[sort].items[tokens->sorts[sort].count] = (struct token){.author = edit->person};
    return (uint32_t)tokens->sorts[sort].count++;
}

static void append_point(struct ot_buf *text, uint32_t point)
{
    uint8_t bytes[4];
    unsigned more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    for (unsigned i = more; i > 0; i--) {
        bytes[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    bytes[0] = (uint8_t)(leads[more] | point);
    bytes_put(text, bytes, more + 1);
}

/* A new one of that sort, or, where there is none left, of one after it. */
static void append_token(struct edit *edit, unsigned sort, struct ot_buf *text)
{
    while (edit->tokens->sorts[sort].count == sorts[sort].count) {
        sort++;
    }
    append_point(text, sorts[sort].first + new_token(edit, sort));
}

static void append_text(struct edit *edit, uint32_t count, struct ot_buf *text)
{
    for (; count > 0; count--) {
        static const unsigned wanted[] = {0, 0, 0, 1, 2, 2, 3, 4, 4, 4};
        append_token(edit, wanted[rng_below(edit->rng, sizeof wanted / sizeof *wanted)], text);
    }
}

/* On inserts nothing is nil. */
static void append_attributes(struct edit *edit, bool patch, struct ot_buf *out)
{
    static const char *const keys[] = {"b", "c", "i"};
    unsigned chosen = 1 + rng_below(edit->rng, 7);
    bytes_must(ot_value_map(out, (uint32_t)__builtin_popcount(chosen)));
    for (unsigned i = 0; i < 3; i++) {
        if ((chosen >> i & 1) == 0) {
            continue;
        }
        bytes_must(ot_value_string(out, bytes_of(keys[i])));
        if (patch && rng_percent(edit->rng, 30)) {
            bytes_must(ot_value_nil(out));
        } else if (i == 0) {
            bytes_must(ot_value_bool(out, true));
        } else {
            bytes_must(ot_value_int(out, rng_below(edit->rng, 3)));
        }
    }
}

static void append_embed(struct edit *edit, struct ot_buf *out)
{
    bool big = rng_percent(edit->rng, edit->manner->big) && edit->tokens->big_count++ < BIG_MAX;
    bytes_must(ot_value_map(out, 1));
    bytes_must(ot_value_string(out, bytes_of("t")));
    if (big) {
        bytes_must(ot_value_array(out, 2));
    }
    bytes_must(ot_value_int(out, new_token(edit, EMBED)));
    if (big) {
        char *text = bytes_alloc(1, BIG_BYTES);
        memset(text, 'x', BIG_BYTES);
        bytes_must(ot_value_string(out, (struct ot_slice){(uint8_t *)text, BIG_BYTES}));
        free(text);
    }
}

static void insert(struct edit *edit)
{
    const struct manner *manner = edit->manner;
    struct ot_buf content = {0}, attributes = {0};
    if (edit->tokens->rich && rng_percent(edit->rng, 30)) {
        append_attributes(edit, false, &attributes);
    }
    if (edit->tokens->rich && rng_percent(edit->rng, 15 + manner->big)) {
        append_embed(edit, &content);
        ot_builder_embed(edit->builder, ot_buf_slice(&content), ot_buf_slice(&attributes));
    } else {
        bool paste = rng_percent(edit->rng, manner->paste);
        append_text(edit, paste ? 5 + rng_below(edit->rng, 40) : 1 + rng_below(edit->rng, 2),
                    &content);
        ot_builder_insert(edit->builder, ot_buf_slice(&content), ot_buf_slice(&attributes));
    }
    ot_buf_deinit(&content);
    ot_buf_deinit(&attributes);
}

/* Moves past up to `most` tokens and returns their length in code units. */
static uint32_t pass(struct edit *edit, uint32_t most)
{
    uint32_t length = 0;
    for (; most > 0 && edit->at < edit->units.count; most--) {
        length += edit->units.items[edit->at++].length;
    }
    return length;
}

static void remove_some(struct edit *edit)
{
    size_t start = edit->at;
    bool all = rng_percent(edit->rng, 2);
    uint32_t length = pass(edit, all ? UINT32_MAX : 1 + rng_below(edit->rng, 6));
    for (size_t i = start; i < edit->at; i++) {
        token_of(edit->tokens, &edit->units.items[i])->deleted_by |= UINT32_C(1) << edit->person;
    }
    ot_builder_delete(edit->builder, length);
}

static void format(struct edit *edit)
{
    struct ot_buf attributes = {0};
    append_attributes(edit, true, &attributes);
    ot_builder_retain(edit->builder, pass(edit, 1 + rng_below(edit->rng, 10)),
                      ot_buf_slice(&attributes));
    ot_buf_deinit(&attributes);
}

static void replace(struct edit *edit)
{
    bool insert_first = rng_percent(edit->rng, 50);
    if (insert_first) {
        insert(edit);
    }
    remove_some(edit);
    if (!insert_first) {
        insert(edit);
    }
}

static void act(struct edit *edit)
{
    const struct manner *manner = edit->manner;
    unsigned formats = edit->tokens->rich ? manner->format : 0;
    unsigned deletes = manner->delete *(edit->units.count > manner->length ? 4 : 1);
    if (edit->at == edit->units.count) {
        insert(edit);
        return;
    }
    unsigned choice = rng_below(edit->rng, manner->insert + deletes + manner->replace + formats);
    if (choice < manner->insert) {
        insert(edit);
    } else if (choice < manner->insert + deletes) {
        remove_some(edit);
    } else if (choice < manner->insert + deletes + manner->replace) {
        replace(edit);
    } else {
        format(edit);
    }
}

static uint32_t first_place(struct edit *edit)
{
    uint32_t count = (uint32_t)edit->units.count;
    if (rng_percent(edit->rng, edit->manner->hot)) {
        uint32_t middle = count / 2;
        return middle - (middle < 3 ? middle : rng_below(edit->rng, 4));
    }
    return rng_below(edit->rng, count + 1);
}

void tokens_edit(struct tokens *tokens, const struct manner *manner, unsigned person,
                 const struct ot_doc *shown, struct ot_buf *out)
{
    struct edit edit = {.tokens = tokens,
                        .manner = manner,
                        .rng = &tokens->plan->rng,
                        .person = person,
                        .units = units_of(shown),
                        .builder = ot_builder_new(OT_STABLE)};
    bytes_must(edit.builder == NULL ? OT_E_MEMORY : OT_OK);
    unsigned pieces = rng_percent(edit.rng, 20) ? 1 + rng_below(edit.rng, PIECES) : 1;
    ot_builder_retain(edit.builder, pass(&edit, first_place(&edit)), (struct ot_slice){0});
    for (; pieces > 0; pieces--) {
        act(&edit);
        uint32_t left = (uint32_t)(edit.units.count - edit.at);
        ot_builder_retain(edit.builder, pass(&edit, rng_below(edit.rng, left + 1)),
                          (struct ot_slice){0});
    }
    bytes_must(ot_builder_finish(edit.builder, out));
    ot_builder_free(edit.builder);
    free(edit.units.items);
}

/* ---- doing again ---- */

/* Moves past a length in code units, which ends between tokens. */
static void pass_length(struct edit *edit, uint64_t length, bool deletes)
{
    while (length > 0) {
        plan_check(edit->tokens->plan,
                   edit->at < edit->units.count && edit->units.items[edit->at].length <= length,
                   "an inverse does not fit what is shown");
        const struct unit *unit = &edit->units.items[edit->at++];
        length -= unit->length;
        if (deletes) {
            token_of(edit->tokens, unit)->deleted_by |= UINT32_C(1) << edit->person;
        }
    }
}

static void insert_anew(struct edit *edit, const struct ot_component *component)
{
    struct units units = {0};
    struct ot_buf text = {0};
    add_text(&units, component->content);
    for (size_t i = 0; i < units.count; i++) { /* as long as the old ones */
        append_token(edit, units.items[i].length == 2 ? PAIRS : rng_below(edit->rng, PAIRS), &text);
    }
    ot_builder_insert(edit->builder, ot_buf_slice(&text), component->attributes);
    ot_buf_deinit(&text);
    free(units.items);
}

void tokens_redo(struct tokens *tokens, unsigned person, const struct ot_doc *shown,
                 struct ot_slice op, struct ot_buf *out)
{
    struct edit edit = {.tokens = tokens,
                        .manner = &(struct manner){0},
                        .rng = &tokens->plan->rng,
                        .person = person,
                        .units = units_of(shown),
                        .builder = ot_builder_new(OT_STABLE)};
    struct ot_iter iter;
    struct ot_component component;
    bytes_must(edit.builder == NULL ? OT_E_MEMORY : OT_OK);
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        if (component.kind == OT_INSERT) {
            insert_anew(&edit, &component);
        } else if (component.kind == OT_EMBED) {
            struct ot_buf embed = {0};
            append_embed(&edit, &embed);
            ot_builder_embed(edit.builder, ot_buf_slice(&embed), component.attributes);
            ot_buf_deinit(&embed);
        } else {
            pass_length(&edit, component.length, component.kind == OT_DELETE);
            if (component.kind == OT_DELETE) {
                ot_builder_delete(edit.builder, component.length);
            } else {
                ot_builder_retain(edit.builder, component.length, component.attributes);
            }
        }
    }
    bytes_must(ot_builder_finish(edit.builder, out));
    ot_builder_free(edit.builder);
    free(edit.units.items);
}

/* ---- looking at the end ---- */

/* Gives each token of `units` these flags besides. */
static void flag(struct tokens *tokens, struct units units, unsigned flags)
{
    for (size_t i = 0; i < units.count; i++) {
        token_of(tokens, &units.items[i])->flags |= flags;
    }
    free(units.items);
}

static struct units units_of_log(const struct ledger *log)
{
    struct units units = {0};
    add_inserts(&units, log->begin);
    for (size_t i = 0; i < log->edit_count; i++) {
        add_inserts(&units, log->edits[i].op);
    }
    return units;
}

enum { IN_SNAPSHOT = 1, SHOWN = 2, IN_LOG = 4 };

/* What this token is to `person` from now on. */
static void judge(struct tokens *tokens, struct token *token, unsigned person,
                  const struct tokens_view *view)
{
    uint32_t bit = UINT32_C(1) << person;
    bool own = token->author == person;
    if ((token->flags & SHOWN) != 0) {
        bool known = (token->flags & IN_SNAPSHOT) != 0;
        plan_check(tokens->plan, known || own, "somebody offers what somebody else has typed");
        token->deleted_by &= known ? ~bit : 0;
    } else if ((token->flags & IN_SNAPSHOT) != 0) {
        token->deleted_by |= bit;
    } else if (own && view->lost && token->deleted_by == 0) {
        token->deleted_by |= bit;
    } else if (!own && view->log != NULL && (token->flags & IN_LOG) == 0) {
        token->deleted_by &= ~bit; /* who typed it may offer it again */
    }
    token->flags = 0;
}

void tokens_begin_anew(struct tokens *tokens, unsigned person, const struct tokens_view *view)
{
    struct units snapshot = {0};
    add_inserts(&snapshot, view->snapshot);
    flag(tokens, snapshot, IN_SNAPSHOT);
    flag(tokens, units_of(view->shown), SHOWN);
    if (view->log != NULL) {
        flag(tokens, units_of_log(view->log), IN_LOG);
    }
    judge(tokens, &tokens->newline, person, view);
    for (unsigned sort = 0; sort < TOKEN_SORTS; sort++) {
        for (size_t i = 0; i < tokens->sorts[sort].count; i++) {
            judge(tokens, &tokens->sorts[sort].items[i], person, view);
        }
    }
}

void tokens_check(struct tokens *tokens, const struct ot_doc *doc)
{
    struct units units = units_of(doc);
    for (size_t i = 0; i < units.count; i++) {
        token_of(tokens, &units.items[i])->seen++;
    }
    free(units.items);
    for (unsigned sort = 0; sort < TOKEN_SORTS; sort++) {
        for (size_t i = 0; i < tokens->sorts[sort].count; i++) {
            const struct token *token = &tokens->sorts[sort].items[i];
            unsigned expected = token->deleted_by == 0;
            if (token->seen != expected) {
                plan_fail(tokens->plan, "%s U+%04X is there %u times, deleted by %x",
                          sort == EMBED ? "embed" : "character",
                          (unsigned)(i + (sort == EMBED ? 0 : sorts[sort].first)), token->seen,
                          token->deleted_by);
            }
        }
    }
}
