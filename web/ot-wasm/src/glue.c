/*
 * What WebAssembly exports of libquire-ot. Operations come in through `input`, one after the other, and results go
 * out through `out`; who calls gives the sizes. Operations have been checked (quire_check, or they were made here).
 */
#include <stdint.h>
#include <stdlib.h>

#include "quire/ot.h"

#define EXPORT(name) __attribute__((export_name(#name))) name

struct quire {
    uint8_t *input;
    size_t input_room;
    struct ot_buf out;
    struct ot_error error;
};

/* In place of libc's, which would print through imports. */
_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *function);

_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *function)
{
    (void)what, (void)file, (void)line, (void)function;
    __builtin_trap();
}

struct quire *EXPORT(quire_new)(void)
{
    return calloc(1, sizeof(struct quire));
}

/* Room for `size` bytes of input, or NULL; what was there is lost. */
uint8_t *EXPORT(quire_input)(struct quire *quire, size_t size)
{
    if (size > quire->input_room) {
        free(quire->input);
        quire->input = malloc(size);
        quire->input_room = quire->input == NULL ? 0 : size;
    }
    return quire->input;
}

const uint8_t *EXPORT(quire_output)(const struct quire *quire)
{
    return quire->out.data;
}

size_t EXPORT(quire_output_size)(const struct quire *quire)
{
    return quire->out.size;
}

/* Where the operation that was last refused is wrong. */
double EXPORT(quire_error_at)(const struct quire *quire)
{
    return (double)quire->error.at;
}

static struct ot_slice input_at(const struct quire *quire, size_t start, size_t size)
{
    return (struct ot_slice){quire->input + start, size};
}

static struct ot_buf *output(struct quire *quire)
{
    ot_buf_clear(&quire->out);
    return &quire->out;
}

int EXPORT(quire_check)(struct quire *quire, size_t start, size_t size)
{
    return ot_op_check(input_at(quire, start, size), NULL, &quire->error);
}

int EXPORT(quire_compose)(struct quire *quire, size_t a_size, size_t b_size)
{
    return ot_compose(input_at(quire, 0, a_size), input_at(quire, a_size, b_size), OT_STABLE,
                      output(quire));
}

/* The input: `count` operations, then from `sizes` on, a multiple of 4, their sizes. */
int EXPORT(quire_compose_all)(struct quire *quire, size_t count, size_t sizes)
{
    const uint32_t *size = (const uint32_t *)(const void *)(quire->input + sizes);
    struct ot_slice *ops = calloc(count + 1, sizeof *ops);
    size_t start = 0;
    if (ops == NULL) {
        return OT_E_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        ops[i] = input_at(quire, start, size[i]);
        start += size[i];
    }
    int code = ot_compose_all(ops, count, OT_STABLE, output(quire));
    free(ops);
    return code;
}

int EXPORT(quire_transform)(struct quire *quire, size_t op_size, size_t over_size,
                            enum ot_side side)
{
    return ot_transform(input_at(quire, 0, op_size), input_at(quire, op_size, over_size), side,
                        OT_STABLE, output(quire));
}

double EXPORT(quire_transform_position)(struct quire *quire, size_t size, double position,
                                        enum ot_side side)
{
    return (double)ot_transform_position(input_at(quire, 0, size), (uint64_t)position, side);
}

/* The document that the input is, or NULL: then it holds more than inserts, or there is no memory. */
struct ot_doc *EXPORT(quire_doc_load)(struct quire *quire, size_t size)
{
    struct ot_doc *doc = NULL;
    ot_doc_load(input_at(quire, 0, size), &doc);
    return doc;
}

void EXPORT(quire_doc_free)(struct ot_doc *doc)
{
    ot_doc_free(doc);
}

double EXPORT(quire_doc_length)(const struct ot_doc *doc)
{
    return (double)ot_doc_length(doc);
}

int EXPORT(quire_doc_apply)(struct quire *quire, struct ot_doc *doc, size_t size)
{
    return ot_doc_apply(doc, input_at(quire, 0, size), &quire->error);
}

int EXPORT(quire_doc_invert)(struct quire *quire, const struct ot_doc *doc, size_t size)
{
    struct ot_slice op = input_at(quire, 0, size);
    int code = ot_doc_check(doc, op, &quire->error);
    return code == OT_OK ? ot_doc_invert(doc, op, OT_STABLE, output(quire)) : code;
}

int EXPORT(quire_doc_snapshot)(struct quire *quire, const struct ot_doc *doc)
{
    return ot_doc_snapshot(doc, output(quire));
}

int EXPORT(quire_doc_text)(struct quire *quire, const struct ot_doc *doc)
{
    return ot_doc_text(doc, output(quire));
}
