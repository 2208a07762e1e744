/*
 * The protocol machine against a server that is a log: many clients that type, lose their
 * connections, are given snapshots, folded edits, repeated acknowledgements and refusals, in every
 * order. In the end all hold what the server holds, and every edit is in the log exactly once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "lib/session_world.h"
#include "tools/peer/bytes.h"
#include "tools/peer/pack.h"

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
        client_type(client);
        break;
    case 7:
    case 8:
        hear_one(client);
        break;
    default:
        tell_one(client);
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

struct counts {
    uint64_t open_ref;
    unsigned opens, edits, refusals;
};

static void count_sent(void *context, struct ot_slice bytes)
{
    struct counts *counts = context;
    struct unpack in = {.rest = bytes};
    unpack_array(&in);
    uint64_t kind = unpack_uint(&in);
    counts->edits += kind == WIRE_EDIT;
    if (kind == WIRE_OPEN) {
        counts->opens++;
        counts->open_ref = unpack_uint(&in);
    }
}

static void count_refused(void *context, struct ot_slice code, bool kept, struct ot_slice op)
{
    (void)code;
    (void)kept;
    (void)op;
    ((struct counts *)context)->refusals++;
}

/* The first copy was taken, then the role was; the answers come the other way round. */
static void of_an_edit_sent_twice_the_last_answer_counts(void **state)
{
    struct counts counts = {0};
    struct session_env env = {.context = &counts, .send = count_sent, .refused = count_refused};
    struct session *session = session_new("doc", 0, &env);
    static const uint8_t text[] = {0x02, 0x09, 'a'}, empty[] = {0x00};
    struct peer_message opened = {.kind = WIRE_OPENED}, refused = {.kind = WIRE_ERROR, .ref = 1},
                        ack = {.kind = WIRE_ACK}, role = {.kind = WIRE_ROLE};
    (void)state;

    session_connect(session);
    opened.ref = counts.open_ref;
    opened.opened.role = bytes_of("editor");
    opened.opened.snapshot = (struct ot_slice){empty, sizeof empty};
    assert_int_equal(session_receive(session, &opened), 0);
    assert_int_equal(session_edit(session, (struct ot_slice){text, sizeof text}), OT_OK);
    assert_int_equal(counts.edits, 1);
    opened.ref = 0;
    opened.opened.snapshot = PEER_NIL;
    assert_int_equal(session_receive(session, &opened), 0);
    assert_int_equal(counts.edits, 2);

    role.role.role = bytes_of("viewer");
    assert_int_equal(session_receive(session, &role), 0);
    refused.error.code = bytes_of("forbidden");
    refused.error.retry_ms = PEER_NONE;
    assert_int_equal(session_receive(session, &refused), 0);
    assert_int_equal(counts.refusals, 0);
    ack.ack.version = ack.ack.seq = 1;
    assert_int_equal(session_receive(session, &ack), 0);
    assert_int_equal(session_seq(session), 1);
    assert_false(session_waits(session));
    assert_int_equal(counts.opens, 1);
    session_free(session);
}

/* Its hash comes first; what is typed meanwhile waits. */
static void a_snapshot_that_is_behind_the_head_is_gone_on_from(void **state)
{
    struct counts counts = {0};
    struct session_env env = {.context = &counts, .send = count_sent, .refused = count_refused};
    struct session *session = session_new("doc", 0, &env);
    static const uint8_t a[] = {0x02, 0x09, 'a'}, behind[] = {0x04, 0x08, 0x09, 'b'},
                         all[] = {0x02, 0x19, 'c', 'a', 'b'};
    const struct ot_slice snapshot = {a, sizeof a}, edit = {behind, sizeof behind};
    struct peer_message opened = {.kind = WIRE_OPENED}, hash = {.kind = WIRE_HASH},
                        edited = {.kind = WIRE_EDITED};
    (void)state;

    session_connect(session);
    opened.ref = counts.open_ref;
    opened.opened.role = bytes_of("editor");
    opened.opened.snapshot = snapshot;
    opened.opened.version = 1;
    opened.opened.head = 2;
    assert_int_equal(session_receive(session, &opened), 0);
    assert_int_equal(session_state(session), SESSION_CATCHING);
    hash.hash.version = 1;
    hash.hash.crc = ot_hash(snapshot);
    assert_int_equal(session_receive(session, &hash), 0);
    assert_int_equal(
        session_edit(session, (struct ot_slice){(const uint8_t[]){0x02, 0x09, 'c'}, 3}), OT_OK);
    assert_int_equal(counts.edits, 0);
    edited.edit.version = 2;
    edited.edit.op = edit;
    assert_int_equal(session_receive(session, &edited), 0);
    assert_int_equal(session_state(session), SESSION_LIVE);
    assert_int_equal(session_version(session), 2);
    assert_int_equal(counts.edits, 1);
    assert_int_equal(counts.opens, 1);
    uint32_t shown;
    bytes_must(ot_doc_hash(session_shown(session), &shown));
    assert_int_equal(shown, ot_hash((struct ot_slice){all, sizeof all}));
    session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_that_is_behind_the_head_is_gone_on_from),
        cmocka_unit_test(of_an_edit_sent_twice_the_last_answer_counts),
        cmocka_unit_test(everybody_agrees_whatever_happens),
    };
    return cmocka_run_group_tests_name("peer_session", tests, NULL, NULL);
}
