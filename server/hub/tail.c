#include "server/hub/tail.h"

#include "server/limits.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_FIRST 8
/* Over this many entries composing them first is cheaper than one transform after the other. */
#define STEPWISE_MAX 4

static struct entry *slot(const struct tail *tail, uint64_t version)
{
    return &tail->ring[version & (tail->capacity - 1)];
}

void tail_begin(struct tail *tail, uint64_t next)
{
    for (size_t i = 0; i < tail->count; i++) {
        blob_unref(slot(tail, tail->first + i)->blob);
    }
    tail->first = next;
    tail->count = 0;
    tail->bytes = 0;
}

void tail_deinit(struct tail *tail)
{
    tail_begin(tail, 0);
    free(tail->ring);
    *tail = (struct tail){0};
}

static void grow(struct tail *tail)
{
    struct tail bigger = *tail;
    bigger.capacity = tail->capacity == 0 ? CAPACITY_FIRST : tail->capacity * 2;
    bigger.ring = malloc(bigger.capacity * sizeof *bigger.ring);
    if (bigger.ring == NULL) {
        abort();
    }
    for (size_t i = 0; i < tail->count; i++) {
        *slot(&bigger, tail->first + i) = *slot(tail, tail->first + i);
    }
    free(tail->ring);
    *tail = bigger;
}

void tail_push(struct tail *tail, struct entry entry)
{
    assert(entry.version == tail->first + tail->count);
    if (tail->count == tail->capacity) {
        grow(tail);
    }
    *slot(tail, entry.version) = entry;
    tail->count++;
    tail->bytes += entry.blob->size;
}

bool tail_has(const struct tail *tail, uint64_t version)
{
    return version >= tail->first && version - tail->first < tail->count;
}

struct entry *tail_at(const struct tail *tail, uint64_t version)
{
    assert(tail_has(tail, version));
    return slot(tail, version);
}

void tail_trim(struct tail *tail, uint64_t keep_after)
{
    while (tail->count > 0 && tail->first <= keep_after &&
           (tail->count > LIMIT_TAIL_EDITS || tail->bytes > LIMIT_TAIL_BYTES)) {
        struct entry *oldest = slot(tail, tail->first);
        tail->bytes -= oldest->blob->size;
        blob_unref(oldest->blob);
        tail->first++;
        tail->count--;
    }
}

static int transform_stepwise(const struct tail *tail, struct ot_slice op, uint64_t base,
                              struct ot_buf *out)
{
    struct ot_buf bufs[2] = {{0}, {0}};
    uint64_t last = tail->first + tail->count - 1;
    int result = OT_OK;
    for (uint64_t version = base + 1; version <= last && result == OT_OK; version++) {
        struct ot_buf *into = version == last ? out : &bufs[version & 1];
        if (into != out) {
            ot_buf_clear(into);
        }
        result = ot_transform(op, slot(tail, version)->op, OT_RIGHT, OT_STABLE, into);
        op = ot_buf_slice(into);
    }
    ot_buf_deinit(&bufs[0]);
    ot_buf_deinit(&bufs[1]);
    return result;
}

static int transform_composed(const struct tail *tail, struct ot_slice op, uint64_t base,
                              struct ot_buf *out)
{
    size_t count = (size_t)(tail->first + tail->count - 1 - base);
    struct ot_slice *ops = malloc(count * sizeof *ops);
    if (ops == NULL) {
        return OT_E_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        ops[i] = slot(tail, base + 1 + i)->op;
    }
    struct ot_buf composed = {0};
    int result = ot_compose_all(ops, count, OT_STABLE, &composed);
    if (result == OT_OK) {
        result = ot_transform(op, ot_buf_slice(&composed), OT_RIGHT, OT_STABLE, out);
    }
    ot_buf_deinit(&composed);
    free(ops);
    return result;
}

int tail_transform(const struct tail *tail, struct ot_slice op, uint64_t base, struct ot_buf *out)
{
    uint64_t next = tail->first + tail->count;
    assert(base + 1 >= tail->first && base < next);
    if (base + 1 == next) {
        return ot_buf_append(out, op.data, op.size);
    }
    return next - base - 1 <= STEPWISE_MAX ? transform_stepwise(tail, op, base, out)
                                           : transform_composed(tail, op, base, out);
}
