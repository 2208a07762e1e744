/* How much may come: of a connection, and of a user over all of their connections. */
#include "server/hub/room.h"

#include <string.h>

#define RETURN_MS 10000 /* when to look whether another connection has gone */
/* Less than what an edit costs anyway: not counted. */
#define LITTLE_WORK_BYTES 32768
#define FEW_PIECES        512

_Static_assert(USER_BAD_LINKS < HOLDER_BUCKETS, "a bucket for each");

static uint64_t now_ms(const struct hub *hub)
{
    return hub->env.monotonic_ms(hub->env.context);
}

static struct holder *holder_of(struct hub *hub, const struct connection *connection)
{
    const struct token *token = connection->token;
    return token != NULL
               ? holders_take(&hub->holders, token->subject, strlen(token->subject))
               : holders_take(&hub->holders, &connection->client, sizeof connection->client);
}

const char *rates_overload(const struct hub *hub, enum hub_pressure until, uint64_t *retry_ms_out)
{
    *retry_ms_out = hub->stopping            ? LIMIT_DRAIN_MS
                    : hub->pressure >= until ? LIMIT_MEMORY_RETRY_MS
                                             : WIRE_NONE;
    return hub->stopping            ? "the server is stopping"
           : hub->pressure >= until ? "the server is short of memory"
                                    : NULL;
}

static void turn_away(struct hub *hub, struct connection *connection, const char *code,
                      const char *text, uint64_t retry_ms)
{
    struct encode_error error = {.ref = WIRE_NONE,
                                 .channel = -1,
                                 .code = code,
                                 .text = text,
                                 .retry_ms = retry_ms,
                                 .at = WIRE_NONE};
    metrics_refused(&hub->metrics, error.code);
    encode_error(&hub->scratch, &error);
    hub_post(hub, HUB_GATE_OF(connection->number),
             (struct hub_out){.kind = HUB_OUT_CLOSE,
                              .connection = connection->number,
                              .code = WIRE_CLOSE_OVERLOADED,
                              .blob = encode_blob(&hub->scratch)});
    hub_end_connection(hub, connection);
}

bool rates_hold(struct hub *hub, struct connection *connection)
{
    uint64_t retry_ms;
    connection->holder = holder_of(hub, connection);
    if (hub->pressure >= HUB_SCARCE) {
        const char *why = rates_overload(hub, HUB_SCARCE, &retry_ms);
        turn_away(hub, connection, "overloaded", why, retry_ms);
        return false;
    }
    if (connection->token != NULL &&
        connection->holder->count > hub->limits.values[SETTING_USER_CONNECTIONS]) {
        turn_away(hub, connection, "rate_limited", "you have too many connections", RETURN_MS);
        return false;
    }
    return true;
}

void rates_let_go(struct hub *hub, struct connection *connection)
{
    holders_release(&hub->holders, connection->holder);
    connection->holder = NULL;
}

bool rates_allow(struct hub *hub, struct connection *connection, enum user_rate rate, uint64_t ref,
                 int channel)
{
    static const struct {
        enum setting setting;
        const char *text;
    } rates[] = {
        [USER_EDITS] = {SETTING_RATE_USER_EDITS, "too many edits"},
        [USER_CHATS] = {SETTING_RATE_CHATS, "too many chat messages"},
        [USER_OPENS] = {SETTING_RATE_OPENS, "too many documents are opened"},
        [USER_CREATES] = {SETTING_RATE_CREATES, "too many documents are created or changed"},
        [USER_PAGES] = {SETTING_RATE_PAGES, "too much is read"},
        [USER_TOKENS] = {SETTING_RATE_TOKENS, "too many tokens are shown"},
    };
    uint64_t wait_ms = bucket_take(&connection->holder->buckets[rate],
                                   limits_rate(&hub->limits, rates[rate].setting), 1, now_ms(hub));
    if (wait_ms > 0) {
        hub_refuse(hub, connection->number, ref, channel, "rate_limited", rates[rate].text, wait_ms,
                   WIRE_NONE);
    }
    return wait_ms == 0;
}

/* ---- edits ---- */

uint64_t rates_edit_wait_ms(struct hub *hub, struct connection *connection, size_t size)
{
    const struct {
        struct bucket *bucket;
        struct rate rate;
        uint64_t cost;
    } all[] = {
        {&connection->edits, limits_rate(&hub->limits, SETTING_RATE_EDITS), 1},
        {&connection->holder->buckets[USER_EDIT_BYTES],
         limits_rate(&hub->limits, SETTING_RATE_EDIT_BYTES), size},
        {&connection->holder->buckets[USER_EDITS],
         limits_rate(&hub->limits, SETTING_RATE_USER_EDITS), 1},
    };
    uint64_t now = now_ms(hub);
    uint64_t wait_ms = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint64_t own_ms = bucket_wait_ms(all[i].bucket, all[i].rate, all[i].cost, now);
        wait_ms = own_ms > wait_ms ? own_ms : wait_ms;
    }
    for (size_t i = 0; wait_ms == 0 && i < sizeof all / sizeof all[0]; i++) {
        bucket_take(all[i].bucket, all[i].rate, all[i].cost, now);
    }
    return wait_ms;
}

/* This hub serves all documents: what one of them asks for is time that others wait. It is counted
 * over all, since whoever is refused loses nothing by it and has cheaper ways. */
bool rates_allow_work(struct hub *hub, uint64_t bytes)
{
    const struct rate rate = {LIMIT_WORK_BYTES / 4, 250}; /* not all of it at once */
    return bytes <= LITTLE_WORK_BYTES || bucket_take(&hub->work, rate, bytes, now_ms(hub)) == 0;
}

bool rates_allow_pieces(struct hub *hub, uint64_t pieces)
{
    const struct rate rate = {LIMIT_EDIT_PIECES / 4, 250}; /* not all of them at once */
    return pieces <= FEW_PIECES || bucket_take(&hub->pieces, rate, pieces, now_ms(hub)) == 0;
}

bool rates_allow_large(struct hub *hub, uint64_t bytes)
{
    const struct rate rate = {hub->pace.large_bytes / 8, 125}; /* one of the largest at once */
    return bytes <= hub->pace.little_bytes ||
           bucket_take(&hub->large, rate, bytes, now_ms(hub)) == 0;
}

void rates_bad_link(struct hub *hub, struct connection *connection)
{
    bucket_take(&connection->holder->buckets[USER_BAD_LINKS],
                limits_rate(&hub->limits, SETTING_RATE_BAD_LINKS), 1, now_ms(hub));
}

uint64_t rates_link_wait_ms(const struct hub *hub, const struct connection *connection)
{
    return bucket_wait_ms(&connection->holder->buckets[USER_BAD_LINKS],
                          limits_rate(&hub->limits, SETTING_RATE_BAD_LINKS), 1, now_ms(hub));
}

bool rates_allow_line(struct hub *hub)
{
    const struct rate rate = {LIMIT_REFUSED_LINES, 1000};
    return bucket_take(&hub->refused_lines, rate, 1, now_ms(hub)) == 0;
}

/* A good client meets these without having done anything wrong. */
static bool is_innocent(const char *code)
{
    static const char *const codes[] = {"document_full", "forbidden",    "not_open", "overloaded",
                                        "rate_limited",  "seq_conflict", "too_old"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i], code) == 0) {
            return true;
        }
    }
    return false;
}

void rates_edit_refused(struct hub *hub, struct connection *connection, const char *code)
{
    if (is_innocent(code)) {
        return;
    }
    if (rates_allow_line(hub)) {
        hub_log(hub, HUB_LOG_INFO, "edit_refused", "connection=%llu code=%s",
                (unsigned long long)connection->number, code);
    }
    if (bucket_take(&connection->bad_edits, limits_rate(&hub->limits, SETTING_RATE_BAD_EDITS), 1,
                    now_ms(hub)) > 0) {
        connection->is_bad = true;
    }
}

bool rates_allow_cursor(struct hub *hub, struct connection *connection)
{
    return bucket_take(&connection->cursors, limits_rate(&hub->limits, SETTING_RATE_CURSORS), 1,
                       now_ms(hub)) == 0;
}
