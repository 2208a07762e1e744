#include "server/gate/words.h"

#include <string.h>

#define BETWEEN ", \t"

const char *words_first(const char *list, size_t *size_out)
{
    if (list == NULL) {
        return NULL;
    }
    const char *word = list + strspn(list, BETWEEN);
    *size_out = strcspn(word, BETWEEN);
    return *size_out == 0 ? NULL : word;
}

const char *words_next(const char *word, size_t *size)
{
    return words_first(word + *size, size);
}
