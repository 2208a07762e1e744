/* Members and links: what they give, to whom, from when to when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_guarded.h"
#include "server/limits.h"

#include <stdio.h>
#include <string.h>

#define U(value)     ((uint64_t)(value))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CREATES      ",\"docs\":{\"d*\":\"editor\"}"

struct made_link {
    uint64_t number;
    char secret[LIMIT_LINK_BYTES + 1];
};

/* Ann, who has made the document "d" and has no role in it by her token any more. */
static struct world_connection *ann_with_document(struct guarded *guarded)
{
    struct world_connection *ann = person(guarded, "ann", HOUR_S, CREATES);
    create(&guarded->world, ann, "d", STORE_TEXT);
    renew(guarded, ann, token_of(guarded, "ann", HOUR_S, ""));
    world_forget(ann);
    return ann;
}

static void set_member(struct world *world, struct world_connection *owner, const char *subject,
                       const char *role)
{
    struct reader fields;
    world_send(world, owner, WIRE_MEMBER, role ? "usss" : "ussn", U(9), "d", subject, role);
    assert_true(world_find(owner, WIRE_DONE, &fields));
    assert_int_equal(get_uint(&fields), 9);
}

#define AT_0 WIRE_NONE

/* `expires_ms` 0: it does not end. */
static struct made_link make_link(struct world *world, struct world_connection *owner,
                                  const char *role, uint64_t expires_ms)
{
    struct made_link link = {0};
    struct reader fields;
    struct ot_slice secret;
    world_send(world, owner, WIRE_LINK, expires_ms ? "usssu" : "usssn", U(8), "d", role, "Label",
               expires_ms == AT_0 ? U(0) : expires_ms);
    assert_true(world_find(owner, WIRE_LINKED, &fields));
    assert_int_equal(get_uint(&fields), 8);
    link.number = get_uint(&fields);
    assert_true(reader_string(&fields, &secret) && secret.size == 22);
    memcpy(link.secret, secret.data, secret.size);
    return link;
}

static void open_by_link(struct world *world, struct world_connection *connection,
                         const char *secret)
{
    world_send(world, connection, WIRE_OPEN, "uusnnns", U(1), U(0), "d", secret);
    world_commit(world);
}

/* The role in OPENED, or the code of the refusal. */
static const char *opened_as(struct world_connection *connection)
{
    static char text[32];
    struct reader fields;
    struct ot_slice role;
    size_t at = connection->at;
    if (!world_find(connection, WIRE_OPENED, &fields)) {
        connection->at = at;
        return error_of(connection);
    }
    for (int i = 0; i < 9; i++)
        assert_true(reader_skip(&fields));
    assert_true(reader_string(&fields, &role));
    snprintf(text, sizeof(text), "%.*s", (int)role.size, (const char *)role.data);
    return text;
}

static const char *told_role(struct world_connection *connection)
{
    static char text[32];
    struct reader fields;
    struct ot_slice role;
    if (!world_find(connection, WIRE_ROLE, &fields))
        return NULL;
    get_uint(&fields);
    assert_true(reader_string(&fields, &role));
    snprintf(text, sizeof(text), "%.*s", (int)role.size, (const char *)role.data);
    return text;
}

static void assert_closed_channel(struct world_connection *connection, const char *code)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_CLOSED, &fields));
    get_uint(&fields);
    expect_text(&fields, code);
}

/* ---- members ---- */

static void who_creates_a_document_owns_it(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = ann_with_document(guarded);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    open_fresh(world, ann, "d");
    assert_string_equal(opened_as(ann), "owner");
    open_fresh(world, bob, "d");
    assert_string_equal(opened_as(bob), "not_found");
    struct reader fields;
    world_send(world, ann, WIRE_RENAME, "uss", U(1), "d", "Other");
    assert_true(world_find(ann, WIRE_DONE, &fields));
    world_send(world, ann, WIRE_DELETE, "us", U(1), "d");
    assert_true(world_find(ann, WIRE_DONE, &fields));
}

/* With the document closed the hub knows nothing of memberships, and asks. */
static void an_owner_may_delete_what_is_not_open(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *ann = ann_with_document(guarded);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    set_member(world, ann, "bob", "editor");
    world_send(world, bob, WIRE_DELETE, "us", U(1), "d");
    assert_string_equal(error_of(bob), "forbidden");
    world_send(world, bob, WIRE_RENAME, "uss", U(1), "d", "Bob's");
    assert_true(world_find(bob, WIRE_DONE, &fields));
    world_send(world, bob, WIRE_MEMBERS, "us", U(1), "d");
    assert_string_equal(error_of(bob), "forbidden");
    world_send(world, ann, WIRE_DELETE, "us", U(1), "d");
    assert_true(world_find(ann, WIRE_DONE, &fields));
}

static void a_token_may_allow_creating_and_nothing_else(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"create\":true");
    struct world_connection *bob = person(guarded, "bob", HOUR_S, ",\"create\":false");
    world_send(world, ann, WIRE_CREATE, "uusn", U(1), U(2), "Mine");
    assert_true(world_find(ann, WIRE_DONE, &fields));
    world_send(world, ann, WIRE_CREATE, "uuss", U(1), U(2), "Mine", "chosen");
    assert_string_equal(error_of(ann), "forbidden");
    world_send(world, bob, WIRE_CREATE, "uusn", U(1), U(2), "Mine");
    assert_string_equal(error_of(bob), "forbidden");
    world_send(world, ann, WIRE_LIST, "uunn", U(2), U(10));
    assert_true(world_find(ann, WIRE_DOCUMENTS, &fields));
}

static void the_strongest_role_counts(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = ann_with_document(guarded);
    static const char *const roles[] = {NULL, "viewer", "commenter", "editor", "owner"};
    static const char *const names[] = {"not_found", "viewer", "commenter", "editor", "owner"};
    struct made_link links[4];
    for (size_t l = 1; l < 4; l++)
        links[l] = make_link(world, ann, roles[l], 0);
    for (size_t t = 0; t < COUNT(roles); t++) {
        for (size_t m = 0; m < COUNT(roles); m++) {
            char subject[16], claims[64] = "";
            snprintf(subject, sizeof(subject), "s%zu-%zu", t, m);
            if (t > 0)
                snprintf(claims, sizeof(claims), ",\"docs\":{\"d\":\"%s\"}", roles[t]);
            set_member(world, ann, subject, roles[m]);
            struct world_connection *user = person(guarded, subject, HOUR_S, claims);
            for (size_t l = 0; l < 4; l++) {
                size_t most = t > m ? t : m;
                most = l > most ? l : most;
                open_by_link(world, user, l > 0 ? links[l].secret : "none");
                assert_string_equal(opened_as(user), names[most]);
                world_send(world, user, WIRE_CLOSE, "u", U(0));
            }
            world_gone(world, user);
        }
    }
}

/* Row 108: on the live connection, as soon as it is stored. */
static void row_108_a_member_s_role_changes_at_once(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = ann_with_document(guarded);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    set_member(world, ann, "bob", "editor");
    open_fresh(world, bob, "d");
    assert_string_equal(opened_as(bob), "editor");
    set_member(world, ann, "bob", "viewer");
    assert_string_equal(told_role(bob), "viewer");
    edit(world, bob, 1, 0, insertion(0, "x"));
    assert_string_equal(error_of(bob), "forbidden");
    set_member(world, ann, "bob", "owner");
    assert_string_equal(told_role(bob), "owner");
    edit(world, bob, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(bob, 1, 1);
    set_member(world, ann, "eve", "viewer"); /* concerns nobody here */
    assert_false(has_news(bob));
    set_member(world, ann, "bob", NULL);
    assert_closed_channel(bob, "forbidden");
    open_fresh(world, bob, "d");
    assert_string_equal(opened_as(bob), "not_found");
}

static void an_owner_may_go_and_hears_so(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = ann_with_document(guarded);
    open_fresh(world, ann, "d");
    set_member(world, ann, "ann", NULL);
    assert_closed_channel(ann, "forbidden");
}

/* The lookup of a role and a change of it are on their way at once. */
static void a_role_taken_away_while_a_document_opens_is_not_given(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = ann_with_document(guarded);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    set_member(world, ann, "bob", "editor");
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, "x")); /* what is asked from now on waits for it */
    open_fresh(world, bob, "d");
    world_send(world, ann, WIRE_MEMBER, "ussn", U(9), "d", "bob");
    world_commit(world);
    size_t at = bob->at;
    bool was_opened = world_find(bob, WIRE_OPENED, &(struct reader){0});
    bob->at = at;
    if (was_opened)
        assert_closed_channel(bob, "forbidden");
    else
        assert_string_equal(error_of(bob), "not_found");
    edit(world, bob, 1, 0, insertion(0, "x"));
    assert_string_equal(error_of(bob), "not_open");
}

static void members_are_listed_with_their_roles(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    uint32_t count;
    struct world_connection *ann = ann_with_document(guarded);
    set_member(world, ann, "bob", "viewer");
    world_send(world, ann, WIRE_MEMBERS, "us", U(4), "d");
    assert_true(world_find(ann, WIRE_MEMBERS_LIST, &fields));
    assert_int_equal(get_uint(&fields), 4);
    assert_true(reader_array(&fields, &count));
    assert_int_equal(count, 2);
    assert_true(reader_array(&fields, &count) && count == 3);
    expect_text(&fields, "ann");
    expect_text(&fields, "owner");
    get_uint(&fields);
    assert_true(reader_array(&fields, &count) && count == 3);
    expect_text(&fields, "bob");
    expect_text(&fields, "viewer");
    static const char *const bad[] = {"admin", "none", "", "OWNER", "a role far too long for one"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        world_send(world, ann, WIRE_MEMBER, "usss", U(9), "d", "eve", bad[i]);
        assert_string_equal(error_of(ann), "bad_role");
    }
}

static void members_and_links_are_bounded(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = ann_with_document(guarded);
    for (int i = 1; i < LIMIT_MEMBERS; i++) {
        char subject[16];
        snprintf(subject, sizeof(subject), "s%d", i);
        set_member(world, ann, subject, "viewer");
        world_forget(ann);
    }
    world_send(world, ann, WIRE_MEMBER, "usss", U(9), "d", "more", "viewer");
    assert_string_equal(error_of(ann), "share_limit");
    set_member(world, ann, "s1", NULL);
    set_member(world, ann, "more", "viewer");
    for (int i = 0; i < LIMIT_LINKS; i++)
        make_link(world, ann, "viewer", 0);
    world_send(world, ann, WIRE_LINK, "usssn", U(9), "d", "viewer", "");
    assert_string_equal(error_of(ann), "share_limit");
}

/* ---- links ---- */

static void a_revoked_link_gives_nothing_from_then_on(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *ann = ann_with_document(guarded);
    struct made_link link = make_link(world, ann, "editor", 0);
    struct made_link other = make_link(world, ann, "editor", 0);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    struct world_connection *eve = person(guarded, "eve", HOUR_S, "");
    struct world_connection *dan = person(guarded, "dan", HOUR_S, ",\"docs\":{\"d\":\"viewer\"}");
    assert_string_not_equal(link.secret, other.secret);
    open_by_link(world, bob, link.secret);
    open_by_link(world, eve, other.secret);
    open_by_link(world, dan, link.secret);
    assert_string_equal(opened_as(bob), "editor");
    assert_string_equal(opened_as(eve), "editor");
    assert_string_equal(opened_as(dan), "editor");
    world_forget(eve);
    world_send(world, ann, WIRE_UNLINK, "usu", U(7), "d", link.number);
    assert_true(world_find(ann, WIRE_DONE, &fields));
    assert_closed_channel(bob, "forbidden");
    assert_string_equal(told_role(dan), "viewer");
    assert_false(world_find(eve, WIRE_CLOSED, &fields));
    open_by_link(world, bob, link.secret);
    assert_string_equal(opened_as(bob), "not_found");
    open_by_link(world, bob, other.secret);
    assert_string_equal(opened_as(bob), "editor");
}

static void a_link_is_of_one_document(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *boss = admin(guarded);
    create(world, boss, "other", STORE_TEXT);
    struct world_connection *ann = ann_with_document(guarded);
    struct made_link link = make_link(world, ann, "editor", 0);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    world_send(world, bob, WIRE_OPEN, "uusnnns", U(1), U(0), "other", link.secret);
    assert_string_equal(opened_as(bob), "not_found");
}

static void an_expired_link_gives_nothing_from_then_on(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = ann_with_document(guarded);
    int64_t now_ms = world->unix_ms + (int64_t)world->now_ms;
    struct made_link link = make_link(world, ann, "editor", U(now_ms + 5000));
    struct made_link later = make_link(world, ann, "viewer", U(now_ms + 9000));
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    struct world_connection *eve = person(guarded, "eve", HOUR_S, "");
    open_by_link(world, bob, link.secret);
    open_by_link(world, eve, later.secret);
    assert_string_equal(opened_as(bob), "editor");
    world_pass(world, 4000);
    world_forget(bob);
    world_forget(eve);
    world_pass(world, 2010); /* within a second of its end */
    assert_closed_channel(bob, "forbidden");
    open_by_link(world, bob, link.secret);
    assert_string_equal(opened_as(bob), "not_found");
    assert_false(world_find(eve, WIRE_CLOSED, &(struct reader){0}));
    world_pass(world, 4010);
    assert_closed_channel(eve, "forbidden");
}

static void a_link_that_ends_at_0_has_ended(void **state)
{
    struct guarded *guarded = *state;
    struct world_connection *ann = ann_with_document(guarded);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    open_by_link(&guarded->world, bob, make_link(&guarded->world, ann, "editor", AT_0).secret);
    assert_string_equal(opened_as(bob), "not_found");
}

static void a_link_makes_nobody_an_owner(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = ann_with_document(guarded);
    world_send(world, ann, WIRE_LINK, "usssn", U(8), "d", "owner", "");
    assert_string_equal(error_of(ann), "bad_role");
    world_send(world, ann, WIRE_LINK, "usssn", U(8), "d", "none", "");
    assert_string_equal(error_of(ann), "bad_role");
}

static int no_secret(void *context, const struct store_link *link)
{
    const struct made_link *made = context;
    assert_null(memmem(link, sizeof(*link), made->secret, strlen(made->secret)));
    assert_int_equal(link->number, made->number);
    return 0;
}

static void a_secret_is_told_once_and_kept_nowhere(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct store_document document;
    struct reader fields;
    struct world_connection *ann = ann_with_document(guarded);
    struct made_link link = make_link(world, ann, "commenter", 0);
    assert_int_equal(store_find(world->store, "d", &document), STORE_OK);
    assert_int_equal(store_links(world->store, document.key, no_secret, &link), STORE_OK);
    size_t at = ann->received.size;
    world_send(world, ann, WIRE_LINKS, "us", U(4), "d");
    assert_true(world_find(ann, WIRE_LINKS_LIST, &fields));
    assert_null(memmem(ann->received.data + at, ann->received.size - at, link.secret, 22));
    uint32_t count;
    assert_int_equal(get_uint(&fields), 4);
    assert_true(reader_array(&fields, &count) && count == 1);
    assert_true(reader_array(&fields, &count) && count == 5);
    assert_int_equal(get_uint(&fields), link.number);
    expect_text(&fields, "commenter");
    expect_text(&fields, "Label");
    get_uint(&fields);
    assert_true(reader_nil(&fields));
}

/* ---- guests ---- */

static void guests_are_let_in_if_the_operator_says_so(void **state)
{
    struct guarded *guarded = *state;
    struct world_connection *guest = hello_with(guarded, NULL);
    assert_string_equal(error_of(guest), "unauthorized");
    assert_int_equal(guest->closed, WIRE_CLOSE_UNAUTHORIZED);
}

static void a_guest_may_do_what_links_give_and_nothing_else(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    world_stop(world);
    world_start_with_guests(world, &guarded->rules);
    struct world_connection *ann = ann_with_document(guarded);
    struct made_link link = make_link(world, ann, "editor", 0);
    struct world_connection *guest = hello_with(guarded, NULL);
    assert_true(world_find(guest, WIRE_WELCOME, &fields));
    size_t asked = world->asked_count;
    open_fresh(world, guest, "d");
    assert_string_equal(opened_as(guest), "not_found");
    world_send(world, guest, WIRE_DELETE, "us", U(1), "d");
    assert_string_equal(error_of(guest), "not_found");
    world_send(world, guest, WIRE_MEMBERS, "us", U(1), "d");
    assert_string_equal(error_of(guest), "not_found");
    assert_int_equal(world->asked_count, asked); /* the store is not even asked */
    world_send(world, guest, WIRE_CREATE, "uusn", U(1), U(2), "Title");
    assert_string_equal(error_of(guest), "forbidden");
    world_send(world, guest, WIRE_LIST, "uunn", U(2), U(10));
    assert_true(world_find(guest, WIRE_DOCUMENTS, &fields));
    assert_int_equal(get_uint(&fields), 2);
    assert_true(reader_skip(&fields));
    uint32_t count;
    assert_true(reader_array(&fields, &count));
    assert_int_equal(count, 0);
    open_by_link(world, guest, link.secret);
    assert_string_equal(opened_as(guest), "editor");
    edit(world, guest, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(guest, 1, 1);
    world_send(world, guest, WIRE_RENAME, "uss", U(1), "d", "By link");
    assert_true(world_find(guest, WIRE_DONE, &fields));
    world_send(world, guest, WIRE_DELETE, "us", U(1), "d");
    assert_string_equal(error_of(guest), "forbidden");
    world_send(world, guest, WIRE_LINKS, "us", U(1), "d");
    assert_string_equal(error_of(guest), "forbidden");
    /* Who shows a token is held to it. */
    struct world_connection *bad = hello_with(guarded, "a.b.c");
    assert_int_equal(bad->closed, WIRE_CLOSE_UNAUTHORIZED);
    renew(guarded, guest, token_of(guarded, "bob", HOUR_S, ",\"role\":\"admin\""));
    assert_int_equal(guest->closed, WIRE_CLOSE_FORBIDDEN);
}

/* ---- opening ---- */

static void an_open_that_waits_gives_way_to_what_comes_after_it(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *ann = ann_with_document(guarded);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    set_member(world, ann, "bob", "editor");
    open_fresh(world, ann, "d");
    for (int i = 0; i < 2; i++) {
        edit(world, ann, U(1 + i), U(i), insertion(0, "x")); /* lookups wait for it */
        world_send(world, bob, WIRE_OPEN, "uusnnn", U(10), U(0), "d");
        if (i == 0)
            world_send(world, bob, WIRE_CLOSE, "u", U(0));
        else
            world_send(world, bob, WIRE_OPEN, "uusnnn", U(11), U(0), "d");
        world_commit(world);
        if (i == 0) {
            assert_false(world_find(bob, WIRE_OPENED, &fields));
            continue;
        }
        assert_true(world_find(bob, WIRE_OPENED, &fields));
        get_uint(&fields);
        assert_int_equal(get_uint(&fields), 11);
        assert_false(world_find(bob, WIRE_OPENED, &fields));
    }
    edit(world, ann, 3, 2, insertion(0, "x"));
    world_send(world, bob, WIRE_OPEN, "uusnnn", U(12), U(1), "e");
    world_gone(world, bob); /* nothing is left behind */
    world_commit(world);
}

/* ---- LIST ---- */

static size_t walk(struct world *world, struct world_connection *user, size_t *pages_out)
{
    uint64_t before_ms = 0, before_key = 0;
    size_t found = 0;
    bool more = true;
    for (*pages_out = 0; more; ++*pages_out) {
        struct reader fields;
        uint32_t count;
        size_t asked = world->asked_count;
        world_send(world, user, WIRE_LIST, *pages_out == 0 ? "uunn" : "uuuu", U(5), U(20),
                   before_ms, before_key);
        assert_in_range(world->asked_count - asked, 1, LIMIT_LIST_WALK / LIMIT_LIST_PAGE);
        assert_true(world_find(user, WIRE_DOCUMENTS, &fields));
        get_uint(&fields);
        assert_true(reader_bool(&fields, &more) && reader_array(&fields, &count));
        found += count;
        while (count-- > 0)
            assert_true(reader_skip(&fields));
        before_ms = get_uint(&fields);
        before_key = get_uint(&fields);
    }
    return found;
}

/* However many there are of others, one LIST looks at so many and no more. */
static void one_list_does_not_walk_for_ever(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *boss = admin(guarded);
    size_t pages;
    for (int i = 0; i < 2 * LIMIT_LIST_WALK + 50; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%s%d", i % 700 == 0 ? "mine-" : "other-", i);
        create(world, boss, id, STORE_TEXT);
        world->now_ms++;
        world_forget(boss);
    }
    struct world_connection *ann =
        person(guarded, "ann", HOUR_S, ",\"docs\":{\"mine-*\":\"editor\"}");
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    struct reader fields;
    assert_int_equal(walk(world, ann, &pages), 3);
    assert_int_equal(pages, 3);
    /* A membership shows among the others, and alone it needs no walk. */
    world_send(world, boss, WIRE_MEMBER, "usss", U(1), "other-1", "ann", "viewer");
    world_send(world, boss, WIRE_MEMBER, "usss", U(1), "other-1", "bob", "viewer");
    assert_true(world_find(boss, WIRE_DONE, &fields));
    assert_int_equal(walk(world, ann, &pages), 4);
    assert_int_equal(walk(world, bob, &pages), 1);
    assert_int_equal(pages, 1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, guarded_setup, guarded_teardown)
    const struct CMUnitTest tests[] = {
        CASE(who_creates_a_document_owns_it),
        CASE(an_owner_may_delete_what_is_not_open),
        CASE(a_token_may_allow_creating_and_nothing_else),
        CASE(the_strongest_role_counts),
        CASE(row_108_a_member_s_role_changes_at_once),
        CASE(an_owner_may_go_and_hears_so),
        CASE(a_role_taken_away_while_a_document_opens_is_not_given),
        CASE(members_are_listed_with_their_roles),
        CASE(members_and_links_are_bounded),
        CASE(a_revoked_link_gives_nothing_from_then_on),
        CASE(a_link_is_of_one_document),
        CASE(an_expired_link_gives_nothing_from_then_on),
        CASE(a_link_that_ends_at_0_has_ended),
        CASE(a_link_makes_nobody_an_owner),
        CASE(a_secret_is_told_once_and_kept_nowhere),
        CASE(guests_are_let_in_if_the_operator_says_so),
        CASE(a_guest_may_do_what_links_give_and_nothing_else),
        CASE(an_open_that_waits_gives_way_to_what_comes_after_it),
        CASE(one_list_does_not_walk_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
