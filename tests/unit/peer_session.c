/*
 * The protocol machine against a server that is a log: many clients that type, lose their
 * connections, are given snapshots, folded edits, repeated acknowledgements and refusals, in every
 * order. In the end all hold what the server holds, and every edit is in the log exactly once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "tools/peer/bytes.h"
#include "tools/peer/pack.h"
#include "tools/peer/session.h"
#include "tools/replay/solo.h"

#define CLIENTS 4
#define EPOCH   7

struct world;

/* One client at both ends: its session, and what the server knows about it. */
struct client {
    struct world *world;
    uint32_t number;
    struct session *session;
    struct ot_buf said; /* on its way to the server */
    bool attached;
    uint64_t position; /* the server has told it everything up to here */
    uint64_t seq;      /* of its last edit in the log */
    unsigned retries, refusals, divergences, saves;
};

struct world {
    struct rng rng;
    struct solo solo;
    uint32_t *hashes; /* of each version */
    size_t hash_capacity;
    struct client clients[CLIENTS];
    bool busy; /* refuses edits for now */
};

/* ---- the server ---------------------------------------------------------------------------------
 */

static void tell(struct client *client, const struct peer_message *message)
{
    session_receive(client->session, message);
}

static void tell_error(struct client *client, uint64_t ref, const char *code)
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

/* Lets the first message on its way to the server arrive. */
static bool hear_one(struct client *client)
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

/* Tells what comes next in the log. */
static bool tell_one(struct client *client)
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

static void world_begin(struct world *world, const struct rng *rng)
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

static void world_end(struct world *world)
{
    for (uint32_t i = 0; i < CLIENTS; i++) {
        session_free(world->clients[i].session);
        ot_buf_deinit(&world->clients[i].said);
    }
    solo_deinit(&world->solo);
    free(world->hashes);
}

static void type(struct client *client)
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

/* The connection breaks: what was under way to the server may have arrived or not. */
static void lose(struct client *client)
{
    while (rng_percent(&client->world->rng, 50) && hear_one(client))
        ;
    ot_buf_clear(&client->said);
    client->attached = false;
    session_disconnect(client->session);
}

/* The server gives up a slow reader and opens its channel anew, unasked. */
static void lag(struct client *client)
{
    if (client->attached && session_state(client->session) >= SESSION_CATCHING)
        open_document(client, 0, client->position);
}

static void act(struct client *client)
{
    struct rng *rng = &client->world->rng;

    switch (rng_below(rng, 12)) {
    case 0:
        if (session_state(client->session) == SESSION_OFFLINE)
            session_connect(client->session);
        break;
    case 1:
        if (rng_percent(rng, 25))
            lose(client);
        break;
    case 2:
        if (rng_percent(rng, 25))
            lag(client);
        break;
    case 3:
        client->world->busy = rng_percent(rng, 30);
        break;
    case 4:
        if (client->retries > 0)
            session_retry(client->session);
        client->retries = 0;
        break;
    case 5:
    case 6:
        type(client);
        break;
    case 7:
    case 8:
        hear_one(client);
        break;
    default:
        tell_one(client);
    }
}

/* Everybody is connected, and everything under way arrives. */
static void settle(struct world *world)
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

static void assert_agreement(struct world *world)
{
    uint64_t edits = 0;
    uint32_t hash, own;

    bytes_must(ot_doc_hash(world->solo.doc, &hash));
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct client *client = &world->clients[i];
        assert_true(session_settled(client->session));
        assert_int_equal(session_version(client->session), world->solo.count);
        assert_int_equal(session_seq(client->session), client->seq);
        bytes_must(ot_doc_hash(session_shown(client->session), &own));
        assert_int_equal(own, hash);
        bytes_must(ot_doc_hash(session_committed(client->session), &own));
        assert_int_equal(own, hash);
        assert_int_equal(client->divergences, 0);
        assert_int_equal(client->refusals, 0);
        edits += client->seq;
    }
    assert_int_equal(edits, world->solo.count);
}

static void everybody_agrees_whatever_happens(void **state)
{
    struct rng rng = rng_start("peer_session");
    unsigned cases = random_cases(150);
    struct world world;
    (void)state;

    for (unsigned i = 0; i < cases; i++) {
        world_begin(&world, &rng);
        for (unsigned step = 0; step < 400; step++)
            act(&world.clients[rng_below(&world.rng, CLIENTS)]);
        settle(&world);
        assert_agreement(&world);
        rng = world.rng;
        world_end(&world);
    }
}

/* ---- single turns -------------------------------------------------------------------------------
 */

static struct ot_buf insert(uint64_t at, const char *text)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf op = {0};

    ot_builder_retain(builder, at, PEER_NIL);
    ot_builder_insert(builder, bytes_of(text), PEER_NIL);
    bytes_must(ot_builder_finish(builder, &op));
    ot_builder_free(builder);
    return op;
}

static void type_text(struct client *client, uint64_t at, const char *text)
{
    struct ot_buf op = insert(at, text);
    assert_int_equal(session_edit(client->session, ot_buf_slice(&op)), OT_OK);
    ot_buf_deinit(&op);
}

static void assert_shows(struct client *client, const char *text)
{
    struct ot_buf shown = {0};
    bytes_must(ot_doc_text(session_shown(client->session), &shown));
    assert_int_equal(shown.size, strlen(text));
    assert_memory_equal(shown.data, text, shown.size);
    ot_buf_deinit(&shown);
}

static void an_edit_that_can_never_be_taken_is_handed_back(void **state)
{
    struct rng rng = {1};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "a");
    type_text(client, 1, "b");
    ot_buf_clear(&client->said);
    tell_error(client, 1, "split_surrogate");
    assert_int_equal(client->refusals, 1);
    assert_shows(client, "");
    type_text(client, 0, "c");
    settle(&world);
    assert_shows(client, "c");
    assert_int_equal(client->seq, 1);
    assert_true(session_settled(client->session));
    world_end(&world);
}

static void an_edit_that_is_not_allowed_stays_and_the_others_are_followed(void **state)
{
    struct rng rng = {2};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "mine");
    ot_buf_clear(&client->said);
    tell_error(client, 1, "forbidden");
    assert_int_equal(session_state(client->session), SESSION_BLOCKED);
    type_text(&world.clients[1], 0, "theirs ");
    settle(&world);
    assert_shows(client, "theirs mine");
    assert_false(session_settled(client->session));
    assert_int_equal(client->seq, 0);

    /* With the right back, a new connection saves it. */
    lose(client);
    settle(&world);
    assert_int_equal(client->seq, 1);
    assert_true(session_settled(client->session));
    world_end(&world);
}

static void tell_role(struct client *client, const char *role)
{
    struct peer_message message = {.kind = WIRE_ROLE};
    message.role.role = bytes_of(role);
    tell(client, &message);
}

static void what_a_role_does_not_allow_waits_for_one_that_does(void **state)
{
    struct rng rng = {6};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "on its way ");
    ot_buf_clear(&client->said);
    tell_role(client, "viewer");
    tell_error(client, 1, "forbidden");
    type_text(client, 11, "and later");
    type_text(&world.clients[1], 0, "theirs ");
    settle(&world);
    assert_int_equal(session_state(client->session), SESSION_BLOCKED);
    assert_int_equal(client->seq, 0);
    assert_shows(client, "theirs on its way and later");
    tell_role(client, "editor");
    settle(&world);
    assert_int_equal(client->seq, 2);
    assert_true(session_settled(client->session));
    assert_shows(client, "theirs on its way and later");
    world_end(&world);
}

static void another_document_than_the_servers_is_replaced(void **state)
{
    struct rng rng = {3};
    struct world world;
    struct peer_message hash = {.kind = WIRE_HASH};
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    type_text(client, 0, "abc");
    settle(&world);
    hash.hash.version = 1;
    hash.hash.crc = world.hashes[1] ^ 1;
    type_text(client, 3, "d");
    tell(client, &hash);
    assert_int_equal(client->divergences, 1);
    assert_int_equal(session_state(client->session), SESSION_OPENING);
    settle(&world);
    assert_shows(client, "abcd");
    assert_true(session_settled(client->session));
    world_end(&world);
}

static void a_gap_in_the_log_brings_the_document_anew(void **state)
{
    struct rng rng = {4};
    struct world world;
    struct ot_buf op = insert(0, "x");
    struct peer_message edit = {.kind = WIRE_EDITED};
    (void)state;

    world_begin(&world, &rng);
    settle(&world);
    edit.edit.version = 2;
    edit.edit.op = ot_buf_slice(&op);
    assert_int_equal(session_receive(world.clients[0].session, &edit), -1);
    edit.edit.version = 1;
    edit.edit.op.size--;
    assert_int_equal(session_receive(world.clients[1].session, &edit), -1);
    settle(&world);
    assert_shows(&world.clients[0], "");
    assert_true(session_settled(world.clients[0].session));
    assert_true(session_settled(world.clients[1].session));
    ot_buf_deinit(&op);
    world_end(&world);
}

static void a_closed_channel_says_nothing_more(void **state)
{
    struct rng rng = {5};
    struct world world;
    struct peer_message closed = {.kind = WIRE_CLOSED};
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    closed.closed.code = bytes_of("deleted");
    tell(client, &closed);
    assert_int_equal(session_state(client->session), SESSION_OFFLINE);
    type_text(client, 0, "x");
    assert_int_equal(client->said.size, 0);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_agrees_whatever_happens),
        cmocka_unit_test(an_edit_that_can_never_be_taken_is_handed_back),
        cmocka_unit_test(an_edit_that_is_not_allowed_stays_and_the_others_are_followed),
        cmocka_unit_test(what_a_role_does_not_allow_waits_for_one_that_does),
        cmocka_unit_test(another_document_than_the_servers_is_replaced),
        cmocka_unit_test(a_gap_in_the_log_brings_the_document_anew),
        cmocka_unit_test(a_closed_channel_says_nothing_more),
    };
    return cmocka_run_group_tests_name("peer_session", tests, NULL, NULL);
}
