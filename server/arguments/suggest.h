/* The word that somebody may have meant. */
#ifndef QUIRE_ARGUMENTS_SUGGEST_H
#define QUIRE_ARGUMENTS_SUGGEST_H

#include <stddef.h>

/* The candidate nearest to `word`, or NULL when none is near: at most a third of its letters, and
 * at least one, may be wrong, missing or too many. */
const char *suggest(const char *word, const char *const *candidates, size_t count);

#endif
