/* Events: people point, chat, and ask for what is no edit. */
#include "fuzz/lib/session.h"
#include "server/wire/message.h"

#define REF UINT64_C(5)

void session_point(struct session *session, struct person *person)
{
    unsigned how = session_take(session);
    uint64_t channel = how % DOCUMENTS, version = person->views[channel].version;
    uint64_t anchor = session_take(session), head = session_take(session);
    session_send(session, person, WIRE_CURSOR, how / 4 % 2 == 0 ? "uuUUtS" : "uuUUfS", channel,
                 how / 16 % 4 == 3 ? version / 2 : version, how / 64 == 3 ? WIRE_NONE : anchor,
                 how / 64 == 3 ? WIRE_NONE : head, how / 8 % 2 == 0 ? NULL : "data");
}

void session_chat(struct session *session, struct person *person)
{
    unsigned how = session_take(session);
    session->nonce += how % 4 != 3;
    session_send(session, person, WIRE_CHAT, "uuus", REF, (uint64_t)(how / 4 % DOCUMENTS),
                 session->nonce, how / 32 % 8 == 0 ? "" : "hello");
}

/* ---- of a document ---- */

static void rename_document(struct session *session, struct person *person, const char *id,
                            unsigned how)
{
    static const char *const titles[] = {"", "title", "\xc3\xa9", "another title"};
    session_send(session, person, WIRE_RENAME, "uss", REF, id, titles[how % 4]);
}

static void delete_document(struct session *session, struct person *person, const char *id,
                            unsigned how)
{
    (void)how;
    session_send(session, person, WIRE_DELETE, "us", REF, id);
}

static void members(struct session *session, struct person *person, const char *id, unsigned how)
{
    session_send(session, person, how % 2 == 0 ? WIRE_MEMBERS : WIRE_LINKS, "us", REF, id);
}

static void set_member(struct session *session, struct person *person, const char *id, unsigned how)
{
    static const char *const subjects[] = {"ann", "bob", "cid", "dee"};
    static const char *const roles[] = {NULL,    "viewer", "commenter", "editor",
                                        "owner", "none",   "viewer",    "editor"};
    session_send(session, person, WIRE_MEMBER, "ussS", REF, id, subjects[how % 4],
                 roles[how / 4 % 8]);
}

static void add_link(struct session *session, struct person *person, const char *id, unsigned how)
{
    static const char *const roles[] = {"viewer", "commenter", "editor", "owner"};
    uint64_t now_ms = (uint64_t)session->world.unix_ms + session->world.now_ms;
    session_send(session, person, WIRE_LINK, "usssU", REF, id, roles[how % 4], "label",
                 how < 128 ? WIRE_NONE : now_ms + (how - 128) * 100);
}

static int keep_number(void *context, const struct store_link *link)
{
    *(uint64_t *)context = link->number;
    return STORE_OK;
}

static void remove_link(struct session *session, struct person *person, const char *id,
                        unsigned how)
{
    struct store_document document;
    uint64_t number = how;
    if (store_find(session->world.store, id, &document) == STORE_OK && how < 192) {
        store_links(session->world.store, document.key, keep_number, &number);
    }
    session_send(session, person, WIRE_UNLINK, "usu", REF, id, number);
}

static void read_chats(struct session *session, struct person *person, const char *id, unsigned how)
{
    session_send(session, person, WIRE_CHATS, "uuuu", REF, (uint64_t)(id[0] - 'd'),
                 (uint64_t)how / 8, (uint64_t)how % 8);
}

static void diverge(struct session *session, struct person *person, const char *id, unsigned how)
{
    session_send(session, person, WIRE_DIVERGED, "uuu", (uint64_t)(id[0] - 'd'),
                 person->views[id[0] - 'd'].version, (uint64_t)how);
}

/* ---- of others ---- */

static void list(struct session *session, struct person *person, const char *id, unsigned how)
{
    bool begins = how < 128;
    (void)id;
    session_send(session, person, WIRE_LIST, "uuUU", REF, (uint64_t)how % 8,
                 begins ? WIRE_NONE : (uint64_t)session->world.unix_ms + session->world.now_ms,
                 begins ? WIRE_NONE : (uint64_t)how % 16);
}

static void create(struct session *session, struct person *person, const char *id, unsigned how)
{
    session_send(session, person, WIRE_CREATE, "uusS", REF, (uint64_t)how % 4, "new",
                 how < 128 ? id : NULL);
}

static void rename_self(struct session *session, struct person *person, const char *id,
                        unsigned how)
{
    (void)id;
    session_send(session, person, WIRE_PROFILE, "ss", how % 2 == 0 ? "Somebody" : "Else",
                 how / 2 % 2 == 0 ? "#000000" : "#ffffff");
}

void session_ask(struct session *session, struct person *person)
{
    static const char *const ids[DOCUMENTS] = {"d", "e", "f"};
    static void (*const asks[])(struct session *, struct person *, const char *, unsigned) = {
        rename_document, delete_document, members, set_member, add_link,   remove_link,
        read_chats,      diverge,         list,    create,     rename_self};
    unsigned what = session_take(session), how = session_take(session);
    asks[what % (sizeof asks / sizeof asks[0])](session, person, ids[what / 16 % DOCUMENTS], how);
}
