#include "round.h"

#include "lib/shortage.h"
#include "tools/peer/bytes.h"
#include "view.h"

#define TURNS_MAX 4000 /* in which everything must come to rest, or in each so much time */
#define REST_MS   1000 /* of turns in which nothing happens */

/* ---- life ---- */

static void draw_manner(struct round *round)
{
    struct rng *rng = round_rng(round);
    round->manner = (struct manner){.insert = 4 + rng_below(rng, 8),
                                    .delete = 1 + rng_below(rng, 5),
                                    .replace = rng_below(rng, 4),
                                    .format = rng_below(rng, 6),
                                    .hot = rng_below(rng, 2) * rng_below(rng, 100),
                                    .paste = rng_below(rng, 20),
                                    .big = rng_below(rng, 80) == 0 ? 40 : 0,
                                    .length = 5 + rng_below(rng, 80)};
}

void round_start(struct round *round, struct plan *plan, struct server *server, const char *base)
{
    struct rng *rng = &plan->rng;
    *round = (struct round){.plan = plan, .server = server};
    unsigned few = rng_percent(rng, 60) ? 1 : SERVER_DOCUMENTS;
    server_start(server, base, 1 + rng_below(rng, few));
    for (unsigned i = 0; i < server->document_count; i++) {
        tokens_init(&round->tokens[i], plan, server->ledgers[i].document.type == STORE_RICH);
    }
    round->person_count = 3 + rng_below(rng, PERSONS_MAX - 3);
    unsigned mangled = rng_percent(rng, 40) ? rng_below(rng, 50) : 0;
    for (unsigned i = 0; i < round->person_count; i++) {
        person_init(&round->persons[i], server, i, round->tokens);
        round->persons[i].mangled = mangled;
    }
    draw_manner(round);
}

void round_stop(struct round *round)
{
    for (unsigned i = 0; i < round->person_count; i++) {
        person_deinit(&round->persons[i]);
    }
    for (unsigned i = 0; i < round->server->document_count; i++) {
        tokens_deinit(&round->tokens[i]);
    }
    server_stop(round->server);
}

void round_add_person(struct round *round)
{
    person_init(&round->persons[round->person_count], round->server, round->person_count,
                round->tokens);
    round->person_count++;
}

struct rng *round_rng(struct round *round)
{
    return &round->plan->rng;
}

/* ---- connections ---- */

void round_notice(struct round *round)
{
    for (unsigned i = 0; i < round->person_count; i++) {
        person_notice(&round->persons[i]);
    }
}

void round_cut_all(struct round *round)
{
    for (unsigned i = 0; i < round->person_count; i++) {
        person_cut(&round->persons[i]);
    }
}

/* What was loaded was settled; after a crash or with a full disk nobody knows. */
static void check_settled(const struct server *server)
{
    for (unsigned i = 0; i < server->document_count; i++) {
        uint64_t left = store_unsettled(server->store, server->ledgers[i].document.key);
        plan_check(server->plan,
                   server->was_full || server->was_broken || server->has_crashed || left == 0,
                   "the server has stopped with %llu edits of document %u that are not settled",
                   (unsigned long long)left, i);
    }
}

void round_restart(struct round *round)
{
    struct server *server = round->server;
    if (server->failed) {
        plan_say(round->plan, "the server begins anew");
        round_cut_all(round);
        server_crash(server, server->vfs.dead ? SERVER_WITHOUT_POWER : SERVER_KILLED);
    } else if (server->stopping && server_has_stopped(server)) {
        plan_say(round->plan, "the server has stopped, and begins anew");
        check_settled(server);
        round_cut_all(round);
        server_crash(server, SERVER_CLOSED);
    }
}

/* ---- coming to rest ---- */

/* All that is under way arrives. False: there was nothing. */
static bool turn(struct round *round)
{
    struct server *server = round->server;
    bool moved = false;
    for (size_t i = server->line_count; i-- > 0;) {
        moved |= line_deliver(server, server->lines[i]);
        round_notice(round);
    }
    moved |= server->appends != NULL;
    server_commit(server, SIZE_MAX);
    moved |= server_serve(server);
    moved |= server_settle(server);
    for (size_t i = 0; i < server->line_count; i++) {
        moved |= !server->lines[i]->cut && line_flush(server, server->lines[i], UINT32_MAX);
    }
    for (unsigned i = 0; i < round->person_count; i++) {
        while (person_receive(&round->persons[i])) {
            moved = true;
        }
    }
    return moved;
}

/* Everybody is connected and does what is still to be done. */
static void go_on(struct round *round)
{
    for (unsigned i = 0; i < round->person_count; i++) {
        struct person *person = &round->persons[i];
        if (person->line == NULL) {
            person_connect(person);
        }
        for (unsigned k = 0; k < round->server->document_count; k++) {
            struct seat *seat = &person->seats[k];
            seat_retry(seat);
            seat_enter(seat);
            if (seat->chats_done < seat->chats_sent) {
                seat_chat(seat);
            }
        }
    }
}

/* Somebody was told to try again later, or may have been. */
static bool somebody_waits(const struct round *round)
{
    for (unsigned i = 0; i < round->person_count; i++) {
        for (unsigned k = 0; k < round->server->document_count; k++) {
            const struct seat *seat = &round->persons[i].seats[k];
            if (seat->retry || seat->chats_done < seat->chats_sent) {
                return true;
            }
        }
    }
    return false;
}

/* A seat with something unsaved or unsaid, or NULL. */
static const struct seat *busy_seat(const struct round *round)
{
    for (unsigned i = 0; i < round->person_count; i++) {
        for (unsigned k = 0; k < round->server->document_count; k++) {
            const struct seat *seat = &round->persons[i].seats[k];
            if (!seat_rests(seat)) {
                return seat;
            }
        }
    }
    return NULL;
}

static void give_roles_back(struct round *round)
{
    for (unsigned i = 0; i < round->person_count; i++) {
        for (unsigned k = 0; k < round->server->document_count; k++) {
            if (round->persons[i].roles.of[k] != ACCESS_EDITOR) {
                person_become(&round->persons[i], k, ACCESS_EDITOR);
            }
        }
    }
}

void round_come_to_rest(struct round *round)
{
    struct server *server = round->server;
    give_roles_back(round);
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        round_restart(round);
        if (somebody_waits(round)) {
            server_pass(server, LIMIT_STORAGE_PROBE_MS);
        }
        if (!server->stopping) {
            go_on(round);
        }
        if (!turn(round)) {
            server_pass(server, REST_MS);
            if (!turn(round) && !server->failed && busy_seat(round) == NULL &&
                server_rests(server)) {
                return;
            }
        }
    }
    const struct seat *seat = busy_seat(round);
    plan_check(round->plan, seat != NULL, "the server does not come to rest");
    plan_fail(round->plan, "%s does not come to rest in document %u: %s", seat->person->name,
              seat->document,
              session_settled(seat->session) ? "chat is not answered" : "edits are not saved");
}

void round_heal(struct round *round)
{
    plan_say(round->plan, "everything heals");
    vfs_heal(&round->server->vfs);
    shortage_end();
    for (unsigned i = 0; i < round->person_count; i++) {
        round->persons[i].mangled = 0;
    }
    round_come_to_rest(round);
}

/* ---- looking ---- */

static void check_seat(struct round *round, struct seat *seat)
{
    uint32_t shown, committed;
    struct ledger *ledger = &round->server->ledgers[seat->document];
    bytes_must(ot_doc_hash(session_shown(seat->session), &shown));
    bytes_must(ot_doc_hash(session_committed(seat->session), &committed));
    plan_check(round->plan, session_version(seat->session) == ledger->edit_count,
               "%s is at version %llu of %zu", seat->person->name,
               (unsigned long long)session_version(seat->session), ledger->edit_count);
    plan_check(round->plan, shown == ledger->hash && committed == ledger->hash,
               "%s ends with another document %u", seat->person->name, seat->document);
    plan_check(round->plan, seat->chat_seen == ledger->chat_count, "%s has seen %llu of %zu chats",
               seat->person->name, (unsigned long long)seat->chat_seen, ledger->chat_count);
    view_check(seat);
    seat_check_saved(seat);
}

void round_look(struct round *round)
{
    for (unsigned k = 0; k < round->server->document_count; k++) {
        for (unsigned i = 0; i < round->person_count; i++) {
            check_seat(round, &round->persons[i].seats[k]);
        }
        tokens_check(&round->tokens[k], round->server->ledgers[k].doc);
        ledger_check_store(&round->server->ledgers[k], round->server->store);
    }
}
