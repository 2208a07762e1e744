#include "plan.h"

#include "events.h"
#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 256

void plan_deinit(struct plan *plan)
{
    free(plan->lines);
}

void plan_add(struct plan *plan, unsigned event, uint32_t chance)
{
    plan->lines = bytes_grow(plan->lines, &plan->capacity, plan->count + 1, sizeof *plan->lines);
    plan->lines[plan->count++] = (struct plan_line){event, chance};
}

void plan_draw_from(struct plan *plan, uint64_t chance)
{
    struct rng mixed = {plan->seed ^ chance << 20};
    plan->rng.state = rng_next(&mixed);
}

void plan_say(struct plan *plan, const char *format, ...)
{
    if (plan->shown) {
        va_list arguments;
        va_start(arguments, format);
        fprintf(stderr, "%5zu  ", plan->at);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
        va_end(arguments);
    }
}

void plan_fail(struct plan *plan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(plan->reason, sizeof plan->reason, format, arguments);
    va_end(arguments);
    longjmp(plan->failed, 1);
}

/* ---- files ---- */

void plan_write(const struct plan *plan, FILE *file)
{
    fprintf(file, "quire-sim 1\nseed %" PRIu64 "\n", plan->seed);
    for (size_t i = 0; i < plan->count; i++) {
        fprintf(file, "%s %" PRIu32 "\n", event_name(plan->lines[i].event), plan->lines[i].chance);
    }
}

static bool read_line(struct plan *plan, const char *line, unsigned number)
{
    char name[LINE_MAX_BYTES];
    uint64_t value;
    unsigned event;
    if (number == 1) {
        return strcmp(line, "quire-sim 1\n") == 0;
    }
    if (sscanf(line, "%255s %" SCNu64, name, &value) != 2) {
        return false;
    }
    if (number == 2) {
        plan->seed = value;
        return strcmp(name, "seed") == 0;
    }
    if (!event_find(name, &event) || value > UINT32_MAX) {
        return false;
    }
    plan_add(plan, event, (uint32_t)value);
    return true;
}

bool plan_read(struct plan *plan, FILE *file, size_t *line_out)
{
    char line[LINE_MAX_BYTES];
    unsigned number = 0;
    for (*line_out = 1; fgets(line, sizeof line, file) != NULL; ++*line_out) {
        if (line[0] != '#' && !read_line(plan, line, ++number)) {
            return false;
        }
    }
    return number >= 2;
}
