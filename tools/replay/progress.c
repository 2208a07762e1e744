#include "tools/replay/progress.h"

#include "tools/peer/link.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH         30
#define TERMINAL_EVERY_US 100000
#define LINE_EVERY_US     5000000

void progress_init(struct progress *progress, const char *name, bool silent)
{
    *progress = (struct progress){
        .name = name, .unit = "edits", .silent = silent, .terminal = isatty(STDERR_FILENO) == 1};
}

void progress_begin(struct progress *progress, size_t total)
{
    progress->total = total;
    progress->begun_us = progress->shown_us = link_now_us();
}

static void draw(const struct progress *progress, size_t done, double rate)
{
    static const char full[] = "##############################";
    int filled = progress->total == 0 ? 0 : (int)(done * BAR_WIDTH / progress->total);

    const char *comma = progress->note[0] != '\0' ? ", " : "";

    if (progress->terminal)
        fprintf(stderr, "\r%s [%-*.*s] %zu/%zu %s, %.0f/s%s%s ", progress->name, BAR_WIDTH, filled,
                full, done, progress->total, progress->unit, rate, comma, progress->note);
    else
        fprintf(stderr, "%s: %zu of %zu %s, %.0f/s%s%s\n", progress->name, done, progress->total,
                progress->unit, rate, comma, progress->note);
    fflush(stderr);
}

void progress_show(struct progress *progress, size_t done)
{
    uint64_t now_us = link_now_us();
    uint64_t every_us = progress->terminal ? TERMINAL_EVERY_US : LINE_EVERY_US;

    if (progress->silent || now_us < progress->shown_us + every_us)
        return;
    progress->shown_us = now_us;
    draw(progress, done, (double)done * 1e6 / (double)(now_us - progress->begun_us));
}

void progress_end(struct progress *progress)
{
    if (!progress->silent && progress->terminal && progress->shown_us > progress->begun_us)
        fprintf(stderr, "\r\033[K");
}
