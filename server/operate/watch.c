#include "server/operate/watch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

void watch_init(struct watch *watch, bool quiet)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    watch->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    watch->interrupted = false;
    if (watch->signals < 0)
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    progress_init(&watch->progress, "", quiet);
}

void watch_deinit(struct watch *watch)
{
    if (watch->signals >= 0)
        close(watch->signals);
}

void watch_begin(struct watch *watch, const char *name, const char *unit, uint64_t total)
{
    watch->progress.name = name;
    watch->progress.unit = unit;
    progress_begin(&watch->progress, (size_t)total);
}

bool watch_goes_on(struct watch *watch, uint64_t done)
{
    struct signalfd_siginfo info;
    if (watch->signals >= 0 && read(watch->signals, &info, sizeof(info)) == sizeof(info))
        watch->interrupted = true;
    progress_show(&watch->progress, (size_t)done);
    return !watch->interrupted;
}

void watch_end(struct watch *watch)
{
    progress_end(&watch->progress);
}
