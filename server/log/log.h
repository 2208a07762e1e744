/*
 * The log: events, one line each, on stderr. A line holds a time, a level, a name and fields:
 *
 *     2026-01-31T12:00:00.000Z info serving url=http://127.0.0.1:8080 workers=1
 *     {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"serving","url":"…","workers":1}
 *
 * Fields are given as `key=value` pairs with a space between. A value is a bare word, or stands in
 * double quotes with `\` before `"` and `\` (log_quote makes such). Control characters come out
 * escaped whatever the source, and a line is at most LIMIT_LOG_LINE_BYTES long.
 *
 * Writing a line never waits for whoever reads stderr: lines queue up to LIMIT_LOG_QUEUE_BYTES and
 * a thread of the log's own writes them; what does not fit is dropped and counted.
 */
#ifndef QUIRE_LOG_LOG_H
#define QUIRE_LOG_LOG_H

#include "server/limits.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* How long log_free waits for the queue to empty. */
#define LOG_FLUSH_MS 500

/* symbol, name */
#define LOG_LEVELS(X)                                                                              \
    X(LOG_DEBUG, "debug")                                                                          \
    X(LOG_INFO, "info")                                                                            \
    X(LOG_WARN, "warn")                                                                            \
    X(LOG_ERROR, "error")

enum log_level {
#define LOG_ENUM(symbol, name) symbol,
    LOG_LEVELS(LOG_ENUM)
#undef LOG_ENUM
};

enum log_format { LOG_TEXT, LOG_JSON };

struct log;

/* Writes to descriptor `fd`, which stays the caller's. NULL when there is no memory. */
struct log *log_new(int fd, enum log_format format, enum log_level least);
/* Starts its thread; before, whoever adds a line, and is the only one to, writes it if stderr takes
 * it at once. -1: it could not be started. */
int log_run(struct log *log);
/* Writes out what is queued, if that takes no longer than LOG_FLUSH_MS, and ends. */
void log_free(struct log *log);

/* Adds the line of an event; `fields` may be NULL. Any thread. */
void log_event(struct log *log, enum log_level level, const char *event, const char *fields);
/* The same with the fields from a format. */
__attribute__((format(printf, 4, 5))) void log_write(struct log *log, enum log_level level,
                                                     const char *event, const char *format, ...);
/* Adds words for people as they are, lines and all. */
void log_say(struct log *log, const char *words);

/* Lines that found the queue full. */
uint64_t log_dropped(struct log *log);

/* Writes `text` in quotes as a field's value, cut to fit; returns `buffer`. */
const char *log_quote(const char *text, char *buffer, size_t size);

const char *log_level_name(enum log_level level);

#endif
