/* An operation for which memory runs out, at whichever place, leaves the document as it was: the
 * same bytes, sound, and good for the same operation once there is memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_meter.h"
#include "lib/ot_random.h"
#include "lib/ot_words.h"

/* A document and an operation on it. */
struct trial {
    struct ot_slice document;
    struct ot_slice op;
    struct ot_buf expected;
};

static void trial_init(struct trial *trial, struct ot_slice document, struct ot_slice op)
{
    *trial = (struct trial){.document = document, .op = op};
    assert_int_equal(ot_compose(document, op, OT_CANONICAL, &trial->expected), OT_OK);
}

static struct ot_doc *doc_in(struct meter *meter, struct ot_slice snapshot)
{
    struct ot_doc *doc = NULL;
    assert_int_equal(ot_doc_load_in(&meter->allocator, snapshot, &doc), OT_OK);
    return doc;
}

static void assert_document(const struct ot_doc *doc, const struct meter *meter,
                            struct ot_slice expected)
{
    struct ot_buf out = {0};
    uint32_t hash;
    assert_true(ot_doc_sound(doc));
    assert_int_equal(ot_doc_snapshot(doc, &out), OT_OK);
    assert_op_equal(ot_buf_slice(&out), expected);
    assert_int_equal(ot_doc_hash(doc, &hash), OT_OK);
    assert_int_equal(hash, ot_hash(expected));
    assert_int_equal(ot_doc_memory(doc), meter->bytes);
    ot_buf_deinit(&out);
}

/* Applies with allocation `failing` missing. Did it fail? Then nothing has happened. */
static bool apply_failing(const struct trial *trial, struct ot_doc *doc, struct meter *meter,
                          unsigned failing)
{
    struct ot_error error = {0};
    meter->failing = failing;
    int code = ot_doc_apply(doc, trial->op, &error);
    bool has_run_out = meter->failing == 0;
    meter->failing = 0;
    if (code == OT_OK) {
        assert_document(doc, meter, ot_buf_slice(&trial->expected));
        return false;
    }
    assert_true(has_run_out);
    assert_int_equal(code, OT_E_MEMORY);
    assert_int_equal(error.code, OT_E_MEMORY);
    assert_document(doc, meter, trial->document);
    return true;
}

/* Every allocation fails once, each in a new document, to which the operation is then applied all
 * the same. How many times it failed. */
static unsigned fail_in_new_ones(const struct trial *trial)
{
    struct meter meter;
    unsigned count = 0;
    unsigned asked;
    unsigned failing = 0;
    meter_init(&meter);
    do {
        struct ot_doc *doc = doc_in(&meter, trial->document);
        failing++;
        asked = meter.asked;
        if (apply_failing(trial, doc, &meter, failing)) {
            count++;
            assert_false(apply_failing(trial, doc, &meter, 0));
        }
        asked = meter.asked - asked;
        ot_doc_free(doc);
        assert_int_equal(meter.blocks, 0);
    } while (failing <= asked);
    return count;
}

/* The same all in one document, which has more and more room for it. */
static void fail_in_one(const struct trial *trial)
{
    struct meter meter;
    meter_init(&meter);
    struct ot_doc *doc = doc_in(&meter, trial->document);
    for (unsigned failing = 1; apply_failing(trial, doc, &meter, failing);) {
        failing++;
    }
    assert_document(doc, &meter, ot_buf_slice(&trial->expected));
    ot_doc_free(doc);
    assert_int_equal(meter.blocks, 0);
}

static unsigned try_all(struct ot_slice document, struct ot_slice op)
{
    struct trial trial;
    trial_init(&trial, document, op);
    unsigned count = fail_in_new_ones(&trial);
    fail_in_one(&trial);
    ot_buf_deinit(&trial.expected);
    return count;
}

static struct ot_slice built(struct words *words, struct ot_builder *builder)
{
    struct ot_buf *out = words_buf(words);
    assert_int_equal(ot_builder_finish(builder, out), OT_OK);
    return ot_buf_slice(out);
}

/* A document of so many stretches of so many letters, of formats in turn. */
static struct ot_slice striped(struct words *words, unsigned stretches, unsigned letters)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_slice formats[] = {
        {0}, words_attributes(words, "{bold:true}"), words_attributes(words, "{link:'x'}")};
    uint8_t text[1000];
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < stretches; i++) {
        ot_builder_insert(builder, (struct ot_slice){text, letters}, formats[i % 3]);
    }
    struct ot_slice document = built(words, builder);
    ot_builder_free(builder);
    return document;
}

/* Over and over: keep, delete, insert some letters, format with a new value each. */
static struct ot_slice repeated(struct words *words, unsigned times, unsigned kept,
                                unsigned deleted, unsigned inserted, unsigned formatted)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    uint8_t text[3000];
    char patch[64];
    memset(text, 'y', sizeof text);
    for (unsigned i = 0; i < times; i++) {
        (void)snprintf(patch, sizeof patch, "{comment:%u}", i);
        struct ot_slice attributes = words_attributes(words, patch);
        ot_builder_retain(builder, kept, (struct ot_slice){0});
        ot_builder_delete(builder, deleted);
        ot_builder_insert(builder, (struct ot_slice){text, inserted},
                          i % 2 == 0 ? (struct ot_slice){0} : attributes);
        ot_builder_retain(builder, formatted, attributes);
    }
    struct ot_slice op = built(words, builder);
    ot_builder_free(builder);
    return op;
}

/* What each part of applying may lack memory for. `least`: allocations there must be, or it is not
 * tested. */
static void each_part_of_applying(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct {
            unsigned stretches;
            unsigned letters;
        } document;
        struct {
            unsigned times, kept, deleted, inserted, formatted;
        } op;
        unsigned least;
    } rows[] = {
        {"a first leaf is split, the root grows", {1, 990}, {1, 500, 0, 400, 0}, 2},
        {"a leaf is split, nodes are full", {33, 950}, {33, 900, 0, 300, 0}, 30},
        {"much text at one place", {3, 300}, {1, 450, 0, 3000, 0}, 4},
        {"text in place of text", {20, 500}, {15, 100, 300, 350, 0}, 10},
        {"all is replaced", {40, 400}, {1, 0, 16000, 2500, 0}, 3},
        {"new formats cut runs", {3, 200}, {8, 10, 0, 0, 20}, 8},
        {"more runs than a leaf may have", {64, 5}, {60, 1, 0, 0, 2}, 60},
        {"formats over many leaves", {60, 100}, {4, 50, 0, 0, 1400}, 8},
        {"formats that merge", {60, 10}, {1, 0, 0, 0, 600}, 3},
        {"everything at once", {90, 40}, {40, 20, 25, 30, 15}, 60},
        {"deletes over leaves, and an insert", {30, 300}, {2, 100, 4000, 5, 0}, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct words words = {0};
        struct ot_slice document =
            striped(&words, rows[i].document.stretches, rows[i].document.letters);
        struct ot_slice op = repeated(&words, rows[i].op.times, rows[i].op.kept, rows[i].op.deleted,
                                      rows[i].op.inserted, rows[i].op.formatted);
        unsigned count = try_all(document, op);
        print_message("%s: failed %u times\n", rows[i].what, count);
        assert_true(count >= rows[i].least);
        words_free(&words);
    }
}

static void one_stroke(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_slice full = striped(&words, 3, 333);
    assert_true(try_all(full, words_op(&words, "495 'a stroke'{color:'red'}")) >= 3);
    assert_true(try_all(full, words_op(&words, "300 @image{alt:'x'} 9 @image")) >= 3);
    assert_true(try_all(full, words_op(&words, "333{bold:nil,link:nil} 660{link:'y'}")) >= 1);
    assert_int_equal(try_all(full, words_op(&words, "10 -700")), 0);
    words_free(&words);
}

static void random_operations(void **state)
{
    (void)state;
    enum { CASES = 200 };
    struct rng rng = rng_start("unchanged");
    unsigned cases = random_cases(CASES);
    unsigned count = 0;
    for (unsigned i = 0; i < cases; i++) {
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct ot_buf document = {0};
        struct ot_buf op = {0};
        shape.components = shape.components < 60 ? shape.components : 60;
        random_document(&rng, &shape, &document);
        random_op(&rng, &shape, ot_buf_slice(&document), &op);
        count += try_all(ot_buf_slice(&document), ot_buf_slice(&op));
        ot_buf_deinit(&document);
        ot_buf_deinit(&op);
    }
    print_message("failed %u times\n", count);
    assert_true(cases < CASES || count > 100);
}

/* Loading: there is a document, or nothing is left of it. */
static void a_document_that_cannot_be_loaded_leaves_nothing(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_slice documents[] = {striped(&words, 200, 3), striped(&words, 70, 700),
                                   words_op(&words, "'a'{b:1} @image{alt:'x'} 'b'{b:2}")};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct meter meter;
        unsigned failed = 0;
        int code;
        meter_init(&meter);
        do {
            struct ot_doc *doc = NULL;
            meter.failing = failed + 1;
            code = ot_doc_load_in(&meter.allocator, documents[i], &doc);
            meter.failing = 0;
            failed += code == OT_E_MEMORY;
            assert_true((code == OT_OK) == (doc != NULL));
            ot_doc_free(doc);
            assert_int_equal(meter.blocks, 0);
        } while (code == OT_E_MEMORY);
        assert_int_equal(code, OT_OK);
        assert_true(failed > 5);
    }
    words_free(&words);
}

/* Without memory to look at it a document is not said to be sound. */
static void nothing_is_called_sound_unseen(void **state)
{
    (void)state;
    struct words words = {0};
    struct meter meter;
    meter_init(&meter);
    struct ot_doc *doc = doc_in(&meter, words_op(&words, "'sound'"));
    meter.failing = 1;
    assert_false(ot_doc_sound(doc));
    assert_int_equal(meter.failing, 0);
    assert_true(ot_doc_sound(doc));
    ot_doc_free(doc);
    words_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_of_applying),
        cmocka_unit_test(one_stroke),
        cmocka_unit_test(random_operations),
        cmocka_unit_test(a_document_that_cannot_be_loaded_leaves_nothing),
        cmocka_unit_test(nothing_is_called_sound_unseen),
    };
    return cmocka_run_group_tests_name("ot_unchanged", tests, NULL, NULL);
}
