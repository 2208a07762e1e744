/* The interface storage/sharing.h in plain arrays: see memory_store.c. */
#include "fuzz/lib/memory_store.h"

#include <string.h>

/* ---- members ---- */

int store_member_find(struct store *store, int64_t key, const char *subject, unsigned *role_out)
{
    const struct document *document = document_find(store, key);
    *role_out = document == NULL ? 0 : document_role(document, subject);
    return document == NULL ? STORE_E_NOT_FOUND : STORE_OK;
}

/* The first that does not come before the subject. */
static size_t place_of(const struct rows *members, const char *subject)
{
    const struct store_member *items = members->items;
    size_t at = 0;
    while (at < members->count && strcmp(items[at].subject, subject) < 0) {
        at++;
    }
    return at;
}

int store_member_set(struct store *store, int64_t key, const struct store_member *member,
                     size_t members_max)
{
    struct document *document = document_find(store, key);
    if (document == NULL) {
        return STORE_E_NOT_FOUND;
    }
    struct rows *members = &document->members;
    size_t at = place_of(members, member->subject);
    bool is_there = document_role(document, member->subject) > 0;
    if (member->role == 0) {
        if (is_there) {
            rows_remove(members, sizeof *member, at);
        }
        return STORE_OK;
    }
    if (members->count - is_there >= members_max) {
        return STORE_E_LIMIT;
    }
    if (*member->subject == '\0' || member->role > STORE_ROLE_MAX) {
        return STORE_E_INVALID;
    }
    if (!is_there) {
        rows_add(members, sizeof *member, at);
    }
    ((struct store_member *)members->items)[at] = *member;
    return STORE_OK;
}

int store_members(struct store *store, int64_t key, store_member_fn *row, void *context)
{
    const struct document *document = document_find(store, key);
    int result = document == NULL ? STORE_E_NOT_FOUND : STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < document->members.count; i++) {
        result = row(context, (struct store_member *)document->members.items + i);
    }
    return result;
}

/* ---- links ---- */

static bool comes_before(const struct store_link *link, const struct store_link *other)
{
    return link->created_ms < other->created_ms ||
           (link->created_ms == other->created_ms && link->number < other->number);
}

int store_link_add(struct store *store, int64_t key, const struct store_link *link,
                   size_t links_max)
{
    struct document *document = document_find(store, key);
    if (link->number == 0 || link->number > INT64_MAX || link->role == 0 ||
        link->role > STORE_ROLE_MAX) {
        return STORE_E_INVALID;
    }
    if (document == NULL || document->links.count >= links_max) {
        return document == NULL ? STORE_E_NOT_FOUND : STORE_E_LIMIT;
    }
    const struct store_link *links = document->links.items;
    size_t at = 0;
    for (size_t i = 0; i < document->links.count; i++) {
        at += comes_before(&links[i], link);
        if (links[i].number == link->number ||
            memcmp(links[i].hash, link->hash, sizeof link->hash) == 0) {
            return STORE_E_EXISTS;
        }
    }
    *(struct store_link *)rows_add(&document->links, sizeof *link, at) = *link;
    return STORE_OK;
}

int store_link_find(struct store *store, int64_t key, const uint8_t *hash,
                    struct store_link *link_out)
{
    const struct document *document = document_find(store, key);
    for (size_t i = 0; document != NULL && i < document->links.count; i++) {
        const struct store_link *link = (struct store_link *)document->links.items + i;
        if (memcmp(link->hash, hash, sizeof link->hash) == 0) {
            *link_out = *link;
            return STORE_OK;
        }
    }
    return STORE_E_NOT_FOUND;
}

int store_link_remove(struct store *store, int64_t key, uint64_t number)
{
    struct document *document = document_find(store, key);
    if (document == NULL) {
        return STORE_E_NOT_FOUND;
    }
    const struct store_link *links = document->links.items;
    for (size_t i = document->links.count; i-- > 0;) {
        if (links[i].number == number) {
            rows_remove(&document->links, sizeof *links, i);
        }
    }
    return STORE_OK;
}

int store_links(struct store *store, int64_t key, store_link_fn *row, void *context)
{
    const struct document *document = document_find(store, key);
    int result = document == NULL ? STORE_E_NOT_FOUND : STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < document->links.count; i++) {
        result = row(context, (struct store_link *)document->links.items + i);
    }
    return result;
}

/* ---- tokens that were taken back ---- */

int store_revoke(struct store *store, const struct store_revocation *revocation, size_t most)
{
    struct store_revocation *revocations = store->revocations.items;
    size_t at = 0;
    while (at < store->revocations.count && (revocations[at].kind != revocation->kind ||
                                             strcmp(revocations[at].name, revocation->name) != 0)) {
        at++;
    }
    if (*revocation->name == '\0') {
        return STORE_E_INVALID;
    }
    if (store->revocations.count - (at < store->revocations.count) >= most) {
        return STORE_E_LIMIT;
    }
    if (at == store->revocations.count) {
        rows_add(&store->revocations, sizeof *revocation, at);
    }
    ((struct store_revocation *)store->revocations.items)[at] = *revocation;
    return STORE_OK;
}

int store_revocations_clean(struct store *store, int64_t now_s)
{
    const struct store_revocation *revocations = store->revocations.items;
    for (size_t i = store->revocations.count; i-- > 0;) {
        if (revocations[i].until_s < now_s) {
            rows_remove(&store->revocations, sizeof *revocations, i);
        }
    }
    return STORE_OK;
}

int store_revocations(struct store *store, store_revocation_fn *row, void *context)
{
    int result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < store->revocations.count; i++) {
        result = row(context, (struct store_revocation *)store->revocations.items + i);
    }
    return result;
}
