/* What a run found, for people: the findings one by one, and a table of the files. */
#ifndef QUIRE_REPLAY_TABLE_H
#define QUIRE_REPLAY_TABLE_H

#include "tools/replay/files.h"
#include "tools/replay/job.h"

#include <stdio.h>

/* Files are listed up to this number; of more than these, those with findings alone. */
#define TABLE_ROWS_MAX 40

void table_print(FILE *out, const struct files *files, const struct job_result *results,
                 double seconds);

#endif
