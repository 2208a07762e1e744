/*
 * The messages of quire.v1 (docs/protocol.md) as the server sends them. Each call appends one
 * message to a buffer, so that several can share a frame. Out of memory ends the process.
 */
#ifndef QUIRE_WIRE_ENCODE_H
#define QUIRE_WIRE_ENCODE_H

#include "server/wire/blob.h"
#include "server/wire/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits; /* server/limits.h */

/* In every message with a channel it is the single byte at this offset. */
#define ENCODE_CHANNEL_AT 2

/* Moves the bytes into a blob and clears the buffer. */
struct blob *encode_blob(struct ot_buf *buf);
/* The same for many bytes, which are not copied: `begin` with a zeroed buffer, append, `end`, which
 * leaves it zeroed. */
void encode_large_begin(struct ot_buf *buf);
struct blob *encode_large_end(struct ot_buf *buf);

/* Of `limits` it tells those that clients have to keep. */
void encode_welcome(struct ot_buf *out, uint64_t client, const uint8_t *key, uint64_t epoch,
                    const char *server, const struct limits *limits);
void encode_pong(struct ot_buf *out, uint64_t n);
void encode_going(struct ot_buf *out, uint64_t retry_ms);
void encode_expiring(struct ot_buf *out, uint64_t in_ms);

/* `ref`, `retry_ms`, `at`: WIRE_NONE for nil. `channel` < 0: nil. */
struct encode_error {
    uint64_t ref;
    int channel;
    const char *code;
    const char *text;
    uint64_t retry_ms;
    uint64_t at;
};
void encode_error(struct ot_buf *out, const struct encode_error *error);

struct encode_opened {
    uint8_t channel;
    uint64_t ref, epoch, version, head, seq;
    struct ot_slice snapshot; /* data NULL: nil */
    unsigned type;
    const char *title;
    const char *role;
    uint64_t member, chat;
};
/* `apart_out` not NULL: the bytes of a snapshot that is not nil are left out, and belong at this
 * place in `out`. */
void encode_opened(struct ot_buf *out, const struct encode_opened *opened, size_t *apart_out);

void encode_edit(struct ot_buf *out, uint8_t channel, uint64_t version, uint64_t member,
                 struct ot_slice op);
void encode_ack(struct ot_buf *out, uint8_t channel, uint64_t version, uint64_t seq);
void encode_catchup(struct ot_buf *out, uint8_t channel, uint64_t first, uint64_t last,
                    struct ot_slice op);
void encode_hash(struct ot_buf *out, uint8_t channel, uint64_t version, uint32_t crc);
void encode_renamed(struct ot_buf *out, uint8_t channel, const char *title);
void encode_closed(struct ot_buf *out, uint8_t channel, const char *code, const char *text);
void encode_role(struct ot_buf *out, uint8_t channel, const char *role);
void encode_done_nil(struct ot_buf *out, uint64_t ref);
void encode_done_uint(struct ot_buf *out, uint64_t ref, uint64_t value);
void encode_done_string(struct ot_buf *out, uint64_t ref, const char *value);

struct encode_chat {
    uint64_t number, member;
    struct ot_slice name, color, text;
    int64_t at_ms;
};
void encode_chat(struct ot_buf *out, uint8_t channel, const struct encode_chat *chat);
/* The head of a page; exactly `count` calls of encode_chats_row follow. */
void encode_chats(struct ot_buf *out, uint64_t ref, uint8_t channel, bool more, size_t count);
void encode_chats_row(struct ot_buf *out, const struct encode_chat *chat);

struct encode_document {
    const char *id, *title;
    unsigned type;
    int64_t created_ms, updated_ms, key;
    size_t people;
};
/* The head of a list; exactly `count` calls of encode_documents_row follow, then
 * encode_documents_end with the place to go on from (WIRE_NONE for nil). */
void encode_documents(struct ot_buf *out, uint64_t ref, bool more, size_t count);
void encode_documents_row(struct ot_buf *out, const struct encode_document *document);
void encode_documents_end(struct ot_buf *out, uint64_t before_ms, uint64_t before_key);

/* The heads of lists; exactly `count` calls for rows follow. */
void encode_members(struct ot_buf *out, uint64_t ref, size_t count);
void encode_members_row(struct ot_buf *out, const char *subject, const char *role, int64_t at_ms);
void encode_links(struct ot_buf *out, uint64_t ref, size_t count);
struct encode_link {
    uint64_t number;
    const char *role, *label;
    int64_t created_ms;
    uint64_t expires_ms; /* WIRE_NONE: never */
};
void encode_links_row(struct ot_buf *out, const struct encode_link *link);
void encode_linked(struct ot_buf *out, uint64_t ref, uint64_t number, const char *secret);

enum encode_member_kind { ENCODE_LEFT, ENCODE_MOVED, ENCODE_PROFILE };
struct encode_member {
    enum encode_member_kind kind;
    uint64_t member;
    uint64_t anchor, head; /* WIRE_NONE: nil */
    bool typing;
    struct ot_slice data; /* data NULL: nil */
    struct ot_slice name, color;
};
/* The head; exactly `count` calls of encode_presence_member follow. */
void encode_presence(struct ot_buf *out, uint8_t channel, uint64_t version, bool full,
                     size_t people, size_t count);
void encode_presence_member(struct ot_buf *out, const struct encode_member *member);

#endif
