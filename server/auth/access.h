/*
 * Who may do what: the one place that decides. Every entrance asks access_may.
 */
#ifndef QUIRE_AUTH_ACCESS_H
#define QUIRE_AUTH_ACCESS_H

#include <stdbool.h>

/* Each role may do all that the ones before it may. */
enum access_role { ACCESS_NONE, ACCESS_VIEWER, ACCESS_COMMENTER, ACCESS_EDITOR, ACCESS_OWNER };

enum access_action {
    ACCESS_LIST,
    ACCESS_READ,
    ACCESS_CHAT,
    ACCESS_EDIT,
    ACCESS_CREATE,
    ACCESS_RENAME,
    ACCESS_DELETE
};

struct access_user {
    enum access_role role; /* in every document */
};

/* Somebody who has shown no token: the server listens on loopback only, and whoever reaches it owns
 * it. */
struct access_user access_guest(void);

/* May `user` do this? `document`: its id, or NULL where the action has none. */
bool access_may(const struct access_user *user, enum access_action action, const char *document);

/* The user's role in a document, and its name in the protocol. */
enum access_role access_role(const struct access_user *user, const char *document);
const char *access_role_name(enum access_role role);

#endif
