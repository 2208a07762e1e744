#include "tools/replay/json_pull.h"

#include "tools/peer/bytes.h"

#include <string.h>

void pull_init(struct json_pull *json, struct ot_slice text)
{
    *json = (struct json_pull){text.data, text.data, text.data + text.size, NULL};
}

static void fail(struct json_pull *json, const char *error)
{
    if (json->error == NULL)
        json->error = error;
}

/* The next byte that is no white space, or -1. */
static int peek(struct json_pull *json)
{
    if (json->error != NULL)
        return -1;
    while (json->at < json->end && memchr(" \t\r\n", *json->at, 4) != NULL)
        json->at++;
    return json->at < json->end ? *json->at : -1;
}

static void expect(struct json_pull *json, int byte, const char *error)
{
    if (peek(json) == byte)
        json->at++;
    else
        fail(json, error);
}

/* Passes over a comma, unless the container was only just entered. True unless its end is there. */
static bool next(struct json_pull *json, int open, int close)
{
    const uint8_t *before = json->at;
    while (before > json->start && memchr(" \t\r\n", before[-1], 4) != NULL)
        before--;
    bool first = before > json->start && before[-1] == open;

    if (peek(json) == close) {
        json->at++;
        return false;
    }
    if (!first)
        expect(json, ',', "a comma or the end of the list is missing");
    return json->error == NULL;
}

/* Takes a string without decoding it. */
static struct ot_slice raw_string(struct json_pull *json)
{
    expect(json, '"', "a string is missing");
    const uint8_t *begin = json->at;
    while (json->error == NULL && json->at < json->end && *json->at != '"')
        json->at += *json->at == '\\' && json->end - json->at > 1 ? 2 : 1;
    if (json->error == NULL && json->at >= json->end)
        fail(json, "a string does not end");
    if (json->error != NULL)
        return (struct ot_slice){0};
    return (struct ot_slice){begin, (size_t)(json->at++ - begin)};
}

void pull_enter_object(struct json_pull *json)
{
    expect(json, '{', "an object is missing");
}

bool pull_next_key(struct json_pull *json, struct ot_slice *key_out)
{
    if (!next(json, '{', '}'))
        return false;
    *key_out = raw_string(json);
    expect(json, ':', "a colon is missing");
    return json->error == NULL;
}

void pull_enter_array(struct json_pull *json)
{
    expect(json, '[', "an array is missing");
}

bool pull_next_item(struct json_pull *json)
{
    return next(json, '[', ']');
}

uint64_t pull_uint(struct json_pull *json)
{
    uint64_t value = 0;
    int digit = peek(json);

    if (digit < '0' || digit > '9') {
        fail(json, "a whole number is missing");
        return 0;
    }
    for (; json->at < json->end && *json->at >= '0' && *json->at <= '9'; json->at++) {
        if (value > UINT64_MAX / 10 - 1) {
            fail(json, "a number is too large");
            return 0;
        }
        value = value * 10 + (uint64_t)(*json->at - '0');
    }
    if (json->at < json->end && memchr(".eE", *json->at, 3) != NULL)
        fail(json, "a whole number is missing");
    return value;
}

/* ---- strings ----------------------------------------------------------------------------------
 */

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Four hex digits at `*at`, or -1. */
static int32_t hex_unit(const uint8_t **at, const uint8_t *end)
{
    int32_t unit = 0;

    if (end - *at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*(*at)++);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static int32_t escaped_char(const uint8_t **at, const uint8_t *end)
{
    int32_t high = hex_unit(at, end);

    if (high < 0 || high >= 0xe000 || high < 0xd800)
        return high;
    if (high >= 0xdc00 || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -1;
    *at += 2;
    int32_t low = hex_unit(at, end);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static void put_char(struct ot_buf *out, uint32_t c)
{
    uint8_t bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};

    for (size_t i = size; i-- > 1; c >>= 6)
        bytes[i] = (uint8_t)(0x80 | (c & 63));
    bytes[0] = (uint8_t)(lead[size] | c);
    bytes_put(out, bytes, size);
}

static int put_escape(const uint8_t **at, const uint8_t *end, struct ot_buf *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    uint8_t name = *(*at)++;

    if (name == 'u') {
        int32_t c = escaped_char(at, end);
        if (c < 0)
            return -1;
        put_char(out, (uint32_t)c);
        return 0;
    }
    const char *found = name == '\0' ? NULL : strchr(names, name);
    if (found == NULL)
        return -1;
    bytes_put(out, &values[found - names], 1);
    return 0;
}

void pull_string(struct json_pull *json, struct ot_buf *out)
{
    struct ot_slice raw = raw_string(json);
    const uint8_t *at = raw.data, *end = raw.data + raw.size;

    while (at < end) {
        const uint8_t *plain = memchr(at, '\\', (size_t)(end - at));
        size_t size = (size_t)((plain != NULL ? plain : end) - at);
        bytes_put(out, at, size);
        at += size;
        if (plain == NULL)
            return;
        at++;
        if (put_escape(&at, end, out)) {
            fail(json, "a string has a bad escape");
            return;
        }
    }
}

/* ---- whatever is not wanted --------------------------------------------------------------------
 */

/* Part of a number, or of `true`, `false` or `null`. */
static bool is_of_word(uint8_t byte)
{
    uint8_t lower = byte | 0x20;
    return (byte >= '0' && byte <= '9') || (lower >= 'a' && lower <= 'z') ||
           memchr("+-.", byte, 3) != NULL;
}

static void skip_word(struct json_pull *json)
{
    const uint8_t *begin = json->at;

    while (json->at < json->end && is_of_word(*json->at))
        json->at++;
    if (json->at == begin)
        fail(json, "a value is missing");
}

void pull_skip(struct json_pull *json)
{
    unsigned depth = 0;

    do {
        switch (peek(json)) {
        case '"':
            raw_string(json);
            break;
        case '[':
        case '{':
            json->at++;
            if (++depth > JSON_PULL_DEPTH_MAX)
                fail(json, "values are nested too deeply");
            continue;
        case ']':
        case '}':
            if (depth == 0)
                fail(json, "a value is missing");
            json->at++;
            depth--;
            break;
        case ',':
        case ':':
            if (depth == 0)
                fail(json, "a value is missing");
            json->at++;
            continue;
        case -1:
            fail(json, "the text ends inside a value");
            break;
        default:
            skip_word(json);
        }
    } while (depth > 0 && json->error == NULL);
}

void pull_end(struct json_pull *json)
{
    if (peek(json) != -1)
        fail(json, "there is more after the end");
}
