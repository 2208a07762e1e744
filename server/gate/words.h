/* The words of a list with commas or spaces between, as options have them. */
#ifndef QUIRE_GATE_WORDS_H
#define QUIRE_GATE_WORDS_H

#include <stddef.h>

/* The first word of the list (which may be NULL) and its size, or NULL. */
const char *words_first(const char *list, size_t *size_out);
/* The one after it; `*size` is that of `word` and becomes that of the next. */
const char *words_next(const char *word, size_t *size);

#endif
