#include "memory.h"

#include <stdlib.h>

static void *standard_allocate(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void *standard_reallocate(void *context, void *old, size_t old_size, size_t size)
{
    (void)context;
    (void)old_size;
    return realloc(old, size);
}

static void standard_release(void *context, void *old, size_t size)
{
    (void)context;
    (void)size;
    free(old);
}

struct memory ot_memory(const struct ot_allocator *allocator)
{
    static const struct ot_allocator standard = {NULL, standard_allocate, standard_reallocate,
                                                 standard_release};
    return (struct memory){allocator != NULL ? allocator : &standard, 0};
}

void *ot_memory_take(struct memory *memory, size_t size)
{
    const struct ot_allocator *allocator = memory->allocator;
    void *taken = allocator->allocate(allocator->context, size);
    memory->used += taken != NULL ? size : 0;
    return taken;
}

void *ot_memory_resize(struct memory *memory, void *old, size_t old_size, size_t size)
{
    const struct ot_allocator *allocator = memory->allocator;
    if (old == NULL) {
        return ot_memory_take(memory, size);
    }
    void *taken = allocator->reallocate(allocator->context, old, old_size, size);
    memory->used += taken != NULL ? size - old_size : 0;
    return taken;
}

void ot_memory_give(struct memory *memory, void *old, size_t size)
{
    const struct ot_allocator *allocator = memory->allocator;
    if (old != NULL) {
        allocator->release(allocator->context, old, size);
        memory->used -= size;
    }
}
