/* digests FOLDER [TIMES]: plays each session of the folder, so many times, and prints what was
 * heard in it: the same whatever was played before, and wherever the documents are kept. */
#include "fuzz/lib/place.h"
#include "fuzz/lib/session.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX_BYTES 65536

static uint64_t play(const uint8_t *data, size_t size)
{
    struct store *store = place_open();
    uint64_t digest = session_play(data, size, store);
    place_close(store);
    return digest;
}

static bool play_file(const char *folder, const char *name, int times)
{
    char path[4096];
    static uint8_t data[INPUT_MAX_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    uint64_t digest = play(data, size);
    printf("%016" PRIx64 " %s\n", digest, name);
    for (; times > 1; times--) {
        play((const uint8_t *)"\x01\x08\x07", 3);
        if (play(data, size) != digest) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct dirent **names;
    int count = argc >= 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
    int times = argc == 3 ? atoi(argv[2]) : 1;
    bool same = count > 2;
    for (int i = 0; i < count; i++) {
        same &= names[i]->d_name[0] == '.' || play_file(argv[1], names[i]->d_name, times);
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
    return same ? 0 : 1;
}
