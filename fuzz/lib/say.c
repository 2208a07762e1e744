/* What people say, and what comes of it: nothing that they may not do. */
#include "fuzz/lib/session.h"
#include "server/auth/link_secret.h"
#include "server/wire/message.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

void session_leave(struct session *session, struct person *person)
{
    if (person->connection != NULL) {
        world_gone(&session->world, person->connection);
    }
    if (person->has_token) {
        token_deinit(&person->token);
    }
    for (size_t i = 0; i < CHANNELS; i++) {
        person->views[i].asked = person->views[i].is_open = false;
    }
    person->connection = NULL;
    person->is_welcome = person->has_token = false;
}

/* ---- what somebody may do ---- */

static int64_t now_ms(const struct session *session)
{
    return session->world.unix_ms + (int64_t)session->world.now_ms;
}

static unsigned role_by_link(struct session *session, const struct view *view, const char *id,
                             int64_t key)
{
    struct store_link link;
    uint8_t hash[LINK_HASH_SIZE];
    if (view->link.data == NULL || strcmp(view->id, id) != 0) {
        return 0;
    }
    link_secret_hash(view->link.data, view->link.size, hash);
    bool is_good = store_link_find(session->world.store, key, hash, &link) == STORE_OK &&
                   (link.expires_ms == 0 || now_ms(session) < link.expires_ms);
    return is_good ? link.role : 0;
}

enum access_role session_role(struct session *session, const struct person *person, const char *id)
{
    struct store_document document;
    unsigned role = ACCESS_NONE, other;
    if ((session->mode & MODE_GUARDED) == 0) {
        return ACCESS_OWNER;
    }
    if (person->has_token) {
        int64_t end_s = person->token.expires_s + session->rules.leeway_s + 2;
        if (now_ms(session) / 1000 > end_s) {
            return ACCESS_NONE;
        }
        role = access_role(&person->token.user, id);
    }
    if (store_find(session->world.store, id, &document) != STORE_OK) {
        return (enum access_role)role;
    }
    if (person->has_token && store_member_find(session->world.store, document.key,
                                               person->token.subject, &other) == STORE_OK) {
        role = other > role ? other : role;
    }
    for (size_t i = 0; i < CHANNELS; i++) {
        other = role_by_link(session, &person->views[i], id, document.key);
        role = other > role ? other : role;
    }
    return (enum access_role)role;
}

/* ---- what there is, before and after ---- */

static int add_member(void *context, const struct store_member *member)
{
    uint64_t sum = member->role;
    for (const char *at = member->subject; *at != '\0'; at++) {
        sum = sum * 31 + (uint8_t)*at;
    }
    *(uint64_t *)context += sum * 7;
    return STORE_OK;
}

static int add_link(void *context, const struct store_link *link)
{
    *(uint64_t *)context += link->number * 13;
    return STORE_OK;
}

static struct facts look(struct session *session, const char *id)
{
    struct facts facts = {0};
    struct store *store = session->world.store;
    facts.exists = store_find(store, id, &facts.document) == STORE_OK;
    if (facts.exists) {
        store_members(store, facts.document.key, add_member, &facts.sharing);
        store_links(store, facts.document.key, add_link, &facts.sharing);
    }
    return facts;
}

static void note_deletable(struct session *session, const char *id)
{
    if (id[0] >= 'd' && id[0] < 'd' + DOCUMENTS && id[1] == '\0') {
        session->deletable |= 1u << (id[0] - 'd');
    }
}

/* The document that a message is about; "" for none. */
static void find_id(const struct person *person, const struct message *message, char *id_out)
{
    struct ot_slice id = {0};
    switch (message->kind) {
    case WIRE_CREATE:
        id = message->create.id;
        break;
    case WIRE_RENAME:
        id = message->rename.id;
        break;
    case WIRE_DELETE:
        id = message->remove.id;
        break;
    case WIRE_MEMBER:
        id = message->member.id;
        break;
    case WIRE_MEMBERS:
    case WIRE_LINKS:
    case WIRE_LINK:
    case WIRE_UNLINK:
        id = message->share.id;
        break;
    case WIRE_EDIT:
    case WIRE_CHAT:
    case WIRE_CHATS:
        strcpy(id_out, person->views[message->channel].id);
        return;
    default:
        break;
    }
    if (id.size > 0) {
        memcpy(id_out, id.data, id.size);
    }
    id_out[id.size] = '\0';
}

/* ---- what the store is asked to do ---- */

static const struct person *find_person(const struct session *session, uint64_t connection)
{
    for (const struct person *person = session->people; person < session->people + PEOPLE;
         person++) {
        if (person->connection != NULL && person->connection->number == connection) {
            return person;
        }
    }
    return NULL;
}

/* A request that had to wait is served although its asker has left, or has less of a role by now.
 */
void session_serves(void *context, const struct store_request *request, bool is_done)
{
    struct session *session = context;
    const struct person *person = find_person(session, request->connection);
    const char *id = request->document.id;
    if (person == NULL || *id == '\0') {
        return;
    }
    struct facts after = look(session, id), *before = &session->before;
    enum access_role role = session_role(session, person, id);
    role = role > person->role ? role : person->role;
    if (request->kind == REQUEST_MAY_DELETE && role >= ACCESS_OWNER) {
        note_deletable(session, id);
    }
    if (!is_done) {
        *before = after;
    } else if (before->exists && after.exists) {
        assert(strcmp(before->document.title, after.document.title) == 0 ||
               (request->kind == REQUEST_RENAME && role >= ACCESS_EDITOR));
        assert(before->sharing == after.sharing || role >= ACCESS_OWNER);
    }
}

/* ---- saying it ---- */

static void note_token(struct session *session, struct person *person, struct ot_slice bytes)
{
    struct token token;
    if ((session->mode & MODE_GUARDED) == 0 || bytes.data == NULL ||
        token_read(&session->rules, bytes.data, bytes.size, now_ms(session) / 1000, &token) !=
            NULL) {
        return;
    }
    if (person->has_token && strcmp(person->token.subject, token.subject) != 0) {
        token_deinit(&token);
        return;
    }
    if (person->has_token) {
        token_deinit(&person->token);
    }
    person->token = token;
    person->has_token = true;
}

static void note_open(struct person *person, const struct message *message)
{
    struct view *view = &person->views[message->channel];
    bool same = strlen(view->id) == message->open.id.size &&
                memcmp(view->id, message->open.id.data, message->open.id.size) == 0;
    view->taken.client = same ? view->taken.client : 0;
    view->asked = true;
    view->is_open = false;
    view->best = ACCESS_NONE;
    memcpy(view->id, message->open.id.data, message->open.id.size);
    view->id[message->open.id.size] = '\0';
    view->asked_epoch = message->open.epoch;
    view->asked_version = message->open.version;
    view->link = (struct ot_slice){0};
    if (message->open.link.data != NULL && message->open.link.size <= sizeof view->secret) {
        memcpy(view->secret, message->open.link.data, message->open.link.size);
        view->link = (struct ot_slice){view->secret, message->open.link.size};
    }
}

static void note_taken(struct person *person, const struct message *message)
{
    struct view *view = &person->views[message->channel];
    view->taken.client = person->client;
    view->taken.seq = message->edit.seq;
    view->taken.base = message->edit.base;
    ot_buf_clear(&view->taken.op);
    assert(ot_buf_append(&view->taken.op, message->edit.op.data, message->edit.op.size) == OT_OK);
}

/* What is to be known before the hub hears it; false: the gate would not let it pass, or there is
 * no room for it here. */
static bool note(struct session *session, struct person *person, const struct message *message)
{
    bool begins = message->kind == WIRE_HELLO;
    if (message->kind == WIRE_PING || message->channel >= CHANNELS ||
        (!begins && !person->is_welcome)) {
        return false;
    }
    if (begins) {
        session_leave(session, person);
        if (session->world.connection_count == WORLD_CONNECTIONS) {
            return false;
        }
        person->connection = world_connect(&session->world);
        note_token(session, person, message->hello.token);
    } else if (message->kind == WIRE_TOKEN && person->has_token) {
        note_token(session, person, message->renew.token);
    } else if (message->kind == WIRE_OPEN) {
        note_open(person, message);
    } else if (message->kind == WIRE_CLOSE) {
        person->views[message->channel].asked = person->views[message->channel].is_open = false;
    } else if (message->kind == WIRE_DIVERGED) {
        session->diverged++;
    }
    return true;
}

/* What somebody said with this role, who had that one before: libFuzzer keeps inputs that bring a
 * new case of it, as it does those that reach a new line. */
static void mark(enum wire_kind kind, enum access_role role, struct view *view)
{
    __attribute__((
        section("__libfuzzer_extra_counters"),
        used)) static volatile uint8_t seen[WIRE_UNLINK + 1][ACCESS_OWNER + 1][ACCESS_OWNER + 1];
    view->best = role > view->best ? role : view->best;
    seen[kind][role][view->is_open ? view->best : ACCESS_NONE] = 1;
}

void session_say(struct session *session, struct person *person, struct ot_slice bytes)
{
    struct message message;
    struct wire_error error;
    size_t offset = 0;
    char id[STORE_ID_MAX + 1];
    if (wire_read(bytes, &offset, &message, &error) != 0 || !note(session, person, &message)) {
        return;
    }
    find_id(person, &message, id);
    enum access_role role = session_role(session, person, id);
    mark(message.kind, role, &person->views[message.channel]);
    bool waits = session->world.appends != NULL;
    person->role = waits && person->role > role ? person->role : role;
    if (message.kind == WIRE_DELETE && role >= ACCESS_OWNER) {
        note_deletable(session, id);
    }
    uint64_t appends = session->world.appends_asked;
    bool exists = look(session, id).exists;
    world_post(&session->world, HUB_IN_MESSAGE, person->connection->number, bytes);
    session_hear(session);
    world_run(&session->world);
    if (message.kind == WIRE_EDIT && session->world.appends_asked > appends) {
        note_taken(person, &message);
    }
    session_hear(session);
    appends = session->world.appends_asked - appends;
    assert(appends == 0 ||
           (appends == 1 && ((message.kind == WIRE_EDIT && role >= ACCESS_EDITOR) ||
                             (message.kind == WIRE_CHAT && role >= ACCESS_COMMENTER))));
    assert(exists || *id == '\0' || !look(session, id).exists ||
           (message.kind == WIRE_CREATE && role >= ACCESS_EDITOR));
}

void session_send(struct session *session, struct person *person, unsigned kind, const char *format,
                  ...)
{
    struct ot_buf message = {0};
    va_list arguments;
    va_start(arguments, format);
    world_message(&message, kind, format, arguments);
    va_end(arguments);
    session_say(session, person, ot_buf_slice(&message));
    ot_buf_deinit(&message);
}
