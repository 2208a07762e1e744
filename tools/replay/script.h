/*
 * A script, the history of a document: operations in the order in which a server takes them, each
 * with the version that it was made on. Version 0 is the empty document, version n what operation n
 * leads to; an operation is moved over what was taken since its base, which wins ties.
 */
#ifndef QUIRE_REPLAY_SCRIPT_H
#define QUIRE_REPLAY_SCRIPT_H

#include "quire/ot.h"

#include <stddef.h>
#include <stdint.h>

struct script_step {
    uint64_t base;   /* at most the number of steps before it */
    size_t at, size; /* its operation in `bytes` */
};

struct script {
    struct script_step *steps;
    size_t count, capacity;
    struct ot_buf bytes;
};

void script_deinit(struct script *script);
/* `base`: what is larger than the number of steps is taken as that. */
void script_add(struct script *script, uint64_t base, struct ot_slice op);
struct ot_slice script_op(const struct script *script, size_t step);

/* ---- where histories come from (docs/replay.md) ---- */

/* Every sequence of bytes is a script, whose operations need not fit: they are cut to fit. */
void script_from_bytes(struct script *script, struct ot_slice bytes);
/* Lines of Delta JSON. 0, or -1 and a sentence. */
int script_from_lines(struct script *script, struct ot_slice text, char *error, size_t error_size);
/* The same lines; the last one says what was found. 0, or -1 and errno. */
int script_write_lines(const struct script *script, const char *found, const char *path);

#endif
