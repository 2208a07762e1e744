/* Operations to be measured: made beforehand, one after the other in one block of memory. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "quire/ot.h"

struct work {
    struct ot_buf bytes;
    size_t *ends; /* of each operation in `bytes` */
    size_t count;
    size_t room;
};

enum work_style {
    WORK_PLAIN,
    WORK_RICH, /* every tenth edit carries attributes */
};

struct rng {
    uint64_t state;
};

uint32_t rng_below(struct rng *rng, uint32_t count);

void work_free(struct work *work);
/* Valid until the next operation is added. */
struct ot_slice work_op(const struct work *work, size_t index);
/* All operations as slices; to be freed. */
struct ot_slice *work_slices(const struct work *work);

/* Adds the edit that replaces `deleted` units at `pos`. */
void work_edit(struct work *work, struct ot_builder *builder, enum work_style style, uint64_t pos,
               uint64_t deleted, struct ot_slice text);
/* Adds all of `parts`, composed into one operation. */
void work_add_composed(struct work *work, const struct work *parts);
/* Adds an operation of so many random components. */
void work_random(struct work *work, struct ot_builder *builder, struct rng *rng,
                 enum work_style style, unsigned components);
/* Adds `count` edits as somebody types them: runs of letters, a backspace now and then, and in
 * `jumps` of 100 cases another place. */
void work_typing(struct work *work, struct rng *rng, uint64_t length, size_t count, unsigned jumps);
/* A document of `length` letters, in lines. */
void work_document(struct rng *rng, uint64_t length, struct ot_buf *out);

/* Applies all of it. */
void work_apply(struct ot_doc *doc, const struct work *work);

/* CPU time of the process so far. */
double cpu_ns(void);
struct ot_builder *work_builder(void);
/* Ends the program, naming what failed. */
void work_must(bool holds, const char *what);

#endif
