/* ot_doc_sound sees what it says it sees: each number of the structure that is made wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "doc.h"
#include "lib/ot_random.h"
#include "lib/ot_words.h"

/* A document of two levels, with text of all widths, embeds, attributes, and a place in its midst.
 */
static struct ot_doc *doc_new(void)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_doc *doc = ot_doc_new();
    struct words words = {0};
    struct rng rng = {7};
    struct ot_buf *op = words_buf(&words);
    assert_true(builder != NULL && doc != NULL);
    struct ot_slice formats[] = {
        {0}, words_attributes(&words, "{a:true}"), words_attributes(&words, "{b:'x'}")};
    for (unsigned i = 0; i < 400; i++) {
        struct ot_buf text = {0};
        random_text(&rng, true, 20, &text);
        ot_builder_insert(builder, ot_buf_slice(&text), formats[i % 3]);
        ot_buf_deinit(&text);
    }
    ot_builder_embed(builder, words_attributes(&words, "{image:'y'}"), formats[0]);
    assert_int_equal(ot_builder_finish(builder, op), OT_OK);
    assert_int_equal(ot_doc_apply(doc, ot_buf_slice(op), NULL), OT_OK);
    assert_int_equal(ot_doc_apply(doc, words_op(&words, "300 -20"), NULL), OT_OK);
    assert_int_equal(ot_doc_apply(doc, words_op(&words, "320 'z'{c:1}"), NULL), OT_OK);
    ot_builder_free(builder);
    words_free(&words);
    assert_true(ot_doc_sound(doc));
    assert_true(doc->tree.height > 0 && doc->tree.place.leaf != NULL);
    return doc;
}

/* The number at `at` becomes `value`: that is seen, and gone when it is put back. */
static void damage(const struct ot_doc *doc, void *at, size_t size, uint64_t value)
{
    uint8_t old[sizeof value];
    assert_true(size <= sizeof value);
    memcpy(old, at, size);
    assert_memory_not_equal(old, &value, size);
    memcpy(at, &value, size);
    assert_false(ot_doc_sound(doc));
    memcpy(at, old, size);
    assert_true(ot_doc_sound(doc));
}

static void damage_by_one(const struct ot_doc *doc, void *at, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, at, size);
    damage(doc, at, size, value + 1);
    if (value > 0) {
        damage(doc, at, size, value - 1);
    }
}

static void the_tree_is_looked_at(void **state)
{
    struct ot_doc *doc = doc_new();
    struct tree *tree = &doc->tree;
    struct node *root = tree->root;
    (void)state;
    damage_by_one(doc, &tree->units, sizeof tree->units);
    damage_by_one(doc, &tree->text_bytes, sizeof tree->text_bytes);
    damage_by_one(doc, &tree->pairs, sizeof tree->pairs);
    damage_by_one(doc, &root->units[0], sizeof root->units[0]);
    damage_by_one(doc, &tree->pool.memory.used, sizeof tree->pool.memory.used);
    damage(doc, &root->count, sizeof root->count, 0);
    damage(doc, &root->count, sizeof root->count, 1);
    damage(doc, &root->count, sizeof root->count, NODE_CHILDREN + 1);
    ot_doc_free(doc);
}

static void the_place_is_looked_at(void **state)
{
    struct ot_doc *doc = doc_new();
    struct place *place = &doc->tree.place;
    struct node other = *place->path[0].node;
    struct node *wrong = &other;
    struct leaf *first = place->path[0].node->children[0];
    (void)state;
    damage_by_one(doc, &place->spot.units, sizeof place->spot.units);
    damage_by_one(doc, &place->spot.bytes, sizeof place->spot.bytes);
    damage_by_one(doc, &place->spot.run, sizeof place->spot.run);
    damage_by_one(doc, &place->spot.run_units, sizeof place->spot.run_units);
    damage_by_one(doc, &place->spot.run_bytes, sizeof place->spot.run_bytes);
    damage(doc, &place->spot.units, sizeof place->spot.units, UINT16_MAX);
    damage_by_one(doc, &place->start, sizeof place->start);
    damage_by_one(doc, &place->path[0].slot, sizeof place->path[0].slot);
    damage(doc, &place->path[0].node, sizeof place->path[0].node, (uintptr_t)wrong);
    if (place->leaf == first) {
        first = place->path[0].node->children[1];
    }
    damage(doc, &place->leaf, sizeof place->leaf, (uintptr_t)first);
    ot_doc_free(doc);
}

/* In a leaf of one run of ASCII text the place follows from the unit alone. */
static void the_place_in_plain_text_is_looked_at(void **state)
{
    struct ot_doc *doc = ot_doc_new();
    struct words words = {0};
    (void)state;
    assert_non_null(doc);
    assert_int_equal(ot_doc_apply(doc, words_op(&words, "'plain text'"), NULL), OT_OK);
    assert_int_equal(ot_doc_apply(doc, words_op(&words, "3 'x'"), NULL), OT_OK);
    struct spot *spot = &doc->tree.place.spot;
    assert_true(leaf_is_simple(doc->tree.place.leaf));
    damage_by_one(doc, &spot->run, sizeof spot->run);
    damage_by_one(doc, &spot->run_units, sizeof spot->run_units);
    damage_by_one(doc, &spot->run_bytes, sizeof spot->run_bytes);
    words_free(&words);
    ot_doc_free(doc);
}

static void leaves_are_looked_at(void **state)
{
    struct ot_doc *doc = doc_new();
    struct leaf *leaf = doc->tree.place.leaf;
    struct run *run = &leaf->runs[0];
    struct ot_doc *nobody = ot_doc_new();
    struct leaf *empty = nobody->tree.root;
    (void)state;
    assert_true(leaf->runs_count > 2 && run->embed == 0);
    damage_by_one(doc, &leaf->units, sizeof leaf->units);
    damage(doc, &leaf->units, sizeof leaf->units, 0);
    damage(doc, &leaf->bytes, sizeof leaf->bytes, leaf->bytes - 1u);
    damage(doc, &leaf->bytes, sizeof leaf->bytes, leaf->bytes + 1u);
    damage(doc, &leaf->bytes, sizeof leaf->bytes, LEAF_TEXT + 1);
    damage(doc, &leaf->runs_count, sizeof leaf->runs_count, LEAF_RUNS_MAX + 1);
    damage(doc, &leaf->runs_count, sizeof leaf->runs_count, leaf->runs_count - 1u);
    damage(doc, &leaf->runs_room, sizeof leaf->runs_room, leaf->runs_count - 1u);
    damage_by_one(doc, &run->units, sizeof run->units);
    damage_by_one(doc, &run->bytes, sizeof run->bytes);
    damage(doc, &run->units, sizeof run->units, 0);
    damage(doc, &run->bytes, sizeof run->bytes, 0);
    damage(doc, &run->bytes, sizeof run->bytes, UINT16_MAX);
    damage(doc, &run->attributes, sizeof run->attributes, run[1].attributes);
    damage(doc, &run->attributes, sizeof run->attributes, doc->tree.pool.count);
    damage(doc, &run->embed, sizeof run->embed, doc->tree.pool.count);
    damage(doc, &run->embed, sizeof run->embed, 1);
    damage(doc, &leaf->text[0], 1, 0xff);
    assert_true(ot_doc_sound(nobody));
    damage_by_one(nobody, &empty->units, sizeof empty->units);
    ot_doc_free(nobody);
    ot_doc_free(doc);
}

/* The embed is the last run of the last leaf. */
static void embeds_are_looked_at(void **state)
{
    struct ot_doc *doc = doc_new();
    const struct node *node = doc->tree.root;
    (void)state;
    for (unsigned height = doc->tree.height; height > 1; height--) {
        node = node->children[node->count - 1];
    }
    struct leaf *leaf = node->children[node->count - 1];
    struct run *run = &leaf->runs[leaf->runs_count - 1];
    assert_true(run->embed != 0 && run->units == 1 && run->bytes == 0);
    damage(doc, &run->units, sizeof run->units, 2);
    damage(doc, &run->bytes, sizeof run->bytes, 1);
    damage(doc, &run->embed, sizeof run->embed, 0);
    ot_doc_free(doc);
}

static void the_pool_is_looked_at(void **state)
{
    struct ot_doc *doc = doc_new();
    struct pool *pool = &doc->tree.pool;
    struct pool_entry *entries = pool->entries;
    uint8_t *none = NULL;
    (void)state;
    assert_true(pool->count > 3 && entries[1].uses > 0 && entries[1].bytes != NULL);
    damage_by_one(doc, &entries[1].uses, sizeof entries[1].uses);
    damage(doc, &entries[1].bytes, sizeof entries[1].bytes, (uintptr_t)none);
    damage(doc, entries[1].bytes, 1, 0xc1);
    damage_by_one(doc, &entries[1].size, sizeof entries[1].size);
    damage(doc, &pool->kept, sizeof pool->kept, 1);
    /* A value that is not found by its bytes. */
    for (uint32_t i = 0; i < pool->buckets_count; i++) {
        uint32_t id = pool->buckets[i];
        if (id != 0 && entries[id].next == 0) {
            damage(doc, &pool->buckets[i], sizeof pool->buckets[i], 0);
        }
    }
    ot_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_is_looked_at),
        cmocka_unit_test(the_place_is_looked_at),
        cmocka_unit_test(the_place_in_plain_text_is_looked_at),
        cmocka_unit_test(leaves_are_looked_at),
        cmocka_unit_test(embeds_are_looked_at),
        cmocka_unit_test(the_pool_is_looked_at),
    };
    return cmocka_run_group_tests_name("ot_damage", tests, NULL, NULL);
}
