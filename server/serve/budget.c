#include "server/serve/budget.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 256
#define GROUP_ROOT     "/sys/fs/cgroup"

/* ---- what there is ---- */

static int read_text(const char *path, char *text_out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text_out, size - 1);
    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return -1;
    text_out[got] = '\0';
    return 0;
}

/* What the control group of the process may have; UINT64_MAX: no limit is known. */
static uint64_t group_bytes(void)
{
    char line[LINE_MAX_BYTES], path[LINE_MAX_BYTES + 64], text[64];
    char *rest;
    if (read_text("/proc/self/cgroup", line, sizeof(line)) != 0 || strncmp(line, "0::", 3) != 0)
        return UINT64_MAX;
    line[strcspn(line, "\n")] = '\0';
    snprintf(path, sizeof(path), GROUP_ROOT "%s/memory.max", line + 3);
    if (read_text(path, text, sizeof(text)) != 0)
        return UINT64_MAX;
    uint64_t bytes = strtoull(text, &rest, 10);
    return rest == text ? UINT64_MAX : bytes; /* "max" */
}

static uint64_t half_of_all(void)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t group = group_bytes();
    return (group < machine ? group : machine) / 2;
}

/* ---- what is used ---- */

/* Pages that are there; what was freed is among them. */
static uint64_t resident_bytes(const struct budget *budget)
{
    char text[LINE_MAX_BYTES];
    unsigned long long all, resident;
    ssize_t got = budget->statm < 0 ? -1 : pread(budget->statm, text, sizeof(text) - 1, 0);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    return sscanf(text, "%llu %llu", &all, &resident) == 2
               ? resident * (uint64_t)sysconf(_SC_PAGESIZE)
               : 0;
}

/* Asking the allocator takes longer the more pieces there are, so it is asked only when its answer
 * can matter. What it keeps without using is given back then. */
static uint64_t used_bytes(const struct budget *budget)
{
    uint64_t resident = resident_bytes(budget);
    if (resident * 100 < budget->whole_bytes * (BUDGET_TIGHT_PERCENT - BUDGET_BACK_PERCENT))
        return resident;
    struct mallinfo2 info = mallinfo2();
    uint64_t used = info.uordblks + info.hblkhd;
    if (used == 0 || used >= resident)
        return resident;
    malloc_trim(0);
    return used;
}

/* ---- the face ---- */

void budget_init(struct budget *budget, uint64_t whole_bytes)
{
    *budget = (struct budget){.whole_bytes = whole_bytes > 0 ? whole_bytes : half_of_all(),
                              .statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
}

void budget_deinit(struct budget *budget)
{
    if (budget->statm >= 0)
        close(budget->statm);
    budget->statm = -1;
}

static enum hub_pressure stage_at(const struct budget *budget, uint64_t used, unsigned less)
{
    static const unsigned percents[] = {[HUB_TIGHT] = BUDGET_TIGHT_PERCENT,
                                        [HUB_SCARCE] = BUDGET_SCARCE_PERCENT,
                                        [HUB_OUT] = BUDGET_OUT_PERCENT};
    unsigned stage = HUB_OUT;
    while (stage > HUB_EASY && used * 100 < budget->whole_bytes * (percents[stage] - less))
        stage--;
    return (enum hub_pressure)stage;
}

enum hub_pressure budget_move(struct budget *budget, uint64_t used_bytes)
{
    enum hub_pressure up = stage_at(budget, used_bytes, 0);
    enum hub_pressure down = stage_at(budget, used_bytes, BUDGET_BACK_PERCENT);
    enum hub_pressure stage = budget_stage(budget);
    stage = up > stage ? up : down < stage ? down : stage;
    atomic_store_explicit(&budget->used_bytes, used_bytes, memory_order_relaxed);
    atomic_store_explicit(&budget->stage, stage, memory_order_relaxed);
    return stage;
}

enum hub_pressure budget_look(struct budget *budget)
{
    return budget_move(budget, used_bytes(budget));
}

enum hub_pressure budget_stage(const struct budget *budget)
{
    return (enum hub_pressure)atomic_load_explicit(&budget->stage, memory_order_relaxed);
}
