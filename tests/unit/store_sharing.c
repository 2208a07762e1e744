/* Members, links and revocations: kept, bounded, gone with their document, and damage in them
 * found.
 */
#include "unit/store_world.h"

#include "storage/sharing.h"
#include "storage/upkeep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY      1000
#define FOUND_MAX 256

/* ---- members ---- */

static int set_role(struct world *world, int64_t key, const char *subject, unsigned role)
{
    struct store_member member = {.role = role, .at_ms = 7000};
    snprintf(member.subject, sizeof member.subject, "%s", subject);
    int rc = store_member_set(world->store, key, &member, MANY);
    world_step(world);
    return rc;
}

static unsigned role_of(struct world *world, int64_t key, const char *subject)
{
    unsigned role;
    assert_int_equal(store_member_find(world->store, key, subject, &role), STORE_OK);
    return role;
}

static int note_member(void *context, const struct store_member *member)
{
    char *out = context;
    snprintf(out + strlen(out), 200 - strlen(out), "%s:%u ", member->subject, member->role);
    return 0;
}

static void assert_members(struct world *world, int64_t key, const char *expected)
{
    char found[200] = "";
    assert_int_equal(store_members(world->store, key, note_member, found), STORE_OK);
    assert_string_equal(found, expected);
}

static void members_are_given_roles_and_removed(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "d"), other = world_create(world, "e");

    assert_members(world, key, "");
    assert_int_equal(set_role(world, key, "bob", 3), STORE_OK);
    assert_int_equal(set_role(world, key, "ann", 4), STORE_OK);
    assert_int_equal(set_role(world, other, "ann", 1), STORE_OK);
    assert_members(world, key, "ann:4 bob:3 ");
    assert_int_equal(set_role(world, key, "bob", 1), STORE_OK);
    assert_int_equal(role_of(world, key, "bob"), 1);
    assert_int_equal(role_of(world, key, "bo"), 0);
    assert_int_equal(role_of(world, other, "ann"), 1);
    assert_int_equal(set_role(world, key, "ann", 0), STORE_OK);
    assert_int_equal(set_role(world, key, "nobody", 0), STORE_OK);
    assert_members(world, key, "bob:1 ");
    assert_members(world, other, "ann:1 ");
}

static void a_document_is_made_with_its_owner_or_not_at_all(void **state)
{
    struct world *world = *state;
    struct store_document document = {.id = "d", .type = STORE_TEXT};

    assert_int_equal(store_create_owned(world->store, &document, "", 4, 1), STORE_E_INVALID);
    assert_int_equal(store_create_owned(world->store, &document, "ann", 5, 1), STORE_E_INVALID);
    assert_int_equal(store_find(world->store, "d", &document), STORE_E_NOT_FOUND);
    strcpy(document.id, "d");
    assert_int_equal(store_create_owned(world->store, &document, "ann", 4, 1), STORE_OK);
    world_step(world);
    assert_members(world, document.key, "ann:4 ");
}

static void subjects_go_up_to_their_limit(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "d");
    struct store_member member = {.role = 1};

    memset(member.subject, 's', STORE_SUBJECT_MAX);
    assert_int_equal(store_member_set(world->store, key, &member, MANY), STORE_OK);
    assert_int_equal(role_of(world, key, member.subject), 1);
    assert_int_equal(set_role(world, key, "", 1), STORE_E_INVALID);
    assert_int_equal(set_role(world, key, "x", 5), STORE_E_INVALID);
    assert_int_equal(set_role(world, 99, "x", 1), STORE_E_NOT_FOUND);
}

static void there_are_no_more_members_than_may_be(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "d");
    struct store_member member = {.subject = "new", .role = 1};

    for (int i = 0; i < 5; i++) {
        char subject[8];
        snprintf(subject, sizeof subject, "s%d", i);
        assert_int_equal(set_role(world, key, subject, 1), STORE_OK);
    }
    assert_int_equal(store_member_set(world->store, key, &member, 5), STORE_E_LIMIT);
    assert_int_equal(role_of(world, key, "new"), 0);
    strcpy(member.subject, "s3"); /* one of them may be given another role */
    member.role = 2;
    assert_int_equal(store_member_set(world->store, key, &member, 5), STORE_OK);
    assert_int_equal(set_role(world, key, "s0", 0), STORE_OK);
    strcpy(member.subject, "new");
    assert_int_equal(store_member_set(world->store, key, &member, 5), STORE_OK);
}

static void note_id(void *context, const struct store_document *document)
{
    strcat(context, document->id);
}

static void the_documents_of_a_member_are_listed(void **state)
{
    struct world *world = *state;
    char ids[32] = "";
    int64_t keys[5];

    for (int i = 0; i < 5; i++) {
        keys[i] = world_create(world, (char[]){(char)('a' + i), '\0'});
        if (i != 2)
            assert_int_equal(set_role(world, keys[i], "ann", 1), STORE_OK);
    }
    assert_int_equal(store_rename(world->store, keys[1], "t", 9000), STORE_OK);
    assert_int_equal(store_delete(world->store, keys[3]), STORE_OK);
    assert_int_equal(store_list_of(world->store, "ann", INT64_MAX, INT64_MAX, 10, note_id, ids),
                     STORE_OK);
    assert_string_equal(ids, "bea");
    ids[0] = '\0';
    assert_int_equal(store_list_of(world->store, "ann", 1000, keys[4], 1, note_id, ids), STORE_OK);
    assert_string_equal(ids, "a");
    ids[0] = '\0';
    assert_int_equal(store_list_of(world->store, "bob", INT64_MAX, INT64_MAX, 9, note_id, ids),
                     STORE_OK);
    assert_string_equal(ids, "");
}

/* ---- links ---- */

static struct store_link link_of(uint64_t number)
{
    struct store_link link = {
        .number = number, .role = 2, .label = "for all", .created_ms = (int64_t)number};
    memset(link.hash, (int)number, sizeof link.hash);
    return link;
}

static int note_link(void *context, const struct store_link *link)
{
    char *out = context;
    snprintf(out + strlen(out), 200 - strlen(out), "%d:%u:%s:%d ", (int)link->number, link->role,
             link->label, (int)link->expires_ms);
    return 0;
}

static void assert_links(struct world *world, int64_t key, const char *expected)
{
    char found[200] = "";
    assert_int_equal(store_links(world->store, key, note_link, found), STORE_OK);
    assert_string_equal(found, expected);
}

static void links_are_found_by_their_hash_until_they_are_removed(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "d"), other = world_create(world, "e");
    struct store_link found, link = link_of(7);

    link.expires_ms = 5;
    assert_int_equal(store_link_add(world->store, key, &link, MANY), STORE_OK);
    world_step(world);
    assert_int_equal(store_link_find(world->store, key, link.hash, &found), STORE_OK);
    assert_memory_equal(&found, &link, sizeof link);
    assert_int_equal(store_link_find(world->store, other, link.hash, &found), STORE_E_NOT_FOUND);
    link = link_of(3);
    assert_int_equal(store_link_add(world->store, key, &link, MANY), STORE_OK);
    assert_links(world, key, "3:2:for all:0 7:2:for all:5 ");
    assert_int_equal(store_link_remove(world->store, key, 7), STORE_OK);
    assert_int_equal(store_link_remove(world->store, key, 7), STORE_OK);
    assert_int_equal(store_link_remove(world->store, other, 3), STORE_OK);
    world_step(world);
    assert_links(world, key, "3:2:for all:0 ");
    link = link_of(7);
    assert_int_equal(store_link_find(world->store, key, link.hash, &found), STORE_E_NOT_FOUND);
    assert_int_equal(store_link_remove(world->store, 99, 7), STORE_E_NOT_FOUND);
}

static void links_outside_the_rules_are_refused(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "d");
    struct store_link link = link_of(1);

    assert_int_equal(store_link_add(world->store, key, &link, 2), STORE_OK);
    assert_int_equal(store_link_add(world->store, key, &link, 2), STORE_E_EXISTS);
    link.number = 2; /* of the same hash */
    assert_int_equal(store_link_add(world->store, key, &link, 2), STORE_E_EXISTS);
    link = link_of(2);
    link.role = 5;
    assert_int_equal(store_link_add(world->store, key, &link, 2), STORE_E_INVALID);
    link = link_of(2);
    assert_int_equal(store_link_add(world->store, 99, &link, 2), STORE_E_NOT_FOUND);
    assert_int_equal(store_link_add(world->store, key, &link, 2), STORE_OK);
    link = link_of(3);
    assert_int_equal(store_link_add(world->store, key, &link, 2), STORE_E_LIMIT);
    assert_links(world, key, "1:2:for all:0 2:2:for all:0 ");
}

static void a_deleted_document_takes_them_with_it(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "d");
    struct store_link link = link_of(1);
    unsigned role;

    for (int i = 0; i < 900; i++) {
        struct store_member member = {.role = 1};
        snprintf(member.subject, sizeof member.subject, "s%d", i);
        assert_int_equal(store_member_set(world->store, key, &member, MANY), STORE_OK);
    }
    assert_int_equal(store_link_add(world->store, key, &link, 2), STORE_OK);
    assert_int_equal(store_delete(world->store, key), STORE_OK);
    world_step(world);
    assert_int_equal(store_member_find(world->store, key, "s1", &role), STORE_E_NOT_FOUND);
    assert_int_equal(store_link_find(world->store, key, link.hash, &link), STORE_E_NOT_FOUND);
    assert_int_equal(set_role(world, key, "s1", 1), STORE_E_NOT_FOUND);
    for (int i = 0; i < 20; i++)
        assert_int_equal(store_idle(world->store), STORE_OK);
    world_close(world);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM members"), 0);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM links"), 0);
    assert_int_equal(world_sql_number(world, "SELECT state FROM documents"), 2);
    world_open(world);
}

/* ---- revocations ---- */

static int note_revocation(void *context, const struct store_revocation *revocation)
{
    char *out = context;
    snprintf(out + strlen(out), 200 - strlen(out), "%d:%s:%d:%d ", (int)revocation->kind,
             revocation->name, (int)revocation->before_s, (int)revocation->until_s);
    return 0;
}

static void assert_revocations(struct world *world, const char *expected)
{
    char found[200] = "";
    assert_int_equal(store_revocations(world->store, note_revocation, found), STORE_OK);
    assert_string_equal(found, expected);
}

static void revocations_stay_until_they_are_of_no_use(void **state)
{
    struct world *world = *state;
    struct store_revocation ann = {STORE_REVOKED_SUBJECT, "ann", 10, 100};
    struct store_revocation one = {STORE_REVOKED_TOKEN, "ann", 0, 50};

    assert_int_equal(store_revoke(world->store, &ann, 2), STORE_OK);
    assert_int_equal(store_revoke(world->store, &one, 2), STORE_OK);
    world_step(world);
    assert_revocations(world, "1:ann:0:50 2:ann:10:100 ");
    ann.before_s = 20;
    assert_int_equal(store_revoke(world->store, &ann, 2), STORE_OK);
    strcpy(one.name, "two");
    assert_int_equal(store_revoke(world->store, &one, 2), STORE_E_LIMIT);
    one.name[0] = '\0';
    assert_int_equal(store_revoke(world->store, &one, 2), STORE_E_INVALID);
    assert_int_equal(store_revocations_clean(world->store, 50), STORE_OK);
    assert_revocations(world, "1:ann:0:50 2:ann:20:100 ");
    assert_int_equal(store_revocations_clean(world->store, 51), STORE_OK);
    world_step(world);
    assert_revocations(world, "2:ann:20:100 ");
}

/* ---- damage ---- */

static void note_finding(void *context, const struct store_finding *finding)
{
    char *out = context;
    snprintf(out, FOUND_MAX, "%d %s", (int)finding->key, finding->text);
}

static void a_changed_row_is_found(void **state)
{
    static const struct {
        const char *sql, *undo, *finding;
        int member, link, revocation;
    } damages[] = {
        {"UPDATE members SET role = 4", "UPDATE members SET role = 1",
         "1 member \"ann\" does not match its checksum", STORE_E_CORRUPT, STORE_OK, STORE_OK},
        {"UPDATE members SET at_ms = 4", "UPDATE members SET at_ms = 7000",
         "1 member \"ann\" does not match its checksum", STORE_E_CORRUPT, STORE_OK, STORE_OK},
        {"UPDATE links SET role = 4", "UPDATE links SET role = 2",
         "1 link 1 does not match its checksum", STORE_OK, STORE_E_CORRUPT, STORE_OK},
        {"UPDATE links SET expires_ms = 4", "UPDATE links SET expires_ms = 0",
         "1 link 1 does not match its checksum", STORE_OK, STORE_E_CORRUPT, STORE_OK},
        {"UPDATE revocations SET before_s = 0", "UPDATE revocations SET before_s = 10",
         "0 the revocation of \"ann\" does not match its checksum", STORE_OK, STORE_OK,
         STORE_E_CORRUPT},
    };
    struct world *world = *state;
    int64_t key = world_create(world, "d");
    struct store_revocation revoked = {STORE_REVOKED_SUBJECT, "ann", 10, 100};
    struct store_link link = link_of(1);
    char found[FOUND_MAX];
    unsigned role;

    assert_int_equal(set_role(world, key, "ann", 1), STORE_OK);
    assert_int_equal(store_link_add(world->store, key, &link, 2), STORE_OK);
    assert_int_equal(store_revoke(world->store, &revoked, 2), STORE_OK);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        world_close(world);
        world_sql(world, damages[i].sql);
        world_open(world);
        assert_int_equal(store_member_find(world->store, key, "ann", &role), damages[i].member);
        assert_int_equal(store_members(world->store, key, note_member, (char[200]){""}),
                         damages[i].member);
        assert_int_equal(store_link_find(world->store, key, link.hash, &link), damages[i].link);
        assert_int_equal(store_links(world->store, key, note_link, (char[200]){""}),
                         damages[i].link);
        assert_int_equal(store_revocations(world->store, note_revocation, (char[200]){""}),
                         damages[i].revocation);
        found[0] = '\0';
        assert_int_equal(store_verify_file(world->store, note_finding, found), STORE_OK);
        assert_int_equal(store_verify_document(world->store, key, note_finding, found), STORE_OK);
        assert_string_equal(found, damages[i].finding);
        world_close(world);
        world_sql(world, damages[i].undo);
        world_open(world);
    }
    found[0] = '\0';
    assert_int_equal(store_verify_file(world->store, note_finding, found), STORE_OK);
    assert_int_equal(store_verify_document(world->store, key, note_finding, found), STORE_OK);
    assert_string_equal(found, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(members_are_given_roles_and_removed),
        WORLD_TEST(a_document_is_made_with_its_owner_or_not_at_all),
        WORLD_TEST(subjects_go_up_to_their_limit),
        WORLD_TEST(there_are_no_more_members_than_may_be),
        WORLD_TEST(the_documents_of_a_member_are_listed),
        WORLD_TEST(links_are_found_by_their_hash_until_they_are_removed),
        WORLD_TEST(links_outside_the_rules_are_refused),
        WORLD_TEST(a_deleted_document_takes_them_with_it),
        WORLD_TEST(revocations_stay_until_they_are_of_no_use),
        {"a_changed_row_is_found", a_changed_row_is_found, world_setup_plain, world_teardown, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
