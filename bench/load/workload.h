/*
 * The workloads. Each makes new documents at the server, runs, checks that every copy of them
 * agrees and that nothing saved is missing, and reports.
 */
#ifndef QUIRE_LOAD_WORKLOAD_H
#define QUIRE_LOAD_WORKLOAD_H

#include "bench/load/report.h"
#include "bench/load/server.h"

#include <stdbool.h>
#include <stdint.h>

/* 0 in a number, or a negative rate: the workload's own default. */
struct workload_options {
    uint32_t docs, editors, readers, connections, per_doc, clients, edits, writers, repeat;
    uint64_t bytes;
    double rate, secs, start, p99_ms;
    bool kill, unfolded;
    uint64_t seed;
};

struct workload {
    const char *name, *help;
    /* `report` is empty; what goes wrong is put into it. */
    void (*run)(struct server *server, const struct workload_options *options,
                struct report *report);
    bool limited; /* against a server with its usual rates */
    bool closed;  /* and which lets in those with tokens only */
};

/* Ends with an empty name. */
extern const struct workload workloads[];

/* ---- what they share ---- */

void workload_edits(struct server *server, const struct workload_options *options,
                    struct report *report);
void workload_hot(struct server *server, const struct workload_options *options,
                  struct report *report);
void workload_readers(struct server *server, const struct workload_options *options,
                      struct report *report);
void workload_limit(struct server *server, const struct workload_options *options,
                    struct report *report);
void workload_idle(struct server *server, const struct workload_options *options,
                   struct report *report);
void workload_presence(struct server *server, const struct workload_options *options,
                       struct report *report);
void workload_offline(struct server *server, const struct workload_options *options,
                      struct report *report);
void workload_cold(struct server *server, const struct workload_options *options,
                   struct report *report);
void workload_attack(struct server *server, const struct workload_options *options,
                     struct report *report);

void workload_openings(struct server *server, const struct workload_options *options,
                       struct report *report);

/* The number chosen, or the default. */
uint32_t choose(uint32_t chosen, uint32_t standard);
double choose_real(double chosen, double standard);

/* How much of the machine others used between two costs, and the generator's share of its core. */
void report_noise(struct report *report, const struct server_cost *before,
                  const struct server_cost *after);

#endif
