/* Every allocation is made to fail once: each call then says so, leaves its output as it was, and
 * leaks nothing. The linker sends the library's allocations through here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "lib/ot_words.h"

/* Which allocation from now on fails: 1 is the next one, 0 none. */
static unsigned failing;

static bool fails_now(void)
{
    return failing > 0 && --failing == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

/* What the calls work on: attributes too long for any room on the stack, and enough text for many
 * leaves. */
struct inputs {
    struct words words;
    struct ot_slice document;
    struct ot_slice a;
    struct ot_slice b; /* concurrent with a */
    struct ot_slice all[40];
    struct ot_slice typed[40];
    struct ot_slice plain;      /* a document of ASCII text */
    struct ot_slice patches[2]; /* that format everything, with long attributes */
    struct ot_slice rich[8];    /* one after the other on `document`, of many small changes */
};

enum { LONG = 300 };

static struct ot_slice long_attributes(struct inputs *inputs, const char *key, char value)
{
    char text[LONG];
    struct ot_buf *out = words_buf(&inputs->words);
    struct ot_slice name = {(const uint8_t *)key, strlen(key)};
    memset(text, value, sizeof text);
    assert_int_equal(ot_value_map(out, 1), OT_OK);
    assert_int_equal(ot_value_string(out, name), OT_OK);
    assert_int_equal(ot_value_string(out, (struct ot_slice){(const uint8_t *)text, LONG}), OT_OK);
    return ot_buf_slice(out);
}

static void make_document(struct inputs *inputs, struct ot_builder *builder)
{
    struct ot_buf *out = words_buf(&inputs->words);
    struct rng rng = {1};
    struct ot_slice attributes[] = {{0}, long_attributes(inputs, "a", 'x')};
    for (unsigned i = 0; i < 60; i++) {
        struct ot_buf text = {0};
        random_text(&rng, i % 3 == 0, 200, &text);
        ot_builder_insert(builder, ot_buf_slice(&text), attributes[i % 2]);
        ot_buf_deinit(&text);
    }
    for (unsigned i = 0; i < 40; i++) {
        ot_builder_embed(builder, long_attributes(inputs, "image", (char)('A' + i)),
                         attributes[i % 2]);
    }
    assert_int_equal(ot_builder_finish(builder, out), OT_OK);
    inputs->document = ot_buf_slice(out);
}

static struct ot_slice built(struct inputs *inputs, struct ot_builder *builder)
{
    struct ot_buf *out = words_buf(&inputs->words);
    assert_int_equal(ot_builder_finish(builder, out), OT_OK);
    return ot_buf_slice(out);
}

/* What takes memory in other places: typing, long patches, runs without number. */
static void make_changes(struct inputs *inputs)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct rng rng = {3};
    struct ot_shape shape = {OT_STABLE, true, true, 300, 12};
    struct ot_buf documents[2] = {{0}};
    assert_non_null(builder);
    for (size_t i = 0; i < sizeof inputs->typed / sizeof *inputs->typed; i++) {
        struct ot_buf text = {0};
        random_text(&rng, false, 50, &text);
        ot_builder_retain(builder, i == 20 ? 7 : 50 * (i % 20), (struct ot_slice){0});
        ot_builder_insert(builder, ot_buf_slice(&text), (struct ot_slice){0});
        inputs->typed[i] = built(inputs, builder);
        ot_buf_deinit(&text);
    }
    for (unsigned i = 0; i < 100; i++) {
        ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)"plain", 5},
                          (struct ot_slice){0});
    }
    inputs->plain = built(inputs, builder);
    for (size_t i = 0; i < 2; i++) {
        ot_builder_retain(builder, 1000, long_attributes(inputs, i == 0 ? "a" : "b", 'z'));
        inputs->patches[i] = built(inputs, builder);
    }
    assert_int_equal(ot_buf_append(&documents[0], inputs->document.data, inputs->document.size),
                     OT_OK);
    for (size_t i = 0; i < sizeof inputs->rich / sizeof *inputs->rich; i++) {
        struct ot_buf *op = words_buf(&inputs->words);
        random_op(&rng, &shape, ot_buf_slice(&documents[i % 2]), op);
        inputs->rich[i] = ot_buf_slice(op);
        documents[!(i % 2)].size = 0;
        assert_int_equal(ot_compose(ot_buf_slice(&documents[i % 2]), inputs->rich[i], OT_STABLE,
                                    &documents[!(i % 2)]),
                         OT_OK);
    }
    ot_buf_deinit(&documents[0]);
    ot_buf_deinit(&documents[1]);
    ot_builder_free(builder);
}

static void setup(struct inputs *inputs)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    *inputs = (struct inputs){0};
    assert_non_null(builder);
    make_document(inputs, builder);
    ot_builder_free(builder);
    struct rng rng = {2};
    struct ot_shape shape = {OT_STABLE, true, true, 60, 300};
    struct ot_buf *a = words_buf(&inputs->words);
    struct ot_buf *b = words_buf(&inputs->words);
    random_op(&rng, &shape, inputs->document, a);
    random_op(&rng, &shape, inputs->document, b);
    inputs->a = ot_buf_slice(a);
    inputs->b = ot_buf_slice(b);
    make_changes(inputs);
    for (size_t i = 0; i < sizeof inputs->all / sizeof *inputs->all; i++) {
        inputs->all[i] = i % 2 == 0 ? words_op(&inputs->words, "3 'abc'{b:1} 4{c:nil} -1")
                                    : words_op(&inputs->words, "1 -2 'x' 8{c:1}");
    }
}

/* One call: its result goes to `out`. */
typedef int (*call_fn)(struct inputs *inputs, struct ot_buf *out);

/* Makes allocation 1, 2, 3, ... of the call fail until it succeeds; how many there were. */
static unsigned fail_each(call_fn call, struct inputs *inputs)
{
    struct ot_buf expected = {0};
    unsigned count = 0;
    assert_int_equal(call(inputs, &expected), OT_OK);
    for (bool is_done = false; !is_done; count++) {
        struct ot_buf out = {0};
        assert_int_equal(ot_buf_append(&out, "kept", 4), OT_OK);
        failing = count + 1;
        int error = call(inputs, &out);
        is_done = failing > 0;
        failing = 0;
        if (error == OT_OK) {
            /* Or it did without. */
            assert_int_equal(out.size, expected.size + 4);
            assert_memory_equal(out.data + 4, expected.data, expected.size);
        } else {
            assert_false(is_done);
            assert_int_equal(error, OT_E_MEMORY);
            assert_int_equal(out.size, 4);
        }
        assert_memory_equal(out.data, "kept", 4);
        ot_buf_deinit(&out);
    }
    ot_buf_deinit(&expected);
    return count - 1;
}

static int call_compose(struct inputs *inputs, struct ot_buf *out)
{
    return ot_compose(inputs->document, inputs->a, OT_CANONICAL, out);
}

static int call_transform_all(struct inputs *inputs, struct ot_buf *out)
{
    struct ot_slice overs[] = {inputs->b, inputs->b};
    return ot_transform_all(inputs->a, overs, 2, OT_RIGHT, OT_CANONICAL, out);
}

static int call_compose_changes(struct inputs *inputs, struct ot_buf *out)
{
    return ot_compose(inputs->a, inputs->b, OT_STABLE, out);
}

static int call_compose_all(struct inputs *inputs, struct ot_buf *out)
{
    return ot_compose_all(inputs->all, sizeof inputs->all / sizeof *inputs->all, OT_STABLE, out);
}

static int call_compose_typed(struct inputs *inputs, struct ot_buf *out)
{
    return ot_compose_all(inputs->typed, sizeof inputs->typed / sizeof *inputs->typed, OT_STABLE,
                          out);
}

static int call_transform_patches(struct inputs *inputs, struct ot_buf *out)
{
    return ot_transform(inputs->patches[0], inputs->patches[1], OT_RIGHT, OT_STABLE, out);
}

static int call_rich(struct inputs *inputs, struct ot_buf *out)
{
    struct ot_doc *doc = NULL;
    struct ot_error where = {0};
    int error = ot_doc_load(inputs->document, &doc);
    for (size_t i = 0; error == OT_OK && i < sizeof inputs->rich / sizeof *inputs->rich; i++) {
        error = ot_doc_apply(doc, inputs->rich[i], &where);
        assert_true(error == OT_OK || where.code == OT_E_MEMORY);
    }
    if (error == OT_OK) {
        error = ot_doc_snapshot(doc, out);
    }
    ot_doc_free(doc);
    return error;
}

/* Nothing but components that need no room of their own. */
static int call_build_plain(struct inputs *inputs, struct ot_buf *out)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    (void)inputs;
    if (builder == NULL) {
        return OT_E_MEMORY;
    }
    for (unsigned i = 0; i < 200; i++) {
        ot_builder_retain(builder, 1, (struct ot_slice){0});
        ot_builder_delete(builder, 1);
    }
    int error = ot_builder_finish(builder, out);
    ot_builder_free(builder);
    return error;
}

/* A document of so many runs of so many units each, in which an operation over two runs each takes
 * `deleted` of them, from the middle of the first to that of the second. */
static int cut_runs(unsigned runs, unsigned units, unsigned deleted, struct ot_buf *out)
{
    static const uint8_t bold[] = {0x81, 0xa1, 'b', 0xc3};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_doc *doc = ot_doc_new();
    struct ot_buf op = {0};
    uint8_t text[100];
    int error = builder == NULL || doc == NULL ? OT_E_MEMORY : OT_OK;
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; error == OT_OK && i < runs; i++) {
        struct ot_slice attributes = {bold, i % 2 == 0 ? 0 : sizeof bold};
        ot_builder_insert(builder, (struct ot_slice){text, units}, attributes);
    }
    error = error == OT_OK ? ot_builder_finish(builder, &op) : error;
    error = error == OT_OK ? ot_doc_apply(doc, ot_buf_slice(&op), NULL) : error;
    ot_buf_clear(&op);
    for (unsigned i = 0; error == OT_OK && i + 1 < runs; i += 2) {
        ot_builder_retain(builder, units - deleted / 2, (struct ot_slice){0});
        ot_builder_delete(builder, deleted);
        ot_builder_retain(builder, units - deleted / 2, (struct ot_slice){0});
    }
    error = error == OT_OK ? ot_builder_finish(builder, &op) : error;
    error = error == OT_OK ? ot_doc_apply(doc, ot_buf_slice(&op), NULL) : error;
    error = error == OT_OK ? ot_doc_snapshot(doc, out) : error;
    ot_buf_deinit(&op);
    ot_builder_free(builder);
    ot_doc_free(doc);
    return error;
}

/* Leaves with any number of runs, so that the room for them ends at each place. */
static int call_cuts(struct inputs *inputs, struct ot_buf *out)
{
    size_t before = out->size;
    int error = OT_OK;
    (void)inputs;
    for (unsigned runs = 2; error == OT_OK && runs < 40; runs += 1 + runs / 20) {
        error = cut_runs(runs, 4, 2, out);
    }
    out->size = error == OT_OK ? out->size : before;
    return error;
}

/* Leaves that shrink until they are joined. */
static int call_joins(struct inputs *inputs, struct ot_buf *out)
{
    (void)inputs;
    return cut_runs(60, 60, 116, out);
}

static int call_invert_plain(struct inputs *inputs, struct ot_buf *out)
{
    struct ot_buf op = {0};
    int error = call_build_plain(inputs, &op);
    if (error == OT_OK) {
        error = ot_invert(ot_buf_slice(&op), inputs->plain, OT_STABLE, out);
    }
    ot_buf_deinit(&op);
    return error;
}

static int call_transform(struct inputs *inputs, struct ot_buf *out)
{
    return ot_transform(inputs->a, inputs->b, OT_RIGHT, OT_STABLE, out);
}

static int call_invert(struct inputs *inputs, struct ot_buf *out)
{
    return ot_invert(inputs->a, inputs->document, OT_STABLE, out);
}

static int call_build(struct inputs *inputs, struct ot_buf *out)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_iter iter;
    struct ot_component c;
    if (builder == NULL) {
        return OT_E_MEMORY;
    }
    ot_iter_init(&iter, inputs->document);
    while (ot_iter_next(&iter, &c)) {
        if (c.kind == OT_EMBED) {
            ot_builder_embed(builder, c.content, c.attributes);
        } else {
            ot_builder_insert(builder, c.content, c.attributes);
        }
    }
    int error = ot_builder_finish(builder, out);
    ot_builder_free(builder);
    return error;
}

/* Loads, changes, takes back and reads a document. */
static int call_document(struct inputs *inputs, struct ot_buf *out)
{
    struct ot_doc *doc = NULL;
    struct ot_buf inverse = {0};
    uint32_t hash;
    int error = ot_doc_load(inputs->document, &doc);
    if (error == OT_OK) {
        error = ot_doc_invert(doc, inputs->a, OT_STABLE, &inverse);
    }
    if (error == OT_OK) {
        error = ot_doc_apply(doc, inputs->a, NULL);
    }
    if (error == OT_OK) {
        error = ot_doc_hash(doc, &hash);
    }
    if (error == OT_OK) {
        error = ot_doc_apply(doc, ot_buf_slice(&inverse), NULL);
    }
    if (error == OT_OK) {
        error = ot_doc_snapshot(doc, out);
    }
    ot_buf_deinit(&inverse);
    ot_doc_free(doc);
    return error;
}

static int call_text(struct inputs *inputs, struct ot_buf *out)
{
    struct ot_doc *doc = NULL;
    int error = ot_doc_load(inputs->document, &doc);
    if (error == OT_OK) {
        error = ot_doc_text(doc, out);
    }
    ot_doc_free(doc);
    return error;
}

static int call_edits(struct inputs *inputs, struct ot_buf *out)
{
    struct ot_doc *doc = ot_doc_new();
    int error = doc == NULL ? OT_E_MEMORY : ot_doc_apply(doc, inputs->document, NULL);
    for (size_t i = 0; error == OT_OK && i < sizeof inputs->all / sizeof *inputs->all; i++) {
        error = ot_doc_apply(doc, inputs->all[i], NULL);
    }
    if (error == OT_OK) {
        error = ot_doc_snapshot(doc, out);
    }
    ot_doc_free(doc);
    return error;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        call_fn call;
        unsigned least; /* allocations there must be, or the test tests nothing */
    } calls[] = {
        {"compose", call_compose, 3},
        {"compose changes", call_compose_changes, 1},
        {"compose all", call_compose_all, 5},
        {"compose typed", call_compose_typed, 5},
        {"transform", call_transform, 1},
        {"transform all", call_transform_all, 4},
        {"transform patches", call_transform_patches, 2},
        {"build plain", call_build_plain, 3},
        {"invert plain", call_invert_plain, 5},
        {"cuts", call_cuts, 100},
        {"joins", call_joins, 20},
        {"rich", call_rich, 100},
        {"invert", call_invert, 3},
        {"build", call_build, 5},
        {"document", call_document, 50},
        {"text", call_text, 30},
        {"edits", call_edits, 30},
    };
    struct inputs inputs;
    setup(&inputs);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        unsigned count = fail_each(calls[i].call, &inputs);
        print_message("%s: %u allocations\n", calls[i].name, count);
        assert_true(count >= calls[i].least);
    }
    words_free(&inputs.words);
}

static void values_may_fail_too(void **state)
{
    (void)state;
    static const uint8_t text[200] = "text";
    struct ot_buf out = {0};
    failing = 1;
    assert_int_equal(ot_value_string(&out, (struct ot_slice){text, 4}), OT_E_MEMORY);
    failing = 1;
    assert_int_equal(ot_value_map(&out, 1), OT_E_MEMORY);
    failing = 1;
    assert_int_equal(ot_buf_reserve(&out, 1), OT_E_MEMORY);
    failing = 1;
    assert_null(ot_doc_new());
    failing = 2;
    assert_null(ot_doc_new());
    failing = 1;
    assert_null(ot_builder_new(OT_STABLE));
    failing = 0;
    assert_int_equal(ot_buf_reserve(&out, SIZE_MAX / 2 + 1), OT_E_MEMORY);
    assert_int_equal(out.size, 0);
    ot_buf_deinit(&out);
}

/* The reader, questions about documents and refusals take no memory, so that none can be missing.
 */
static void what_only_looks_takes_no_memory(void **state)
{
    struct inputs inputs;
    struct ot_doc *doc = NULL;
    struct ot_op_info info;
    (void)state;
    setup(&inputs);
    struct ot_slice too_long = words_op(&inputs.words, "2000000000 -1");
    assert_int_equal(ot_doc_load(inputs.document, &doc), OT_OK);
    failing = 1;
    assert_int_equal(ot_op_check(inputs.a, &info, NULL), OT_OK);
    assert_int_equal(ot_doc_check(doc, inputs.a, NULL), OT_OK);
    assert_int_equal(ot_doc_apply(doc, too_long, NULL), OT_E_RANGE);
    (void)ot_transform_position(inputs.a, 100, OT_LEFT);
    assert_true(ot_hash(inputs.document) != 0);
    assert_true(ot_doc_length(doc) > 0 && ot_doc_memory(doc) > 0);
    assert_int_equal(failing, 1);
    failing = 0;
    ot_doc_free(doc);
    words_free(&inputs.words);
}

/* After an error the builder is as good as new. */
static void a_builder_goes_on_after_an_error(void **state)
{
    struct inputs inputs;
    unsigned failed = 0;
    (void)state;
    setup(&inputs);
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf *out = words_buf(&inputs.words);
    assert_non_null(builder);
    failing = 1;
    ot_builder_delete(builder, 1);
    assert_int_equal(failing, 0);
    assert_int_equal(ot_builder_finish(builder, out), OT_E_MEMORY);
    for (unsigned i = 1; i < 4; i++) {
        struct ot_slice attributes = long_attributes(&inputs, "a", 'y');
        struct ot_slice embed = long_attributes(&inputs, "image", 'x');
        failing = i;
        ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)"a", 1}, attributes);
        failing = 0;
        ot_builder_reset(builder);
        failing = 1;
        ot_builder_embed(builder, embed, (struct ot_slice){0});
        bool has_failed = failing == 0;
        failing = 0;
        failed += has_failed;
        ot_builder_delete(builder, 1);
        assert_int_equal(ot_builder_finish(builder, out), has_failed ? OT_E_MEMORY : OT_OK);
        out->size = 0;
        ot_builder_delete(builder, 1);
        assert_int_equal(ot_builder_finish(builder, out), OT_OK);
        assert_op_equal(ot_buf_slice(out), words_op(&inputs.words, "-1"));
        out->size = 0;
    }
    assert_true(failed > 0);
    ot_builder_free(builder);
    words_free(&inputs.words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(values_may_fail_too),
        cmocka_unit_test(what_only_looks_takes_no_memory),
        cmocka_unit_test(a_builder_goes_on_after_an_error),
    };
    return cmocka_run_group_tests_name("ot_memory", tests, NULL, NULL);
}
