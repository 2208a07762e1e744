/* How large a document may become, at the limit and past it: by its text, and by its formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_transcript.h"
#include "server/hub/room.h"
#include "server/limits.h"

#include <string.h>

static struct world_connection *fresh(struct world *world, enum store_type type)
{
    struct world_connection *ann = hello(world, "Ann");
    create(world, ann, "d", type);
    open_fresh(world, ann, "d");
    expect_opened(ann);
    return ann;
}

/* An operation of so many bytes that inserts text, which has `overhead` fewer. */
static struct ot_slice insertion_of(size_t op_bytes, size_t *overhead_out)
{
    static char text[131072];
    struct ot_slice op = {0};
    for (size_t size = op_bytes - 8; op.size < op_bytes; size++) {
        memset(text, 'a', size);
        text[size] = '\0';
        op = insertion(0, text);
    }
    assert_int_equal(op.size, op_bytes);
    *overhead_out = op.size - strlen(text);
    return op;
}

static struct ot_slice deletion(uint64_t length)
{
    static uint8_t bytes[16];
    struct ot_buf op = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    ot_builder_delete(builder, length);
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    assert_true(op.size <= sizeof(bytes));
    memcpy(bytes, op.data, op.size);
    size_t size = op.size;
    ot_builder_free(builder);
    ot_buf_deinit(&op);
    return (struct ot_slice){bytes, size};
}

/* What is there and the operation are counted together. */
static void a_document_is_no_larger_than_the_limit(void **state)
{
    (void)state;
    static struct world world;
    const size_t most = 100000, first = 60000;
    struct limits limits = limits_preset();
    limits.values[SETTING_DOCUMENT_BYTES] = most;
    world_start_limited(&world, NULL, &limits);
    struct world_connection *ann = fresh(&world, STORE_TEXT);
    const struct metrics *metrics = hub_metrics(world.hub);
    size_t overhead;
    edit(&world, ann, 1, 0, insertion_of(first, &overhead));
    world_commit(&world);
    expect_ack(ann, 1, 1);
    size_t left = most - (first - overhead), unused;
    edit(&world, ann, 2, 1, insertion_of(left + 1, &unused));
    expect_error(ann, "document_full");
    assert_int_equal(metrics_get_refused(metrics, "document_full"), 1);
    edit(&world, ann, 2, 1, insertion_of(left, &unused));
    world_commit(&world);
    expect_ack(ann, 2, 2);
    edit(&world, ann, 3, 2, insertion(0, "0123456789"));
    expect_error(ann, "document_full");
    edit(&world, ann, 3, 2, deletion(1000)); /* what makes it smaller is always taken */
    world_commit(&world);
    expect_ack(ann, 3, 3);
    world_stop(&world);
}

/* One letter plain, one bold, and so on; or all of them with a format of `value_bytes`. */
static struct ot_slice formatted(size_t letters, size_t value_bytes)
{
    static struct ot_buf op, format;
    static char value[8192];
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    ot_buf_clear(&op);
    ot_buf_clear(&format);
    memset(value, 'v', value_bytes);
    ot_value_map(&format, 1);
    ot_value_string(&format, (struct ot_slice){(const uint8_t *)"b", 1});
    ot_value_string(&format, (struct ot_slice){(const uint8_t *)value, value_bytes});
    for (size_t i = 0; value_bytes < 10 && i < letters; i++)
        ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)"a", 1},
                          i % 2 == 0 ? (struct ot_slice){0} : ot_buf_slice(&format));
    if (value_bytes >= 10)
        ot_builder_retain(builder, letters, ot_buf_slice(&format));
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    ot_builder_free(builder);
    return ot_buf_slice(&op);
}

/* Memory does not know of it: a format that many share is held once. */
static void formats_count_as_often_as_the_snapshot_spells_them(void **state)
{
    (void)state;
    static struct world world;
    const size_t letters = 2000, most = 100000;
    struct limits limits = limits_preset();
    limits.values[SETTING_DOCUMENT_BYTES] = most;
    world_start_limited(&world, NULL, &limits);
    struct world_connection *ann = fresh(&world, STORE_RICH);
    edit(&world, ann, 1, 0, formatted(letters, 1));
    world_commit(&world);
    expect_ack(ann, 1, 1);
    const struct room *room = room_find(world.hub, (struct ot_slice){(const uint8_t *)"d", 1});
    uint32_t hash, hash_after;
    assert_int_equal(ot_doc_hash(room->doc, &hash), OT_OK);
    edit(&world, ann, 2, 1, formatted(letters, 4000));
    expect_error(ann, "document_full");
    assert_int_equal(ot_doc_hash(room->doc, &hash_after), OT_OK);
    assert_int_equal(hash_after, hash);
    assert_true(ot_doc_sound(room->doc));
    edit(&world, ann, 2, 1,
         formatted(letters, 20)); /* tried, for what it could have made, and kept */
    world_commit(&world);
    expect_ack(ann, 2, 2);
    edit(&world, ann, 3, 2, deletion(1000));
    world_commit(&world);
    expect_ack(ann, 3, 3);
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_no_larger_than_the_limit),
        cmocka_unit_test(formats_count_as_often_as_the_snapshot_spells_them),
    };
    return cmocka_run_group_tests_name("limits_document", tests, NULL, NULL);
}
