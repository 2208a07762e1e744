/*
 * Lines of a stream, each bounded: a longer one is reported once and passed over, and the reader
 * goes on after its end. Reading is in two steps, so that a program can answer the lines at hand
 * before it waits for more.
 */
#ifndef QUIRE_TOOLS_LINE_READER_H
#define QUIRE_TOOLS_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

struct line_reader {
    int fd;
    size_t max_bytes; /* longest line, without its newline */
    char *data;
    size_t capacity;
    size_t begin; /* the bytes at hand: data[begin..end) */
    size_t end;
    size_t scanned; /* data[begin..scanned) holds no newline */
    bool skipping;  /* inside a line that was too long */
    bool ended;
};

enum line_kind {
    LINE_NONE, /* no whole line at hand: fill, or stop after the end */
    LINE_WHOLE,
    LINE_TOO_LONG
};

/* A line without its newline; valid until the next call with the reader. */
struct line {
    enum line_kind kind;
    const char *data;
    size_t size;
};

void line_reader_init(struct line_reader *reader, int fd, size_t max_bytes);
void line_reader_deinit(struct line_reader *reader);
/* The next line at hand. A last line without newline counts once the end is reached. */
struct line line_reader_next(struct line_reader *reader);
/* Waits for more bytes. 1: there are some; 0: the end; negative: -errno. */
int line_reader_fill(struct line_reader *reader);

#endif
