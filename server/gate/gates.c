#include "server/gate/gate.h"

#include "server/gate/listen.h"
#include "server/gate/loop.h"
#include "server/gate/memory.h"
#include "server/thread/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Descriptors for everything but connections: the database, the log, those of each gate. */
#define RESERVED_DESCRIPTORS 128
#define DESCRIPTORS_A_GATE   8

static unsigned or_default(unsigned value, unsigned fallback)
{
    return value == 0 ? fallback : value;
}

uint64_t gates_files(unsigned gates, unsigned connections)
{
    return (uint64_t)connections + RESERVED_DESCRIPTORS + DESCRIPTORS_A_GATE * gates;
}

unsigned gates_room(unsigned gates, uint64_t *files_out)
{
    struct rlimit limit;
    uint64_t needed = gates_files(gates, 0);
    *files_out = 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    *files_out = limit.rlim_cur;
    uint64_t most = limit.rlim_cur < SLOTS_MAX ? limit.rlim_cur : SLOTS_MAX;
    return most > needed ? (unsigned)(most - needed) : 0;
}

/* libwebsockets fills tables by the limit of descriptors: it is set to what is needed, no more.
 * Gives the connections that fit, or 0. */
static unsigned fit_descriptors(unsigned wanted, unsigned gates)
{
    uint64_t files;
    unsigned room = gates_room(gates, &files);
    unsigned fitting = room < wanted ? room : wanted;
    struct rlimit limit = {.rlim_cur = gates_files(gates, fitting), .rlim_max = files};
    return fitting > 0 && setrlimit(RLIMIT_NOFILE, &limit) == 0 ? fitting : 0;
}

static struct gate_options with_defaults(const struct gate_options *given)
{
    struct gate_options options = *given;
    options.gates = or_default(options.gates, 1);
    options.hello_ms = or_default(options.hello_ms, LIMIT_HELLO_MS);
    options.silence_ms = or_default(options.silence_ms, LIMIT_SILENCE_MS);
    options.ping_ms = or_default(options.ping_ms, LIMIT_PING_MS);
    options.stall_ms = or_default(options.stall_ms, LIMIT_STALL_MS);
    options.close_ms = or_default(options.close_ms, LIMIT_CLOSE_MS);
    return options;
}

static void free_gates(struct gates *gates)
{
    for (unsigned i = 0; i < gates->count; i++) {
        gate_free(gates->gate[i]);
    }
    if (gates->listener >= 0) {
        close(gates->listener);
    }
    admission_deinit(&gates->admission);
    proxies_deinit(&gates->proxies);
    addresses_deinit(&gates->addresses);
    tls_deinit(&gates->tls);
    free(gates);
}

static int make_gates(struct gates *gates, char *message_out, size_t message_size)
{
    lws_set_log_level(0, NULL);
    for (unsigned i = 0; i < gates->options.gates; i++) {
        gates->gate[i] = gate_new(gates, i, message_out, message_size);
        if (gates->gate[i] == NULL) {
            return -1;
        }
        gates->count++;
    }
    return 0;
}

static void join(struct gates *gates)
{
    atomic_store(&gates->stopping, true);
    for (unsigned i = 0; i < gates->running; i++) {
        gate_wake(gates->gate[i]);
    }
    for (unsigned i = 0; i < gates->running; i++) {
        pthread_join(gates->gate[i]->thread, NULL);
    }
}

int gates_run(struct gates *gates, char *message_out, size_t message_size)
{
    for (; gates->running < gates->count; gates->running++) {
        struct gate *gate = gates->gate[gates->running];
        if (pthread_create(&gate->thread, NULL, gate_run, gate) != 0) {
            snprintf(message_out, message_size, "cannot start thread %u of %u", gates->running + 1,
                     gates->count);
            return -1;
        }
    }
    return 0;
}

int gates_reload_tls(struct gates *gates, char *message_out, size_t message_size)
{
    return tls_load(&gates->tls, gates->options.tls_cert, gates->options.tls_key, message_out,
                    message_size);
}

static int open_tls(struct gates *gates, char *message_out, size_t message_size)
{
    const struct gate_options *options = &gates->options;
    bool cert = option_is_set(options->tls_cert);
    bool key = option_is_set(options->tls_key);
    if (cert != key) {
        snprintf(message_out, message_size,
                 "tls-cert and tls-key belong together, and only one of them is given");
        return -1;
    }
    return cert ? gates_reload_tls(gates, message_out, message_size) : 0;
}

struct gates *gates_open(const struct gate_options *options, const struct gate_env *env,
                         char *message_out, size_t message_size)
{
    assert(options->gates <= HUB_GATES_MAX);
    struct gates *gates = memory_new(sizeof(*gates));
    gates->env = *env;
    gates->options = with_defaults(options);
    gates->listener = -1;
    gates->limits = options->limits == NULL ? limits_preset() : *options->limits;
    addresses_init(&gates->addresses, &gates->limits);
    tls_init(&gates->tls);
    gates->connections_max =
        fit_descriptors((unsigned)gates->limits.values[SETTING_CONNECTIONS], gates->options.gates);
    if (gates->connections_max == 0) {
        snprintf(message_out, message_size,
                 "the limit of open files is too low: raise it (ulimit -n) to 1024 or more");
        free_gates(gates);
        return NULL;
    }
    if (open_tls(gates, message_out, message_size) != 0 ||
        admission_init(&gates->admission, options, message_out, message_size) != 0 ||
        proxies_init(&gates->proxies, options->trusted_proxies, message_out, message_size) != 0 ||
        listen_open(gates, message_out, message_size) != 0 ||
        make_gates(gates, message_out, message_size) != 0) {
        free_gates(gates);
        return NULL;
    }
    return gates;
}

unsigned gates_port(const struct gates *gates)
{
    return gates->port;
}

uint64_t gates_silent_ms(const struct gates *gates)
{
    uint64_t now_ms = clock_monotonic_ms(), longest_ms = 0;
    for (unsigned i = 0; i < gates->count; i++) {
        uint64_t turned_ms = atomic_load(&gates->gate[i]->turned_ms);
        if (now_ms > turned_ms && now_ms - turned_ms > longest_ms) {
            longest_ms = now_ms - turned_ms;
        }
    }
    return longest_ms;
}

void gates_send(struct gates *gates, unsigned gate, struct hub_out *out)
{
    assert(gate < gates->count);
    if (mailbox_push(&gates->gate[gate]->mailbox, out)) {
        gate_wake(gates->gate[gate]);
    }
}

void gates_taken(struct gates *gates, uint64_t connection)
{
    unsigned gate = HUB_GATE_OF(connection);
    assert(gate < gates->count);
    atomic_fetch_sub(slots_waiting(&gates->gate[gate]->slots, connection), 1);
}

static void wake_all(struct gates *gates)
{
    for (unsigned i = 0; i < gates->count; i++) {
        gate_wake(gates->gate[i]);
    }
}

void gates_drain(struct gates *gates, uint64_t retry_ms)
{
    atomic_store(&gates->drain_retry_ms, retry_ms);
    atomic_store(&gates->draining, true);
    wake_all(gates);
}

void gates_stop(struct gates *gates)
{
    join(gates);
    free_gates(gates);
}

uint64_t gates_metric(const struct gates *gates, enum metric metric)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < gates->count; i++) {
        sum += metrics_get(&gates->gate[i]->metrics, metric);
    }
    return sum;
}

void gates_metrics(const struct gates *gates, struct metrics *sum)
{
    for (unsigned i = 0; i < gates->count; i++) {
        metrics_sum(sum, &gates->gate[i]->metrics);
    }
}
