#include "tools/peer/wire.h"

#include "tools/peer/pack.h"

/* ---- writing ----------------------------------------------------------------------------------
 */

static void begin(struct ot_buf *out, enum wire_kind kind, uint32_t fields)
{
    pack_array(out, fields + 1);
    pack_uint(out, kind);
}

void peer_put_hello(struct ot_buf *out, const struct peer_hello *hello)
{
    begin(out, WIRE_HELLO, 6);
    pack_str(out, hello->token);
    pack_str(out, hello->name);
    pack_str(out, hello->color);
    pack_uint(out, hello->client);
    pack_bin(out, hello->key);
    pack_str(out, hello->agent);
}

void peer_put_ping(struct ot_buf *out, uint64_t n)
{
    begin(out, WIRE_PING, 1);
    pack_uint(out, n);
}

void peer_put_open(struct ot_buf *out, uint64_t ref, uint8_t channel, struct ot_slice id,
                   uint64_t epoch, uint64_t version, uint64_t chat)
{
    begin(out, WIRE_OPEN, 6);
    pack_uint(out, ref);
    pack_uint(out, channel);
    pack_str(out, id);
    pack_uint(out, epoch);
    pack_uint(out, version);
    pack_uint(out, chat);
}

void peer_put_close(struct ot_buf *out, uint8_t channel)
{
    begin(out, WIRE_CLOSE, 1);
    pack_uint(out, channel);
}

void peer_put_edit(struct ot_buf *out, uint8_t channel, uint64_t seq, uint64_t base,
                   struct ot_slice op)
{
    begin(out, WIRE_EDIT, 4);
    pack_uint(out, channel);
    pack_uint(out, seq);
    pack_uint(out, base);
    pack_bin(out, op);
}

void peer_put_cursor(struct ot_buf *out, uint8_t channel, uint64_t version, uint64_t anchor,
                     uint64_t head, bool typing, struct ot_slice data)
{
    begin(out, WIRE_CURSOR, 6);
    pack_uint(out, channel);
    pack_uint(out, version);
    pack_uint(out, anchor);
    pack_uint(out, head);
    pack_bool(out, typing);
    pack_str(out, data);
}

void peer_put_chat(struct ot_buf *out, uint64_t ref, uint8_t channel, uint64_t nonce,
                   struct ot_slice text)
{
    begin(out, WIRE_CHAT, 4);
    pack_uint(out, ref);
    pack_uint(out, channel);
    pack_uint(out, nonce);
    pack_str(out, text);
}

void peer_put_list(struct ot_buf *out, uint64_t ref, uint64_t limit, uint64_t before_ms,
                   uint64_t before_key)
{
    begin(out, WIRE_LIST, 4);
    pack_uint(out, ref);
    pack_uint(out, limit);
    pack_uint(out, before_ms);
    pack_uint(out, before_key);
}

void peer_put_create(struct ot_buf *out, uint64_t ref, uint64_t type, struct ot_slice title,
                     struct ot_slice id)
{
    begin(out, WIRE_CREATE, 4);
    pack_uint(out, ref);
    pack_uint(out, type);
    pack_str(out, title);
    pack_str(out, id);
}

void peer_put_profile(struct ot_buf *out, struct ot_slice name, struct ot_slice color)
{
    begin(out, WIRE_PROFILE, 2);
    pack_str(out, name);
    pack_str(out, color);
}

void peer_put_diverged(struct ot_buf *out, uint8_t channel, uint64_t version, uint64_t hash)
{
    begin(out, WIRE_DIVERGED, 3);
    pack_uint(out, channel);
    pack_uint(out, version);
    pack_uint(out, hash);
}

void peer_put_token(struct ot_buf *out, uint64_t ref, struct ot_slice token)
{
    begin(out, WIRE_TOKEN, 2);
    pack_uint(out, ref);
    pack_str(out, token);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static void read_welcome(struct unpack *in, struct peer_message *message)
{
    message->welcome.client = unpack_uint(in);
    message->welcome.key = unpack_bin(in);
    message->welcome.epoch = unpack_uint(in);
    message->welcome.server = unpack_str(in);
    uint32_t count = unpack_array(in);
    if (count < 4) {
        in->bad = true;
        return;
    }
    message->welcome.frame_bytes = unpack_uint(in);
    message->welcome.chat_chars = unpack_uint(in);
    message->welcome.document_bytes = unpack_uint(in);
    message->welcome.channels = unpack_uint(in);
    unpack_skip(in, count - 4);
}

static void read_error(struct unpack *in, struct peer_message *message)
{
    message->ref = unpack_uint_or_nil(in);
    uint64_t channel = unpack_uint_or_nil(in);
    message->error.has_channel = channel <= WIRE_CHANNEL_MAX;
    message->channel = (uint8_t)(message->error.has_channel ? channel : 0);
    message->error.code = unpack_str(in);
    message->error.text = unpack_str(in);
    message->error.retry_ms = unpack_uint_or_nil(in);
    message->error.at = unpack_uint_or_nil(in);
}

static void read_channel(struct unpack *in, struct peer_message *message)
{
    uint64_t channel = unpack_uint(in);
    in->bad |= channel > WIRE_CHANNEL_MAX;
    message->channel = (uint8_t)(channel & WIRE_CHANNEL_MAX);
}

static void read_opened(struct unpack *in, struct peer_message *message)
{
    read_channel(in, message);
    message->ref = unpack_uint(in);
    message->opened.epoch = unpack_uint(in);
    message->opened.version = unpack_uint(in);
    message->opened.head = unpack_uint(in);
    message->opened.seq = unpack_uint(in);
    message->opened.snapshot = unpack_bin_or_nil(in);
    message->opened.type = unpack_uint(in);
    message->opened.title = unpack_str(in);
    message->opened.role = unpack_str(in);
    message->opened.member = unpack_uint(in);
    message->opened.chat = unpack_uint(in);
}

/* A list of arrays, passed over for later. */
static struct ot_slice read_list(struct unpack *in, uint32_t *count_out)
{
    *count_out = unpack_array(in);
    struct ot_slice list = in->rest;
    unpack_skip(in, *count_out);
    list.size -= in->rest.size;
    return list;
}

static void read_presence(struct unpack *in, struct peer_message *message)
{
    read_channel(in, message);
    message->presence.version = unpack_uint(in);
    message->presence.full = unpack_bool(in);
    message->presence.people = unpack_uint(in);
    message->presence.members = read_list(in, &message->presence.member_count);
}

static void read_chat(struct unpack *in, struct peer_message *message)
{
    read_channel(in, message);
    message->chat.number = unpack_uint(in);
    message->chat.member = unpack_uint(in);
    message->chat.name = unpack_str(in);
    message->chat.color = unpack_str(in);
    message->chat.at_ms = unpack_uint(in);
    message->chat.text = unpack_str(in);
}

static void read_done(struct unpack *in, struct peer_message *message)
{
    message->ref = unpack_uint(in);
    message->done.text = PEER_NIL;
    message->done.number = PEER_NONE;
    if (unpack_is_str(in))
        message->done.text = unpack_str(in);
    else
        message->done.number = unpack_uint_or_nil(in);
}

static void read_log_entry(struct unpack *in, struct peer_message *message)
{
    read_channel(in, message);
    switch (message->kind) {
    case WIRE_EDITED:
        message->edit.version = unpack_uint(in);
        message->edit.member = unpack_uint(in);
        message->edit.op = unpack_bin(in);
        break;
    case WIRE_ACK:
        message->ack.version = unpack_uint(in);
        message->ack.seq = unpack_uint(in);
        break;
    case WIRE_CATCHUP:
        message->catchup.first = unpack_uint(in);
        message->catchup.last = unpack_uint(in);
        message->catchup.op = unpack_bin(in);
        break;
    default:
        message->hash.version = unpack_uint(in);
        message->hash.crc = unpack_uint(in);
    }
}

static void read_notice(struct unpack *in, struct peer_message *message)
{
    switch (message->kind) {
    case WIRE_PONG:
        message->pong.n = unpack_uint(in);
        break;
    case WIRE_RENAMED:
        read_channel(in, message);
        message->renamed.title = unpack_str(in);
        break;
    case WIRE_CLOSED:
        read_channel(in, message);
        message->closed.code = unpack_str(in);
        message->closed.text = unpack_str(in);
        break;
    case WIRE_ROLE:
        read_channel(in, message);
        message->role.role = unpack_str(in);
        break;
    case WIRE_EXPIRING:
        message->expiring.in_ms = unpack_uint(in);
        break;
    default:
        message->going.retry_ms = unpack_uint(in);
    }
}

static void read_page(struct unpack *in, struct peer_message *message)
{
    message->ref = unpack_uint(in);
    if (message->kind == WIRE_CHATS_PAGE) {
        read_channel(in, message);
        message->chats.more = unpack_bool(in);
        message->chats.messages = read_list(in, &message->chats.message_count);
    } else {
        message->documents.more = unpack_bool(in);
        message->documents.documents = read_list(in, &message->documents.document_count);
    }
}

/* False for a kind of a later version. */
static bool read_fields(struct unpack *in, struct peer_message *message)
{
    switch (message->kind) {
    case WIRE_EDITED:
    case WIRE_ACK:
    case WIRE_CATCHUP:
    case WIRE_HASH:
        read_log_entry(in, message);
        return true;
    case WIRE_PONG:
    case WIRE_RENAMED:
    case WIRE_CLOSED:
    case WIRE_GOING:
    case WIRE_EXPIRING:
    case WIRE_ROLE:
        read_notice(in, message);
        return true;
    case WIRE_CHATS_PAGE:
    case WIRE_DOCUMENTS:
        read_page(in, message);
        return true;
    case WIRE_WELCOME:
        read_welcome(in, message);
        return true;
    case WIRE_ERROR:
        read_error(in, message);
        return true;
    case WIRE_OPENED:
        read_opened(in, message);
        return true;
    case WIRE_PRESENCE:
        read_presence(in, message);
        return true;
    case WIRE_CHATTED:
        read_chat(in, message);
        return true;
    case WIRE_DONE:
        read_done(in, message);
        return true;
    default:
        return false;
    }
}

int peer_read(struct ot_slice frame, size_t *offset, struct peer_message *message_out)
{
    struct unpack in = {.rest = {frame.data + *offset, frame.size - *offset}};
    struct unpack whole = in;

    uint32_t count = unpack_array(&in);
    uint64_t kind = unpack_uint(&in);
    if (in.bad || count == 0)
        return -1;
    message_out->kind = kind > UINT8_MAX ? UINT8_MAX : (unsigned)kind;
    message_out->ref = PEER_NONE;
    message_out->channel = 0;
    if (read_fields(&in, message_out) && in.bad)
        return -1;
    /* Where the message ends follows from its count alone: fields of later versions come last. */
    unpack_skip(&whole, 1);
    if (whole.bad || whole.rest.size > in.rest.size)
        return -1;
    *offset = frame.size - whole.rest.size;
    return 0;
}

int peer_next_member(struct ot_slice *members, struct peer_member *member_out)
{
    struct unpack in = {.rest = *members}, whole = in;
    uint32_t count = unpack_array(&in);

    unpack_skip(&whole, 1);
    *member_out = (struct peer_member){.member = unpack_uint(&in), .left = count < 5};
    if (!member_out->left) {
        member_out->anchor = unpack_uint_or_nil(&in);
        member_out->head = unpack_uint_or_nil(&in);
        member_out->typing = unpack_bool(&in);
        member_out->data = unpack_str_or_nil(&in);
        member_out->introduced = count >= 7;
        if (member_out->introduced) {
            member_out->name = unpack_str(&in);
            member_out->color = unpack_str(&in);
        }
    }
    if (in.bad || whole.bad || whole.rest.size > in.rest.size)
        return -1;
    *members = whole.rest;
    return 0;
}
