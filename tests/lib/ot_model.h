/*
 * The rules again, as plainly as can be: an operation is an array with one entry for each unit it
 * retains, inserts or deletes, and every rule is a loop over such arrays. It reads and writes the
 * byte form with code of its own and shares nothing with the engine, so that the two can be
 * compared.
 *
 * Slices point into the operations read, which must outlive what is made of them. For values as
 * ot_random makes them: maps of few short keys.
 */
#ifndef TESTS_OT_MODEL_H
#define TESTS_OT_MODEL_H

#include "quire/ot.h"

enum { MODEL_PAIRS_MAX = 8 };

struct model_pair {
    struct ot_slice key;   /* its text */
    struct ot_slice value; /* its bytes */
};

struct model_attributes {
    unsigned count;
    struct model_pair pairs[MODEL_PAIRS_MAX]; /* in the order of their keys */
};

struct model_unit {
    enum ot_kind kind;
    uint16_t code;         /* of an insert: one UTF-16 code unit */
    struct ot_slice embed; /* of an embed: its value */
    struct model_attributes attributes;
};

struct model {
    struct model_unit *units;
    size_t count;
    size_t room;
};

void model_free(struct model *model);
struct model model_read(struct ot_slice op);
/* Puts the units together in normal form and appends the bytes. */
void model_write(const struct model *model, enum ot_order order, struct ot_buf *out);

struct model model_compose(const struct model *a, const struct model *b);
struct model model_transform(const struct model *op, const struct model *over, enum ot_side side);
struct model model_invert(const struct model *op, const struct model *document);
uint64_t model_position(const struct model *op, uint64_t pos, enum ot_side side);

/* Does the operation stay within the document and cut no surrogate pair of it? */
bool model_fits(const struct model *op, const struct model *document);

#endif
