#include "lib/session_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "tools/peer/bytes.h"
#include "tools/peer/pack.h"

#include <stdlib.h>
#include <string.h>

/* ---- the server ---------------------------------------------------------------------------------
 */

void tell(struct client *client, const struct peer_message *message)
{
    session_receive(client->session, message);
}

void tell_error(struct client *client, uint64_t ref, const char *code)
{
    struct peer_message message = {.kind = WIRE_ERROR, .ref = ref};
    message.error.has_channel = true;
    message.error.code = bytes_of(code);
    message.error.text = bytes_of("");
    message.error.retry_ms = 100;
    message.error.at = PEER_NONE;
    tell(client, &message);
}

static void note_hash(struct world *world)
{
    world->hashes = bytes_grow(world->hashes, &world->hash_capacity, world->solo.count + 1,
                               sizeof *world->hashes);
    bytes_must(ot_doc_hash(world->solo.doc, &world->hashes[world->solo.count]));
}

static void take_edit(struct client *client, uint64_t seq, uint64_t base, struct ot_slice op)
{
    struct world *world = client->world;
    uint64_t version;

    if (seq == client->seq)
        return; /* its acknowledgement is in the log, before or behind the position */
    if (world->busy) {
        tell_error(client, seq, "overloaded");
        return;
    }
    if (seq != client->seq + 1) {
        tell_error(client, seq, "bad_seq");
        return;
    }
    if (rng_percent(&world->rng, 3)) {
        tell_error(client, seq, "too_old");
        return;
    }
    assert_int_equal(solo_commit(&world->solo, client->number, seq, base, op, &version), OT_OK);
    client->seq = seq;
    note_hash(world);
}

static void open_document(struct client *client, uint64_t ref, uint64_t version)
{
    struct world *world = client->world;
    struct ot_buf snapshot = {0};
    struct peer_message message = {.kind = WIRE_OPENED, .ref = ref};
    bool anew = version == PEER_NONE || version > world->solo.count || rng_percent(&world->rng, 40);

    bytes_must(ot_doc_snapshot(world->solo.doc, &snapshot));
    message.opened.role = bytes_of("editor");
    message.opened.epoch = EPOCH;
    message.opened.head = world->solo.count;
    message.opened.version = anew ? world->solo.count : version;
    message.opened.seq = client->seq;
    message.opened.snapshot = anew ? ot_buf_slice(&snapshot) : PEER_NIL;
    client->attached = true;
    client->position = message.opened.version;
    tell(client, &message);
    ot_buf_deinit(&snapshot);
}

static void hear(struct client *client, struct ot_slice message)
{
    struct unpack in = {.rest = message};

    unpack_array(&in);
    switch (unpack_uint(&in)) {
    case WIRE_OPEN: {
        uint64_t ref = unpack_uint(&in);
        unpack_uint(&in);
        assert_true(bytes_equal(unpack_str(&in), bytes_of("doc")));
        uint64_t epoch = unpack_uint_or_nil(&in), version = unpack_uint_or_nil(&in);
        assert_true(epoch == EPOCH || epoch == PEER_NONE);
        open_document(client, ref, version);
        break;
    }
    case WIRE_EDIT: {
        unpack_uint(&in);
        uint64_t seq = unpack_uint(&in), base = unpack_uint(&in);
        take_edit(client, seq, base, unpack_bin(&in));
        break;
    }
    default:
        client->divergences++;
    }
    assert_false(in.bad);
}

bool hear_one(struct client *client)
{
    struct ot_slice said = ot_buf_slice(&client->said);
    struct unpack in = {.rest = said};
    struct ot_buf rest = {0}, one = {0};

    if (said.size == 0)
        return false;
    unpack_skip(&in, 1);
    bytes_set(&one, (struct ot_slice){said.data, said.size - in.rest.size});
    bytes_set(&rest, in.rest);
    bytes_swap(&client->said, &rest);
    hear(client, ot_buf_slice(&one));
    ot_buf_deinit(&one);
    ot_buf_deinit(&rest);
    return true;
}

/* Tells several edits of others as one. */
static void tell_folded(struct client *client, uint64_t last)
{
    struct peer_message message = {.kind = WIRE_CATCHUP};
    struct ot_slice ops[64];
    struct ot_buf folded = {0};
    size_t count = 0;

    for (uint64_t v = client->position; v < last; v++)
        ops[count++] = ot_buf_slice(&client->world->solo.entries[v].op);
    bytes_must(ot_compose_all(ops, count, OT_STABLE, &folded));
    message.catchup.first = client->position + 1;
    message.catchup.last = last;
    message.catchup.op = ot_buf_slice(&folded);
    client->position = last;
    tell(client, &message);
    ot_buf_deinit(&folded);
}

static void tell_entry(struct client *client)
{
    const struct solo_entry *entry = &client->world->solo.entries[client->position++];
    struct peer_message message = {.kind = WIRE_EDITED};

    if (entry->client == client->number) {
        message.kind = WIRE_ACK;
        message.ack.version = client->position;
        message.ack.seq = entry->seq;
    } else {
        message.edit.version = client->position;
        message.edit.op = ot_buf_slice(&entry->op);
    }
    tell(client, &message);
    if (message.kind == WIRE_ACK && rng_percent(&client->world->rng, 10))
        tell(client, &message);
}

static void tell_hash(struct client *client)
{
    struct peer_message message = {.kind = WIRE_HASH};
    message.hash.version = client->position;
    message.hash.crc = client->world->hashes[client->position];
    tell(client, &message);
}

bool tell_one(struct client *client)
{
    struct world *world = client->world;
    uint64_t last = client->position;

    if (!client->attached || client->position >= world->solo.count)
        return false;
    while (last < world->solo.count && last < client->position + 64 &&
           world->solo.entries[last].client != client->number)
        last++;
    if (last > client->position + 1 && rng_percent(&world->rng, 30))
        tell_folded(client, last);
    else
        tell_entry(client);
    if (client->attached && rng_percent(&world->rng, 20))
        tell_hash(client);
    return true;
}

/* ---- the client ---------------------------------------------------------------------------------
 */

static void on_send(void *context, struct ot_slice message)
{
    struct client *client = context;
    bytes_put(&client->said, message.data, message.size);
    if (message.data[1] == WIRE_OPEN)
        client->attached = false; /* what is told before the answer does not count */
}

static void on_saved(void *context, uint64_t version, uint64_t seq, struct ot_slice op)
{
    struct client *client = context;
    const struct solo_entry *entry = &client->world->solo.entries[version - 1];

    assert_int_equal(entry->client, client->number);
    assert_int_equal(entry->seq, seq);
    if (op.size > 0)
        assert_true(bytes_equal(ot_buf_slice(&entry->op), op));
    client->saves++;
}

static void on_refused(void *context, struct ot_slice code, bool kept, struct ot_slice op)
{
    struct client *client = context;
    (void)code;
    (void)kept;
    assert_int_equal(ot_op_check(op, NULL, NULL), OT_OK);
    client->refusals++;
}

static void on_retry_later(void *context, uint64_t after_ms)
{
    struct client *client = context;
    assert_int_equal(after_ms, 100);
    client->retries++;
}

static void on_diverged(void *context, uint64_t version, uint32_t own_crc, uint32_t crc)
{
    struct client *client = context;
    (void)version;
    assert_true(own_crc != crc);
    client->divergences++;
}

void world_begin(struct world *world, const struct rng *rng)
{
    memset(world, 0, sizeof *world);
    world->rng = *rng;
    solo_init(&world->solo);
    note_hash(world);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct client *client = &world->clients[i];
        struct session_env env = {.context = client,
                                  .send = on_send,
                                  .saved = on_saved,
                                  .refused = on_refused,
                                  .retry_later = on_retry_later,
                                  .diverged = on_diverged};
        *client = (struct client){.world = world, .number = i};
        client->session = session_new("doc", 0, &env);
    }
}

void world_end(struct world *world)
{
    for (uint32_t i = 0; i < CLIENTS; i++) {
        session_free(world->clients[i].session);
        ot_buf_deinit(&world->clients[i].said);
    }
    solo_deinit(&world->solo);
    free(world->hashes);
}

void client_type(struct client *client)
{
    struct rng *rng = &client->world->rng;
    struct ot_shape shape = {OT_STABLE, true, true, 4, 6};
    struct ot_buf snapshot = {0}, op = {0};

    bytes_must(ot_doc_snapshot(session_shown(client->session), &snapshot));
    shape.is_rich = rng_percent(rng, 50);
    random_op(rng, &shape, ot_buf_slice(&snapshot), &op);
    assert_int_equal(session_edit(client->session, ot_buf_slice(&op)), OT_OK);
    ot_buf_deinit(&snapshot);
    ot_buf_deinit(&op);
}

void lose(struct client *client)
{
    while (rng_percent(&client->world->rng, 50) && hear_one(client))
        ;
    ot_buf_clear(&client->said);
    client->attached = false;
    session_disconnect(client->session);
}

void lag(struct client *client)
{
    if (client->attached && session_state(client->session) >= SESSION_CATCHING)
        open_document(client, 0, client->position);
}

void settle(struct world *world)
{
    bool more = true;

    world->busy = false;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < CLIENTS; i++) {
            struct client *client = &world->clients[i];
            if (session_state(client->session) == SESSION_OFFLINE)
                session_connect(client->session);
            if (client->retries > 0)
                session_retry(client->session);
            client->retries = 0;
            while (hear_one(client) || tell_one(client))
                more = true;
        }
    }
}
