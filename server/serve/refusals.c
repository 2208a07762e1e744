#include "server/serve/refusals.h"

#include "server/limits.h"

void refusals_deinit(struct refusals *refusals)
{
    table_deinit(&refusals->edits);
    table_deinit(&refusals->chats);
    *refusals = (struct refusals){0};
}

static struct table *table_of(struct refusals *refusals, const struct store_request *append,
                              uint64_t *key_out, uint64_t *number_out)
{
    bool edit = append->kind == REQUEST_APPEND_EDIT;
    *key_out = (uint64_t)(edit ? append->edit.key : append->chat.key);
    *number_out = edit ? append->edit.version : append->chat.number;
    return edit ? &refusals->edits : &refusals->chats;
}

void refusals_add(struct refusals *refusals, const struct store_request *append)
{
    uint64_t key, number;
    struct table *table = table_of(refusals, append, &key, &number);
    /* Only what is on its way can build on a refused append, and that is bounded. Beyond, the
     * store's own look at the numbers refuses. */
    if (table->count >= LIMIT_STORE_QUEUE) {
        table_deinit(table);
        *table = (struct table){0};
    }
    uint64_t known = (uint64_t)(uintptr_t)table_get(table, key);
    if (known == 0 || number < known)
        table_put(table, key, (void *)(uintptr_t)number);
}

bool refusals_hold(struct refusals *refusals, const struct store_request *append)
{
    uint64_t key, number;
    struct table *table = table_of(refusals, append, &key, &number);
    if (table->count == 0)
        return false;
    uint64_t refused = (uint64_t)(uintptr_t)table_get(table, key);
    if (refused != 0 && number > refused)
        return true;
    table_remove(table, key);
    return false;
}
