#include "ot_meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a block was asked for with lies before it. */
enum { HEAD = 16 };

static void *lend(void *context, size_t size)
{
    struct meter *meter = context;
    assert_true(size > 0);
    meter->asked++;
    if (meter->failing > 0 && --meter->failing == 0) {
        return NULL;
    }
    meter->is_lending = true;
    uint8_t *block = malloc(HEAD + size);
    meter->is_lending = false;
    assert_non_null(block);
    memcpy(block, &size, sizeof size);
    memset(block + HEAD, 0xa5, size);
    meter->blocks++;
    meter->bytes += size;
    return block + HEAD;
}

static void take_back(void *context, void *old, size_t size)
{
    struct meter *meter = context;
    size_t lent;
    assert_non_null(old);
    uint8_t *block = (uint8_t *)old - HEAD;
    memcpy(&lent, block, sizeof lent);
    assert_int_equal(lent, size);
    meter->blocks--;
    meter->bytes -= size;
    free(block);
}

static void *lend_more(void *context, void *old, size_t old_size, size_t size)
{
    void *block = lend(context, size);
    if (block != NULL) {
        memcpy(block, old, old_size < size ? old_size : size);
        take_back(context, old, old_size);
    }
    return block;
}

void meter_init(struct meter *meter)
{
    *meter = (struct meter){.allocator = {meter, lend, lend_more, take_back}};
}
