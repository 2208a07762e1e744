/*
 * Cursors: everybody moves at once, and everybody sees it. A cursor carries its number; it is seen
 * when it, or a later one of the same person, arrives. So a cursor that was overtaken by the next
 * is counted too, from when it was due.
 */
#include "bench/load/crowd.h"
#include "bench/load/random.h"
#include "bench/load/workload.h"

#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFILL_SIZE 500
#define RING         1024
#define SETTLE_US    UINT64_C(10000000)
#define TURN_US      UINT64_C(10000)

struct mover {
    uint64_t due_us[RING]; /* [number % RING] */
    uint32_t moved;        /* numbers 1 to this have been sent */
    uint32_t *seen;        /* [mover]: the last number that arrived here */
};

struct scene {
    struct crowd crowd; /* first: the crowd's callbacks lead back here */
    struct mover *movers;
    uint32_t count;
    uint32_t *by_member; /* [member]: index + 1, 0: nobody */
    size_t by_member_capacity;
    struct histogram latency;
    uint64_t seen, overrun;
};

static void learn_members(struct scene *scene)
{
    for (uint32_t i = 0; i < scene->count; i++) {
        size_t member = (size_t)scene->crowd.clients[i].member, old = scene->by_member_capacity;
        scene->by_member = bytes_grow(scene->by_member, &scene->by_member_capacity, member + 1,
                                      sizeof *scene->by_member);
        for (size_t k = old; k < scene->by_member_capacity; k++)
            scene->by_member[k] = 0;
        scene->by_member[member] = i + 1;
    }
}

static uint32_t number_of(struct ot_slice data)
{
    uint32_t number = 0;
    for (size_t i = 0; i < data.size && data.data[i] >= '0' && data.data[i] <= '9'; i++)
        number = number * 10 + (uint32_t)(data.data[i] - '0');
    return number;
}

static void see(struct scene *scene, uint32_t viewer, uint32_t mover, uint32_t number,
                uint64_t now_us)
{
    uint32_t *seen = &scene->movers[viewer].seen[mover];

    if (number > scene->movers[mover].moved)
        crowd_fail(&scene->crowd, "a cursor arrived that was never moved");
    for (; *seen < number; ++*seen) {
        uint32_t next = *seen + 1;
        if (number - next >= RING)
            scene->overrun++;
        else
            histogram_add(&scene->latency, now_us - scene->movers[mover].due_us[next % RING]);
        scene->seen++;
    }
}

static void on_other(struct crowd_client *client, const struct peer_message *message)
{
    struct scene *scene = (struct scene *)client->crowd;
    struct ot_slice rest;
    struct peer_member member;
    uint64_t now_us;

    if (message->kind != WIRE_PRESENCE || scene->by_member == NULL)
        return;
    now_us = link_now_us();
    rest = message->presence.members;
    for (uint32_t i = 0; i < message->presence.member_count; i++) {
        if (peer_next_member(&rest, &member)) {
            crowd_fail(client->crowd, "a presence message is broken");
            return;
        }
        uint32_t mover =
            member.member < scene->by_member_capacity ? scene->by_member[member.member] : 0;
        if (mover > 0 && mover - 1 != client->index && !member.left)
            see(scene, client->index, mover - 1, number_of(member.data), now_us);
    }
}

static void move(struct scene *scene, uint32_t index, uint64_t due_us)
{
    struct crowd *crowd = &scene->crowd;
    struct crowd_client *client = &crowd->clients[index];
    struct mover *mover = &scene->movers[index];
    uint64_t at = random_below(&crowd->random, client->length + 1);
    char data[16];

    mover->due_us[++mover->moved % RING] = due_us;
    snprintf(data, sizeof data, "%" PRIu32, mover->moved);
    ot_buf_clear(&crowd->message);
    peer_put_cursor(&crowd->message, 0, client->version, at, at, false, bytes_of(data));
    link_send(&client->link, ot_buf_slice(&crowd->message));
}

static void move_all(struct scene *scene, double rate, double secs)
{
    uint64_t begin_us = link_now_us();
    uint64_t total = (uint64_t)(rate * secs * (double)scene->count);

    for (uint64_t k = 0; k < total && scene->crowd.error[0] == '\0'; k++) {
        uint64_t due_us = begin_us + (uint64_t)((double)k * 1e6 / (rate * (double)scene->count));
        while (link_now_us() < due_us)
            crowd_turn(&scene->crowd, due_us);
        move(scene, (uint32_t)(k % scene->count), due_us);
        if (k % 64 == 0)
            crowd_turn(&scene->crowd, 0);
    }
}

static bool all_seen(const struct scene *scene)
{
    for (uint32_t viewer = 0; viewer < scene->count; viewer++)
        for (uint32_t mover = 0; mover < scene->count; mover++)
            if (viewer != mover && scene->movers[viewer].seen[mover] < scene->movers[mover].moved)
                return false;
    return true;
}

static void wait_seen(struct scene *scene, struct report *report)
{
    uint64_t end_us = link_now_us() + SETTLE_US;

    while (!all_seen(scene) && scene->crowd.error[0] == '\0') {
        if (link_now_us() > end_us) {
            report_fail(report, "some cursors were never seen where they came to rest");
            return;
        }
        crowd_turn(&scene->crowd, link_now_us() + TURN_US);
    }
}

static void measure(struct scene *scene, struct server *server, double rate, double secs,
                    struct report *report)
{
    static const char *const names[] = {"seen_p50_ms", "seen_p95_ms", "seen_p99_ms", "seen_max_ms"};

    learn_members(scene);
    move_all(scene, 1, 1); /* everybody is known to everybody */
    wait_seen(scene, report);
    histogram_reset(&scene->latency);
    scene->seen = 0;

    uint64_t bytes_in = crowd_bytes_in(&scene->crowd);
    struct server_cost before = server_cost(server);
    move_all(scene, rate, secs);
    struct server_cost after = server_cost(server);
    double wall_s = (double)(after.at_us - before.at_us) / 1e6;
    bytes_in = crowd_bytes_in(&scene->crowd) - bytes_in;
    wait_seen(scene, report);

    report_add(report, "moves_per_s", rate * scene->count, 0);
    report_add(report, "seen_per_s", (double)scene->seen / wall_s, 0);
    report_add_latency(report, names, &scene->latency);
    report_add(report, "kb_per_client_per_s", (double)bytes_in / 1000 / wall_s / scene->count, 2);
    report_add(report, "server_cores", (after.cpu_s - before.cpu_s) / wall_s, 3);
    report_add(report, "overrun", (double)scene->overrun, 0);
    report_noise(report, &before, &after);
}

void workload_presence(struct server *server, const struct workload_options *options,
                       struct report *report)
{
    uint32_t count = choose(options->clients, 100);
    struct crowd_spec spec = {.documents = 1, .editors = count, .replicas = true};
    struct scene *scene = bytes_alloc(1, sizeof *scene);
    struct loop *loop = loop_new();

    scene->count = count;
    scene->movers = bytes_alloc(count, sizeof *scene->movers);
    for (uint32_t i = 0; i < count; i++)
        scene->movers[i].seen = bytes_alloc(count, sizeof *scene->movers[i].seen);
    int code = crowd_init(&scene->crowd, loop, &server->url, &spec, options->seed);
    scene->crowd.other = on_other;
    if (code == 0 && crowd_prefill(&scene->crowd, PREFILL_SIZE) == 0)
        measure(scene, server, choose_real(options->rate, 20), choose_real(options->secs, 5),
                report);
    crowd_reset_tally(&scene->crowd);
    crowd_verify(&scene->crowd, report);
    crowd_deinit(&scene->crowd);
    for (uint32_t i = 0; i < count; i++)
        free(scene->movers[i].seen);
    free(scene->movers);
    free(scene->by_member);
    free(scene);
    loop_free(loop);
}
