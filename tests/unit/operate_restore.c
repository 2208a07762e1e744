/*
 * Somebody who has seen, and been told is saved, what a restored database does not have: the new
 * epoch keeps them from going on from there, and their own edits are offered again.
 */
#include "lib/operate_world.h"
#include "server/operate/content.h"
#include "tools/peer/bytes.h"
#include "tools/peer/link.h"
#include "tools/peer/session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT "notes"
#define TYPE     2 /* plain text */
/* Long enough for any machine; a run that gets here has failed. */
#define PATIENCE_US UINT64_C(60000000)

struct person {
    struct loop *loop;
    struct link link;
    struct session *session;
    uint64_t client;
    uint8_t key[64];
    size_t key_size;
    bool connected;
    unsigned snapshots; /* documents that were sent whole */
};

static void on_send(void *context, struct ot_slice message)
{
    struct person *person = context;
    link_send(&person->link, message);
}

static void on_ready(struct link *link, const struct peer_message *welcome)
{
    struct person *person = link->holder;
    struct ot_buf out = {0};
    person->client = welcome->welcome.client;
    person->key_size = welcome->welcome.key.size;
    assert_in_range(person->key_size, 1, sizeof(person->key));
    memcpy(person->key, welcome->welcome.key.data, person->key_size);
    peer_put_create(&out, 99, TYPE, bytes_of("Notes"), bytes_of(DOCUMENT));
    link_send(link, ot_buf_slice(&out));
    ot_buf_deinit(&out);
}

static void on_message(struct link *link, const struct peer_message *message)
{
    struct person *person = link->holder;
    bool made =
        message->kind == WIRE_DONE || (message->kind == WIRE_ERROR && !message->error.has_channel);
    if (made && !person->connected) {
        person->connected = true;
        session_connect(person->session);
    } else if (!made) {
        person->snapshots += message->kind == WIRE_OPENED && message->opened.snapshot.data != NULL;
        assert_int_equal(session_receive(person->session, message), 0);
    }
}

static void on_closed(struct link *link, unsigned code, const char *error)
{
    (void)link;
    (void)code;
    (void)error;
}

static const struct link_events events = {on_ready, on_message, on_closed};

static void person_init(struct person *person)
{
    *person = (struct person){.loop = loop_new(), .client = PEER_NONE};
    person->session =
        session_new(DOCUMENT, 0, &(struct session_env){.context = person, .send = on_send});
}

static void person_connect(struct person *person, unsigned port)
{
    char address[64];
    const char *error;
    struct ws_url url;
    struct link_hello hello = {.name = bytes_of("Ann"),
                               .color = bytes_of("#123456"),
                               .client = person->client,
                               .key = {person->key, person->key_size}};
    snprintf(address, sizeof(address), "ws://127.0.0.1:%u/ws", port);
    assert_int_equal(ws_url_parse(address, &url, &error), 0);
    person->connected = false;
    link_open(&person->link, person->loop, &url, &hello, &events, person);
}

static void person_disconnect(struct person *person)
{
    link_drop(&person->link);
    session_disconnect(person->session);
}

static void person_deinit(struct person *person)
{
    person_disconnect(person);
    session_free(person->session);
    loop_free(person->loop);
}

static void person_settle(struct person *person)
{
    uint64_t until_us = link_now_us() + PATIENCE_US;
    while (!session_settled(person->session)) {
        loop_turn(person->loop, until_us);
        if (link_now_us() >= until_us)
            fail_msg("what was typed was not saved");
    }
}

static void person_type(struct person *person, const char *text)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf op = {0};
    ot_builder_retain(builder, ot_doc_length(session_shown(person->session)), (struct ot_slice){0});
    ot_builder_insert(builder, bytes_of(text), (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    assert_int_equal(session_edit(person->session, ot_buf_slice(&op)), OT_OK);
    ot_buf_deinit(&op);
    ot_builder_free(builder);
}

static void assert_shown(const struct person *person, const char *text)
{
    struct ot_buf shown = {0};
    assert_int_equal(ot_doc_text(session_shown(person->session), &shown), OT_OK);
    assert_int_equal(shown.size, strlen(text));
    assert_memory_equal(shown.data, text, shown.size);
    ot_buf_deinit(&shown);
}

static void stop(struct process *server)
{
    process_signal(server, SIGTERM);
    assert_int_equal(process_end(server), 0);
}

static void
who_comes_from_a_lost_future_fetches_the_document_and_offers_again_what_is_lost(void **state)
{
    const struct place *place = *state;
    struct process server;
    struct person ann, ben;
    person_init(&ann);
    person_init(&ben);

    unsigned port = process_serve(&server, place->data, NULL);
    person_connect(&ann, port);
    person_settle(&ann);
    person_type(&ann, "kept ");
    person_settle(&ann);
    quire(0, "backup.db: ", "backup", "--data", place->data, place->backup);
    person_type(&ann, "lost ");
    person_settle(&ann);
    assert_int_equal(session_version(ann.session), 2);
    assert_int_equal(ann.snapshots, 1);
    person_disconnect(&ann);
    person_type(&ann, "unsaved");
    stop(&server);

    quire(0, "1 document restored", "restore", "--force", "--data", place->data, place->backup);
    port = process_serve(&server, place->data, NULL);
    /* By the time that the first one is back, her version exists again, and is another. */
    person_connect(&ben, port);
    person_settle(&ben);
    assert_shown(&ben, "kept ");
    person_type(&ben, "new ");
    person_settle(&ben);
    person_type(&ben, "newer ");
    person_settle(&ben);
    assert_int_equal(session_version(ben.session), 3);

    person_connect(&ann, port);
    person_settle(&ann);
    assert_int_equal(ann.snapshots, 2);
    assert_int_equal(session_version(ann.session), 4);
    struct ot_buf shown = {0};
    assert_int_equal(ot_doc_text(session_shown(ann.session), &shown), OT_OK);
    assert_int_equal(ot_buf_append(&shown, "", 1), OT_OK);
    assert_holds((const char *)shown.data, "kept ");
    assert_holds((const char *)shown.data, "new newer ");
    assert_holds((const char *)shown.data, "unsaved");
    assert_holds((const char *)shown.data, "lost unsaved");

    person_deinit(&ann);
    person_deinit(&ben);
    stop(&server);
    const char *stored =
        quire(0, "unsaved", "export", "--format", "text", "--data", place->data, DOCUMENT);
    assert_string_equal(stored, (const char *)shown.data);
    ot_buf_deinit(&shown);
    quire(0, "1 document, 4 edits: all is well", "verify", "--data", place->data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            who_comes_from_a_lost_future_fetches_the_document_and_offers_again_what_is_lost,
            place_setup, place_teardown),
    };
    return cmocka_run_group_tests_name("operate_restore", tests, NULL, NULL);
}
