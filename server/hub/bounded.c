#include "server/hub/bounded.h"

#include <stdlib.h>

static void *reallocate(void *context, void *old, size_t old_size, size_t size)
{
    struct bounded *bounded = context;
    if (size > old_size && size - old_size > bounded->left) {
        return NULL;
    }
    void *memory = realloc(old, size);
    if (memory != NULL) {
        bounded->left = bounded->left + old_size - size;
    }
    return memory;
}

static void *allocate(void *context, size_t size)
{
    return reallocate(context, NULL, 0, size);
}

static void release(void *context, void *old, size_t size)
{
    struct bounded *bounded = context;
    bounded->left += size;
    free(old);
}

void bounded_init(struct bounded *bounded, size_t bytes)
{
    *bounded = (struct bounded){{bounded, allocate, reallocate, release}, bytes};
}
