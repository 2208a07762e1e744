#include "trace.h"

#include <stdio.h>
#include <zlib.h>

enum { PATH_SIZE = 1024, CHUNK = 1 << 16 };

bool trace_file(const char *directory, const char *name, const char *suffix, struct ot_buf *out)
{
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/%s.%s.gz", directory, name, suffix);
    gzFile file = size < PATH_SIZE ? gzopen(path, "rb") : NULL;
    int got = 0;
    if (file == NULL) {
        fprintf(stderr, "bench_engine: cannot open %s\n", path);
        return false;
    }
    do {
        work_must(ot_buf_reserve(out, CHUNK) == OT_OK, "out of memory");
        got = gzread(file, out->data + out->size, CHUNK);
        out->size += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    gzclose(file);
    if (got < 0) {
        fprintf(stderr, "bench_engine: cannot read %s\n", path);
    }
    return got == 0;
}

uint32_t trace_number(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool trace_read(const char *directory, const char *name, enum work_style style, uint64_t before,
                struct work *work_out)
{
    enum { HEAD = 12 };
    struct ot_buf records = {0};
    bool is_read = trace_file(directory, name, "edits", &records);
    struct ot_builder *builder = work_builder();
    *work_out = (struct work){0};
    size_t at = 0;
    while (is_read && at < records.size) {
        const uint8_t *record = records.data + at;
        size_t size = at + HEAD <= records.size ? trace_number(record + 8) : records.size;
        is_read = size <= records.size - at - HEAD;
        if (is_read) {
            work_edit(work_out, builder, style, before + trace_number(record),
                      trace_number(record + 4), (struct ot_slice){record + HEAD, size});
            at += HEAD + size;
        }
    }
    if (!is_read) {
        fprintf(stderr, "bench_engine: trace %s is left out\n", name);
    }
    ot_builder_free(builder);
    ot_buf_deinit(&records);
    return is_read;
}

bool trace_final(const char *directory, const char *name, struct ot_buf *text_out)
{
    return trace_file(directory, name, "final", text_out);
}
