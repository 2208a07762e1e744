#include "storage/sqlite/quarantine.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16

void quarantine_deinit(struct quarantine *quarantine)
{
    free(quarantine->documents);
    free(quarantine->rows);
    *quarantine = (struct quarantine){0};
}

/* Room for one more. */
static bool reserve(void **items, size_t count, size_t *capacity, size_t size)
{
    size_t grown = *capacity > 0 ? *capacity * 2 : FIRST_CAPACITY;
    void *moved;

    if (count < *capacity)
        return true;
    moved = realloc(*items, grown * size);
    if (moved == NULL)
        return false;
    *items = moved;
    *capacity = grown;
    return true;
}

/* How many documents have lower keys. */
static size_t place_of(const struct quarantine *quarantine, int64_t key)
{
    size_t low = 0;
    size_t high = quarantine->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (quarantine->documents[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct quarantined *quarantine_find(const struct quarantine *quarantine, int64_t key)
{
    size_t place = place_of(quarantine, key);

    if (place == quarantine->count || quarantine->documents[place].key != key)
        return NULL;
    return &quarantine->documents[place];
}

struct quarantined *quarantine_add(struct quarantine *quarantine, int64_t key, int64_t row,
                                   uint64_t version)
{
    size_t place = place_of(quarantine, key);
    void *documents = quarantine->documents;
    struct quarantined *added;

    if (!reserve(&documents, quarantine->count, &quarantine->capacity, sizeof *added))
        return NULL;
    quarantine->documents = documents;
    added = &quarantine->documents[place];
    memmove(added + 1, added, (quarantine->count++ - place) * sizeof *added);
    *added = (struct quarantined){.key = key, .row = row, .version = version};
    return added;
}

bool quarantine_keep(struct quarantine *quarantine, int64_t row)
{
    void *rows = quarantine->rows;

    if (!reserve(&rows, quarantine->row_count, &quarantine->row_capacity, sizeof row))
        return false;
    quarantine->rows = rows;
    quarantine->rows[quarantine->row_count++] = row;
    return true;
}

static int compare_rows(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

void quarantine_sort(struct quarantine *quarantine)
{
    if (quarantine->row_count > 0)
        qsort(quarantine->rows, quarantine->row_count, sizeof *quarantine->rows, compare_rows);
}

size_t quarantine_below(const struct quarantine *quarantine, int64_t row)
{
    size_t low = 0;
    size_t high = quarantine->row_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (quarantine->rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t quarantine_next(const struct quarantine *quarantine, int64_t row, int64_t end)
{
    size_t place = quarantine_below(quarantine, row);

    if (place == quarantine->row_count || quarantine->rows[place] > end)
        return end;
    return quarantine->rows[place];
}
