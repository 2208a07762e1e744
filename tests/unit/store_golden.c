/*
 * Databases of every version of the schema, as SQL in tests/golden/storage: they open, hold what
 * they held, and go on. `store_golden --write DIR` makes the database of the present version, from
 * which the next SQL file is dumped.
 */
#include "storage/sharing.h"
#include "storage/upkeep.h"
#include "unit/store_world.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_BYTES 70000
#define SQL_MAX        (1 << 20)

static char *snapshot_new(void)
{
    char *snapshot = malloc(SNAPSHOT_BYTES + 1);

    assert_non_null(snapshot);
    for (size_t i = 0; i < SNAPSHOT_BYTES; i++)
        snapshot[i] = (char)('a' + i % 26);
    snapshot[SNAPSHOT_BYTES] = '\0';
    return snapshot;
}

/* What version 2 has besides. */
static void share(struct world *world)
{
    struct store_member ann = {"ann", 4, 6000}, bob = {"b\xc3\xb6"
                                                       "b",
                                                       1, 6001};
    struct store_link link = {.number = 12345, .role = 2, .created_ms = 6002, .expires_ms = 9999};
    struct store_revocation token = {STORE_REVOKED_TOKEN, "id-1", 0, 200};
    struct store_revocation subject = {STORE_REVOKED_SUBJECT, "eve", 100, 300};

    strcpy(link.label, "Class \xe2\x80\x93 8b");
    memset(link.hash, 0xa5, sizeof link.hash);
    assert_int_equal(store_member_set(world->store, 1, &ann, 9), STORE_OK);
    assert_int_equal(store_member_set(world->store, 1, &bob, 9), STORE_OK);
    assert_int_equal(store_link_add(world->store, 1, &link, 9), STORE_OK);
    assert_int_equal(store_revoke(world->store, &token, 9), STORE_OK);
    assert_int_equal(store_revoke(world->store, &subject, 9), STORE_OK);
}

static int note_member(void *context, const struct store_member *member)
{
    char *out = context;
    sprintf(out + strlen(out), "%s %u %d\n", member->subject, member->role, (int)member->at_ms);
    return 0;
}

static int note_link(void *context, const struct store_link *link)
{
    char *out = context;
    sprintf(out + strlen(out), "%d %02x %u %s %d %d\n", (int)link->number, link->hash[31],
            link->role, link->label, (int)link->created_ms, (int)link->expires_ms);
    return 0;
}

static int note_revocation(void *context, const struct store_revocation *revocation)
{
    char *out = context;
    sprintf(out + strlen(out), "%d %s %d %d\n", (int)revocation->kind, revocation->name,
            (int)revocation->before_s, (int)revocation->until_s);
    return 0;
}

static void check_sharing(struct world *world)
{
    char found[1000] = "";

    assert_int_equal(store_members(world->store, 1, note_member, found), STORE_OK);
    assert_int_equal(store_links(world->store, 1, note_link, found), STORE_OK);
    assert_int_equal(store_revocations(world->store, note_revocation, found), STORE_OK);
    assert_string_equal(found, "ann 4 6000\nb\xc3\xb6"
                               "b 1 6001\n12345 a5 2 Class \xe2\x80\x93 8b 6002 9999\n"
                               "1 id-1 0 200\n2 eve 100 300\n");
}

/* Document 1 has edits in segments and in the log, a snapshot in two parts, two clients and chat; 2
 * is deleted, with rows in the log that were emptied; 3 has one edit in the log, which keeps
 * settled ones of document 1 there too. */
static void make(struct world *world)
{
    char *snapshot = snapshot_new();

    assert_int_equal(world_create(world, "golden"), 1);
    assert_int_equal(store_rename(world->store, 1, "Gold \xe2\x80\x93 \xf0\x9f\xaa\x99", 5000),
                     STORE_OK);
    assert_int_equal(world_create(world, "deleted"), 2);
    assert_int_equal(world_create(world, "new"), 3);
    world_fill(world, 1, 1, 600);
    assert_int_equal(world_append(world, 1, 601, UINT64_MAX, 77, "x"), STORE_OK);
    world_settle(world, 1, 601, "old");
    world_fill(world, 3, 1, 1);
    world_fill(world, 1, 602, 605);
    world_fill(world, 2, 1, 3);
    world_settle(world, 1, 603, snapshot);
    assert_int_equal(world_chat(world, 1, 1, 5, 6, "hello"), STORE_OK);
    assert_int_equal(world_chat(world, 1, 2, 7, UINT64_MAX, "\xc3\xa4"), STORE_OK);
    assert_int_equal(store_delete(world->store, 2), STORE_OK);
    assert_int_equal(store_idle(world->store), STORE_OK);
    share(world);
    free(snapshot);
}

static void check(struct world *world)
{
    struct store_document document;
    char *snapshot = snapshot_new();
    uint64_t number;

    assert_int_equal(store_find(world->store, "golden", &document), STORE_OK);
    assert_int_equal(document.key, 1);
    assert_string_equal(document.title, "Gold \xe2\x80\x93 \xf0\x9f\xaa\x99");
    assert_int_equal(document.type, STORE_RICH);
    assert_int_equal(document.created_ms, 1000);
    assert_int_equal(document.updated_ms, 5000);
    assert_head(world, 1, 603, snapshot, 605, 2);
    assert_filled(world, 1, 1, 600);
    assert_filled(world, 1, 602, 605);
    assert_client(world, 1, 1, 605, 605);
    assert_client(world, 1, UINT64_MAX, 77, 601);
    assert_int_equal(store_chat_find(world->store, 1, 7, UINT64_MAX, &number), STORE_OK);
    assert_int_equal(number, 2);
    assert_int_equal(store_find(world->store, "deleted", &document), STORE_E_NOT_FOUND);
    assert_int_equal(store_find(world->store, "new", &document), STORE_OK);
    assert_head(world, 3, 0, "", 1, 0);
    assert_filled(world, 3, 1, 1);
    assert_int_equal(store_unsettled(world->store, 0), 3);
    free(snapshot);
}

static int note_chat(void *context, const struct store_chat *chat)
{
    size_t *count = context;

    assert_int_equal(chat->number, ++*count);
    assert_memory_equal(chat->text.data, *count == 1 ? "hello" : "\xc3\xa4", chat->text.size);
    assert_memory_equal(chat->name.data, "Ada", 3);
    assert_memory_equal(chat->color.data, "#aa00ff", 7);
    assert_int_equal(chat->at_ms, 4000);
    return 0;
}

/* ---- from SQL ----------------------------------------------------------------------------------
 */

static void build(struct world *world, const char *name)
{
    char *sql = calloc(1, SQL_MAX);
    char path[1024];
    FILE *file;

    snprintf(path, sizeof path, QUIRE_GOLDEN_DIR "/%s", name);
    file = fopen(path, "rb");
    assert_non_null(sql);
    assert_non_null(file);
    assert_true(fread(sql, 1, SQL_MAX - 1, file) > 1000);
    assert_int_not_equal(feof(file), 0);
    fclose(file);
    world_sql(world, sql);
    free(sql);
}

static void fail_of(void *context, const struct store_finding *finding)
{
    (void)context;
    fail_msg("%s", finding->text);
}

static void goes_on(struct world *world)
{
    size_t messages = 0;

    check(world);
    assert_int_equal(store_verify_file(world->store, fail_of, NULL), STORE_OK);
    assert_int_equal(store_chats(world->store, 1, 99, 99, note_chat, &messages), STORE_OK);
    assert_int_equal(messages, 2);
    world_fill(world, 1, 606, 900);
    world_settle(world, 1, 900, "newest");
    assert_int_equal(world_create(world, "another"), 4);
    world_reopen(world);
    assert_head(world, 1, 900, "newest", 900, 2);
    assert_filled(world, 1, 602, 900);
    assert_client(world, 1, UINT64_MAX, 77, 601);
}

static void a_database_of_version_1_opens_and_goes_on(void **state)
{
    struct world *world = *state;
    static const uint8_t secret[] = {0x40, 0x66, 0xb6, 0x67, 0x77, 0x04, 0xc7, 0x22,
                                     0x23, 0x1a, 0x0c, 0x14, 0x30, 0xfb, 0x75, 0xb9,
                                     0xd5, 0x0a, 0x53, 0x42, 0x69, 0xf7, 0xb7, 0xaf,
                                     0xd1, 0xf7, 0x1f, 0x64, 0x8a, 0xf9, 0xf9, 0xfa};

    build(world, "schema-1.sql");
    world_open(world);
    assert_int_equal(store_epoch(world->store), UINT64_C(3810260049422644));
    assert_memory_equal(store_secret(world->store), secret, sizeof secret);
    goes_on(world);
    share(world); /* which that version did not have */
    world_reopen(world);
    check_sharing(world);
}

static void a_database_of_version_2_opens_and_goes_on(void **state)
{
    struct world *world = *state;

    build(world, "schema-2.sql");
    world_open(world);
    assert_int_equal(store_epoch(world->store), UINT64_C(4537966760204961));
    check_sharing(world);
    goes_on(world);
    check_sharing(world);
}

static void a_database_of_version_3_opens_and_goes_on(void **state)
{
    struct world *world = *state;

    build(world, "schema-3.sql");
    world_open(world);
    assert_int_equal(store_epoch(world->store), UINT64_C(2465340157340951));
    check_sharing(world);
    goes_on(world);
    check_sharing(world);
}

/* A database that is made now has the tables of the newest SQL file. */
static void the_newest_sql_is_the_present_schema(void **state)
{
    struct world *world = *state;
    struct world now = {0};
    char path[TEMP_DIR_MAX + 16];
    char sql[TEMP_DIR_MAX + 400];

    build(world, "schema-3.sql");
    temp_dir_make(now.dir);
    world_open(&now);
    world_close(&now);
    world_path(&now, path, sizeof path);
    snprintf(sql, sizeof sql,
             "ATTACH '%s' AS now; SELECT count(*) FROM"
             " (SELECT type, name, tbl_name, sql FROM main.sqlite_schema"
             " EXCEPT SELECT type, name, tbl_name, sql FROM now.sqlite_schema)",
             path);
    assert_int_equal(world_sql_number(world, sql), 0);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM sqlite_schema"),
                     world_sql_number(&now, "SELECT count(*) FROM sqlite_schema"));
    assert_int_equal(world_sql_number(world, "PRAGMA user_version"),
                     world_sql_number(&now, "PRAGMA user_version"));
    temp_dir_remove(now.dir);
}

/* What is made now reads as what was made then, so that the SQL file says what it should. */
static void the_present_version_holds_the_same(void **state)
{
    struct world *world = *state;

    world_open(world);
    make(world);
    check(world);
    world_reopen(world);
    check(world);
    check_sharing(world);
}

static int setup_empty(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    if (world == NULL)
        return -1;
    temp_dir_make(world->dir);
    *state = world;
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_database_of_version_1_opens_and_goes_on, setup_empty,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_database_of_version_2_opens_and_goes_on, setup_empty,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_database_of_version_3_opens_and_goes_on, setup_empty,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(the_newest_sql_is_the_present_schema, setup_empty,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(the_present_version_holds_the_same, setup_empty,
                                        world_teardown),
    };

    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        struct world world = {0};

        snprintf(world.dir, sizeof world.dir, "%s", argv[2]);
        world_open(&world);
        make(&world);
        world_close(&world);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
