/* quire export and quire import: what goes out comes in again the same. */
#include "lib/operate_world.h"
#include "server/limits.h"
#include "server/operate/lines.h"
#include "storage/checksum.h"
#include "storage/sharing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make(const struct place *place)
{
    struct rng rng = rng_start("operate_export");
    struct store *store = open_store(place->data);
    make_document(store, "rich", STORE_RICH, 600, 550, &rng);
    make_document(store, "text", STORE_TEXT, 200, 0, &rng);
    make_document(store, "gone", STORE_TEXT, 3, 0, &rng);
    make_document(store, "empty", STORE_RICH, 0, 0, &rng);
    assert_int_equal(store_delete(store, 3), STORE_OK);
    store_close(store);
}

static void assert_same_content(const struct place *place, const char *id)
{
    struct store *one = open_store(place->data), *other = open_store(place->other);
    size_t first_size, second_size;
    uint8_t *first = content_of(one, id, &first_size);
    uint8_t *second = content_of(other, id, &second_size);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    free(first);
    free(second);
    store_close(one);
    store_close(other);
}

static void import_all(const struct place *place, const char *suffix)
{
    static const char *const ids[] = {"rich", "text", "empty"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char name[64];
        snprintf(name, sizeof(name), "out/%s.%s", ids[i], suffix);
        quire(0, ids[i], "import", "--data", place->other, place_path(place, name));
    }
    quire(0, "3 documents, ", "verify", "--data", place->other);
}

static void histories_come_back_edit_by_edit(void **state)
{
    const struct place *place = *state;
    const char *out = place_path(place, "out"), *again = place_path(place, "again");
    make(place);
    quire(0, "", "export", "--data", place->data, "--all", "--with-history", "--to", out);
    assert_int_equal(count_files(out, ""), 5);
    import_all(place, "jsonl");
    struct store *one = open_store(place->data), *other = open_store(place->other);
    assert_same_document(one, other, "rich");
    assert_same_document(one, other, "text");
    assert_same_document(one, other, "empty");
    store_close(one);
    store_close(other);
    assert_same_content(place, "rich");
    quire(0, "", "export", "--data", place->other, "--all", "--with-history", "--to", again);
    assert_same_file(place_path(place, "out/rich.jsonl"), place_path(place, "again/rich.jsonl"));
    assert_same_file(place_path(place, "out/text.jsonl"), place_path(place, "again/text.jsonl"));
    /* The header is an operation too: that to version 0. */
    assert_holds(quire(0, "none", "replay", "--quiet", place_path(place, "out/rich.jsonl")),
                 " 601 ");
}

/* Members and links go with the whole of a document, and not with its content alone; whoever takes
 * them in says so. */
static void who_may_do_what_comes_back_with_the_history_if_told_to(void **state)
{
    const struct place *place = *state;
    const char *out = place_path(place, "out/rich.jsonl");
    struct store_member found_member = {"b\xc3\xb6"
                                        "b",
                                        3, 5};
    struct store_link link = {.number = 9, .role = 1, .label = "L", .created_ms = 6}, found;
    unsigned role;
    make(place);
    struct store *store = open_store(place->data);
    memset(link.hash, 0xa7, sizeof(link.hash));
    assert_int_equal(store_member_set(store, 1, &found_member, 9), STORE_OK);
    assert_int_equal(store_link_add(store, 1, &link, 9), STORE_OK);
    store_close(store);
    quire(0, "", "export", "--data", place->data, "--all", "--with-history", "--to",
          place_path(place, "out"));
    const char *plain = place_path(place, "plain");
    quire(0, "rich.jsonl: left out: 1 member and 1 share link (--with-members)\n", "import",
          "--data", plain, out);
    store = open_store(plain);
    assert_int_equal(store_member_find(store, 1, found_member.subject, &role), STORE_OK);
    assert_int_equal(role, 0);
    assert_int_equal(store_link_find(store, 1, link.hash, &found), STORE_E_NOT_FOUND);
    store_close(store);

    assert_lacks(quire(0, "rich", "import", "--with-members", "--data", place->other, out),
                 "left out");
    store = open_store(place->other);
    assert_int_equal(store_member_find(store, 1, found_member.subject, &role), STORE_OK);
    assert_int_equal(role, 3);
    assert_int_equal(store_link_find(store, 1, link.hash, &found), STORE_OK);
    assert_memory_equal(&found, &link, sizeof(link));
    store_close(store);
    assert_lacks(quire(0, "", "export", "--data", place->data, "--format", "jsonl", "rich"),
                 "members");
    static const char *const bad[] = {
        "\"members\":{}",
        "\"members\":[{\"sub\":\"\",\"role\":\"owner\",\"at_ms\":1}]",
        "\"members\":[{\"sub\":\"a\",\"role\":\"king\",\"at_ms\":1}]",
        "\"links\":[{\"number\":1,\"hash\":\"00\",\"role\":\"viewer\",\"label\":\"\","
        "\"created_ms\":1,\"expires_ms\":0}]",
        "\"links\":[1]",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char header[512];
        const char *file = place_path(place, "bad.jsonl");
        snprintf(
            header, sizeof(header),
            "{\"quire\":1,\"id\":\"bad\",\"type\":\"text\",\"title\":\"\",\"versions\":0,%s}\n",
            bad[i]);
        write_file(file, header);
        quire(1, i < 3 ? "members" : "links", "import", "--data", place->other, file);
    }
}

static void contents_come_back_without_their_history(void **state)
{
    const struct place *place = *state;
    const char *out = place_path(place, "out");
    make(place);
    quire(0, "", "export", "--data", place->data, "--all", "--format", "jsonl", "--to", out);
    import_all(place, "jsonl");
    assert_same_content(place, "rich");
    assert_same_content(place, "text");
    assert_same_content(place, "empty");
}

static void deltas_and_texts_come_back(void **state)
{
    const struct place *place = *state;
    make(place);
    const char *json = place_path(place, "rich.json"), *text = place_path(place, "text.txt");
    quire(0, "", "export", "--data", place->data, "--to", json, "rich");
    quire(0, "", "export", "--data", place->data, "--format", "text", "--to", text, "text");
    quire(0, "document rich with", "import", "--data", place->other, json, text);
    assert_same_content(place, "text");
    quire(0, "", "export", "--data", place->other, "--to", place_path(place, "again.json"), "rich");
    quire(0, "", "export", "--data", place->other, "--format", "text", "--to",
          place_path(place, "again.txt"), "text");
    assert_same_file(json, place_path(place, "again.json"));
    assert_same_file(text, place_path(place, "again.txt"));
    quire(1, "is there, or was once", "import", "--data", place->other, json);
}

static void a_document_larger_than_an_edit_comes_in_several(void **state)
{
    const struct place *place = *state;
    const char *path = place_path(place, "large.txt");
    size_t size = 3000000;
    char *text = malloc(size + 1);
    assert_non_null(text);
    /* Characters of three bytes, so that cuts fall inside of some. */
    for (size_t i = 0; i < size; i += 3)
        memcpy(text + i, i % 300 == 0 ? "a\nb" : "\xe2\x82\xac", 3);
    text[size] = '\0';
    write_file(path, text);
    quire(0, "document large with 12 edits", "import", "--data", place->data, path);
    quire(0, "", "export", "--data", place->data, "--format", "text", "--to",
          place_path(place, "again.txt"), "large");
    assert_same_file(path, place_path(place, "again.txt"));
    free(text);
}

/* A snapshot has five bytes besides so much text. */
static void a_document_is_no_larger_than_the_limit(void **state)
{
    const struct place *place = *state;
    const char *path = place_path(place, "largest.txt");
    size_t size = LIMIT_IMPORT_BYTES - 5;
    char *text = calloc(1, size + 2);
    assert_non_null(text);
    memset(text, 'a', size + 1);
    write_file(path, text);
    quire(1, "is larger than", "import", "--data", place->data, path);
    text[size] = '\0';
    write_file(path, text);
    quire(0, "document largest with", "import", "--data", place->data, path);
    free(text);
}

static void a_document_goes_out_while_a_server_runs_and_none_comes_in(void **state)
{
    const struct place *place = *state;
    struct process server;
    make(place);
    const char *file = place_path(place, "x.txt");
    quire(0, "", "export", "--data", place->data, "--with-history", "--to",
          place_path(place, "before"), "rich");
    process_serve(&server, place->data, NULL);
    quire(0, "", "export", "--data", place->data, "--with-history", "--to",
          place_path(place, "after"), "rich");
    write_file(file, "x");
    quire(1, "another process has the database", "import", "--data", place->data, file);
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
    assert_same_file(place_path(place, "before"), place_path(place, "after"));
}

static void the_output_is_what_the_format_says(void **state)
{
    const struct place *place = *state;
    const char *json = place_path(place, "note.json");
    write_file(json, "[{\"insert\":\"Hello \"},{\"insert\":\"you\",\"attributes\":{\"bold\":true}},"
                     "{\"insert\":{\"image\":\"x\"}},{\"insert\":\"\\n\"}]");
    quire(0, "note.json: document n-1 with 1 edit\n", "import", "--data", place->data, "--id",
          "n-1", "--title", "A \"title\"", json);
    assert_string_equal(
        quire(0, "", "export", "--data", place->data, "n-1"),
        "{\"ops\":[{\"insert\":\"Hello \"},{\"insert\":\"you\",\"attributes\":{\"bold\":true}},"
        "{\"insert\":{\"image\":\"x\"}},{\"insert\":\"\\n\"}]}\n");
    assert_string_equal(quire(0, "", "export", "--data", place->data, "--format", "text", "n-1"),
                        "Hello you\n");
    const char *lines = quire(0, "", "export", "--data", place->data, "--with-history", "n-1");
    assert_holds(lines, "{\"quire\":1,\"id\":\"n-1\",\"type\":\"rich\",\"title\":\"A "
                        "\\\"title\\\"\",\"created_ms\":");
    assert_holds(lines, ",\"versions\":1,\"ops\":[{\"insert\":\"\\n\"}]}\n{\"version\":1,"
                        "\"client\":");
    assert_holds(lines, "{\"insert\":{\"image\":\"x\"}},{\"insert\":\"\\n\"},{\"delete\":1}]}\n");
}

/* Editors rely on it. */
static void a_delta_without_a_last_newline_gets_one(void **state)
{
    const struct place *place = *state;
    static const char *const deltas[][2] = {
        {"[]", "{\"ops\":[{\"insert\":\"\\n\"}]}\n"},
        {"{\"ops\":[{\"insert\":\"x\"}]}", "{\"ops\":[{\"insert\":\"x\\n\"}]}\n"},
        {"[{\"insert\":{\"image\":1}}]",
         "{\"ops\":[{\"insert\":{\"image\":1}},{\"insert\":\"\\n\"}]}\n"},
        {"[{\"insert\":\"x\\n\"}]", "{\"ops\":[{\"insert\":\"x\\n\"}]}\n"},
    };
    for (size_t i = 0; i < sizeof(deltas) / sizeof(deltas[0]); i++) {
        char id[] = {(char)('a' + i), '\0'};
        const char *json = place_path(place, "x.json");
        write_file(json, deltas[i][0]);
        quire(0, "", "import", "--data", place->data, "--id", id, json);
        assert_string_equal(quire(0, "", "export", "--data", place->data, id), deltas[i][1]);
    }
}

/* ---- what is refused ---- */

#define HEADER(versions)                                                                           \
    "{\"quire\":1,\"id\":\"a\",\"type\":\"text\",\"title\":\"A\",\"created_ms\":1,"                \
    "\"versions\":" versions ",\"ops\":[]}\n"
#define EDIT(version, more, ops) "{\"version\":" version more ",\"ops\":[" ops "]}\n"

static const struct {
    const char *name, *text, *refusal;
} bad[] = {
    {"a.jsonl", "", "there is no header"},
    {"a.jsonl", "\n\n", "there is no header"},
    {"a.jsonl", "[]", "line 1: this is no JSON object"},
    {"a.jsonl", "{", "line 1: "},
    {"a.jsonl", "{\"quire\":2}", "line 1: this is no header of a history of form 1"},
    {"a.jsonl", EDIT("1", "", ""), "line 1: this is no header"},
    {"a.jsonl", "{\"quire\":1,\"type\":\"x\"}", "\"type\" is"},
    {"a.jsonl", "{\"quire\":1,\"type\":\"text\"}", "\"id\" is"},
    {"a.jsonl", "{\"quire\":1,\"type\":\"text\",\"id\":\"a\"}", "\"title\" is"},
    {"a.jsonl", "{\"quire\":1,\"type\":\"text\",\"id\":\"a\",\"title\":\"\"}", "\"versions\" is"},
    {"a.jsonl", HEADER("1"), "it ends after 0 of 1 edits"},
    {"a.jsonl", HEADER("0") EDIT("1", "", ""), "it ends after 1 of 0 edits"},
    {"a.jsonl", HEADER("1") EDIT("2", "", ""), "line 2: the version that comes next is 1"},
    {"a.jsonl", HEADER("1") EDIT("1", ",\"client\":1", ""), "line 2: \"client\" and \"seq\" are"},
    {"a.jsonl", HEADER("1") EDIT("1", ",\"client\":0,\"seq\":1", ""), "\"client\" and \"seq\" are"},
    {"a.jsonl", HEADER("1") EDIT("1", ",\"at_ms\":-1", ""), "\"at_ms\" is"},
    {"a.jsonl", HEADER("1") EDIT("1", "", "{\"insert\":5}"), "(component 0 of its \"ops\")"},
    {"a.jsonl", HEADER("1") EDIT("1", "", "{\"delete\":1}"), "line 2: the edit does not fit"},
    {"a.jsonl", HEADER("1") EDIT("1", "", "{\"insert\":{\"image\":1}}"), "the edit does not fit"},
    {"a.jsonl",
     HEADER("2") EDIT("1", ",\"client\":1,\"seq\":1", "") EDIT("2", ",\"client\":1,\"seq\":1", ""),
     "version 2: edit 1 of a client that has made 1"},
    {"a.jsonl", "{\"quire\":1,\"type\":\"text\",\"id\":\"a b\",\"title\":\"\",\"versions\":0}",
     "is no id"},
    {"a.json", "", "a.json: "},
    {"a.json", "{\"ops\":5}", "an operation is an array"},
    {"a.json", "{\"ops\":[{\"retain\":1},{\"insert\":\"a\"}]}", "a document holds inserts only"},
    {"a.txt", "\xff", "text is not valid UTF-8"},
    {"a b.txt", "x", "is no id"},
    {"a.doc", "x", "the name ends in none of"},
};

static void what_cannot_be_imported_is_refused_and_nothing_is_written(void **state)
{
    const struct place *place = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *path = place_path(place, bad[i].name);
        write_file(path, bad[i].text);
        quire(1, bad[i].refusal, "import", "--data", place->data, path);
    }
    quire(1, "No such file", "import", "--data", place->data, place_path(place, "none.txt"));
    quire(0, "0 documents, 0 edits", "verify", "--data", place->data);
    const char *path = place_path(place, "a.txt");
    write_file(path, "x");
    char title[102];
    memset(title, 't', sizeof(title) - 1);
    title[sizeof(title) - 1] = '\0';
    quire(1, "the title is too long", "import", "--data", place->data, "--title", title, path);
    quire(0, "", "import", "--data", place->data, "--title", title + 1, path);
    quire(2, "for a single file", "import", "--data", place->data, "--id", "x", path, path);
    quire(2, "FILE is missing", "import");
    quire(0, "Usage: quire import", "import", "--help");
}

static void what_cannot_be_exported_is_refused(void **state)
{
    const struct place *place = *state;
    make(place);
    const char *file = place_path(place, "file");
    quire(1, "there is no such document", "export", "--data", place->data, "gone");
    quire(1, "there is no such document", "export", "--data", place->data, "no/id");
    quire(1, "there is no database", "export", "--data", place->other, "rich");
    quire(2, "the format is", "export", "--data", place->data, "--format", "xml", "rich");
    quire(2, "only jsonl", "export", "--data", place->data, "--format", "text", "--with-history",
          "rich");
    quire(2, "name one document, or --all", "export", "--data", place->data);
    quire(2, "name one document, or --all", "export", "--data", place->data, "--all", "rich");
    quire(2, "--all needs --to", "export", "--data", place->data, "--all");
    write_file(file, "precious");
    quire(1, "or --force", "export", "--data", place->data, "--to", file, "text");
    char *text = read_file(file);
    assert_string_equal(text, "precious");
    free(text);
    quire(0, "", "export", "--force", "--data", place->data, "--to", file, "text");
    quire(0, "Usage: quire export", "export", "--help");
    assert_int_equal(count_files(place->dir, "partial"), 0);
}

/* A damaged document does not keep the others in. */
static void all_but_a_damaged_document_go_out(void **state)
{
    const struct place *place = *state;
    make(place);
    const char *out = place_path(place, "out");
    run_sql(place->data, "UPDATE snapshots SET sum = sum + 1 WHERE doc = 1");
    const char *output = quire(1, "1 document could not be exported", "export", "--data",
                               place->data, "--all", "--to", out);
    assert_holds(output, "document \"rich\": stored data does not match its checksum");
    assert_int_equal(count_files(out, ".json"), 2);
    assert_int_equal(count_files(out, "rich"), 0);
}

/* Whoever made the file can make its checksums too; the schema's own rules are not looked at when
 * reading. */
static void an_id_that_is_a_path_leads_nowhere(void **state)
{
    static const char id[] = "../up-x";
    const struct place *place = *state;
    struct store_document document = {.id = "a", .type = STORE_TEXT};
    struct store *store = open_store(place->data);
    assert_int_equal(store_create(store, &document, 1), STORE_OK);
    store_close(store);
    struct checksum sum;
    checksum_init(&sum, 2); /* documents; then its columns, docs/storage-format.md */
    checksum_i64(&sum, document.key);
    checksum_bytes(&sum, id, strlen(id));
    checksum_bytes(&sum, "", 0);
    checksum_u64(&sum, document.type);
    checksum_u64(&sum, 0);
    checksum_i64(&sum, document.created_ms);
    checksum_i64(&sum, document.updated_ms);
    for (int i = 0; i < 4; i++)
        checksum_u64(&sum, 0);
    char sql[256];
    snprintf(sql, sizeof(sql),
             "PRAGMA ignore_check_constraints = ON; UPDATE documents SET id = '%s', sum = %lld", id,
             (long long)checksum_value(&sum));
    run_sql(place->data, sql);
    const char *out = place_path(place, "out");
    const char *output = quire(1, "1 document could not be exported", "export", "--data",
                               place->data, "--all", "--to", out);
    assert_holds(output, "document number 1: its id is not one (A-Z a-z 0-9 _ -)");
    assert_int_equal(count_files(place->dir, "up-x"), 0);
}

/* ---- memory ---- */

static unsigned allocations_until_shortage; /* 0: there is memory */

static void *allocate(size_t size)
{
    if (allocations_until_shortage > 0 && --allocations_until_shortage == 0)
        return NULL;
    return malloc(size);
}

static int write_edit(void *context, const struct store_edit *edit)
{
    return lines_write_edit(edit, context);
}

/* All forms of a document one after the other; to be freed. */
static char *written(struct store *store, const struct store_document *document,
                     struct ot_slice snapshot, int *code_out)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    *code_out = lines_write_header(document, 3, store, out);
    if (*code_out == 0)
        *code_out = store_history(store, document->key, 1, 3, write_edit, out);
    if (*code_out == 0)
        *code_out = lines_write_delta(snapshot, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void without_memory_nothing_is_left_out(void **state)
{
    const struct place *place = *state;
    struct rng rng = rng_start("operate_export");
    struct store *store = open_store(place->data);
    struct store_member member = {.subject = "ann", .role = STORE_ROLE_MAX};
    struct store_link link = {.number = 1, .role = 1};
    struct store_document document;
    size_t size;
    int code;
    make_document(store, "rich", STORE_RICH, 3, 0, &rng);
    assert_int_equal(store_find(store, "rich", &document), STORE_OK);
    assert_int_equal(store_member_set(store, document.key, &member, 1), STORE_OK);
    assert_int_equal(store_link_add(store, document.key, &link, 1), STORE_OK);
    uint8_t *bytes = content_of(store, "rich", &size);
    struct ot_slice snapshot = {bytes, size};
    json_set_alloc_funcs(allocate, free);
    char *whole = written(store, &document, snapshot, &code);
    assert_int_equal(code, 0);
    bool is_short = true;
    for (unsigned at = 1; is_short; at++) {
        allocations_until_shortage = at;
        char *text = written(store, &document, snapshot, &code);
        is_short = allocations_until_shortage == 0;
        allocations_until_shortage = 0;
        if (code == 0)
            assert_string_equal(text, whole);
        free(text);
    }
    json_set_alloc_funcs(malloc, free);
    free(whole);
    free(bytes);
    store_close(store);
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(histories_come_back_edit_by_edit),
        PLACE_TEST(who_may_do_what_comes_back_with_the_history_if_told_to),
        PLACE_TEST(contents_come_back_without_their_history),
        PLACE_TEST(deltas_and_texts_come_back),
        PLACE_TEST(a_document_larger_than_an_edit_comes_in_several),
        PLACE_TEST(a_document_is_no_larger_than_the_limit),
        PLACE_TEST(a_document_goes_out_while_a_server_runs_and_none_comes_in),
        PLACE_TEST(a_delta_without_a_last_newline_gets_one),
        PLACE_TEST(the_output_is_what_the_format_says),
        PLACE_TEST(what_cannot_be_imported_is_refused_and_nothing_is_written),
        PLACE_TEST(what_cannot_be_exported_is_refused),
        PLACE_TEST(all_but_a_damaged_document_go_out),
        PLACE_TEST(an_id_that_is_a_path_leads_nowhere),
        PLACE_TEST(without_memory_nothing_is_left_out),
    };
    return cmocka_run_group_tests_name("operate_export", tests, NULL, NULL);
}
