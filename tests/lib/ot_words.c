#include "lib/ot_words.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_random.h"

static void must(bool holds, const char *text)
{
    if (!holds) {
        fprintf(stderr, "ot_words: not understood: %s\n", text);
        abort();
    }
}

struct ot_buf *words_buf(struct words *words)
{
    /* Buffers are moved with the array, so it is made large enough for any test at once. */
    enum { BUFS_MAX = 256 };
    if (words->ops == NULL) {
        words->ops = calloc(BUFS_MAX, sizeof *words->ops);
    }
    must(words->ops != NULL && words->count < BUFS_MAX, "too many operations in one test");
    return &words->ops[words->count++];
}

void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        ot_buf_deinit(&words->ops[i]);
    }
    free(words->ops);
    *words = (struct words){0};
}

static bool accept(const char **at, char c)
{
    bool is_there = **at == c;
    *at += is_there;
    return is_there;
}

static struct ot_slice quoted(const char **at)
{
    const char *start = *at;
    const char *end = strchr(start, '\'');
    must(end != NULL, start);
    *at = end + 1;
    return (struct ot_slice){(const uint8_t *)start, (size_t)(end - start)};
}

static struct ot_slice name(const char **at)
{
    const char *start = *at;
    while (isalnum((unsigned char)**at) || **at == '_') {
        (*at)++;
    }
    must(*at > start, start);
    return (struct ot_slice){(const uint8_t *)start, (size_t)(*at - start)};
}

static bool is_word(struct ot_slice word, const char *text)
{
    return word.size == strlen(text) && memcmp(word.data, text, word.size) == 0;
}

static void append_value(struct ot_buf *out, const char **at)
{
    const char *start = *at;
    char *end;
    int error;
    if (accept(at, '\'')) {
        error = ot_value_string(out, quoted(at));
    } else if (isdigit((unsigned char)*start) || *start == '-') {
        error = ot_value_double(out, strtod(start, &end));
        *at = end;
    } else {
        struct ot_slice word = name(at);
        must(is_word(word, "nil") || is_word(word, "true") || is_word(word, "false"), start);
        error =
            is_word(word, "nil") ? ot_value_nil(out) : ot_value_bool(out, is_word(word, "true"));
    }
    must(error == OT_OK, start);
}

/* A map after its opening brace. */
static void append_map(struct ot_buf *out, const char **at)
{
    struct ot_buf pairs = {0};
    uint32_t count = 0;
    while (!accept(at, '}')) {
        must(ot_value_string(&pairs, name(at)) == OT_OK && accept(at, ':'), *at);
        append_value(&pairs, at);
        accept(at, ',');
        count++;
    }
    must(ot_value_map(out, count) == OT_OK, *at);
    must(ot_buf_append(out, pairs.data, pairs.size) == OT_OK, *at);
    ot_buf_deinit(&pairs);
}

struct ot_slice words_attributes(struct words *words, const char *text)
{
    struct ot_buf *out = words_buf(words);
    must(accept(&text, '{'), text);
    append_map(out, &text);
    return ot_buf_slice(out);
}

static void append_component(struct ot_builder *builder, const char **at)
{
    struct ot_buf attributes = {0};
    struct ot_buf embed = {0};
    struct ot_slice text = {0};
    long length = 0;
    if (accept(at, '\'')) {
        text = quoted(at);
    } else if (accept(at, '@')) {
        must(ot_value_map(&embed, 1) == OT_OK && ot_value_string(&embed, name(at)) == OT_OK &&
                 ot_value_bool(&embed, true) == OT_OK,
             *at);
    } else {
        char *end;
        length = strtol(*at, &end, 10);
        must(length != 0, *at);
        *at = end;
    }
    if (accept(at, '{')) {
        append_map(&attributes, at);
    }
    if (length > 0) {
        ot_builder_retain(builder, (uint64_t)length, ot_buf_slice(&attributes));
    } else if (length < 0) {
        ot_builder_delete(builder, (uint64_t)-length);
    } else if (embed.size > 0) {
        ot_builder_embed(builder, ot_buf_slice(&embed), ot_buf_slice(&attributes));
    } else {
        ot_builder_insert(builder, text, ot_buf_slice(&attributes));
    }
    ot_buf_deinit(&attributes);
    ot_buf_deinit(&embed);
}

struct ot_slice words_op(struct words *words, const char *text)
{
    struct ot_buf *out = words_buf(words);
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    must(builder != NULL, text);
    const char *at = text;
    while (accept(&at, ' ')) {
    }
    while (*at != '\0') {
        append_component(builder, &at);
        while (accept(&at, ' ')) {
        }
    }
    must(ot_builder_finish(builder, out) == OT_OK, text);
    ot_builder_free(builder);
    return ot_buf_slice(out);
}

struct ot_slice words_hex(struct words *words, const char *digits)
{
    struct ot_buf *out = words_buf(words);
    while (*digits != '\0') {
        unsigned byte;
        if (isspace((unsigned char)*digits)) {
            digits++;
            continue;
        }
        must(sscanf(digits, "%2x", &byte) == 1 && digits[1] != '\0', digits);
        uint8_t value = (uint8_t)byte;
        must(ot_buf_append(out, &value, 1) == OT_OK, digits);
        digits += 2;
    }
    /* An empty slice, too, points somewhere. */
    must(ot_buf_reserve(out, 1) == OT_OK, digits);
    return ot_buf_slice(out);
}

void assert_op_equal(struct ot_slice op, struct ot_slice expected)
{
    struct ot_error error = {0};
    if (ot_op_check(op, NULL, &error) != OT_OK) {
        fail_msg("result is no operation: %s at byte %llu", ot_error_name(error.code),
                 (unsigned long long)error.at);
    }
    if (op.size != expected.size || memcmp(op.data, expected.data, op.size) != 0) {
        char *is = ot_describe(op);
        char *should_be = ot_describe(expected);
        print_error("is       %s\nshould be%s\n", is, should_be);
        free(is);
        free(should_be);
        fail();
    }
}
