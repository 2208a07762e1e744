#include "lib/operate_world.h"

#include "lib/ot_random.h"
#include "server/operate/content.h"

#include <dirent.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 3

int place_setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    temp_dir_make(place->dir);
    snprintf(place->data, sizeof(place->data), "%s/data", place->dir);
    snprintf(place->other, sizeof(place->other), "%s/other", place->dir);
    snprintf(place->backup, sizeof(place->backup), "%s/backup.db", place->dir);
    *state = place;
    return 0;
}

int place_teardown(void **state)
{
    struct place *place = *state;
    temp_dir_remove(place->dir);
    free(place);
    return 0;
}

const char *place_path(const struct place *place, const char *name)
{
    static char paths[16][PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf(path, PATH_SIZE, "%s/%s", place->dir, name);
    return path;
}

size_t count_files(const char *dir, const char *part)
{
    DIR *open = opendir(dir);
    const struct dirent *entry;
    size_t count = 0;
    assert_non_null(open);
    while ((entry = readdir(open)))
        count += strstr(entry->d_name, part) != NULL;
    closedir(open);
    return count;
}

char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is not there", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    rewind(file);
    assert_int_equal(fread(text, 1, size, file), size);
    fclose(file);
    return text;
}

void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    size_t got;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    while ((got = fread(buffer, 1, sizeof(buffer), in)) > 0)
        assert_int_equal(fwrite(buffer, 1, got, out), got);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

void assert_same_file(const char *one, const char *other)
{
    FILE *first = fopen(one, "rb"), *second = fopen(other, "rb");
    int byte;
    assert_non_null(first);
    assert_non_null(second);
    do
        byte = getc(first);
    while (byte == getc(second) && byte != EOF);
    if (byte != EOF || !feof(second))
        fail_msg("%s and %s differ", one, other);
    fclose(first);
    fclose(second);
}

struct store *open_store(const char *data)
{
    struct store *store = NULL;
    char message[512] = "";
    if (store_open(data, &store, message, sizeof(message)) != STORE_OK)
        fail_msg("%s", message);
    return store;
}

/* ---- documents ---- */

/* A rich document ends with a newline. */
static void put_newline(const struct ot_doc *doc, struct ot_buf *out)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    ot_builder_retain(builder, ot_doc_length(doc), (struct ot_slice){0});
    ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)"\n", 1}, (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, out), OT_OK);
    ot_builder_free(builder);
}

static void append(struct store *store, int64_t key, uint64_t version, struct ot_doc *doc,
                   const struct ot_shape *shape, struct rng *rng)
{
    struct ot_buf snapshot = {0}, op = {0};
    struct store_edit edit = {.key = key,
                              .version = version,
                              .client = 1 + version % CLIENTS,
                              .seq = (version + CLIENTS - 1) / CLIENTS,
                              .at_ms = (int64_t)(1000 + version)};
    assert_int_equal(ot_doc_snapshot(doc, &snapshot), OT_OK);
    if (rng)
        random_op(rng, shape, ot_buf_slice(&snapshot), &op);
    else
        put_newline(doc, &op);
    assert_int_equal(ot_doc_apply(doc, ot_buf_slice(&op), NULL), OT_OK);
    edit.op = (struct store_slice){op.data, op.size};
    assert_int_equal(store_append(store, &edit, 1, NULL, 0), STORE_OK);
    ot_buf_deinit(&snapshot);
    ot_buf_deinit(&op);
}

static void settle(struct store *store, int64_t key, uint64_t version, const struct ot_doc *doc)
{
    struct ot_buf snapshot = {0};
    bool done = false;
    assert_int_equal(ot_doc_snapshot(doc, &snapshot), OT_OK);
    while (!done)
        assert_int_equal(store_settle(store, key, version,
                                      (struct store_slice){snapshot.data, snapshot.size}, 1, &done),
                         STORE_OK);
    ot_buf_deinit(&snapshot);
}

static void talk(struct store *store, int64_t key)
{
    for (uint64_t number = 1; number <= 3; number++) {
        struct store_chat chat = {.key = key,
                                  .number = number,
                                  .client = 1,
                                  .nonce = number,
                                  .name = {(const uint8_t *)"Ann", 3},
                                  .text = {(const uint8_t *)"hello", 5}};
        assert_int_equal(store_append(store, NULL, 0, &chat, 1), STORE_OK);
    }
}

void make_document(struct store *store, const char *id, enum store_type type, unsigned edits,
                   unsigned settled, struct rng *rng)
{
    struct ot_shape shape = {.order = OT_STABLE,
                             .is_rich = type == STORE_RICH,
                             .is_wide = true,
                             .components = 4,
                             .length = 8};
    struct store_document document = {.type = type};
    struct ot_doc *doc;
    snprintf(document.id, sizeof(document.id), "%s", id);
    snprintf(document.title, sizeof(document.title), "Title of %s \xc3\xa4", id);
    assert_int_equal(store_create(store, &document, 1000), STORE_OK);
    assert_int_equal(content_read(content_first(type), &doc), OT_OK);
    for (unsigned version = 1; version <= edits; version++) {
        append(store, document.key, version, doc, &shape,
               version == edits && type == STORE_RICH ? NULL : rng);
        if (version == settled)
            settle(store, document.key, version, doc);
    }
    talk(store, document.key);
    ot_doc_free(doc);
}

uint8_t *content_of(struct store *store, const char *id, size_t *size_out)
{
    struct store_document document;
    struct ot_buf snapshot = {0};
    struct ot_doc *doc;
    uint64_t version;
    assert_int_equal(store_find(store, id, &document), STORE_OK);
    assert_int_equal(content_load(store, &document, &doc, &version), STORE_OK);
    assert_int_equal(ot_doc_snapshot(doc, &snapshot), OT_OK);
    ot_doc_free(doc);
    *size_out = snapshot.size;
    return snapshot.data;
}

static int gather(void *context, const struct store_edit *edit)
{
    struct ot_buf *out = context;
    uint64_t numbers[] = {edit->version, edit->client, edit->seq, (uint64_t)edit->at_ms,
                          edit->op.size};
    assert_int_equal(ot_buf_append(out, numbers, sizeof(numbers)), OT_OK);
    assert_int_equal(ot_buf_append(out, edit->op.data, edit->op.size), OT_OK);
    return 0;
}

static void gather_document(struct store *store, const char *id, struct ot_buf *out)
{
    struct store_document document;
    assert_int_equal(store_find(store, id, &document), STORE_OK);
    assert_int_equal(ot_buf_append(out, document.title, strlen(document.title) + 1), OT_OK);
    assert_int_equal(ot_buf_append(out, &document.type, sizeof(document.type)), OT_OK);
    assert_int_equal(ot_buf_append(out, &document.created_ms, sizeof(document.created_ms)), OT_OK);
    assert_int_equal(store_history(store, document.key, 1, UINT64_MAX, gather, out), STORE_OK);
}

void assert_same_document(struct store *one, struct store *other, const char *id)
{
    struct ot_buf first = {0}, second = {0};
    gather_document(one, id, &first);
    gather_document(other, id, &second);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    ot_buf_deinit(&first);
    ot_buf_deinit(&second);
}

void run_sql(const char *data, const char *sql)
{
    char path[PATH_SIZE + 16];
    sqlite3 *db;
    char *error = NULL;
    snprintf(path, sizeof(path), "%s/" STORE_FILE, data);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(db);
}
