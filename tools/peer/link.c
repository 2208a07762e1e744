#include "tools/peer/link.h"

#include "tools/peer/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_PER_TURN 256
#define SWEEP_MS        5000
#define AGENT           "quire-peer"

struct loop {
    int epoll;
    struct link **links;
    size_t count, capacity;
    struct link **dirty;
    size_t dirty_count, dirty_capacity;
    uint64_t woke_us, swept_ms;
    uint8_t scratch[WS_SCRATCH_SIZE];
};

uint64_t link_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- the loop's lists -------------------------------------------------------------------------
 */

static void list_link(struct loop *loop, struct link *link)
{
    loop->links = bytes_grow(loop->links, &loop->capacity, loop->count + 1, sizeof *loop->links);
    link->index = loop->count;
    loop->links[loop->count++] = link;
}

static void unlist_link(struct link *link)
{
    struct loop *loop = link->loop;
    struct link *last = loop->links[--loop->count];

    loop->links[link->index] = last;
    last->index = link->index;
    link->index = SIZE_MAX;
}

static void mark_dirty(struct link *link)
{
    struct loop *loop = link->loop;
    if (link->dirty)
        return;
    link->dirty = true;
    loop->dirty =
        bytes_grow(loop->dirty, &loop->dirty_capacity, loop->dirty_count + 1, sizeof *loop->dirty);
    loop->dirty[loop->dirty_count++] = link;
}

static void watch(struct link *link, int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};

    link->watched_write = ws_wants_write(&link->ws);
    if (link->watched_write)
        event.events |= EPOLLOUT;
    if (epoll_ctl(link->loop->epoll, operation, link->ws.fd, &event) != 0) {
        perror("fatal: epoll_ctl");
        abort();
    }
}

/* ---- one link -----------------------------------------------------------------------------------
 */

static void tell_closed(struct link *link)
{
    if (link->index == SIZE_MAX)
        return;
    unlist_link(link);
    ot_buf_deinit(&link->hello);
    link->events->closed(link, link->ws.close_code, link->ws.error);
}

static void take_message(struct link *link, const struct peer_message *message)
{
    if (message->kind == WIRE_PONG)
        return;
    if (message->kind == WIRE_WELCOME && !link->ready) {
        link->ready = true;
        link->events->ready(link, message);
        return;
    }
    link->events->message(link, message);
}

static void take_frame(struct ws *ws, struct ot_slice frame, void *context)
{
    struct link *link = context;
    struct peer_message message;
    size_t offset = 0;

    link->frames_in++;
    while (offset < frame.size && ws->state != WS_CLOSED) {
        if (peer_read(frame, &offset, &message)) {
            ws_close(ws, "the server sent bytes that are no message");
            return;
        }
        take_message(link, &message);
    }
}

static void flush(struct link *link)
{
    if (ws_write(&link->ws)) {
        tell_closed(link);
        return;
    }
    if (ws_wants_write(&link->ws) != link->watched_write)
        watch(link, EPOLL_CTL_MOD);
}

static void say_hello(struct link *link)
{
    if (link->hello.size == 0 || link->ws.state != WS_OPEN)
        return;
    link_send(link, ot_buf_slice(&link->hello));
    ot_buf_deinit(&link->hello);
    link->hello = (struct ot_buf){0};
}

static void take_event(struct link *link, uint32_t events)
{
    struct loop *loop = link->loop;

    if (events & EPOLLOUT)
        flush(link);
    if ((events & ~(uint32_t)EPOLLOUT) == 0 || link->ws.state == WS_CLOSED)
        return;
    link->heard_ms = loop->woke_us / 1000;
    link->pinged = false;
    if (ws_read(&link->ws, loop->scratch, sizeof loop->scratch, take_frame, link) < 0) {
        tell_closed(link);
        return;
    }
    say_hello(link);
}

void link_open(struct link *link, struct loop *loop, const struct ws_url *url,
               const struct link_hello *hello, const struct link_events *events, void *holder)
{
    struct peer_hello said = {hello->token,  hello->name, hello->color,
                              hello->client, hello->key,  bytes_of(AGENT)};
    uint64_t now_us = link_now_us();

    memset(link, 0, sizeof *link);
    link->loop = loop;
    link->events = events;
    link->holder = holder;
    link->heard_ms = link->said_ms = now_us / 1000;
    peer_put_hello(&link->hello, &said);
    list_link(loop, link);
    if (ws_connect(&link->ws, url, now_us ^ (uint64_t)(uintptr_t)link))
        tell_closed(link);
    else
        watch(link, EPOLL_CTL_ADD);
}

void link_send(struct link *link, struct ot_slice message)
{
    if (link->ws.state != WS_OPEN)
        return;
    ws_send(&link->ws, message);
    link->said_ms = link->loop->woke_us / 1000;
    mark_dirty(link);
}

static void forget_dirty(struct link *link)
{
    struct loop *loop = link->loop;
    for (size_t i = 0; link->dirty && i < loop->dirty_count; i++)
        if (loop->dirty[i] == link) {
            loop->dirty[i] = loop->dirty[--loop->dirty_count];
            link->dirty = false;
        }
}

void link_drop(struct link *link)
{
    if (link->loop == NULL)
        return;
    ws_close(&link->ws, NULL);
    if (link->index != SIZE_MAX)
        unlist_link(link);
    forget_dirty(link);
    ot_buf_deinit(&link->hello);
    link->hello = (struct ot_buf){0};
}

/* ---- the loop -----------------------------------------------------------------------------------
 */

struct loop *loop_new(void)
{
    struct loop *loop = bytes_alloc(1, sizeof *loop);

    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        perror("fatal: epoll_create1");
        abort();
    }
    loop->woke_us = link_now_us();
    loop->swept_ms = loop->woke_us / 1000;
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    close(loop->epoll);
    free(loop->links);
    free(loop->dirty);
    free(loop);
}

uint64_t loop_woke_us(const struct loop *loop)
{
    return loop->woke_us;
}

static void keep_alive(struct link *link, uint64_t now_ms)
{
    if (link->pinged && now_ms > link->heard_ms + LINK_SILENCE_MS + LINK_ANSWER_MS) {
        ws_close(&link->ws, "the server does not answer");
        mark_dirty(link);
        return;
    }
    bool quiet =
        now_ms > link->heard_ms + LINK_SILENCE_MS || now_ms > link->said_ms + LINK_SILENCE_MS;
    if (!link->ready || !quiet)
        return;
    struct ot_buf ping = {0};
    peer_put_ping(&ping, now_ms);
    link_send(link, ot_buf_slice(&ping));
    ot_buf_deinit(&ping);
    link->pinged = now_ms > link->heard_ms + LINK_SILENCE_MS;
}

static void sweep(struct loop *loop)
{
    uint64_t now_ms = loop->woke_us / 1000;

    if (now_ms < loop->swept_ms + SWEEP_MS)
        return;
    loop->swept_ms = now_ms;
    for (size_t i = 0; i < loop->count; i++)
        keep_alive(loop->links[i], now_ms);
}

static void flush_dirty(struct loop *loop)
{
    while (loop->dirty_count > 0) {
        struct link *link = loop->dirty[--loop->dirty_count];
        link->dirty = false;
        if (link->ws.state == WS_CLOSED)
            tell_closed(link);
        else
            flush(link);
    }
}

static struct timespec time_until(uint64_t until_us)
{
    uint64_t now_us = link_now_us();
    uint64_t wait_us = until_us > now_us ? until_us - now_us : 0;

    if (wait_us > SWEEP_MS * 1000)
        wait_us = SWEEP_MS * 1000;
    return (struct timespec){(time_t)(wait_us / 1000000), (long)(wait_us % 1000000 * 1000)};
}

void loop_turn(struct loop *loop, uint64_t until_us)
{
    struct epoll_event events[EVENTS_PER_TURN];

    flush_dirty(loop);
    struct timespec wait = time_until(until_us);
    int count = epoll_pwait2(loop->epoll, events, EVENTS_PER_TURN, &wait, NULL);
    loop->woke_us = link_now_us();
    for (int i = 0; i < count; i++)
        take_event(events[i].data.ptr, events[i].events);
    sweep(loop);
    flush_dirty(loop);
}
