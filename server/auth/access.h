/*
 * Who may do what: the one place that decides. Every entrance asks access_may.
 *
 * A user has a role in a document by what was granted: to all documents, to those whose id begins
 * in some way, to one. The grant that says most of the id decides, so it can also give less than a
 * wider one. Nothing granted: nothing may be done, and the document is as if it were not there.
 */
#ifndef QUIRE_AUTH_ACCESS_H
#define QUIRE_AUTH_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

/* Each role may do all that the ones before it may. */
enum access_role { ACCESS_NONE, ACCESS_VIEWER, ACCESS_COMMENTER, ACCESS_EDITOR, ACCESS_OWNER };

enum access_action {
    ACCESS_LIST,
    ACCESS_READ,
    ACCESS_POINT, /* show a cursor */
    ACCESS_CHAT,  /* and show that one types */
    ACCESS_EDIT,
    ACCESS_CREATE,
    ACCESS_RENAME,
    ACCESS_DELETE,
    ACCESS_SHARE /* see and change who may do what */
};

#define ACCESS_ID_MAX 64

struct access_grant {
    char start[ACCESS_ID_MAX + 1];
    bool is_prefix; /* of ids; else an id */
    enum access_role role;
};

struct access_user {
    bool is_owner;   /* of every document, whatever else was granted */
    bool may_create; /* documents whose id is drawn, whatever else was granted */
    struct access_grant *grants;
    size_t grant_count;
};

/* Somebody who has shown no token to a server that asks for none: it listens on loopback only, and
 * whoever reaches it owns it. */
struct access_user access_everybody(void);
/* Somebody who has shown no token to a server that asks for one: only a link gives a role. */
struct access_user access_stranger(void);
void access_deinit(struct access_user *user);

/* `pattern`: the id of a document, or what ids begin with and `*`. False: it is neither. */
bool access_grant(struct access_user *user, const char *pattern, enum access_role role);

/* Does the role allow this? */
bool access_allows(enum access_role role, enum access_action action);
/* The least role that does. */
enum access_role access_needed(enum access_action action);
/* May `user` do this, by what was granted, with the document of this id, which need not exist? */
bool access_may(const struct access_user *user, enum access_action action, const char *document);

/* The user's role in a document, and its name in the protocol. */
enum access_role access_role(const struct access_user *user, const char *document);
const char *access_role_name(enum access_role role);
/* The role of this name; ACCESS_NONE: none has it. */
enum access_role access_role_find(const char *name);

#endif
