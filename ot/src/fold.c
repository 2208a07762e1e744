#include <string.h>

#include "checked.h"
#include "quire/ot.h"

/*
 * A balanced tree without the tree: level k is empty or holds the composition of the last 2^k
 * operations that are not in a lower level, as the bits of a counter.
 */
enum { FOLD_LEVELS = 64 };

struct fold {
    struct ot_buf level[FOLD_LEVELS]; /* of size 0: empty */
    struct ot_buf spare;
    unsigned height; /* levels ever used */
    enum ot_order order;
};

static void swap(struct ot_buf *a, struct ot_buf *b)
{
    struct ot_buf held = *a;
    *a = *b;
    *b = held;
}

/* Puts `older` before what `carry` holds. */
static int fold_under(struct fold *fold, struct ot_buf *older, struct ot_buf *carry)
{
    ot_buf_clear(&fold->spare);
    int error = ot_compose(ot_buf_slice(older), ot_buf_slice(carry), fold->order, &fold->spare);
    ot_buf_clear(older);
    swap(&fold->spare, carry);
    return error;
}

/* Adds the next operation. `carry` is memory to work in. */
static int fold_add(struct fold *fold, struct ot_slice op, struct ot_buf *carry)
{
    ot_buf_clear(carry);
    unsigned k = 0;
    int error = OT_OK;
    if (fold->level[0].size == 0) {
        error = ot_buf_append(carry, op.data, op.size);
    } else {
        error = ot_compose(ot_buf_slice(&fold->level[0]), op, fold->order, carry);
        ot_buf_clear(&fold->level[0]);
        for (k = 1; error == OT_OK && fold->level[k].size > 0; k++) {
            error = fold_under(fold, &fold->level[k], carry);
        }
    }
    swap(&fold->level[k], carry);
    fold->height = k >= fold->height ? k + 1 : fold->height;
    return error;
}

static int fold_end(struct fold *fold, struct ot_buf *carry, struct ot_buf *out)
{
    static const uint8_t empty[] = {0};
    ot_buf_clear(carry);
    int error = ot_buf_append(carry, empty, sizeof empty);
    for (unsigned k = 0; error == OT_OK && k < fold->height; k++) {
        if (fold->level[k].size > 0) {
            error = fold_under(fold, &fold->level[k], carry);
        }
    }
    return error != OT_OK ? error : ot_buf_append(out, carry->data, carry->size);
}

int ot_compose_all(const struct ot_slice *ops, size_t count, enum ot_order order,
                   struct ot_buf *out)
{
    struct fold fold = {.order = order};
    struct ot_buf carry = {0};
    int error = OT_OK;
    for (size_t i = 0; error == OT_OK && i < count; i++) {
        error = fold_add(&fold, ops[i], &carry);
    }
    if (error == OT_OK) {
        error = fold_end(&fold, &carry, out);
    }
    for (unsigned k = 0; k < fold.height; k++) {
        ot_buf_deinit(&fold.level[k]);
    }
    ot_buf_deinit(&fold.spare);
    ot_buf_deinit(&carry);
    return error;
}
