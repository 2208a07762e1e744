/*
 * Bytes as what happens to a server: people connect, open, edit (as they should, or any operation),
 * point, talk and go; time passes, the store answers, or refuses. Somebody who only reads holds
 * what is told against itself and the store: versions have no gap, none is told before it is
 * stored, and the text is that which the next one gets.
 */
#include "fuzz.h"

#include "tests/lib/hub_world.h"

#include <assert.h>
#include <string.h>

#define PEOPLE 4
#define ROUNDS 200

struct person {
    struct world_connection *connection;
    uint64_t seq, version; /* version UINT64_MAX: not open */
};

struct session {
    struct world world;
    struct person people[PEOPLE]; /* the first one only reads */
    struct ot_doc *doc;           /* as that one has it; NULL: not open */
    const uint8_t *data;
    size_t left;
};

static unsigned take(struct session *session)
{
    return session->left == 0 ? 0 : (session->left--, *session->data++);
}

static void check_stored(struct session *session, uint64_t version)
{
    struct store_document document;
    struct store_head head;
    assert(store_find(session->world.store, "d", &document) == STORE_OK);
    assert(store_load(session->world.store, document.key, &head) == STORE_OK &&
           version <= head.version);
}

static uint64_t number(struct reader *fields)
{
    uint64_t value;
    bool is_there = reader_uint(fields, &value);
    assert(is_there);
    return value;
}

static void hear_opened(struct session *session, struct person *person, struct reader *fields)
{
    struct ot_slice snapshot;
    number(fields); /* ref */
    number(fields); /* epoch */
    uint64_t version = number(fields);
    number(fields); /* head */
    person->seq = number(fields);
    person->version = version;
    bool has_snapshot = reader_bytes(fields, &snapshot);
    if (person == session->people && has_snapshot) {
        ot_doc_free(session->doc);
        assert(ot_doc_load(snapshot, &session->doc) == OT_OK);
    }
}

static void hear_edit(struct session *session, struct person *person, unsigned kind,
                      struct reader *fields)
{
    struct ot_slice op;
    assert(person->version != UINT64_MAX && number(fields) == person->version + 1);
    uint64_t second = number(fields);
    person->version = kind == WIRE_CATCHUP ? second : person->version + 1;
    check_stored(session, person->version);
    if (kind == WIRE_ACK) {
        assert(second == person->seq + 1);
        person->seq = second;
    } else if (person == session->people) {
        bool has_op = reader_bytes(fields, &op);
        assert(has_op && ot_doc_apply(session->doc, op, NULL) == OT_OK &&
               ot_doc_sound(session->doc));
    }
}

static void hear(struct session *session, struct person *person)
{
    struct reader fields;
    for (unsigned kind; (kind = world_next(person->connection, &fields)) != 0;) {
        uint64_t channel;
        if (kind == WIRE_ERROR || !reader_uint(&fields, &channel) || channel != 0) {
            continue;
        }
        if (kind == WIRE_OPENED) {
            hear_opened(session, person, &fields);
        } else if (kind == WIRE_EDITED || kind == WIRE_ACK || kind == WIRE_CATCHUP) {
            hear_edit(session, person, kind, &fields);
        } else if (kind == WIRE_CLOSED) {
            person->version = UINT64_MAX;
        }
    }
    world_forget(person->connection);
}

static void open(struct session *session, struct person *person)
{
    world_send(&session->world, person->connection, WIRE_OPEN, "uusnnn", UINT64_C(9), UINT64_C(0),
               "d");
}

static void join(struct session *session, struct person *person)
{
    *person = (struct person){.connection = world_connect(&session->world), .version = UINT64_MAX};
    world_send(&session->world, person->connection, WIRE_HELLO, "nssnns", "Ann", "#123456", "fuzz");
    open(session, person);
}

static void edit(struct session *session, struct person *person, bool is_raw)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf op = {0};
    unsigned place = take(session), size = take(session) % 32;
    uint64_t base = person->version == UINT64_MAX ? 0 : person->version;
    ot_builder_retain(builder, place % 8, (struct ot_slice){0});
    ot_builder_delete(builder, place / 64);
    ot_builder_insert(builder,
                      (struct ot_slice){(const uint8_t *)"some text of some length, or less", size},
                      (struct ot_slice){0});
    assert(ot_builder_finish(builder, &op) == OT_OK);
    struct ot_slice bytes = ot_buf_slice(&op);
    if (is_raw) {
        size = size < session->left ? size : (unsigned)session->left;
        bytes = (struct ot_slice){session->data, size};
        session->left -= size;
        session->data += size;
        base += take(session) % 3 - 1u;
    }
    if (ot_op_check(bytes, NULL, NULL) == OT_OK && base <= WIRE_UINT_MAX) {
        world_send(&session->world, person->connection, WIRE_EDIT, "uuub", UINT64_C(0),
                   person->seq + 1, base, bytes);
    }
    ot_buf_deinit(&op);
    ot_builder_free(builder);
}

static void happen(struct session *session)
{
    struct world *world = &session->world;
    unsigned event = take(session);
    struct person *person = &session->people[1 + event / 16 % (PEOPLE - 1)];
    switch (event % 16) {
    case 0:
        world_gone(world, person->connection);
        if (world->connection_count < WORLD_CONNECTIONS - 1) {
            join(session, person);
        }
        break;
    case 1:
        open(session, person);
        break;
    case 2:
        world_send(world, person->connection, WIRE_CLOSE, "u", UINT64_C(0));
        person->version = UINT64_MAX;
        break;
    case 3:
        world_send(world, person->connection, WIRE_CURSOR, "uuuutn", UINT64_C(0),
                   (uint64_t)take(session), (uint64_t)take(session), (uint64_t)take(session));
        break;
    case 4:
        world_send(world, person->connection, WIRE_CHAT, "uuus", UINT64_C(1), UINT64_C(0),
                   (uint64_t)take(session), "hello");
        break;
    case 5:
        world->append_result = take(session) % 4 == 0 ? STORE_E_FULL : STORE_OK;
        break;
    case 6:
        world_pass(world, take(session) * 8);
        break;
    case 7:
    case 8:
        world_commit(world);
        break;
    default:
        edit(session, person, event % 16 > 12);
    }
}

static void settle(struct session *session)
{
    struct person last;
    struct ot_buf snapshot = {0};
    session->world.append_result = STORE_OK;
    world_commit(&session->world);
    if (session->doc == NULL || session->people[0].version == UINT64_MAX) {
        open(session, &session->people[0]);
    }
    hear(session, &session->people[0]);
    join(session, &last);
    struct reader fields;
    bool is_opened = world_find(last.connection, WIRE_OPENED, &fields);
    assert(is_opened && number(&fields) == 0);
    for (int i = 0; i < 2; i++) {
        number(&fields);
    }
    assert(number(&fields) == session->people[0].version);
    number(&fields);
    number(&fields);
    struct ot_slice given;
    bool has_snapshot = reader_bytes(&fields, &given);
    assert(has_snapshot && ot_doc_snapshot(session->doc, &snapshot) == OT_OK);
    assert(given.size == snapshot.size && memcmp(given.data, snapshot.data, given.size) == 0);
    ot_buf_deinit(&snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session session = {.data = data, .left = size};
    world_start(&session.world);
    struct store_document document = {.id = "d", .type = STORE_TEXT};
    assert(store_create(session.world.store, &document, 1) == STORE_OK);
    for (size_t i = 0; i < PEOPLE; i++) {
        join(&session, &session.people[i]);
        hear(&session, &session.people[i]);
    }
    for (int i = 0; i < ROUNDS && session.left > 0; i++) {
        happen(&session);
        for (size_t k = 0; k < PEOPLE; k++) {
            hear(&session, &session.people[k]);
        }
        if (session.people[0].version == UINT64_MAX) {
            open(&session, &session.people[0]);
        }
    }
    settle(&session);
    ot_doc_free(session.doc);
    world_stop(&session.world);
    return 0;
}
