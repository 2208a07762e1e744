#include "storage/sqlite/tail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_FIRST_BUCKETS 64
#define TAIL_FIRST_EDITS   4

/* ---- the heap ---- */

static int64_t first_row(const struct tail_document *document)
{
    return tail_edit(document, 0)->row;
}

static void heap_set(struct tail *tail, size_t place, struct tail_document *document)
{
    tail->heap[place] = document;
    document->place = place;
}

static void heap_up(struct tail *tail, size_t place)
{
    struct tail_document *document = tail->heap[place];

    while (place > 0 && first_row(tail->heap[(place - 1) / 2]) > first_row(document)) {
        heap_set(tail, place, tail->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    heap_set(tail, place, document);
}

static void heap_down(struct tail *tail, size_t place)
{
    struct tail_document *document = tail->heap[place];

    for (size_t child; (child = 2 * place + 1) < tail->heap_count; place = child) {
        if (child + 1 < tail->heap_count &&
            first_row(tail->heap[child + 1]) < first_row(tail->heap[child]))
            child++;
        if (first_row(tail->heap[child]) > first_row(document))
            break;
        heap_set(tail, place, tail->heap[child]);
    }
    heap_set(tail, place, document);
}

static void heap_remove(struct tail *tail, struct tail_document *document)
{
    size_t place = document->place;
    struct tail_document *last = tail->heap[--tail->heap_count];

    if (last == document)
        return;
    heap_set(tail, place, last);
    heap_up(tail, place);
    heap_down(tail, last->place);
}

static bool heap_reserve(struct tail *tail, size_t count)
{
    size_t capacity = tail->heap_capacity > 0 ? tail->heap_capacity * 2 : TAIL_FIRST_BUCKETS;
    struct tail_document **heap;

    if (count <= tail->heap_capacity)
        return true;
    heap = realloc(tail->heap, capacity * sizeof(struct tail_document *));
    if (heap == NULL)
        return false;
    tail->heap = heap;
    tail->heap_capacity = capacity;
    return true;
}

/* ---- the table of documents ---- */

static struct tail_document **bucket_of(const struct tail *tail, int64_t key)
{
    uint64_t mixed = (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15);

    return &tail->buckets[(mixed >> 32) & (tail->bucket_count - 1)];
}

static bool buckets_grow(struct tail *tail)
{
    struct tail grown = {.bucket_count =
                             tail->bucket_count > 0 ? tail->bucket_count * 2 : TAIL_FIRST_BUCKETS};

    grown.buckets = calloc(grown.bucket_count, sizeof(struct tail_document *));
    if (grown.buckets == NULL)
        return false;
    for (size_t i = 0; i < tail->bucket_count; i++) {
        struct tail_document *document = tail->buckets[i];

        while (document != NULL) {
            struct tail_document *next = document->next;
            struct tail_document **bucket = bucket_of(&grown, document->key);

            document->next = *bucket;
            *bucket = document;
            document = next;
        }
    }
    free(tail->buckets);
    tail->buckets = grown.buckets;
    tail->bucket_count = grown.bucket_count;
    return true;
}

static void drop_kept(struct tail *tail, struct store_edit *kept)
{
    if (kept == NULL)
        return;
    tail->kept_bytes -= sizeof *kept + kept->op.size;
    free(kept);
}

static void document_free(struct tail *tail, struct tail_document *document)
{
    for (size_t i = 0; i < document->count; i++)
        drop_kept(tail, tail_edit(document, i)->kept);
    free(document->edits);
    client_map_deinit(&document->clients);
    free(document);
}

void tail_deinit(struct tail *tail)
{
    for (size_t i = 0; i < tail->bucket_count; i++) {
        while (tail->buckets[i] != NULL) {
            struct tail_document *document = tail->buckets[i];

            tail->buckets[i] = document->next;
            document_free(tail, document);
        }
    }
    free(tail->buckets);
    free(tail->heap);
    *tail = (struct tail){0};
}

struct tail_document *tail_find(const struct tail *tail, int64_t key)
{
    struct tail_document *document;

    if (tail->bucket_count == 0)
        return NULL;
    document = *bucket_of(tail, key);
    while (document != NULL && document->key != key)
        document = document->next;
    return document;
}

struct tail_document *tail_add(struct tail *tail, int64_t key, uint64_t settled)
{
    struct tail_document *document;
    struct tail_document **bucket;

    if (tail->document_count >= tail->bucket_count && !buckets_grow(tail))
        return NULL;
    if (!heap_reserve(tail, tail->document_count + 1))
        return NULL;
    document = calloc(1, sizeof *document);
    if (document == NULL)
        return NULL;
    document->key = key;
    document->settled = settled;
    bucket = bucket_of(tail, key);
    document->next = *bucket;
    *bucket = document;
    tail->document_count++;
    return document;
}

void tail_remove(struct tail *tail, struct tail_document *document)
{
    struct tail_document **link = bucket_of(tail, document->key);

    while (*link != document)
        link = &(*link)->next;
    *link = document->next;
    tail->document_count--;
    tail->edit_count -= document->count;
    if (document->count > 0)
        heap_remove(tail, document);
    document_free(tail, document);
}

void tail_release(struct tail *tail, struct tail_document *document)
{
    if (document->count == 0 && document->staged == 0 && document->parts_version == 0)
        tail_remove(tail, document);
}

/* ---- the edits of a document ---- */

/* Dropping edits leaves free space before the others; it is used before more is asked for. */
static bool edits_reserve(struct tail_document *document, size_t extra)
{
    size_t need = document->count + extra;
    size_t capacity = document->capacity > 0 ? document->capacity : TAIL_FIRST_EDITS;
    struct tail_edit *edits;

    if (document->start + need <= document->capacity)
        return true;
    if (document->start > 0)
        memmove(document->edits, document->edits + document->start,
                document->count * sizeof *document->edits);
    document->start = 0;
    if (need <= document->capacity / 2)
        return true;
    while (capacity < need || capacity == document->capacity)
        capacity *= 2;
    edits = realloc(document->edits, capacity * sizeof *edits);
    if (edits == NULL)
        return false;
    document->edits = edits;
    document->capacity = capacity;
    return true;
}

bool tail_reserve(struct tail_document *document, size_t extra)
{
    return edits_reserve(document, extra) && client_map_reserve(&document->clients, extra);
}

/* A copy of the edit, or NULL where there is no room for it. */
static struct store_edit *keep(struct tail *tail, const struct store_edit *edit)
{
    size_t size = sizeof *edit + edit->op.size;
    struct store_edit *kept = tail->kept_bytes + size <= tail->kept_max ? malloc(size) : NULL;

    if (kept == NULL)
        return NULL;
    tail->kept_bytes += size;
    *kept = *edit;
    kept->op.data = (uint8_t *)(kept + 1);
    if (edit->op.size > 0)
        memcpy(kept + 1, edit->op.data, edit->op.size);
    return kept;
}

void tail_push(struct tail *tail, struct tail_document *document, int64_t row,
               const struct store_edit *edit)
{
    assert(document->start + document->count < document->capacity);
    document->edits[document->start + document->count++] =
        (struct tail_edit){.row = row, .kept = keep(tail, edit)};
    client_map_put(&document->clients, edit->client, edit->seq, tail_version(document));
    tail->edit_count++;
    if (document->count == 1) {
        assert(tail->heap_count < tail->heap_capacity);
        tail->heap[tail->heap_count++] = document;
        heap_up(tail, tail->heap_count - 1);
    }
}

void tail_shift(struct tail *tail, struct tail_document *document, size_t count)
{
    assert(count <= document->count);
    if (count == 0)
        return;
    if (count == document->count)
        heap_remove(tail, document);
    for (size_t i = 0; i < count; i++)
        drop_kept(tail, tail_edit(document, i)->kept);
    document->start += count;
    document->count -= count;
    document->settled += count;
    tail->edit_count -= count;
    if (document->count > 0)
        heap_down(tail, document->place);
}

struct tail_document *tail_oldest(const struct tail *tail)
{
    return tail->heap_count > 0 ? tail->heap[0] : NULL;
}

int64_t tail_first(const struct tail *tail, int64_t end)
{
    return tail->heap_count > 0 ? first_row(tail->heap[0]) : end;
}
