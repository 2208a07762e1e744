#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void work_must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench_engine: %s\n", what);
        exit(1);
    }
}

double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

uint32_t rng_below(struct rng *rng, uint32_t count)
{
    uint64_t z = rng->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (uint32_t)((z >> 32) * count >> 32);
}

struct ot_builder *work_builder(void)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    work_must(builder != NULL, "out of memory");
    return builder;
}

void work_free(struct work *work)
{
    ot_buf_deinit(&work->bytes);
    free(work->ends);
    *work = (struct work){0};
}

struct ot_slice work_op(const struct work *work, size_t index)
{
    size_t start = index == 0 ? 0 : work->ends[index - 1];
    return (struct ot_slice){work->bytes.data + start, work->ends[index] - start};
}

struct ot_slice *work_slices(const struct work *work)
{
    struct ot_slice *ops = malloc((work->count + 1) * sizeof *ops);
    work_must(ops != NULL, "out of memory");
    for (size_t i = 0; i < work->count; i++) {
        ops[i] = work_op(work, i);
    }
    return ops;
}

static void add_end(struct work *work)
{
    if (work->count == work->room) {
        work->room = work->room * 2 + 1024;
        work->ends = realloc(work->ends, work->room * sizeof *work->ends);
        work_must(work->ends != NULL, "out of memory");
    }
    work->ends[work->count++] = work->bytes.size;
}

static void finish(struct work *work, struct ot_builder *builder)
{
    work_must(ot_builder_finish(builder, &work->bytes) == OT_OK, "an operation cannot be built");
    add_end(work);
}

void work_add_composed(struct work *work, const struct work *parts)
{
    struct ot_slice *ops = work_slices(parts);
    work_must(ot_compose_all(ops, parts->count, OT_STABLE, &work->bytes) == OT_OK, "not composed");
    free(ops);
    add_end(work);
}

/* One of four formats: {bold: true}, {italic: true}, {link: "x"}, {color: "red"}. */
static struct ot_slice format(unsigned index)
{
    static const char *const maps[] = {"\x81\xa4"
                                       "bold\xc3",
                                       "\x81\xa6"
                                       "italic\xc3",
                                       "\x81\xa4"
                                       "link\xa1x",
                                       "\x81\xa5"
                                       "color\xa3red"};
    static const size_t sizes[] = {7, 9, 8, 11};
    return (struct ot_slice){(const uint8_t *)maps[index % 4], sizes[index % 4]};
}

void work_edit(struct work *work, struct ot_builder *builder, enum work_style style, uint64_t pos,
               uint64_t deleted, struct ot_slice text)
{
    bool is_rich = style == WORK_RICH && work->count % 10 == 0;
    struct ot_slice none = {0};
    ot_builder_retain(builder, pos, none);
    ot_builder_delete(builder, deleted);
    ot_builder_insert(builder, text, is_rich ? format((unsigned)work->count / 10) : none);
    finish(work, builder);
}

void work_random(struct work *work, struct ot_builder *builder, struct rng *rng,
                 enum work_style style, unsigned components)
{
    static const uint8_t text[] = "the quick brown fox jumps over the lazy dog, again and again";
    unsigned last = 3;
    for (unsigned i = 0; i < components; i++) {
        unsigned kind = rng_below(rng, 3);
        /* Neighbours of one kind would be one component. */
        kind = kind == last ? (kind + 1) % 3 : kind;
        last = kind;
        unsigned length = 1 + rng_below(rng, rng_below(rng, 4) == 0 ? 60 : 10);
        bool is_rich = style == WORK_RICH && rng_below(rng, 10) == 0;
        struct ot_slice attributes = is_rich ? format(rng_below(rng, 4)) : (struct ot_slice){0};
        if (kind == 0) {
            ot_builder_retain(builder, length, attributes);
        } else if (kind == 1) {
            ot_builder_insert(builder, (struct ot_slice){text, length}, attributes);
        } else {
            ot_builder_delete(builder, length);
        }
    }
    finish(work, builder);
}

void work_typing(struct work *work, struct rng *rng, uint64_t length, size_t count, unsigned jumps)
{
    struct ot_builder *builder = work_builder();
    uint64_t pos = rng_below(rng, (uint32_t)length + 1);
    for (size_t i = 0; i < count; i++) {
        if (rng_below(rng, 100) < jumps) {
            pos = rng_below(rng, (uint32_t)length + 1);
        }
        bool deletes = pos > 0 && rng_below(rng, 100) < 14;
        uint8_t letter = (uint8_t)('a' + rng_below(rng, 26));
        pos -= deletes;
        work_edit(work, builder, WORK_PLAIN, pos, deletes,
                  (struct ot_slice){&letter, deletes ? 0 : 1});
        pos += !deletes;
        length = deletes ? length - 1 : length + 1;
    }
    ot_builder_free(builder);
}

void work_document(struct rng *rng, uint64_t length, struct ot_buf *out)
{
    struct ot_builder *builder = work_builder();
    uint8_t line[80];
    for (uint64_t left = length; left > 0;) {
        size_t size = left < sizeof line ? left : sizeof line;
        for (size_t i = 0; i < size; i++) {
            line[i] = i + 1 == sizeof line ? '\n' : (uint8_t)('a' + rng_below(rng, 26));
        }
        ot_builder_insert(builder, (struct ot_slice){line, size}, (struct ot_slice){0});
        left -= size;
    }
    work_must(ot_builder_finish(builder, out) == OT_OK, "out of memory");
    ot_builder_free(builder);
}

void work_apply(struct ot_doc *doc, const struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        work_must(ot_doc_apply(doc, work_op(work, i), NULL) == OT_OK, "an edit does not fit");
    }
}
