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
        source->part = (struct part){.kind = OT_RETAIN, .length = SOURCE_ENDLESS};
        source->is_over = true;
        return;
    }
    source->at = part_read(source->at, &source->part);
}

static inline void source_begin(struct source *source, const struct areas *areas)
{
    source->at = areas->comps;
    source->end = areas->comps_end;
    source->is_over = false;
    source_next(source);
}

static inline void source_take(struct source *source, uint32_t length)
{
    source->part.length -= length;
    if (source->part.length == 0) {
        source_next(source);
    }
}

/* Is the part an insert or an embed? */
static inline bool part_inserts(const struct part *part)
{
    return part->kind == OT_INSERT || part->kind == OT_EMBED;
}

#endif
