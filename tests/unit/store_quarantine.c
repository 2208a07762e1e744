/* Damage in the log closes the documents that it is in, and those alone. */
#include "unit/store_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/sqlite/database.h"
#include "storage/upkeep.h"

#define HURT  1
#define SOUND 2
#define LAST  3

/* Documents 1 and 2 have ten edits each in the log, in turn: rows 1, 3, ... 19 and 2, 4, ... 20;
 * document 3 has one, the last row. */
static int setup(void **state)
{
    struct world *world;

    if (world_setup_plain(state) != 0)
        return -1;
    world = *state;
    assert_int_equal(world_create(world, "hurt"), HURT);
    assert_int_equal(world_create(world, "sound"), SOUND);
    assert_int_equal(world_create(world, "last"), LAST);
    for (uint64_t version = 1; version <= 10; version++) {
        world_fill(world, HURT, version, version);
        world_fill(world, SOUND, version, version);
    }
    world_fill(world, LAST, 1, 1);
    world_close(world);
    return 0;
}

/* ---- what is in quarantine ---- */

struct told {
    size_t count;
    int64_t key;
    int64_t row;
    char id[STORE_ID_MAX + 1];
};

static void note_told(void *context, const struct store_document *document, int64_t row)
{
    struct told *told = context;

    told->count++;
    told->key = document->key;
    told->row = row;
    strcpy(told->id, document->id);
}

/* Only this document is, since this row. */
static void assert_told(struct world *world, const char *id, int64_t row)
{
    struct told told = {0};

    assert_int_equal(store_quarantine(world->store, note_told, &told), STORE_OK);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.id, id);
    assert_int_equal(told.row, row);
}

static void assert_nobody_told(struct world *world)
{
    struct told told = {0};

    assert_int_equal(store_quarantine(world->store, note_told, &told), STORE_OK);
    assert_int_equal(told.count, 0);
}

static int ignore_edit(void *context, const struct store_edit *edit)
{
    (void)context;
    (void)edit;
    return 0;
}

static void assert_closed(struct world *world, int64_t key)
{
    struct store *store = world->store;
    struct store_head head;
    uint64_t seq;
    uint64_t version;
    bool done;

    assert_int_equal(store_load(store, key, &head), STORE_E_CORRUPT);
    assert_int_equal(store_history(store, key, 1, UINT64_MAX, ignore_edit, NULL), STORE_E_CORRUPT);
    assert_int_equal(store_client(store, key, 1, &seq, &version), STORE_E_CORRUPT);
    for (uint64_t next = 1; next <= 12; next++)
        assert_int_equal(world_append(world, key, next, 1, next, "x"), STORE_E_CORRUPT);
    assert_int_equal(world_chat(world, key, 1, 1, 1, "x"), STORE_E_CORRUPT);
    assert_int_equal(store_rename(store, key, "title", 1), STORE_E_CORRUPT);
    assert_int_equal(store_settle(store, key, 1, slice_of("s"), 1, &done), STORE_E_CORRUPT);
    assert_int_equal(store_delete(store, key), STORE_E_CORRUPT);
}

static void assert_refused(struct world *world, int64_t row)
{
    char expected[64];

    assert_int_equal(store_open(world->dir, &world->store, world->message, sizeof world->message),
                     STORE_E_CORRUPT);
    assert_null(world->store);
    snprintf(expected, sizeof expected, "row %" PRId64 " of its log", row);
    assert_non_null(strstr(world->message, expected));
}

/* A number that tells whether anything of these rows has changed. */
static int64_t print_of(struct world *world, const char *where)
{
    char sql[300];

    snprintf(sql, sizeof sql,
             "SELECT sum(row * 31 + doc * 37 + version * 41 + client * 43 + seq * 47 + at_ms * 53"
             " + sum %% 1000003 + coalesce(head, 7) %% 1000033 + unicode(CAST(op AS TEXT)))"
             " + 1000000 * count(*) FROM log WHERE %s",
             where);
    return world_sql_number(world, sql);
}

/* The others go on: edits, snapshots, and the log is shortened. */
static void live_on(struct world *world, int64_t key, uint64_t next)
{
    assert_filled(world, key, 1, next - 1);
    world_fill(world, key, next, next + 4);
    world_settle(world, key, next + 4, "snapshot");
    assert_head(world, key, next + 4, "snapshot", next + 4, 0);
    assert_filled(world, key, 1, next + 4);
}

static void tidy(struct world *world)
{
    for (int i = 0; i < 30; i++)
        assert_int_equal(store_idle(world->store), STORE_OK);
}

/* Opened again, the first document is closed since this row, and the second goes on. */
static void serve_without_hurt(struct world *world, int64_t row, uint64_t next)
{
    world_open(world);
    assert_told(world, "hurt", row);
    assert_closed(world, HURT);
    live_on(world, SOUND, next);
    tidy(world);
    world_close(world);
}

/* Nothing is left of the log but what is kept. */
static void settle_sound_ones(struct world *world)
{
    world_open(world);
    world_settle(world, SOUND, 10, "s");
    world_settle(world, LAST, 1, "s");
    tidy(world);
}

/* ---- damage that leaves the head ---- */

static void a_row_whose_head_matches_closes_the_document_it_names(void **state)
{
    static const char *const changes[] = {
        "UPDATE log SET op = CAST('1x' AS BLOB) WHERE row = ",
        "UPDATE log SET op = x'' WHERE row = ",
        "UPDATE log SET client = client + 1 WHERE row = ",
        "UPDATE log SET seq = seq + 1 WHERE row = ",
        "UPDATE log SET at_ms = at_ms + 1 WHERE row = ",
        "UPDATE log SET sum = sum + 1 WHERE row = ",
    };
    static const int64_t rows[] = {1, 9, 19};
    struct world *world = *state;
    char sql[200];

    world_keep_copy(world);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        for (size_t k = 0; k < 3; k++) {
            int64_t before;

            snprintf(sql, sizeof sql, "%s%" PRId64, changes[i], rows[k]);
            world_sql(world, sql);
            before = print_of(world, "doc = 1");
            for (uint64_t next = 11; next <= 21; next += 5) {
                serve_without_hurt(world, rows[k], next);
                assert_int_equal(print_of(world, "doc = 1"), before);
            }
            assert_integrity(world);
            world_put_back(world);
        }
    }
}

/* It is the document's last edit: no gap would tell. */
static void the_last_row_of_a_document_is_known_by_its_head(void **state)
{
    struct world *world = *state;

    world_sql(world, "UPDATE log SET op = x'ff' WHERE row = 21");
    world_open(world);
    assert_told(world, "last", 21);
    assert_closed(world, LAST);
    live_on(world, HURT, 11);
    live_on(world, SOUND, 11);
}

/* Nothing is left of the log but what is kept, and rows are added after that. */
static void rows_between_those_that_are_kept_go(void **state)
{
    struct world *world = *state;

    world_sql(world, "UPDATE log SET op = x'ff' WHERE row = 9");
    settle_sound_ones(world);
    world_close(world);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM log"), 10);
    for (uint64_t next = 11; next <= 26; next += 5) {
        serve_without_hurt(world, 9, next);
        assert_int_equal(world_sql_number(world, "SELECT count(*) FROM log"), 10);
    }
}

/* Kept rows do not make the log a long one, which would be settled at each append for ever. */
static void what_is_kept_does_not_count_as_length_of_the_log(void **state)
{
    struct world *world = *state;

    world_sql(world, "UPDATE log SET op = x'ff' WHERE row = 9");
    settle_sound_ones(world);
    world_reopen(world);
    assert_int_equal(world->store->log_bytes, 0);
    assert_int_equal(world->store->log_first, world->store->log_next);
    world->store->log_rows_max = 4;
    world->store->log_bytes_max = 12;
    world_fill(world, SOUND, 11, 14);
    assert_int_equal(store_unsettled(world->store, SOUND), 4);
    world_fill(world, SOUND, 15, 40);
    assert_in_range(store_unsettled(world->store, SOUND), 0, 4);
    world_reopen(world);
    assert_told(world, "hurt", 9);
    assert_filled(world, SOUND, 1, 40);
}

static void a_damaged_head_of_a_whole_row_does_no_harm(void **state)
{
    struct world *world = *state;

    world_sql(world, "UPDATE log SET head = head + 1 WHERE row IN (5, 21)");
    world_open(world);
    assert_nobody_told(world);
    live_on(world, HURT, 11);
    live_on(world, LAST, 2);
}

static void damage_in_what_nobody_needs_does_no_harm(void **state)
{
    struct world *world = *state;

    world_open(world);
    assert_int_equal(world_create(world, "gone"), 4);
    world_fill(world, 4, 1, 2);
    world_settle(world, SOUND, 10, "s");
    assert_int_equal(store_delete(world->store, 4), STORE_OK);
    world_close(world);
    world_sql(world, "UPDATE log SET op = x'ff' WHERE row IN (20, 22)");
    world_open(world);
    assert_nobody_told(world);
    live_on(world, SOUND, 11);
    live_on(world, HURT, 11);
}

/* ---- damage in the head ---- */

static void a_gap_tells_the_document_of_a_row_that_does_not(void **state)
{
    static const char *const changes[] = {
        "UPDATE log SET doc = 2 WHERE row = 9",
        "UPDATE log SET doc = 77 WHERE row = 9",
        "UPDATE log SET doc = 0 WHERE row = 9",
        "UPDATE log SET version = 6 WHERE row = 9",
        "UPDATE log SET version = 99 WHERE row = 9",
        "UPDATE log SET head = 1, op = x'' WHERE row = 9",
        "UPDATE log SET head = NULL, op = x'' WHERE row = 9",
    };
    struct world *world = *state;

    world_keep_copy(world);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        int64_t before;

        world_sql(world, changes[i]);
        before = print_of(world, "row % 2 = 1 AND row < 20");
        for (uint64_t next = 11; next <= 16; next += 5) {
            serve_without_hurt(world, 11, next); /* what comes after version 4 */
            assert_int_equal(print_of(world, "row % 2 = 1 AND row < 20"), before);
        }
        world_put_back(world);
    }
}

static void gaps_tell_the_documents_of_as_many_rows(void **state)
{
    struct world *world = *state;
    struct told told = {0};

    /* one of each, and one more whose head is whole */
    world_sql(world, "UPDATE log SET doc = 3 - doc WHERE row IN (9, 10);"
                     "UPDATE log SET op = x'ff' WHERE row = 21");
    world_open(world);
    assert_int_equal(store_quarantine(world->store, note_told, &told), STORE_OK);
    assert_int_equal(told.count, 3);
    for (int64_t key = 1; key <= 3; key++)
        assert_closed(world, key);
    assert_int_equal(world_create(world, "new"), 4);
    world_fill(world, 4, 1, 3);
    live_on(world, 4, 4);
}

/* No gap tells of the last edit of a document; the checksum of its head does, if that is whole. */
static void the_last_row_of_a_document_is_found_by_the_checksum_of_its_head(void **state)
{
    static const struct {
        const char *sql;
        int64_t row;
    } changes[] = {
        {"UPDATE log SET doc = 2 WHERE row = 21", 21},
        {"UPDATE log SET doc = 99 WHERE row = 21", 21},
        {"UPDATE log SET doc = 0, version = 0 WHERE row = 21", 21},
        {"UPDATE log SET version = 7, op = x'' WHERE row = 21", 21},
    };
    struct world *world = *state;

    world_keep_copy(world);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        world_sql(world, changes[i].sql);
        for (uint64_t next = 11; next <= 16; next += 5) {
            world_open(world);
            assert_told(world, "last", changes[i].row);
            assert_closed(world, LAST);
            live_on(world, HURT, next);
            live_on(world, SOUND, next);
            tidy(world);
            world_close(world);
        }
        world_put_back(world);
    }
}

/* Two at the end of one document, one of another, and one that a gap tells of. */
static void several_rows_are_found_by_gaps_and_by_their_heads(void **state)
{
    struct world *world = *state;
    struct told told = {0};

    world_sql(world, "UPDATE log SET version = version + 40 WHERE row IN (17, 19);"
                     "UPDATE log SET doc = 1 WHERE row = 21;"
                     "UPDATE log SET doc = 8, op = x'ff' WHERE row = 10");
    world_open(world);
    assert_int_equal(store_quarantine(world->store, note_told, &told), STORE_OK);
    assert_int_equal(told.count, 3);
    for (int64_t key = 1; key <= 3; key++)
        assert_closed(world, key);
    assert_int_equal(world_create(world, "new"), 4);
    world_fill(world, 4, 1, 3);
    live_on(world, 4, 4);
}

/* Rows of what is settled, or deleted, wait to be removed. */
static void a_damaged_head_of_a_row_that_does_not_count_does_no_harm(void **state)
{
    struct world *world = *state;

    world_open(world);
    assert_int_equal(world_create(world, "gone"), 4);
    world_fill(world, 4, 1, 2);
    world_settle(world, SOUND, 10, "s");
    assert_int_equal(store_delete(world->store, 4), STORE_OK);
    world_close(world);
    world_sql(world, "UPDATE log SET doc = 77 WHERE row IN (20, 22)");
    world_open(world);
    assert_nobody_told(world);
    live_on(world, SOUND, 11);
    live_on(world, HURT, 11);
    live_on(world, LAST, 2);
}

/* It may be the last edit of any document, also of one that has no other in the log. */
static void a_row_that_no_gap_tells_of_keeps_the_database_closed(void **state)
{
    static const struct {
        const char *sql;
        int64_t row;
    } changes[] = {
        {"UPDATE log SET doc = 2, head = head + 1 WHERE row = 21", 21},
        {"UPDATE log SET version = 2, head = 0 WHERE row = 20", 20},
        {"UPDATE log SET version = 2, head = 0 WHERE row IN (9, 19)", 9},
        {"UPDATE log SET version = 2, sum = 0, head = 0 WHERE row IN (9, 20)", 9},
        {"UPDATE log SET doc = 7 WHERE row = 21; UPDATE log SET op = x'', head = 0 WHERE row = 19",
         19},
        {"UPDATE log SET head = NULL, op = x'' WHERE row = 19", 19},
        {"DELETE FROM log WHERE row = 9", 9},
        {"DELETE FROM log WHERE row = 10; UPDATE log SET doc = 5 WHERE row = 9", 9},
        {"DELETE FROM log WHERE row = 10; UPDATE log SET op = x'' WHERE row = 3", 12},
    };
    struct world *world = *state;

    world_keep_copy(world);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        world_sql(world, changes[i].sql);
        assert_refused(world, changes[i].row);
        world_put_back(world);
    }
}

/* ---- besides ---- */

/* They are there to be looked at. */
static void the_rows_of_a_document_whose_own_row_is_damaged_stay(void **state)
{
    struct world *world = *state;

    world_sql(world, "UPDATE documents SET title = 'x' WHERE key = 1");
    for (uint64_t next = 11; next <= 16; next += 5) {
        world_open(world);
        assert_nobody_told(world);
        assert_closed(world, HURT);
        live_on(world, SOUND, next);
        tidy(world);
        world_close(world);
    }
    world_sql(world, "UPDATE documents SET title = '' WHERE key = 1");
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM log WHERE doc = 1"), 10);
}

/* A row that is damaged while the store has it open, and is not in memory. */
static void damage_that_is_met_while_the_log_is_shortened_closes_its_document(void **state)
{
    struct world *world = *state;
    int64_t before;

    world_open(world);
    world->store->tail.kept_max = 0; /* from now on */
    world_fill(world, HURT, 11, 12);
    assert_int_equal(sqlite3_exec(world->store->db, "UPDATE log SET op = x'ff' WHERE row = 22",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    world->store->log_rows_max = 5;
    world_fill(world, SOUND, 11, 30);
    assert_closed(world, HURT);
    assert_filled(world, SOUND, 1, 30);
    world_close(world);
    before = print_of(world, "doc = 1 AND row >= 22");
    world_open(world);
    assert_told(world, "hurt", 22);
    assert_closed(world, HURT);
    live_on(world, SOUND, 31);
    tidy(world);
    world_close(world);
    assert_int_equal(print_of(world, "doc = 1 AND row >= 22"), before);
}

/* What can be read of it can be had from a copy. */
static void an_inspection_gives_what_comes_before_the_damage(void **state)
{
    struct world *world = *state;
    char path[TEMP_DIR_MAX + 16];

    world_sql(world, "UPDATE log SET op = x'ff' WHERE row = 9");
    world_path(world, path, sizeof path);
    assert_int_equal(store_inspect(path, &world->store, world->message, sizeof world->message),
                     STORE_OK);
    assert_head(world, HURT, 0, "", 4, 0);
    assert_filled(world, HURT, 1, 4);
    assert_filled(world, SOUND, 1, 10);
}

int main(void)
{
#define QUARANTINE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        QUARANTINE_TEST(a_row_whose_head_matches_closes_the_document_it_names),
        QUARANTINE_TEST(the_last_row_of_a_document_is_known_by_its_head),
        QUARANTINE_TEST(rows_between_those_that_are_kept_go),
        QUARANTINE_TEST(what_is_kept_does_not_count_as_length_of_the_log),
        QUARANTINE_TEST(a_damaged_head_of_a_whole_row_does_no_harm),
        QUARANTINE_TEST(damage_in_what_nobody_needs_does_no_harm),
        QUARANTINE_TEST(a_gap_tells_the_document_of_a_row_that_does_not),
        QUARANTINE_TEST(gaps_tell_the_documents_of_as_many_rows),
        QUARANTINE_TEST(the_last_row_of_a_document_is_found_by_the_checksum_of_its_head),
        QUARANTINE_TEST(several_rows_are_found_by_gaps_and_by_their_heads),
        QUARANTINE_TEST(a_damaged_head_of_a_row_that_does_not_count_does_no_harm),
        QUARANTINE_TEST(a_row_that_no_gap_tells_of_keeps_the_database_closed),
        QUARANTINE_TEST(the_rows_of_a_document_whose_own_row_is_damaged_stay),
        QUARANTINE_TEST(damage_that_is_met_while_the_log_is_shortened_closes_its_document),
        QUARANTINE_TEST(an_inspection_gives_what_comes_before_the_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
