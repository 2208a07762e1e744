#include "server/serve/admin.h"

#include "server/limits.h"
#include "server/metrics/metrics.h"
#include "server/serve/admin_revocation.h"
#include "server/thread/clock.h"
#include "storage/upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG     4
#define PROGRESS_MS 100
#define MESSAGE_MAX 512
/* So much is copied, and synced by this thread, before more is: a sync of edits that finds much
 * else to be written waits for all of it. */
#define PIECE_BYTES 1048576

/* A copy of the database on its way. */
struct copying {
    int file;
    atomic_bool given_up;
    atomic_uint_least64_t done_bytes, total_bytes;
    atomic_bool piece_ended; /* after this the store's thread lets go of it */
    int ended;               /* eventfd that tells of it */

    /* the store thread's, until its task has ended */
    struct store_backup *backup;
    uint64_t piece_end_bytes;
    bool whole;
    char message[MESSAGE_MAX];
};

struct admin {
    struct admin_options options;
    pthread_t thread;
    bool bound, running;
    atomic_int answer;
    int answered;      /* eventfd that tells of it */
    int dir, listener; /* the data directory; the socket */
    atomic_bool is_stopping;
    int stopping; /* eventfd that tells of it */
};

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* ---- on the store's thread ---- */

static int begin(struct copying *copying, struct store *store)
{
    return store_backup_begin_into(store, copying->file, &copying->backup, copying->message,
                                   sizeof(copying->message));
}

static int step(struct copying *copying)
{
    int result = store_backup_step(copying->backup, &copying->whole);
    struct store_backup_progress progress = store_backup_progress(copying->backup);
    atomic_store(&copying->done_bytes, progress.done_bytes);
    atomic_store(&copying->total_bytes, progress.total_bytes);
    if (result != STORE_OK)
        snprintf(copying->message, sizeof(copying->message), "the copy could not be written: %s",
                 store_error_text(result));
    return result;
}

/* Up to the end of a piece, or of the whole: then there is no backup any more. */
static bool copy_slice(void *context, struct store *store)
{
    struct copying *copying = context;
    bool given_up = atomic_load(&copying->given_up);
    int result = given_up ? STORE_OK : copying->backup ? step(copying) : begin(copying, store);
    if (result == STORE_OK && !copying->whole && !given_up)
        return atomic_load(&copying->done_bytes) >= copying->piece_end_bytes;
    store_backup_end(copying->backup);
    copying->backup = NULL;
    return true;
}

static void copy_ended(void *context)
{
    struct copying *copying = context;
    atomic_store(&copying->piece_ended, true);
    eventfd_write(copying->ended, 1);
}

/* ---- on the thread of its own ---- */

/* Whoever does not read what it asked for is not waited for. */
__attribute__((format(printf, 2, 3))) static void say(int fd, const char *format, ...)
{
    char line[MESSAGE_MAX + 32];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        shutdown(fd, SHUT_RDWR);
}

/* Waits for the piece to end. False: the server stops, and the store's thread has ended before. */
static bool follow(const struct admin *admin, int fd, struct copying *copying)
{
    struct pollfd fds[] = {{.fd = copying->ended, .events = POLLIN},
                           {.fd = admin->stopping, .events = POLLIN},
                           {.fd = fd, .events = POLLIN}};
    for (;;) {
        poll(fds, 3, PROGRESS_MS);
        if (fds[0].revents && atomic_load(&copying->piece_ended)) {
            eventfd_t count;
            eventfd_read(copying->ended, &count);
            return true;
        }
        if (fds[1].revents && atomic_load(&admin->is_stopping))
            return false;
        if (fds[2].revents) {
            /* It has hung up; what else it may have to say is not asked for. */
            atomic_store(&copying->given_up, true);
            fds[2].fd = -1;
        }
        say(fd, ADMIN_COPIED "%" PRIu64 " %" PRIu64 "\n", atomic_load(&copying->done_bytes),
            atomic_load(&copying->total_bytes));
    }
}

/* One piece after the other. False: the server stops. */
static bool copy_pieces(const struct admin *admin, int fd, struct copying *copying)
{
    struct store_task task = {.context = copying, .slice = copy_slice, .ended = copy_ended};
    do {
        copying->piece_end_bytes = atomic_load(&copying->done_bytes) + PIECE_BYTES;
        atomic_store(&copying->piece_ended, false);
        store_thread_begin(admin->options.store_thread, &task);
        if (!follow(admin, fd, copying))
            return false;
        /* What the disk says shows in the sync that whoever asked for the copy does when it is
         * whole. */
        fdatasync(copying->file);
    } while (copying->backup);
    return true;
}

static void copy(const struct admin *admin, int fd, int file)
{
    struct copying copying = {.file = file, .ended = eventfd(0, EFD_CLOEXEC)};
    if (copying.ended < 0) {
        say(fd, ADMIN_FAILED "the server has no file descriptor left\n");
        return;
    }
    if (!copy_pieces(admin, fd, &copying)) {
        store_backup_end(copying.backup);
        say(fd, ADMIN_FAILED "the server is stopping\n");
    } else if (copying.whole) {
        say(fd, ADMIN_DONE "\n");
    } else {
        say(fd, ADMIN_FAILED "%s\n", copying.message);
    }
    close(copying.ended);
}

/* As recv, for what may come with the bytes: descriptors of files, of which the last is kept. */
static ssize_t receive(int fd, char *bytes, size_t size, int *file_out)
{
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec vector = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return got;
    for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
        close_if_open(*file_out);
        memcpy(file_out, CMSG_DATA(header) + at, sizeof(int));
    }
    return got;
}

/* Reads up to the end of the line, which becomes that of the text. */
static bool read_line(const struct admin *admin, int fd, char *line, int *file_out)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = admin->stopping, .events = POLLIN}};
    uint64_t until_ms = clock_monotonic_ms() + LIMIT_ADMIN_MS;
    size_t size = 0;
    while (size < LIMIT_ADMIN_BYTES) {
        uint64_t now_ms = clock_monotonic_ms();
        if (now_ms >= until_ms || poll(fds, 2, (int)(until_ms - now_ms)) <= 0 || fds[1].revents)
            return false;
        ssize_t got = receive(fd, line + size, LIMIT_ADMIN_BYTES - size, file_out);
        if (got <= 0)
            return false;
        char *end = memchr(line + size, '\n', (size_t)got);
        if (end) {
            *end = '\0';
            return true;
        }
        size += (size_t)got;
    }
    return false;
}

static bool is_empty_file(int file)
{
    struct stat status;
    return file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
}

static void show_metrics(const struct admin *admin, int fd)
{
    char text[METRICS_TEXT_MAX];
    size_t size = admin->options.metrics(admin->options.context, text);
    if (send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size)
        say(fd, ADMIN_DONE "\n");
}

/* ---- what the hub does ---- */

void admin_answer(struct admin *admin, int result)
{
    atomic_store(&admin->answer, result);
    eventfd_write(admin->answered, 1);
}

/* Waits for admin_answer, and passes it on. */
static void pass_answer(struct admin *admin, int fd)
{
    struct pollfd fds[] = {{.fd = admin->answered, .events = POLLIN},
                           {.fd = admin->stopping, .events = POLLIN}};
    eventfd_t count;
    while (poll(fds, 2, -1) < 0)
        continue;
    if (!fds[0].revents) {
        say(fd, ADMIN_FAILED "the server is stopping\n");
        return;
    }
    eventfd_read(admin->answered, &count);
    int result = atomic_load(&admin->answer);
    if (result == STORE_OK)
        say(fd, ADMIN_DONE "\n");
    else
        say(fd, ADMIN_FAILED "%s\n", store_error_text(result));
}

static void take_back(struct admin *admin, int fd, const char *what)
{
    struct store_revocation revocation;
    if (!admin_revocation(what, clock_unix_ms() / 1000, &revocation)) {
        say(fd, ADMIN_FAILED "a name has 1 to %d bytes\n", STORE_SUBJECT_MAX);
        return;
    }
    admin->options.revoke(admin->options.context, admin, &revocation);
    pass_answer(admin, fd);
}

static void reopen(struct admin *admin, int fd, const char *id)
{
    admin->options.reopen(admin->options.context, admin, id);
    pass_answer(admin, fd);
}

static void reload_keys(struct admin *admin, int fd, int file)
{
    char message[MESSAGE_MAX];
    if (admin->options.keys(admin->options.context, admin, file, message, sizeof(message)) != 0)
        say(fd, ADMIN_FAILED "%s\n", message);
    else
        pass_answer(admin, fd);
}

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

static void serve(struct admin *admin, int fd)
{
    char line[LIMIT_ADMIN_BYTES];
    int file = -1;
    if (!read_line(admin, fd, line, &file))
        say(fd, ADMIN_FAILED "there was no request\n");
    else if (strcmp(line, ADMIN_METRICS) == 0)
        show_metrics(admin, fd);
    else if (begins(line, ADMIN_REVOKE) && admin->options.revoke)
        take_back(admin, fd, line + strlen(ADMIN_REVOKE));
    else if (begins(line, ADMIN_REOPEN) && admin->options.reopen)
        reopen(admin, fd, line + strlen(ADMIN_REOPEN));
    else if (strcmp(line, ADMIN_KEYS) == 0 && admin->options.keys)
        reload_keys(admin, fd, file);
    else if (strcmp(line, ADMIN_BACKUP) != 0)
        say(fd, ADMIN_FAILED "this server does not know that request\n");
    else if (!is_empty_file(file))
        say(fd, ADMIN_FAILED "there came no empty file to copy into\n");
    else
        copy(admin, fd, file);
    close_if_open(file);
}

static void *run(void *context)
{
    struct admin *admin = context;
    struct pollfd fds[] = {{.fd = admin->listener, .events = POLLIN},
                           {.fd = admin->stopping, .events = POLLIN}};
    pthread_setname_np(pthread_self(), "admin");
    while (poll(fds, 2, -1) < 0 || !fds[1].revents) {
        int fd = accept4(admin->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            serve(admin, fd);
            close(fd);
        } else {
            poll(&fds[1], 1, PROGRESS_MS); /* until there are descriptors again */
        }
    }
    return NULL;
}

/* ---- the face ---- */

/* A socket's path may be no longer than a hundred bytes or so; a descriptor's always is. */
static struct sockaddr_un address_in(int dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" ADMIN_SOCKET, dir);
    return address;
}

/* What is there of that name was left by a server that is gone: this one holds the database. */
static int open_socket(struct admin *admin, const char *data)
{
    admin->dir = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
    admin->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    admin->stopping = eventfd(0, EFD_CLOEXEC);
    admin->answered = eventfd(0, EFD_CLOEXEC);
    if (admin->dir < 0 || admin->listener < 0 || admin->stopping < 0 || admin->answered < 0)
        return -1;
    struct sockaddr_un address = address_in(admin->dir);
    unlinkat(admin->dir, ADMIN_SOCKET, 0);
    if (fchmod(admin->listener, 0600) != 0 ||
        bind(admin->listener, (struct sockaddr *)&address, sizeof(address)) != 0)
        return -1;
    admin->bound = true;
    return listen(admin->listener, BACKLOG);
}

struct admin *admin_open(const struct admin_options *options)
{
    struct admin *admin = calloc(1, sizeof(*admin));
    if (!admin)
        return NULL;
    *admin = (struct admin){
        .options = *options, .answered = -1, .dir = -1, .listener = -1, .stopping = -1};
    if (open_socket(admin, options->data) == 0)
        return admin;
    int error = errno;
    admin_stop(admin);
    errno = error;
    return NULL;
}

int admin_run(struct admin *admin)
{
    if (pthread_create(&admin->thread, NULL, run, admin) != 0)
        return -1;
    admin->running = true;
    return 0;
}

void admin_stop(struct admin *admin)
{
    if (!admin)
        return;
    if (admin->running) {
        atomic_store(&admin->is_stopping, true);
        eventfd_write(admin->stopping, 1);
        pthread_join(admin->thread, NULL);
    }
    if (admin->bound)
        unlinkat(admin->dir, ADMIN_SOCKET, 0);
    close_if_open(admin->listener);
    close_if_open(admin->dir);
    close_if_open(admin->stopping);
    close_if_open(admin->answered);
    free(admin);
}
