#include "server/serve/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of the time after which the manager loses its patience. */
#define PERIODS     3
#define US_PER_MS   1000
#define PATIENCE_MS 86400000

static int period_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    const char *patience = getenv("WATCHDOG_USEC");
    if (!patience || (pid && strtol(pid, NULL, 10) != getpid()))
        return -1;
    unsigned long long ms = strtoull(patience, NULL, 10) / US_PER_MS;
    if (ms == 0 || ms > PATIENCE_MS)
        return -1;
    return (int)(ms / PERIODS > 0 ? ms / PERIODS : 1);
}

/* A path, or with @ in front a name of Linux's that is none. -1: neither. */
static int read_address(const char *name, struct sockaddr_un *address_out, socklen_t *size_out)
{
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length >= sizeof(address_out->sun_path))
        return -1;
    *address_out = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address_out->sun_path, name, length);
    if (name[0] == '@')
        address_out->sun_path[0] = '\0';
    *size_out = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return 0;
}

void notify_open(struct notify *notify)
{
    struct sockaddr_un address;
    socklen_t size;
    const char *name = getenv("NOTIFY_SOCKET");
    *notify = (struct notify){.socket = -1, .period_ms = -1};
    if (!name || read_address(name, &address, &size) != 0)
        return;
    notify->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (notify->socket >= 0 && connect(notify->socket, (struct sockaddr *)&address, size) == 0)
        notify->period_ms = period_ms();
    else
        notify_close(notify);
}

void notify_say(const struct notify *notify, const char *words)
{
    if (notify->socket >= 0)
        (void)send(notify->socket, words, strlen(words), MSG_NOSIGNAL);
}

void notify_close(struct notify *notify)
{
    if (notify->socket >= 0)
        close(notify->socket);
    notify->socket = -1;
}
