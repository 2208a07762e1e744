#include "server/operate/lines_sharing.h"

#include "server/limits.h"
#include "server/operate/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_DIGITS (2 * STORE_LINK_HASH_SIZE)

static const char *const roles[STORE_ROLE_MAX + 1] = {"", "viewer", "commenter", "editor", "owner"};

void lines_sharing_deinit(struct lines_sharing *sharing)
{
    free(sharing->members);
    free(sharing->links);
    *sharing = (struct lines_sharing){0};
}

/* ---- writing ---- */

static int write_member(void *context, const struct store_member *member)
{
    json_t *list = context;
    return json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "sub", member->subject, "role",
                                                 roles[member->role], "at_ms",
                                                 (json_int_t)member->at_ms)) == 0
               ? STORE_OK
               : STORE_E_MEMORY;
}

static int write_link(void *context, const struct store_link *link)
{
    json_t *list = context;
    char hash[HASH_DIGITS + 1];
    for (size_t i = 0; i < STORE_LINK_HASH_SIZE; i++)
        snprintf(hash + 2 * i, 3, "%02x", link->hash[i]);
    return json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:s, s:I, s:I}", "number",
                                                 (json_int_t)link->number, "hash", hash, "role",
                                                 roles[link->role], "label", link->label,
                                                 "created_ms", (json_int_t)link->created_ms,
                                                 "expires_ms", (json_int_t)link->expires_ms)) == 0
               ? STORE_OK
               : STORE_E_MEMORY;
}

int lines_sharing_write(struct store *store, int64_t key, json_t *header)
{
    json_t *members = json_array(), *links = json_array();
    int code = members && links ? STORE_OK : STORE_E_MEMORY;
    if (code == STORE_OK)
        code = store_members(store, key, write_member, members);
    if (code == STORE_OK)
        code = store_links(store, key, write_link, links);
    if (code == STORE_OK && json_array_size(members) > 0 &&
        json_object_set(header, "members", members) != 0)
        code = STORE_E_MEMORY;
    if (code == STORE_OK && json_array_size(links) > 0 &&
        json_object_set(header, "links", links) != 0)
        code = STORE_E_MEMORY;
    json_decref(members);
    json_decref(links);
    return code;
}

/* ---- reading ---- */

/* 0: it is none. */
static unsigned role_of(const json_t *line)
{
    const char *name = json_string_value(json_object_get(line, "role"));
    unsigned role = name ? STORE_ROLE_MAX : 0;
    while (role > 0 && strcmp(roles[role], name) != 0)
        role--;
    return role;
}

static bool read_hash(const json_t *line, uint8_t *out)
{
    char text[HASH_DIGITS + 1];
    if (!field_text(line, "hash", text, HASH_DIGITS) ||
        strspn(text, "0123456789abcdef") != HASH_DIGITS)
        return false;
    for (size_t i = 0; i < STORE_LINK_HASH_SIZE; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

static bool read_member(const json_t *line, struct store_member *member)
{
    member->role = role_of(line);
    uint64_t at_ms = 0;
    bool good = field_text(line, "sub", member->subject, STORE_SUBJECT_MAX) &&
                member->subject[0] != '\0' && field_number(line, "at_ms", &at_ms);
    member->at_ms = (int64_t)at_ms;
    return good && member->role > 0;
}

static bool read_link(const json_t *line, struct store_link *link)
{
    uint64_t created_ms = 0, expires_ms = 0;
    bool good = field_number(line, "number", &link->number) && link->number > 0 &&
                read_hash(line, link->hash) &&
                field_text(line, "label", link->label, STORE_LABEL_MAX) &&
                field_number(line, "created_ms", &created_ms) &&
                field_number(line, "expires_ms", &expires_ms);
    link->created_ms = (int64_t)created_ms;
    link->expires_ms = (int64_t)expires_ms;
    link->role = role_of(line);
    return good && link->role > 0 && link->role < STORE_ROLE_MAX;
}

const char *lines_sharing_read(const json_t *header, struct lines_sharing *sharing_out)
{
    const json_t *members = json_object_get(header, "members");
    const json_t *links = json_object_get(header, "links");
    size_t member_count = json_array_size(members), link_count = json_array_size(links);
    if ((members && !json_is_array(members)) || member_count > LIMIT_MEMBERS)
        return "\"members\" is a list of at most 1000";
    if ((links && !json_is_array(links)) || link_count > LIMIT_LINKS)
        return "\"links\" is a list of at most 100";
    sharing_out->members = calloc(member_count + 1, sizeof(*sharing_out->members));
    sharing_out->links = calloc(link_count + 1, sizeof(*sharing_out->links));
    if (!sharing_out->members || !sharing_out->links)
        return "not enough memory";
    sharing_out->member_count = member_count;
    sharing_out->link_count = link_count;
    for (size_t i = 0; i < member_count; i++)
        if (!read_member(json_array_get(members, i), &sharing_out->members[i]))
            return "one of \"members\" is not as export writes them: sub, role, at_ms";
    for (size_t i = 0; i < link_count; i++)
        if (!read_link(json_array_get(links, i), &sharing_out->links[i]))
            return "one of \"links\" is not as export writes them: number, hash, role, label, "
                   "created_ms, expires_ms";
    return NULL;
}

int lines_sharing_store(struct store *store, int64_t key, const struct lines_sharing *sharing)
{
    int code = STORE_OK;
    for (size_t i = 0; code == STORE_OK && i < sharing->member_count; i++)
        code = store_member_set(store, key, &sharing->members[i], LIMIT_MEMBERS);
    for (size_t i = 0; code == STORE_OK && i < sharing->link_count; i++)
        code = store_link_add(store, key, &sharing->links[i], LIMIT_LINKS);
    return code;
}
