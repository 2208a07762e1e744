#include "storage/sqlite/members.h"

#include <string.h>

#include "storage/checksum.h"
#include "storage/sqlite/document.h"

static uint64_t member_sum(int64_t key, const struct store_member *member)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_MEMBERS);
    checksum_i64(&sum, key);
    checksum_bytes(&sum, member->subject, strlen(member->subject));
    checksum_u64(&sum, member->role);
    checksum_i64(&sum, member->at_ms);
    return checksum_value(&sum);
}

int member_take(sqlite3_stmt *statement, int64_t key, struct store_member *member_out)
{
    struct store_slice subject = column_bytes(statement, 0);
    bool fits = subject.size > 0 && subject.size <= STORE_SUBJECT_MAX;

    *member_out = (struct store_member){.role = (unsigned)sqlite3_column_int(statement, 1),
                                        .at_ms = sqlite3_column_int64(statement, 2)};
    if (fits)
        memcpy(member_out->subject, subject.data, subject.size);
    return fits && column_u64(statement, 3) == member_sum(key, member_out) ? STORE_OK
                                                                           : STORE_E_CORRUPT;
}

int member_write(struct store *store, int64_t key, const char *subject, unsigned role,
                 int64_t at_ms)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_MEMBER_WRITE);
    struct store_member member = {.role = role, .at_ms = at_ms};
    size_t size = strlen(subject);

    if (size == 0 || size > STORE_SUBJECT_MAX || role == 0 || role > STORE_ROLE_MAX)
        return STORE_E_INVALID;
    memcpy(member.subject, subject, size);
    sqlite3_bind_int64(statement, 1, key);
    bind_text(statement, 2, subject, size);
    sqlite3_bind_int64(statement, 3, role);
    sqlite3_bind_int64(statement, 4, at_ms);
    bind_u64(statement, 5, member_sum(key, &member));
    return statement_run(store, statement);
}

static int remove_member(struct store *store, int64_t key, const char *subject)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_MEMBER_REMOVE);

    sqlite3_bind_int64(statement, 1, key);
    bind_text(statement, 2, subject, strlen(subject));
    return statement_run(store, statement);
}

static int add_member(struct store *store, int64_t key, const struct store_member *member,
                      size_t members_max)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_MEMBER_COUNT);
    int64_t others = 0;
    int rc;

    sqlite3_bind_int64(statement, 1, key);
    bind_text(statement, 2, member->subject, strlen(member->subject));
    rc = statement_number(store, statement, &others);
    if (rc == STORE_OK && (uint64_t)others >= members_max)
        rc = STORE_E_LIMIT;
    return rc == STORE_OK ? member_write(store, key, member->subject, member->role, member->at_ms)
                          : rc;
}

/* ---- the interface ---- */

/* A document that is not there is found to be so last: it costs what one costs that is. */
int store_member_find(struct store *store, int64_t key, const char *subject, unsigned *role_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_MEMBER_FIND);
    struct document document;
    struct store_member member = {0};
    int rc;

    sqlite3_bind_int64(statement, 1, key);
    bind_text(statement, 2, subject, strlen(subject));
    rc = statement_next(store, statement);
    if (rc > 0) {
        rc = member_take(statement, key, &member);
        sqlite3_reset(statement);
    }
    if (rc == STORE_OK)
        rc = document_read_live(store, key, &document);
    *role_out = rc == STORE_OK ? member.role : 0;
    return rc;
}

int store_member_set(struct store *store, int64_t key, const struct store_member *member,
                     size_t members_max)
{
    struct document document;
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    rc = document_read_live(store, key, &document);
    if (rc == STORE_OK)
        rc = member->role == 0 ? remove_member(store, key, member->subject)
                               : add_member(store, key, member, members_max);
    return database_end(store, rc);
}

int store_members(struct store *store, int64_t key, store_member_fn *row, void *context)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_MEMBER_SCAN);
    struct document document;
    struct store_member member;
    int rc = document_read_live(store, key, &document);

    if (rc != STORE_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, key);
    while ((rc = statement_next(store, statement)) > 0) {
        rc = member_take(statement, key, &member);
        if (rc == STORE_OK)
            rc = row(context, &member);
        if (rc != STORE_OK)
            break;
    }
    sqlite3_reset(statement);
    return rc;
}
