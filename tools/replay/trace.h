/*
 * A recorded editing session: who changed what, on top of what. Read from a file, plain or gzipped:
 *
 *  | JSON, concurrent | {kind: "concurrent", endContent, numAgents,                             |
 *  |                  |  txns: [{parents, agent, patches}]}                                     |
 *  | JSON, sequential | {startContent, endContent, txns: [{patches}]}                           |
 *  | flat             | NAME.edits: u32le position, u32le deleted, u32le size, UTF-8, and so on |
 *  |                  | NAME.final: the text                                                    |
 *
 * A patch is [position, number deleted, text inserted]; in JSON positions count code points, in
 * flat files UTF-16 units. A transaction's patches apply one after the other, and the transaction
 * to the merge of its parents.
 */
#ifndef QUIRE_REPLAY_TRACE_H
#define QUIRE_REPLAY_TRACE_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most bytes of a trace, unpacked. */
#define TRACE_BYTES_MAX (1u << 30)
/* Most authors, patches and transactions. */
#define TRACE_AGENTS_MAX 4096
#define TRACE_ITEMS_MAX  (1u << 26)

struct trace_patch {
    uint32_t position, deleted;
    uint32_t text, text_size; /* where in `texts` */
};

struct trace_txn {
    uint32_t agent;
    uint32_t patch, patch_count;
    uint32_t parent, parent_count; /* where in `parents`; each an earlier transaction */
};

struct trace {
    bool in_code_points; /* positions; otherwise UTF-16 units */
    uint32_t agents;
    struct trace_txn *txns;
    size_t txn_count, txn_capacity;
    struct trace_patch *patches;
    size_t patch_count, patch_capacity;
    uint32_t *parents;
    size_t parent_count, parent_capacity;
    struct ot_buf texts, start, end;
};

/* Reads a file. 0, or -1 and a sentence. */
int trace_load(const char *path, struct trace *trace_out, char *error, size_t error_size);
void trace_free(struct trace *trace);

/* The steps of trace_load, for its parts. */
int trace_read_file(const char *path, struct ot_buf *out, char *error, size_t error_size);
int trace_parse_json(struct ot_slice text, struct trace *trace, char *error, size_t error_size);
int trace_parse_flat(struct ot_slice records, struct trace *trace, char *error, size_t error_size);

/* For the parsers. */
struct trace_txn *trace_add_txn(struct trace *trace);
struct trace_patch *trace_add_patch(struct trace *trace);

#endif
