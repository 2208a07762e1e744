#include "lib/temp_dir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#define OPEN_FILES_MAX 16

void temp_dir_make(char *path_out)
{
    const char *parent = getenv("TMPDIR");
    int size = snprintf(path_out, TEMP_DIR_MAX, "%s/quire-test-XXXXXX", parent ? parent : "/tmp");

    if (size >= TEMP_DIR_MAX || mkdtemp(path_out) == NULL) {
        perror(path_out);
        abort();
    }
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void temp_dir_remove(const char *path)
{
    nftw(path, remove_entry, OPEN_FILES_MAX, FTW_DEPTH | FTW_PHYS);
}
