#include "lib/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define LINE_SIZE 16384

/* A file of the directory, to append to; -1: there is no directory. */
static int open_file(const char *name)
{
    char path[PATH_SIZE];
    const char *dir = getenv("QUIRE_TEST_LOGS");
    if (dir == NULL || *dir == '\0')
        return -1;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        fail_msg("%s: %s", dir, strerror(errno));
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        fail_msg("%s: %s", path, strerror(errno));
    return fd;
}

void secret_plant(const char *kind, const void *bytes, size_t size)
{
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof(line), "%s ", kind);
    assert_true((size_t)length + 2 * size + 2 < sizeof(line));
    for (size_t i = 0; i < size; i++)
        length += snprintf(line + length, 3, "%02x", ((const uint8_t *)bytes)[i]);
    line[length++] = '\n';
    int fd = open_file("secrets");
    if (fd < 0)
        return;
    assert_int_equal(write(fd, line, (size_t)length), length);
    close(fd);
}

void secret_plant_text(const char *kind, const char *text)
{
    secret_plant(kind, text, strlen(text));
}

void secret_plant_token(const char *token)
{
    const char *claims = strchr(token, '.') + 1, *signature = strrchr(token, '.') + 1;
    assert_true(claims < signature);
    secret_plant("token", claims, (size_t)(signature - 1 - claims));
    secret_plant_text("token", signature);
}

int secret_log_open(pid_t pid)
{
    char name[64];
    snprintf(name, sizeof(name), "unit-%d.log", (int)pid);
    return open_file(name);
}
