/*
 * A disk that misbehaves, preloaded into the server: QUIRE_FAULT=CALL:N:ACTION makes the n-th call
 * (from 1) of fdatasync, pwrite, send or entry (link, unlink or rename, of whichever files) of the
 * process
 *   eio      fail with EIO, once
 *   broken   fail with EIO, and all after it
 *   before   kill the process just before the call
 *   after    kill the process just after the call
 *   slow     take SLOW_MS, and all after it
 *   stuck    never come back
 *   held     wait until there is a file QUIRE_RELEASE
 * Directories do not count: SQLite does without syncing them.
 *
 * QUIRE_CLOCK=FILE makes the clock on the wall wrong by as many seconds as the file's first 8 bytes
 * say.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SLOW_MS   300
#define EXIT_CODE 137
#define WORD_MAX  16

static atomic_long calls;

/* What is to happen at this call; NULL: nothing. */
static const char *action_at(const char *call)
{
    static _Thread_local char action[WORD_MAX];
    char name[WORD_MAX];
    long at;
    const char *fault = getenv("QUIRE_FAULT");
    if (fault == NULL || sscanf(fault, "%15[^:]:%ld:%15s", name, &at, action) != 3 ||
        strcmp(name, call) != 0) {
        return NULL;
    }
    long number = atomic_fetch_add(&calls, 1) + 1;
    bool stays = strcmp(action, "broken") == 0 || strcmp(action, "slow") == 0;
    return number == at || (stays && number > at) ? action : NULL;
}

/* True: the call fails. */
static bool happens_before(const char *action)
{
    if (action == NULL) {
        return false;
    }
    if (strcmp(action, "before") == 0) {
        _exit(EXIT_CODE);
    }
    if (strcmp(action, "slow") == 0) {
        nanosleep(&(struct timespec){.tv_nsec = SLOW_MS * 1000000L}, NULL);
    }
    while (strcmp(action, "stuck") == 0) {
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    while (strcmp(action, "held") == 0 && access(getenv("QUIRE_RELEASE"), F_OK) != 0) {
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000L}, NULL);
    }
    errno = EIO;
    return strcmp(action, "eio") == 0 || strcmp(action, "broken") == 0;
}

static void happens_after(const char *action)
{
    if (action != NULL && strcmp(action, "after") == 0) {
        _exit(EXIT_CODE);
    }
}

static void *real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        abort();
    }
    return function;
}

static bool is_file(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

int fdatasync(int fd)
{
    int (*call)(int);
    *(void **)&call = real("fdatasync");
    const char *action = is_file(fd) ? action_at("fdatasync") : NULL;
    if (happens_before(action)) {
        return -1;
    }
    int result = call(fd);
    happens_after(action);
    return result;
}

static ssize_t write_at(const char *name, int fd, const void *bytes, size_t size, off_t place)
{
    ssize_t (*call)(int, const void *, size_t, off_t);
    *(void **)&call = real(name);
    const char *action = action_at("pwrite");
    if (happens_before(action)) {
        return -1;
    }
    ssize_t result = call(fd, bytes, size, place);
    happens_after(action);
    return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t place)
{
    return write_at("pwrite", fd, bytes, size, place);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t place)
{
    return write_at("pwrite64", fd, bytes, size, place);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    ssize_t (*call)(int, const void *, size_t, int);
    *(void **)&call = real("send");
    const char *action = action_at("send");
    if (happens_before(action)) {
        return -1;
    }
    ssize_t result = call(fd, bytes, size, flags);
    happens_after(action);
    return result;
}

/* ---- names ---- */

int link(const char *from, const char *to)
{
    int (*call)(const char *, const char *);
    *(void **)&call = real("link");
    const char *action = action_at("entry");
    if (happens_before(action)) {
        return -1;
    }
    int result = call(from, to);
    happens_after(action);
    return result;
}

int rename(const char *from, const char *to)
{
    int (*call)(const char *, const char *);
    *(void **)&call = real("rename");
    const char *action = action_at("entry");
    if (happens_before(action)) {
        return -1;
    }
    int result = call(from, to);
    happens_after(action);
    return result;
}

int unlink(const char *path)
{
    int (*call)(const char *);
    *(void **)&call = real("unlink");
    const char *action = action_at("entry");
    if (happens_before(action)) {
        return -1;
    }
    int result = call(path);
    happens_after(action);
    return result;
}

/* ---- the clock on the wall ---- */

static _Atomic int64_t no_offset, *offset = &no_offset;

static void map_offset(void)
{
    const char *file = getenv("QUIRE_CLOCK");
    int fd = file == NULL ? -1 : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    void *bytes = mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);
    if (bytes != MAP_FAILED) {
        offset = bytes;
    }
    close(fd);
}

static time_t wrong_by(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, map_offset);
    return (time_t)atomic_load(offset);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*call)(clockid_t, struct timespec *);
    *(void **)&call = real("clock_gettime");
    int result = call(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += wrong_by();
    }
    return result;
}

int gettimeofday(struct timeval *now, void *zone)
{
    int (*call)(struct timeval *, void *);
    *(void **)&call = real("gettimeofday");
    int result = call(now, zone);
    if (result == 0) {
        now->tv_sec += wrong_by();
    }
    return result;
}

time_t time(time_t *now)
{
    time_t (*call)(time_t *);
    *(void **)&call = real("time");
    time_t seconds = call(NULL) + wrong_by();
    if (now != NULL) {
        *now = seconds;
    }
    return seconds;
}
