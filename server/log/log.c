#include "server/log/log.h"

#include "server/log/line.h"
#include "server/thread/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES 8192

/* The queue is a ring of whole lines: `used` bytes from `start`. The writing thread copies a chunk
 * out, and holds no lock while it writes. */
struct log {
    int fd;
    enum log_format format;
    enum log_level least;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool running, ending, ended;
    uint64_t dropped, dropped_told;
    size_t start, used;
    char ring[LIMIT_LOG_QUEUE_BYTES];
};

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {
#define LOG_NAME(symbol, name) name,
        LOG_LEVELS(LOG_NAME)
#undef LOG_NAME
    };
    return names[level];
}

/* ---- the queue; all of it under the lock -------------------------------------------------------
 */

static bool ring_put(struct log *log, const char *bytes, size_t size)
{
    if (size > LIMIT_LOG_QUEUE_BYTES - log->used)
        return false;
    size_t at = (log->start + log->used) % LIMIT_LOG_QUEUE_BYTES;
    size_t first = size < LIMIT_LOG_QUEUE_BYTES - at ? size : LIMIT_LOG_QUEUE_BYTES - at;
    memcpy(log->ring + at, bytes, first);
    memcpy(log->ring, bytes + first, size - first);
    log->used += size;
    return true;
}

static size_t ring_take(struct log *log, char *chunk)
{
    size_t size = log->used < CHUNK_BYTES ? log->used : CHUNK_BYTES;
    size_t first =
        size < LIMIT_LOG_QUEUE_BYTES - log->start ? size : LIMIT_LOG_QUEUE_BYTES - log->start;
    memcpy(chunk, log->ring + log->start, first);
    memcpy(chunk + first, log->ring, size - first);
    log->start = (log->start + size) % LIMIT_LOG_QUEUE_BYTES;
    log->used -= size;
    return size;
}

static void tell_dropped(struct log *log)
{
    char line[LIMIT_LOG_LINE_BYTES], fields[48];
    snprintf(fields, sizeof(fields), "lines=%llu",
             (unsigned long long)(log->dropped - log->dropped_told));
    size_t size = line_format(log->format, clock_unix_ms(), LOG_WARN, "log_dropped", fields, line);
    if (ring_put(log, line, size))
        log->dropped_told = log->dropped;
}

/* What cannot be written is lost: there is no place to say so. */
static void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        size -= (size_t)written;
    }
}

/* A pipe that does has room for a line. */
static bool takes_more(int fd)
{
    struct pollfd end = {.fd = fd, .events = POLLOUT};
    return poll(&end, 1, 0) == 1 && (end.revents & POLLOUT);
}

static void enqueue(struct log *log, const char *bytes, size_t size)
{
    if (!log->running && log->used == 0 && takes_more(log->fd)) {
        write_all(log->fd, bytes, size);
        return;
    }
    pthread_mutex_lock(&log->lock);
    if (log->dropped != log->dropped_told && log->used < LIMIT_LOG_QUEUE_BYTES / 2)
        tell_dropped(log);
    if (!ring_put(log, bytes, size))
        log->dropped++;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
}

/* ---- the writing thread ------------------------------------------------------------------------
 */

static void *write_lines(void *context)
{
    struct log *log = context;
    char chunk[CHUNK_BYTES];
    pthread_mutex_lock(&log->lock);
    while (log->used > 0 || !log->ending) {
        if (log->used == 0) {
            pthread_cond_wait(&log->changed, &log->lock);
            continue;
        }
        size_t size = ring_take(log, chunk);
        pthread_mutex_unlock(&log->lock);
        write_all(log->fd, chunk, size);
        pthread_mutex_lock(&log->lock);
    }
    log->ended = true;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

/* ---- the face ----------------------------------------------------------------------------------
 */

struct log *log_new(int fd, enum log_format format, enum log_level least)
{
    struct log *log = calloc(1, sizeof(*log));
    if (!log)
        return NULL;
    *log = (struct log){.fd = fd, .format = format, .least = least};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&log->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&log->lock, NULL);
    return log;
}

int log_run(struct log *log)
{
    if (pthread_create(&log->thread, NULL, write_lines, log) != 0)
        return -1;
    log->running = true;
    return 0;
}

static void discard(struct log *log)
{
    pthread_cond_destroy(&log->changed);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

void log_free(struct log *log)
{
    if (!log)
        return;
    if (!log->running) {
        discard(log);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    long ns = until.tv_nsec + LOG_FLUSH_MS * (long)CLOCK_NS_PER_MS;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;

    pthread_mutex_lock(&log->lock);
    if (log->dropped != log->dropped_told)
        tell_dropped(log);
    log->ending = true;
    pthread_cond_broadcast(&log->changed);
    int late = 0;
    while (!log->ended && late == 0)
        late = pthread_cond_timedwait(&log->changed, &log->lock, &until);
    bool ended = log->ended;
    pthread_mutex_unlock(&log->lock);

    /* A thread that stderr's reader keeps waiting still uses the log: it is left to the process's
     * end. */
    if (!ended) {
        pthread_detach(log->thread);
        return;
    }
    pthread_join(log->thread, NULL);
    discard(log);
}

void log_event(struct log *log, enum log_level level, const char *event, const char *fields)
{
    if (level < log->least)
        return;
    char line[LIMIT_LOG_LINE_BYTES];
    enqueue(log, line, line_format(log->format, clock_unix_ms(), level, event, fields, line));
}

void log_write(struct log *log, enum log_level level, const char *event, const char *format, ...)
{
    if (level < log->least)
        return;
    char fields[LIMIT_LOG_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fields, sizeof(fields), format, arguments);
    va_end(arguments);
    log_event(log, level, event, fields);
}

void log_say(struct log *log, const char *words)
{
    enqueue(log, words, strlen(words));
}

uint64_t log_dropped(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t dropped = log->dropped;
    pthread_mutex_unlock(&log->lock);
    return dropped;
}

const char *log_quote(const char *text, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[used++] = '"';
    for (; *text != '\0' && used + 4 <= size; text++) {
        if (*text == '"' || *text == '\\')
            buffer[used++] = '\\';
        buffer[used++] = *text;
    }
    buffer[used++] = '"';
    buffer[used] = '\0';
    return buffer;
}
