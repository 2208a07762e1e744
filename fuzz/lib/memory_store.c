/*
 * The interfaces storage/store.h and storage/sharing.h in plain arrays, for programs that need
 * thousands of stores a second: linked before quire-storage it takes the place of it. `dir` is not
 * looked at, and nothing outlives store_close. What fails for want of memory ends the process.
 */
#include "fuzz/lib/memory_store.h"

#include "fuzz/lib/place.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 65536 /* no input comes near */

struct edit {
    struct store_edit edit;
    uint8_t *bytes;
};

struct chat {
    struct store_chat chat;
    uint8_t *bytes;
};

/* ---- rows ---- */

void *rows_add(struct rows *rows, size_t size, size_t at)
{
    if ((rows->count & (rows->count - 1)) == 0) {
        rows->items = realloc(rows->items, (rows->count == 0 ? 1 : 2 * rows->count) * size);
    }
    if (rows->items == NULL || rows->count == ROWS_MAX) {
        abort();
    }
    uint8_t *item = (uint8_t *)rows->items + at * size;
    memmove(item + size, item, (rows->count++ - at) * size);
    return memset(item, 0, size);
}

void rows_remove(struct rows *rows, size_t size, size_t at)
{
    uint8_t *item = (uint8_t *)rows->items + at * size;
    memmove(item, item + size, (--rows->count - at) * size);
}

static uint8_t *keep(struct store_slice *slice, uint8_t *at)
{
    if (slice->size > 0) {
        memcpy(at, slice->data, slice->size);
    }
    slice->data = at;
    return at + slice->size;
}

static uint8_t *allocate(size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL) {
        abort();
    }
    return bytes;
}

static struct edit *edits_of(const struct document *document)
{
    return document->edits.items;
}

static struct chat *chats_of(const struct document *document)
{
    return document->chats.items;
}

static void empty(struct document *document)
{
    for (size_t i = 0; i < document->edits.count; i++) {
        free(edits_of(document)[i].bytes);
    }
    for (size_t i = 0; i < document->chats.count; i++) {
        free(chats_of(document)[i].bytes);
    }
    free(document->edits.items);
    free(document->chats.items);
    free(document->members.items);
    free(document->links.items);
    free(document->snapshot.items);
    *document = (struct document){.face = document->face, .deleted = true};
}

struct document *document_find(const struct store *store, int64_t key)
{
    struct document *documents = store->documents.items;
    bool is_there = key >= 1 && (uint64_t)key <= store->documents.count;
    return is_there && !documents[key - 1].deleted ? &documents[key - 1] : NULL;
}

static void touch(struct document *document, int64_t at_ms)
{
    if (document->face.updated_ms < at_ms) {
        document->face.updated_ms = at_ms;
    }
}

/* ---- the store ---- */

int store_open(const char *dir, struct store **store_out, char *message_out, size_t message_size)
{
    (void)dir;
    (void)message_out;
    (void)message_size;
    *store_out = calloc(1, sizeof **store_out);
    if (*store_out == NULL) {
        return STORE_E_MEMORY;
    }
    (*store_out)->epoch = 1;
    return STORE_OK;
}

void store_close(struct store *store)
{
    for (int64_t key = 1; (uint64_t)key <= store->documents.count; key++) {
        empty((struct document *)store->documents.items + key - 1);
    }
    free(store->documents.items);
    free(store->revocations.items);
    free(store);
}

uint64_t store_epoch(const struct store *store)
{
    return store->epoch;
}

const uint8_t *store_secret(const struct store *store)
{
    return store->secret;
}

int store_probe(struct store *store)
{
    (void)store;
    return STORE_OK;
}

int store_idle(struct store *store)
{
    (void)store;
    return STORE_OK;
}

struct store *place_open(void)
{
    struct store *store;
    if (store_open("", &store, NULL, 0) != STORE_OK) {
        abort();
    }
    return store;
}

void place_close(struct store *store)
{
    store_close(store);
}

/* ---- documents ---- */

static struct document *find_id(const struct store *store, const char *id)
{
    struct document *documents = store->documents.items;
    for (size_t i = 0; i < store->documents.count; i++) {
        if (strcmp(documents[i].face.id, id) == 0) {
            return &documents[i];
        }
    }
    return NULL;
}

int store_create(struct store *store, struct store_document *document, int64_t now_ms)
{
    return store_create_owned(store, document, NULL, 0, now_ms);
}

int store_create_owned(struct store *store, struct store_document *document, const char *subject,
                       unsigned role, int64_t now_ms)
{
    if (find_id(store, document->id) != NULL) {
        return STORE_E_EXISTS;
    }
    struct document *created = rows_add(&store->documents, sizeof *created, store->documents.count);
    document->key = (int64_t)store->documents.count;
    document->created_ms = document->updated_ms = now_ms;
    created->face = *document;
    struct store_member owner = {.role = role, .at_ms = now_ms};
    if (subject != NULL) {
        strcpy(owner.subject, subject);
        return store_member_set(store, document->key, &owner, 1);
    }
    return STORE_OK;
}

int store_rename(struct store *store, int64_t key, const char *title, int64_t now_ms)
{
    struct document *document = document_find(store, key);
    if (document == NULL || strlen(title) > STORE_TITLE_MAX) {
        return document == NULL ? STORE_E_NOT_FOUND : STORE_E_INVALID;
    }
    strcpy(document->face.title, title);
    touch(document, now_ms);
    return STORE_OK;
}

int store_delete(struct store *store, int64_t key)
{
    struct document *document = document_find(store, key);
    if (document == NULL) {
        return STORE_E_NOT_FOUND;
    }
    empty(document);
    return STORE_OK;
}

int store_find(struct store *store, const char *id, struct store_document *document_out)
{
    const struct document *document = find_id(store, id);
    if (document == NULL || document->deleted) {
        return STORE_E_NOT_FOUND;
    }
    *document_out = document->face;
    return STORE_OK;
}

unsigned document_role(const struct document *document, const char *subject)
{
    const struct store_member *members = document->members.items;
    for (size_t i = 0; i < document->members.count; i++) {
        if (strcmp(members[i].subject, subject) == 0) {
            return members[i].role;
        }
    }
    return 0;
}

/* The one that comes next behind the place, of those that `subject` (NULL: anybody) is in. */
static const struct document *next_listed(const struct store *store, const char *subject,
                                          int64_t before_ms, int64_t before_key)
{
    const struct document *next = NULL, *documents = store->documents.items;
    for (size_t i = 0; i < store->documents.count; i++) {
        const struct document *document = &documents[i];
        int64_t at_ms = document->face.updated_ms, key = document->face.key;
        bool is_behind = at_ms < before_ms || (at_ms == before_ms && key < before_key);
        bool is_first = next == NULL || at_ms > next->face.updated_ms ||
                        (at_ms == next->face.updated_ms && key > next->face.key);
        if (!document->deleted && is_behind && is_first &&
            (subject == NULL || document_role(document, subject) > 0)) {
            next = document;
        }
    }
    return next;
}

int store_list_of(struct store *store, const char *subject, int64_t before_ms, int64_t before_key,
                  size_t limit, store_document_fn *row, void *context)
{
    const struct document *next;
    while (limit-- > 0 && (next = next_listed(store, subject, before_ms, before_key)) != NULL) {
        before_ms = next->face.updated_ms;
        before_key = next->face.key;
        row(context, &next->face);
    }
    return STORE_OK;
}

int store_list(struct store *store, int64_t before_ms, int64_t before_key, size_t limit,
               store_document_fn *row, void *context)
{
    return store_list_of(store, NULL, before_ms, before_key, limit, row, context);
}

/* ---- the log ---- */

static int append_edit(struct store *store, const struct store_edit *edit)
{
    struct document *document = document_find(store, edit->key);
    if (document == NULL) {
        return STORE_E_NOT_FOUND;
    }
    if (edit->version != document->edits.count + 1 || edit->op.size > STORE_OP_MAX) {
        return STORE_E_INVALID;
    }
    struct edit *added = rows_add(&document->edits, sizeof *added, document->edits.count);
    *added = (struct edit){*edit, allocate(edit->op.size)};
    keep(&added->edit.op, added->bytes);
    return STORE_OK;
}

static int append_chat(struct store *store, const struct store_chat *chat)
{
    struct document *document = document_find(store, chat->key);
    if (document == NULL) {
        return STORE_E_NOT_FOUND;
    }
    if (chat->number != document->chats.count + 1) {
        return STORE_E_INVALID;
    }
    struct chat *added = rows_add(&document->chats, sizeof *added, document->chats.count);
    *added = (struct chat){*chat, allocate(chat->name.size + chat->color.size + chat->text.size)};
    keep(&added->chat.text, keep(&added->chat.color, keep(&added->chat.name, added->bytes)));
    return STORE_OK;
}

static void take_back(struct store *store, const struct store_edit *edits, size_t edit_count,
                      const struct store_chat *chats, size_t chat_count)
{
    while (edit_count-- > 0) {
        struct document *document = document_find(store, edits[edit_count].key);
        free(edits_of(document)[--document->edits.count].bytes);
    }
    while (chat_count-- > 0) {
        struct document *document = document_find(store, chats[chat_count].key);
        free(chats_of(document)[--document->chats.count].bytes);
    }
}

int store_append(struct store *store, const struct store_edit *edits, size_t edit_count,
                 const struct store_chat *chats, size_t chat_count)
{
    size_t edit = 0, chat = 0;
    int result = STORE_OK;
    for (; result == STORE_OK && edit < edit_count; edit += result == STORE_OK) {
        result = append_edit(store, &edits[edit]);
    }
    for (; result == STORE_OK && chat < chat_count; chat += result == STORE_OK) {
        result = append_chat(store, &chats[chat]);
    }
    if (result != STORE_OK) {
        take_back(store, edits, edit, chats, chat);
    }
    return result;
}

int store_load(struct store *store, int64_t key, struct store_head *head_out)
{
    const struct document *document = document_find(store, key);
    if (document == NULL) {
        return STORE_E_NOT_FOUND;
    }
    *head_out = (struct store_head){document->snapshot_version,
                                    {document->snapshot.items, document->snapshot.count},
                                    document->edits.count,
                                    document->chats.count};
    return STORE_OK;
}

int store_snapshot(struct store *store, int64_t key, uint64_t offset, uint64_t *version_out,
                   struct store_slice *piece_out)
{
    const struct document *document = document_find(store, key);
    if (document == NULL) {
        return STORE_E_NOT_FOUND;
    }
    *version_out = document->snapshot_version;
    *piece_out = (struct store_slice){0};
    if (offset < document->snapshot.count) {
        piece_out->data = (const uint8_t *)document->snapshot.items + offset;
        piece_out->size = document->snapshot.count - offset;
    }
    return STORE_OK;
}

int store_history(struct store *store, int64_t key, uint64_t first, uint64_t last,
                  store_edit_fn *row, void *context)
{
    const struct document *document = document_find(store, key);
    int result = document == NULL ? STORE_E_NOT_FOUND : STORE_OK;
    for (uint64_t version = first == 0 ? 1 : first;
         result == STORE_OK && version <= last && version <= document->edits.count; version++) {
        result = row(context, &edits_of(document)[version - 1].edit);
    }
    return result;
}

int store_client(struct store *store, int64_t key, uint64_t client, uint64_t *seq_out,
                 uint64_t *version_out)
{
    const struct document *document = document_find(store, key);
    *seq_out = *version_out = 0;
    for (size_t i = document == NULL ? 0 : document->edits.count; i-- > 0;) {
        const struct store_edit *edit = &edits_of(document)[i].edit;
        if (edit->client == client) {
            *seq_out = edit->seq;
            *version_out = edit->version;
            break;
        }
    }
    return document == NULL ? STORE_E_NOT_FOUND : STORE_OK;
}

int store_chat_find(struct store *store, int64_t key, uint64_t client, uint64_t nonce,
                    uint64_t *number_out)
{
    const struct document *document = document_find(store, key);
    *number_out = 0;
    for (size_t i = 0; document != NULL && i < document->chats.count; i++) {
        const struct store_chat *chat = &chats_of(document)[i].chat;
        if (chat->client == client && chat->nonce == nonce) {
            *number_out = chat->number;
        }
    }
    return document == NULL ? STORE_E_NOT_FOUND : STORE_OK;
}

int store_chats(struct store *store, int64_t key, uint64_t before, size_t limit, store_chat_fn *row,
                void *context)
{
    const struct document *document = document_find(store, key);
    int result = document == NULL ? STORE_E_NOT_FOUND : STORE_OK;
    size_t end = document == NULL ? 0 : document->chats.count;
    end = before <= end ? (size_t)(before == 0 ? 0 : before - 1) : end;
    for (size_t i = end > limit ? end - limit : 0; result == STORE_OK && i < end; i++) {
        result = row(context, &chats_of(document)[i].chat);
    }
    return result;
}

/* ---- settling ---- */

int store_settle_edits(struct store *store, int64_t key, uint64_t version, bool *done_out)
{
    struct document *document = document_find(store, key);
    *done_out = false;
    if (document == NULL || version > document->edits.count) {
        return document == NULL ? STORE_E_NOT_FOUND : STORE_E_INVALID;
    }
    for (; document->settled < version; document->settled++) {
        touch(document, edits_of(document)[document->settled].edit.at_ms);
    }
    *done_out = true;
    return STORE_OK;
}

int store_settle(struct store *store, int64_t key, uint64_t version, struct store_slice snapshot,
                 int64_t at_ms, bool *done_out)
{
    int result = store_settle_edits(store, key, version, done_out);
    struct document *document = document_find(store, key);
    (void)at_ms;
    if (result == STORE_OK && version > document->snapshot_version) {
        free(document->snapshot.items);
        document->snapshot = (struct rows){allocate(snapshot.size), snapshot.size};
        keep(&snapshot, document->snapshot.items);
        document->snapshot_version = version;
    }
    return result;
}

uint64_t store_unsettled(const struct store *store, int64_t key)
{
    const struct document *document = document_find(store, key);
    return document == NULL ? 0 : document->edits.count - document->settled;
}
