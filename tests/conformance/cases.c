/*
 * quire-ot-cases SEED COUNT: at least COUNT random questions of `quire ot`, each with the engine's
 * answer as its "result", for run.js to compare with quill-delta.
 */
#include "delta_json.h"

#include <quire/ot.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECES_MAX       40
#define PIECE_CHARACTERS 12
#define VALUE_DEPTH      3
#define KEY_COUNT        5

/* In ascending order of their bytes, as map keys must be. */
static const char *const keys[KEY_COUNT] = {"bold", "color", "z", "\303\251", "\360\237\230\200"};
static const char *const characters[] = {
    "a", "b", "\n", "\303\251", "\342\202\254", "\360\237\230\200"};
#define CHARACTER_COUNT (sizeof characters / sizeof characters[0])

struct random {
    uint64_t state;
};

/* splitmix64 */
static uint64_t random_next(struct random *random)
{
    uint64_t mixed = random->state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

static unsigned below(struct random *random, unsigned bound)
{
    return (unsigned)(random_next(random) % bound);
}

static bool one_in(struct random *random, unsigned n)
{
    return below(random, n) == 0;
}

static void must(int code)
{
    if (code == OT_OK)
        return;
    fprintf(stderr, "quire-ot-cases: %s\n", ot_error_text(code));
    exit(1);
}

static struct ot_slice slice_of(const char *text)
{
    return (struct ot_slice){(const uint8_t *)text, strlen(text)};
}

static void value_make(struct random *random, unsigned depth, bool may_be_nil, struct ot_buf *out);

/* At least one pair, so that it may also stand for attributes. */
static void map_make(struct random *random, unsigned depth, bool may_be_nil, struct ot_buf *out)
{
    unsigned chosen = 1 + below(random, (1u << KEY_COUNT) - 1);
    must(ot_value_map(out, (uint32_t)__builtin_popcount(chosen)));
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        if (chosen & 1u << i) {
            must(ot_value_string(out, slice_of(keys[i])));
            value_make(random, depth, may_be_nil, out);
        }
    }
}

static int scalar_make(struct random *random, struct ot_buf *out)
{
    int64_t integer = (int64_t)(random_next(random) >> (11 + below(random, 53)));
    switch (below(random, 5)) {
    case 0:
        return ot_value_int(out, one_in(random, 2) ? integer : -integer);
    case 1:
        return ot_value_double(out, (double)integer / 8 * 1e-3);
    case 2:
        return ot_value_string(out, slice_of(characters[below(random, CHARACTER_COUNT)]));
    default:
        return ot_value_bool(out, one_in(random, 2));
    }
}

static void array_make(struct random *random, unsigned depth, struct ot_buf *out)
{
    uint32_t count = below(random, 4);
    must(ot_value_array(out, count));
    while (count-- > 0)
        value_make(random, depth, true, out);
}

static void value_make(struct random *random, unsigned depth, bool may_be_nil, struct ot_buf *out)
{
    if (may_be_nil && one_in(random, 4))
        must(ot_value_nil(out));
    else if (depth == 0 || !one_in(random, 5))
        must(scalar_make(random, out));
    else if (one_in(random, 2))
        map_make(random, depth - 1, true, out);
    else
        array_make(random, depth - 1, out);
}

/* Empty more often than not. */
static void attributes_make(struct random *random, bool is_patch, struct ot_buf *out)
{
    ot_buf_clear(out);
    if (one_in(random, 3))
        map_make(random, VALUE_DEPTH - 1, is_patch, out);
}

static void embed_make(struct random *random, struct ot_buf *out)
{
    ot_buf_clear(out);
    must(ot_value_map(out, 1));
    must(ot_value_string(out, slice_of(one_in(random, 2) ? "image" : "mention")));
    value_make(random, VALUE_DEPTH, true, out);
}

static void insert_add(struct random *random, struct ot_builder *builder)
{
    struct ot_buf attributes = {0}, content = {0};
    attributes_make(random, false, &attributes);
    if (one_in(random, 4)) {
        embed_make(random, &content);
        ot_builder_embed(builder, ot_buf_slice(&content), ot_buf_slice(&attributes));
    } else {
        for (unsigned i = below(random, PIECE_CHARACTERS); i > 0; i--) {
            struct ot_slice character = slice_of(characters[below(random, CHARACTER_COUNT)]);
            must(ot_buf_append(&content, character.data, character.size));
        }
        ot_builder_insert(builder, ot_buf_slice(&content), ot_buf_slice(&attributes));
    }
    ot_buf_deinit(&attributes);
    ot_buf_deinit(&content);
}

static void document_make(struct random *random, struct ot_builder *builder, struct ot_buf *out)
{
    ot_buf_clear(out);
    for (unsigned i = below(random, one_in(random, 50) ? PIECES_MAX : 5); i > 0; i--)
        insert_add(random, builder);
    must(ot_builder_finish(builder, out));
}

/* Walks over the characters and embeds of a document, which no boundary may cut. */
struct walk {
    struct ot_iter iter;
    struct ot_slice text; /* what is left of the component */
    bool ended;
};

static void walk_next(struct walk *walk)
{
    struct ot_component component;
    walk->ended = !ot_iter_next(&walk->iter, &component);
    walk->text = (struct ot_slice){0};
    if (!walk->ended && component.kind == OT_INSERT)
        walk->text = component.content;
}

/* Passes one character or embed; its length. */
static unsigned walk_step(struct walk *walk)
{
    if (walk->text.size == 0) {
        walk_next(walk);
        return 1;
    }
    uint8_t first = *walk->text.data;
    size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    walk->text.data += bytes;
    walk->text.size -= bytes;
    if (walk->text.size == 0)
        walk_next(walk);
    return bytes == 4 ? 2 : 1;
}

static uint64_t walk_take(struct random *random, struct walk *walk)
{
    uint64_t length = 0;
    for (unsigned i = below(random, PIECE_CHARACTERS); i > 0 && !walk->ended; i--)
        length += walk_step(walk);
    return length;
}

static void operation_make(struct random *random, struct ot_builder *builder, struct ot_slice doc,
                           struct ot_buf *out)
{
    struct walk walk = {0};
    struct ot_buf attributes = {0};
    ot_iter_init(&walk.iter, doc);
    walk_next(&walk);
    ot_buf_clear(out);
    while (!one_in(random, walk.ended ? 2 : 9)) {
        unsigned action = below(random, 8);
        if (action < 2 || walk.ended) {
            insert_add(random, builder);
        } else if (action < 6) {
            attributes_make(random, true, &attributes);
            ot_builder_retain(builder, walk_take(random, &walk), ot_buf_slice(&attributes));
        } else {
            ot_builder_delete(builder, walk_take(random, &walk));
        }
    }
    must(ot_builder_finish(builder, out));
    ot_buf_deinit(&attributes);
}

static json_t *json_of(const struct ot_buf *op)
{
    json_t *json = delta_to_json(ot_buf_slice(op));
    must(json ? OT_OK : OT_E_MEMORY);
    return json;
}

/* Takes over `operand` and `result`. `priority`: negative for none. */
static void question_print(const char *name, const struct ot_buf *first, json_t *second,
                           int priority, json_t *result)
{
    json_t *question = json_pack("{s:[o,o], s:o}", name, json_of(first), second, "result", result);
    must(question ? OT_OK : OT_E_MEMORY);
    if (priority >= 0)
        json_object_set_new(question, "priority", json_boolean(priority));
    json_dumpf(question, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(question);
}

static void ask_transform(const struct ot_buf *a, const struct ot_buf *b, bool priority)
{
    struct ot_buf out = {0};
    must(ot_transform(ot_buf_slice(b), ot_buf_slice(a), priority ? OT_RIGHT : OT_LEFT, OT_CANONICAL,
                      &out));
    question_print("transform", a, json_of(b), priority, json_of(&out));
    ot_buf_deinit(&out);
}

static void ask_position(const struct ot_buf *op, uint64_t pos_u16, bool priority)
{
    uint64_t moved =
        ot_transform_position(ot_buf_slice(op), pos_u16, priority ? OT_LEFT : OT_RIGHT);
    question_print("position", op, json_integer((json_int_t)pos_u16), priority,
                   json_integer((json_int_t)moved));
}

static void ask_invert(const struct ot_buf *op, const struct ot_buf *doc)
{
    struct ot_buf out = {0};
    must(ot_invert(ot_buf_slice(op), ot_buf_slice(doc), OT_CANONICAL, &out));
    question_print("invert", op, json_of(doc), -1, json_of(&out));
    ot_buf_deinit(&out);
}

/* `out` is the composition, for further use. */
static void ask_compose(const struct ot_buf *a, const struct ot_buf *b, struct ot_buf *out)
{
    ot_buf_clear(out);
    must(ot_compose(ot_buf_slice(a), ot_buf_slice(b), OT_CANONICAL, out));
    question_print("compose", a, json_of(b), -1, json_of(out));
}

/* One document, two operations on it, a third on the outcome of the first. Returns the number of
 * questions. */
static unsigned questions_make(struct random *random, struct ot_builder *builder)
{
    struct ot_buf doc = {0}, a = {0}, b = {0}, c = {0}, after = {0}, both = {0};
    document_make(random, builder, &doc);
    operation_make(random, builder, ot_buf_slice(&doc), &a);
    operation_make(random, builder, ot_buf_slice(&doc), &b);
    ask_compose(&doc, &a, &after);
    operation_make(random, builder, ot_buf_slice(&after), &c);
    ask_compose(&a, &c, &both);
    ask_transform(&a, &b, true);
    ask_transform(&a, &b, false);
    ask_transform(&b, &a, true);
    ask_invert(&a, &doc);
    ask_invert(&both, &doc);
    ask_position(&a, below(random, PIECE_CHARACTERS), true);
    ask_position(&a, below(random, PIECE_CHARACTERS), false);
    ot_buf_deinit(&doc);
    ot_buf_deinit(&a);
    ot_buf_deinit(&b);
    ot_buf_deinit(&c);
    ot_buf_deinit(&after);
    ot_buf_deinit(&both);
    return 9;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: quire-ot-cases SEED COUNT\n", stderr);
        return 2;
    }
    struct random random = {strtoull(argv[1], NULL, 10)};
    unsigned long count = strtoul(argv[2], NULL, 10);
    struct ot_builder *builder = ot_builder_new(OT_CANONICAL);
    must(builder ? OT_OK : OT_E_MEMORY);
    for (unsigned long done = 0; done < count;)
        done += questions_make(&random, builder);
    ot_builder_free(builder);
    return fflush(stdout) != 0 || ferror(stdout);
}
