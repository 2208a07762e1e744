#include "line_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)

void line_reader_init(struct line_reader *reader, int fd, size_t max_bytes)
{
    *reader = (struct line_reader){.fd = fd, .max_bytes = max_bytes};
}

void line_reader_deinit(struct line_reader *reader)
{
    free(reader->data);
    *reader = (struct line_reader){0};
}

static struct line line_take(struct line_reader *reader, size_t size, size_t newline)
{
    struct line line = {LINE_WHOLE, reader->data + reader->begin, size};
    if (reader->skipping || size > reader->max_bytes)
        line = (struct line){.kind = LINE_TOO_LONG};
    reader->skipping = false;
    reader->begin += size + newline;
    reader->scanned = reader->begin;
    return line;
}

struct line line_reader_next(struct line_reader *reader)
{
    size_t unseen = reader->end - reader->scanned;
    const char *newline = unseen ? memchr(reader->data + reader->scanned, '\n', unseen) : NULL;
    if (newline)
        return line_take(reader, (size_t)(newline - (reader->data + reader->begin)), 1);
    reader->scanned = reader->end;
    size_t size = reader->end - reader->begin;
    if (reader->ended && (size > 0 || reader->skipping))
        return line_take(reader, size, 0);
    if (size > reader->max_bytes) {
        reader->skipping = true;
        reader->begin = reader->end;
    }
    return (struct line){.kind = LINE_NONE};
}

/* Moves what is at hand to the front and makes room behind it for one read. */
static int room_make(struct line_reader *reader)
{
    size_t size = reader->end - reader->begin;
    if (reader->begin > 0) {
        memmove(reader->data, reader->data + reader->begin, size);
        reader->scanned -= reader->begin;
        reader->begin = 0;
        reader->end = size;
    }
    if (reader->capacity - size >= READ_BYTES)
        return 0;
    size_t capacity = 2 * size + READ_BYTES;
    char *data = realloc(reader->data, capacity);
    if (!data)
        return -ENOMEM;
    reader->data = data;
    reader->capacity = capacity;
    return 0;
}

int line_reader_fill(struct line_reader *reader)
{
    if (reader->ended)
        return 0;
    int code = room_make(reader);
    if (code < 0)
        return code;
    ssize_t got;
    do
        got = read(reader->fd, reader->data + reader->end, READ_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    reader->end += (size_t)got;
    reader->ended = got == 0;
    return got > 0;
}
