/* The document: what it tells of itself, what it refuses and where, and what it does at its limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include <cmocka.h>

#include "lib/ot_words.h"
#include "quire/ot.h"

static struct ot_doc *doc_of(struct words *words, const char *snapshot)
{
    struct ot_doc *doc = NULL;
    assert_int_equal(ot_doc_load(words_op(words, snapshot), &doc), OT_OK);
    assert_non_null(doc);
    assert_true(ot_doc_sound(doc));
    return doc;
}

static void assert_doc_is(struct ot_doc *doc, struct words *words, const char *snapshot)
{
    struct ot_buf *out = words_buf(words);
    assert_true(ot_doc_sound(doc));
    assert_int_equal(ot_doc_snapshot(doc, out), OT_OK);
    assert_op_equal(ot_buf_slice(out), words_op(words, snapshot));
}

static void apply_words(struct ot_doc *doc, const char *text)
{
    struct words words = {0};
    assert_int_equal(ot_doc_apply(doc, words_op(&words, text), NULL), OT_OK);
    words_free(&words);
}

static void an_empty_document_is_empty(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_doc *doc = ot_doc_new();
    uint32_t hash;
    assert_non_null(doc);
    assert_int_equal(ot_doc_length(doc), 0);
    assert_int_equal(ot_doc_text_bytes(doc), 0);
    assert_doc_is(doc, &words, "");
    assert_int_equal(ot_doc_hash(doc, &hash), OT_OK);
    assert_int_equal(hash, 0xd202ef8d); /* of one byte of 0 */
    assert_int_equal(ot_doc_apply(doc, words_op(&words, ""), NULL), OT_OK);
    assert_doc_is(doc, &words, "");
    ot_doc_free(doc);
    ot_doc_free(NULL);
    words_free(&words);
}

static void edits_change_it(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        const char *document;
    } steps[] = {
        {"'Hello'", "'Hello'"},
        {"5 ' world'{bold:true}", "'Hello' ' world'{bold:true}"},
        {"6 -5 '\u4e16\U0001f30d'", "'Hello' ' '{bold:true} '\u4e16\U0001f30d'"},
        {"5 @hr 1{bold:nil,size:2}", "'Hello' @hr ' '{size:2} '\u4e16\U0001f30d'"},
        {"1 9{size:2}", "'H' 'ello'{size:2} @hr{size:2} ' \u4e16\U0001f30d'{size:2}"},
        {"5 -1", "'H' 'ello \u4e16\U0001f30d'{size:2}"},
        {"9{size:nil}", "'Hello \u4e16\U0001f30d'"},
        {"-9", ""},
    };
    struct words words = {0};
    struct ot_doc *doc = ot_doc_new();
    assert_non_null(doc);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        assert_int_equal(ot_doc_apply(doc, words_op(&words, steps[i].op), NULL), OT_OK);
        assert_doc_is(doc, &words, steps[i].document);
    }
    ot_doc_free(doc);
    words_free(&words);
}

static void it_tells_its_lengths_and_its_text(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_doc *doc = doc_of(&words, "'a\u00e9' @hr '\u20ac'{b:1} '\U0001f600'");
    struct ot_buf *out = words_buf(&words);
    assert_int_equal(ot_doc_length(doc), 6);
    assert_int_equal(ot_doc_text_bytes(doc), 10);
    assert_int_equal(ot_buf_append(out, "x", 1), OT_OK);
    assert_int_equal(ot_doc_text(doc, out), OT_OK);
    assert_int_equal(out->size, 11);
    assert_memory_equal(out->data, "xa\u00e9\u20ac\U0001f600", 11);
    assert_true(ot_doc_memory(doc) > 10);
    ot_doc_free(doc);
    words_free(&words);
}

static void its_hash_is_that_of_its_snapshot(void **state)
{
    (void)state;
    struct words words = {0};
    uint32_t hash;
    assert_int_equal(ot_hash((struct ot_slice){(const uint8_t *)"123456789", 9}), 0xcbf43926);
    static const char *const documents[] = {"", "'a'", "'a\u00e9'{b:1} @hr 'x'"};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct ot_doc *doc = doc_of(&words, documents[i]);
        assert_int_equal(ot_doc_hash(doc, &hash), OT_OK);
        assert_int_equal(hash, ot_hash(words_op(&words, documents[i])));
        ot_doc_free(doc);
    }
    words_free(&words);
}

static void only_inserts_are_a_document(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_doc *doc;
    static const char *const others[] = {"1 'a'", "'a' -1", "1{b:1}", "-1"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(ot_doc_load(words_op(&words, others[i]), &doc), OT_E_DOCUMENT);
        assert_null(doc);
    }
    words_free(&words);
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char document[] = "'a\U0001f600b' @hr '\U0001f600'";
    static const struct {
        const char *op;
        int code;
        unsigned at;
    } rows[] = {
        {"'x' 8{b:1}", OT_E_RANGE, 7},
        {"'x' -8", OT_E_RANGE, 7},
        {"'x' 7 -1", OT_E_RANGE, 7},
        {"8 'x'", OT_E_RANGE, 7},
        {"'x' 2147483647{b:1}", OT_E_RANGE, 7},
        {"'x' 2 'y'", OT_E_SURROGATE, 2},
        {"'x' -2", OT_E_SURROGATE, 2},
        {"'x' 1 -1", OT_E_SURROGATE, 2},
        {"'x' 2{b:1}", OT_E_SURROGATE, 2},
        {"'x' 1 -2 3 'y'", OT_E_SURROGATE, 6},
        {"1 -2 2 -1", OT_E_SURROGATE, 6},
    };
    struct words words = {0};
    struct ot_doc *doc = doc_of(&words, document);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ot_slice op = words_op(&words, rows[i].op);
        struct ot_error checked = {0};
        struct ot_error applied = {0};
        assert_int_equal(ot_doc_check(doc, op, &checked), rows[i].code);
        assert_int_equal(ot_doc_apply(doc, op, &applied), rows[i].code);
        assert_int_equal(checked.code, rows[i].code);
        assert_int_equal(checked.at, rows[i].at);
        assert_int_equal(applied.at, rows[i].at);
        assert_int_equal(ot_doc_apply(doc, op, NULL), rows[i].code);
        assert_doc_is(doc, &words, document);
    }
    /* Up to the very end it fits. */
    assert_int_equal(ot_doc_check(doc, words_op(&words, "7 'x'"), NULL), OT_OK);
    assert_int_equal(ot_doc_check(doc, words_op(&words, "-7"), NULL), OT_OK);
    ot_doc_free(doc);
    words_free(&words);
}

static void a_single_pair_is_not_cut_either(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_doc *doc = doc_of(&words, "'\U0001f600'");
    assert_int_equal(ot_doc_check(doc, words_op(&words, "1 'x'"), NULL), OT_E_SURROGATE);
    apply_words(doc, "'a'");
    assert_int_equal(ot_doc_check(doc, words_op(&words, "2 'x'"), NULL), OT_E_SURROGATE);
    assert_int_equal(ot_doc_check(doc, words_op(&words, "-2"), NULL), OT_E_SURROGATE);
    apply_words(doc, "1 -2");
    apply_words(doc, "1 'b'");
    assert_doc_is(doc, &words, "'ab'");
    ot_doc_free(doc);
    words_free(&words);
}

/* An operation that inserts as much as one can: 2^31 - 1 times U+0000, which costs no memory to
 * read. */
static void it_grows_to_the_limit_and_no_further(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_slice head = words_hex(&words, "0a f9 ff ff ff 3f");
    size_t size = head.size + OT_LENGTH_MAX;
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(bytes, MAP_FAILED);
    memcpy(bytes, head.data, head.size);
    struct ot_slice op = {bytes, size};
    struct ot_op_info info;
    struct ot_error error = {0};
    struct ot_doc *empty = ot_doc_new();
    struct ot_doc *one = doc_of(&words, "'a'");
    assert_non_null(empty);
    assert_int_equal(ot_op_check(op, &info, NULL), OT_OK);
    assert_int_equal(info.inserted_length, OT_LENGTH_MAX);
    assert_int_equal(ot_doc_check(empty, op, NULL), OT_OK);
    assert_int_equal(ot_doc_check(one, op, NULL), OT_E_LENGTH);
    assert_int_equal(ot_doc_apply(one, op, &error), OT_E_LENGTH);
    assert_int_equal(error.at, 1);
    assert_doc_is(one, &words, "'a'");
    ot_doc_free(empty);
    ot_doc_free(one);
    munmap(bytes, size);
    words_free(&words);
}

static void inverse_is_that_of_the_snapshot(void **state)
{
    (void)state;
    static const char document[] = "'abc'{b:1} @hr '\u20ac\U0001f600x'";
    static const char *const ops[] = {"", "-8", "1 -3 3{b:nil}", "3 1{b:2} -1 'x'", "8 'x'"};
    struct words words = {0};
    struct ot_doc *doc = doc_of(&words, document);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct ot_slice op = words_op(&words, ops[i]);
        struct ot_buf *a = words_buf(&words);
        struct ot_buf *b = words_buf(&words);
        assert_int_equal(ot_doc_invert(doc, op, OT_STABLE, a), OT_OK);
        assert_int_equal(ot_invert(op, words_op(&words, document), OT_STABLE, b), OT_OK);
        assert_op_equal(ot_buf_slice(a), ot_buf_slice(b));
    }
    struct ot_buf *out = words_buf(&words);
    assert_int_equal(ot_doc_invert(doc, words_op(&words, "6 -1"), OT_STABLE, out), OT_E_SURROGATE);
    struct ot_doc *pair = doc_of(&words, "'\U0001f600'");
    assert_int_equal(ot_doc_invert(pair, words_op(&words, "-1"), OT_STABLE, out), OT_E_SURROGATE);
    assert_int_equal(out->size, 0);
    ot_doc_free(pair);
    ot_doc_free(doc);
    words_free(&words);
}

/* ---- large documents ---- */

enum { LARGE_UNITS = 100000 };

/* A large document made in one go. */
static struct ot_doc *large_doc(struct words *words)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_doc *doc = NULL;
    struct ot_buf *out = words_buf(words);
    assert_non_null(builder);
    for (unsigned i = 0; i < LARGE_UNITS / 4; i++) {
        ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)"ab\u20ac\n", 6},
                          (struct ot_slice){0});
    }
    assert_int_equal(ot_builder_finish(builder, out), OT_OK);
    ot_builder_free(builder);
    assert_int_equal(ot_doc_load(ot_buf_slice(out), &doc), OT_OK);
    assert_int_equal(ot_doc_length(doc), LARGE_UNITS);
    assert_true(ot_doc_sound(doc));
    return doc;
}

static void a_large_document_is_taken_apart_from_either_end(void **state)
{
    (void)state;
    static const char *const ways[] = {"-300", "-99700", "50000 -50000", "1 -99998", "100 -99800"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct words words = {0};
        struct ot_doc *doc = large_doc(&words);
        size_t memory = ot_doc_memory(doc);
        assert_true(memory < 2 * ot_doc_text_bytes(doc));
        apply_words(doc, ways[i]);
        assert_true(ot_doc_sound(doc));
        /* What is left goes bit by bit, and the memory with it. */
        while (ot_doc_length(doc) > 1000) {
            apply_words(doc, "500 -500");
            assert_true(ot_doc_sound(doc));
        }
        assert_true(ot_doc_memory(doc) < 20000);
        ot_doc_free(doc);
        words_free(&words);
    }
}

/* A unit is left here and there: what held the rest must not stay behind. */
static void thinning_a_document_out_frees_its_memory(void **state)
{
    (void)state;
    enum { UNITS = 1500000, STEP = 15000 };
    struct words words = {0};
    struct ot_doc *doc = NULL;
    struct ot_buf text = {0};
    struct ot_buf *snapshot = words_buf(&words);
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    assert_non_null(builder);
    assert_int_equal(ot_buf_reserve(&text, UNITS), OT_OK);
    memset(text.data, 'x', UNITS);
    text.size = UNITS;
    ot_builder_insert(builder, ot_buf_slice(&text), (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, snapshot), OT_OK);
    assert_int_equal(ot_doc_load(ot_buf_slice(snapshot), &doc), OT_OK);
    for (unsigned i = 0; i < UNITS / STEP; i++) {
        ot_builder_retain(builder, i, (struct ot_slice){0});
        ot_builder_delete(builder, STEP - 1);
        struct ot_buf op = {0};
        assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
        assert_int_equal(ot_doc_apply(doc, ot_buf_slice(&op), NULL), OT_OK);
        ot_buf_deinit(&op);
    }
    assert_true(ot_doc_sound(doc));
    assert_int_equal(ot_doc_length(doc), UNITS / STEP);
    assert_true(ot_doc_memory(doc) < 40000);
    ot_builder_free(builder);
    ot_buf_deinit(&text);
    ot_doc_free(doc);
    words_free(&words);
}

static void formatting_all_of_it_and_back_costs_no_more_memory(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_doc *doc = large_doc(&words);
    size_t memory = ot_doc_memory(doc);
    apply_words(doc, "100000{b:1}");
    apply_words(doc, "1000 30000{c:1}");
    assert_true(ot_doc_sound(doc));
    apply_words(doc, "100000{b:nil,c:nil}");
    assert_true(ot_doc_sound(doc));
    assert_true(ot_doc_memory(doc) < memory + memory / 4);
    ot_doc_free(doc);
    words_free(&words);
}

static void a_snapshot_is_as_large_as_is_said_or_a_little_smaller(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_doc *doc = large_doc(&words);
    struct ot_buf snapshot = {0};
    assert_int_equal(ot_doc_snapshot_most(doc, 0), ot_doc_text_bytes(doc));
    char op[32];
    for (unsigned i = 1; i < 5000; i++) {
        snprintf(op, sizeof op, "%u 1{bold:1}", 2 * i);
        apply_words(doc, op);
    }
    apply_words(doc, "10000{c:1}");
    assert_int_equal(ot_doc_snapshot(doc, &snapshot), OT_OK);
    assert_in_range(ot_doc_snapshot_most(doc, 0), snapshot.size - 16, 2 * snapshot.size);
    apply_words(doc, "100000{bold:nil,c:nil}");
    assert_int_equal(ot_doc_snapshot_most(doc, 0), ot_doc_text_bytes(doc));
    ot_buf_deinit(&snapshot);
    ot_doc_free(doc);
    words_free(&words);
}

/* Each edit brings a format of its own, and takes it away again. */
static void formats_no_longer_used_are_forgotten(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_doc *doc = doc_of(&words, "'abc'");
    char op[64];
    apply_words(doc, "3{b:1}");
    size_t memory = ot_doc_memory(doc);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(op, sizeof op, "3{b:%u}", i % 100);
        apply_words(doc, op);
    }
    assert_true(ot_doc_sound(doc));
    assert_true(ot_doc_memory(doc) <= memory + 16);
    ot_doc_free(doc);
    words_free(&words);
}

static void many_embeds_in_a_row_are_held(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_doc *doc = ot_doc_new();
    assert_non_null(doc);
    for (unsigned i = 0; i < 1000; i++) {
        apply_words(doc, i % 2 == 0 ? "@hr" : "1 @br{a:1}");
        assert_true(ot_doc_sound(doc));
    }
    assert_int_equal(ot_doc_length(doc), 1000);
    assert_int_equal(ot_doc_text_bytes(doc), 0);
    apply_words(doc, "500 -500");
    apply_words(doc, "-499");
    assert_doc_is(doc, &words, "@br{a:1}");
    ot_doc_free(doc);
    words_free(&words);
}

/* Typing at the end, and typing at the start, fill the leaves alike. */
static void typing_keeps_memory_in_proportion(void **state)
{
    (void)state;
    for (unsigned at_start = 0; at_start < 2; at_start++) {
        struct ot_doc *doc = ot_doc_new();
        assert_non_null(doc);
        char op[32];
        for (unsigned i = 0; i < 40000; i++) {
            if (i == 0 || at_start) {
                snprintf(op, sizeof op, "'x'");
            } else {
                snprintf(op, sizeof op, "%u 'x'", i);
            }
            apply_words(doc, op);
        }
        assert_true(ot_doc_sound(doc));
        assert_true(ot_doc_memory(doc) < 3 * 40000);
        ot_doc_free(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_document_is_empty),
        cmocka_unit_test(edits_change_it),
        cmocka_unit_test(it_tells_its_lengths_and_its_text),
        cmocka_unit_test(its_hash_is_that_of_its_snapshot),
        cmocka_unit_test(only_inserts_are_a_document),
        cmocka_unit_test(what_does_not_fit_is_refused_and_changes_nothing),
        cmocka_unit_test(a_single_pair_is_not_cut_either),
        cmocka_unit_test(it_grows_to_the_limit_and_no_further),
        cmocka_unit_test(inverse_is_that_of_the_snapshot),
        cmocka_unit_test(a_large_document_is_taken_apart_from_either_end),
        cmocka_unit_test(thinning_a_document_out_frees_its_memory),
        cmocka_unit_test(formatting_all_of_it_and_back_costs_no_more_memory),
        cmocka_unit_test(a_snapshot_is_as_large_as_is_said_or_a_little_smaller),
        cmocka_unit_test(formats_no_longer_used_are_forgotten),
        cmocka_unit_test(many_embeds_in_a_row_are_held),
        cmocka_unit_test(typing_keeps_memory_in_proportion),
    };
    return cmocka_run_group_tests_name("ot_doc", tests, NULL, NULL);
}
