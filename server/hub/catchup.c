/* What a client is given that goes on from a version. */
#include "server/hub/bounded.h"
#include "server/hub/room.h"

#include <stdlib.h>

/* What folding may take: that of ordinary edits takes about three times their bytes. */
#define FOLDING_BYTES 65536
#define FOLDING_TIMES 8

/* Writes the edits base + 1 .. head as messages: one by one when they are few, else the others'
 * folded between the client's own, which are ACKs. */
struct catchup {
    struct ot_buf *out;
    uint8_t channel;
    uint64_t client;
    bool fold;
    uint64_t first; /* of the run being folded */
    struct ot_slice *run;
    size_t run_count, run_capacity, run_bytes;
    int result;
};

/* Folded they would be much more than they are. */
static void send_run(struct catchup *catchup)
{
    for (size_t i = 0; i < catchup->run_count; i++) {
        encode_edit(catchup->out, catchup->channel, catchup->first + i, 0, catchup->run[i]);
    }
}

static void end_run(struct catchup *catchup)
{
    if (catchup->run_count == 0 || catchup->result != OT_OK) {
        return;
    }
    struct bounded bounded;
    bounded_init(&bounded, FOLDING_BYTES + FOLDING_TIMES * catchup->run_bytes);
    struct ot_buf folded = {.allocator = &bounded.allocator};
    int result = ot_compose_all(catchup->run, catchup->run_count, OT_STABLE, &folded);
    if (result == OT_OK) {
        encode_catchup(catchup->out, catchup->channel, catchup->first,
                       catchup->first + catchup->run_count - 1, ot_buf_slice(&folded));
    } else if (result == OT_E_MEMORY) {
        send_run(catchup);
    } else {
        catchup->result = result;
    }
    ot_buf_deinit(&folded);
    catchup->run_count = 0;
    catchup->run_bytes = 0;
}

static void add_to_run(struct catchup *catchup, uint64_t version, struct ot_slice op)
{
    if (catchup->run_count == 0) {
        catchup->first = version;
    }
    if (catchup->run_count == catchup->run_capacity) {
        catchup->run_capacity = catchup->run_capacity == 0 ? 64 : catchup->run_capacity * 2;
        struct ot_slice *run = realloc(catchup->run, catchup->run_capacity * sizeof *catchup->run);
        if (run == NULL) {
            abort();
        }
        catchup->run = run;
    }
    catchup->run[catchup->run_count++] = op;
    catchup->run_bytes += op.size;
}

static void add_edit(struct catchup *catchup, uint64_t version, uint64_t member, uint64_t client,
                     uint64_t seq, struct ot_slice op)
{
    if (client == catchup->client) {
        end_run(catchup);
        encode_ack(catchup->out, catchup->channel, version, seq);
    } else if (catchup->fold) {
        add_to_run(catchup, version, op);
    } else {
        encode_edit(catchup->out, catchup->channel, version, member, op);
    }
}

int catchup_write(const struct member *member, uint64_t base, bool fold,
                  const struct request_edits *older, struct ot_buf *out)
{
    const struct history *history = &member->room->history;
    struct catchup catchup = {.out = out,
                              .channel = member->channel,
                              .client = member->connection->client,
                              .fold = fold && member->room->head - base > LIMIT_CATCHUP_EDITS};
    uint64_t version = base + 1;
    for (size_t i = 0; older != NULL && i < older->count; i++) {
        const struct store_edit *edit = &older->items[i];
        if (edit->version == version && version < history->first) {
            struct ot_slice op = {edit->op.data, edit->op.size};
            add_edit(&catchup, version++, 0, edit->client, edit->seq, op);
        }
    }
    for (; history_has(history, version); version++) {
        const struct entry *entry = history_at(history, version);
        add_edit(&catchup, version, entry->member, entry->client, entry->seq, entry->op);
    }
    end_run(&catchup);
    free(catchup.run);
    return version == member->room->head + 1 ? catchup.result : OT_E_RANGE;
}
