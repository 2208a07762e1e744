#include "lib/shortage.h"

#include <sqlite3.h>
#include <stddef.h>

static struct {
    long at; /* 0: none */
    long calls;
    bool stays;
    sqlite3_mem_methods real;
} shortage;

static bool refused(void)
{
    if (shortage.at == 0) {
        return false;
    }
    shortage.calls++;
    return shortage.calls == shortage.at || (shortage.stays && shortage.calls > shortage.at);
}

static void *allocate(int size)
{
    return refused() ? NULL : shortage.real.xMalloc(size);
}

static void *reallocate(void *old, int size)
{
    return refused() ? NULL : shortage.real.xRealloc(old, size);
}

bool shortage_install(void)
{
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &shortage.real) != SQLITE_OK) {
        return false;
    }
    sqlite3_mem_methods methods = shortage.real;
    methods.xMalloc = allocate;
    methods.xRealloc = reallocate;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK;
}

void shortage_begin(long at, bool stays)
{
    shortage.at = at;
    shortage.stays = stays;
    shortage.calls = 0;
}

void shortage_end(void)
{
    shortage.at = 0;
}
