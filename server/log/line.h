/* The bytes of one line of the log. */
#ifndef QUIRE_LOG_LINE_H
#define QUIRE_LOG_LINE_H

#include "server/log/log.h"

#include <stddef.h>
#include <stdint.h>

/* Writes the line of an event, with its newline, into `line` (LIMIT_LOG_LINE_BYTES) and returns its
 * size. What does not fit is cut, and the cut shown as "...". */
size_t line_format(enum log_format format, int64_t unix_ms, enum log_level level, const char *event,
                   const char *fields, char *line);

#endif
