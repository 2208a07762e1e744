#include "fuzz/lib/book.h"

#include "server/hub/replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void book_begin(struct book *book, const struct store_document *document)
{
    *book = (struct book){.key = document->key};
    book->type = document->type;
    assert(replay_snapshot(book->type, (struct ot_slice){0}, &book->doc) == STORE_OK);
    book->length = ot_doc_length(book->doc);
}

void book_end(struct book *book)
{
    for (uint64_t i = 0; i < book->version; i++) {
        ot_buf_deinit(&book->edits[i].op);
    }
    free(book->edits);
    assert(book->key == 0 || ot_doc_sound(book->doc));
    ot_doc_free(book->doc);
    *book = (struct book){0};
}

static int read_edit(void *context, const struct store_edit *stored)
{
    struct book *book = context;
    struct ot_slice op = {stored->op.data, stored->op.size};
    assert(stored->version == book->version + 1);
    assert(stored->seq == book_seq(book, stored->client, book->version) + 1);
    if (book->version == book->capacity) {
        book->capacity = book->capacity == 0 ? 16 : 2 * book->capacity;
        book->edits = realloc(book->edits, book->capacity * sizeof *book->edits);
        assert(book->edits != NULL);
    }
    struct book_edit *edit = &book->edits[book->version++];
    *edit = (struct book_edit){.client = stored->client, .seq = stored->seq};
    assert(ot_buf_append(&edit->op, op.data, op.size) == OT_OK);
    assert(ot_doc_apply(book->doc, op, NULL) == OT_OK);
    edit->length = ot_doc_length(book->doc);
    return STORE_OK;
}

void book_read(struct book *book, struct store *store)
{
    int result = store_history(store, book->key, book->version + 1, UINT32_MAX, read_edit, book);
    assert(result == STORE_OK || result == STORE_E_NOT_FOUND);
}

/* The last version's is what is asked for mostly; any other is made anew. */
uint32_t book_hash(struct book *book, uint64_t version)
{
    struct ot_doc *doc = book->doc;
    assert(version <= book->version);
    if (book->hashed == version + 1) {
        return book->hash;
    }
    if (version != book->version) {
        assert(replay_snapshot(book->type, (struct ot_slice){0}, &doc) == STORE_OK);
    }
    for (uint64_t i = 0; doc != book->doc && i < version; i++) {
        assert(ot_doc_apply(doc, ot_buf_slice(&book->edits[i].op), NULL) == OT_OK);
    }
    assert(ot_doc_hash(doc, &book->hash) == OT_OK);
    if (doc != book->doc) {
        ot_doc_free(doc);
    }
    book->hashed = version + 1;
    return book->hash;
}

uint64_t book_length(const struct book *book, uint64_t version)
{
    assert(version <= book->version);
    return version == 0 ? book->length : book->edits[version - 1].length;
}

uint64_t book_seq(const struct book *book, uint64_t client, uint64_t version)
{
    while (version > 0 && book->edits[version - 1].client != client) {
        version--;
    }
    return version == 0 ? 0 : book->edits[version - 1].seq;
}

bool book_has(const struct book *book, uint64_t first, uint64_t last, struct ot_slice op)
{
    struct ot_buf whole = {0};
    assert(first >= 1 && first <= last && last <= book->version);
    size_t count = (size_t)(last - first + 1);
    struct ot_slice *ops = malloc(count * sizeof *ops);
    assert(ops != NULL);
    for (size_t i = 0; i < count; i++) {
        ops[i] = ot_buf_slice(&book->edits[first - 1 + i].op);
    }
    assert(ot_compose_all(ops, count, OT_STABLE, &whole) == OT_OK);
    bool same = whole.size == op.size && memcmp(whole.data, op.data, op.size) == 0;
    ot_buf_deinit(&whole);
    free(ops);
    return same;
}

bool book_follows(const struct book *book, uint64_t version, uint64_t base, struct ot_slice op)
{
    struct ot_buf moved = {0}, next = {0};
    assert(base < version && version <= book->version);
    assert(ot_buf_append(&moved, op.data, op.size) == OT_OK);
    for (uint64_t i = base; i < version - 1; i++) {
        assert(ot_transform(ot_buf_slice(&moved), ot_buf_slice(&book->edits[i].op), OT_RIGHT,
                            OT_STABLE, &next) == OT_OK);
        ot_buf_deinit(&moved);
        moved = next;
        next = (struct ot_buf){0};
    }
    const struct ot_buf *stored = &book->edits[version - 1].op;
    bool same = stored->size == moved.size && memcmp(stored->data, moved.data, moved.size) == 0;
    ot_buf_deinit(&moved);
    return same;
}
