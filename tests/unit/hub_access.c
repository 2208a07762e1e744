/* What each role may do with each message, and what it may see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_guarded.h"
#include "lib/plant.h"
#include "server/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define U(value) ((uint64_t)(value))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- what there is and what is not to be seen ---- */

static void row_112_a_forbidden_document_is_like_one_that_is_missing(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    create(world, admin(guarded), "there", STORE_TEXT);
    struct world_connection *ann =
        person(guarded, "ann", HOUR_S, ",\"docs\":{\"mine-*\":\"owner\"}");
    static const char *const ids[] = {"there", "where"};
    struct ot_slice answers[2];
    size_t begin = ann->received.size, asked[2];
    for (size_t i = 0; i < 2; i++) {
        size_t before = world->asked_count;
        world_send(world, ann, WIRE_OPEN, "uusnnn", U(1), U(0), ids[i]);
        world_send(world, ann, WIRE_RENAME, "uss", U(2), ids[i], "Title");
        world_send(world, ann, WIRE_DELETE, "us", U(3), ids[i]);
        world_send(world, ann, WIRE_CREATE, "uuss", U(4), U(2), "Title", ids[i]);
        world_send(world, ann, WIRE_MEMBERS, "us", U(5), ids[i]);
        world_send(world, ann, WIRE_MEMBER, "usss", U(6), ids[i], "ann", "owner");
        world_send(world, ann, WIRE_LINKS, "us", U(7), ids[i]);
        world_send(world, ann, WIRE_LINK, "usssn", U(8), ids[i], "viewer", "");
        world_send(world, ann, WIRE_UNLINK, "usu", U(9), ids[i], U(1));
        world_send(world, ann, WIRE_OPEN, "uusnnns", U(10), U(0), ids[i], "no link");
        asked[i] = world->asked_count - before;
        answers[i] = (struct ot_slice){NULL, ann->received.size - begin};
        begin = ann->received.size;
    }
    assert_int_equal(asked[0], asked[1]); /* the store is asked as often, and the same */
    assert_int_equal(answers[0].size, answers[1].size);
    const uint8_t *end = ann->received.data + ann->received.size;
    assert_memory_equal(end - 2 * answers[1].size, end - answers[1].size, answers[1].size);
    assert_string_equal(error_of(ann), "not_found");
    /* In what is hers, it is said whether something is missing, in the same words. */
    open_fresh(world, ann, "mine-1");
    assert_string_equal(error_of(ann), "not_found");
    create(world, ann, "mine-1", STORE_TEXT);
    open_fresh(world, ann, "mine-1");
    expect_opened(ann);
}

static size_t list_page(struct world *world, struct world_connection *connection, uint64_t limit,
                        uint64_t *before_ms, uint64_t *before_key, bool *more_out)
{
    struct reader fields;
    world_send(world, connection, WIRE_LIST, *before_key == 0 ? "uunn" : "uuuu", U(5), limit,
               *before_ms, *before_key);
    assert_true(world_find(connection, WIRE_DOCUMENTS, &fields));
    uint32_t count;
    get_uint(&fields);
    assert_true(reader_bool(&fields, more_out) && reader_array(&fields, &count));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t columns;
        struct ot_slice id, title;
        assert_true(reader_array(&fields, &columns) && reader_string(&fields, &id));
        assert_memory_equal(id.data, "mine-", 5);
        get_uint(&fields);
        assert_true(reader_string(&fields, &title));
        get_uint(&fields);
        *before_ms = get_uint(&fields);
        *before_key = get_uint(&fields);
        get_uint(&fields);
    }
    return count;
}

static void a_list_shows_what_may_be_seen_in_full_pages(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *boss = admin(guarded);
    for (int i = 0; i < 330; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%s%d", i % 11 == 0 ? "mine-" : "other-", i);
        create(world, boss, id, STORE_TEXT);
        world->now_ms += (uint64_t)(i % 3);
    }
    struct world_connection *ann =
        person(guarded, "ann", HOUR_S, ",\"docs\":{\"mine-*\":\"viewer\"}");
    for (uint64_t limit = 1; limit <= 31; limit += 10) {
        uint64_t before_ms = 0, before_key = 0;
        size_t seen = 0;
        bool more = true;
        while (more) {
            size_t count = list_page(world, ann, limit, &before_ms, &before_key, &more);
            assert_int_equal(count, seen + limit <= 30 ? limit : 30 - seen);
            seen += count;
        }
        assert_int_equal(seen, 30);
    }
    struct world_connection *nobody = person(guarded, "nobody", HOUR_S, "");
    uint64_t before_ms = 0, before_key = 0;
    bool more;
    assert_int_equal(list_page(world, nobody, 100, &before_ms, &before_key, &more), 0);
    assert_false(more);
}

static void a_list_of_none_tells_nothing_of_others(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    uint64_t before_ms = 0, before_key = 0;
    bool more;
    struct world_connection *boss = admin(guarded);
    create(world, boss, "other", STORE_TEXT);
    struct world_connection *ann =
        person(guarded, "ann", HOUR_S, ",\"docs\":{\"mine-*\":\"viewer\"}");
    assert_int_equal(list_page(world, ann, 0, &before_ms, &before_key, &more), 0);
    assert_false(more);
    create(world, boss, "mine-1", STORE_TEXT);
    assert_int_equal(list_page(world, ann, 0, &before_ms, &before_key, &more), 1);
}

static void a_damaged_document_keeps_nobody_from_the_list_of_others(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    uint64_t before_ms = 0, before_key = 0;
    bool more;
    struct world_connection *boss = admin(guarded);
    struct world_connection *ann =
        person(guarded, "ann", HOUR_S, ",\"docs\":{\"mine-*\":\"owner\"}");
    create(world, ann, "mine-1", STORE_TEXT);
    create(world, ann, "mine-2", STORE_TEXT);
    plant(world->store, "UPDATE members SET sum = sum + 1 WHERE doc = 1");
    assert_int_equal(list_page(world, ann, 10, &before_ms, &before_key, &more), 2);
    plant(world->store, "UPDATE documents SET sum = sum + 1 WHERE key = 1");
    before_key = 0;
    assert_int_equal(list_page(world, ann, 10, &before_ms, &before_key, &more), 1);
    before_key = 0;
    assert_int_equal(list_page(world, boss, 10, &before_ms, &before_key, &more), 1);
}

static void a_drawn_id_needs_a_role_everywhere(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *ann =
        person(guarded, "ann", HOUR_S, ",\"docs\":{\"mine-*\":\"owner\"}");
    world_send(world, ann, WIRE_CREATE, "uusn", U(1), U(2), "Title");
    assert_string_equal(error_of(ann), "forbidden");
    struct world_connection *bob = person(guarded, "bob", HOUR_S, ",\"docs\":{\"*\":\"editor\"}");
    world_send(world, bob, WIRE_CREATE, "uusn", U(1), U(2), "Title");
    assert_true(world_find(bob, WIRE_DONE, &fields));
}

/* ---- each message, each role ---- */

enum column { NONE, VIEWER, COMMENTER, EDITOR, OWNER, ADMIN, COLUMNS };

static const char *const column_claims[COLUMNS] = {
    [NONE] = "",
    [VIEWER] = ",\"docs\":{\"%s*\":\"viewer\"}",
    [COMMENTER] = ",\"docs\":{\"%s*\":\"commenter\"}",
    [EDITOR] = ",\"docs\":{\"%s*\":\"editor\"}",
    [OWNER] = ",\"docs\":{\"%s*\":\"owner\"}",
    [ADMIN] = ",\"role\":\"admin\"",
};

/* One role with one message, in a document of its own that the boss reads along. */
struct cell {
    struct guarded *guarded;
    struct world *world;
    struct world_connection *boss, *user;
    char id[16], fresh[16], claims[64];
    uint64_t link; /* one that the boss made */
};

#define ASK(cell, kind, ...) world_send((cell)->world, (cell)->user, kind, __VA_ARGS__)

/* The code of the refusal, or what became of it. */
static const char *answer(struct cell *cell, unsigned kind)
{
    struct reader fields;
    world_commit(cell->world);
    size_t at = cell->user->at;
    const char *code = error_of(cell->user);
    if (code)
        return code;
    cell->user->at = at;
    return world_find(cell->user, kind, &fields) ? "ok" : "nothing";
}

static const char *try_open(struct cell *cell)
{
    ASK(cell, WIRE_OPEN, "uusnnn", U(1), U(3), cell->id);
    return answer(cell, WIRE_OPENED);
}

static const char *try_edit(struct cell *cell)
{
    ASK(cell, WIRE_EDIT, "uuub", U(0), U(1), U(0), insertion(0, "x"));
    return answer(cell, WIRE_ACK);
}

/* What the boss sees of the user's cursor after it was moved with or without typing. */
static const char *try_cursor(struct cell *cell)
{
    struct reader fields;
    const char *seen = "nothing";
    world_pass(cell->world, 200);
    world_forget(cell->boss);
    ASK(cell, WIRE_CURSOR, "uuuutn", U(0), U(0), U(0), U(0));
    world_pass(cell->world, 200);
    while (world_find(cell->boss, WIRE_PRESENCE, &fields)) {
        bool full, typing;
        uint32_t members, columns;
        get_uint(&fields);
        get_uint(&fields);
        assert_true(reader_bool(&fields, &full));
        get_uint(&fields);
        assert_true(reader_array(&fields, &members) && members == 1);
        assert_true(reader_array(&fields, &columns));
        get_uint(&fields);
        get_uint(&fields);
        get_uint(&fields);
        assert_true(reader_bool(&fields, &typing));
        seen = typing ? "typing" : "ok";
    }
    return seen;
}

static const char *try_chat(struct cell *cell)
{
    ASK(cell, WIRE_CHAT, "uuus", U(1), U(0), U(5), "hello");
    return answer(cell, WIRE_DONE);
}

static const char *try_chats(struct cell *cell)
{
    ASK(cell, WIRE_CHATS, "uuuu", U(1), U(0), U(9), U(9));
    return answer(cell, WIRE_CHATS_PAGE);
}

static const char *try_list(struct cell *cell)
{
    world_forget(cell->user);
    size_t at = cell->user->at;
    ASK(cell, WIRE_LIST, "uunn", U(1), U(100));
    const struct ot_buf *received = &cell->user->received;
    return memmem(received->data + at, received->size - at, cell->id, strlen(cell->id)) ? "ok"
                                                                                        : "nothing";
}

static const char *try_create(struct cell *cell)
{
    ASK(cell, WIRE_CREATE, "uuss", U(1), U(2), "Title", cell->fresh);
    return answer(cell, WIRE_DONE);
}

static const char *try_rename(struct cell *cell)
{
    ASK(cell, WIRE_RENAME, "uss", U(1), cell->id, "Other");
    return answer(cell, WIRE_DONE);
}

static const char *try_delete(struct cell *cell)
{
    ASK(cell, WIRE_DELETE, "us", U(1), cell->id);
    return answer(cell, WIRE_DONE);
}

static const char *try_profile(struct cell *cell)
{
    struct reader fields;
    world_pass(cell->world, 200);
    world_forget(cell->boss);
    ASK(cell, WIRE_PROFILE, "ss", "Other", "#ff0000");
    world_pass(cell->world, 200);
    return world_find(cell->boss, WIRE_PRESENCE, &fields) ? "ok" : "nothing";
}

static const char *try_diverged(struct cell *cell)
{
    uint64_t before = metrics_get(hub_metrics(cell->world->hub), METRIC_DIVERGENCES);
    ASK(cell, WIRE_DIVERGED, "uuu", U(0), U(0), U(1));
    return metrics_get(hub_metrics(cell->world->hub), METRIC_DIVERGENCES) > before ? "ok"
                                                                                   : "nothing";
}

static const char *try_close(struct cell *cell)
{
    ASK(cell, WIRE_CLOSE, "u", U(0));
    ASK(cell, WIRE_EDIT, "uuub", U(0), U(1), U(0), insertion(0, "x"));
    return answer(cell, WIRE_ACK);
}

static const char *try_members(struct cell *cell)
{
    ASK(cell, WIRE_MEMBERS, "us", U(1), cell->id);
    return answer(cell, WIRE_MEMBERS_LIST);
}

static const char *try_member(struct cell *cell)
{
    ASK(cell, WIRE_MEMBER, "usss", U(1), cell->id, "eve", "owner");
    return answer(cell, WIRE_DONE);
}

static const char *try_links(struct cell *cell)
{
    ASK(cell, WIRE_LINKS, "us", U(1), cell->id);
    return answer(cell, WIRE_LINKS_LIST);
}

static const char *try_link(struct cell *cell)
{
    ASK(cell, WIRE_LINK, "usssn", U(1), cell->id, "editor", "for eve");
    return answer(cell, WIRE_LINKED);
}

static const char *try_unlink(struct cell *cell)
{
    ASK(cell, WIRE_UNLINK, "usu", U(1), cell->id, cell->link);
    return answer(cell, WIRE_DONE);
}

static const char *try_token(struct cell *cell)
{
    renew(cell->guarded, cell->user, token_of(cell->guarded, "user", HOUR_S, cell->claims));
    return answer(cell, WIRE_DONE);
}

static const char *try_hello(struct cell *cell)
{
    struct reader fields;
    struct world_connection *again =
        hello_with(cell->guarded, token_of(cell->guarded, "user", HOUR_S, cell->claims));
    return world_find(again, WIRE_WELCOME, &fields) ? "ok" : "nothing";
}

#define OWNERS_ONLY                                                                                \
    {                                                                                              \
        "not_found", "forbidden", "forbidden", "forbidden", "ok", "ok"                             \
    }

/* PING is answered by the gate, before anybody asks who it is. */
static const struct {
    enum wire_kind kind;
    const char *(*attempt)(struct cell *);
    const char *outcome[COLUMNS];
} matrix[] = {
    {WIRE_HELLO, try_hello, {"ok", "ok", "ok", "ok", "ok", "ok"}},
    {WIRE_OPEN,
     try_open,
     {"not_found", "already_open", "already_open", "already_open", "already_open", "already_open"}},
    {WIRE_CLOSE,
     try_close,
     {"not_open", "not_open", "not_open", "not_open", "not_open", "not_open"}},
    {WIRE_EDIT, try_edit, {"not_open", "forbidden", "forbidden", "ok", "ok", "ok"}},
    {WIRE_CURSOR, try_cursor, {"nothing", "ok", "typing", "typing", "typing", "typing"}},
    {WIRE_CHAT, try_chat, {"not_open", "forbidden", "ok", "ok", "ok", "ok"}},
    {WIRE_CHATS, try_chats, {"not_open", "ok", "ok", "ok", "ok", "ok"}},
    {WIRE_LIST, try_list, {"nothing", "ok", "ok", "ok", "ok", "ok"}},
    {WIRE_CREATE, try_create, {"forbidden", "forbidden", "forbidden", "ok", "ok", "ok"}},
    {WIRE_RENAME, try_rename, {"not_found", "forbidden", "forbidden", "ok", "ok", "ok"}},
    {WIRE_DELETE, try_delete, {"not_found", "forbidden", "forbidden", "forbidden", "ok", "ok"}},
    {WIRE_PROFILE, try_profile, {"nothing", "ok", "ok", "ok", "ok", "ok"}},
    {WIRE_DIVERGED, try_diverged, {"nothing", "ok", "ok", "ok", "ok", "ok"}},
    {WIRE_TOKEN, try_token, {"ok", "ok", "ok", "ok", "ok", "ok"}},
    {WIRE_MEMBERS, try_members, OWNERS_ONLY},
    {WIRE_MEMBER, try_member, OWNERS_ONLY},
    {WIRE_LINKS, try_links, OWNERS_ONLY},
    {WIRE_LINK, try_link, OWNERS_ONLY},
    {WIRE_UNLINK, try_unlink, OWNERS_ONLY},
};

static int count_member(void *context, const struct store_member *member)
{
    (void)member;
    ++*(size_t *)context;
    return 0;
}

static int count_link(void *context, const struct store_link *link)
{
    (void)link;
    ++*(size_t *)context;
    return 0;
}

/* All that a refused message could have changed. */
static void describe(const struct cell *cell, char *out, size_t size)
{
    char id[STORE_ID_MAX + 1] = "";
    struct store_document document, fresh;
    struct store_head head;
    strcpy(id, cell->id);
    assert_int_equal(store_find(cell->world->store, id, &document), STORE_OK);
    assert_int_equal(store_load(cell->world->store, document.key, &head), STORE_OK);
    size_t members = 0, links = 0;
    assert_int_equal(store_members(cell->world->store, document.key, count_member, &members),
                     STORE_OK);
    assert_int_equal(store_links(cell->world->store, document.key, count_link, &links), STORE_OK);
    strcpy(id, cell->fresh);
    snprintf(out, size, "%s version=%d chat=%d fresh=%d members=%d links=%d", document.title,
             (int)head.version, (int)head.chat_number,
             store_find(cell->world->store, id, &fresh) == STORE_OK, (int)members, (int)links);
}

static uint64_t make_link(struct cell *cell)
{
    struct reader fields;
    world_send(cell->world, cell->boss, WIRE_LINK, "usssn", U(1), cell->id, "viewer", "");
    assert_true(world_find(cell->boss, WIRE_LINKED, &fields));
    get_uint(&fields);
    return get_uint(&fields);
}

static void try_cell(struct guarded *guarded, size_t row, enum column column)
{
    struct cell cell = {.guarded = guarded, .world = &guarded->world};
    snprintf(cell.id, sizeof(cell.id), "c%zu-%d-", row, (int)column);
    snprintf(cell.fresh, sizeof(cell.fresh), "c%zu-%d-new", row, (int)column);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(cell.claims, sizeof(cell.claims), column_claims[column], cell.id);
#pragma GCC diagnostic pop
    cell.boss = admin(guarded);
    cell.user = person(guarded, "user", HOUR_S, cell.claims);
    create(cell.world, cell.boss, cell.id, STORE_TEXT);
    cell.link = make_link(&cell);
    open_fresh(cell.world, cell.boss, cell.id);
    open_fresh(cell.world, cell.user, cell.id);
    world_forget(cell.user);
    char before[256], after[256];
    describe(&cell, before, sizeof(before));
    const char *outcome = matrix[row].attempt(&cell);
    if (strcmp(outcome, matrix[row].outcome[column]) != 0)
        fail_msg("%s as %s: %s instead of %s", wire_kind_name(matrix[row].kind),
                 column == ADMIN ? "admin" : access_role_name((enum access_role)column), outcome,
                 matrix[row].outcome[column]);
    if (strcmp(outcome, "ok") != 0) {
        describe(&cell, after, sizeof(after));
        assert_string_equal(after, before);
    }
}

/* Rows 109 and 110: a table of every message and every role. */
static void row_109_each_role_may_do_so_much_and_no_more(void **state)
{
    static const enum wire_kind kinds[] = {
#define KIND(symbol, number, name, fields) symbol,
        WIRE_CLIENT_MESSAGES(KIND)
#undef KIND
    };
    assert_int_equal(COUNT(matrix), COUNT(kinds) - 1); /* all but PING */
    for (size_t row = 0; row < COUNT(matrix); row++) {
        size_t i = 0;
        while (kinds[i] != matrix[row].kind)
            i++;
        for (enum column column = NONE; column < COLUMNS; column++) {
            guarded_teardown(state);
            guarded_setup(state);
            try_cell(*state, row, column);
        }
    }
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, guarded_setup, guarded_teardown)
    const struct CMUnitTest tests[] = {
        CASE(row_112_a_forbidden_document_is_like_one_that_is_missing),
        CASE(a_list_shows_what_may_be_seen_in_full_pages),
        CASE(a_list_of_none_tells_nothing_of_others),
        CASE(a_damaged_document_keeps_nobody_from_the_list_of_others),
        CASE(a_drawn_id_needs_a_role_everywhere),
        CASE(row_109_each_role_may_do_so_much_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
