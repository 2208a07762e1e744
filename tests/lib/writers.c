#include "lib/writers.h"

#include "lib/secrets.h"
#include "tools/peer/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REF      1
#define TYPE     2
#define EDIT_MAX 65536
#define NAME     SECRET_MARK " name"
#define TITLE    SECRET_MARK " title"
#define WORDS    SECRET_MARK " text"
/* Long enough for any machine; a run that gets here has failed. */
#define PATIENCE_US UINT64_C(120000000)

struct acknowledged {
    uint64_t version, client, seq;
};

struct writer {
    struct writers *writers;
    struct link link;
    uint64_t client;
    uint64_t version; /* reached */
    uint64_t seq;     /* of the last edit that was sent */
    bool open, closed;
};

struct writers {
    struct loop *loop;
    struct ws_url url;
    struct ot_buf op;
    size_t count, closed;
    struct writer list[WRITERS_MAX];
    struct acknowledged *acks;
    size_t ack_count, ack_capacity;
};

static struct ot_slice text(const char *words)
{
    return (struct ot_slice){(const uint8_t *)words, strlen(words)};
}

static void send_edit(struct writer *writer)
{
    struct ot_buf out = {0};
    peer_put_edit(&out, 0, ++writer->seq, writer->version, ot_buf_slice(&writer->writers->op));
    link_send(&writer->link, ot_buf_slice(&out));
    ot_buf_deinit(&out);
}

static void send_open(struct writer *writer)
{
    struct ot_buf out = {0};
    peer_put_open(&out, REF, 0, text(WRITERS_DOCUMENT), PEER_NONE, PEER_NONE, PEER_NONE);
    link_send(&writer->link, ot_buf_slice(&out));
    ot_buf_deinit(&out);
}

static void note_ack(struct writer *writer, uint64_t version, uint64_t seq)
{
    struct writers *writers = writer->writers;
    if (writers->ack_count == writers->ack_capacity) {
        writers->ack_capacity = writers->ack_capacity ? writers->ack_capacity * 2 : 1024;
        writers->acks = realloc(writers->acks, writers->ack_capacity * sizeof(*writers->acks));
        assert_non_null(writers->acks);
    }
    writers->acks[writers->ack_count++] = (struct acknowledged){version, writer->client, seq};
}

/* The first to be welcomed makes the document; the others find that it exists. */
static void on_ready(struct link *link, const struct peer_message *welcome)
{
    struct writer *writer = link->holder;
    struct ot_buf out = {0};
    writer->client = welcome->welcome.client;
    secret_plant("client key", welcome->welcome.key.data, welcome->welcome.key.size);
    peer_put_create(&out, REF, TYPE, text(TITLE), text(WRITERS_DOCUMENT));
    link_send(link, ot_buf_slice(&out));
    ot_buf_deinit(&out);
}

static void on_message(struct link *link, const struct peer_message *message)
{
    struct writer *writer = link->holder;
    switch (message->kind) {
    case WIRE_DONE:
        send_open(writer);
        break;
    case WIRE_ERROR:
        if (!writer->open)
            send_open(writer);
        break;
    case WIRE_OPENED:
        writer->version = message->opened.version;
        writer->open = true;
        send_edit(writer);
        break;
    case WIRE_EDITED:
        writer->version = message->edit.version;
        break;
    case WIRE_CATCHUP:
        writer->version = message->catchup.last;
        break;
    case WIRE_ACK:
        writer->version = message->ack.version;
        note_ack(writer, message->ack.version, message->ack.seq);
        send_edit(writer);
        break;
    default:
        break;
    }
}

static void on_closed(struct link *link, unsigned code, const char *error)
{
    struct writer *writer = link->holder;
    (void)code;
    (void)error;
    writer->closed = true;
    writer->writers->closed++;
}

static const struct link_events events = {
    .ready = on_ready,
    .message = on_message,
    .closed = on_closed,
};

static void make_op(struct ot_buf *op, size_t edit_bytes)
{
    static char letters[EDIT_MAX];
    assert_in_range(edit_bytes, 1, EDIT_MAX);
    memset(letters, 'x', edit_bytes);
    if (edit_bytes >= strlen(WORDS))
        memcpy(letters, WORDS, strlen(WORDS));
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    assert_non_null(builder);
    ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)letters, edit_bytes},
                      (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, op), OT_OK);
    ot_builder_free(builder);
}

struct writers *writers_start(unsigned port, size_t count, size_t edit_bytes)
{
    struct writers *writers = calloc(1, sizeof(*writers));
    char address[64];
    const char *error = NULL;
    assert_non_null(writers);
    assert_in_range(count, 1, WRITERS_MAX);
    snprintf(address, sizeof(address), "ws://127.0.0.1:%u/ws", port);
    if (ws_url_parse(address, &writers->url, &error) != 0)
        fail_msg("%s", error);
    make_op(&writers->op, edit_bytes);
    writers->loop = loop_new();
    secret_plant_text("name", NAME);
    secret_plant_text("title", TITLE);
    secret_plant_text("document text", WORDS);
    writers->count = count;
    struct link_hello hello = {.name = text(NAME), .color = text("#123456"), .client = PEER_NONE};
    for (size_t i = 0; i < count; i++) {
        struct writer *writer = &writers->list[i];
        writer->writers = writers;
        link_open(&writer->link, writers->loop, &writers->url, &hello, &events, writer);
    }
    return writers;
}

uint64_t writers_run(struct writers *writers, uint64_t acknowledged)
{
    uint64_t until_us = link_now_us() + PATIENCE_US;
    while (writers->ack_count < acknowledged && writers->closed < writers->count) {
        loop_turn(writers->loop, until_us);
        if (link_now_us() >= until_us)
            fail_msg("only %zu edits were acknowledged", writers->ack_count);
    }
    return writers->ack_count;
}

uint64_t writers_run_to_the_end(struct writers *writers)
{
    return writers_run(writers, UINT64_MAX);
}

/* ---- what is on disk ---- */

struct stored {
    struct acknowledged *edits; /* of version 1, 2, ... */
    uint64_t count;
};

static int keep_stored(void *context, const struct store_edit *edit)
{
    struct stored *stored = context;
    assert_int_equal(edit->version, stored->count + 1);
    stored->edits[stored->count++] = (struct acknowledged){edit->version, edit->client, edit->seq};
    return 0;
}

void writers_check(const struct writers *writers, struct store *store)
{
    writers_check_first(writers, store, writers->ack_count);
}

void writers_check_first(const struct writers *writers, struct store *store, uint64_t acknowledged)
{
    struct store_document document;
    struct store_head head;
    struct stored stored = {0};
    assert_int_equal(store_find(store, WRITERS_DOCUMENT, &document), STORE_OK);
    assert_int_equal(store_load(store, document.key, &head), STORE_OK);
    stored.edits = calloc(head.version + 1, sizeof(*stored.edits));
    assert_non_null(stored.edits);
    assert_int_equal(store_history(store, document.key, 1, head.version, keep_stored, &stored),
                     STORE_OK);
    assert_int_equal(stored.count, head.version);
    assert_in_range(acknowledged, 0, writers->ack_count);
    for (size_t i = 0; i < acknowledged; i++) {
        const struct acknowledged *ack = &writers->acks[i];
        assert_in_range(ack->version, 1, stored.count);
        const struct acknowledged *edit = &stored.edits[ack->version - 1];
        assert_int_equal(edit->client, ack->client);
        assert_int_equal(edit->seq, ack->seq);
    }
    free(stored.edits);
}

void writers_free(struct writers *writers)
{
    for (size_t i = 0; i < writers->count; i++)
        link_drop(&writers->list[i].link);
    loop_free(writers->loop);
    ot_buf_deinit(&writers->op);
    free(writers->acks);
    free(writers);
}
