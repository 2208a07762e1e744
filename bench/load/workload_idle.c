/*
 * Connections that have a document open and say nothing: what they cost in memory, and whether they
 * cost time.
 */
#include "bench/load/crowd.h"
#include "bench/load/workload.h"

#define REST_US UINT64_C(2000000)

void workload_idle(struct server *server, const struct workload_options *options,
                   struct report *report)
{
    uint32_t per_doc = choose(options->per_doc, 5);
    uint32_t connections = choose(options->connections, 5000);
    struct crowd_spec spec = {.documents = (connections + per_doc - 1) / per_doc,
                              .readers = per_doc};
    struct loop *loop = loop_new();
    struct crowd crowd;

    struct server_cost empty = server_cost(server);
    if (crowd_init(&crowd, loop, &server->url, &spec, options->seed) == 0) {
        struct server_cost joined = server_cost(server);
        crowd_wait(&crowd, REST_US);
        struct server_cost rested = server_cost(server);
        crowd_wait(&crowd, (uint64_t)(choose_real(options->secs, 6) * 1e6));
        struct server_cost after = server_cost(server);

        double count = (double)crowd.client_count;
        report_add(report, "connections", count, 0);
        report_add(report, "connects_per_s", count * 1e6 / (double)(joined.at_us - empty.at_us), 0);
        report_add(report, "cpu_us_per_connect", (joined.cpu_s - empty.cpu_s) * 1e6 / count, 1);
        report_add(report, "memory_before_mb", (double)empty.memory_bytes / 1e6, 2);
        report_add(report, "memory_after_mb", (double)rested.memory_bytes / 1e6, 2);
        report_add(report, "bytes_per_connection",
                   ((double)rested.memory_bytes - (double)empty.memory_bytes) / count, 0);
        report_add(report, "idle_cores",
                   (after.cpu_s - rested.cpu_s) * 1e6 / (double)(after.at_us - rested.at_us), 4);
        report_noise(report, &rested, &after);
    }
    crowd_verify(&crowd, report);
    if (!server_alive(server))
        report_fail(report, "the server died");
    crowd_deinit(&crowd);
    loop_free(loop);
}
