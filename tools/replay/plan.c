#include "tools/replay/plan.h"

#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nodes that are free, the smallest first. */
struct heap {
    uint32_t *nodes;
    size_t count;
};

static uint32_t *seen_of(const struct plan *plan, size_t txn)
{
    return plan->seen + txn * plan->agents;
}

/* Adds everything that transaction `parent` has seen, and itself. `place` is its number among its
 * author's. */
static void add_view(const struct plan *plan, const struct trace *trace, uint32_t parent,
                     uint32_t place, uint32_t *seen)
{
    const uint32_t *theirs = seen_of(plan, parent);
    uint32_t agent = trace->txns[parent].agent;

    for (uint32_t k = 0; k < plan->agents; k++)
        if (seen[k] < theirs[k])
            seen[k] = theirs[k];
    if (seen[agent] < place + 1)
        seen[agent] = place + 1;
}

/* Fills `seen`, and `own`. A view is a count for each author only as long as each author's
 * transactions are one line. */
static int find_views(struct plan *plan, const struct trace *trace, char *error, size_t error_size)
{
    uint32_t *places = bytes_alloc(trace->txn_count, sizeof *places);
    int code = 0;

    for (size_t i = 0; i < trace->txn_count && code == 0; i++) {
        const struct trace_txn *txn = &trace->txns[i];
        uint32_t *seen = seen_of(plan, i), count = plan->own_count[txn->agent];
        for (uint32_t p = 0; p < txn->parent_count; p++) {
            uint32_t parent = trace->parents[txn->parent + p];
            add_view(plan, trace, parent, places[parent], seen);
        }
        if (seen[txn->agent] != count) {
            snprintf(error, error_size,
                     "transaction %zu of author %" PRIu32 " was made without that author's own "
                     "earlier ones: this is no session of a server",
                     i, txn->agent);
            code = -1;
        }
        places[i] = count;
        plan->own[txn->agent][plan->own_count[txn->agent]++] = (uint32_t)i;
    }
    free(places);
    return code;
}

static void count_own(struct plan *plan, const struct trace *trace)
{
    uint32_t *counts = bytes_alloc(plan->agents, sizeof *counts);

    for (size_t i = 0; i < trace->txn_count; i++)
        counts[trace->txns[i].agent]++;
    for (uint32_t k = 0; k < plan->agents; k++)
        plan->own[k] = bytes_alloc(counts[k], sizeof **plan->own);
    free(counts);
}

/* ---- the conditions -----------------------------------------------------------------------------
 */

typedef void edge_fn(struct plan_graph *graph, uint32_t from, uint32_t to);

/* The last transaction of `agent` that `txn` has seen, and the first that it has not; false: none.
 */
static bool last_seen(const struct plan *plan, size_t txn, uint32_t agent, uint32_t *out)
{
    uint32_t count = seen_of(plan, txn)[agent];
    if (count > 0)
        *out = plan->own[agent][count - 1];
    return count > 0;
}

static bool first_unseen(const struct plan *plan, size_t txn, uint32_t agent, uint32_t *out)
{
    uint32_t count = seen_of(plan, txn)[agent];
    if (count < plan->own_count[agent])
        *out = plan->own[agent][count];
    return count < plan->own_count[agent];
}

static void each_edge_of(const struct plan *plan, const struct trace *trace, size_t i,
                         struct plan_graph *graph, edge_fn *fn)
{
    uint32_t txn = (uint32_t)i, border = (uint32_t)(plan->txn_count + i), other;

    for (uint32_t k = 0; k < plan->agents; k++) {
        if (last_seen(plan, i, k, &other))
            fn(graph, other, txn);
        if (plan->agents <= 2 || k == trace->txns[i].agent)
            continue;
        if (last_seen(plan, i, k, &other))
            fn(graph, other, border);
        if (first_unseen(plan, i, k, &other))
            fn(graph, border, other);
    }
}

static void count_edge(struct plan_graph *graph, uint32_t from, uint32_t to)
{
    graph->first[from]++;
    graph->waits[to]++;
}

/* Fills from the end of each node's stretch, so that first[from] is its beginning when all are in.
 */
static void put_edge(struct plan_graph *graph, uint32_t from, uint32_t to)
{
    graph->edges[--graph->first[from]] = to;
}

static void make_graph(struct plan *plan, const struct trace *trace)
{
    struct plan_graph *graph = &plan->graph;

    graph->nodes = 2 * plan->txn_count;
    graph->first = bytes_alloc(graph->nodes + 1, sizeof *graph->first);
    graph->waits = bytes_alloc(graph->nodes, sizeof *graph->waits);
    graph->borders = bytes_alloc(graph->nodes + 1, sizeof *graph->borders);
    for (size_t i = 0; i < plan->txn_count; i++)
        each_edge_of(plan, trace, i, graph, count_edge);
    for (size_t node = 0; node < graph->nodes; node++)
        graph->first[node + 1] += graph->first[node];
    graph->edges = bytes_alloc(graph->first[graph->nodes], sizeof *graph->edges);
    for (size_t i = 0; i < plan->txn_count; i++)
        each_edge_of(plan, trace, i, graph, put_edge);
}

/* ---- the order ----------------------------------------------------------------------------------
 */

static void heap_push(struct heap *heap, uint32_t node)
{
    size_t at = heap->count++;

    for (; at > 0 && heap->nodes[(at - 1) / 2] > node; at = (at - 1) / 2)
        heap->nodes[at] = heap->nodes[(at - 1) / 2];
    heap->nodes[at] = node;
}

static uint32_t heap_pop(struct heap *heap)
{
    uint32_t smallest = heap->nodes[0], last = heap->nodes[--heap->count];
    size_t at = 0, child;

    while ((child = 2 * at + 1) < heap->count) {
        if (child + 1 < heap->count && heap->nodes[child + 1] < heap->nodes[child])
            child++;
        if (heap->nodes[child] >= last)
            break;
        heap->nodes[at] = heap->nodes[child];
        at = child;
    }
    heap->nodes[at] = last;
    return smallest;
}

/* Takes a node away. Borders take no time: they go as soon as they are free. Transactions that
 * become free go onto the heap, if there is one. */
static void release(struct plan_graph *graph, struct heap *heap, uint32_t node)
{
    size_t height = 0, txns = graph->nodes / 2;

    graph->borders[height++] = node;
    while (height > 0) {
        node = graph->borders[--height];
        for (uint32_t e = graph->first[node]; e < graph->first[node + 1]; e++) {
            uint32_t next = graph->edges[e];
            if (--graph->waits[next] > 0)
                continue;
            if (next >= txns)
                graph->borders[height++] = next;
            else if (heap != NULL)
                heap_push(heap, next);
        }
    }
}

/* Borders that nothing comes before are no condition. */
static void release_idle_borders(struct plan_graph *graph)
{
    size_t txns = graph->nodes / 2, count = 0;
    uint32_t *idle = bytes_alloc(txns, sizeof *idle);

    for (size_t node = txns; node < graph->nodes; node++)
        if (graph->waits[node] == 0)
            idle[count++] = (uint32_t)node;
    for (size_t i = 0; i < count; i++)
        release(graph, NULL, idle[i]);
    free(idle);
}

/* Fills `order`; how many transactions could be put into it. Leaves `waits` of those that could
 * not. */
static size_t find_order(struct plan *plan)
{
    struct heap heap = {.nodes = bytes_alloc(plan->txn_count, sizeof *heap.nodes)};
    size_t count = 0;

    for (uint32_t txn = 0; txn < plan->txn_count; txn++)
        if (plan->graph.waits[txn] == 0)
            heap_push(&heap, txn);
    while (heap.count > 0) {
        plan->order[count] = heap_pop(&heap);
        release(&plan->graph, &heap, plan->order[count++]);
    }
    free(heap.nodes);
    return count;
}

static int refuse_cycle(const struct plan *plan, const struct trace *trace, char *error,
                        size_t error_size)
{
    size_t stuck = 0;

    while (stuck + 1 < plan->txn_count && plan->graph.waits[stuck] == 0)
        stuck++;
    snprintf(error, error_size,
             "no order of its edits gives every author a view that a server could have shown: from "
             "transaction %zu of author %" PRIu32
             " on, some saw the others' edits in one order and "
             "some in another, as in merges of long branches",
             stuck, trace->txns[stuck].agent);
    return -1;
}

/* Finding the order plays the plan once; the conditions are put back for the real play. */
static int order_txns(struct plan *plan, const struct trace *trace, char *error, size_t error_size)
{
    struct plan_graph *graph = &plan->graph;

    make_graph(plan, trace);
    release_idle_borders(graph);
    uint32_t *waits = bytes_alloc(graph->nodes, sizeof *waits);
    if (graph->nodes > 0)
        memcpy(waits, graph->waits, graph->nodes * sizeof *waits);
    int code =
        find_order(plan) == plan->txn_count ? 0 : refuse_cycle(plan, trace, error, error_size);
    free(graph->waits);
    graph->waits = waits;
    return code;
}

bool plan_is_free(const struct plan *plan, uint32_t txn)
{
    return plan->graph.waits[txn] == 0;
}

void plan_done(struct plan *plan, uint32_t txn)
{
    release(&plan->graph, NULL, txn);
}

int plan_make(const struct trace *trace, struct plan *plan_out, char *error, size_t error_size)
{
    struct plan *plan = plan_out;

    *plan = (struct plan){.txn_count = trace->txn_count, .agents = trace->agents};
    if (trace->txn_count > PLAN_CELLS_MAX / trace->agents) {
        snprintf(error, error_size, "it has too many authors and edits to plan for");
        return -1;
    }
    plan->seen = bytes_alloc(trace->txn_count * trace->agents, sizeof *plan->seen);
    plan->own = bytes_alloc(trace->agents, sizeof *plan->own);
    plan->own_count = bytes_alloc(trace->agents, sizeof *plan->own_count);
    plan->order = bytes_alloc(trace->txn_count, sizeof *plan->order);
    count_own(plan, trace);
    int code = find_views(plan, trace, error, error_size);
    if (code == 0)
        code = order_txns(plan, trace, error, error_size);
    if (code != 0)
        plan_free(plan);
    return code;
}

void plan_free(struct plan *plan)
{
    for (uint32_t k = 0; plan->own != NULL && k < plan->agents; k++)
        free(plan->own[k]);
    free(plan->own);
    free(plan->own_count);
    free(plan->seen);
    free(plan->order);
    free(plan->graph.waits);
    free(plan->graph.edges);
    free(plan->graph.first);
    free(plan->graph.borders);
    memset(plan, 0, sizeof *plan);
}
