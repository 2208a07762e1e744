#include "hub_events.h"

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
                 round->server->full ? ", but the disk is full" : "");
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
    }
}

static void crash(struct round *round)
{
    bool after = rng_percent(round_rng(round), 50);
    plan_say(round->plan, "the server crashes%s", after ? " after a commit" : "");
    round->server->tally->crashes++;
    round->server->has_crashed = true;
    round_cut_all(round);
    if (after) {
        server_commit_and_crash(round->server, 1 + rng_below(round_rng(round), 8));
    } else {
        server_crash(round->server);
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
    round->server->full = rng_percent(round_rng(round), 40);
    plan_say(round->plan, "the disk %s", round->server->full ? "is full" : "has room");
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

void event_burst(struct round *round, struct seat *seat, unsigned edits)
{
    struct server *server = round->server;
    struct person *person = seat->person;
    plan_say(round->plan, "%s types and types", person->name);
    for (; edits > 0; edits--) {
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
    event_burst(round, any_seat(round), rng_below(round_rng(round), 60));
}

/* ---- moods ---- */

static const struct event {
    void (*happen)(struct round *round);
    unsigned usual;  /* weight */
    unsigned spread; /* percent of rounds in which it happens at all */
    bool gentle;     /* nobody comes, goes or fails by it */
} all_events[EVENT_COUNT] = {
    {type, 200, 100, true},       {point, 30, 80, true},
    {chat, 10, 50, true},         {deliver, 200, 100, true},
    {flush, 120, 100, true},      {receive, 150, 100, true},
    {commit, 60, 100, true},      {serve, 60, 100, true},
    {settle, 15, 100, true},      {pass, 30, 100, true},
    {rename_person, 5, 30, true}, {connect_person, 40, 100, true},
    {retry, 20, 100, true},       {round_restart, 20, 100, true},
    {cut, 12, 80, false},         {enter, 20, 60, false},
    {leave, 8, 50, false},        {sleep_long, 3, 50, false},
    {crash, 3, 40, false},        {stop, 2, 15, false},
    {fill_disk, 8, 25, false},    {everybody_leaves, 3, 40, false},
    {burst, 4, 40, false},
};

struct mood mood_draw(struct rng *rng, bool gentle)
{
    static const unsigned factors[] = {1, 2, 4, 8, 16};
    struct mood mood = {0};
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        const struct event *event = &all_events[i];
        bool happens = rng_percent(rng, event->spread) && (event->gentle || !gentle);
        unsigned weight = event->usual * factors[rng_below(rng, 5)];
        mood.weights[i] = happens ? weight : 0;
        mood.sum += mood.weights[i];
    }
    return mood;
}

void mood_happen(const struct mood *mood, struct round *round)
{
    uint32_t choice = rng_below(round_rng(round), mood->sum);
    size_t i = 0;
    while (choice >= mood->weights[i]) {
        choice -= mood->weights[i++];
    }
    round->plan->event++;
    round->server->tally->events++;
    all_events[i].happen(round);
    round_notice(round);
}
