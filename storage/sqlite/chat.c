#include "storage/sqlite/chat.h"

#include "storage/checksum.h"
#include "storage/sqlite/document.h"

static uint64_t chat_sum(const struct store_chat *chat)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_CHATS);
    checksum_i64(&sum, chat->key);
    checksum_u64(&sum, chat->number);
    checksum_u64(&sum, chat->client);
    checksum_u64(&sum, chat->nonce);
    checksum_i64(&sum, chat->at_ms);
    checksum_bytes(&sum, chat->name.data, chat->name.size);
    checksum_bytes(&sum, chat->color.data, chat->color.size);
    checksum_bytes(&sum, chat->text.data, chat->text.size);
    return checksum_value(&sum);
}

static int chat_insert(struct store *store, const struct store_chat *chat)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_CHAT_WRITE);

    sqlite3_bind_int64(statement, 1, chat->key);
    bind_u64(statement, 2, chat->number);
    bind_u64(statement, 3, chat->client);
    bind_u64(statement, 4, chat->nonce);
    sqlite3_bind_int64(statement, 5, chat->at_ms);
    bind_text(statement, 6, chat->name.data, chat->name.size);
    bind_text(statement, 7, chat->color.data, chat->color.size);
    bind_text(statement, 8, chat->text.data, chat->text.size);
    bind_u64(statement, 9, chat_sum(chat));
    return statement_run(store, statement);
}

int chat_take(sqlite3_stmt *statement, int64_t key, struct store_chat *chat_out)
{
    chat_out->key = key;
    chat_out->number = column_u64(statement, 0);
    chat_out->client = column_u64(statement, 1);
    chat_out->nonce = column_u64(statement, 2);
    chat_out->at_ms = sqlite3_column_int64(statement, 3);
    chat_out->name = column_bytes(statement, 4);
    chat_out->color = column_bytes(statement, 5);
    chat_out->text = column_bytes(statement, 6);
    return column_u64(statement, 7) == chat_sum(chat_out) ? STORE_OK : STORE_E_CORRUPT;
}

int chat_last(struct store *store, int64_t key, uint64_t *number_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_CHAT_LAST);
    int64_t number = 0;
    int rc;

    sqlite3_bind_int64(statement, 1, key);
    rc = statement_number(store, statement, &number);
    *number_out = (uint64_t)number;
    return rc;
}

int chat_append(struct store *store, const struct store_chat *chat)
{
    struct document document;
    uint64_t last;
    int rc;

    if (chat->name.size > STORE_NAME_MAX || chat->color.size > STORE_COLOR_MAX ||
        chat->text.size > STORE_CHAT_MAX)
        return STORE_E_INVALID;
    rc = document_read_live(store, chat->key, &document);
    if (rc == STORE_OK)
        rc = chat_last(store, chat->key, &last);
    if (rc == STORE_OK && chat->number != last + 1)
        rc = STORE_E_INVALID;
    return rc == STORE_OK ? chat_insert(store, chat) : rc;
}

/* ---- the interface ---- */

int store_chat_find(struct store *store, int64_t key, uint64_t client, uint64_t nonce,
                    uint64_t *number_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_CHAT_FIND);
    struct document document;
    int64_t number = 0;
    int rc = document_read_live(store, key, &document);

    if (rc == STORE_OK) {
        sqlite3_bind_int64(statement, 1, key);
        bind_u64(statement, 2, client);
        bind_u64(statement, 3, nonce);
        rc = statement_number(store, statement, &number);
    }
    *number_out = (uint64_t)number;
    return rc;
}

static int read_range(struct store *store, int64_t key, uint64_t first, uint64_t end,
                      store_chat_fn *row, void *context)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_CHAT_READ);
    struct store_chat chat;
    uint64_t count = 0;
    int rc;

    sqlite3_bind_int64(statement, 1, key);
    bind_u64(statement, 2, first);
    bind_u64(statement, 3, end);
    while ((rc = statement_next(store, statement)) > 0) {
        rc = chat_take(statement, key, &chat);
        if (rc == STORE_OK)
            rc = row(context, &chat);
        if (rc != STORE_OK)
            break;
        count++;
    }
    sqlite3_reset(statement);
    if (rc == STORE_OK && count != end - first)
        rc = STORE_E_CORRUPT;
    return rc;
}

int store_chats(struct store *store, int64_t key, uint64_t before, size_t limit, store_chat_fn *row,
                void *context)
{
    struct document document;
    uint64_t last;
    uint64_t end;
    int rc = document_read_live(store, key, &document);

    if (rc == STORE_OK)
        rc = chat_last(store, key, &last);
    if (rc != STORE_OK)
        return rc;
    end = before <= last ? before : last + 1;
    if (end <= 1 || limit == 0)
        return STORE_OK;
    return read_range(store, key, end > limit ? end - limit : 1, end, row, context);
}
