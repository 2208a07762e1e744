#include "server/hub/history.h"

#include "server/hub/bounded.h"

#include "server/limits.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_FIRST 8
/* An operation of so many bytes is taken over a history of any length step by step; a larger one
 * over so many entries. */
#define SMALL_BYTES 256
#define FEW         4

static struct entry *slot(const struct history *history, uint64_t version)
{
    return &history->ring[version & (history->capacity - 1)];
}

void history_begin(struct history *history, uint64_t next)
{
    for (size_t i = 0; i < history->count; i++) {
        blob_unref(slot(history, history->first + i)->blob);
    }
    history->first = next;
    history->count = 0;
    history->bytes = 0;
}

void history_deinit(struct history *history)
{
    history_begin(history, 0);
    free(history->ring);
    *history = (struct history){0};
}

static void grow(struct history *history)
{
    struct history bigger = *history;
    bigger.capacity = history->capacity == 0 ? CAPACITY_FIRST : history->capacity * 2;
    bigger.ring = malloc(bigger.capacity * sizeof *bigger.ring);
    if (bigger.ring == NULL) {
        abort();
    }
    for (size_t i = 0; i < history->count; i++) {
        *slot(&bigger, history->first + i) = *slot(history, history->first + i);
    }
    free(history->ring);
    *history = bigger;
}

void history_push(struct history *history, struct entry entry)
{
    assert(entry.version == history->first + history->count);
    if (history->count == history->capacity) {
        grow(history);
    }
    *slot(history, entry.version) = entry;
    history->count++;
    history->bytes += entry.blob->size;
}

bool history_has(const struct history *history, uint64_t version)
{
    return version >= history->first && version - history->first < history->count;
}

struct entry *history_at(const struct history *history, uint64_t version)
{
    assert(history_has(history, version));
    return slot(history, version);
}

void history_trim(struct history *history, uint64_t keep_after)
{
    while (history->count > 0 && history->first <= keep_after &&
           (history->count > LIMIT_TAIL_EDITS || history->bytes > LIMIT_TAIL_BYTES)) {
        struct entry *oldest = slot(history, history->first);
        history->bytes -= oldest->blob->size;
        blob_unref(oldest->blob);
        history->first++;
        history->count--;
    }
}

uint64_t history_bytes_since(const struct history *history, uint64_t base)
{
    uint64_t bytes = 0;
    for (uint64_t version = base + 1; history_has(history, version); version++) {
        bytes += HISTORY_ENTRY_BYTES + slot(history, version)->op.size;
    }
    return bytes;
}

static bool is_taken_step_by_step(struct ot_slice op, size_t count)
{
    return op.size <= SMALL_BYTES || count <= FEW;
}

uint64_t history_transform_bytes(const struct history *history, struct ot_slice op, uint64_t base)
{
    size_t count = (size_t)(history->first + history->count - base - 1);
    unsigned times = is_taken_step_by_step(op, count) ? 1 : HISTORY_FOLDS;
    return times * history_bytes_since(history, base);
}

/* While it is moved. */
#define MOVING_BYTES ((size_t)8 * LIMIT_MOVED_BYTES)

/* A large operation meets many of the others, and each meeting writes it anew: once is enough. */
static int transform_composed(struct ot_slice op, const struct ot_slice *overs, size_t count,
                              struct ot_buf *out)
{
    struct ot_buf composed = {.allocator = out->allocator};
    int result = ot_compose_all(overs, count, OT_STABLE, &composed);
    if (result == OT_OK) {
        result = ot_transform(op, ot_buf_slice(&composed), OT_RIGHT, OT_STABLE, out);
    }
    ot_buf_deinit(&composed);
    return result;
}

int history_transform(const struct history *history, struct ot_slice op, uint64_t base,
                      struct ot_buf *out)
{
    uint64_t next = history->first + history->count;
    size_t count = (size_t)(next - base - 1);
    assert(base + 1 >= history->first && base < next);
    if (count == 0) {
        return ot_buf_append(out, op.data, op.size);
    }
    struct ot_slice few[FEW], *overs = few;
    if (count > FEW) {
        overs = malloc(count * sizeof *overs);
        if (overs == NULL) {
            return OT_E_MEMORY;
        }
    }
    for (size_t i = 0; i < count; i++) {
        overs[i] = slot(history, base + 1 + i)->op;
    }
    struct bounded bounded;
    bounded_init(&bounded, MOVING_BYTES);
    struct ot_buf moved = {.allocator = &bounded.allocator};
    int result = is_taken_step_by_step(op, count)
                     ? ot_transform_all(op, overs, count, OT_RIGHT, OT_STABLE, &moved)
                     : transform_composed(op, overs, count, &moved);
    if (overs != few) {
        free(overs);
    }
    if (result == OT_E_MEMORY || (result == OT_OK && moved.size > LIMIT_MOVED_BYTES)) {
        result = OT_E_LENGTH;
    }
    if (result == OT_OK) {
        result = ot_buf_append(out, moved.data, moved.size);
    }
    ot_buf_deinit(&moved);
    return result;
}
