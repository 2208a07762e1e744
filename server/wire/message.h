/*
 * The messages of quire.v1 (docs/protocol.md) as a client sends them: one table, from which come
 * the enum, the names and the reader.
 */
#ifndef QUIRE_WIRE_MESSAGE_H
#define QUIRE_WIRE_MESSAGE_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* symbol, kind, name, number of fields after the kind */
#define WIRE_CLIENT_MESSAGES(X)                                                                    \
    X(WIRE_HELLO, 1, "hello", 6)                                                                   \
    X(WIRE_PING, 2, "ping", 1)                                                                     \
    X(WIRE_OPEN, 3, "open", 7)                                                                     \
    X(WIRE_CLOSE, 4, "close", 1)                                                                   \
    X(WIRE_EDIT, 5, "edit", 4)                                                                     \
    X(WIRE_CURSOR, 6, "cursor", 6)                                                                 \
    X(WIRE_CHAT, 7, "chat", 4)                                                                     \
    X(WIRE_CHATS, 8, "chats", 4)                                                                   \
    X(WIRE_LIST, 9, "list", 4)                                                                     \
    X(WIRE_CREATE, 10, "create", 4)                                                                \
    X(WIRE_RENAME, 11, "rename", 3)                                                                \
    X(WIRE_DELETE, 12, "delete", 2)                                                                \
    X(WIRE_PROFILE, 13, "profile", 2)                                                              \
    X(WIRE_DIVERGED, 14, "diverged", 3)                                                            \
    X(WIRE_TOKEN, 15, "token", 2)                                                                  \
    X(WIRE_MEMBERS, 16, "members", 2)                                                              \
    X(WIRE_MEMBER, 17, "member", 4)                                                                \
    X(WIRE_LINKS, 18, "links", 2)                                                                  \
    X(WIRE_LINK, 19, "link", 5)                                                                    \
    X(WIRE_UNLINK, 20, "unlink", 3)

/* OPEN may do without its last field, which older clients do not know. */
#define WIRE_OPEN_FIELDS_MIN 6

/* symbol, kind, name, number of fields after the kind */
#define WIRE_SERVER_MESSAGES(X)                                                                    \
    X(WIRE_WELCOME, 32, "welcome", 5)                                                              \
    X(WIRE_PONG, 33, "pong", 1)                                                                    \
    X(WIRE_ERROR, 34, "error", 6)                                                                  \
    X(WIRE_OPENED, 35, "opened", 12)                                                               \
    X(WIRE_EDITED, 36, "edit", 4)                                                                  \
    X(WIRE_ACK, 37, "ack", 3)                                                                      \
    X(WIRE_CATCHUP, 38, "catchup", 4)                                                              \
    X(WIRE_HASH, 39, "hash", 3)                                                                    \
    X(WIRE_PRESENCE, 40, "presence", 5)                                                            \
    X(WIRE_CHATTED, 41, "chat", 7)                                                                 \
    X(WIRE_CHATS_PAGE, 42, "chats", 4)                                                             \
    X(WIRE_DOCUMENTS, 43, "documents", 5)                                                          \
    X(WIRE_DONE, 44, "done", 2)                                                                    \
    X(WIRE_RENAMED, 45, "renamed", 2)                                                              \
    X(WIRE_CLOSED, 46, "closed", 3)                                                                \
    X(WIRE_GOING, 47, "going", 1)                                                                  \
    X(WIRE_EXPIRING, 48, "expiring", 1)                                                            \
    X(WIRE_ROLE, 49, "role", 2)                                                                    \
    X(WIRE_MEMBERS_LIST, 50, "members", 2)                                                         \
    X(WIRE_LINKS_LIST, 51, "links", 2)                                                             \
    X(WIRE_LINKED, 52, "linked", 3)

enum wire_kind {
#define WIRE_ENUM(symbol, number, name, fields) symbol = number,
    WIRE_CLIENT_MESSAGES(WIRE_ENUM) WIRE_SERVER_MESSAGES(WIRE_ENUM)
#undef WIRE_ENUM
};

#define WIRE_CHANNEL_MAX 127
#define WIRE_KEY_SIZE    16
#define WIRE_UINT_MAX    ((UINT64_C(1) << 53) - 1)
/* An optional uint that was nil. */
#define WIRE_NONE UINT64_MAX

enum wire_close {
    WIRE_CLOSE_TEXT = 1003,
    WIRE_CLOSE_TOO_LARGE = 1009,
    WIRE_CLOSE_BAD_MESSAGE = 4400,
    WIRE_CLOSE_UNAUTHORIZED = 4401,
    WIRE_CLOSE_FORBIDDEN = 4403,
    WIRE_CLOSE_NO_HELLO = 4408,
    WIRE_CLOSE_REPLACED = 4409,
    WIRE_CLOSE_INTERNAL = 4500,
    WIRE_CLOSE_GOING = 4503,
    WIRE_CLOSE_IDLE = 4504,
    WIRE_CLOSE_OVERLOADED = 4508
};

/* One message of a client. Slices point into the bytes it was read from; a nil string or bin has
 * data NULL. */
struct message {
    enum wire_kind kind;
    uint64_t ref;
    uint8_t channel;
    union {
        struct {
            struct ot_slice token, name, color, key, agent;
            uint64_t client;
        } hello;
        struct {
            uint64_t n;
        } ping;
        struct {
            struct ot_slice id;
            uint64_t epoch, version, chat;
            struct ot_slice link; /* its secret, or nil */
        } open;
        struct {
            uint64_t seq, base;
            struct ot_slice op; /* passed ot_op_check */
            struct ot_op_info info;
        } edit;
        struct {
            uint64_t version, anchor, head;
            bool typing;
            struct ot_slice data;
        } cursor;
        struct {
            uint64_t nonce;
            struct ot_slice text;
        } chat;
        struct {
            uint64_t before, limit;
        } chats;
        struct {
            uint64_t limit, before_ms, before_key;
        } list;
        struct {
            uint64_t type;
            struct ot_slice title, id;
        } create;
        struct {
            struct ot_slice id, title;
        } rename;
        struct {
            struct ot_slice id;
        } remove;
        struct {
            struct ot_slice name, color;
        } profile;
        struct {
            uint64_t version, hash;
        } diverged;
        struct {
            struct ot_slice token;
        } renew;
        struct {
            struct ot_slice id, subject, role; /* a nil role removes */
        } member;
        struct {
            struct ot_slice id, role, label;
            uint64_t expires_ms, number; /* LINK; UNLINK */
        } share;                         /* MEMBERS, LINKS: the id alone */
    };
};

/* Why bytes were refused: a stable code, a sentence, and where: an offset from the start of the
 * message, or from the start of the operation if that is what is wrong. `ref` and `channel` are set
 * when they could be read, so that the error can be told to whom it concerns (`channel` < 0 or
 * `ref` WIRE_NONE: unknown). `lost`: where the next message begins is not known, so the rest of the
 * frame cannot be read. */
struct wire_error {
    const char *code;
    const char *text;
    uint64_t at;
    uint64_t ref;
    int channel;
    bool lost;
};

/*
 * Reads the message at `*offset` of the frame and moves `*offset` past it. Returns 0, or -1 with
 * `error_out`; unless `lost`, `*offset` has moved past the bad message too. Bounded: looks
 * at each byte at most twice, allocates nothing. Checks form: types, field counts, UTF-8, lengths
 * of texts in code points, ids, colours, operations.
 */
int wire_read(struct ot_slice frame, size_t *offset, struct message *message_out,
              struct wire_error *error_out);

const char *wire_kind_name(enum wire_kind kind);

#endif
