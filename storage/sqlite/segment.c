#include "storage/sqlite/segment.h"

#include <assert.h>
#include <stdbool.h>

#define SEGMENT_FORMAT   1
#define VARINT_BYTES_MAX 10
#define CLIENT_BYTES     8

/* ---- writing: into room that has been reserved ---- */

static void put_varint(struct buffer *out, uint64_t value)
{
    while (value >= 0x80) {
        out->data[out->size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out->data[out->size++] = (uint8_t)value;
}

/* The difference of two numbers modulo 2^64, small in bytes when it is small either way. */
static void put_step(struct buffer *out, uint64_t from, uint64_t to)
{
    uint64_t step = to - from;

    put_varint(out, (step << 1) ^ (step >> 63 ? UINT64_MAX : 0));
}

static void put_client(struct buffer *out, uint64_t client)
{
    for (int i = 0; i < CLIENT_BYTES; i++)
        out->data[out->size++] = (uint8_t)(client >> (8 * i));
}

/* The clients in the order of their first edits. */
struct authors {
    size_t count;
    size_t of_edit[SEGMENT_EDITS_MAX];
    uint64_t client[SEGMENT_EDITS_MAX];
    uint64_t seq[SEGMENT_EDITS_MAX]; /* of the last edit that was written */
};

static void authors_find(struct authors *authors, const struct store_edit *edits, size_t count)
{
    authors->count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t author = 0;

        while (author < authors->count && authors->client[author] != edits[i].client)
            author++;
        if (author == authors->count) {
            authors->client[author] = edits[i].client;
            authors->seq[author] = 0;
            authors->count++;
        }
        authors->of_edit[i] = author;
    }
}

int segment_encode(const struct store_edit *edits, size_t count, struct buffer *out)
{
    struct authors authors;
    size_t room = SEGMENT_OVERHEAD;
    int64_t at_ms = 0;

    assert(count > 0 && count <= SEGMENT_EDITS_MAX);
    for (size_t i = 0; i < count; i++)
        room += edits[i].op.size + SEGMENT_EDIT_OVERHEAD;
    if (!buffer_reserve(out, room))
        return STORE_E_MEMORY;

    authors_find(&authors, edits, count);
    out->data[out->size++] = SEGMENT_FORMAT;
    put_varint(out, count);
    put_varint(out, authors.count);
    for (size_t i = 0; i < authors.count; i++)
        put_client(out, authors.client[i]);
    for (size_t i = 0; i < count; i++) {
        size_t author = authors.of_edit[i];

        put_varint(out, author);
        put_step(out, authors.seq[author], edits[i].seq);
        put_step(out, (uint64_t)at_ms, (uint64_t)edits[i].at_ms);
        put_varint(out, edits[i].op.size);
        buffer_append(out, edits[i].op.data, edits[i].op.size);
        authors.seq[author] = edits[i].seq;
        at_ms = edits[i].at_ms;
    }
    return STORE_OK;
}

/* ---- reading ---- */

static size_t left(const struct segment_reader *reader)
{
    return (size_t)(reader->end - reader->place);
}

static bool take_varint(struct segment_reader *reader, uint64_t *value_out)
{
    uint64_t value = 0;

    for (int i = 0; i < VARINT_BYTES_MAX && left(reader) > 0; i++) {
        uint8_t byte = *reader->place++;

        if (i == VARINT_BYTES_MAX - 1 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *value_out = value;
            return true;
        }
    }
    return false;
}

static bool take_step(struct segment_reader *reader, uint64_t from, uint64_t *to_out)
{
    uint64_t folded;

    if (!take_varint(reader, &folded))
        return false;
    *to_out = from + ((folded >> 1) ^ (folded & 1 ? UINT64_MAX : 0));
    return true;
}

static bool take_client(struct segment_reader *reader, uint64_t *client_out)
{
    uint64_t client = 0;

    if (left(reader) < CLIENT_BYTES)
        return false;
    for (int i = 0; i < CLIENT_BYTES; i++)
        client |= (uint64_t)*reader->place++ << (8 * i);
    *client_out = client;
    return true;
}

static bool take_head(struct segment_reader *reader)
{
    uint64_t count;
    uint64_t clients;

    if (left(reader) == 0 || *reader->place++ != SEGMENT_FORMAT)
        return false;
    if (!take_varint(reader, &count) || count != reader->left)
        return false;
    if (!take_varint(reader, &clients) || clients == 0 || clients > count)
        return false;
    reader->client_count = (size_t)clients;
    for (size_t i = 0; i < reader->client_count; i++) {
        if (!take_client(reader, &reader->clients[i].client))
            return false;
        reader->clients[i].seq = 0;
    }
    return true;
}

int segment_open(struct segment_reader *reader, struct store_slice bytes, int64_t key,
                 uint64_t first, uint64_t last)
{
    if (bytes.size == 0 || first == 0 || last < first || last - first >= SEGMENT_EDITS_MAX)
        return STORE_E_CORRUPT;
    reader->place = bytes.data;
    reader->end = bytes.data + bytes.size;
    reader->version = first;
    reader->left = (size_t)(last - first + 1);
    reader->key = key;
    reader->at_ms = 0;
    return take_head(reader) ? STORE_OK : STORE_E_CORRUPT;
}

int segment_next(struct segment_reader *reader, struct store_edit *edit_out)
{
    uint64_t author;
    uint64_t seq;
    uint64_t at_ms;
    uint64_t size;

    if (reader->left == 0)
        return left(reader) == 0 ? 0 : STORE_E_CORRUPT;
    if (!take_varint(reader, &author) || author >= reader->client_count)
        return STORE_E_CORRUPT;
    if (!take_step(reader, reader->clients[author].seq, &seq) ||
        !take_step(reader, (uint64_t)reader->at_ms, &at_ms))
        return STORE_E_CORRUPT;
    if (!take_varint(reader, &size) || size > left(reader))
        return STORE_E_CORRUPT;

    reader->clients[author].seq = seq;
    reader->at_ms = (int64_t)at_ms;
    edit_out->key = reader->key;
    edit_out->version = reader->version++;
    edit_out->client = reader->clients[author].client;
    edit_out->seq = seq;
    edit_out->at_ms = reader->at_ms;
    edit_out->op = (struct store_slice){.data = reader->place, .size = (size_t)size};
    reader->place += size;
    reader->left--;
    return 1;
}
