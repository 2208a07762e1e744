#include "server/serve/pace.h"

#include <stdbool.h>

void pace_init(struct pace *pace, uint64_t interval_ns)
{
    *pace = (struct pace){.interval_ns = interval_ns};
}

static bool is_among(const struct pace_authors *authors, uint64_t author)
{
    for (size_t i = 0; i < authors->count; i++)
        if (authors->ids[i] == author)
            return true;
    return false;
}

static void turn_over(struct pace *pace, uint64_t now_ns)
{
    uint64_t passed_ns = now_ns - pace->now_began_ns;
    if (passed_ns < pace->interval_ns)
        return;
    pace->before = pace->now;
    pace->now.count = 0;
    if (passed_ns >= 2 * pace->interval_ns)
        pace->before.count = 0;
    pace->active = pace->before.count;
    pace->now_began_ns = now_ns;
}

void pace_note(struct pace *pace, uint64_t author, uint64_t now_ns)
{
    turn_over(pace, now_ns);
    if (pace->now.count == PACE_AUTHORS || is_among(&pace->now, author))
        return;
    if (!is_among(&pace->before, author))
        pace->active++;
    pace->now.ids[pace->now.count++] = author;
}

uint64_t pace_due_ns(const struct pace *pace, size_t waiting)
{
    bool all = pace->now.count < PACE_AUTHORS && waiting >= pace->active;
    size_t crowd = pace->active < PACE_CROWD ? pace->active : PACE_CROWD;
    return all ? 0 : pace->commit_began_ns + pace->interval_ns * crowd / PACE_CROWD;
}

size_t pace_missing(const struct pace *pace, size_t waiting)
{
    return waiting < pace->active ? pace->active - waiting : 1;
}

void pace_begin(struct pace *pace, uint64_t now_ns)
{
    pace->commit_began_ns = now_ns;
}
