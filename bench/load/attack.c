#include "bench/load/attack.h"

#include "bench/load/crowd.h"
#include "bench/load/random.h"
#include "tools/peer/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURN_MS       2
#define DRIP_MS       200
#define RETURN_MS     50 /* before somebody who was thrown out comes back */
#define ADDRESSES     32
#define FIRST_ADDRESS UINT32_C(0x7f010001) /* 127.1.0.1 */
#define CHUNK_SIZE    4096
#define PING_PAYLOAD  16
#define FLOOD_RATE    20000.0 /* edits a second that are tried */
#define FLOOD_SECS    2.0
#define CURSORS_TURN  200

enum kind { SILENT, LEAVING, DRIPPING, PINGING, OVERSIZED, UNFINISHED, MALFORMED, KINDS };

struct stranger {
    enum kind kind;
    int fd; /* -1: not connected */
    uint64_t next_ms;
    size_t sent;   /* of the handshake */
    bool upgraded; /* the server has answered */
};

struct gang {
    const struct ws_url *url;
    struct attack_tally *tally;
    struct stranger *strangers;
    struct pollfd *polls;
    size_t count;
    uint64_t random;
    char handshake[512];
    size_t handshake_size;
};

static uint64_t now_ms(void)
{
    return link_now_us() / 1000;
}

/* ---- strangers ----------------------------------------------------------------------------------
 */

static void leave(struct stranger *stranger)
{
    if (stranger->fd >= 0)
        close(stranger->fd);
    stranger->fd = -1;
    stranger->sent = 0;
    stranger->upgraded = false;
    stranger->next_ms = now_ms() + RETURN_MS;
}

static void come(struct gang *gang, struct stranger *stranger)
{
    int on = 1;

    stranger->fd = socket(gang->url->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (stranger->fd < 0)
        return;
    setsockopt(stranger->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (gang->url->address.ss_family == AF_INET) {
        /* They come from a network of addresses, as far as they are looked at from this machine. */
        uint32_t host = (uint32_t)(stranger - gang->strangers) % ADDRESSES;
        struct sockaddr_in from = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(FIRST_ADDRESS + host)};
        bind(stranger->fd, (const struct sockaddr *)&from, sizeof from);
    }
    gang->tally->connections++;
    if (connect(stranger->fd, (const struct sockaddr *)&gang->url->address,
                gang->url->address_size) != 0 &&
        errno != EINPROGRESS)
        leave(stranger);
}

static bool put(struct gang *gang, struct stranger *stranger, const void *bytes, size_t size)
{
    ssize_t got = send(stranger->fd, bytes, size, MSG_NOSIGNAL);

    if (got > 0)
        gang->tally->bytes += (uint64_t)got;
    return got == (ssize_t)size;
}

static void shake_hands(struct gang *gang, struct stranger *stranger, size_t most)
{
    size_t left = gang->handshake_size - stranger->sent;
    ssize_t got = send(stranger->fd, gang->handshake + stranger->sent, left < most ? left : most,
                       MSG_NOSIGNAL);
    if (got > 0) {
        stranger->sent += (size_t)got;
        gang->tally->bytes += (uint64_t)got;
    }
}

/* Masked pings, one after the other, as many as the socket takes. */
static void ping(struct gang *gang, struct stranger *stranger)
{
    uint8_t chunk[CHUNK_SIZE];
    size_t frame = 6 + PING_PAYLOAD, size = 0;

    for (; size + frame <= sizeof chunk; size += frame) {
        memset(chunk + size, 0, frame);
        chunk[size] = 0x89;
        chunk[size + 1] = 0x80 | PING_PAYLOAD;
    }
    put(gang, stranger, chunk, size);
}

/* A binary frame that claims 2 GiB, and bytes of it for ever. */
static void send_oversized(struct gang *gang, struct stranger *stranger)
{
    static const uint8_t head[] = {0x82, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0};
    uint8_t chunk[CHUNK_SIZE] = {0};

    put(gang, stranger, head, sizeof head);
    put(gang, stranger, chunk, sizeof chunk);
}

/* All but the last byte of the largest frame that a stranger may send. */
static void send_unfinished(struct gang *gang, struct stranger *stranger)
{
    static const uint8_t head[] = {0x82, 0xfe, 0x20, 0, 0, 0, 0, 0};
    static const uint8_t zeros[0x2000 - 1];

    if (stranger->next_ms == UINT64_MAX)
        return;
    put(gang, stranger, head, sizeof head);
    put(gang, stranger, zeros, sizeof zeros);
    stranger->next_ms = UINT64_MAX;
}

static void send_malformed(struct gang *gang, struct stranger *stranger)
{
    uint8_t frame[6 + 120] = {0x82, 0x80 | 120};

    for (size_t i = 6; i < sizeof frame; i++)
        frame[i] = (uint8_t)random_next(&gang->random);
    put(gang, stranger, frame, sizeof frame);
}

static void misbehave(struct gang *gang, struct stranger *stranger)
{
    switch (stranger->kind) {
    case PINGING:
        ping(gang, stranger);
        break;
    case OVERSIZED:
        send_oversized(gang, stranger);
        break;
    case UNFINISHED:
        send_unfinished(gang, stranger);
        break;
    case MALFORMED:
        send_malformed(gang, stranger);
        break;
    default:
        break;
    }
}

/* What comes in is thrown away; the end of it ends the stranger's visit. */
static void hear(struct gang *gang, struct stranger *stranger)
{
    char scratch[CHUNK_SIZE];
    ssize_t got = recv(stranger->fd, scratch, sizeof scratch, 0);

    if (got > 0) {
        stranger->upgraded = true;
    } else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        gang->tally->ended++;
        leave(stranger);
    }
}

static void act(struct gang *gang, struct stranger *stranger, uint64_t now)
{
    if (stranger->fd < 0) {
        if (now >= stranger->next_ms)
            come(gang, stranger);
    } else if (stranger->kind == LEAVING) {
        leave(stranger);
    } else if (stranger->kind == DRIPPING) {
        if (now < stranger->next_ms)
            return;
        shake_hands(gang, stranger, 1);
        stranger->next_ms = now + DRIP_MS;
    } else if (stranger->sent < gang->handshake_size) {
        shake_hands(gang, stranger, SIZE_MAX);
    } else if (stranger->upgraded) {
        misbehave(gang, stranger);
    }
}

static void strangers_turn(struct gang *gang)
{
    uint64_t now = now_ms();

    for (size_t i = 0; i < gang->count; i++) {
        act(gang, &gang->strangers[i], now);
        gang->polls[i] = (struct pollfd){gang->strangers[i].fd, POLLIN, 0};
    }
    if (poll(gang->polls, gang->count, TURN_MS) > 0)
        for (size_t i = 0; i < gang->count; i++)
            if (gang->polls[i].revents != 0)
                hear(gang, &gang->strangers[i]);
    /* However much comes in, a turn takes its time. */
    poll(NULL, 0, TURN_MS);
}

static void strangers_run(const struct ws_url *url, struct attack_tally *tally, uint32_t each,
                          uint64_t seed)
{
    struct gang gang = {.url = url, .tally = tally, .random = seed | 1};

    gang.count = (size_t)each * KINDS;
    gang.strangers = bytes_alloc(gang.count, sizeof *gang.strangers);
    gang.polls = bytes_alloc(gang.count, sizeof *gang.polls);
    for (size_t i = 0; i < gang.count; i++)
        gang.strangers[i] = (struct stranger){.kind = (enum kind)(i % KINDS), .fd = -1};
    gang.handshake_size = (size_t)snprintf(
        gang.handshake, sizeof gang.handshake,
        "GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Protocol: quire.v1\r\n\r\n",
        url->path, url->host, url->port);
    for (;;)
        strangers_turn(&gang);
}

/* ---- those who may ------------------------------------------------------------------------------
 */

/* As much as a socket takes, and the answers are not waited for. */
static void move_cursors(struct crowd *crowd, struct attack_tally *tally)
{
    for (size_t i = 0; i < crowd->client_count; i++) {
        struct crowd_client *client = &crowd->clients[i];
        if (!client->reads_only || !client->open)
            continue;
        for (int k = 0; k < CURSORS_TURN; k++) {
            ot_buf_clear(&crowd->message);
            peer_put_cursor(&crowd->message, 0, client->version, 0, 0, false, PEER_NIL);
            link_send(&client->link, ot_buf_slice(&crowd->message));
            tally->cursors++;
        }
    }
}

static void members_run(const struct ws_url *url, struct attack_tally *tally,
                        const char *const *tokens, uint64_t seed)
{
    struct crowd_spec spec = {.documents = 1,
                              .editors = ATTACK_MEMBERS,
                              .readers = ATTACK_MEMBERS,
                              .unfolded = true,
                              .tokens = tokens,
                              .token_count = tokens != NULL ? ATTACK_MEMBERS : 0,
                              .typing = true};

    for (;; seed++) {
        struct crowd crowd;
        struct loop *loop = loop_new();
        if (crowd_init(&crowd, loop, url, &spec, seed) == 0) {
            for (int turn = 0; turn < 100 && crowd.error[0] == '\0'; turn++) {
                move_cursors(&crowd, tally);
                crowd_load(&crowd, FLOOD_RATE, FLOOD_SECS / 100);
            }
        }
        tally->edits += crowd.tally.made;
        tally->edits_saved += crowd.tally.saved;
        tally->ended += crowd.dropped;
        tally->connections += crowd.client_count;
        crowd_deinit(&crowd);
        loop_free(loop);
        poll(NULL, 0, RETURN_MS);
    }
}

/* ---- processes ----------------------------------------------------------------------------------
 */

static pid_t begin(void)
{
    pid_t parent = getpid(), pid = fork();

    if (pid != 0)
        return pid;
    /* The others' sockets are not ours to keep open. */
    close_range(3, ~0U, 0);
    signal(SIGTERM, SIG_DFL);
    /* An attacker has machines of its own: here it must not take the others' time. */
    static const struct sched_param param = {0};
    if (sched_setscheduler(0, SCHED_IDLE, &param) != 0)
        perror("quire-load: the attack keeps its priority");
    if (getppid() != parent)
        _exit(0);
    return 0;
}

int attack_start(struct attack *attack, const struct ws_url *url, uint32_t each,
                 const char *const *tokens, uint64_t seed)
{
    *attack = (struct attack){{-1, -1}, NULL};
    if (each > ATTACK_EACH_MAX) {
        fprintf(stderr, "quire-load: an attack has at most --connections %d\n", ATTACK_EACH_MAX);
        return -1;
    }
    void *shared = mmap(NULL, 2 * sizeof *attack->tally, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("quire-load: no attack");
        return -1;
    }
    attack->tally = shared;
    for (int i = 0; i < 2; i++) {
        attack->pids[i] = begin();
        if (attack->pids[i] == 0 && i == 0)
            strangers_run(url, &attack->tally[0], each, seed);
        else if (attack->pids[i] == 0)
            members_run(url, &attack->tally[1], tokens, seed);
    }
    return attack->pids[0] > 0 && attack->pids[1] > 0 ? 0 : -1;
}

struct attack_tally attack_stop(struct attack *attack)
{
    struct attack_tally sum = {0};

    if (attack->tally == NULL)
        return sum;
    for (int i = 0; i < 2; i++) {
        if (attack->pids[i] > 0) {
            kill(attack->pids[i], SIGKILL);
            waitpid(attack->pids[i], NULL, 0);
        }
        const struct attack_tally *tally = &attack->tally[i];
        sum.connections += tally->connections;
        sum.ended += tally->ended;
        sum.bytes += tally->bytes;
        sum.edits += tally->edits;
        sum.edits_saved += tally->edits_saved;
        sum.cursors += tally->cursors;
    }
    munmap(attack->tally, 2 * sizeof *attack->tally);
    return sum;
}
