/* Damage on the disk: it is found, told, and kept to the document that it is in. */
#include "unit/store_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/sharing.h"
#include "unit/store_model.h"

/* Document 1, "hurt", has something in every table; document 2, "sound", the same. */
static int setup_full(void **state)
{
    static char snapshot[100001];
    struct world *world;

    if (world_setup_plain(state) != 0)
        return -1;
    world = *state;
    memset(snapshot, 's', sizeof snapshot - 1);
    for (int64_t key = 1; key <= 2; key++) {
        assert_int_equal(world_create(world, key == 1 ? "hurt" : "sound"), key);
        world_fill(world, key, 1, 1000);
        world_settle(world, key, 1000, snapshot);
        for (uint64_t number = 1; number <= 3; number++)
            assert_int_equal(world_chat(world, key, number, 1, number, "message"), STORE_OK);
    }
    assert_int_equal(store_idle(world->store), STORE_OK);
    for (int64_t key = 1; key <= 2; key++)
        world_fill(world, key, 1001, 1010);
    world_close(world);
    return 0;
}

static int ignore_edit(void *context, const struct store_edit *edit)
{
    (void)context;
    (void)edit;
    return 0;
}

static int ignore_chat(void *context, const struct store_chat *chat)
{
    (void)context;
    (void)chat;
    return 0;
}

static void ignore_document(void *context, const struct store_document *document)
{
    (void)context;
    (void)document;
}

static void assert_sound(struct world *world)
{
    struct store_document document;
    struct store_head head;
    bool done = false;

    assert_int_equal(store_find(world->store, "sound", &document), STORE_OK);
    assert_int_equal(store_load(world->store, 2, &head), STORE_OK);
    assert_int_equal(head.snapshot.size, 100000);
    assert_filled(world, 2, 1, 1010);
    assert_client(world, 2, 1, 1010, 1010);
    assert_int_equal(store_chats(world->store, 2, 9, 9, ignore_chat, NULL), STORE_OK);
    world_fill(world, 2, 1011, 1012);
    while (!done)
        assert_int_equal(store_settle(world->store, 2, 1012, slice_of("new"), 1, &done), STORE_OK);
    assert_filled(world, 2, 1, 1012);
}

/* ---- values that were changed ------------------------------------------------------------------
 */

enum { FINDS = 1, LOADS = 2, HISTORY = 4, CLIENT = 8, CHATS = 16 };

struct damage {
    const char *sql;
    unsigned calls; /* those that must find it; the others must go well */
};

static void assert_call(int rc, unsigned calls, unsigned call, const char *sql)
{
    int expected = calls & call ? STORE_E_CORRUPT : STORE_OK;

    if (rc != expected)
        fail_msg("%s: call %u is %s", sql, call, store_error_name(rc));
}

static void assert_found(struct world *world, const struct damage *damage)
{
    struct store_document document;
    struct store_head head;
    uint64_t seq;
    uint64_t version;

    assert_call(store_find(world->store, "hurt", &document), damage->calls, FINDS, damage->sql);
    assert_call(store_load(world->store, 1, &head), damage->calls, LOADS, damage->sql);
    assert_call(store_history(world->store, 1, 1, UINT64_MAX, ignore_edit, NULL), damage->calls,
                HISTORY, damage->sql);
    assert_call(store_client(world->store, 1, 7, &seq, &version), damage->calls, CLIENT,
                damage->sql);
    assert_call(store_chats(world->store, 1, UINT64_MAX, 10, ignore_chat, NULL), damage->calls,
                CHATS, damage->sql);
}

#define ALL    (FINDS | LOADS | HISTORY | CLIENT | CHATS)
#define IN_ROW "UPDATE documents SET "
#define OF_ROW " WHERE key = 1"

static const struct damage damages[] = {
    {IN_ROW "title = 'other'" OF_ROW, ALL},
    {IN_ROW "type = 2" OF_ROW, ALL},
    {IN_ROW "created_ms = created_ms + 1" OF_ROW, ALL},
    {IN_ROW "updated_ms = updated_ms + 1" OF_ROW, ALL},
    {IN_ROW "snapshot = snapshot - 1" OF_ROW, ALL},
    {IN_ROW "snapshot_bytes = 1" OF_ROW, ALL},
    {IN_ROW "snapshot_at_ms = 1" OF_ROW, ALL},
    {IN_ROW "settled = settled + 5" OF_ROW, ALL},
    {IN_ROW "sum = sum + 1" OF_ROW, ALL},
    {"UPDATE segments SET edits = zeroblob(length(edits)) WHERE doc = 1 AND first = 1", HISTORY},
    {"UPDATE segments SET edits = x'' WHERE doc = 1 AND first = 1", HISTORY},
    {"UPDATE segments SET last = last + 1 WHERE doc = 1 AND first = 1", HISTORY},
    {"UPDATE segments SET first = 2 WHERE doc = 1 AND first = 1", HISTORY},
    {"UPDATE segments SET sum = sum + 1 WHERE doc = 1 AND first > 1", HISTORY},
    {"UPDATE segments SET doc = 9 WHERE doc = 1 AND first > 1", HISTORY},
    {"DELETE FROM segments WHERE doc = 1 AND first = 1", HISTORY},
    {"DELETE FROM segments WHERE doc = 1 AND first > 1", HISTORY},
    {"DELETE FROM segments WHERE doc = 1", HISTORY},
    {"UPDATE segments SET edits = (SELECT edits FROM segments WHERE doc = 2 AND first = 1),"
     " sum = (SELECT sum FROM segments WHERE doc = 2 AND first = 1) WHERE doc = 1 AND first = 1",
     HISTORY},
    {"UPDATE snapshots SET data = zeroblob(length(data)) WHERE doc = 1 AND part = 0", LOADS},
    {"UPDATE snapshots SET data = x'00' WHERE doc = 1 AND part = 1", LOADS},
    {"UPDATE snapshots SET sum = sum + 1 WHERE doc = 1 AND part = 1", LOADS},
    {"UPDATE snapshots SET part = 2 WHERE doc = 1 AND part = 1", LOADS},
    {"UPDATE snapshots SET version = 3 WHERE doc = 1 AND part = 0", LOADS},
    {"UPDATE snapshots SET doc = 9 WHERE doc = 1", LOADS},
    {"DELETE FROM snapshots WHERE doc = 1 AND part = 1", LOADS},
    {"UPDATE snapshots SET data = (SELECT data FROM snapshots WHERE doc = 1 AND part = 1),"
     " sum = (SELECT sum FROM snapshots WHERE doc = 1 AND part = 1) WHERE doc = 1 AND part = 0",
     LOADS},
    {"INSERT INTO clients VALUES (1, 7, 5, 5, 0)", CLIENT},
    {"INSERT INTO clients SELECT doc, 7, seq, version, sum FROM clients WHERE doc = 1", CLIENT},
    {"UPDATE chats SET text = 'massage' WHERE doc = 1 AND number = 2", CHATS},
    {"UPDATE chats SET name = '' WHERE doc = 1 AND number = 2", CHATS},
    {"UPDATE chats SET color = '' WHERE doc = 1 AND number = 2", CHATS},
    {"UPDATE chats SET client = client + 1 WHERE doc = 1 AND number = 2", CHATS},
    {"UPDATE chats SET nonce = nonce + 10 WHERE doc = 1 AND number = 2", CHATS},
    {"UPDATE chats SET at_ms = at_ms + 1 WHERE doc = 1 AND number = 2", CHATS},
    {"UPDATE chats SET sum = sum + 1 WHERE doc = 1 AND number = 2", CHATS},
    {"UPDATE chats SET number = 4 WHERE doc = 1 AND number = 3", CHATS},
    {"DELETE FROM chats WHERE doc = 1 AND number = 2", CHATS},
};

static void a_changed_row_is_found_and_concerns_its_document_alone(void **state)
{
    struct world *world = *state;

    world_keep_copy(world);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        world_sql(world, damages[i].sql);
        world_open(world);
        assert_found(world, &damages[i]);
        assert_sound(world);
        world_close(world);
        world_put_back(world);
    }
}

struct listed {
    size_t count;
    int64_t keys[8];
};

static void note_listed(void *context, const struct store_document *document)
{
    struct listed *listed = context;

    assert_true(listed->count < 8);
    listed->keys[listed->count++] = document->key;
}

/* Those with good rows, however many are asked for at once. */
static void a_damaged_row_is_left_out_of_lists(void **state)
{
    static const int64_t good[] = {8, 7, 5, 2};
    struct world *world = *state;
    struct store_member ann = {.subject = "ann", .role = 1};

    world_open(world);
    for (int64_t key = 3; key <= 8; key++) {
        char id[8];

        snprintf(id, sizeof id, "d%d", (int)key);
        assert_int_equal(world_create(world, id), key);
    }
    for (int64_t key = 1; key <= 8; key++) {
        assert_int_equal(store_rename(world->store, key, "t", 1000000 + key), STORE_OK);
        assert_int_equal(store_member_set(world->store, key, &ann, 9), STORE_OK);
    }
    world_close(world);
    world_sql(world, "UPDATE documents SET sum = sum + 1 WHERE key IN (1, 3, 4, 6)");
    world_open(world);
    for (size_t limit = 0; limit <= 6; limit++) {
        size_t expected = limit < 4 ? limit : 4;
        struct listed all = {0}, own = {0};

        assert_int_equal(store_list(world->store, INT64_MAX, INT64_MAX, limit, note_listed, &all),
                         STORE_OK);
        assert_int_equal(
            store_list_of(world->store, "ann", INT64_MAX, INT64_MAX, limit, note_listed, &own),
            STORE_OK);
        assert_int_equal(all.count, expected);
        assert_int_equal(own.count, expected);
        assert_memory_equal(all.keys, good, expected * sizeof *good);
        assert_memory_equal(own.keys, good, expected * sizeof *good);
    }
}

/* Reads what it can of a history that has a damaged part. */
static int history_of(struct world *world, uint64_t first, uint64_t last)
{
    return store_history(world->store, 1, first, last, ignore_edit, NULL);
}

static void a_document_goes_on_after_a_damaged_segment(void **state)
{
    static const char *const damage[] = {
        "UPDATE segments SET sum = sum + 1 WHERE doc = 1 AND last = 1005",
        "UPDATE segments SET edits = x'01' WHERE doc = 1 AND last = 1005",
        "DELETE FROM segments WHERE doc = 1 AND last = 1005",
    };
    struct world *world = *state;

    world_open(world);
    world_settle(world, 1, 1005, "s");
    world_close(world);
    world_keep_copy(world);
    for (size_t i = 0; i < 3; i++) {
        world_sql(world, damage[i]);
        world_open(world);
        world_settle(world, 1, 1010, "made of 1010");
        assert_head(world, 1, 1010, "made of 1010", 1010, 3);
        assert_int_equal(history_of(world, 1000, 1010), STORE_E_CORRUPT);
        assert_filled(world, 1, 1, 1000);
        assert_filled(world, 1, 1006, 1010);
        assert_sound(world);
        world_close(world);
        world_put_back(world);
    }
}

static void a_write_that_meets_damage_leaves_all_as_it_was(void **state)
{
    struct world *world = *state;
    struct store_edit edits[] = {{2, 1011, 1, 1011, 3011, slice_of("1011")},
                                 {1, 1011, 1, 1011, 3011, slice_of("1011")}};
    bool done;

    world_sql(world, "UPDATE documents SET title = '' WHERE key = 1");
    world_open(world);
    assert_int_equal(store_append(world->store, edits, 2, NULL, 0), STORE_E_CORRUPT);
    assert_int_equal(world_chat(world, 1, 4, 1, 4, "x"), STORE_E_CORRUPT);
    assert_int_equal(store_rename(world->store, 1, "t", 1), STORE_E_CORRUPT);
    assert_int_equal(store_delete(world->store, 1), STORE_E_CORRUPT);
    assert_int_equal(store_settle(world->store, 1, 1010, slice_of("s"), 1, &done), STORE_E_CORRUPT);
    assert_filled(world, 2, 1, 1010);
    assert_sound(world);
}

/* ---- what is read when the store opens ---------------------------------------------------------
 */

/* `store_quarantine` has what of it closes documents. */
static void a_log_with_rows_missing_is_found_when_it_opens(void **state)
{
    struct world *world = *state;
    static const char *const changes[] = {
        "DELETE FROM log WHERE row = (SELECT max(row) - 3 FROM log)",
        /* the last edit of document 1 */
        "DELETE FROM log WHERE row = (SELECT max(row) - 10 FROM log)",
        "DELETE FROM documents WHERE key = 2",
    };
    int64_t row = world_sql_number(world, "SELECT max(row) - 3 FROM log");
    char expected[64];

    world_keep_copy(world);
    snprintf(expected, sizeof expected, "row %" PRId64 " of its log", row);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        world_sql(world, changes[i]);
        assert_int_equal(
            store_open(world->dir, &world->store, world->message, sizeof world->message),
            STORE_E_CORRUPT);
        assert_null(world->store);
        assert_non_null(strstr(world->message, "damaged"));
        if (i < 1)
            assert_non_null(strstr(world->message, expected));
        world_put_back(world);
    }
    world_open(world);
    assert_sound(world);
}

/* Rows that match their checksums and do not belong together, as after copying back a part. */
static void an_older_row_of_a_document_is_found_when_it_opens(void **state)
{
    struct world *world = *state;
    char sql[TEMP_DIR_MAX + 128];

    snprintf(sql, sizeof sql,
             "ATTACH '%s/old' AS old; CREATE TABLE old.d AS SELECT * FROM documents", world->dir);
    world_sql(world, sql);
    world_open(world);
    world_settle(world, 1, 1010, "s");
    world_settle(world, 2, 1010, "s");
    for (int i = 0; i < 4; i++)
        assert_int_equal(store_idle(world->store), STORE_OK);
    world_fill(world, 1, 1011, 1012);
    world_close(world);
    snprintf(sql, sizeof sql, "ATTACH '%s/old' AS old; REPLACE INTO documents SELECT * FROM old.d",
             world->dir);
    world_sql(world, sql);
    assert_int_equal(store_open(world->dir, &world->store, world->message, sizeof world->message),
                     STORE_E_CORRUPT);
    assert_non_null(strstr(world->message, "of its log"));
}

static void a_part_of_another_snapshot_is_found(void **state)
{
    struct world *world = *state;
    struct world other = {0};
    struct store_head head;
    char sql[TEMP_DIR_MAX + 128];

    temp_dir_make(other.dir);
    world_open(&other);
    assert_int_equal(world_create(&other, "hurt"), 1);
    world_fill(&other, 1, 1, 1000);
    world_settle(&other, 1, 1000, "shorter");
    world_close(&other);
    snprintf(sql, sizeof sql,
             "ATTACH '%s/quire.db' AS other; REPLACE INTO snapshots SELECT * FROM other.snapshots",
             other.dir);
    world_sql(world, sql);
    world_open(world);
    assert_int_equal(store_load(world->store, 1, &head), STORE_E_CORRUPT);
    assert_sound(world);
    temp_dir_remove(other.dir);
}

static void a_changed_secret_is_found_when_it_opens(void **state)
{
    struct world *world = *state;

    world_sql(world, "UPDATE meta SET epoch = epoch + 1");
    assert_int_equal(store_open(world->dir, &world->store, world->message, sizeof world->message),
                     STORE_E_CORRUPT);
    world_sql(world, "UPDATE meta SET epoch = epoch - 1, secret = zeroblob(32)");
    assert_int_equal(store_open(world->dir, &world->store, world->message, sizeof world->message),
                     STORE_E_CORRUPT);
    assert_non_null(strstr(world->message, "its first row"));
}

/* ---- bits that were flipped --------------------------------------------------------------------
 */

struct flip {
    struct world *world;
    uint64_t seed;
    long place;
};

/* What is given out is what was put in, or nothing. */
static int check_edit(void *context, const struct store_edit *edit)
{
    const struct flip *flip = context;
    char op[24];
    size_t size = (size_t)snprintf(op, sizeof op, "%" PRIu64, edit->version);

    if (edit->op.size != size || memcmp(edit->op.data, op, size) != 0 ||
        edit->seq != edit->version || edit->client != 1)
        fail_msg("QUIRE_SEED=%" PRIu64 ", byte %ld: edit %" PRIu64 " differs", flip->seed,
                 flip->place, edit->version);
    return 0;
}

static int check_chat(void *context, const struct store_chat *chat)
{
    const struct flip *flip = context;

    if (chat->text.size != 7 || memcmp(chat->text.data, "message", 7) != 0)
        fail_msg("QUIRE_SEED=%" PRIu64 ", byte %ld: message differs", flip->seed, flip->place);
    return 0;
}

static void check_snapshot(const struct flip *flip, const struct store_head *head)
{
    for (size_t i = 0; i < head->snapshot.size; i++)
        if (head->snapshot.data[i] != 's')
            fail_msg("QUIRE_SEED=%" PRIu64 ", byte %ld: snapshot differs", flip->seed, flip->place);
}

static void use_all(const struct flip *flip)
{
    struct store *store = flip->world->store;
    struct store_document document;
    struct store_head head;
    uint64_t a;
    uint64_t b;
    bool done;

    for (int64_t key = 1; key <= 2; key++) {
        if (store_load(store, key, &head) == STORE_OK)
            check_snapshot(flip, &head);
        store_history(store, key, 1, UINT64_MAX, check_edit, (void *)(uintptr_t)flip);
        store_chats(store, key, UINT64_MAX, 100, check_chat, (void *)(uintptr_t)flip);
        store_client(store, key, 1, &a, &b);
        store_chat_find(store, key, 1, 1, &a);
        store_settle(store, key, 1010, slice_of("s"), 1, &done);
        store_rename(store, key, "t", 1);
    }
    store_find(store, "hurt", &document);
    store_list(store, INT64_MAX, INT64_MAX, 100, ignore_document, NULL);
    store_delete(store, 1);
    store_idle(store);
}

static void flip_bits(const char *path, long place, uint8_t bits)
{
    FILE *file = fopen(path, "r+b");
    int byte;

    assert_non_null(file);
    assert_int_equal(fseek(file, place, SEEK_SET), 0);
    byte = fgetc(file);
    assert_int_equal(fseek(file, place, SEEK_SET), 0);
    fputc(byte ^ bits, file);
    fclose(file);
}

static long file_length(const char *path)
{
    FILE *file = fopen(path, "rb");
    long length;

    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    fclose(file);
    return length;
}

static void flip_at_random(struct world *world, const char *suffix, int rounds)
{
    struct flip flip = {.world = world, .seed = world_seed("store_damage")};
    uint64_t random = flip.seed;
    char good[TEMP_DIR_MAX + 32];
    char path[TEMP_DIR_MAX + 32];
    char command[1400];
    int opened = 0;

    snprintf(good, sizeof good, "%s/good", world->dir);
    snprintf(path, sizeof path, "%s/quire.db%s", world->dir, suffix);
    snprintf(command, sizeof command, "mkdir %s && cp %s/quire.db* %s", good, world->dir, good);
    assert_int_equal(system(command), 0);
    for (int i = 0; i < rounds; i++) {
        flip.place = (long)random_below(&random, (uint64_t)file_length(path));
        flip_bits(path, flip.place, (uint8_t)(1 + random_below(&random, 255)));
        if (store_open(world->dir, &world->store, world->message, sizeof world->message) ==
            STORE_OK) {
            use_all(&flip);
            opened++;
        }
        world_close(world);
        snprintf(command, sizeof command, "rm -f %s/quire.db* && cp %s/quire.db* %s", world->dir,
                 good, world->dir);
        assert_int_equal(system(command), 0);
    }
    print_message("%d of %d opened\n", opened, rounds);
    assert_true(opened > 0);
}

static void a_flipped_bit_gives_out_nothing_wrong(void **state)
{
    flip_at_random(*state, "", 120);
}

static void a_flipped_bit_in_the_write_ahead_log_gives_out_nothing_wrong(void **state)
{
    struct world *world = *state;
    pid_t child = fork();
    int status;

    /* a process that does not close leaves it behind */
    if (child == 0) {
        world_open(world);
        world_fill(world, 1, 1011, 1300);
        world_fill(world, 2, 1011, 1300);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    flip_at_random(world, "-wal", 60);
}

/* ---- what was deleted --------------------------------------------------------------------------
 */

static bool file_has(const char *path, const char *needle)
{
    FILE *file = fopen(path, "rb");
    long length = file_length(path);
    char *content = malloc((size_t)length);
    bool has;

    assert_true(file != NULL && content != NULL);
    assert_int_equal(fread(content, 1, (size_t)length, file), length);
    has = memmem(content, (size_t)length, needle, strlen(needle)) != NULL;
    fclose(file);
    free(content);
    return has;
}

static void what_is_deleted_leaves_the_file(void **state)
{
    struct world *world = *state;
    char path[TEMP_DIR_MAX + 16];
    static const char *const needles[] = {"needle-one", "needle-two", "needle-three", "needle-four",
                                          "needle-five"};
    int64_t key;

    world_open(world);
    key = world_create(world, "secret");
    assert_int_equal(store_rename(world->store, key, needles[0], 1), STORE_OK);
    assert_int_equal(world_append(world, key, 1, 1, 1, needles[1]), STORE_OK);
    world_settle(world, key, 1, needles[2]);
    assert_int_equal(world_chat(world, key, 1, 1, 1, needles[3]), STORE_OK);
    assert_int_equal(world_append(world, key, 2, 1, 2, needles[4]), STORE_OK);
    world_reopen(world);
    world_path(world, path, sizeof path);
    for (size_t i = 0; i < 5; i++)
        assert_true(file_has(path, needles[i]));
    assert_int_equal(store_delete(world->store, key), STORE_OK);
    /* the log begins with edits of others, which are moved out of the way */
    for (int64_t other = 1; other <= 2; other++)
        world_settle(world, other, 1010, "s");
    assert_int_equal(store_idle(world->store), STORE_OK);
    world_close(world);
    for (size_t i = 0; i < 5; i++)
        assert_false(file_has(path, needles[i]));
}

int main(void)
{
#define DAMAGE_TEST(test) cmocka_unit_test_setup_teardown(test, setup_full, world_teardown)
    const struct CMUnitTest tests[] = {
        DAMAGE_TEST(a_changed_row_is_found_and_concerns_its_document_alone),
        DAMAGE_TEST(a_damaged_row_is_left_out_of_lists),
        DAMAGE_TEST(a_document_goes_on_after_a_damaged_segment),
        DAMAGE_TEST(a_write_that_meets_damage_leaves_all_as_it_was),
        DAMAGE_TEST(a_log_with_rows_missing_is_found_when_it_opens),
        DAMAGE_TEST(an_older_row_of_a_document_is_found_when_it_opens),
        DAMAGE_TEST(a_part_of_another_snapshot_is_found),
        DAMAGE_TEST(a_changed_secret_is_found_when_it_opens),
        DAMAGE_TEST(a_flipped_bit_gives_out_nothing_wrong),
        DAMAGE_TEST(a_flipped_bit_in_the_write_ahead_log_gives_out_nothing_wrong),
        DAMAGE_TEST(what_is_deleted_leaves_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
