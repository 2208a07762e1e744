/*
 * The events: a byte that says which (4 bits, see `events`), whose (2 bits), and 2 bits more, then
 * what that one takes. Bytes that are not there are 0.
 */
#include "fuzz/lib/session.h"
#include "server/wire/message.h"
#include "tests/lib/token_words.h"

#include <inttypes.h>
#include <stdio.h>

unsigned session_take(struct session *session)
{
    return session->left == 0 ? 0 : (session->left--, *session->data++);
}

/* ---- coming and going ---- */

static const char *make_token(struct session *session, unsigned how, char *out)
{
    static const char *const claims[] = {
        "\"sub\":\"root\",\"role\":\"admin\"",
        "\"sub\":\"ann\",\"docs\":{\"*\":\"editor\"},\"jti\":\"one\"",
        "\"sub\":\"bob\",\"docs\":{\"d\":\"commenter\",\"e*\":\"editor\"}",
        "\"sub\":\"cid\",\"docs\":{\"d\":\"viewer\"},\"name\":\"Cid\",\"color\":\"#00ff00\"",
        "\"sub\":\"dee\",\"create\":true",
        "\"sub\":\"ann\",\"docs\":{\"d\":\"owner\",\"f\":\"viewer\"},\"iat\":1699999990",
        "\"sub\":\"bob\"",
        "\"sub\":\"ann\",\"docs\":{\"d\":\"viewer\"},\"jti\":\"two\"",
    };
    int64_t now_s = (session->world.unix_ms + (int64_t)session->world.now_ms) / 1000;
    int64_t lasts_s = how / 8 % 2 == 0 ? 100000 : 70;
    const struct token_key *key = &session->rules.keys->keys[0];
    char header[128], text[256];
    snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", key->name);
    snprintf(text, sizeof text, "{%s,\"exp\":%" PRId64 "}", claims[how % 8], now_s + lasts_s);
    return token_words_sign(out, key, header, text);
}

void session_join(struct session *session, struct person *person, unsigned how)
{
    static const char *const names[] = {"Ann", "Bob", "\xc3\x89va"};
    char token[TOKEN_WORDS_SIZE];
    bool shows = (session->mode & MODE_GUARDED) != 0 && how / 16 % 4 != 3;
    bool is_known = person->client != 0 && how / 64 % 2 == 1;
    struct ot_slice key = {is_known ? person->key : NULL, sizeof person->key};
    session_send(session, person, WIRE_HELLO, "SssUBs",
                 shows ? make_token(session, how, token) : NULL, names[how % 3], "#123456",
                 is_known ? person->client : WIRE_NONE, key, "fuzz");
}

/* Comes, or shows another token. */
static void come(struct session *session, struct person *person)
{
    char token[TOKEN_WORDS_SIZE];
    unsigned how = session_take(session);
    if (session->extra < 3) {
        session_join(session, person, how);
    } else {
        session_send(session, person, WIRE_TOKEN, "us", UINT64_C(7),
                     make_token(session, how, token));
    }
}

static void send_open(struct session *session, struct person *person, unsigned document,
                      uint64_t epoch, uint64_t version, uint64_t chat, const char *link)
{
    static const char *const ids[DOCUMENTS] = {"d", "e", "f"};
    session_send(session, person, WIRE_OPEN, "uusUUUS", UINT64_C(9), (uint64_t)document,
                 ids[document], epoch, version, chat, link);
}

void session_open(struct session *session, struct person *person, unsigned document)
{
    send_open(session, person, document, WIRE_NONE, WIRE_NONE, WIRE_NONE, NULL);
}

static void open(struct session *session, struct person *person)
{
    unsigned how = session_take(session), document = how % DOCUMENTS;
    const struct view *view = &person->views[document];
    uint64_t epoch = session->world.epoch;
    switch (how / DOCUMENTS % 5) {
    case 1:
        send_open(session, person, document, epoch, view->version, view->chat, NULL);
        break;
    case 2:
        send_open(session, person, document, epoch,
                  session_take(session) * view->version / UINT8_MAX, WIRE_NONE, NULL);
        break;
    case 3:
        send_open(session, person, document, WIRE_NONE, WIRE_NONE, WIRE_NONE,
                  session->links[session_take(session) % LINKS]);
        break;
    case 4:
        send_open(session, person, document, epoch - 1, view->version, view->chat, NULL);
        break;
    default:
        session_open(session, person, document);
    }
}

/* CLOSE, or without a word. */
static void go(struct session *session, struct person *person)
{
    uint64_t channel = session_take(session) % (CHANNELS + 1);
    if (channel < CHANNELS) {
        session_send(session, person, WIRE_CLOSE, "u", channel);
    } else {
        session_leave(session, person);
    }
}

/* ---- any message ---- */

/* A size in one byte, or from 192 on in two. */
static void say(struct session *session, struct person *person)
{
    size_t size = session_take(session);
    size = size < 192 ? size : (size - 192) * 256 + session_take(session);
    struct ot_slice bytes = {session->data, size < session->left ? size : session->left};
    session->data += bytes.size;
    session->left -= bytes.size;
    session_say(session, person, bytes);
}

/* ---- what nobody does ---- */

static void commit(struct session *session, struct person *person)
{
    (void)person;
    world_commit(&session->world);
}

static void fail(struct session *session, struct person *person)
{
    static const int results[] = {STORE_E_FULL, STORE_OK, STORE_OK, STORE_E_MEMORY};
    static const int reads[] = {STORE_OK, STORE_OK, STORE_E_CORRUPT, STORE_E_MEMORY};
    unsigned how = session_take(session);
    (void)person;
    session->world.append_result = results[how % 4];
    session->world.delete_result = results[how / 4 % 4];
    session->world.read_result = reads[how / 16 % 4];
    session->is_disturbed = true;
    session->is_damaged |= session->world.read_result == STORE_E_CORRUPT;
}

/* From one time at which the hub has something to do to the next. */
void session_pass(struct session *session, uint64_t ms)
{
    struct world *world = &session->world;
    for (uint64_t end_ms = world->now_ms + ms; world->now_ms < end_ms;) {
        uint64_t next_ms = hub_next_ms(world->hub);
        next_ms = next_ms < end_ms ? next_ms : end_ms;
        if (next_ms > world->now_ms + 10) {
            world->now_ms = next_ms - 10;
        }
        world_pass(world, 10);
    }
}

static void pass(struct session *session, struct person *person)
{
    unsigned how = session_take(session);
    (void)person;
    session_pass(session, how < 128 ? how * UINT64_C(8) : (how - 127) * UINT64_C(1000));
}

void session_happen(struct session *session)
{
    static session_event *const events[16] = {
        come,
        open,
        go,
        session_point,
        session_chat,
        fail,
        pass,
        commit,
        session_edit,
        say,
        session_ask,
        session_operate,
        session_lag,
        session_edit_anyhow,
        session_edit_again,
        session_edit_much,
    };
    unsigned event = session_take(session);
    session->extra = event / 64;
    events[event % 16](session, &session->people[event / 16 % PEOPLE]);
    session_hear(session);
}
