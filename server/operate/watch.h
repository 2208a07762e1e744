/* Something that takes its time: its progress is shown, and a signal ends it in good order. */
#ifndef QUIRE_OPERATE_WATCH_H
#define QUIRE_OPERATE_WATCH_H

#include "tools/replay/progress.h"

struct watch {
    struct progress progress;
    int signals; /* signalfd of SIGINT, SIGTERM and SIGHUP, which are held back; -1: they are not */
    bool interrupted;
};

void watch_init(struct watch *watch, bool quiet);
void watch_deinit(struct watch *watch);

/* A new bar: `unit` in the plural. */
void watch_begin(struct watch *watch, const char *name, const char *unit, uint64_t total);
/* False: it is to be given up. */
bool watch_goes_on(struct watch *watch, uint64_t done);
void watch_end(struct watch *watch);

#endif
