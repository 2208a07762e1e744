#include "server/gate/listen.h"

#include "server/gate/memory.h"
#include "server/gate/protocols.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
/* Accepted in one turn of the loop; the others wait in the backlog. Taking one in costs ten times
 * what a message does, and those who are in already should not wait for many of them. */
#define ACCEPTS_A_TURN 8
/* What the kernel takes of a connection before it can send it: more would only be out of reach of
 * being sent in larger frames, or of being left out for one who is too slow. */
#define UNSENT_BYTES (128 * 1024)

struct arrival {
    struct arrival *next;
    struct ip from;
    int socket;
};

/* ---- opening ------------------------------------------------------------------------------------
 */

/* What is accepted inherits these. */
static void set_options(int listener)
{
    int on = 1;
    int unsent = UNSENT_BYTES;
    int unanswered = LIMIT_UNANSWERED_MS;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    setsockopt(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof(unanswered));
}

static int listen_at(const struct addrinfo *address)
{
    int listener = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) {
        return -1;
    }
    set_options(listener);
    if (bind(listener, address->ai_addr, address->ai_addrlen) != 0 ||
        listen(listener, BACKLOG) != 0) {
        int reason = errno;
        close(listener);
        errno = reason;
        return -1;
    }
    return listener;
}

/* The port is at the same place in the addresses of both families. */
static unsigned port_of(int listener)
{
    struct sockaddr_in6 address = {0};
    socklen_t size = sizeof(address);
    return getsockname(listener, (struct sockaddr *)&address, &size) == 0 ? ntohs(address.sin6_port)
                                                                          : 0;
}

static void say_why(const struct gate_options *options, int reason, char *message_out,
                    size_t message_size)
{
    switch (reason) {
    case EADDRINUSE:
        snprintf(message_out, message_size,
                 "%s:%u is in use by another program: stop it, or choose another port",
                 options->host, options->port);
        break;
    case EACCES:
        snprintf(message_out, message_size,
                 "%s:%u may not be listened on by this user: choose a port of 1024 or more",
                 options->host, options->port);
        break;
    case EADDRNOTAVAIL:
        snprintf(message_out, message_size, "%s is not an address of this machine", options->host);
        break;
    default:
        snprintf(message_out, message_size, "cannot listen on %s:%u: %s", options->host,
                 options->port, strerror(reason));
        break;
    }
}

int listen_open(struct gates *gates, char *message_out, size_t message_size)
{
    const struct gate_options *options = &gates->options;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[16];
    snprintf(port, sizeof(port), "%u", options->port);
    int result = getaddrinfo(options->host, port, &hints, &found);
    if (result != 0) {
        snprintf(message_out, message_size, "%s is no address to listen on: %s", options->host,
                 gai_strerror(result));
        return -1;
    }
    gates->listener = -1;
    int reason = 0;
    for (struct addrinfo *at = found; at != NULL && gates->listener < 0; at = at->ai_next) {
        gates->listener = listen_at(at);
        reason = errno;
    }
    freeaddrinfo(found);
    if (gates->listener < 0) {
        say_why(options, reason, message_out, message_size);
        return -1;
    }
    gates->port = port_of(gates->listener);
    return 0;
}

/* ---- accepting ----------------------------------------------------------------------------------
 */

/* Told so in plain HTTP, as far as the socket takes it. */
void listen_turn_away(struct gate *gate, int socket)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\nRetry-After: 5\r\n\r\n";
    atomic_fetch_sub(&gate->gates->sockets, 1);
    metrics_add(&gate->metrics, METRIC_SOCKETS_REFUSED, 1);
    if (!option_is_set(gate->gates->options.tls_cert)) {
        (void)send(socket, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    close(socket);
}

static void hand_over(struct gate *gate, int socket, const struct ip *from)
{
    struct gates *gates = gate->gates;
    struct gate *to = gates->gate[gate->next_gate];
    gate->next_gate = (gate->next_gate + 1) % gates->count;
    if (to == gate) {
        protocols_adopt(to, socket, from);
        return;
    }
    struct arrival *arrival = memory_new(sizeof(*arrival));
    arrival->socket = socket;
    arrival->from = *from;
    if (mailbox_push(&to->arrivals, arrival)) {
        gate_wake(to);
    }
}

static void accept_one(struct gate *gate, int socket, const struct ip *from)
{
    struct gates *gates = gate->gates;
    if (atomic_fetch_add(&gates->sockets, 1) >= gates->connections_max) {
        listen_turn_away(gate, socket);
        return;
    }
    hand_over(gate, socket, from);
}

static void pause_accepting(struct gate *gate, int reason)
{
    const struct gate_env *env = &gate->gates->env;
    char fields[80];
    snprintf(fields, sizeof(fields), "error=\"%s\"", strerror(reason));
    env->log(env->context, HUB_LOG_WARN, "accept_paused", fields);
    uv_poll_stop(&gate->listening);
    gate->accept_paused = true;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct gate *gate = handle->data;
    (void)events;
    if (status < 0) {
        pause_accepting(gate, -status);
        return;
    }
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);
        int socket = accept4(gate->gates->listener, (struct sockaddr *)&address, &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            struct ip from = ip_of_socket((const struct sockaddr *)&address);
            accept_one(gate, socket, &from);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(gate, errno);
            return;
        }
    }
}

void listen_start(struct gate *gate)
{
    uv_poll_start(&gate->listening, UV_READABLE, on_readable);
}

void listen_tick(struct gate *gate)
{
    if (gate->accept_paused) {
        gate->accept_paused = false;
        listen_start(gate);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct gate *gate = handle->data;
    close(gate->gates->listener);
    gate->gates->listener = -1;
}

/* The loop lets go of the descriptor first: its number may be another's at once. */
void listen_stop(struct gate *gate)
{
    gate->accept_paused = false;
    if (!uv_is_closing((uv_handle_t *)&gate->listening)) {
        uv_close((uv_handle_t *)&gate->listening, on_closed);
    }
}

/* ---- arriving -----------------------------------------------------------------------------------
 */

void listen_take(struct gate *gate)
{
    struct arrival *next;
    for (struct arrival *arrival = mailbox_take(&gate->arrivals); arrival != NULL; arrival = next) {
        next = arrival->next;
        protocols_adopt(gate, arrival->socket, &arrival->from);
        free(arrival);
    }
}

void listen_drop(struct gate *gate)
{
    struct arrival *next;
    for (struct arrival *arrival = mailbox_take(&gate->arrivals); arrival != NULL; arrival = next) {
        next = arrival->next;
        close(arrival->socket);
        free(arrival);
    }
}
