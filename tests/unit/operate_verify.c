/* quire verify, and what it makes of each kind of damage. */
#include "lib/operate_world.h"
#include "server/operate/check.h"

#include <fcntl.h>
#include <quire/ot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EDITS   700 /* more than a segment holds */
#define SETTLED 650

/* Two documents with something in every table, and a deleted one. */
static void make(const struct place *place)
{
    struct rng rng = rng_start("operate_verify");
    struct store *store = open_store(place->data);
    make_document(store, "hurt", STORE_RICH, EDITS, SETTLED, &rng);
    make_document(store, "sound", STORE_TEXT, EDITS, SETTLED, &rng);
    make_document(store, "gone", STORE_TEXT, 3, 0, &rng);
    make_document(store, "young", STORE_RICH, 5, 0, &rng);
    assert_int_equal(store_delete(store, 3), STORE_OK);
    store_close(store);
}

static void a_sound_database_is_told_to_be(void **state)
{
    const struct place *place = *state;
    make(place);
    const char *file = place_path(place, "data/quire.db"), *good = place_path(place, "good.db");
    copy_file(file, good);
    quire(0, "3 documents, 1405 edits: all is well", "verify", "--data", place->data);
    quire(0, "3 documents, 1405 edits: all is well", "verify", file);
    assert_same_file(file, good);
    assert_int_equal(count_files(place->data, "quire"), 1);
}

static void an_empty_database_is_sound(void **state)
{
    const struct place *place = *state;
    store_close(open_store(place->data));
    quire(0, "0 documents, 0 edits: all is well", "verify", "--data", place->data);
}

struct damage {
    const char *sql;
    const char *line; /* of the table, blanks as they are */
};

#define DOC(version, text) "hurt                     " version "  " text
#define FLIP(column)       column " = CAST(x'00' || substr(" column ", 2) AS BLOB)"

static const struct damage damages[] = {
    {"UPDATE documents SET title = 'other' WHERE key = 1",
     DOC("          ", "its own row does not match its checksum")},
    {"UPDATE documents SET settled = settled - 1, snapshot = 0 WHERE key = 1",
     DOC("          ", "its own row does not match its checksum")},
    {"DELETE FROM documents WHERE key = 1", "(number 1)                           its own row is "
                                            "missing"},
    {"UPDATE log SET op = CAST(op || x'00' AS BLOB) WHERE doc = 1 AND version = 660",
     DOC("       660", "row ")},
    {"UPDATE log SET seq = seq + 1 WHERE doc = 1 AND version = 660", DOC("       660", "row ")},
    {"UPDATE log SET op = CAST(op || x'00' AS BLOB) WHERE doc = 1 AND version = 700",
     DOC("       700", "row ")},
    {"UPDATE log SET version = 661 WHERE doc = 1 AND version = 660",
     DOC("       661", "this edit in the log does not follow the one before it")},
    {"UPDATE log SET doc = 2 WHERE doc = 1 AND version = 660",
     "(database)                           row "},
    {"UPDATE log SET head = head + 1 WHERE doc = 1 AND version = 660",
     "(database)                           the head of row "},
    {"DELETE FROM log WHERE doc = 1 AND version = 660",
     DOC("       661", "this edit in the log does not follow the one before it")},
    {"UPDATE segments SET " FLIP("edits") " WHERE doc = 1 AND first = 1",
     DOC("         1", "the segment of edits 1 to ")},
    {"UPDATE segments SET sum = sum + 1 WHERE doc = 1 AND last = 650", "650 does not match its "
                                                                       "checksum"},
    {"DELETE FROM segments WHERE doc = 1 AND first = 1", DOC("         1", "edits 1 to ")},
    {"DELETE FROM segments WHERE doc = 1 AND last = 650", "to 650 are missing"},
    {"UPDATE snapshots SET " FLIP("data") " WHERE doc = 1",
     DOC("       650", "its snapshot is not whole, or does not match its checksums")},
    {"DELETE FROM snapshots WHERE doc = 1",
     DOC("       650", "its snapshot is not whole, or does not match its checksums")},
    {"UPDATE clients SET seq = seq + 1 WHERE doc = 1 AND client = 2",
     DOC("       649", "a client's row does not match its checksum")},
    {"DELETE FROM clients WHERE doc = 1 AND client = 2",
     DOC("          ", "the last edits of 1 clients are not noted")},
    {"UPDATE chats SET text = 'hallo' WHERE doc = 1 AND number = 2",
     DOC("          ", "chat message 2 does not match its checksum")},
    {"DELETE FROM chats WHERE doc = 1 AND number = 2",
     DOC("          ", "chat message 2 is missing")},
    {"UPDATE meta SET epoch = epoch + 1",
     "(database)                           the row with epoch and secret does not match its "
     "checksum"},
    {"DELETE FROM meta", "(database)                           the row with epoch and secret"},
    {"PRAGMA writable_schema = ON;"
     "UPDATE sqlite_schema SET sql = replace(sql, '<= 400', '<= 40') WHERE name = 'documents'",
     "(database)                           the table \"documents\" is not declared as it was made"},
    {"PRAGMA writable_schema = ON;"
     "UPDATE sqlite_schema SET sql = replace(sql, 'length(', 'lengtg(') WHERE name = 'links'",
     "(database)                           the table \"links\" is not declared as it was made"},
    {"DROP INDEX documents_listed", "(database)                           the index "
                                    "\"documents_listed\" is not declared as it was "
                                    "made"},
    {"INSERT INTO documents SELECT 5, 'twin', title, type, state, created_ms, updated_ms, settled,"
     " snapshot, snapshot_bytes, snapshot_at_ms, sum FROM documents WHERE key = 1",
     "twin                                 its own row does not match its checksum"},
};

static void each_damage_is_found_and_named_and_keeps_nothing_from_being_checked(void **state)
{
    const struct place *place = *state;
    const char *file = place_path(place, "data/quire.db"), *good = place_path(place, "good.db");
    make(place);
    copy_file(file, good);
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        copy_file(good, file);
        run_sql(place->data, damages[i].sql);
        const char *output = quire(1, damages[i].line, "verify", "--data", place->data);
        assert_holds(output, "found; go on from a backup");
        assert_lacks(output, "sound");
        assert_lacks(output, "young");
    }
    /* A damaged row beside a second one: both are told. */
    copy_file(good, file);
    run_sql(place->data, "UPDATE log SET seq = 9 WHERE version = 700;"
                         "UPDATE snapshots SET sum = 0 WHERE doc = 2");
    const char *output = quire(1, "hurt ", "verify", "--data", place->data);
    assert_holds(output, "sound                           650  its snapshot is not whole");
    assert_holds(output, "sound                           700  row ");
    assert_holds(output, "3 found");
}

/* ---- what no checksum shows ---- */

static void append_bytes(struct store *store, int64_t key, uint64_t version, const char *bytes,
                         size_t size)
{
    struct store_edit edit = {.key = key,
                              .version = version,
                              .client = 9,
                              .seq = version,
                              .op = {(const uint8_t *)bytes, size}};
    assert_int_equal(store_append(store, &edit, 1, NULL, 0), STORE_OK);
}

static void settle(struct store *store, int64_t key, uint64_t version, const char *bytes,
                   size_t size)
{
    bool done = false;
    while (!done)
        assert_int_equal(store_settle(store, key, version,
                                      (struct store_slice){(const uint8_t *)bytes, size}, 1, &done),
                         STORE_OK);
}

static void edits_and_snapshots_that_do_not_agree_are_found(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place->data);
    static const char *const ids[] = {"far", "bytes", "other", "none", "fine"};
    for (int64_t key = 1; key <= 5; key++) {
        struct store_document document = {.type = STORE_TEXT};
        strcpy(document.id, ids[key - 1]);
        assert_int_equal(store_create(store, &document, 1), STORE_OK);
        append_bytes(store, key, 1,
                     "\x02\x09"
                     "a",
                     3); /* insert "a" */
    }
    append_bytes(store, 1, 2, "\x02\x32", 2); /* delete more than there is */
    append_bytes(store, 2, 2, "\xff", 1);
    settle(store, 3, 1,
           "\x02\x09"
           "b",
           3);
    settle(store, 4, 1, "\xff", 1);
    settle(store, 5, 1,
           "\x02\x09"
           "a",
           3);
    store_close(store);
    const char *output = quire(1, "4 found", "verify", "--data", place->data);
    assert_holds(output, "far                               2  this edit does not fit");
    assert_holds(output, "bytes                             2  this edit does not fit");
    assert_holds(output, "other                             1  its snapshot is not what its edits "
                         "make");
    assert_holds(output, "none                              1  its snapshot is");
    assert_lacks(output, "fine");
}

/* All that was in the database is there as it was. */
static void assert_unharmed(const struct place *place)
{
    static const char *const ids[] = {"hurt", "sound", "young"};
    struct store *good = open_store(place->other), *store = open_store(place->data);
    for (size_t i = 0; i < 3; i++)
        assert_same_document(good, store, ids[i]);
    store_close(store);
    store_close(good);
}

static void damage_anywhere_in_the_file_is_found_or_harmless(void **state)
{
    const struct place *place = *state;
    const char *file = place_path(place, "data/quire.db"), *good = place_path(place, "good.db");
    struct rng rng = rng_start("a flipped byte");
    unsigned told = 0;
    make(place);
    copy_file(file, good);
    store_close(open_store(place->other));
    copy_file(file, place_path(place, "other/quire.db"));
    /* About one in three hurts: that none of them does is one run in 10^12. */
    for (int round = 0; round < 60; round++) {
        struct process process;
        copy_file(good, file);
        int fd = open(file, O_RDWR | O_CLOEXEC);
        off_t size = lseek(fd, 0, SEEK_END);
        off_t at = 100 + rng_below(&rng, (uint32_t)size - 100);
        uint8_t byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= (uint8_t)(1 << rng_below(&rng, 8));
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        process_start(&process,
                      (const char *const[]){QUIRE_PROGRAM, "verify", "--data", place->data, NULL});
        int status = process_end(&process);
        if (status != 0 && status != 1)
            fail_msg("byte %ld: status %d: %s", (long)at, status, process.output);
        told += status == 1;
        if (status == 0)
            assert_unharmed(place);
    }
    print_message("%u told\n", told);
    assert_true(told > 0); /* some bytes are free space, not all */
}

static void what_is_no_database_is_refused(void **state)
{
    const struct place *place = *state;
    const char *file = place_path(place, "file.db");
    quire(1, "there is no database in the directory", "verify", "--data", place->data);
    quire(1, "cannot be read", "verify", file);
    quire(1, "is not a file", "verify", place->dir);
    write_file(file, "This is a text that is longer than the header of a database, by some "
                     "words at least, so that it is not taken for an empty one.");
    quire(1, "is not a Quire database", "verify", file);
    write_file(file, "");
    quire(1, "has the older format 0", "verify", file);
    quire(2, "Try: quire verify --help", "verify", file, file);
    quire(2, "Try: quire verify --help", "verify", "--no-such");
    quire(0, "Usage: quire verify", "verify", "--help");
    quire(0, "Usage: quire verify", "help", "verify");
}

static void a_database_in_use_is_verified_by_a_copy(void **state)
{
    const struct place *place = *state;
    struct process server;
    make(place);
    process_serve(&server, place->data, NULL);
    assert_lacks(server.output, "document_damaged");
    quire(0, "3 documents, 1405 edits: all is well", "verify", "--data", place->data);
    quire(1, "another process has the database", "verify", place_path(place, "data/quire.db"));
    assert_int_equal(count_files(place->data, "partial"), 0);
    process_signal(&server, 15);
    assert_int_equal(process_end(&server), 0);
}

static void a_server_serves_the_others_of_a_damaged_document(void **state)
{
    const struct place *place = *state;
    struct process server;
    make(place);
    run_sql(place->data, "UPDATE log SET op = x'ff' WHERE doc = 1 AND version = 700");
    process_serve(&server, place->data, NULL);
    assert_holds(server.output, " error document_damaged document=hurt key=1 row=700");
    const char *output =
        quire(1, DOC("       700", "row 700 of the log"), "verify", "--data", place->data);
    assert_lacks(output, "sound");
    process_signal(&server, 15);
    assert_int_equal(process_end(&server), 0);
    /* Rows of others go from behind those that stay, and are not missed. */
    struct store *store = open_store(place->data);
    bool done = false;
    while (!done)
        assert_int_equal(store_settle_edits(store, 2, EDITS, &done), STORE_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(store_idle(store), STORE_OK);
    store_close(store);
    output = quire(1, "1 found", "verify", "--data", place->data);
    assert_lacks(output, "missing");
}

/* ---- memory ---- */

static unsigned applies_until_shortage; /* 0: there is memory */

int __real_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error);
int __wrap_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error);

int __wrap_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error)
{
    if (applies_until_shortage > 0 && --applies_until_shortage == 0)
        return OT_E_MEMORY;
    return __real_ot_doc_apply(doc, op, error);
}

/* What was not looked at is not called well: neither up to the snapshot nor after it. */
static void without_memory_nothing_is_said_to_be_well(void **state)
{
    const struct place *place = *state;
    char message[MESSAGE_MAX];
    struct checked checked;
    struct watch watch;
    make(place);
    struct store *store = open_store(place->data);
    watch_init(&watch, true);
    assert_int_equal(check_store(store, CHECK_EDITS, &watch, &checked, message), 0);
    for (unsigned at = 1; at <= EDITS; at += SETTLED - 1) {
        applies_until_shortage = at;
        assert_int_equal(check_store(store, CHECK_EDITS, &watch, &checked, message), -1);
        assert_string_equal(message, "not enough memory");
        assert_int_equal(checked.findings, 0);
    }
    watch_deinit(&watch);
    store_close(store);
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_sound_database_is_told_to_be),
        PLACE_TEST(an_empty_database_is_sound),
        PLACE_TEST(each_damage_is_found_and_named_and_keeps_nothing_from_being_checked),
        PLACE_TEST(edits_and_snapshots_that_do_not_agree_are_found),
        PLACE_TEST(damage_anywhere_in_the_file_is_found_or_harmless),
        PLACE_TEST(what_is_no_database_is_refused),
        PLACE_TEST(a_database_in_use_is_verified_by_a_copy),
        PLACE_TEST(a_server_serves_the_others_of_a_damaged_document),
        PLACE_TEST(without_memory_nothing_is_said_to_be_well),
    };
    return cmocka_run_group_tests_name("operate_verify", tests, NULL, NULL);
}
