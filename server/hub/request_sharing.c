#include "server/hub/request_sharing.h"

#include "server/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request_sharing *request_share(struct store_request *request)
{
    request->sharing = calloc(1, sizeof(*request->sharing));
    if (!request->sharing) {
        fputs("quire: out of memory\n", stderr);
        abort();
    }
    return request->sharing;
}

void request_sharing_free(struct request_sharing *sharing)
{
    if (!sharing)
        return;
    free(sharing->members);
    free(sharing->links);
    free(sharing->joined);
    free(sharing);
}

/* ---- who asks ---- */

/* By membership. A key that is none's costs as much: the answers are to be alike in time, too. */
static int find_role(struct store *store, int64_t key, struct request_sharing *sharing)
{
    return *sharing->asker ? store_member_find(store, key, sharing->asker, &sharing->role)
                           : STORE_OK;
}

static int find_link(struct store *store, int64_t key, struct request_sharing *sharing)
{
    if (!sharing->has_hash)
        return STORE_OK;
    int result = store_link_find(store, key, sharing->hash, &sharing->link);
    return result == STORE_E_NOT_FOUND ? STORE_OK : result;
}

int request_find_allowed(struct store *store, struct store_request *request)
{
    struct request_sharing *sharing = request->sharing;
    int result = request_find(store, request);
    if (!sharing)
        return result;
    int asked = find_role(store, result == STORE_OK ? request->key : 0, sharing);
    if (result != STORE_OK || asked != STORE_OK)
        return result != STORE_OK ? result : asked;
    unsigned role = sharing->role > sharing->granted ? sharing->role : sharing->granted;
    if (role == 0)
        return STORE_E_NOT_FOUND;
    return role >= sharing->needed ? STORE_OK : REQUEST_FORBIDDEN;
}

static int may_open(struct store *store, struct store_request *request)
{
    struct request_sharing *sharing = request->sharing;
    int result = request_find(store, request);
    int64_t key = result == STORE_OK ? request->key : 0;
    int asked = find_role(store, key, sharing);
    int linked = find_link(store, key, sharing);
    if (result != STORE_OK)
        return result;
    return asked != STORE_OK ? asked : linked;
}

/* ---- documents ---- */

int request_create(struct store *store, struct store_request *request)
{
    const struct request_sharing *sharing = request->sharing;
    if (!sharing)
        return store_create(store, &request->document, request->now_ms);
    return store_create_owned(store, &request->document, sharing->asker, sharing->needed,
                              request->now_ms);
}

/* Of which of the rows that are new the asker is a member. Of a damaged document nobody can tell,
 * and the others are listed all the same. */
static int find_joined(struct store *store, struct store_request *request)
{
    struct request_sharing *sharing = request->sharing;
    int result = STORE_OK;
    free(sharing->joined);
    sharing->joined = calloc(request->document_count + 1, sizeof(*sharing->joined));
    if (!sharing->joined)
        return STORE_E_MEMORY;
    for (size_t i = request->found; i < request->document_count && result == STORE_OK; i++) {
        result = find_role(store, request->documents[i].key, sharing);
        sharing->joined[i] = sharing->role > 0;
        if (result == STORE_E_CORRUPT)
            result = STORE_OK;
    }
    return result;
}

/* A role that would be enough for all documents is not needed where only the asker's own are
 * listed. */
int request_list(struct store *store, struct store_request *request, size_t limit,
                 store_document_fn *row)
{
    const struct request_sharing *sharing = request->sharing;
    if (sharing && sharing->granted == 0)
        return store_list_of(store, sharing->asker, request->before_ms, request->before_key, limit,
                             row, request);
    int result = store_list(store, request->before_ms, request->before_key, limit, row, request);
    return result == STORE_OK && sharing ? find_joined(store, request) : result;
}

/* ---- members and links ---- */

static int keep(void **items, struct request_sharing *sharing, const void *item, size_t size)
{
    if (sharing->count == sharing->capacity) {
        size_t capacity = sharing->capacity ? 2 * sharing->capacity : 8;
        void *grown = realloc(*items, capacity * size);
        if (!grown)
            return STORE_E_MEMORY;
        *items = grown;
        sharing->capacity = capacity;
    }
    memcpy((uint8_t *)*items + sharing->count++ * size, item, size);
    return STORE_OK;
}

static int keep_member(void *context, const struct store_member *member)
{
    struct request_sharing *sharing = context;
    void *items = sharing->members;
    int result = keep(&items, sharing, member, sizeof(*member));
    sharing->members = items;
    return result;
}

static int keep_link(void *context, const struct store_link *link)
{
    struct request_sharing *sharing = context;
    void *items = sharing->links;
    int result = keep(&items, sharing, link, sizeof(*link));
    sharing->links = items;
    return result;
}

static int revoke(struct store *store, struct store_request *request)
{
    int result = store_revocations_clean(store, request->now_ms / 1000);
    if (result == STORE_OK)
        result = store_revoke(store, &request->sharing->revocation, LIMIT_REVOCATIONS);
    return result;
}

static int serve_allowed(struct store *store, struct store_request *request)
{
    struct request_sharing *sharing = request->sharing;
    switch (request->kind) {
    case REQUEST_MEMBERS:
        return store_members(store, request->key, keep_member, sharing);
    case REQUEST_MEMBER:
        return store_member_set(store, request->key, &sharing->member, LIMIT_MEMBERS);
    case REQUEST_LINKS:
        return store_links(store, request->key, keep_link, sharing);
    case REQUEST_LINK:
        return store_link_add(store, request->key, &sharing->link, LIMIT_LINKS);
    case REQUEST_UNLINK:
        return store_link_remove(store, request->key, sharing->link.number);
    default:
        return STORE_OK; /* MAY_DELETE wants to know no more */
    }
}

int request_serve_sharing(struct store *store, struct store_request *request)
{
    if (request->kind == REQUEST_REVOKE)
        return revoke(store, request);
    if (request->kind == REQUEST_MAY_OPEN)
        return may_open(store, request);
    int result = request_find_allowed(store, request);
    return result == STORE_OK ? serve_allowed(store, request) : result;
}
