#include "shrink.h"

#include "run.h"
#include "tools/peer/bytes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUND_SECONDS  60 /* a round that takes longer has failed */
#define SHRINK_SECONDS 300

static _Noreturn void run_in_child(struct plan *plan)
{
    struct tally tally = {0};
    if (!plan->shown) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(nowhere, STDERR_FILENO);
    }
    alarm(ROUND_SECONDS);
    bool passed = run_plan(plan, &tally);
    if (!passed) {
        fprintf(stderr, "%s\n", plan->reason);
    }
    fflush(NULL);
    _exit(passed ? 0 : 1);
}

bool shrink_passes(struct plan *plan)
{
    int status = 1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_in_child(plan);
    }
    waitpid(child, &status, 0);
    return status == 0;
}

static struct plan without(const struct plan *plan, size_t first, size_t count)
{
    struct plan rest = {.seed = plan->seed};
    for (size_t i = 0; i < plan->count; i++) {
        if (i < first || i >= first + count) {
            plan_add(&rest, plan->lines[i].event, plan->lines[i].chance);
        }
    }
    return rest;
}

void shrink(struct plan *plan)
{
    time_t end = time(NULL) + SHRINK_SECONDS;
    for (size_t size = (plan->count + 1) / 2; size > 0; size /= 2) {
        for (size_t first = 0; first < plan->count && time(NULL) < end;) {
            struct plan rest = without(plan, first, size);
            if (shrink_passes(&rest)) {
                plan_deinit(&rest);
                first += size;
            } else {
                plan_deinit(plan);
                *plan = rest;
            }
        }
    }
}
