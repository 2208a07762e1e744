#include "server/gate/memory.h"

#include <stdlib.h>

void *memory_new(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

void *memory_array(void *old, size_t count, size_t size)
{
    void *memory = reallocarray(old, count, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}
