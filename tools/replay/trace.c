#include "tools/replay/trace.h"

#include "tools/peer/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHUNK_SIZE (1u << 16)

void trace_free(struct trace *trace)
{
    free(trace->txns);
    free(trace->patches);
    free(trace->parents);
    ot_buf_deinit(&trace->texts);
    ot_buf_deinit(&trace->start);
    ot_buf_deinit(&trace->end);
    memset(trace, 0, sizeof *trace);
}

struct trace_txn *trace_add_txn(struct trace *trace)
{
    trace->txns =
        bytes_grow(trace->txns, &trace->txn_capacity, trace->txn_count + 1, sizeof *trace->txns);
    struct trace_txn *txn = &trace->txns[trace->txn_count++];
    *txn = (struct trace_txn){.patch = (uint32_t)trace->patch_count,
                              .parent = (uint32_t)trace->parent_count};
    return txn;
}

struct trace_patch *trace_add_patch(struct trace *trace)
{
    trace->patches = bytes_grow(trace->patches, &trace->patch_capacity, trace->patch_count + 1,
                                sizeof *trace->patches);
    struct trace_patch *patch = &trace->patches[trace->patch_count++];
    *patch = (struct trace_patch){.text = (uint32_t)trace->texts.size};
    trace->txns[trace->txn_count - 1].patch_count++;
    return patch;
}

int trace_read_file(const char *path, struct ot_buf *out, char *error, size_t error_size)
{
    gzFile file = gzopen(path, "rb");
    int got = 0, code = -1;

    if (file == NULL) {
        snprintf(error, error_size, "cannot be opened: %s", strerror(errno));
        return -1;
    }
    do {
        bytes_must(ot_buf_reserve(out, CHUNK_SIZE));
        got = gzread(file, out->data + out->size, CHUNK_SIZE);
        out->size += got > 0 ? (size_t)got : 0;
    } while (got > 0 && out->size <= TRACE_BYTES_MAX);

    if (got < 0)
        snprintf(error, error_size, "cannot be read: %s", gzerror(file, &got));
    else if (got > 0)
        snprintf(error, error_size, "is larger than %u bytes", TRACE_BYTES_MAX);
    else if (gzclose_r(file) == Z_OK)
        return 0;
    else {
        snprintf(error, error_size, "is cut off");
        return -1;
    }
    gzclose_r(file);
    return code;
}

/* "NAME.edits.gz" -> "NAME.final.gz"; false for other names. */
static bool name_of_final(const char *path, char *out, size_t out_size)
{
    const char *base = strrchr(path, '/');
    const char *found = strstr(base != NULL ? base : path, ".edits");

    if (found == NULL || (found[6] != '\0' && strcmp(found + 6, ".gz") != 0))
        return false;
    int size = snprintf(out, out_size, "%.*s.final%s", (int)(found - path), path, found + 6);
    return size > 0 && (size_t)size < out_size;
}

int trace_load(const char *path, struct trace *trace_out, char *error, size_t error_size)
{
    struct ot_buf text = {0};
    char final_path[4096];
    bool flat = name_of_final(path, final_path, sizeof final_path);

    memset(trace_out, 0, sizeof *trace_out);
    int code = trace_read_file(path, &text, error, error_size);
    if (code == 0 && flat) {
        code = trace_parse_flat(ot_buf_slice(&text), trace_out, error, error_size);
        if (code == 0)
            code = trace_read_file(final_path, &trace_out->end, error, error_size);
    } else if (code == 0) {
        code = trace_parse_json(ot_buf_slice(&text), trace_out, error, error_size);
    }
    ot_buf_deinit(&text);
    if (code != 0)
        trace_free(trace_out);
    return code;
}
