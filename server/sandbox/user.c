#include "server/sandbox/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_already(const struct passwd *user)
{
    uid_t real, effective, saved;
    return getresuid(&real, &effective, &saved) == 0 && real == user->pw_uid &&
           effective == user->pw_uid && saved == user->pw_uid;
}

static int change(const struct passwd *user)
{
    if (setgroups(0, NULL) != 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return -1;
    /* There must be no way back. */
    errno = EPERM;
    return setuid(0) == 0 ? -1 : 0;
}

int user_become(const char *name, char *message_out)
{
    errno = 0;
    const struct passwd *user = getpwnam(name);
    if (!user)
        snprintf(message_out, USER_MESSAGE_MAX, "there is no user \"%.60s\"%s%s", name,
                 errno ? ": " : "", errno ? strerror(errno) : "");
    else if (user->pw_uid == 0)
        snprintf(message_out, USER_MESSAGE_MAX,
                 "the user \"%.60s\" is root; name one who may do less", name);
    else if (is_already(user))
        return 0;
    else if (geteuid() != 0)
        snprintf(message_out, USER_MESSAGE_MAX, "only root can become the user \"%.60s\"", name);
    else if (change(user) == 0)
        return 0;
    else
        snprintf(message_out, USER_MESSAGE_MAX, "the user \"%.60s\" cannot be become: %s", name,
                 strerror(errno));
    return -1;
}
