#include "server/serve/lifecycle.h"

#include "server/thread/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void stop_signals(sigset_t *signals_out)
{
    sigemptyset(signals_out);
    sigaddset(signals_out, SIGTERM);
    sigaddset(signals_out, SIGINT);
}

int lifecycle_init(struct lifecycle *lifecycle, bool hears_hangups)
{
    sigset_t signals;
    stop_signals(&signals);
    if (hears_hangups)
        sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write past a limit fails as on a bad disk */
    lifecycle->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    lifecycle->events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lifecycle->signals >= 0 && lifecycle->events >= 0)
        return 0;
    lifecycle_deinit(lifecycle);
    return -1;
}

void lifecycle_deinit(struct lifecycle *lifecycle)
{
    if (lifecycle->signals >= 0)
        close(lifecycle->signals);
    if (lifecycle->events >= 0)
        close(lifecycle->events);
}

void lifecycle_report(struct lifecycle *lifecycle, enum server_event event)
{
    uint64_t bits = event;
    ssize_t written;
    do {
        written = write(lifecycle->events, &bits, sizeof(bits));
    } while (written < 0 && errno == EINTR);
}

/* What has happened; a failure before all else. */
static enum lifecycle_wake happened(struct lifecycle *lifecycle, const char **signal_out)
{
    uint64_t bits = 0;
    if (read(lifecycle->events, &bits, sizeof(bits)) == sizeof(bits))
        return bits & SERVER_FAILED ? LIFECYCLE_FAILED : LIFECYCLE_SETTLED;
    struct signalfd_siginfo info;
    if (read(lifecycle->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            return LIFECYCLE_RELOAD;
        *signal_out = info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM";
        return LIFECYCLE_SIGNAL;
    }
    return LIFECYCLE_TIMEOUT;
}

enum lifecycle_wake lifecycle_wait(struct lifecycle *lifecycle, int timeout_ms,
                                   const char **signal_out)
{
    struct pollfd fds[] = {{.fd = lifecycle->events, .events = POLLIN},
                           {.fd = lifecycle->signals, .events = POLLIN}};
    uint64_t until_ms = clock_monotonic_ms() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms);
    for (;;) {
        enum lifecycle_wake wake = happened(lifecycle, signal_out);
        uint64_t now_ms = clock_monotonic_ms();
        if (wake != LIFECYCLE_TIMEOUT || (timeout_ms >= 0 && now_ms >= until_ms))
            return wake;
        poll(fds, 2, timeout_ms < 0 ? -1 : (int)(until_ms - now_ms));
    }
}

static void exit_now(int number)
{
    (void)number;
    _exit(1);
}

void lifecycle_hurry(unsigned seconds)
{
    struct sigaction action = {.sa_handler = exit_now};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    signal(SIGHUP, SIG_IGN);
    alarm(seconds);
    sigset_t signals;
    stop_signals(&signals);
    sigaddset(&signals, SIGALRM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}
