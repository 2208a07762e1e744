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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_agrees_whatever_happens),
    };
    return cmocka_run_group_tests_name("peer_session", tests, NULL, NULL);
}
