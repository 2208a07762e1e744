#include "lib/ot_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static void must(bool holds)
{
    if (!holds) {
        fputs("ot_random: out of memory\n", stderr);
        abort();
    }
}

unsigned random_cases(unsigned usual)
{
    const char *given = getenv("QUIRE_CASES");
    return given != NULL ? (unsigned)strtoul(given, NULL, 0) : usual;
}

struct ot_shape random_shape(struct rng *rng, enum ot_order order)
{
    bool is_large = rng_percent(rng, 3);
    return (struct ot_shape){
        .order = order,
        .is_rich = rng_percent(rng, 60),
        .is_wide = rng_percent(rng, 50),
        .components = is_large ? 200 : 1 + rng_below(rng, 8),
        .length = rng_percent(rng, 2) ? 3000 : 1 + rng_below(rng, 6),
    };
}

/* ---- values ---- */

void random_text(struct rng *rng, bool is_wide, uint32_t units, struct ot_buf *out)
{
    static const char *const wide[] = {"\u00e9", "\u07ff",     "\u0800",     "\u20ac",
                                       "\uffff", "\U00010000", "\U0001f600", "\U0010ffff"};
    enum { PAIRS_FROM = 5 };
    while (units > 0) {
        uint32_t choice = rng_below(rng, units > 1 ? 8 : PAIRS_FROM);
        if (is_wide && rng_percent(rng, 40)) {
            must(ot_buf_append(out, wide[choice], strlen(wide[choice])) == OT_OK);
            units -= choice >= PAIRS_FROM ? 2 : 1;
        } else {
            char letter = rng_percent(rng, 5) ? '\n' : (char)('a' + rng_below(rng, 26));
            must(ot_buf_append(out, &letter, 1) == OT_OK);
            units--;
        }
    }
}

static void append_string(struct ot_buf *out, const char *text)
{
    must(ot_value_string(out, (struct ot_slice){(const uint8_t *)text, strlen(text)}) == OT_OK);
}

static void random_number(struct rng *rng, struct ot_buf *out)
{
    static const int64_t numbers[] = {
        0,          1,           127, 128,  255,  256,    65535,       65536,
        -1,         -32,         -33, -128, -129, -32768, -32769,      4294967295,
        4294967296, -2147483648, 7,   2,    3,    4,      -2147483649, 9007199254740991};
    int error = rng_percent(rng, 80)
                    ? ot_value_int(out, numbers[rng_below(rng, sizeof numbers / sizeof *numbers)])
                    : ot_value_double(out, (double)rng_below(rng, 1000) / 8);
    must(error == OT_OK);
}

static void random_value(struct rng *rng, unsigned depth, struct ot_buf *out)
{
    uint32_t count = rng_below(rng, 3);
    switch (rng_below(rng, depth < 4 ? 10 : 8)) {
    case 0:
    case 1:
    case 2:
        must(ot_value_bool(out, true) == OT_OK);
        break;
    case 3:
        must(ot_value_bool(out, false) == OT_OK);
        break;
    case 4:
    case 5:
        random_number(rng, out);
        break;
    case 6:
        append_string(out, rng_percent(rng, 50) ? "" : "center");
        break;
    case 7:
        /* Inside a value nil is data; at the top it would be a removal. */
        must((depth > 0 ? ot_value_nil(out) : ot_value_bool(out, true)) == OT_OK);
        break;
    case 8:
        must(ot_value_array(out, count) == OT_OK);
        for (uint32_t i = 0; i < count; i++) {
            random_value(rng, depth + 1, out);
        }
        break;
    default:
        must(ot_value_map(out, count) == OT_OK);
        for (uint32_t i = 0; i < count; i++) {
            append_string(out, i == 0 ? "x" : "y");
            random_value(rng, depth + 1, out);
        }
        break;
    }
}

void random_attributes(struct rng *rng, bool is_patch, struct ot_buf *out)
{
    static const char *const keys[] = {"", "a", "align", "bold", "italic", "\u00e9"};
    enum { KEYS = sizeof keys / sizeof *keys };
    unsigned chosen = 1u << (1 + rng_below(rng, KEYS - 1));
    for (unsigned i = 0; i < 2; i++) {
        chosen |= rng_percent(rng, 40) ? 1u << rng_below(rng, KEYS) : 0;
    }
    must(ot_value_map(out, (uint32_t)__builtin_popcount(chosen)) == OT_OK);
    for (unsigned i = 0; i < KEYS; i++) {
        if (chosen >> i & 1) {
            append_string(out, keys[i]);
            if (is_patch && rng_percent(rng, 40)) {
                must(ot_value_nil(out) == OT_OK);
            } else if (rng_percent(rng, 60)) {
                must(ot_value_bool(out, true) == OT_OK);
            } else {
                random_value(rng, 0, out);
            }
        }
    }
}

static void random_embed(struct rng *rng, struct ot_buf *out)
{
    must(ot_value_map(out, 1) == OT_OK);
    append_string(out, rng_percent(rng, 50) ? "image" : "mention");
    random_value(rng, 1, out);
}

/* ---- operations ---- */

static struct ot_builder *builder_new(enum ot_order order)
{
    struct ot_builder *builder = ot_builder_new(order);
    must(builder != NULL);
    return builder;
}

static void random_insert(struct rng *rng, const struct ot_shape *shape, struct ot_builder *builder)
{
    struct ot_buf attributes = {0};
    struct ot_buf content = {0};
    if (shape->is_rich && rng_percent(rng, 40)) {
        random_attributes(rng, false, &attributes);
    }
    if (shape->is_rich && rng_percent(rng, 25)) {
        random_embed(rng, &content);
        ot_builder_embed(builder, ot_buf_slice(&content), ot_buf_slice(&attributes));
    } else {
        random_text(rng, shape->is_wide, 1 + rng_below(rng, shape->length), &content);
        ot_builder_insert(builder, ot_buf_slice(&content), ot_buf_slice(&attributes));
    }
    ot_buf_deinit(&attributes);
    ot_buf_deinit(&content);
}

void random_document(struct rng *rng, const struct ot_shape *shape, struct ot_buf *out)
{
    struct ot_builder *builder = builder_new(shape->order);
    uint32_t count = rng_below(rng, shape->components + 1);
    for (uint32_t i = 0; i < count; i++) {
        random_insert(rng, shape, builder);
    }
    must(ot_builder_finish(builder, out) == OT_OK);
    ot_builder_free(builder);
}

/* For each position of the document, whether it may be a boundary. */
static uint8_t *boundaries_of(struct ot_slice document, uint32_t *length_out)
{
    struct ot_op_info info;
    struct ot_iter iter;
    struct ot_component component;
    must(ot_op_check(document, &info, NULL) == OT_OK);
    uint8_t *whole = malloc(info.inserted_length + 1);
    must(whole != NULL);
    memset(whole, 1, info.inserted_length + 1);
    uint32_t pos = 0;
    ot_iter_init(&iter, document);
    while (ot_iter_next(&iter, &component)) {
        for (size_t i = 0; component.kind == OT_INSERT && i < component.content.size; i++) {
            uint8_t byte = component.content.data[i];
            if (byte >= 0xf0) {
                whole[pos + 1] = 0;
            }
            pos += ((byte & 0xc0) != 0x80) + (byte >= 0xf0);
        }
        pos += component.kind == OT_EMBED;
    }
    *length_out = pos;
    return whole;
}

static void random_change(struct rng *rng, const struct ot_shape *shape, uint32_t length,
                          struct ot_builder *builder)
{
    struct ot_buf attributes = {0};
    if (rng_percent(rng, 45)) {
        ot_builder_delete(builder, length);
        return;
    }
    if (shape->is_rich && rng_percent(rng, 50)) {
        random_attributes(rng, true, &attributes);
    }
    ot_builder_retain(builder, length, ot_buf_slice(&attributes));
    ot_buf_deinit(&attributes);
}

void random_op(struct rng *rng, const struct ot_shape *shape, struct ot_slice document,
               struct ot_buf *out)
{
    struct ot_builder *builder = builder_new(shape->order);
    uint32_t length;
    uint8_t *whole = boundaries_of(document, &length);
    uint32_t count = rng_below(rng, shape->components + 1);
    uint32_t pos = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t left = length - pos;
        if (left == 0 || rng_percent(rng, 40)) {
            random_insert(rng, shape, builder);
            continue;
        }
        uint32_t most = left < shape->length ? left : shape->length;
        uint32_t end = pos + 1 + rng_below(rng, rng_percent(rng, 10) ? left : most);
        end += whole[end] ? 0 : 1;
        random_change(rng, shape, end - pos, builder);
        pos = end;
    }
    must(ot_builder_finish(builder, out) == OT_OK);
    ot_builder_free(builder);
    free(whole);
}

/* ---- words ---- */

static void print_hex(FILE *file, struct ot_slice bytes)
{
    fputc('{', file);
    for (size_t i = 0; i < bytes.size; i++) {
        fprintf(file, "%02x", bytes.data[i]);
    }
    fputc('}', file);
}

char *ot_describe(struct ot_slice op)
{
    static const char *const kinds[] = {"retain", "insert", "delete", "embed"};
    struct ot_iter iter;
    struct ot_component component;
    char *words = NULL;
    size_t size;
    FILE *file = open_memstream(&words, &size);
    must(file != NULL);
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        fprintf(file, " | %s ", kinds[component.kind]);
        if (component.kind == OT_INSERT) {
            fprintf(file, "\"%.*s\"", (int)component.content.size, component.content.data);
        } else if (component.kind == OT_EMBED) {
            print_hex(file, component.content);
        } else {
            fprintf(file, "%u", component.length);
        }
        if (component.attributes.size > 0) {
            fputc(' ', file);
            print_hex(file, component.attributes);
        }
    }
    must(fclose(file) == 0);
    return words;
}
