/*
 * Every limit of the server, in two tables: those that an operator may change, and those that
 * nobody may. From the first come options of `quire serve` too.
 */
#ifndef QUIRE_LIMITS_H
#define QUIRE_LIMITS_H

#include "server/rate/bucket.h"

/* symbol, option, value unless said otherwise, least, most, time (a rate: so many may come at once,
 * and as many come back in each such time) or 0, unit, what it bounds and what passing it leads to.
 */
#define QUIRE_SETTINGS(X)                                                                          \
    X(CONNECTIONS, "connections", 10000, 1, 1000000, 0, "connections",                             \
      "connections at once; more are refused")                                                     \
    X(MEMORY, "memory", 0, 0, 1048576, 0, "MiB",                                                   \
      "memory of the process (0: half of what there is); from 80 % on caches and cursors are "     \
      "given "                                                                                     \
      "up, from 90 % nobody new is let in (overloaded, status 503), from 95 % edits wait "         \
      "(overloaded) and those who use most are closed with 4508")                                  \
    X(ADDRESS_CONNECTIONS, "connections-per-address", 2000, 1, 1000000, 0, "connections",          \
      "of one address at once (of IPv6: one /64); status 429")                                     \
    X(USER_CONNECTIONS, "connections-per-user", 50, 1, 1000000, 0, "connections",                  \
      "of one user with tokens at once; rate_limited, and closes with 4508")                       \
    X(FRAME_BYTES, "frame-bytes", 1048576, 65536, 2097152, 0, "bytes",                             \
      "largest frame of a client; closes with 1009")                                               \
    X(CHANNELS, "channels", 32, 1, 128, 0, "channels",                                             \
      "documents open on one connection; channel_limit")                                           \
    X(DOCUMENT_BYTES, "document-bytes", 16777216, 65536, LIMIT_IMPORT_BYTES, 0, "bytes",           \
      "snapshot of a document; document_full")                                                     \
    X(RATE_CONNECTS, "rate-connects", 1000, 1, 1000000000, 10000, "in 10 s",                       \
      "WebSockets asked for by one address; status 429")                                           \
    X(RATE_BAD_TOKENS, "rate-bad-tokens", 30, 1, 1000000000, 60000, "in 60 s",                     \
      "bad tokens of one address; then no HELLO of it is looked at, rate_limited, and closes "     \
      "with 4508")                                                                                 \
    X(RATE_SOCKETS, "rate-sockets", 2000, 1, 1000000000, 10000, "in 10 s",                         \
      "sockets of one address, of whatever use; status 503")                                       \
    X(RATE_BAD_LINKS, "rate-bad-links", 60, 1, 1000000000, 60000, "in 60 s",                       \
      "share links of a user that are none; then none of theirs is looked at, rate_limited")       \
    X(RATE_ADDRESS_BAD_LINKS, "rate-address-bad-links", 600, 1, 1000000000, 60000, "in 60 s",      \
      "the same of one address")                                                                   \
    X(RATE_TOKENS, "rate-tokens", 200, 1, 1000000000, 60000, "in 60 s",                            \
      "tokens that a user shows on open connections; rate_limited")                                \
    X(RATE_MESSAGES, "rate-messages", 5000, 1, 1000000000, 5000, "in 5 s",                         \
      "messages and parts of frames of a connection; closes with 4508")                            \
    X(RATE_EDITS, "rate-edits", 1000, 1, 1000000000, 5000, "in 5 s",                               \
      "edits of a connection; rate_limited")                                                       \
    X(RATE_EDIT_BYTES, "rate-edit-bytes", 16777216, 1048576, 1000000000, 10000, "bytes in 10 s",   \
      "operations of a user's edits; rate_limited")                                                \
    X(RATE_USER_EDITS, "rate-user-edits", 4000, 1, 1000000000, 10000, "in 10 s",                   \
      "edits of a user; rate_limited")                                                             \
    X(RATE_BAD_EDITS, "rate-bad-edits", 10, 1, 1000000000, 60000, "in 60 s",                       \
      "edits of a connection that no good client makes; closes with 4400")                         \
    X(RATE_CHATS, "rate-chats", 10, 1, 1000000000, 10000, "in 10 s",                               \
      "chat messages of a user; rate_limited")                                                     \
    X(RATE_CURSORS, "rate-cursors", 50, 1, 1000000000, 2000, "in 2 s",                             \
      "cursors of a connection; beyond: thrown together")                                          \
    X(RATE_OPENS, "rate-opens", 200, 1, 1000000000, 10000, "in 10 s",                              \
      "documents opened by a user; rate_limited")                                                  \
    X(RATE_CREATES, "rate-creates", 60, 1, 1000000000, 60000, "in 60 s",                           \
      "documents created, renamed and deleted by a user; rate_limited")                            \
    X(RATE_PAGES, "rate-pages", 100, 1, 1000000000, 10000, "in 10 s",                              \
      "pages of documents and of old chat, and old edits that come again, of a user; "             \
      "rate_limited")

enum setting {
#define SETTING_ENUM(symbol, ...) SETTING_##symbol,
    QUIRE_SETTINGS(SETTING_ENUM)
#undef SETTING_ENUM
        SETTING_COUNT
};

/* The values in force. */
struct limits {
    uint64_t values[SETTING_COUNT];
};

static inline struct limits limits_preset(void)
{
    return (struct limits){{
#define SETTING_PRESET(symbol, option, preset, ...) preset,
        QUIRE_SETTINGS(SETTING_PRESET)
#undef SETTING_PRESET
    }};
}

/* A setting that is a rate. */
static inline struct rate limits_rate(const struct limits *limits, enum setting setting)
{
    static const uint32_t windows_ms[SETTING_COUNT] = {
#define SETTING_WINDOW(symbol, option, preset, least, most, window_ms, ...) window_ms,
        QUIRE_SETTINGS(SETTING_WINDOW)
#undef SETTING_WINDOW
    };
    return (struct rate){limits->values[setting], windows_ms[setting]};
}

/* Fixed: symbol, value, unit, what it bounds and what passing it leads to. */
#define QUIRE_LIMITS(X)                                                                            \
    X(LIMIT_BAD_MESSAGES, 3, "messages", "malformed messages of a connection; closes with 4400")   \
    X(LIMIT_HELLO_MS, 10000, "ms", "time for the hello; closes with 4408")                         \
    X(LIMIT_HELLO_BYTES, 8192, "bytes", "frame with the hello; closes with 1009")                  \
    X(LIMIT_STRANGER_BYTES, 32768, "bytes",                                                        \
      "of a connection before its hello, the request included; closes with 4508")                  \
    X(LIMIT_SILENCE_MS, 60000, "ms", "silence of a connection; closes with 4504")                  \
    X(LIMIT_INBOX, 65536, "messages", "messages waiting for the hub; closes with 4508")            \
    X(LIMIT_INBOX_BYTES, 268435456, "bytes", "bytes of those; closes with 4508")                   \
    X(LIMIT_CONNECTION_INBOX, 256, "messages",                                                     \
      "of one connection waiting for the hub; closes with 4508")                                   \
    X(LIMIT_NAME_CHARS, 60, "code points", "name of a person; bad_name")                           \
    X(LIMIT_TITLE_CHARS, 100, "code points", "title of a document; bad_title")                     \
    X(LIMIT_CHAT_CHARS, 500, "code points", "a chat message; bad_text")                            \
    X(LIMIT_CHAT_PAGE, 100, "messages", "chat messages in one answer; fewer are given")            \
    X(LIMIT_CHAT_OPEN, 50, "messages", "chat messages given on opening; the newest are")           \
    X(LIMIT_LIST_PAGE, 100, "documents", "documents in one answer; fewer are given")               \
    X(LIMIT_ID_BYTES, 64, "bytes", "id of a document; bad_id")                                     \
    X(LIMIT_DATA_BYTES, 64, "bytes", "a cursor's own data; bad_message")                           \
    X(LIMIT_IMPORT_BYTES, 33554432, "bytes", "snapshot of a document that is imported; refused")   \
    X(LIMIT_DOCUMENT_MEMORY, 134217728, "bytes", "of memory that a document takes; document_full") \
    X(LIMIT_DOCUMENT_FORMATS, 262144, "runs",                                                      \
      "formatted ones, and embeds, that a document has when it is given more; document_full")      \
    X(LIMIT_EDIT_ATTRIBUTES_BYTES, 4096, "bytes", "attributes of an edit, in all; bad_format")     \
    X(LIMIT_FORMAT_KEYS, 16, "attributes", "of one component; bad_format")                         \
    X(LIMIT_FORMAT_NAME_BYTES, 32, "bytes", "name of a format; bad_format")                        \
    X(LIMIT_FORMAT_VALUE_BYTES, 256, "bytes", "value of an embedder's own format; bad_format")     \
    X(LIMIT_MOVED_BYTES, 4194304, "bytes",                                                         \
      "of an edit when it has been moved over those since its base; document_full")                \
    X(LIMIT_TAIL_EDITS, 2048, "edits", "edits of a room kept at hand; too_old")                    \
    X(LIMIT_TAIL_BYTES, 1048576, "bytes", "bytes of those; too_old")                               \
    X(LIMIT_RESUME_EDITS, 100000, "edits",                                                         \
      "edits caught up with one by one or folded; beyond: a snapshot")                             \
    X(LIMIT_SNAPSHOT_PACE, 4096, "bytes",                                                          \
      "of a document for each millisecond in which its snapshot is not made anew; who opens it "   \
      "then gets the edits since too, or waits")                                                   \
    X(LIMIT_WINDOW_ITEMS, 1024, "items",                                                           \
      "of a room's stream kept for slow readers; beyond: they reopen")                             \
    X(LIMIT_WINDOW_BYTES, 1048576, "bytes", "bytes of those; beyond: they reopen")                 \
    X(LIMIT_PRESENCE_SHOWN, 256, "members", "listed members of a room; more are only counted")     \
    X(LIMIT_TYPING_MS, 6000, "ms", "typing holds")                                                 \
    X(LIMIT_ROOM_IDLE_MS, 10000, "ms", "an empty room stays in memory")                            \
    X(LIMIT_SETTLE_EDITS, 4096, "edits", "edits of a room before its snapshot is saved")           \
    X(LIMIT_SETTLE_BYTES, 16777216, "bytes", "bytes of those")                                     \
    X(LIMIT_HASH_EDITS, 256, "edits", "edits between two hashes")                                  \
    X(LIMIT_CATCHUP_EDITS, 32, "edits",                                                            \
      "edits sent one by one to a reader catching up; more are folded")                            \
    X(LIMIT_HISTORY_BYTES, 4194304, "bytes",                                                       \
      "edits read from the store for one reader; beyond: a snapshot")                              \
    X(LIMIT_WORK_BYTES, 67108864, "bytes",                                                         \
      "of history that is gone through in a second, for all documents together; beyond: late "     \
      "edits get too_old, late cursors are passed over, who comes back gets a snapshot")           \
    X(LIMIT_EDIT_PIECES, 1048576, "pieces",                                                        \
      "of edits, and runs of text that they format anew, in a second, for all documents together " \
      "(edits of up to 512 are not counted); rate_limited")                                        \
    X(LIMIT_LARGE_BYTES, 134217728, "bytes",                                                       \
      "of large documents that are read and written out for who opens them, in a second, for all " \
      "together; openings wait for their turn")                                                    \
    X(LIMIT_STORE_QUEUE, 65536, "requests",                                                        \
      "waiting for the store; beyond: the hub takes no messages")                                  \
    X(LIMIT_STORE_BYTES, 268435456, "bytes", "bytes of those; beyond: the hub takes no messages")  \
    X(LIMIT_COMMIT_EDITS, 4096, "edits", "edits and chat messages of one commit; more wait")       \
    X(LIMIT_COMMIT_BYTES, 16777216, "bytes", "bytes of those; more wait")                          \
    X(LIMIT_STORAGE_RETRY_MS, 5000, "ms", "when to try again on a full disk")                      \
    X(LIMIT_STORAGE_PROBE_MS, 1000, "ms", "how often a full disk is looked at for room")           \
    X(LIMIT_TICKS, 8, "ticks",                                                                     \
      "changes of presence kept for slow readers; beyond: the full state")                         \
    X(LIMIT_FLUSH_BYTES, 65536, "bytes",                                                           \
      "of messages in one frame to a client; more frames follow")                                  \
    X(LIMIT_OUTBOX_BYTES, 67108864, "bytes",                                                       \
      "of a connection's own messages waiting to be sent; closes with 4508")                       \
    X(LIMIT_STALL_MS, 30000, "ms",                                                                 \
      "without anything going out while some waits; closes with 4508")                             \
    X(LIMIT_PING_MS, 25000, "ms", "silence of a connection before it is asked for a sign of life") \
    X(LIMIT_CLOSE_MS, 5000, "ms", "time for a connection to take its last messages and goodbye")   \
    X(LIMIT_ANSWER_MS, 500, "ms", "in which a connection that is told to go is still read")        \
    X(LIMIT_ANSWER_BYTES, 16384, "bytes", "of it that are still read")                             \
    X(LIMIT_FRAGMENTS, 256, "frames", "a message may come in; closes with 1009")                   \
    X(LIMIT_NOISE, 100, "frames",                                                                  \
      "pings, and pongs without a ping, of a connection in a second; closes with 4508")            \
    X(LIMIT_UNSEEN_BYTES, 1048576, "bytes",                                                        \
      "that came of a connection, between two looks, and are of no message; closes with 4508")     \
    X(LIMIT_UNANSWERED_MS, 45000, "ms",                                                            \
      "for which the other end's kernel may be silent on what was sent; cut")                      \
    X(LIMIT_REFUSED_LINES, 5, "lines",                                                             \
      "of the log about what is refused, a second and thread; more are only counted")              \
    X(LIMIT_LOG_LINE_BYTES, 2048, "bytes", "a line of the log; cut")                               \
    X(LIMIT_LOG_QUEUE_BYTES, 262144, "bytes",                                                      \
      "lines that wait to be written; dropped and counted")                                        \
    X(LIMIT_ADMIN_BYTES, 8192, "bytes", "a request of an operator's command; refused")             \
    X(LIMIT_ADMIN_MS, 5000, "ms", "time for such a request to come; refused")                      \
    X(LIMIT_CONFIG_BYTES, 65536, "bytes", "the configuration file; refused")                       \
    X(LIMIT_KEYS_BYTES, 65536, "bytes", "the file of keys; refused")                               \
    X(LIMIT_TOKEN_BYTES, 4096, "bytes", "a token; closes with 4401")                               \
    X(LIMIT_TOKEN_LIFE_S, 31622400, "s",                                                           \
      "between now and the end of a token (366 days); closes with 4401")                           \
    X(LIMIT_REVOCATIONS, 65536, "entries", "tokens and people whose tokens were taken back")       \
    X(LIMIT_FORBIDDEN_EDITS, 3, "edits",                                                           \
      "that the role does not allow, of a connection in 10 s; closes with 4403")                   \
    X(LIMIT_FORBIDDEN_MS, 10000, "ms", "in which those are counted")                               \
    X(LIMIT_SUBJECT_BYTES, 128, "bytes", "who somebody is (sub); bad_name")                        \
    X(LIMIT_MEMBERS, 1000, "members", "of a document; share_limit")                                \
    X(LIMIT_LINKS, 100, "links", "to a document; share_limit")                                     \
    X(LIMIT_LINK_BYTES, 64, "bytes", "the secret of a link; bad_message")                          \
    X(LIMIT_LIST_WALK, 1000, "documents",                                                          \
      "looked at for one LIST of somebody who may see some; the next one goes on")                 \
    X(LIMIT_TOKEN_NOTICE_MS, 60000, "ms", "before its token ends, a connection is told")           \
    X(LIMIT_MEMORY_RETRY_MS, 5000, "ms", "when to try again while memory is short")                \
    X(LIMIT_HEAVY_BYTES, 262144, "bytes",                                                          \
      "that a connection holds when memory is out (waiting for it, or begun to come; of the "      \
      "latter also when it is scarce); the heaviest are closed with 4508")                         \
    X(LIMIT_RETURN_MS, 2000, "ms", "in which clients are told to come back when the server stops") \
    X(LIMIT_DRAIN_MS, 5000, "ms", "time to finish when the server stops")

enum quire_limit {
#define LIMIT_ENUM(symbol, value, unit, text) symbol = value,
    QUIRE_LIMITS(LIMIT_ENUM)
#undef LIMIT_ENUM
};

#endif
