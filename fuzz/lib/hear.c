/* What people are told: it is stored, it is so, it is in order, and it is for them. */
#include "fuzz/lib/session.h"
#include "server/wire/message.h"

#include <assert.h>
#include <string.h>

static uint64_t number(struct reader *fields)
{
    uint64_t value;
    bool is_there = reader_uint_or_nil(fields, &value);
    assert(is_there);
    return value;
}

static struct ot_slice text(struct reader *fields)
{
    struct ot_slice value;
    bool is_there = reader_string(fields, &value);
    assert(is_there);
    return value;
}

static void copy(char *out, size_t size, struct ot_slice string)
{
    assert(string.size < size);
    memcpy(out, string.data, string.size);
    out[string.size] = '\0';
}

struct book *session_book(struct session *session, const char *id)
{
    struct store_document document;
    if (store_find(session->world.store, id, &document) != STORE_OK) {
        return NULL;
    }
    for (struct book *book = session->books; book < session->books + BOOKS; book++) {
        if (book->key == 0) {
            book_begin(book, &document);
        }
        if (book->key == document.key) {
            book_read(book, session->world.store);
            return book;
        }
    }
    return NULL;
}

/* ---- documents ---- */

static void hear_opened(struct session *session, struct person *person, struct view *view,
                        struct reader *fields)
{
    struct ot_slice snapshot;
    char role[16];
    assert(view->asked || view->is_open);
    number(fields); /* ref */
    uint64_t epoch = number(fields), version = number(fields), head = number(fields);
    view->seq = view->sent = number(fields);
    bool has_snapshot = reader_bytes(fields, &snapshot);
    assert(has_snapshot || reader_nil(fields));
    number(fields); /* type */
    text(fields);   /* title */
    copy(role, sizeof role, text(fields));
    number(fields); /* member */
    view->chat = number(fields);
    assert(access_role_find(role) != ACCESS_NONE &&
           access_role_find(role) <= session_role(session, person, view->id));
    struct book *book = session_book(session, view->id);
    if (book != NULL) {
        assert(version <= head && head <= book->version);
        assert(view->seq == book_seq(book, person->client, head));
        assert(!has_snapshot || ot_hash(snapshot) == book_hash(book, version));
    }
    assert(has_snapshot ||
           (view->is_open ? version == view->version
                          : view->asked_epoch == epoch && view->asked_version == version));
    view->version = version;
    view->is_open = true;
}

static void hear_edit(struct session *session, const struct person *person, struct view *view,
                      unsigned kind, struct reader *fields)
{
    struct ot_slice op = {0};
    const struct book *book = session_book(session, view->id);
    uint64_t first = number(fields), second = number(fields);
    bool is_again = kind == WIRE_ACK && first <= view->version;
    assert(view->is_open && (is_again || first == view->version + 1));
    if (!is_again) {
        view->version = kind == WIRE_CATCHUP ? second : first;
    }
    if (kind == WIRE_ACK) {
        view->seq = second > view->seq ? second : view->seq;
    } else {
        bool has_op = reader_bytes(fields, &op);
        assert(has_op);
    }
    if (book != NULL) {
        assert(first <= view->version && view->version <= book->version);
        const struct book_edit *edit = &book->edits[first - 1];
        assert(kind == WIRE_ACK ? edit->client == person->client && edit->seq == second
                                : book_has(book, first, view->version, op));
        assert(kind != WIRE_ACK || view->taken.client != person->client ||
               view->taken.seq != second ||
               book_follows(book, first, view->taken.base, ot_buf_slice(&view->taken.op)));
    }
}

static void hear_hash(struct session *session, const struct view *view, struct reader *fields)
{
    struct book *book = session_book(session, view->id);
    uint64_t version = number(fields), hash = number(fields);
    assert(view->is_open && version == view->version);
    assert(book == NULL || hash == book_hash(book, version));
}

static void hear_chat(struct session *session, struct view *view, struct reader *fields)
{
    struct store_document document;
    struct store_head head;
    uint64_t said = number(fields);
    if (store_find(session->world.store, view->id, &document) == STORE_OK) {
        assert(store_load(session->world.store, document.key, &head) == STORE_OK);
        assert(said >= 1 && said <= head.chat_number);
    }
}

static void hear_role(struct session *session, const struct person *person, const struct view *view,
                      struct reader *fields)
{
    char role[16];
    copy(role, sizeof role, text(fields));
    assert(access_role_find(role) <= session_role(session, person, view->id));
}

/* ---- what is not of a document that is open ---- */

static void hear_welcome(struct session *session, struct person *person, struct reader *fields)
{
    struct ot_slice key;
    bool guarded = (session->mode & MODE_GUARDED) != 0;
    assert(!guarded || person->has_token || (session->mode & MODE_GUESTS) != 0);
    person->is_welcome = true;
    person->client = number(fields);
    bool has_key = reader_bytes(fields, &key);
    assert(has_key && key.size == WIRE_KEY_SIZE);
    memcpy(person->key, key.data, key.size);
}

static void hear_documents(struct session *session, const struct person *person,
                           struct reader *fields)
{
    uint32_t count, size;
    char id[STORE_ID_MAX + 1];
    bool more;
    number(fields); /* ref */
    bool has_rows = reader_bool(fields, &more) && reader_array(fields, &count);
    assert(has_rows);
    for (; count > 0; count--) {
        bool is_row = reader_array(fields, &size);
        assert(is_row && size == 7);
        copy(id, sizeof id, text(fields));
        assert(session_role(session, person, id) >= ACCESS_VIEWER);
        for (; size > 1; size--) {
            reader_skip(fields);
        }
    }
}

static void hear_linked(struct session *session, struct reader *fields)
{
    number(fields); /* ref */
    number(fields); /* its number */
    copy(session->links[session->link_count++ % LINKS], sizeof session->links[0], text(fields));
}

static void hear_error(struct person *person, struct reader *fields)
{
    number(fields); /* ref */
    uint64_t channel = number(fields);
    if (channel < CHANNELS) {
        person->views[channel].sent = person->views[channel].seq;
    }
}

static void hear_other(struct session *session, struct person *person, unsigned kind,
                       struct reader *fields)
{
    switch (kind) {
    case WIRE_WELCOME:
        hear_welcome(session, person, fields);
        break;
    case WIRE_ERROR:
        hear_error(person, fields);
        break;
    case WIRE_DOCUMENTS:
        hear_documents(session, person, fields);
        break;
    case WIRE_LINKED:
        hear_linked(session, fields);
        assert(person->role >= ACCESS_OWNER);
        break;
    case WIRE_MEMBERS_LIST:
    case WIRE_LINKS_LIST:
        assert(person->role >= ACCESS_OWNER);
        break;
    case WIRE_CHATS_PAGE:
        assert(person->role >= ACCESS_VIEWER);
        break;
    default:
        break;
    }
}

static void hear_message(struct session *session, struct person *person, unsigned kind,
                         struct reader *fields)
{
    uint64_t channel;
    bool of_document = (kind >= WIRE_OPENED && kind <= WIRE_CHATTED) || kind == WIRE_RENAMED ||
                       kind == WIRE_CLOSED || kind == WIRE_ROLE;
    if (!of_document) {
        hear_other(session, person, kind, fields);
        return;
    }
    channel = number(fields);
    assert(channel < CHANNELS);
    struct view *view = &person->views[channel];
    if (kind == WIRE_OPENED) {
        hear_opened(session, person, view, fields);
    } else if (kind == WIRE_EDITED || kind == WIRE_ACK || kind == WIRE_CATCHUP) {
        hear_edit(session, person, view, kind, fields);
    } else if (kind == WIRE_HASH) {
        hear_hash(session, view, fields);
    } else if (kind == WIRE_CHATTED) {
        hear_chat(session, view, fields);
    } else if (kind == WIRE_ROLE) {
        hear_role(session, person, view, fields);
    } else if (kind == WIRE_CLOSED) {
        view->is_open = false;
    }
    assert(kind == WIRE_CLOSED || view->is_open);
}

/* FNV-1a. */
static void digest(struct session *session, const struct world_connection *connection)
{
    for (size_t i = connection->at; i < connection->received.size; i++) {
        session->digest =
            (session->digest ^ connection->received.data[i]) * UINT64_C(0x100000001b3);
    }
    session->digest = (session->digest ^ connection->closed) * UINT64_C(0x100000001b3);
}

void session_hear(struct session *session)
{
    for (struct person *person = session->people; person < session->people + PEOPLE; person++) {
        struct world_connection *connection = person->connection;
        struct reader fields;
        if (connection == NULL) {
            continue;
        }
        digest(session, connection);
        for (unsigned kind; (kind = world_next(connection, &fields)) != 0;) {
            hear_message(session, person, kind, &fields);
        }
        connection->received.size = connection->at = 0;
        if (connection->closed != 0) {
            session_leave(session, person);
        }
    }
}
