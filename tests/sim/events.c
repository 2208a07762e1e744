#include "events.h"

#include "run.h"

#include <string.h>

/* Edits of a document after which the oldest have left memory and a snapshot was saved. */
#define LONG_EDITS (LIMIT_SETTLE_EDITS + 200)

/* ---- who ---- */

static struct person *any_person(struct round *round)
{
    return &round->persons[rng_below(round_rng(round), round->person_count)];
}

static struct seat *any_seat(struct round *round)
{
    return &any_person(round)->seats[rng_below(round_rng(round), round->server->document_count)];
}

/* A connection on which there is something of the kind, or NULL. */
static struct line *any_line(struct round *round, bool (*has)(const struct line *))
{
    struct server *server = round->server;
    size_t start = rng_below(round_rng(round), (uint32_t)server->line_count + 1);
    for (size_t i = 0; i < server->line_count; i++) {
        struct line *line = server->lines[(start + i) % server->line_count];
        if (has(line)) {
            return line;
        }
    }
    return NULL;
}

/* Somebody for whom something has arrived, or NULL. */
static struct person *any_reader(struct round *round)
{
    size_t start = rng_below(round_rng(round), round->person_count);
    for (size_t i = 0; i < round->person_count; i++) {
        struct person *person = &round->persons[(start + i) % round->person_count];
        if (person->line != NULL && line_has_down(person->line)) {
            return person;
        }
    }
    return NULL;
}

/* ---- events ---- */

static void type(struct round *round)
{
    seat_type(any_seat(round), &round->manner);
}

static void undo(struct round *round)
{
    struct seat *seat = any_seat(round);
    bool redo = rng_percent(round_rng(round), 40);
    for (unsigned i = 1 + rng_below(round_rng(round), 4); i > 0; i--) {
        seat_undo(seat, redo);
    }
}

static void point(struct round *round)
{
    seat_point(any_seat(round));
}

static void chat(struct round *round)
{
    seat_chat(any_seat(round));
}

static void deliver(struct round *round)
{
    struct line *line = any_line(round, line_has_up);
    if (line != NULL) {
        line_deliver(round->server, line);
    }
}

static void flush(struct round *round)
{
    struct line *line = any_line(round, line_is_behind);
    if (line != NULL) {
        unsigned most = 1 + rng_below(round_rng(round), 12);
        plan_say(round->plan, "the gate writes to %s, up to %u", line->name, most);
        line_flush(round->server, line, most);
    }
}

static void receive(struct round *round)
{
    struct person *person = any_reader(round);
    for (unsigned i = 1 + rng_below(round_rng(round), 8); i > 0 && person != NULL; i--) {
        person_receive(person);
    }
}

static void commit(struct round *round)
{
    size_t most = 1 + rng_below(round_rng(round), 20);
    if (round->server->appends != NULL) {
        plan_say(round->plan, "up to %zu appends are committed%s", most,
                 round->server->vfs.room >= 0 ? ", but the disk is full" : "");
        server_commit(round->server, most);
    }
}

static void serve(struct round *round)
{
    if (server_serve(round->server)) {
        plan_say(round->plan, "the store serves a request");
    }
}

static void settle(struct round *round)
{
    if (server_settle(round->server)) {
        plan_say(round->plan, "the store settles a bit");
    }
}

static void tidy(struct round *round)
{
    plan_say(round->plan, "the store tidies up");
    server_tidy(round->server);
}

static void cut(struct round *round)
{
    struct person *person = any_person(round);
    bool back = rng_percent(round_rng(round), 30); /* before the server knows, perhaps */
    plan_say(round->plan, "the connection of %s is cut", person->name);
    person_cut(person);
    if (back) {
        plan_say(round->plan, "%s connects", person->name);
        person_connect(person);
    }
}

static void connect_person(struct round *round)
{
    struct person *person = any_person(round);
    if (person->line == NULL) {
        plan_say(round->plan, "%s connects", person->name);
        person_connect(person);
    }
}

static void enter(struct round *round)
{
    seat_enter(any_seat(round));
}

static void leave(struct round *round)
{
    struct seat *seat = any_seat(round);
    plan_say(round->plan, "%s leaves document %u", seat->person->name, seat->document);
    seat_leave(seat);
}

static void retry(struct round *round)
{
    struct seat *seat = any_seat(round);
    if (seat_retry(seat)) {
        plan_say(round->plan, "%s tries document %u again", seat->person->name, seat->document);
    }
}

static void rename_person(struct round *round)
{
    struct person *person = any_person(round);
    person_rename(person);
    plan_say(round->plan, "somebody is called %s now", person->name);
}

static void pass(struct round *round)
{
    server_pass(round->server, 1 + rng_below(round_rng(round), 80));
}

/* Time passes in which the store works, and nothing else happens. */
static void sleep_long(struct round *round)
{
    plan_say(round->plan, "a long time passes");
    for (unsigned i = 0; i < 14; i++) {
        server_pass(round->server, 1000);
        while (server_serve(round->server) || server_settle(round->server)) {
        }
        server_tidy(round->server);
    }
}

/* The process is killed, or the machine loses power, between two things or after a commit of which
 * nobody hears. */
static void crash(struct round *round)
{
    struct rng *rng = round_rng(round);
    enum server_end how = rng_percent(rng, 50) ? SERVER_KILLED : SERVER_WITHOUT_POWER;
    size_t most = rng_percent(rng, 50) ? 1 + rng_below(rng, 8) : 0;
    plan_say(round->plan, "the server %s%s", how == SERVER_KILLED ? "is killed" : "loses power",
             most > 0 ? " after a commit" : "");
    round_cut_all(round);
    server_commit_and_crash(round->server, most, how);
}

/* Power goes in the middle of what the store does next, or soon. */
static void power(struct round *round)
{
    long at = 1 + (long)rng_below(round_rng(round), 40);
    plan_say(round->plan, "power will go at write or sync %ld", at);
    server_cut_power(round->server, at);
}

/* The disk fails, once or from now on. */
static void disk(struct round *round)
{
    static const unsigned kinds[] = {VFS_READ, VFS_WRITE, VFS_SYNC, VFS_CHANGES, VFS_ALL};
    struct rng *rng = round_rng(round);
    unsigned kind = kinds[rng_below(rng, 5)];
    long at = 1 + (long)rng_below(rng, 30);
    bool stays = rng_percent(rng, 30);
    plan_say(round->plan, "the disk will fail at call %ld of kinds %u%s", at, kind,
             stays ? ", and go on failing" : "");
    server_fail_disk(round->server, kind, at, stays);
}

/* There is no memory for something that the store does soon, or for all that it does. */
static void run_short(struct round *round)
{
    struct rng *rng = round_rng(round);
    long at = 1 + (long)rng_below(rng, rng_percent(rng, 50) ? 30 : 1000);
    bool stays = rng_percent(rng, 20);
    plan_say(round->plan, "there will be no memory for allocation %ld%s", at,
             stays ? " and those after it" : "");
    server_run_short(round->server, at, stays);
}

/* Somebody gets another role in a document, or none; or theirs back. */
static void change_role(struct round *round)
{
    struct seat *seat = any_seat(round);
    struct rng *rng = round_rng(round);
    enum access_role role =
        rng_percent(rng, 40) ? ACCESS_EDITOR : (enum access_role)rng_below(rng, ACCESS_EDITOR);
    if (round->server->guard != NULL) {
        plan_say(round->plan, "%s is to be %s in document %u", seat->person->name,
                 access_role_name(role), seat->document);
        round->server->tally->roles++;
        person_become(seat->person, seat->document, role);
    }
}

static void back_up(struct round *round)
{
    plan_say(round->plan, "a backup is made");
    server_back_up(round->server);
}

static void restore(struct round *round)
{
    struct server *server = round->server;
    if (!server->has_backup) {
        return;
    }
    plan_say(round->plan, "the backup is put back");
    round_cut_all(round);
    server_restore(server);
    for (unsigned i = 0; i < round->person_count; i++) {
        for (unsigned k = 0; k < server->document_count; k++) {
            seat_restored(&round->persons[i].seats[k], server->ledgers[k].edit_count);
        }
    }
}

static void stop(struct round *round)
{
    if (!round->server->stopping) {
        plan_say(round->plan, "the server is asked to stop");
        server_ask_stop(round->server);
    }
}

static void fill_disk(struct round *round)
{
    struct rng *rng = round_rng(round);
    int64_t room = rng_percent(rng, 40) ? (int64_t)rng_below(rng, 40000) : -1;
    plan_say(round->plan, room < 0 ? "the disk has room" : "the disk is full but for %lld bytes",
             (long long)room);
    server_fill_disk(round->server, room);
}

/* Rooms empty, and perhaps leave memory. */
static void everybody_leaves(struct round *round)
{
    plan_say(round->plan, "everybody's connection is cut");
    round_cut_all(round);
    if (rng_percent(round_rng(round), 50)) {
        while (round->server->line_count > 0) {
            line_deliver(round->server, round->server->lines[0]);
        }
        server_commit(round->server, SIZE_MAX);
        sleep_long(round);
    }
}

/* Somebody makes so many edits, each of which is saved at once, while others' messages wait. */
static void type_on(struct round *round, struct seat *seat, unsigned edits)
{
    struct server *server = round->server;
    struct person *person = seat->person;
    plan_say(round->plan, "%s types and types", person->name);
    for (; edits > 0 && !server->failed; edits--) {
        seat_type(seat, &round->manner);
        for (unsigned k = 0; k < 4 && person->line != NULL; k++) {
            line_deliver(server, person->line);
            server_commit(server, SIZE_MAX);
            server_serve(server);
            line_flush(server, person->line, UINT32_MAX);
            while (person_receive(person)) {
            }
            person_notice(person);
        }
    }
}

static void burst(struct round *round)
{
    type_on(round, any_seat(round), rng_below(round_rng(round), 60));
}

/*
 * So many edits that the oldest leave memory and a snapshot is saved while people are there; one is
 * away all the time, and one has an edit under way. Perhaps they are lost in the end, and are too
 * many to be offered again.
 */
static void write_long(struct round *round)
{
    round->manner = (struct manner){.insert = 2, .delete = 2, .replace = 1, .length = 20};
    round_come_to_rest(round);
    person_cut(&round->persons[1]);
    seat_type(&round->persons[1].seats[0], &round->manner);
    seat_type(&round->persons[2].seats[0], &round->manner);
    bool goes_back = round->plan->seed / RUN_LONG_EVERY % 2 == 0;
    if (goes_back) {
        back_up(round);
    }
    type_on(round, &round->persons[0].seats[0], LONG_EDITS);
    if (goes_back) {
        restore(round);
    }
}

static void rest(struct round *round)
{
    plan_say(round->plan, "all comes to rest");
    round_come_to_rest(round);
}

/* ---- kinds ---- */

static const struct kind {
    const char *name;
    void (*happen)(struct round *round);
    unsigned usual;  /* weight */
    unsigned spread; /* percent of rounds in which it happens at all */
    bool gentle;     /* nobody comes, goes or fails by it */
} kinds[] = {
    {"type", type, 200, 100, true},
    {"point", point, 30, 80, true},
    {"chat", chat, 10, 50, true},
    {"deliver", deliver, 200, 100, true},
    {"flush", flush, 120, 100, true},
    {"receive", receive, 150, 100, true},
    {"commit", commit, 60, 100, true},
    {"serve", serve, 60, 100, true},
    {"settle", settle, 15, 100, true},
    {"tidy", tidy, 8, 60, true},
    {"pass", pass, 30, 100, true},
    {"rename", rename_person, 5, 30, true},
    {"connect", connect_person, 40, 100, true},
    {"retry", retry, 20, 100, true},
    {"restart", round_restart, 20, 100, true},
    {"cut", cut, 12, 80, false},
    {"enter", enter, 20, 60, false},
    {"leave", leave, 8, 50, false},
    {"sleep", sleep_long, 3, 50, false},
    {"crash", crash, 3, 40, false},
    {"power", power, 3, 30, false},
    {"disk", disk, 3, 20, false},
    {"stop", stop, 2, 15, false},
    {"fill", fill_disk, 8, 25, false},
    {"vacate", everybody_leaves, 3, 40, false},
    {"burst", burst, 4, 40, false},
    {"undo", undo, 25, 50, true},
    {"short", run_short, 4, 25, false},
    {"backup", back_up, 4, 50, false},
    {"restore", restore, 8, 50, false},
    {"role", change_role, 12, 50, false},
    {"long", write_long, 0, 0, false},
    {"rest", rest, 0, 0, false},
};

#define KIND_COUNT (sizeof kinds / sizeof *kinds)

const char *event_name(unsigned event)
{
    return kinds[event].name;
}

bool event_find(const char *name, unsigned *event_out)
{
    unsigned event = 0;
    while (event < KIND_COUNT && strcmp(kinds[event].name, name) != 0) {
        event++;
    }
    *event_out = event;
    return event < KIND_COUNT;
}

void event_happen(struct round *round, const struct plan_line *line)
{
    plan_draw_from(round->plan, (uint64_t)line->chance + 1);
    round->server->tally->events++;
    kinds[line->event].happen(round);
    if (round->server->failed) {
        round_restart(round);
    }
    round_notice(round);
}

/* ---- moods ---- */

static unsigned pick(const unsigned *weights, uint32_t choice)
{
    unsigned event = 0;
    while (choice >= weights[event]) {
        choice -= weights[event++];
    }
    return event;
}

void events_draw(struct rng *rng, bool gentle, size_t count, struct plan *plan)
{
    static const unsigned factors[] = {1, 2, 4, 8, 16};
    unsigned weights[KIND_COUNT], sum = 0;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        bool happens = rng_percent(rng, kinds[i].spread) && (kinds[i].gentle || !gentle);
        unsigned weight = kinds[i].usual * factors[rng_below(rng, 5)];
        weights[i] = happens ? weight : 0;
        sum += weights[i];
    }
    for (; count > 0; count--) {
        unsigned event = pick(weights, rng_below(rng, sum));
        plan_add(plan, event, (uint32_t)rng_next(rng));
    }
}

void events_add(struct rng *rng, const char *name, struct plan *plan)
{
    unsigned event;
    if (event_find(name, &event)) {
        plan_add(plan, event, (uint32_t)rng_next(rng));
    }
}
