/*
 * A hub with everything around it in one thread: a virtual clock, a real database in a directory of
 * its own, and connections whose gate does no more than pass on at once what the hub sends. Appends
 * are held back until world_commit, so a test decides when something is on disk.
 */
#ifndef QUIRE_TESTS_HUB_WORLD_H
#define QUIRE_TESTS_HUB_WORLD_H

#include "lib/temp_dir.h"
#include "server/hub/hub.h"
#include "server/wire/reader.h"
#include "storage/store.h"

#include <stdarg.h>

#define WORLD_CONNECTIONS 320

struct world_channel {
    uint64_t room; /* 0: not attached */
    uint64_t position;
    uint64_t attachment;
};

struct world_connection {
    uint64_t number;
    struct ot_buf received; /* messages that nobody has looked at yet */
    size_t at;
    unsigned closed; /* code */
    bool has_bad_token;
    unsigned bad_links;    /* shown, as its gate was told */
    uint64_t link_wait_ms; /* what its gate says of each of its links */
    size_t channel_end;    /* none from this one on was ever attached */
    struct world_channel channels[128];
};

/* Who is told of each thing as it happens: that a request is served (before, and after it), and
 * that the hub has said what there was to say. */
struct world_watch {
    void *context;
    void (*serves)(void *context, const struct store_request *request, bool is_done);
    void (*told)(void *context);
};

struct world {
    struct hub *hub;
    struct store *store;
    char dir[TEMP_DIR_MAX];
    uint64_t now_ms;
    int64_t unix_ms; /* at now_ms 0 */
    const struct token_rules *tokens;
    const struct limits *limits; /* NULL: such that nobody meets; for the next hub */
    const struct schema *schema; /* for the next hub */
    struct store *given;         /* not NULL: what takes the place of a database of its own */
    uint64_t epoch;              /* of the next hub; 0: the store's */
    struct world_watch watch;
    bool lets_guests;
    uint64_t random;
    struct store_request *asked, **asked_end;     /* to be served by world_run */
    struct store_request *appends, **appends_end; /* to be served by world_commit */
    uint64_t appends_asked, appends_done;
    size_t asked_count;       /* requests of any kind so far */
    int append_result;        /* not STORE_OK: what every append and probe fails with, */
    int delete_result;        /* and every deletion, */
    int read_result;          /* and whatever is read, or settled */
    size_t logged;            /* warnings and errors */
    uint64_t answered_ticket; /* of the last answer to world_revoke or world_reopen, */
    int answered_result;      /* and what it was */
    size_t connection_count;
    struct world_connection connections[WORLD_CONNECTIONS]; /* those that were made */
};

void world_start(struct world *world);
/* The same, with a hub of these limits (NULL: such that nobody meets) that asks for tokens, unless
 * `tokens` is NULL. */
void world_start_limited(struct world *world, const struct token_rules *tokens,
                         const struct limits *limits);
/* And one that lets in those without one, too. */
void world_start_with_guests(struct world *world, const struct token_rules *tokens);
/* The same of all that can be chosen: the fields of these names. */
struct world_options {
    const struct token_rules *tokens;
    const struct limits *limits;
    const struct schema *schema;
    bool lets_guests;
    uint64_t epoch;
    struct store *given;
    struct world_watch watch; /* its functions may be NULL */
};
void world_start_as(struct world *world, const struct world_options *options);
void world_stop(struct world *world);
/* The hub and the store end without settling anything, and start anew on the same directory; a
 * store that was given stays. Connections are gone. */
void world_crash(struct world *world);

/* Serves what the hub has asked of the store until only appends are left, and what was asked after
 * them: as in the store's thread, it would see them. */
void world_run(struct world *world);
/* Makes the appends durable, as one transaction, and serves the rest. */
void world_commit(struct world *world);
/* The operator takes tokens back. */
/* The answer is there, or waits for world_commit. */
void world_reopen(struct world *world, uint64_t ticket, const char *id);
void world_revoke(struct world *world, uint64_t ticket, const struct store_revocation *revocation);
/* Lets time pass: ticks every 10 ms. */
void world_pass(struct world *world, uint64_t ms);

/* A new connection, without hello. */
struct world_connection *world_connect(struct world *world);
void world_gone(struct world *world, struct world_connection *connection);

/* The gate finds that the connection, which had got `version`, is too far behind on a channel.
 */
void world_lag(struct world *world, struct world_connection *connection, uint8_t channel,
               uint64_t attachment, uint64_t version);

/* Its gate finds that it has missed presence on a channel. */
void world_miss_presence(struct world *world, struct world_connection *connection, uint8_t channel);
/* What else the hub is told: of a connection (0: of none), with these bytes. */
void world_post(struct world *world, enum hub_in_kind kind, uint64_t number, struct ot_slice bytes);
/* The bytes of one message of a client, as world_send has them. */
void world_message(struct ot_buf *out, unsigned kind, const char *format, va_list arguments);

/*
 * Sends one message of a client: kind, then its fields as a format of one letter each: u uint64_t,
 * n (nil), s const char *, b struct ot_slice, t (true), f (false). U, S and B are nil if they are
 * WIRE_NONE, NULL or point to NULL.
 */
void world_send(struct world *world, struct world_connection *connection, unsigned kind,
                const char *format, ...);

/* The next message for the connection: a reader that stands behind the kind; 0 when there is none.
 */
unsigned world_next(struct world_connection *connection, struct reader *fields_out);
/* Skips to the next message of a kind; false if there is none. */
bool world_find(struct world_connection *connection, unsigned kind, struct reader *fields_out);
/* Skips all that has come. */
void world_forget(struct world_connection *connection);

#endif
