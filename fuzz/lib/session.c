#include "fuzz/lib/session.h"

#include "server/schema/schema.h"
#include "server/wire/message.h"
#include "tests/lib/limits_loose.h"
#include "tests/lib/token_words.h"

#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>

#define ROUNDS 300
#define CHATS  (ROUNDS + 1)

static void make_keys(struct session *session)
{
    struct token_key a = {.name = "a", .algorithm = TOKEN_HS256, .can_sign = true};
    int result =
        sodium_base642bin(a.bytes, sizeof a.bytes, TOKEN_WORDS_SECRET, strlen(TOKEN_WORDS_SECRET),
                          NULL, &a.size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    struct token_key c = a;
    assert(result == 0);
    c.name[0] = 'c';
    c.bytes[0] ^= 1;
    session->keys[0] = (struct token_keys){1, {a}};
    session->keys[1] = (struct token_keys){2, {c, a}};
    session->keys[2] = (struct token_keys){1, {c}};
    session->rules = (struct token_rules){
        .keys = &session->keys[0], .issuer = "", .audience = "", .leeway_s = 30};
}

static void hear(void *context)
{
    session_hear(context);
}

static void begin(struct session *session, struct store *store)
{
    char message[SCHEMA_MESSAGE_MAX];
    make_keys(session);
    session->limits = session->mode & MODE_LIMITS ? limits_preset() : limits_loose;
    session->schema = schema_new("", message);
    session->digest = UINT64_C(0xcbf29ce484222325);
    world_start_as(
        &session->world,
        &(struct world_options){.tokens = session->mode & MODE_GUARDED ? &session->rules : NULL,
                                .limits = &session->limits,
                                .schema = session->schema,
                                .lets_guests = (session->mode & MODE_GUESTS) != 0,
                                .epoch = 7,
                                .given = store,
                                .watch = {session, session_serves, hear}});
    if ((session->mode & MODE_EMPTY) != 0) {
        return;
    }
    for (unsigned i = 0; i < DOCUMENTS - 1; i++) {
        struct store_document document = {.type =
                                              session->mode & MODE_RICH ? STORE_RICH : STORE_TEXT};
        document.id[0] = (char)('d' + i);
        assert(store_create(session->world.store, &document, 1) == STORE_OK);
    }
    for (unsigned i = 0; i < PEOPLE; i++) {
        session_join(session, &session->people[i], i);
        session_open(session, &session->people[i], 0);
    }
}

static void end(struct session *session)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        session_leave(session, &session->people[i]);
        for (size_t k = 0; k < CHANNELS; k++) {
            ot_buf_deinit(&session->people[i].views[k].op);
            ot_buf_deinit(&session->people[i].views[k].taken.op);
        }
    }
    for (size_t i = 0; i < BOOKS; i++) {
        book_end(&session->books[i]);
    }
    world_stop(&session->world);
    schema_free(session->schema);
}

/* Nothing is gone that nobody was allowed to delete, and nobody was warned of anything. */
static void check(struct session *session, unsigned *there)
{
    static const char *const ids[DOCUMENTS] = {"d", "e", "f"};
    struct store_document document;
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        bool is_there = store_find(session->world.store, ids[i], &document) == STORE_OK;
        assert(is_there || (*there >> i & 1) == 0 || (session->deletable >> i & 1) == 1);
        *there = (*there & ~(1u << i)) | (unsigned)is_there << i;
    }
    assert(session->is_disturbed || session->world.logged <= session->diverged);
}

struct said {
    uint64_t clients[CHATS], nonces[CHATS];
    size_t count;
};

/* Nothing that somebody has said once is stored twice. */
static int check_chat(void *context, const struct store_chat *chat)
{
    struct said *said = context;
    for (size_t i = 0; i < said->count; i++) {
        assert(said->clients[i] != chat->client || said->nonces[i] != chat->nonce);
    }
    assert(said->count < CHATS);
    said->clients[said->count] = chat->client;
    said->nonces[said->count++] = chat->nonce;
    return STORE_OK;
}

/* Who comes last gets all that is stored, and may write. */
static void settle(struct session *session)
{
    struct person *last = &session->people[0];
    static const char *const ids[DOCUMENTS] = {"d", "e", "f"};
    session->world.append_result = session->world.delete_result = STORE_OK;
    session->world.read_result = STORE_OK;
    hub_press(session->world.hub, HUB_EASY);
    world_commit(&session->world);
    session_hear(session);
    if ((session->mode & MODE_AGAIN) != 0 || session->is_damaged ||
        session->world.connection_count == WORLD_CONNECTIONS) {
        for (size_t i = 0; i < PEOPLE; i++) {
            session_leave(session, &session->people[i]);
        }
        world_crash(&session->world);
    } else {
        session_pass(session, 60000); /* until no rate holds anybody back */
        world_commit(&session->world);
        session_hear(session);
    }
    session_join(session, last, 0);
    assert(last->is_welcome);
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        const struct book *book = session_book(session, ids[i]);
        session_open(session, last, i);
        assert(last->views[i].is_open == (book != NULL));
        struct said said = {.count = 0};
        assert(book == NULL || store_chats(session->world.store, book->key, UINT64_MAX, CHATS,
                                           check_chat, &said) == STORE_OK);
        assert(book == NULL || last->views[i].version == book->version);
    }
}

uint64_t session_play(const uint8_t *data, size_t size, struct store *store)
{
    static struct session memory; /* too large for a stack, and to be got anew each time */
    struct session *session = &memory;
    unsigned there = 0;
    memset(session, 0, offsetof(struct session, world));
    session->data = data;
    session->left = size;
    session->mode = session_take(session);
    begin(session, store);
    for (unsigned i = 0; i < ROUNDS && session->left > 0; i++) {
        session_happen(session);
        check(session, &there);
    }
    settle(session);
    end(session);
    return session->digest;
}
