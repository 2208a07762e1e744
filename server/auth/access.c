#include "server/auth/access.h"

#include <stdlib.h>
#include <string.h>

static const enum access_role needed[] = {
    [ACCESS_LIST] = ACCESS_VIEWER,   [ACCESS_READ] = ACCESS_VIEWER,
    [ACCESS_POINT] = ACCESS_VIEWER,  [ACCESS_CHAT] = ACCESS_COMMENTER,
    [ACCESS_EDIT] = ACCESS_EDITOR,   [ACCESS_CREATE] = ACCESS_EDITOR,
    [ACCESS_RENAME] = ACCESS_EDITOR, [ACCESS_DELETE] = ACCESS_OWNER,
    [ACCESS_SHARE] = ACCESS_OWNER,
};

static const char *const role_names[] = {[ACCESS_NONE] = "none",
                                         [ACCESS_VIEWER] = "viewer",
                                         [ACCESS_COMMENTER] = "commenter",
                                         [ACCESS_EDITOR] = "editor",
                                         [ACCESS_OWNER] = "owner"};

struct access_user access_everybody(void)
{
    return (struct access_user){.is_owner = true};
}

struct access_user access_stranger(void)
{
    return (struct access_user){.is_owner = false};
}

void access_deinit(struct access_user *user)
{
    free(user->grants);
    *user = (struct access_user){0};
}

static size_t id_span(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
}

bool access_grant(struct access_user *user, const char *pattern, enum access_role role)
{
    size_t size = id_span(pattern);
    bool is_prefix = strcmp(pattern + size, "*") == 0;
    if (size > ACCESS_ID_MAX || (!is_prefix && (size == 0 || pattern[size] != '\0')))
        return false;
    struct access_grant *grants =
        realloc(user->grants, (user->grant_count + 1) * sizeof(*user->grants));
    if (!grants)
        abort();
    user->grants = grants;
    struct access_grant *grant = &grants[user->grant_count++];
    *grant = (struct access_grant){.is_prefix = is_prefix, .role = role};
    memcpy(grant->start, pattern, size);
    return true;
}

/* How much of the id the grant says; 0: it is about others. */
static size_t weight(const struct access_grant *grant, const char *document)
{
    size_t size = strlen(grant->start);
    if (grant->is_prefix)
        return strncmp(grant->start, document, size) == 0 ? 1 + size : 0;
    return strcmp(grant->start, document) == 0 ? ACCESS_ID_MAX + 2 : 0;
}

enum access_role access_role(const struct access_user *user, const char *document)
{
    enum access_role role = ACCESS_NONE;
    size_t most = 0;
    if (user->is_owner)
        return ACCESS_OWNER;
    for (size_t i = 0; i < user->grant_count; i++) {
        size_t says = weight(&user->grants[i], document);
        if (says > most) {
            most = says;
            role = user->grants[i].role;
        }
    }
    return role;
}

enum access_role access_needed(enum access_action action)
{
    return needed[action];
}

bool access_allows(enum access_role role, enum access_action action)
{
    return role >= needed[action];
}

bool access_may(const struct access_user *user, enum access_action action, const char *document)
{
    return access_allows(access_role(user, document), action);
}

const char *access_role_name(enum access_role role)
{
    return role_names[role];
}

enum access_role access_role_find(const char *name)
{
    for (int role = ACCESS_VIEWER; role <= ACCESS_OWNER; role++)
        if (strcmp(role_names[role], name) == 0)
            return (enum access_role)role;
    return ACCESS_NONE;
}
