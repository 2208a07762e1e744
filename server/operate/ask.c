#include "server/operate/ask.h"

#include "server/operate/files.h"
#include "server/serve/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BYTES_PER_KIB 1024

struct asking {
    int fd;
    struct watch *watch; /* NULL: of nothing long */
    char line[1024];
    size_t size;
};

static int connect_to(const char *data)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int dir = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir >= 0 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    /* A socket's path may be no longer than a hundred bytes or so; a descriptor's always is. */
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" ADMIN_SOCKET, dir);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        fd = -1;
    }
    if (dir >= 0)
        close(dir);
    return fd;
}

/* The descriptor goes along if there is one (else -1), so the server need not be allowed to open
 * the file. */
static bool send_request(const struct asking *asking, const char *words, int file,
                         char *message_out)
{
    char request[FILES_PATH_MAX];
    char control[CMSG_SPACE(sizeof(int))] = {0};
    int size = snprintf(request, sizeof(request), "%s\n", words);
    struct iovec vector = {.iov_base = request, .iov_len = (size_t)size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (file >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &file, sizeof(int));
    }
    if (size < (int)sizeof(request) &&
        sendmsg(asking->fd, &message, MSG_NOSIGNAL) == (ssize_t)vector.iov_len)
        return true;
    message_fail(message_out, "the server takes no requests: %s", strerror(errno));
    return false;
}

/* The next line of the answer, or false at its end. */
static bool next_line(struct asking *asking, char *line_out)
{
    char *end;
    while (!(end = memchr(asking->line, '\n', asking->size))) {
        struct pollfd fds[] = {
            {.fd = asking->fd, .events = POLLIN},
            {.fd = asking->watch ? asking->watch->signals : -1, .events = POLLIN}};
        poll(fds, 2, -1);
        if (fds[1].revents)
            return false;
        ssize_t got =
            recv(asking->fd, asking->line + asking->size, sizeof(asking->line) - asking->size, 0);
        if (got <= 0)
            return false;
        asking->size += (size_t)got;
    }
    size_t size = (size_t)(end - asking->line);
    memcpy(line_out, asking->line, size);
    line_out[size] = '\0';
    asking->size -= size + 1;
    memmove(asking->line, end + 1, asking->size);
    return true;
}

static bool show(struct asking *asking, const char *words)
{
    char *rest;
    uint64_t done = strtoull(words, &rest, 10) / BYTES_PER_KIB;
    asking->watch->progress.total = strtoull(rest, NULL, 10) / BYTES_PER_KIB;
    return watch_goes_on(asking->watch, done);
}

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

static bool says_no(const char *line, char *message_out)
{
    if (!begins(line, ADMIN_FAILED))
        return false;
    message_fail(message_out, "the server says: %s", line + strlen(ADMIN_FAILED));
    return true;
}

static enum asked follow(struct asking *asking, char *message_out)
{
    char line[sizeof(asking->line)];
    message_fail(message_out, "the server ended before it was done");
    while (next_line(asking, line)) {
        if (begins(line, ADMIN_DONE))
            return ASK_DONE;
        if (says_no(line, message_out))
            return ASK_FAILED;
        if (begins(line, ADMIN_COPIED) && !show(asking, line + strlen(ADMIN_COPIED)))
            break;
    }
    if (!watch_goes_on(asking->watch, 0))
        message_fail(message_out, "interrupted");
    return ASK_FAILED;
}

static enum asked ask(struct asking *asking, const char *words, int file, char *message_out)
{
    return send_request(asking, words, file, message_out) ? follow(asking, message_out)
                                                          : ASK_FAILED;
}

enum asked ask_backup(const char *data, const char *path, struct watch *watch, char *message_out)
{
    struct asking asking = {.fd = connect_to(data), .watch = watch};
    if (asking.fd < 0)
        return ASK_NOBODY;
    enum asked asked = ASK_FAILED;
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
        watch_begin(watch, "copying", "KiB", 0);
        asked = ask(&asking, ADMIN_BACKUP, file, message_out);
        watch_end(watch);
        close(file);
        if (asked != ASK_DONE)
            unlink(path);
    } else {
        message_fail(message_out, "the file \"%.200s\" cannot be made: %s", path, strerror(errno));
    }
    close(asking.fd);
    return asked;
}

static enum asked print_lines(struct asking *asking, FILE *out, char *message_out)
{
    char line[sizeof(asking->line)];
    message_fail(message_out, "the server ended before it had answered");
    while (next_line(asking, line)) {
        if (begins(line, ADMIN_DONE))
            return ASK_DONE;
        if (says_no(line, message_out))
            return ASK_FAILED;
        fprintf(out, "%s\n", line);
    }
    return ASK_FAILED;
}

enum asked ask_metrics(const char *data, FILE *out, char *message_out)
{
    struct asking asking = {.fd = connect_to(data)};
    if (asking.fd < 0)
        return ASK_NOBODY;
    enum asked asked = send_request(&asking, ADMIN_METRICS, -1, message_out)
                           ? print_lines(&asking, out, message_out)
                           : ASK_FAILED;
    close(asking.fd);
    return asked;
}

enum asked ask_server(const char *data, const char *request, int file, struct watch *watch,
                      char *message_out)
{
    struct asking asking = {.fd = connect_to(data), .watch = watch};
    if (asking.fd < 0)
        return ASK_NOBODY;
    enum asked asked = ask(&asking, request, file, message_out);
    close(asking.fd);
    return asked;
}
