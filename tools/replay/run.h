/*
 * Plays many files, in as many processes as there are processors: what ends one of them is a
 * finding like any other, and the next takes its place.
 */
#ifndef QUIRE_REPLAY_RUN_H
#define QUIRE_REPLAY_RUN_H

#include "tools/replay/files.h"
#include "tools/replay/job.h"

#define RUN_JOBS_MAX 256

/* Results of as many files, in their order; NULL when out of memory. To be freed. `jobs` 0: one for
 * each processor. Shows how far it is unless `quiet`. */
struct job_result *run_files(const struct files *files, const struct job_options *options,
                             unsigned jobs, bool quiet);

#endif
