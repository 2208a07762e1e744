/* Runs a fuzz target over the files of the folders named, in place of libFuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX_BYTES (1 << 20)

static bool run_file(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(FILE_MAX_BYTES);
    if (file == NULL || bytes == NULL) {
        perror(path);
        exit(1);
    }
    size_t size = fread(bytes, 1, FILE_MAX_BYTES, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    return true;
}

static size_t run_folder(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        exit(1);
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        count += entry->d_name[0] != '.' && run_file(folder, entry->d_name);
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        count += run_folder(argv[i]);
    }
    printf("%zu inputs\n", count);
    return count == 0;
}
