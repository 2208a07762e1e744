/* A list of pointers that grows, whose entries can be struck out at once by their place. */
#ifndef QUIRE_GATE_POINTERS_H
#define QUIRE_GATE_POINTERS_H

#include <stddef.h>

/* Zero-initialise. Places are 1, 2, 3, ...; struck out ones hold NULL. */
struct pointers {
    void **items;
    size_t count, capacity;
};

/* Returns the place. */
size_t pointers_add(struct pointers *pointers, void *item);
void *pointers_at(const struct pointers *pointers, size_t place);
void pointers_strike(struct pointers *pointers, size_t place);
/* Forgets all, keeps the memory. */
void pointers_clear(struct pointers *pointers);
void pointers_deinit(struct pointers *pointers);

#endif
