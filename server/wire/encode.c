#include "server/wire/encode.h"

#include "server/limits.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

static int write_bytes(void *context, const char *data, size_t size)
{
    if (ot_buf_append(context, data, size) != OT_OK) {
        abort();
    }
    return 0;
}

/* Begins a message: kind and `fields` further items. */
static msgpack_packer begin(struct ot_buf *out, enum wire_kind kind, size_t fields)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    msgpack_pack_array(&packer, fields + 1);
    msgpack_pack_uint8(&packer, (uint8_t)kind);
    return packer;
}

static void put_uint(msgpack_packer *packer, uint64_t value)
{
    msgpack_pack_uint64(packer, value);
}

static void put_uint_or_nil(msgpack_packer *packer, uint64_t value)
{
    if (value == WIRE_NONE) {
        msgpack_pack_nil(packer);
    } else {
        put_uint(packer, value);
    }
}

static void put_bool(msgpack_packer *packer, bool value)
{
    if (value) {
        msgpack_pack_true(packer);
    } else {
        msgpack_pack_false(packer);
    }
}

static void put_string(msgpack_packer *packer, struct ot_slice string)
{
    if (string.data == NULL) {
        msgpack_pack_nil(packer);
        return;
    }
    msgpack_pack_str(packer, string.size);
    msgpack_pack_str_body(packer, string.data, string.size);
}

static void put_text(msgpack_packer *packer, const char *text)
{
    put_string(packer, (struct ot_slice){(const uint8_t *)text, strlen(text)});
}

static void put_bytes(msgpack_packer *packer, struct ot_slice bytes)
{
    if (bytes.data == NULL) {
        msgpack_pack_nil(packer);
        return;
    }
    msgpack_pack_bin(packer, bytes.size);
    msgpack_pack_bin_body(packer, bytes.data, bytes.size);
}

struct blob *encode_blob(struct ot_buf *buf)
{
    struct blob *blob = blob_copy(buf->data, buf->size);
    ot_buf_clear(buf);
    return blob;
}

/* The blob's own fields stand before the bytes. */
void encode_large_begin(struct ot_buf *buf)
{
    const struct blob empty = {0};
    if (ot_buf_append(buf, &empty, sizeof empty) != OT_OK) {
        abort();
    }
}

struct blob *encode_large_end(struct ot_buf *buf)
{
    struct blob *blob = (struct blob *)(void *)buf->data; /* of malloc, so it is aligned */
    atomic_init(&blob->refs, 1);
    blob->size = buf->size - sizeof *blob;
    *buf = (struct ot_buf){0};
    return blob;
}

void encode_welcome(struct ot_buf *out, uint64_t client, const uint8_t *key, uint64_t epoch,
                    const char *server, const struct limits *limits)
{
    msgpack_packer packer = begin(out, WIRE_WELCOME, 5);
    put_uint(&packer, client);
    put_bytes(&packer, (struct ot_slice){key, WIRE_KEY_SIZE});
    put_uint(&packer, epoch);
    put_text(&packer, server);
    msgpack_pack_array(&packer, 4);
    put_uint(&packer, limits->values[SETTING_FRAME_BYTES]);
    put_uint(&packer, LIMIT_CHAT_CHARS);
    put_uint(&packer, limits->values[SETTING_DOCUMENT_BYTES]);
    put_uint(&packer, limits->values[SETTING_CHANNELS]);
}

void encode_pong(struct ot_buf *out, uint64_t n)
{
    msgpack_packer packer = begin(out, WIRE_PONG, 1);
    put_uint(&packer, n);
}

void encode_going(struct ot_buf *out, uint64_t retry_ms)
{
    msgpack_packer packer = begin(out, WIRE_GOING, 1);
    put_uint(&packer, retry_ms);
}

void encode_expiring(struct ot_buf *out, uint64_t in_ms)
{
    msgpack_packer packer = begin(out, WIRE_EXPIRING, 1);
    put_uint(&packer, in_ms);
}

void encode_error(struct ot_buf *out, const struct encode_error *error)
{
    msgpack_packer packer = begin(out, WIRE_ERROR, 6);
    put_uint_or_nil(&packer, error->ref);
    put_uint_or_nil(&packer, error->channel < 0 ? WIRE_NONE : (uint64_t)error->channel);
    put_text(&packer, error->code);
    put_text(&packer, error->text);
    put_uint_or_nil(&packer, error->retry_ms);
    put_uint_or_nil(&packer, error->at);
}

void encode_opened(struct ot_buf *out, const struct encode_opened *opened, size_t *apart_out)
{
    msgpack_packer packer = begin(out, WIRE_OPENED, 12);
    put_uint(&packer, opened->channel);
    put_uint(&packer, opened->ref);
    put_uint(&packer, opened->epoch);
    put_uint(&packer, opened->version);
    put_uint(&packer, opened->head);
    put_uint(&packer, opened->seq);
    if (apart_out != NULL && opened->snapshot.data != NULL) {
        msgpack_pack_bin(&packer, opened->snapshot.size);
        *apart_out = out->size;
    } else {
        put_bytes(&packer, opened->snapshot);
    }
    put_uint(&packer, opened->type);
    put_text(&packer, opened->title);
    put_text(&packer, opened->role);
    put_uint(&packer, opened->member);
    put_uint(&packer, opened->chat);
}

void encode_edit(struct ot_buf *out, uint8_t channel, uint64_t version, uint64_t member,
                 struct ot_slice op)
{
    msgpack_packer packer = begin(out, WIRE_EDITED, 4);
    put_uint(&packer, channel);
    put_uint(&packer, version);
    put_uint(&packer, member);
    put_bytes(&packer, op);
}

void encode_ack(struct ot_buf *out, uint8_t channel, uint64_t version, uint64_t seq)
{
    msgpack_packer packer = begin(out, WIRE_ACK, 3);
    put_uint(&packer, channel);
    put_uint(&packer, version);
    put_uint(&packer, seq);
}

void encode_catchup(struct ot_buf *out, uint8_t channel, uint64_t first, uint64_t last,
                    struct ot_slice op)
{
    msgpack_packer packer = begin(out, WIRE_CATCHUP, 4);
    put_uint(&packer, channel);
    put_uint(&packer, first);
    put_uint(&packer, last);
    put_bytes(&packer, op);
}

void encode_hash(struct ot_buf *out, uint8_t channel, uint64_t version, uint32_t crc)
{
    msgpack_packer packer = begin(out, WIRE_HASH, 3);
    put_uint(&packer, channel);
    put_uint(&packer, version);
    put_uint(&packer, crc);
}

void encode_renamed(struct ot_buf *out, uint8_t channel, const char *title)
{
    msgpack_packer packer = begin(out, WIRE_RENAMED, 2);
    put_uint(&packer, channel);
    put_text(&packer, title);
}

void encode_closed(struct ot_buf *out, uint8_t channel, const char *code, const char *text)
{
    msgpack_packer packer = begin(out, WIRE_CLOSED, 3);
    put_uint(&packer, channel);
    put_text(&packer, code);
    put_text(&packer, text);
}

void encode_role(struct ot_buf *out, uint8_t channel, const char *role)
{
    msgpack_packer packer = begin(out, WIRE_ROLE, 2);
    put_uint(&packer, channel);
    put_text(&packer, role);
}

void encode_done_nil(struct ot_buf *out, uint64_t ref)
{
    msgpack_packer packer = begin(out, WIRE_DONE, 2);
    put_uint(&packer, ref);
    msgpack_pack_nil(&packer);
}

void encode_done_uint(struct ot_buf *out, uint64_t ref, uint64_t value)
{
    msgpack_packer packer = begin(out, WIRE_DONE, 2);
    put_uint(&packer, ref);
    put_uint(&packer, value);
}

void encode_done_string(struct ot_buf *out, uint64_t ref, const char *value)
{
    msgpack_packer packer = begin(out, WIRE_DONE, 2);
    put_uint(&packer, ref);
    put_text(&packer, value);
}

void encode_chat(struct ot_buf *out, uint8_t channel, const struct encode_chat *chat)
{
    msgpack_packer packer = begin(out, WIRE_CHATTED, 7);
    put_uint(&packer, channel);
    put_uint(&packer, chat->number);
    put_uint(&packer, chat->member);
    put_string(&packer, chat->name);
    put_string(&packer, chat->color);
    put_uint(&packer, (uint64_t)chat->at_ms);
    put_string(&packer, chat->text);
}

void encode_chats(struct ot_buf *out, uint64_t ref, uint8_t channel, bool more, size_t count)
{
    msgpack_packer packer = begin(out, WIRE_CHATS_PAGE, 4);
    put_uint(&packer, ref);
    put_uint(&packer, channel);
    put_bool(&packer, more);
    msgpack_pack_array(&packer, count);
}

void encode_chats_row(struct ot_buf *out, const struct encode_chat *chat)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    msgpack_pack_array(&packer, 5);
    put_uint(&packer, chat->number);
    put_string(&packer, chat->name);
    put_string(&packer, chat->color);
    put_uint(&packer, (uint64_t)chat->at_ms);
    put_string(&packer, chat->text);
}

void encode_documents(struct ot_buf *out, uint64_t ref, bool more, size_t count)
{
    msgpack_packer packer = begin(out, WIRE_DOCUMENTS, 5);
    put_uint(&packer, ref);
    put_bool(&packer, more);
    msgpack_pack_array(&packer, count);
}

void encode_documents_row(struct ot_buf *out, const struct encode_document *document)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    msgpack_pack_array(&packer, 7);
    put_text(&packer, document->id);
    put_uint(&packer, document->type);
    put_text(&packer, document->title);
    put_uint(&packer, (uint64_t)document->created_ms);
    put_uint(&packer, (uint64_t)document->updated_ms);
    put_uint(&packer, (uint64_t)document->key);
    put_uint(&packer, document->people);
}

void encode_documents_end(struct ot_buf *out, uint64_t before_ms, uint64_t before_key)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    put_uint_or_nil(&packer, before_ms);
    put_uint_or_nil(&packer, before_key);
}

void encode_members(struct ot_buf *out, uint64_t ref, size_t count)
{
    msgpack_packer packer = begin(out, WIRE_MEMBERS_LIST, 2);
    put_uint(&packer, ref);
    msgpack_pack_array(&packer, count);
}

void encode_members_row(struct ot_buf *out, const char *subject, const char *role, int64_t at_ms)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    msgpack_pack_array(&packer, 3);
    put_text(&packer, subject);
    put_text(&packer, role);
    put_uint(&packer, (uint64_t)at_ms);
}

void encode_links(struct ot_buf *out, uint64_t ref, size_t count)
{
    msgpack_packer packer = begin(out, WIRE_LINKS_LIST, 2);
    put_uint(&packer, ref);
    msgpack_pack_array(&packer, count);
}

void encode_links_row(struct ot_buf *out, const struct encode_link *link)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    msgpack_pack_array(&packer, 5);
    put_uint(&packer, link->number);
    put_text(&packer, link->role);
    put_text(&packer, link->label);
    put_uint(&packer, (uint64_t)link->created_ms);
    put_uint_or_nil(&packer, link->expires_ms);
}

void encode_linked(struct ot_buf *out, uint64_t ref, uint64_t number, const char *secret)
{
    msgpack_packer packer = begin(out, WIRE_LINKED, 3);
    put_uint(&packer, ref);
    put_uint(&packer, number);
    put_text(&packer, secret);
}

void encode_presence(struct ot_buf *out, uint8_t channel, uint64_t version, bool full,
                     size_t people, size_t count)
{
    msgpack_packer packer = begin(out, WIRE_PRESENCE, 5);
    put_uint(&packer, channel);
    put_uint(&packer, version);
    put_bool(&packer, full);
    put_uint(&packer, people);
    msgpack_pack_array(&packer, count);
}

void encode_presence_member(struct ot_buf *out, const struct encode_member *member)
{
    static const size_t fields[] = {[ENCODE_LEFT] = 1, [ENCODE_MOVED] = 5, [ENCODE_PROFILE] = 7};
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    msgpack_pack_array(&packer, fields[member->kind]);
    put_uint(&packer, member->member);
    if (member->kind == ENCODE_LEFT) {
        return;
    }
    put_uint_or_nil(&packer, member->anchor);
    put_uint_or_nil(&packer, member->head);
    put_bool(&packer, member->typing);
    put_string(&packer, member->data);
    if (member->kind == ENCODE_PROFILE) {
        put_string(&packer, member->name);
        put_string(&packer, member->color);
    }
}
