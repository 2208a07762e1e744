#include "bench/load/crowd.h"

#include "bench/load/random.h"
#include "bench/load/stamp.h"
#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL   0
#define OPEN_REF  (UINT64_C(1) << 40)
#define LONG_TEXT 2000

/* ---- what is due ------------------------------------------------------------------------------
 */

void client_push_due(struct crowd_due *due, uint64_t us)
{
    if (due->head > 0 && due->head == due->count)
        due->head = due->count = 0;
    due->us = bytes_grow(due->us, &due->capacity, due->count + 1, sizeof *due->us);
    due->us[due->count++] = us;
}

static size_t due_size(const struct crowd_due *due)
{
    return due->count - due->head;
}

bool client_busy(const struct crowd_client *client)
{
    return client->in_flight || due_size(&client->due) > 0;
}

void client_deinit(struct crowd_client *client)
{
    link_drop(&client->link);
    ot_buf_deinit(&client->flight);
    ot_doc_free(client->replica);
    free(client->due.us);
    free(client->sent.us);
}

/* ---- making edits -----------------------------------------------------------------------------
 */

/* About three in five insert, the others replace; a long document is kept from growing. */
static uint64_t draw_deleted(struct crowd *crowd, uint64_t length)
{
    bool is_long = length > LONG_TEXT;

    if (length <= 20 || random_below(&crowd->random, 100) >= (is_long ? 60 : 40))
        return 0;
    return 1 + random_below(&crowd->random, is_long ? 20 : 10);
}

/* Appends one edit at `at` or behind; returns where the next may begin in the old document. */
static uint64_t add_stamped(struct crowd_client *client, uint64_t at, uint64_t end, uint64_t due_us)
{
    struct ot_builder *builder = client->crowd->builder;
    uint64_t deleted = draw_deleted(client->crowd, client->length);
    uint8_t stamp[STAMP_SIZE];

    if (deleted > end - at)
        deleted = end - at;
    stamp_write(due_us, stamp);
    ot_builder_insert(builder, (struct ot_slice){stamp, STAMP_SIZE}, (struct ot_slice){0});
    ot_builder_delete(builder, deleted);
    return at + deleted;
}

/* The document is cut into as many stretches as there are edits, each for a place of its own. */
static void build_stamped(struct crowd_client *client, size_t count)
{
    struct crowd *crowd = client->crowd;
    uint64_t done = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t end = client->length * (i + 1) / count;
        uint64_t at = done + random_below(&crowd->random, end - done + 1);
        ot_builder_retain(crowd->builder, at - done, (struct ot_slice){0});
        done = add_stamped(client, at, end, client->due.us[client->due.head + i]);
    }
}

/* Now and then the caret jumps; one edit in eight takes a character back. */
static void build_typed(struct crowd_client *client, size_t count)
{
    struct crowd *crowd = client->crowd;

    if (client->caret > client->length || random_below(&crowd->random, 100) < 3)
        client->caret = random_below(&crowd->random, client->length + 1);
    if (count == 1 && client->caret > 0 && random_below(&crowd->random, 8) == 0) {
        ot_builder_retain(crowd->builder, --client->caret, (struct ot_slice){0});
        ot_builder_delete(crowd->builder, 1);
        return;
    }
    ot_builder_retain(crowd->builder, client->caret, (struct ot_slice){0});
    for (size_t i = 0; i < count; i++, client->caret++) {
        uint8_t letter = (uint8_t)(random_below(&crowd->random, 6) == 0
                                       ? ' '
                                       : 'a' + (int)random_below(&crowd->random, 26));
        ot_builder_insert(crowd->builder, (struct ot_slice){&letter, 1}, (struct ot_slice){0});
    }
}

void client_send_flight(struct crowd_client *client)
{
    struct ot_buf *message = &client->crowd->message;

    ot_buf_clear(message);
    peer_put_edit(message, CHANNEL, client->seq + 1, client->version,
                  ot_buf_slice(&client->flight));
    link_send(&client->link, ot_buf_slice(message));
}

void client_send(struct crowd_client *client)
{
    size_t count = due_size(&client->due);

    if (count == 0 || client->in_flight || !client->open)
        return;
    size_t most = client->crowd->spec.unfolded ? 1 : CROWD_BATCH_MAX;
    if (count > most)
        count = most;
    if (client->crowd->spec.typing)
        build_typed(client, count);
    else
        build_stamped(client, count);
    ot_buf_clear(&client->flight);
    bytes_must(ot_builder_finish(client->crowd->builder, &client->flight));
    for (size_t i = 0; i < count; i++)
        client_push_due(&client->sent, client->due.us[client->due.head++]);
    client->in_flight = true;
    client_send_flight(client);
}

void crowd_edit(struct crowd_client *client, uint64_t due_us)
{
    struct crowd_tally *tally = &client->crowd->tally;

    tally->made++;
    tally->expected += client->crowd->documents[client->document].members - 1;
    client_push_due(&client->due, due_us);
    client_send(client);
}

void client_retry(struct crowd_client *client)
{
    client->retry_us = 0;
    client->crowd->retrying--;
    if (client->in_flight && client->open)
        client_send_flight(client);
}

/* ---- the log ----------------------------------------------------------------------------------
 */

static void break_off(struct crowd_client *client, const char *what)
{
    crowd_fail(client->crowd, "client %" PRIu32 ": %s", client->index, what);
}

static void change_length(struct crowd_client *client, const struct op_shape *shape)
{
    client->length += shape->inserted;
    if (shape->deleted > client->length)
        break_off(client, "an edit deletes more than there is");
    else
        client->length -= shape->deleted;
}

static void apply_to_replica(struct crowd_client *client, struct ot_slice op)
{
    if (client->replica != NULL &&
        (ot_op_check(op, NULL, NULL) != OT_OK || ot_doc_apply(client->replica, op, NULL) != OT_OK))
        break_off(client, "an edit does not fit the document");
}

static void carry_flight_over(struct crowd_client *client, struct ot_slice op)
{
    struct ot_buf *spare = &client->crowd->spare;

    if (!client->in_flight)
        return;
    ot_buf_clear(spare);
    bytes_must(ot_transform(ot_buf_slice(&client->flight), op, OT_RIGHT, OT_STABLE, spare));
    bytes_swap(spare, &client->flight);
}

static void become_live(struct crowd_client *client)
{
    if (!client->catching || client->version < client->head)
        return;
    client->catching = false;
    if (!client->open)
        client->crowd->opened++;
    client->open = true;
    if (client->in_flight)
        client_send_flight(client);
    else
        client_send(client);
}

static void count_deliveries(struct crowd_client *client, struct ot_slice text)
{
    struct crowd_tally *tally = &client->crowd->tally;
    uint64_t now_us = link_now_us(), age_us;

    while (stamp_next(&text, now_us, &age_us)) {
        histogram_add(&tally->delivery, age_us);
        tally->delivered++;
    }
}

static void take_remote(struct crowd_client *client, uint64_t first, uint64_t last,
                        struct ot_slice op)
{
    struct op_shape shape;

    if (first != client->version + 1 || !op_shape_read(op, &shape)) {
        break_off(client, "the log has a gap, or holds what is no edit");
        return;
    }
    client->version = last;
    count_deliveries(client, shape.text);
    change_length(client, &shape);
    carry_flight_over(client, op);
    apply_to_replica(client, op);
    become_live(client);
}

static void take_ack(struct crowd_client *client, const struct peer_message *message)
{
    struct crowd *crowd = client->crowd;
    uint64_t now_us = link_now_us();
    struct op_shape shape;

    if (message->ack.seq <= client->seq)
        return;
    if (!client->in_flight || message->ack.version != client->version + 1 ||
        message->ack.seq != client->seq + 1) {
        break_off(client, "an acknowledgement does not follow");
        return;
    }
    client->version++;
    client->seq++;
    client->in_flight = false;
    op_shape_read(ot_buf_slice(&client->flight), &shape);
    change_length(client, &shape);
    apply_to_replica(client, ot_buf_slice(&client->flight));
    crowd->documents[client->document].versions++;
    crowd->tally.versions++;
    crowd->tally.saved += due_size(&client->sent);
    for (; client->sent.head < client->sent.count; client->sent.head++)
        histogram_add(&crowd->tally.ack, now_us - client->sent.us[client->sent.head]);
    become_live(client);
    client_send(client);
    if (crowd->saved != NULL)
        crowd->saved(client);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

static void send_open(struct crowd_client *client, bool with_version)
{
    struct ot_buf *message = &client->crowd->message;

    ot_buf_clear(message);
    peer_put_open(message, OPEN_REF, CHANNEL,
                  bytes_of(client->crowd->documents[client->document].id),
                  with_version ? client->epoch : PEER_NONE,
                  with_version ? client->version : PEER_NONE, PEER_NONE);
    link_send(&client->link, ot_buf_slice(message));
}

/* A client without text cannot carry an edit over a snapshot. */
static void take_snapshot(struct crowd_client *client, const struct peer_message *message)
{
    struct ot_op_info info;

    if (ot_op_check(message->opened.snapshot, &info, NULL) || !info.only_inserts) {
        break_off(client, "a snapshot is no document");
        return;
    }
    if (client->in_flight && message->opened.seq <= client->seq)
        break_off(client, "it fell so far behind that an edit is lost");
    client->length = info.inserted_length;
    client->version = message->opened.version;
    client->seq = message->opened.seq;
    if (client->replica == NULL)
        return;
    ot_doc_free(client->replica);
    bytes_must(ot_doc_load(message->opened.snapshot, &client->replica));
}

static void take_opened(struct crowd_client *client, const struct peer_message *message)
{
    if (client->open)
        client->crowd->tally.reopened++;
    if (message->opened.snapshot.data != NULL)
        take_snapshot(client, message);
    else if (message->opened.version != client->version)
        break_off(client, "it was told to go on from another version");
    client->epoch = message->opened.epoch;
    client->head = message->opened.head;
    client->member = message->opened.member;
    client->catching = true;
    become_live(client);
}

static bool code_is(const struct peer_message *message, const char *code)
{
    return bytes_equal(message->error.code, bytes_of(code));
}

static void take_error(struct crowd_client *client, const struct peer_message *message)
{
    struct crowd *crowd = client->crowd;

    crowd->tally.refused++;
    if (message->error.retry_ms != PEER_NONE && client->in_flight) {
        crowd->retrying += client->retry_us == 0;
        client->retry_us = link_now_us() + message->error.retry_ms * 1000 + 1;
    } else if (code_is(message, "too_old")) {
        send_open(client, true);
    } else {
        crowd_fail(crowd, "client %" PRIu32 ": the server refused: %.*s", client->index,
                   (int)message->error.code.size, (const char *)message->error.code.data);
    }
}

/* ---- the link ---------------------------------------------------------------------------------
 */

static void on_ready(struct link *link, const struct peer_message *welcome)
{
    (void)welcome;
    send_open(link->holder, false);
}

static void on_message(struct link *link, const struct peer_message *message)
{
    struct crowd_client *client = link->holder;

    switch (message->kind) {
    case WIRE_EDITED:
        take_remote(client, message->edit.version, message->edit.version, message->edit.op);
        break;
    case WIRE_CATCHUP:
        take_remote(client, message->catchup.first, message->catchup.last, message->catchup.op);
        break;
    case WIRE_ACK:
        take_ack(client, message);
        break;
    case WIRE_OPENED:
        client->crowd->opening -= !client->open;
        take_opened(client, message);
        break;
    case WIRE_ERROR:
        take_error(client, message);
        break;
    case WIRE_CLOSED:
        break_off(client, "the document was closed");
        break;
    default:
        if (client->crowd->other != NULL)
            client->crowd->other(client, message);
    }
}

static void on_closed(struct link *link, unsigned code, const char *error)
{
    struct crowd_client *client = link->holder;

    client->crowd->dropped++;
    crowd_fail(client->crowd, "client %" PRIu32 " lost its connection: %s (close code %u)",
               client->index, error != NULL ? error : "the server closed it", code);
}

const struct link_events crowd_client_events = {on_ready, on_message, on_closed};
