/*
 * One client against a server that is a log (tools/replay/solo.h), under a seed. Both ways messages
 * are under way for some time; the server folds, repeats, refuses and lets go, connections break
 * with the last edit stored or not, the server goes back to an earlier state, and somebody else
 * edits the same places.
 *
 * Left out is what clients may do as they like. An edit carried over a snapshot depends on how the
 * difference to it is expressed: snapshots for a client with something unsaved differ by inserts or
 * deletes alone, of characters that occur once, which can be expressed in one way only. An edit of
 * which nothing is left need not be sent again: a case ends before it.
 */
#include "vectors.h"

#include "partner.h"
#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SEED       2026
#define STEPS      70
#define SETTLE_MAX 400

/* ---- the line ---- */

static void put_text(struct play *play, const char *text)
{
    bytes_put(&play->text, text, strlen(text));
}

static void put_hex(struct play *play, struct ot_slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t *two = bytes_extend(&play->text, 2);
        two[0] = (uint8_t)digits[bytes.data[i] >> 4];
        two[1] = (uint8_t)digits[bytes.data[i] & 15];
    }
}

static void put_step(struct play *play, const char *name, struct ot_slice bytes)
{
    put_text(play, play->text.size == 0 ? "[[\"" : ",[\"");
    put_text(play, name);
    if (bytes.data != NULL) {
        put_text(play, "\",\"");
        put_hex(play, bytes);
    }
    put_text(play, "\"]");
}

static void put_document(struct play *play, const struct ot_doc *doc)
{
    struct ot_buf snapshot = {0};
    bytes_must(ot_doc_snapshot(doc, &snapshot));
    put_text(play, "\"");
    put_hex(play, ot_buf_slice(&snapshot));
    put_text(play, "\",");
    ot_buf_deinit(&snapshot);
}

static void put_checkpoint(struct play *play)
{
    char numbers[64];
    if (play->over) {
        return;
    }
    put_text(play, ",[\"is\",");
    put_document(play, session_shown(play->session));
    put_document(play, session_committed(play->session));
    snprintf(numbers, sizeof numbers, "%" PRIu64 ",%" PRIu64 "]", session_version(play->session),
             session_seq(play->session));
    put_text(play, numbers);
    play->checked = play->text.size;
}

/* ---- the client ---- */

static void on_send(void *context, struct ot_slice bytes)
{
    struct play *play = context;
    struct message message;
    struct wire_error error;
    size_t offset = 0;
    plan_check(&play->plan, wire_read(bytes, &offset, &message, &error) == 0,
               "the client says what is %s", error.code);
    play->over |= message.kind == WIRE_EDIT && ot_op_is_empty(message.edit.op);
    if (message.kind == WIRE_OPEN || message.kind == WIRE_EDIT) {
        play->retry = false;
    }
    put_step(play, "out", bytes);
    queue_put(&play->up, bytes);
}

static void on_retry_later(void *context, uint64_t after_ms)
{
    struct play *play = context;
    plan_check(&play->plan, after_ms >= PARTNER_RETRY_MS, "it waits for %" PRIu64 " ms", after_ms);
    play->retry = true;
}

/* Where the client goes on from after an OPENED, if it took it. */
static void take_place(struct play *play, const struct peer_message *message)
{
    if (message->opened.snapshot.data != NULL && session_state(play->session) > SESSION_OPENING) {
        play->client_epoch = message->opened.epoch;
        play->snapshot_version = message->opened.version;
    }
}

/* The first message of the server arrives; false when there is none. */
static bool client_hears(struct play *play)
{
    struct ot_buf bytes = {0};
    struct peer_message message;
    size_t offset = 0;
    if (queue_is_empty(&play->down)) {
        return false;
    }
    queue_take(&play->down, &bytes);
    put_step(play, "in", ot_buf_slice(&bytes));
    plan_check(&play->plan, peer_read(ot_buf_slice(&bytes), &offset, &message) == 0,
               "the server says what is no message");
    int code = session_receive(play->session, &message);
    plan_check(&play->plan, code == 0 || message.kind == WIRE_HASH,
               "the client does not understand a message of kind %u", message.kind);
    if (message.kind == WIRE_OPENED) {
        play->has_lagged = false;
        take_place(play, &message);
    }
    play->let_go = session_state(play->session) == SESSION_OFFLINE;
    play->loaded |= session_state(play->session) == SESSION_LIVE;
    ot_buf_deinit(&bytes);
    return true;
}

static void type(struct play *play)
{
    struct ot_buf op = {0};
    if (play->loaded && session_may_edit(play->session)) {
        tokens_edit(&play->tokens, &play->manner, PARTNER_CLIENT, session_shown(play->session),
                    &op);
        if (!ot_op_is_empty(ot_buf_slice(&op))) {
            put_step(play, "local", ot_buf_slice(&op));
            int code = session_edit(play->session, ot_buf_slice(&op));
            plan_check(&play->plan, code == OT_OK, "it may not type: %s", ot_error_name(code));
        }
    }
    ot_buf_deinit(&op);
}

static void other_types(struct play *play)
{
    struct ot_buf op = {0};
    tokens_edit(&play->tokens, &play->manner, PARTNER_OTHER, play->solo.doc, &op);
    partner_commit(play, ot_buf_slice(&op));
    ot_buf_deinit(&op);
}

static void break_connection(struct play *play)
{
    put_step(play, "break", (struct ot_slice){0});
    while (rng_percent(&play->plan.rng, 50) && partner_hears(play)) {
    }
    partner_loses(play);
    play->connected = play->let_go = play->retry = false;
    session_disconnect(play->session);
}

/* Or the server goes back to an earlier state. */
static void restore_or_break(struct play *play)
{
    bool restores = rng_percent(&play->plan.rng, 40) && partner_may_restore(play);
    break_connection(play);
    if (restores) {
        partner_restores(play);
    }
}

/* Connects, or does what it waits for; false when it is connected and waits for nothing. */
static bool go_on(struct play *play)
{
    if (!play->connected) {
        play->connected = true;
        play->repairs = 0;
        put_step(play, "connect", (struct ot_slice){0});
        session_connect(play->session);
    } else if (play->let_go) {
        play->let_go = false;
        put_step(play, "reopen", (struct ot_slice){0});
        session_connect(play->session);
    } else if (play->retry) {
        play->retry = false;
        put_step(play, "retry", (struct ot_slice){0});
        session_retry(play->session);
    } else {
        return false;
    }
    return true;
}

/* ---- a case ---- */

/* What the server takes. */
static void change_rules(struct play *play)
{
    uint32_t choice = rng_below(&play->plan.rng, 3);
    if (choice == 0) {
        play->full = !play->full;
    } else if (choice == 1) {
        play->cramped = !play->cramped;
    } else {
        partner_bars(play);
    }
}

static void act(struct play *play)
{
    struct rng *rng = &play->plan.rng;
    uint32_t choice = rng_below(rng, 100);
    if (choice < 20) {
        type(play);
    } else if (choice < 35) {
        other_types(play);
    } else if (choice < 55) {
        partner_hears(play);
    } else if (choice < 75) {
        client_hears(play);
    } else if (choice < 87) {
        partner_tells(play);
    } else if (choice < 92) {
        go_on(play);
    } else if (rng_percent(rng, 40 + play->trouble)) {
        if (choice < 95 && play->connected) {
            restore_or_break(play);
        } else if (choice < 96) {
            partner_lets_go(play);
        } else if (choice < 98) {
            partner_lags(play);
        } else if (play->trouble > 0) {
            change_rules(play);
        }
    }
}

/* False: it is so. */
static bool allow(struct play *play)
{
    if (play->barred) {
        partner_bars(play);
        plan_check(&play->plan, !play->barred, "its role is not given back");
        return true;
    }
    return false;
}

/* Everything under way arrives. */
static void settle(struct play *play)
{
    unsigned turns = 0;
    play->full = play->cramped = false;
    play->trouble = 0;
    while (!play->over && (go_on(play) || partner_hears(play) || client_hears(play) ||
                           partner_tells(play) || allow(play))) {
        plan_check(&play->plan, ++turns < SETTLE_MAX, "it does not come to rest");
    }
    if (play->over) {
        return;
    }
    uint32_t own, hash;
    bytes_must(ot_doc_hash(session_shown(play->session), &own));
    bytes_must(ot_doc_hash(play->solo.doc, &hash));
    plan_check(&play->plan, session_settled(play->session) && own == hash,
               "it comes to rest with another document");
}

static void play_init(struct play *play, uint64_t number)
{
    static const unsigned troubles[] = {0, 8, 25};
    struct session_env env = {.context = play, .send = on_send, .retry_later = on_retry_later};
    play->plan.seed = SEED;
    plan_draw_from(&play->plan, number);
    play->rich = number % 2 == 0;
    play->trouble = troubles[rng_below(&play->plan.rng, 3)];
    play->manner = (struct manner){.insert = 6,
                                   .delete = 2,
                                   .replace = 1,
                                   .format = 2,
                                   .hot = rng_below(&play->plan.rng, 100),
                                   .length = 20};
    tokens_init(&play->tokens, &play->plan, play->rich);
    partner_init(play);
    play->session = session_new("doc", PARTNER_CHANNEL, &env);
}

static void play_deinit(struct play *play)
{
    session_free(play->session);
    partner_deinit(play);
    tokens_deinit(&play->tokens);
    ot_buf_deinit(&play->text);
}

static void play_case(struct play *play, FILE *file)
{
    go_on(play);
    for (unsigned i = 0; i < STEPS && !play->over; i++) {
        act(play);
        if (i % 8 == 7) {
            put_checkpoint(play);
        }
    }
    settle(play);
    put_checkpoint(play);
    fwrite(play->text.data, 1, play->checked, file);
    fputs("]\n", file);
}

bool vectors_write(uint64_t cases, FILE *file)
{
    for (uint64_t number = 0; number < cases; number++) {
        struct play *play = bytes_alloc(1, sizeof *play);
        play_init(play, number);
        if (setjmp(play->plan.failed) != 0) {
            fprintf(stderr, "sim: case %" PRIu64 ": %s\n", number, play->plan.reason);
            return false;
        }
        play_case(play, file);
        play_deinit(play);
        free(play);
    }
    return true;
}
