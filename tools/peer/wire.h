/*
 * The messages of quire.v1 as a client meets them (docs/protocol.md, sections 4 and 5): writers for
 * what it sends, and a bounded reader for what it gets.
 *
 * The writers append one message to a buffer and end the process when memory is short. The reader
 * allocates nothing, looks at each byte a few times at most, and passes over kinds and fields it
 * does not know.
 */
#ifndef QUIRE_PEER_WIRE_H
#define QUIRE_PEER_WIRE_H

#include "quire/ot.h"
#include "server/wire/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A uint or string that is nil. */
#define PEER_NONE WIRE_NONE
#define PEER_NIL  ((struct ot_slice){0})

/* ---- to the server ------------------------------------------------------------------------------
 */

struct peer_hello {
    struct ot_slice token, name, color;
    uint64_t client;
    struct ot_slice key;
    struct ot_slice agent;
};

void peer_put_hello(struct ot_buf *out, const struct peer_hello *hello);
void peer_put_ping(struct ot_buf *out, uint64_t n);
void peer_put_open(struct ot_buf *out, uint64_t ref, uint8_t channel, struct ot_slice id,
                   uint64_t epoch, uint64_t version, uint64_t chat);
void peer_put_close(struct ot_buf *out, uint8_t channel);
void peer_put_edit(struct ot_buf *out, uint8_t channel, uint64_t seq, uint64_t base,
                   struct ot_slice op);
void peer_put_cursor(struct ot_buf *out, uint8_t channel, uint64_t version, uint64_t anchor,
                     uint64_t head, bool typing, struct ot_slice data);
void peer_put_chat(struct ot_buf *out, uint64_t ref, uint8_t channel, uint64_t nonce,
                   struct ot_slice text);
void peer_put_list(struct ot_buf *out, uint64_t ref, uint64_t limit, uint64_t before_ms,
                   uint64_t before_key);
void peer_put_create(struct ot_buf *out, uint64_t ref, uint64_t type, struct ot_slice title,
                     struct ot_slice id);
void peer_put_profile(struct ot_buf *out, struct ot_slice name, struct ot_slice color);
void peer_put_diverged(struct ot_buf *out, uint8_t channel, uint64_t version, uint64_t hash);
void peer_put_token(struct ot_buf *out, uint64_t ref, struct ot_slice token);

/* ---- from the server ----------------------------------------------------------------------------
 */

/* One message of the server. Slices point into the frame; a nil string or bin has data NULL, a nil
 * uint is PEER_NONE. `kind` may be none of enum wire_kind: then nothing else is set. */
struct peer_message {
    unsigned kind;
    uint8_t channel;
    uint64_t ref;
    union {
        struct {
            uint64_t client, epoch;
            struct ot_slice key, server;
            uint64_t frame_bytes, chat_chars, document_bytes, channels;
        } welcome;
        struct {
            uint64_t n;
        } pong;
        struct {
            bool has_channel;
            struct ot_slice code, text;
            uint64_t retry_ms, at;
        } error;
        struct {
            uint64_t epoch, version, head, seq;
            struct ot_slice snapshot;
            uint64_t type;
            struct ot_slice title, role;
            uint64_t member, chat;
        } opened;
        struct {
            uint64_t version, member;
            struct ot_slice op; /* not checked */
        } edit;
        struct {
            uint64_t version, seq;
        } ack;
        struct {
            uint64_t first, last;
            struct ot_slice op; /* not checked */
        } catchup;
        struct {
            uint64_t version, crc;
        } hash;
        struct {
            uint64_t version;
            bool full;
            uint64_t people;
            struct ot_slice members; /* for peer_next_member, `member_count` times */
            uint32_t member_count;
        } presence;
        struct {
            uint64_t number, member;
            struct ot_slice name, color;
            uint64_t at_ms;
            struct ot_slice text;
        } chat;
        struct {
            bool more;
            struct ot_slice messages;
            uint32_t message_count;
        } chats;
        struct {
            bool more;
            struct ot_slice documents;
            uint32_t document_count;
        } documents;
        struct {
            struct ot_slice text; /* one of the two, or neither */
            uint64_t number;
        } done;
        struct {
            struct ot_slice title;
        } renamed;
        struct {
            struct ot_slice code, text;
        } closed;
        struct {
            struct ot_slice role;
        } role;
        struct {
            uint64_t retry_ms;
        } going;
        struct {
            uint64_t in_ms;
        } expiring;
    };
};

/* Reads the message at `*offset` of `frame` and moves `*offset` past it. 0, or -1 when the bytes
 * are no such message: the server is broken, or is none. */
int peer_read(struct ot_slice frame, size_t *offset, struct peer_message *message_out);

struct peer_member {
    uint64_t member;
    bool left;
    uint64_t anchor, head;
    bool typing;
    struct ot_slice data;
    bool introduced; /* name and color are there */
    struct ot_slice name, color;
};

/* Reads one member off the front of PRESENCE's list. 0 or -1. */
int peer_next_member(struct ot_slice *members, struct peer_member *member_out);

#endif
