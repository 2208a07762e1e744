#include "server/hub/request.h"
#include "server/hub/request_sharing.h"

#include "server/hub/settle.h"
#include "server/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

struct store_request *request_new(enum request_kind kind)
{
    struct store_request *request = calloc(1, sizeof(*request));
    if (!request) {
        fputs("quire: out of memory\n", stderr);
        abort();
    }
    request->kind = kind;
    return request;
}

void request_free(struct store_request *request)
{
    if (!request)
        return;
    blob_unref(request->blob);
    blob_unref(request->snapshot);
    free(request->edits.items);
    free(request->edits.bytes);
    free(request->chats.items);
    free(request->chats.bytes);
    free(request->documents);
    settle_free(request->settle);
    request_sharing_free(request->sharing);
    free(request);
}

/* ---- growing arrays ---- */

/* Makes room for `more` elements behind `count`; `*items_out` may move. */
static int reserve(void *items_out, size_t *capacity, size_t count, size_t more, size_t element)
{
    if (*capacity - count >= more)
        return STORE_OK;
    size_t wanted = *capacity ? *capacity : 16;
    while (wanted - count < more)
        wanted *= 2;
    void *items;
    memcpy(&items, items_out, sizeof(items));
    items = realloc(items, wanted * element);
    if (!items)
        return STORE_E_MEMORY;
    memcpy(items_out, &items, sizeof(items));
    *capacity = wanted;
    return STORE_OK;
}

/* Copies a slice behind the bytes. The slice of the copy gets its address at the end, by
 * place_slice, since the bytes may still move. */
static int keep_slice(uint8_t **bytes, size_t *size, size_t *capacity, struct store_slice slice)
{
    int result = reserve(bytes, capacity, *size, slice.size, 1);
    if (result != STORE_OK)
        return result;
    if (slice.size > 0)
        memcpy(*bytes + *size, slice.data, slice.size);
    *size += slice.size;
    return STORE_OK;
}

static void place_slice(struct store_slice *slice, const uint8_t **at)
{
    slice->data = *at;
    *at += slice->size;
}

/* ---- edits ---- */

/* What a HISTORY returns from its callback to stop: not an error of the store. */
#define TOO_LONG 1

static int keep_edit(void *context, const struct store_edit *edit)
{
    struct store_request *request = context;
    struct request_edits *edits = &request->edits;
    if (request->kind == REQUEST_HISTORY && edits->size + edit->op.size > LIMIT_HISTORY_BYTES)
        return TOO_LONG;
    int result = reserve(&edits->items, &edits->capacity, edits->count, 1, sizeof(*edits->items));
    if (result == STORE_OK)
        result = keep_slice(&edits->bytes, &edits->size, &edits->bytes_capacity, edit->op);
    if (result == STORE_OK)
        edits->items[edits->count++] = *edit;
    return result;
}

static int read_edits(struct store *store, struct store_request *request, uint64_t first,
                      uint64_t last)
{
    struct request_edits *edits = &request->edits;
    int result = store_history(store, request->key, first, last, keep_edit, request);
    if (result == TOO_LONG) {
        edits->count = edits->size = 0;
        request->more = true;
        return STORE_OK;
    }
    const uint8_t *at = edits->bytes;
    for (size_t i = 0; i < edits->count; i++)
        place_slice(&edits->items[i].op, &at);
    return result;
}

/* ---- chats ---- */

static int keep_chat(void *context, const struct store_chat *chat)
{
    struct request_chats *chats = context;
    const struct store_slice slices[] = {chat->name, chat->color, chat->text};
    int result = reserve(&chats->items, &chats->capacity, chats->count, 1, sizeof(*chats->items));
    for (size_t i = 0; i < 3 && result == STORE_OK; i++)
        result = keep_slice(&chats->bytes, &chats->size, &chats->bytes_capacity, slices[i]);
    if (result == STORE_OK)
        chats->items[chats->count++] = *chat;
    return result;
}

/* Numbers have no gaps, so there are others before unless the first one is 1. */
static int read_chats(struct store *store, struct store_request *request, uint64_t before)
{
    struct request_chats *chats = &request->chats;
    int result = store_chats(store, request->key, before, (size_t)request->limit, keep_chat, chats);
    const uint8_t *at = chats->bytes;
    for (size_t i = 0; i < chats->count; i++) {
        place_slice(&chats->items[i].name, &at);
        place_slice(&chats->items[i].color, &at);
        place_slice(&chats->items[i].text, &at);
    }
    request->more = chats->count > 0 && chats->items[0].number > 1;
    return result;
}

/* ---- documents ---- */

int request_find(struct store *store, struct store_request *request)
{
    char id[STORE_ID_MAX + 1];
    memcpy(id, request->document.id, sizeof(id));
    int result = store_find(store, id, &request->document);
    if (result == STORE_OK)
        request->key = request->document.key;
    else
        memcpy(request->document.id, id, sizeof(id));
    return result;
}

static int load(struct store *store, struct store_request *request)
{
    struct store_head head;
    int result = request_find(store, request);
    if (result == STORE_OK)
        result = store_load(store, request->key, &head);
    if (result != STORE_OK)
        return result;
    request->snapshot_version = head.snapshot_version;
    request->snapshot = blob_copy(head.snapshot.data, head.snapshot.size);
    request->version = head.version;
    request->chat_number = head.chat_number;
    if (head.version > head.snapshot_version)
        result = read_edits(store, request, head.snapshot_version + 1, head.version);
    if (result == STORE_OK && head.chat_number > 0)
        result = read_chats(store, request, head.chat_number + 1);
    return result;
}

static int rename_document(struct store *store, struct store_request *request)
{
    char title[STORE_TITLE_MAX + 1];
    memcpy(title, request->document.title, sizeof(title));
    int result = request_find_allowed(store, request);
    if (result == STORE_OK)
        result = store_rename(store, request->key, title, request->now_ms);
    if (result == STORE_OK)
        result = request_find(store, request);
    return result;
}

static int delete_document(struct store *store, struct store_request *request)
{
    int result = request_find(store, request);
    return result == STORE_OK ? store_delete(store, request->key) : result;
}

/* LIST asks for one more than the limit, to know whether there are others. */
static void keep_document(void *context, const struct store_document *document)
{
    struct store_request *request = context;
    if (request->document_count == request->found + request->limit)
        request->more = true;
    else
        request->documents[request->document_count++] = *document;
}

static int list(struct store *store, struct store_request *request)
{
    size_t room = request->found + (size_t)request->limit + 1;
    struct store_document *documents =
        realloc(request->documents, room * sizeof(*request->documents));
    if (!documents)
        return STORE_E_MEMORY;
    request->documents = documents;
    request->document_count = request->found;
    return request_list(store, request, (size_t)request->limit + 1, keep_document);
}

/* ---- serving ---- */

static int serve(struct store *store, struct store_request *request)
{
    switch (request->kind) {
    case REQUEST_LOAD:
        return load(store, request);
    case REQUEST_CLIENT:
        return store_client(store, request->key, request->client, &request->seq, &request->version);
    case REQUEST_HISTORY:
    case REQUEST_REPEATED:
        return read_edits(store, request, request->first, request->last);
    case REQUEST_CHATS:
        return read_chats(store, request, request->first);
    case REQUEST_CHAT_FIND:
        return store_chat_find(store, request->key, request->chat.client, request->chat.nonce,
                               &request->chat.number);
    case REQUEST_LIST:
        return list(store, request);
    case REQUEST_CREATE:
        return request_create(store, request);
    case REQUEST_RENAME:
        return rename_document(store, request);
    case REQUEST_DELETE:
        return delete_document(store, request);
    case REQUEST_SETTLE:
        return settle_serve(store, request);
    case REQUEST_PROBE:
        return store_probe(store);
    case REQUEST_APPEND_EDIT:
    case REQUEST_APPEND_CHAT:
        break;
    default:
        return request_serve_sharing(store, request);
    }
    return STORE_E_INVALID;
}

void request_serve(struct store *store, struct store_request *request)
{
    request->result = serve(store, request);
}

void request_replay(struct store_request *request)
{
    settle_replay(request);
}

static void gather(const struct store_request *chain, const struct store_request *end,
                   struct store_edit *edits, size_t *edit_count, struct store_chat *chats,
                   size_t *chat_count)
{
    for (; chain != end; chain = chain->next) {
        if (chain->kind == REQUEST_APPEND_EDIT)
            edits[(*edit_count)++] = chain->edit;
        else
            chats[(*chat_count)++] = chain->chat;
    }
}

/* One transaction of the requests from `chain` up to, not including, `end`. */
static int append(struct store *store, const struct store_request *chain,
                  const struct store_request *end)
{
    size_t count = 0, edit_count = 0, chat_count = 0;
    for (const struct store_request *request = chain; request != end; request = request->next)
        count++;
    struct store_edit *edits = calloc(count, sizeof(*edits));
    struct store_chat *chats = calloc(count, sizeof(*chats));
    int result = STORE_E_MEMORY;
    if (edits && chats) {
        gather(chain, end, edits, &edit_count, chats, &chat_count);
        result = store_append(store, edits, edit_count, chats, chat_count);
    }
    free(edits);
    free(chats);
    return result;
}

void request_append(struct store *store, struct store_request *chain)
{
    int result = append(store, chain, NULL);
    /* One that has no place (its document was deleted or is damaged, or the one before it met a
     * full disk) is not to take the others with it. */
    bool apart =
        result == STORE_E_INVALID || result == STORE_E_NOT_FOUND || result == STORE_E_CORRUPT;
    for (; chain; chain = chain->next) {
        chain->result = apart ? append(store, chain, chain->next) : result;
        chain->version = chain->edit.version;
        chain->chat_number = chain->chat.number;
    }
}
