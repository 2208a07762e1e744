#include "server/arguments/suggest.h"

#include <string.h>

#define WORD_MAX 64

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Single-letter changes that lead from `a` to `b`, both at most WORD_MAX long. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_size];
}

const char *suggest(const char *word, const char *const *candidates, size_t count)
{
    size_t size = strlen(word);
    const char *nearest = NULL;
    size_t least = (size + 2) / 3 + 1;
    if (size > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_size = strlen(candidates[i]);
        if (candidate_size > WORD_MAX)
            continue;
        size_t changes = distance(word, size, candidates[i], candidate_size);
        if (changes < least && changes < candidate_size) {
            least = changes;
            nearest = candidates[i];
        }
    }
    return nearest;
}
