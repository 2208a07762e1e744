#include "server/wire/message.h"

#include "server/limits.h"
#include "server/wire/reader.h"
#include "server/wire/utf8.h"

#include <string.h>

#define AGENT_BYTES_MAX 100
#define COLOR_BYTES     7

const char *wire_kind_name(enum wire_kind kind)
{
    switch (kind) {
#define WIRE_NAME(symbol, number, name, fields)                                                    \
    case symbol:                                                                                   \
        return name;
        WIRE_CLIENT_MESSAGES(WIRE_NAME)
        WIRE_SERVER_MESSAGES(WIRE_NAME)
#undef WIRE_NAME
    }
    return "unknown";
}

static int field_count(uint64_t kind)
{
    switch (kind) {
#define WIRE_COUNT(symbol, number, name, fields)                                                   \
    case number:                                                                                   \
        return fields;
        WIRE_CLIENT_MESSAGES(WIRE_COUNT)
#undef WIRE_COUNT
    }
    return -1;
}

static int field_count_min(uint64_t kind)
{
    return kind == WIRE_OPEN ? WIRE_OPEN_FIELDS_MIN : field_count(kind);
}

static int refuse(struct wire_error *error, const char *code, const char *text)
{
    error->code = code;
    error->text = text;
    return -1;
}

/* The reader has refused an item. */
static int refuse_form(const struct reader *reader, struct wire_error *error)
{
    return refuse(error, "bad_message", reader->why);
}

static int refuse_range(struct wire_error *error)
{
    return refuse(error, "bad_message", "a field is out of range");
}

/* Points at what was read before the reader's place. */
static void point_at(struct wire_error *error, const struct reader *reader, struct ot_slice item)
{
    error->at = (uint64_t)(item.data - reader->data);
}

/* ---- fields ---- */

static bool read_ref(struct reader *reader, struct message *message, struct wire_error *error)
{
    if (!reader_uint(reader, &message->ref)) {
        return false;
    }
    error->ref = message->ref;
    return true;
}

static bool read_channel(struct reader *reader, struct message *message, struct wire_error *error)
{
    size_t start = reader->at;
    uint64_t channel;
    if (!reader_uint(reader, &channel)) {
        return false;
    }
    if (channel > WIRE_CHANNEL_MAX) {
        reader->at = start;
        reader->why = "a channel is a number of 0 to 127";
        return false;
    }
    message->channel = (uint8_t)channel;
    error->channel = (int)channel;
    return true;
}

static bool read_string_or_nil(struct reader *reader, struct ot_slice *out)
{
    *out = (struct ot_slice){NULL, 0};
    return reader_nil(reader) || reader_string(reader, out);
}

static bool read_bytes_or_nil(struct reader *reader, struct ot_slice *out)
{
    *out = (struct ot_slice){NULL, 0};
    return reader_nil(reader) || reader_bytes(reader, out);
}

/* Text for people's eyes on one line: `min` to `max` code points, no control characters. */
static bool is_line(struct ot_slice text, size_t min, size_t max)
{
    size_t points;
    bool controls;
    return wire_utf8_check(text.data, text.size, &points, &controls) && !controls &&
           points >= min && points <= max;
}

static bool is_color(struct ot_slice color)
{
    if (color.size != COLOR_BYTES || color.data[0] != '#') {
        return false;
    }
    for (size_t i = 1; i < COLOR_BYTES; i++) {
        if (strchr("0123456789abcdefABCDEF", color.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_id(struct ot_slice id)
{
    if (id.size == 0 || id.size > LIMIT_ID_BYTES) {
        return false;
    }
    for (size_t i = 0; i < id.size; i++) {
        uint8_t c = id.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

static int check_profile(const struct reader *reader, struct ot_slice name, struct ot_slice color,
                         struct wire_error *error)
{
    if (!is_line(name, 1, LIMIT_NAME_CHARS)) {
        point_at(error, reader, name);
        return refuse(error, "bad_name", "a name has 1 to 60 characters, none of them control");
    }
    if (!is_color(color)) {
        point_at(error, reader, color);
        return refuse(error, "bad_name", "a colour is # and six hexadecimal digits");
    }
    return 0;
}

static int check_id(const struct reader *reader, struct ot_slice id, struct wire_error *error)
{
    if (is_id(id)) {
        return 0;
    }
    point_at(error, reader, id);
    return refuse(error, "bad_id", "an id is 1 to 64 of A-Z a-z 0-9 _ -");
}

static int check_title(const struct reader *reader, struct ot_slice title, struct wire_error *error)
{
    if (is_line(title, 0, LIMIT_TITLE_CHARS)) {
        return 0;
    }
    point_at(error, reader, title);
    return refuse(error, "bad_title", "a title has at most 100 characters, none of them control");
}

/* Of texts whose limit is in bytes. */
static int check_size(const struct reader *reader, struct ot_slice text, size_t max,
                      struct wire_error *error)
{
    if (text.size <= max) {
        return 0;
    }
    point_at(error, reader, text);
    return refuse_range(error);
}

/* ---- messages ---- */

static int read_hello(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_string_or_nil(r, &m->hello.token) || !reader_string(r, &m->hello.name) ||
        !reader_string(r, &m->hello.color) || !reader_uint_or_nil(r, &m->hello.client) ||
        !read_bytes_or_nil(r, &m->hello.key) || !reader_string(r, &m->hello.agent)) {
        return refuse_form(r, error);
    }
    if (check_size(r, m->hello.agent, AGENT_BYTES_MAX, error) != 0) {
        return -1;
    }
    return check_profile(r, m->hello.name, m->hello.color, error);
}

static int read_ping(struct reader *r, struct message *m, struct wire_error *error)
{
    return reader_uint(r, &m->ping.n) ? 0 : refuse_form(r, error);
}

/* One that older clients leave out. */
static bool read_last_string(struct reader *r, struct ot_slice *out)
{
    *out = (struct ot_slice){NULL, 0};
    return r->at == r->size || read_string_or_nil(r, out);
}

static int read_open(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error) || !read_channel(r, m, error) || !reader_string(r, &m->open.id) ||
        !reader_uint_or_nil(r, &m->open.epoch) || !reader_uint_or_nil(r, &m->open.version) ||
        !reader_uint_or_nil(r, &m->open.chat) || !read_last_string(r, &m->open.link)) {
        return refuse_form(r, error);
    }
    if (check_size(r, m->open.link, LIMIT_LINK_BYTES, error) != 0) {
        return -1;
    }
    return check_id(r, m->open.id, error);
}

static int read_close(struct reader *r, struct message *m, struct wire_error *error)
{
    return read_channel(r, m, error) ? 0 : refuse_form(r, error);
}

static int read_edit(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_channel(r, m, error) || !reader_uint(r, &m->edit.seq)) {
        return refuse_form(r, error);
    }
    m->ref = error->ref = m->edit.seq;
    if (!reader_uint(r, &m->edit.base) || !reader_bytes(r, &m->edit.op)) {
        return refuse_form(r, error);
    }
    struct ot_error wrong;
    if (ot_op_check(m->edit.op, &m->edit.info, &wrong) != OT_OK) {
        error->at = wrong.at;
        return refuse(error, ot_error_name(wrong.code), ot_error_text(wrong.code));
    }
    return 0;
}

static int read_cursor(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_channel(r, m, error) || !reader_uint(r, &m->cursor.version) ||
        !reader_uint_or_nil(r, &m->cursor.anchor) || !reader_uint_or_nil(r, &m->cursor.head)) {
        return refuse_form(r, error);
    }
    if ((m->cursor.anchor == WIRE_NONE) != (m->cursor.head == WIRE_NONE)) {
        return refuse_range(error);
    }
    if (!reader_bool(r, &m->cursor.typing) || !read_string_or_nil(r, &m->cursor.data)) {
        return refuse_form(r, error);
    }
    return check_size(r, m->cursor.data, LIMIT_DATA_BYTES, error);
}

static int read_chat(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error) || !read_channel(r, m, error) || !reader_uint(r, &m->chat.nonce) ||
        !reader_string(r, &m->chat.text)) {
        return refuse_form(r, error);
    }
    size_t points;
    if (!wire_utf8_check(m->chat.text.data, m->chat.text.size, &points, NULL) || points == 0 ||
        points > LIMIT_CHAT_CHARS) {
        point_at(error, r, m->chat.text);
        return refuse(error, "bad_text", "a chat message has 1 to 500 characters");
    }
    return 0;
}

static int read_chats(struct reader *r, struct message *m, struct wire_error *error)
{
    return read_ref(r, m, error) && read_channel(r, m, error) && reader_uint(r, &m->chats.before) &&
                   reader_uint(r, &m->chats.limit)
               ? 0
               : refuse_form(r, error);
}

static int read_list(struct reader *r, struct message *m, struct wire_error *error)
{
    return read_ref(r, m, error) && reader_uint(r, &m->list.limit) &&
                   reader_uint_or_nil(r, &m->list.before_ms) &&
                   reader_uint_or_nil(r, &m->list.before_key)
               ? 0
               : refuse_form(r, error);
}

static int read_create(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error)) {
        return refuse_form(r, error);
    }
    uint64_t type_at = r->at;
    if (!reader_uint(r, &m->create.type) || !reader_string(r, &m->create.title) ||
        !read_string_or_nil(r, &m->create.id)) {
        return refuse_form(r, error);
    }
    if (m->create.type != 1 && m->create.type != 2) {
        error->at = type_at;
        return refuse(error, "bad_type", "a document is of type 1 (rich) or 2 (text)");
    }
    if (m->create.id.data != NULL && check_id(r, m->create.id, error) != 0) {
        return -1;
    }
    return check_title(r, m->create.title, error);
}

static int read_rename(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error) || !reader_string(r, &m->rename.id) ||
        !reader_string(r, &m->rename.title)) {
        return refuse_form(r, error);
    }
    return check_id(r, m->rename.id, error) != 0 ? -1 : check_title(r, m->rename.title, error);
}

static int read_delete(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error) || !reader_string(r, &m->remove.id)) {
        return refuse_form(r, error);
    }
    return check_id(r, m->remove.id, error);
}

static int read_profile(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!reader_string(r, &m->profile.name) || !reader_string(r, &m->profile.color)) {
        return refuse_form(r, error);
    }
    return check_profile(r, m->profile.name, m->profile.color, error);
}

static int read_diverged(struct reader *r, struct message *m, struct wire_error *error)
{
    return read_channel(r, m, error) && reader_uint(r, &m->diverged.version) &&
                   reader_uint(r, &m->diverged.hash)
               ? 0
               : refuse_form(r, error);
}

static int read_token(struct reader *r, struct message *m, struct wire_error *error)
{
    return read_ref(r, m, error) && reader_string(r, &m->renew.token) ? 0 : refuse_form(r, error);
}

static int read_member(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error) || !reader_string(r, &m->member.id) ||
        !reader_string(r, &m->member.subject) || !read_string_or_nil(r, &m->member.role)) {
        return refuse_form(r, error);
    }
    if (m->member.subject.size > LIMIT_SUBJECT_BYTES ||
        !is_line(m->member.subject, 1, LIMIT_SUBJECT_BYTES)) {
        point_at(error, r, m->member.subject);
        return refuse(error, "bad_name",
                      "who somebody is has 1 to 128 bytes, none of them control");
    }
    return check_id(r, m->member.id, error);
}

/* MEMBERS, LINKS */
static int read_shares(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error) || !reader_string(r, &m->share.id)) {
        return refuse_form(r, error);
    }
    return check_id(r, m->share.id, error);
}

static int read_link(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error) || !reader_string(r, &m->share.id) ||
        !reader_string(r, &m->share.role) || !reader_string(r, &m->share.label) ||
        !reader_uint_or_nil(r, &m->share.expires_ms)) {
        return refuse_form(r, error);
    }
    return check_id(r, m->share.id, error) != 0 ? -1 : check_title(r, m->share.label, error);
}

static int read_unlink(struct reader *r, struct message *m, struct wire_error *error)
{
    if (!read_ref(r, m, error) || !reader_string(r, &m->share.id) ||
        !reader_uint(r, &m->share.number)) {
        return refuse_form(r, error);
    }
    return check_id(r, m->share.id, error);
}

static int read_fields(struct reader *reader, struct message *message, struct wire_error *error)
{
    switch (message->kind) {
    case WIRE_HELLO:
        return read_hello(reader, message, error);
    case WIRE_PING:
        return read_ping(reader, message, error);
    case WIRE_OPEN:
        return read_open(reader, message, error);
    case WIRE_CLOSE:
        return read_close(reader, message, error);
    case WIRE_EDIT:
        return read_edit(reader, message, error);
    case WIRE_CURSOR:
        return read_cursor(reader, message, error);
    case WIRE_CHAT:
        return read_chat(reader, message, error);
    case WIRE_CHATS:
        return read_chats(reader, message, error);
    case WIRE_LIST:
        return read_list(reader, message, error);
    case WIRE_CREATE:
        return read_create(reader, message, error);
    case WIRE_RENAME:
        return read_rename(reader, message, error);
    case WIRE_DELETE:
        return read_delete(reader, message, error);
    case WIRE_PROFILE:
        return read_profile(reader, message, error);
    case WIRE_DIVERGED:
        return read_diverged(reader, message, error);
    case WIRE_TOKEN:
        return read_token(reader, message, error);
    case WIRE_MEMBERS:
    case WIRE_LINKS:
        return read_shares(reader, message, error);
    case WIRE_MEMBER:
        return read_member(reader, message, error);
    case WIRE_LINK:
        return read_link(reader, message, error);
    case WIRE_UNLINK:
        return read_unlink(reader, message, error);
    default:
        return refuse(error, "bad_message", "no message of a client has this kind");
    }
}

static int read_message(struct reader *reader, struct message *message, struct wire_error *error)
{
    uint32_t count = 0;
    uint64_t kind = 0;
    if (!reader_array(reader, &count)) {
        return refuse_form(reader, error);
    }
    if (count == 0) {
        return refuse(error, "bad_message", "a message is an array that begins with its kind");
    }
    if (!reader_uint(reader, &kind)) {
        return refuse_form(reader, error);
    }
    int fields = field_count(kind);
    if (fields < 0) {
        return refuse(error, "bad_message", "no message of a client has this kind");
    }
    if (count > (uint32_t)fields + 1 || count < (uint32_t)field_count_min(kind) + 1) {
        return refuse(error, "bad_message", "a message of this kind has another number of fields");
    }
    message->kind = (enum wire_kind)kind;
    return read_fields(reader, message, error);
}

int wire_read(struct ot_slice frame, size_t *offset, struct message *message_out,
              struct wire_error *error_out)
{
    *message_out = (struct message){.ref = WIRE_NONE};
    *error_out = (struct wire_error){.at = WIRE_NONE, .ref = WIRE_NONE, .channel = -1};
    struct reader end = {.data = frame.data, .size = frame.size, .at = *offset};
    if (!reader_skip(&end)) {
        error_out->at = end.at - *offset;
        error_out->lost = true;
        return refuse(error_out, "bad_message", end.why);
    }
    struct reader reader = {.data = frame.data + *offset, .size = end.at - *offset};
    *offset = end.at;
    if (read_message(&reader, message_out, error_out) != 0) {
        if (error_out->at == WIRE_NONE) {
            error_out->at = reader.at;
        }
        return -1;
    }
    return 0;
}
