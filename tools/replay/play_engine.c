#include "tools/replay/play.h"

#include "tools/peer/bytes.h"
#include "tools/peer/pack.h"
#include "tools/replay/parts.h"
#include "tools/replay/solo.h"

#include <inttypes.h>
#include <stdlib.h>

/* Whoever puts the recorded start into the document. */
#define STARTER UINT32_MAX

struct engine {
    struct cast *cast;
    struct solo solo;
};

struct seat {
    struct engine *engine;
    struct author *author;
};

/* Tells everyone of the last edit: its author by an acknowledgement, the others by the edit. */
static void hand_out(struct engine *engine)
{
    struct cast *cast = engine->cast;
    const struct solo_entry *entry = &engine->solo.entries[engine->solo.count - 1];
    uint64_t version = engine->solo.count;

    record_received(&cast->record, version, ot_buf_slice(&entry->op));
    for (uint32_t k = 0; k < cast->trace->agents; k++) {
        struct peer_message message = {.kind = WIRE_EDITED};
        if (k == entry->client) {
            message.kind = WIRE_ACK;
            message.ack.version = version;
            message.ack.seq = entry->seq;
        } else {
            message.edit.version = version;
            message.edit.member = entry->client;
            message.edit.op = ot_buf_slice(&entry->op);
        }
        author_receive(&cast->authors[k], &message, entry->client);
    }
}

static void answer_edit(struct seat *seat, struct unpack *in)
{
    uint64_t seq = unpack_uint(in), base = unpack_uint(in), version;
    struct ot_slice op = unpack_bin(in);

    int code = in->bad
                   ? OT_E_FORM
                   : solo_commit(&seat->engine->solo, seat->author->agent, seq, base, op, &version);
    if (code != OT_OK)
        cast_fail(seat->engine->cast, "an edit of author %" PRIu32 " was refused: %s",
                  seat->author->agent, ot_error_text(code));
    else
        hand_out(seat->engine);
}

static void answer_open(struct seat *seat, uint64_t ref)
{
    struct solo *solo = &seat->engine->solo;
    struct peer_message message = {.kind = WIRE_OPENED, .ref = ref};
    struct ot_buf snapshot = {0};

    bytes_must(ot_doc_snapshot(solo->doc, &snapshot));
    message.opened.role = bytes_of("editor");
    message.opened.version = message.opened.head = solo->count;
    message.opened.snapshot = ot_buf_slice(&snapshot);
    message.opened.member = seat->author->agent;
    author_receive(seat->author, &message, AUTHOR_NOBODY);
    ot_buf_deinit(&snapshot);
}

/* What an author's session says: an OPEN or an EDIT. */
static void on_say(void *context, struct ot_slice message)
{
    struct seat *seat = context;
    struct unpack in = {.rest = message};

    unpack_array(&in);
    uint64_t kind = unpack_uint(&in), first = unpack_uint(&in);
    if (kind == WIRE_OPEN)
        answer_open(seat, first);
    else if (kind == WIRE_EDIT)
        answer_edit(seat, &in);
}

static void put_start(struct engine *engine)
{
    struct ot_buf op = {0};
    uint64_t version;
    int code = parts_write(ot_buf_slice(&engine->cast->trace->start), &op);

    if (code == OT_OK)
        code = solo_commit(&engine->solo, STARTER, 1, 0, ot_buf_slice(&op), &version);
    if (code == OT_OK)
        record_received(&engine->cast->record, version, ot_buf_slice(&op));
    else
        cast_fail(engine->cast, "the recorded start is no text: %s", ot_error_text(code));
    ot_buf_deinit(&op);
}

/* Each in turn as far as it gets, until nobody gets any further. */
static void run(struct cast *cast, struct progress *progress)
{
    bool done = true;

    while (done && cast->error[0] == '\0') {
        done = false;
        for (uint32_t k = 0; k < cast->trace->agents; k++)
            done |= author_step(&cast->authors[k]);
        progress_show(progress, cast->made);
    }
    for (uint32_t k = 0; k < cast->trace->agents && cast->error[0] == '\0'; k++)
        if (!author_finished(&cast->authors[k]))
            cast_fail(cast, "author %" PRIu32 " could not finish", k);
}

void play_engine(struct cast *cast, struct progress *progress, struct play_result *result,
                 struct ot_buf *text_out)
{
    uint32_t agents = cast->trace->agents, hash;
    struct engine engine = {.cast = cast};
    struct seat *seats = bytes_alloc(agents, sizeof *seats);

    solo_init(&engine.solo);
    engine.solo.made = cast->given;
    cast->authors = bytes_alloc(agents, sizeof *cast->authors);
    if (cast->trace->start.size > 0)
        put_start(&engine);
    for (uint32_t k = 0; k < agents; k++) {
        seats[k] = (struct seat){&engine, &cast->authors[k]};
        author_init(&cast->authors[k], cast, k, "trace", on_say, &seats[k]);
        session_connect(cast->authors[k].session);
    }
    run(cast, progress);

    result->versions = engine.solo.count;
    result->length = ot_doc_length(engine.solo.doc);
    bytes_must(ot_doc_hash(engine.solo.doc, &hash));
    for (uint32_t k = 0; k < agents; k++) {
        play_compare(cast, session_committed(cast->authors[k].session), engine.solo.count, hash);
        author_deinit(&cast->authors[k]);
    }
    bytes_must(ot_doc_text(engine.solo.doc, text_out));
    free(cast->authors);
    cast->authors = NULL;
    free(seats);
    solo_deinit(&engine.solo);
}
