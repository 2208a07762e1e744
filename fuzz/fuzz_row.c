/* Bytes as what lies in the database, should a checksum fit by chance or by malice: a segment of
 * the log, or a snapshot and operations after it. What can be read says the same when it is written
 * anew; what cannot be is damage, and nothing else. */
#include "fuzz.h"

#include "server/hub/replay.h"
#include "storage/sqlite/segment.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t read_segment(struct store_slice bytes, size_t count, struct store_edit *edits)
{
    struct segment_reader *reader = malloc(sizeof *reader);
    size_t read = 0;
    int result = segment_open(reader, bytes, 7, 1000, 1000 + count - 1);
    while (result >= 0 && (result = segment_next(reader, &edits[read])) > 0) {
        assert(edits[read].version == 1000 + read);
        read++;
        assert(read <= count);
    }
    free(reader);
    assert(result == STORE_E_CORRUPT || (result == 0 && read == count));
    return result == 0 ? read : 0;
}

static void check_segment(struct store_slice bytes, size_t count)
{
    static struct store_edit edits[SEGMENT_EDITS_MAX], again[SEGMENT_EDITS_MAX];
    struct buffer out = {0};
    if (read_segment(bytes, count, edits) == 0) {
        return;
    }
    assert(segment_encode(edits, count, &out) == STORE_OK);
    assert(read_segment((struct store_slice){out.data, out.size}, count, again) == count);
    for (size_t i = 0; i < count; i++) {
        assert(edits[i].client == again[i].client && edits[i].seq == again[i].seq &&
               edits[i].at_ms == again[i].at_ms && edits[i].op.size == again[i].op.size &&
               memcmp(edits[i].op.data, again[i].op.data, edits[i].op.size) == 0);
    }
    buffer_deinit(&out);
}

/* The next piece of the bytes, with its size in the byte before it. */
static struct ot_slice take(struct store_slice *bytes)
{
    size_t size = bytes->size == 0 ? 0 : bytes->data[0], left = bytes->size - (bytes->size > 0);
    struct ot_slice piece = {bytes->data + (bytes->size > 0), size < left ? size : left};
    *bytes = (struct store_slice){piece.data + piece.size, left - piece.size};
    return piece;
}

static void check_snapshot(struct ot_doc *doc)
{
    struct ot_buf snapshot = {0};
    struct ot_doc *again;
    uint32_t hash;
    assert(ot_doc_sound(doc) && ot_doc_snapshot(doc, &snapshot) == OT_OK);
    assert(replay_snapshot(STORE_TEXT, ot_buf_slice(&snapshot), &again) == STORE_OK);
    assert(ot_doc_hash(again, &hash) == OT_OK && hash == ot_hash(ot_buf_slice(&snapshot)));
    ot_doc_free(again);
    ot_buf_deinit(&snapshot);
}

static void check_document(struct store_slice bytes, enum store_type type)
{
    struct ot_doc *doc;
    int result = replay_snapshot(type, take(&bytes), &doc);
    assert(result == STORE_OK || result == STORE_E_CORRUPT);
    if (result != STORE_OK) {
        return;
    }
    check_snapshot(doc);
    while (bytes.size > 0) {
        result = replay_edit(doc, take(&bytes));
        assert(result == STORE_OK || result == STORE_E_CORRUPT);
    }
    check_snapshot(doc);
    ot_doc_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct store_slice rest = {data + 1, size - 1};
    if (data[0] % 4 < 2) {
        check_document(rest, data[0] % 4 == 0 ? STORE_TEXT : STORE_RICH);
    } else {
        check_segment(rest, 1 + data[0] / 4);
    }
    return 0;
}
