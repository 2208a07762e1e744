#include "bench/load/crowd.h"

#include "bench/load/random.h"
#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_US UINT64_C(60000000)
#define QUIET_US    UINT64_C(100000)
#define TURN_US     UINT64_C(10000)
#define TYPE_TEXT   2
/* Documents that are being made at once. */
#define MAKING_MAX 64

void crowd_fail(struct crowd *crowd, const char *format, ...)
{
    va_list arguments;

    if (crowd->error[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(crowd->error, sizeof crowd->error, format, arguments);
    va_end(arguments);
}

static bool failed(const struct crowd *crowd)
{
    return crowd->error[0] != '\0';
}

/* ---- somebody who makes the documents ---------------------------------------------------------
 */

struct maker {
    struct crowd *crowd;
    struct link link;
    uint32_t asked, made;
};

static void ask_more(struct maker *maker)
{
    struct crowd *crowd = maker->crowd;
    struct link *link = &maker->link;

    for (; maker->asked < crowd->spec.documents && maker->asked < maker->made + MAKING_MAX;
         maker->asked++) {
        ot_buf_clear(&crowd->message);
        peer_put_create(&crowd->message, maker->asked, TYPE_TEXT, bytes_of("Load"),
                        bytes_of(crowd->documents[maker->asked].id));
        link_send(link, ot_buf_slice(&crowd->message));
    }
}

static void maker_ready(struct link *link, const struct peer_message *welcome)
{
    (void)welcome;
    ask_more(link->holder);
}

static void maker_message(struct link *link, const struct peer_message *message)
{
    struct maker *maker = link->holder;

    if (message->kind == WIRE_DONE) {
        maker->made++;
        ask_more(maker);
    } else if (message->kind == WIRE_ERROR) {
        crowd_fail(maker->crowd, "a document cannot be made: %.*s", (int)message->error.text.size,
                   (const char *)message->error.text.data);
    }
}

static void maker_closed(struct link *link, unsigned code, const char *error)
{
    struct maker *maker = link->holder;
    crowd_fail(maker->crowd, "no connection: %s (close code %u)",
               error != NULL ? error : "the server closed it", code);
}

static const struct link_events maker_events = {maker_ready, maker_message, maker_closed};

struct ot_slice crowd_token(const struct crowd *crowd, size_t i)
{
    const struct crowd_spec *spec = &crowd->spec;
    return spec->token_count == 0 ? (struct ot_slice){0}
                                  : bytes_of(spec->tokens[i % spec->token_count]);
}

static struct link_hello hello_of(const struct crowd *crowd, size_t i)
{
    return (struct link_hello){.token = crowd_token(crowd, i),
                               .name = bytes_of("Load"),
                               .color = bytes_of("#2266cc"),
                               .client = PEER_NONE};
}

static void make_documents(struct crowd *crowd)
{
    struct maker maker = {.crowd = crowd};
    struct link_hello hello = hello_of(crowd, 0);
    uint64_t end_us = link_now_us() + PATIENCE_US, mark = link_now_us();

    for (uint32_t i = 0; i < crowd->spec.documents; i++)
        snprintf(crowd->documents[i].id, sizeof crowd->documents[i].id, "load-%" PRIx64 "-%" PRIu32,
                 mark, i);
    link_open(&maker.link, crowd->loop, crowd->url, &hello, &maker_events, &maker);
    while (!failed(crowd) && maker.made < crowd->spec.documents) {
        loop_turn(crowd->loop, link_now_us() + TURN_US);
        if (link_now_us() > end_us)
            crowd_fail(crowd, "the documents were not made in time");
    }
    link_drop(&maker.link);
}

/* ---- joining ----------------------------------------------------------------------------------
 */

static void prepare_clients(struct crowd *crowd)
{
    uint32_t per_document = crowd->spec.editors + crowd->spec.readers;

    for (size_t i = 0; i < crowd->client_count; i++) {
        struct crowd_client *client = &crowd->clients[i];
        uint32_t place = (uint32_t)(i % per_document);
        client->crowd = crowd;
        client->index = (uint32_t)i;
        client->document = (uint32_t)(i / per_document);
        client->reads_only = place >= crowd->spec.editors;
        crowd->documents[client->document].members++;
        if (!client->reads_only)
            crowd->editors[crowd->editor_count++] = client;
        if (crowd->spec.replicas && place == 0) {
            client->replica = ot_doc_new();
            bytes_must(client->replica == NULL ? OT_E_MEMORY : OT_OK);
        }
    }
}

static void join(struct crowd *crowd)
{
    uint64_t end_us = link_now_us() + PATIENCE_US;
    size_t begun = 0;

    while (!failed(crowd) && crowd->opened < crowd->client_count) {
        for (; begun < crowd->client_count && crowd->opening < CROWD_OPENING_MAX; begun++) {
            struct crowd_client *client = &crowd->clients[begun];
            struct link_hello hello = hello_of(crowd, begun);
            crowd->opening++;
            link_open(&client->link, crowd->loop, crowd->url, &hello, &crowd_client_events, client);
        }
        loop_turn(crowd->loop, link_now_us() + TURN_US);
        if (link_now_us() > end_us)
            crowd_fail(crowd, "only %zu of %zu clients could join in time", crowd->opened,
                       crowd->client_count);
    }
}

int crowd_init(struct crowd *crowd, struct loop *loop, const struct ws_url *url,
               const struct crowd_spec *spec, uint64_t seed)
{
    *crowd = (struct crowd){.loop = loop, .url = url, .spec = *spec, .random = seed | 1};
    crowd->client_count = (size_t)spec->documents * (spec->editors + spec->readers);
    crowd->documents = bytes_alloc(spec->documents, sizeof *crowd->documents);
    crowd->clients = bytes_alloc(crowd->client_count, sizeof *crowd->clients);
    crowd->editors = bytes_alloc((size_t)spec->documents * spec->editors, sizeof *crowd->editors);
    crowd->builder = ot_builder_new(OT_STABLE);
    bytes_must(crowd->builder == NULL ? OT_E_MEMORY : OT_OK);
    make_documents(crowd);
    prepare_clients(crowd);
    join(crowd);
    return failed(crowd) ? -1 : 0;
}

void crowd_deinit(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->client_count; i++)
        client_deinit(&crowd->clients[i]);
    free(crowd->documents);
    free(crowd->clients);
    free(crowd->editors);
    ot_builder_free(crowd->builder);
    ot_buf_deinit(&crowd->op);
    ot_buf_deinit(&crowd->spare);
    ot_buf_deinit(&crowd->message);
}

void crowd_reset_tally(struct crowd *crowd)
{
    memset(&crowd->tally, 0, sizeof crowd->tally);
}

uint64_t crowd_bytes_in(const struct crowd *crowd)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < crowd->client_count; i++)
        bytes += crowd->clients[i].link.ws.bytes_in;
    return bytes;
}

/* ---- the load ---------------------------------------------------------------------------------
 */

static void retry_due(struct crowd *crowd)
{
    uint64_t now_us = link_now_us();

    for (size_t i = 0; crowd->retrying > 0 && i < crowd->client_count; i++)
        if (crowd->clients[i].retry_us > 0 && crowd->clients[i].retry_us <= now_us)
            client_retry(&crowd->clients[i]);
}

void crowd_turn(struct crowd *crowd, uint64_t until_us)
{
    uint64_t soon_us = link_now_us() + TURN_US;

    loop_turn(crowd->loop, until_us < soon_us || crowd->retrying == 0 ? until_us : soon_us);
    retry_due(crowd);
}

void crowd_wait(struct crowd *crowd, uint64_t us)
{
    uint64_t end_us = link_now_us() + us;
    while (link_now_us() < end_us)
        crowd_turn(crowd, end_us);
}

void crowd_load(struct crowd *crowd, double rate, double secs)
{
    uint64_t begin_us = link_now_us(), end_us = begin_us + (uint64_t)(secs * 1e6), due_us;

    for (uint64_t k = 1; !failed(crowd); k++) {
        due_us = begin_us + (uint64_t)((double)k * 1e6 / rate);
        if (due_us > end_us)
            break;
        while (link_now_us() < due_us && !failed(crowd))
            crowd_turn(crowd, due_us);
        crowd_edit(crowd->editors[random_below(&crowd->random, crowd->editor_count)], due_us);
        /* However many are due, what has arrived is not kept waiting. */
        if (k % 64 == 0)
            crowd_turn(crowd, 0);
    }
    while (link_now_us() < end_us && !failed(crowd))
        crowd_turn(crowd, end_us);
}

static bool all_level(const struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->client_count; i++) {
        const struct crowd_client *client = &crowd->clients[i];
        if (client_busy(client) || !client->open ||
            client->version < crowd->documents[client->document].versions)
            return false;
    }
    return true;
}

int crowd_settle(struct crowd *crowd, uint64_t ms)
{
    uint64_t end_us = link_now_us() + ms * 1000;

    while (!failed(crowd) && !all_level(crowd)) {
        if (link_now_us() > end_us)
            return -1;
        crowd_turn(crowd, link_now_us() + TURN_US);
    }
    return failed(crowd) ? -1 : 0;
}

int crowd_prefill(struct crowd *crowd, size_t size)
{
    static const char words[] = "lorem ipsum dolor sit amet ";
    struct ot_buf text = {0};

    while (text.size < size)
        bytes_put(&text, &words[text.size % (sizeof words - 1)], 1);
    for (size_t i = 0; i < crowd->editor_count && size > 0; i += crowd->spec.editors) {
        struct crowd_client *client = crowd->editors[i];
        ot_builder_insert(crowd->builder, ot_buf_slice(&text), (struct ot_slice){0});
        ot_buf_clear(&client->flight);
        bytes_must(ot_builder_finish(crowd->builder, &client->flight));
        client->in_flight = true;
        client_send_flight(client);
    }
    ot_buf_deinit(&text);
    if (crowd_settle(crowd, PATIENCE_US / 1000) != 0)
        crowd_fail(crowd, "the documents could not be filled");
    crowd_turn(crowd, link_now_us() + QUIET_US);
    return failed(crowd) ? -1 : 0;
}
