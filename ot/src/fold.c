#include <string.h>

#include "checked.h"
#include "typing.h"

/*
 * A balanced tree without the tree: level k is empty or holds the composition of the last 2^k
 * operations that are not in a lower level, as the bits of a counter.
 */
enum { FOLD_LEVELS = 64 };

struct fold {
    struct ot_buf level[FOLD_LEVELS]; /* of size 0: empty */
    struct ot_buf carry;              /* on its way up */
    struct ot_buf spare;
    struct ot_buf typed;
    struct typing typing;
    unsigned height; /* levels ever used */
    enum ot_order order;
};

static void fold_init(struct fold *fold, enum ot_order order, const struct ot_allocator *allocator)
{
    const struct ot_buf none = {.allocator = allocator};
    *fold = (struct fold){.carry = none, .spare = none, .typed = none, .order = order};
    fold->typing.text = none;
    for (unsigned k = 0; k < FOLD_LEVELS; k++) {
        fold->level[k] = none;
    }
}

static void swap(struct ot_buf *a, struct ot_buf *b)
{
    struct ot_buf held = *a;
    *a = *b;
    *b = held;
}

/* Puts `older` before what is carried. */
static int fold_under(struct fold *fold, struct ot_buf *older)
{
    ot_buf_clear(&fold->spare);
    int error =
        ot_compose(ot_buf_slice(older), ot_buf_slice(&fold->carry), fold->order, &fold->spare);
    ot_buf_clear(older);
    swap(&fold->spare, &fold->carry);
    return error;
}

static int fold_add(struct fold *fold, struct ot_slice op)
{
    struct ot_buf *carry = &fold->carry;
    unsigned k = 0;
    int error = OT_OK;
    ot_buf_clear(carry);
    if (fold->level[0].size == 0) {
        error = ot_buf_append(carry, op.data, op.size);
    } else {
        error = ot_compose(ot_buf_slice(&fold->level[0]), op, fold->order, carry);
        ot_buf_clear(&fold->level[0]);
        for (k = 1; error == OT_OK && fold->level[k].size > 0; k++) {
            error = fold_under(fold, &fold->level[k]);
        }
    }
    swap(&fold->level[k], carry);
    fold->height = k >= fold->height ? k + 1 : fold->height;
    return error;
}

/* Adds what has been typed. */
static int fold_typed(struct fold *fold)
{
    if (!fold->typing.is_open) {
        return OT_OK;
    }
    ot_buf_clear(&fold->typed);
    int error = ot_typing_end(&fold->typing, fold->order, &fold->typed);
    return error != OT_OK ? error : fold_add(fold, ot_buf_slice(&fold->typed));
}

static int fold_end(struct fold *fold, struct ot_buf *out)
{
    static const uint8_t empty[] = {0};
    ot_buf_clear(&fold->carry);
    int error = ot_buf_append(&fold->carry, empty, sizeof empty);
    for (unsigned k = 0; error == OT_OK && k < fold->height; k++) {
        if (fold->level[k].size > 0) {
            error = fold_under(fold, &fold->level[k]);
        }
    }
    return error != OT_OK ? error : ot_buf_append(out, fold->carry.data, fold->carry.size);
}

/* Adds the next operation, together with those around it as long as they are typing. */
static int fold_type(struct fold *fold, struct ot_slice op)
{
    bool added;
    int error = ot_typing_add(&fold->typing, op, &added);
    if (error != OT_OK || added) {
        return error;
    }
    error = fold_typed(fold);
    if (error == OT_OK) {
        error = ot_typing_add(&fold->typing, op, &added);
    }
    return error != OT_OK || added ? error : fold_add(fold, op);
}

int ot_compose_all(const struct ot_slice *ops, size_t count, enum ot_order order,
                   struct ot_buf *out)
{
    struct fold fold;
    int error = OT_OK;
    fold_init(&fold, order, out->allocator);
    for (size_t i = 0; error == OT_OK && i < count; i++) {
        assert_checked(ops[i]);
        error = fold_type(&fold, ops[i]);
    }
    if (error == OT_OK) {
        error = fold_typed(&fold);
    }
    if (error == OT_OK) {
        error = fold_end(&fold, out);
    }
    for (unsigned k = 0; k < fold.height; k++) {
        ot_buf_deinit(&fold.level[k]);
    }
    ot_buf_deinit(&fold.spare);
    ot_buf_deinit(&fold.carry);
    ot_buf_deinit(&fold.typed);
    ot_typing_deinit(&fold.typing);
    return error;
}
