/* Operations of any size. */
#ifndef QUIRE_TESTS_LETTERS_H
#define QUIRE_TESTS_LETTERS_H

#include "server/wire/blob.h"

#include <stddef.h>

/* The operation that inserts so many letters, at least one. */
struct blob *letters_insertion(size_t count);

#endif
