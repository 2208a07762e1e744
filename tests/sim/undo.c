#include "undo.h"

#include "tools/peer/bytes.h"

static void stack_clear(struct undo_stack *stack)
{
    while (stack->count > 0) {
        ot_buf_deinit(&stack->items[--stack->count]);
    }
}

static void forget(struct undo *undo)
{
    stack_clear(&undo->done);
    stack_clear(&undo->undone);
}

void undo_deinit(struct undo *undo)
{
    forget(undo);
}

static void stack_push(struct undo_stack *stack, struct ot_buf op)
{
    if (stack->count == UNDO_MAX) {
        ot_buf_deinit(&stack->items[0]);
        for (size_t i = 1; i < UNDO_MAX; i++) {
            stack->items[i - 1] = stack->items[i];
        }
        stack->count--;
    }
    stack->items[stack->count++] = op;
}

void undo_note(struct undo *undo, const struct ot_doc *shown, struct ot_slice op, bool taken,
               bool redo)
{
    struct ot_buf inverse = {0};
    bytes_must(ot_doc_invert(shown, op, OT_STABLE, &inverse));
    if (!taken) {
        stack_clear(&undo->undone);
    }
    stack_push(taken && !redo ? &undo->undone : &undo->done, inverse);
}

static void stack_carry(struct undo_stack *stack, struct ot_slice op)
{
    struct ot_buf over = {0};
    bytes_set(&over, op);
    for (size_t i = stack->count; i-- > 0;) {
        struct ot_buf item = {0}, next = {0};
        struct ot_slice old = ot_buf_slice(&stack->items[i]);
        bytes_must(ot_transform(old, ot_buf_slice(&over), OT_RIGHT, OT_STABLE, &item));
        bytes_must(ot_transform(ot_buf_slice(&over), old, OT_LEFT, OT_STABLE, &next));
        bytes_swap(&stack->items[i], &item);
        bytes_swap(&over, &next);
        ot_buf_deinit(&item);
        ot_buf_deinit(&next);
    }
    ot_buf_deinit(&over);
}

void undo_carry(struct undo *undo, struct ot_slice op)
{
    stack_carry(&undo->done, op);
    stack_carry(&undo->undone, op);
}

bool undo_take(struct undo *undo, bool redo, struct ot_buf *op_out)
{
    struct undo_stack *stack = redo ? &undo->undone : &undo->done;
    if (stack->count == 0) {
        return false;
    }
    *op_out = stack->items[--stack->count];
    return true;
}
