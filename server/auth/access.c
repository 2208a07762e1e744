#include "server/auth/access.h"

#include <stddef.h>

static const enum access_role needed[] = {
    [ACCESS_LIST] = ACCESS_VIEWER,    [ACCESS_READ] = ACCESS_VIEWER,
    [ACCESS_CHAT] = ACCESS_COMMENTER, [ACCESS_EDIT] = ACCESS_EDITOR,
    [ACCESS_CREATE] = ACCESS_EDITOR,  [ACCESS_RENAME] = ACCESS_EDITOR,
    [ACCESS_DELETE] = ACCESS_OWNER,
};

struct access_user access_guest(void)
{
    return (struct access_user){.role = ACCESS_OWNER};
}

enum access_role access_role(const struct access_user *user, const char *document)
{
    (void)document;
    return user->role;
}

bool access_may(const struct access_user *user, enum access_action action, const char *document)
{
    return access_role(user, document) >= needed[action];
}

const char *access_role_name(enum access_role role)
{
    static const char *const names[] = {[ACCESS_NONE] = "none",
                                        [ACCESS_VIEWER] = "viewer",
                                        [ACCESS_COMMENTER] = "commenter",
                                        [ACCESS_EDITOR] = "editor",
                                        [ACCESS_OWNER] = "owner"};
    return names[role];
}
