/* An operation consumed piece by piece. Past its end it is one endless plain retain. */
#ifndef OT_SOURCE_H
#define OT_SOURCE_H

#include "component.h"

/* Longer than anything: no valid operation takes it away. */
#define SOURCE_ENDLESS UINT32_MAX

struct source {
    struct part part;  /* what is left of the component at hand */
    const uint8_t *at; /* the next component */
    const uint8_t *end;
    bool is_over;
};

static inline void source_next(struct source *source)
{
    if (source->at == source->end) {
        source->part.kind = OT_RETAIN;
        source->part.length = SOURCE_ENDLESS;
        source->part.attributes = (struct ot_slice){0};
        source->is_over = true;
        return;
    }
    source->at = part_read(source->at, &source->part);
}

static inline struct source source_begin(const struct areas *areas)
{
    struct source source = {.at = areas->comps, .end = areas->comps_end, .is_over = false};
    source_next(&source);
    return source;
}

static inline uint32_t source_shorter(const struct source *a, const struct source *b)
{
    return a->part.length < b->part.length ? a->part.length : b->part.length;
}

static inline void source_take(struct source *source, uint32_t length)
{
    source->part.length -= length;
    if (source->part.length == 0) {
        source_next(source);
    }
}

/* Uses up so much of both. */
static inline void sources_take(struct source *a, struct source *b, uint32_t length)
{
    source_take(a, length);
    source_take(b, length);
}

#endif
