#include "server/schema/rule.h"

#include <ctype.h>
#include <string.h>

#define SCHEME_MAX     16
#define PIXEL_DIGITS   5
#define PIXELS_MOST    99999
#define COLOR_HEX_MIN  3
#define COLOR_HEX_MAX  8
#define COLOR_NAME_MIN 3
#define COLOR_NAME_MAX 20
#define COLOR_ARGS_MIN 5
#define COLOR_ARGS_MAX 40

static bool is_literal(struct ot_slice text, const char *literal)
{
    size_t size = strlen(literal);
    return text.size == size && memcmp(text.data, literal, size) == 0;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* How many bytes at the start are of a kind: letters, digits, those of `others`. */
static size_t span(struct ot_slice text, bool letters, bool digits, const char *others)
{
    size_t at = 0;
    while (at < text.size) {
        uint8_t byte = text.data[at];
        if (!(letters && is_letter(byte)) && !(digits && is_digit(byte)) &&
            (byte == 0 || strchr(others, byte) == NULL)) {
            break;
        }
        at++;
    }
    return at;
}

static bool is_word(struct ot_slice text, const struct rule *rule)
{
    size_t words = 0;
    while (words < text.size &&
           (text.data[words] == '_' ||
            span((struct ot_slice){text.data + words, 1}, true, true, rule->words) == 1)) {
        words++;
    }
    return text.size > 0 && text.size <= (size_t)rule->most && words == text.size;
}

static bool within(size_t size, size_t least, size_t most)
{
    return size >= least && size <= most;
}

static bool begins(struct ot_slice text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text.size >= size && strncasecmp((const char *)text.data, prefix, size) == 0;
}

static bool is_color(struct ot_slice text)
{
    struct ot_slice rest = {text.data + 1, text.size - 1};
    if (begins(text, "#")) {
        return within(rest.size, COLOR_HEX_MIN, COLOR_HEX_MAX) &&
               span(rest, false, true, "abcdefABCDEF") == rest.size;
    }
    size_t prefix = begins(text, "rgba(") ? 5 : begins(text, "rgb(") ? 4 : 0;
    if (prefix > 0) {
        rest = (struct ot_slice){text.data + prefix, text.size - prefix};
        size_t arguments = span(rest, false, true, " .,%");
        return within(arguments, COLOR_ARGS_MIN, COLOR_ARGS_MAX) && rest.size == arguments + 1 &&
               rest.data[arguments] == ')';
    }
    return within(text.size, COLOR_NAME_MIN, COLOR_NAME_MAX) &&
           span(text, true, false, "") == text.size;
}

static bool is_pixels(const struct ot_value *value)
{
    if (value->kind == OT_VALUE_INT) {
        return value->integer >= 0 && value->integer <= PIXELS_MOST;
    }
    if (value->kind != OT_VALUE_STRING) {
        return false;
    }
    struct ot_slice text = value->string;
    size_t digits = span(text, false, true, "");
    struct ot_slice unit = {text.data + digits, text.size - digits};
    return within(digits, 1, PIXEL_DIGITS) &&
           (unit.size == 0 || is_literal(unit, "px") || is_literal(unit, "%"));
}

/* Is it one of the words, which have spaces between them? */
static bool is_among(const char *word, size_t size, const char *words)
{
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (length == size && memcmp(words, word, size) == 0) {
            return true;
        }
        words += length + (words[length] == ' ');
    }
    return false;
}

/* Browsers pass over white space and control characters in some places of an address; here they are
 * passed over in all. What stands before a colon is the scheme, unless a path has begun. */
static bool is_address(struct ot_slice text, const struct rule *rule)
{
    char scheme[SCHEME_MAX];
    size_t size = 0;
    if (text.size > (size_t)rule->most) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte <= 0x20 || byte == 0x7f) {
            continue;
        }
        if (byte == ':') {
            return size <= SCHEME_MAX && is_among(scheme, size, rule->words);
        }
        if (byte == '/' || byte == '?' || byte == '#' || byte == '\\') {
            break;
        }
        if (size < SCHEME_MAX) {
            scheme[size] = (char)tolower(byte);
        }
        size++;
    }
    return rule->relative;
}

bool rule_allows(const struct rule *rule, const struct ot_value *value)
{
    bool is_string = value->kind == OT_VALUE_STRING;
    switch (rule->kind) {
    case RULE_TRUE:
        return value->kind == OT_VALUE_BOOL && value->boolean;
    case RULE_LITERAL:
        return is_string && is_literal(value->string, rule->words);
    case RULE_RANGE:
        return value->kind == OT_VALUE_INT && value->integer >= rule->least &&
               value->integer <= rule->most;
    case RULE_WORD:
        return is_string && is_word(value->string, rule);
    case RULE_TEXT:
        return is_string && value->string.size <= (size_t)rule->most;
    case RULE_COLOR:
        return is_string && is_color(value->string);
    case RULE_PIXELS:
        return is_pixels(value);
    case RULE_ADDRESS:
        return is_string && is_address(value->string, rule);
    }
    return false;
}
