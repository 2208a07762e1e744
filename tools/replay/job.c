#include "tools/replay/job.h"

#include "tools/peer/bytes.h"
#include "tools/peer/link.h"
#include "tools/replay/minimise.h"
#include "tools/replay/play.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a process of its own costs, in operations. */
#define FORK_STEPS 100

static struct walk_options walk_options_of(const struct job_options *options)
{
    struct walk_options walk = {.has_checks = options->checks};

    if (options->checks) {
        walk.laws = options->laws != NULL ? options->laws : laws;
        walk.law_count = options->laws != NULL ? options->law_count : LAW_COUNT;
    }
    return walk;
}

/* ---- reading ---- */

static int refuse(struct job_result *result, const char *why)
{
    result->outcome = JOB_REFUSED;
    snprintf(result->note, sizeof result->note, "%s", why);
    return -1;
}

static int read_script(const struct file *file, struct script *script, struct job_result *result)
{
    struct ot_buf bytes = {0};
    char error[JOB_NOTE_MAX_BYTES];

    int code = trace_read_file(file->path, &bytes, error, sizeof error);
    if (code == 0 && file->format == FORMAT_CORPUS)
        script_from_bytes(script, ot_buf_slice(&bytes));
    else if (code == 0)
        code = script_from_lines(script, ot_buf_slice(&bytes), error, sizeof error);
    ot_buf_deinit(&bytes);
    return code == 0 ? 0 : refuse(result, error);
}

/* ---- traces ---- */

static void find(struct job_result *result, const char *name, const char *text, size_t step)
{
    result->outcome = JOB_FOUND;
    result->finding = (struct finding){name, text, step};
}

/* Edits are told by their number in the trace where it is known. */
static void judge_play(const struct play_result *play, bool agreed, struct job_result *result)
{
    size_t at = play->diverged_txn != UINT32_MAX ? play->diverged_txn : play->edits;

    result->length = play->length;
    if (agreed && play->tied)
        snprintf(result->note, sizeof result->note,
                 "is the recorded text but for two authors typing at one place at once (byte %zu): "
                 "a tie fell the other way, and both ways are right",
                 play->differs_at);
    if (agreed)
        return;
    snprintf(result->note, sizeof result->note, "%s", play->error);
    if (play->diverged != 0)
        find(result, "copies", "all copies of the document are the same", at);
    else if (play->error[0] != '\0')
        find(result, "play", "a recorded session can be played", at);
    else {
        find(result, "recorded", "the text is the recorded one", at);
        snprintf(result->note, sizeof result->note, "differs from it at byte %zu",
                 play->differs_at);
    }
}

/* Plays a trace with all its authors, which leaves the edits as they were committed. */
static int play_trace(const struct file *file, struct script *script, struct job_result *result)
{
    struct play_options options = {.title = file->name};
    struct play_result played;
    struct progress progress;
    struct trace trace;
    struct cast cast;
    char error[JOB_NOTE_MAX_BYTES];

    if (trace_load(file->path, &trace, error, sizeof error))
        return refuse(result, error);
    cast_init(&cast, &trace);
    cast.given = script;
    int code = plan_make(&trace, &cast.plan, error, sizeof error);
    if (code != 0) {
        refuse(result, error);
    } else {
        progress_init(&progress, file->name, true);
        bool agreed = play(&cast, &options, &progress, &played);
        judge_play(&played, agreed, result);
        result->operations = played.edits;
    }
    cast_deinit(&cast);
    trace_free(&trace);
    return code;
}

/* ---- minimising ---- */

struct probe {
    struct walk_options walk;
    const char *name;  /* the finding looked for; NULL: the end of the process */
    size_t steps_left; /* that may still be played */
    _Atomic uint64_t *step;
};

static bool spend(struct probe *probe, size_t steps)
{
    bool has = probe->steps_left >= steps;

    probe->steps_left -= has ? steps : probe->steps_left;
    return has && steps > 0;
}

static void replace(struct script *script, struct walk_trail *trail)
{
    script_deinit(script);
    *script = trail->made;
    trail->made = (struct script){0};
    walk_trail_deinit(trail);
}

static bool shows_finding(void *context, struct script *candidate)
{
    struct probe *probe = context;
    struct walk_trail trail;

    if (candidate->count == 0 || !spend(probe, candidate->count))
        return false;
    struct walk_result result = walk(candidate, &probe->walk, &trail);
    bool shows = result.finding.name != NULL && strcmp(result.finding.name, probe->name) == 0;
    if (shows)
        replace(candidate, &trail);
    else
        walk_trail_deinit(&trail);
    return shows;
}

/* Does a process that plays the candidate end otherwise than it should? */
static bool ends(const struct probe *probe, const struct script *candidate)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        walk(candidate, &probe->walk, NULL);
        _exit(0);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && status != 0;
}

static bool shows_end(void *context, struct script *candidate)
{
    struct probe *probe = context;
    struct walk_options only = {.cuts = true};
    struct walk_trail trail;

    if (candidate->count == 0 || !spend(probe, candidate->count + FORK_STEPS) ||
        !ends(probe, candidate))
        return false;
    /* Up to the operation that it was at, as it was made. */
    only.only_made = atomic_load(probe->step) + 1;
    walk(candidate, &only, &trail);
    replace(candidate, &trail);
    return true;
}

/* The document before the last two operations, and those: often this is all it takes. */
static void try_short(struct script *script, const struct walk_trail *trail, minimise_fn shows,
                      struct probe *probe)
{
    struct script candidate = {0};
    struct ot_buf start = {0};
    size_t last = trail->made.count - 1, before = last > 0 ? last - 1 : 0;
    struct ot_slice *ops = bytes_alloc(last + 1, sizeof *ops);

    for (size_t i = 0; i < before; i++)
        ops[i] = script_op(&trail->taken, i);
    bytes_must(ot_compose_all(ops, before, OT_STABLE, &start));
    script_add(&candidate, 0, ot_buf_slice(&start));
    if (last > 0)
        script_add(&candidate, 1, script_op(&trail->taken, before));
    script_add(&candidate, 2, script_op(&trail->made, last));
    if (trail->made.steps[last].base == last && shows(probe, &candidate)) {
        struct script old = *script;
        *script = candidate;
        candidate = old;
    }
    script_deinit(&candidate);
    ot_buf_deinit(&start);
    free(ops);
}

static void write_case(const struct file *file, const struct script *script,
                       struct job_result *result)
{
    char path[4096];

    int size = snprintf(path, sizeof path, "%s%s", file->path, CASE_SUFFIX);
    if (size > 0 && (size_t)size < sizeof path &&
        script_write_lines(script, result->finding.name, path) == 0)
        result->case_operations = script->count;
    else
        snprintf(result->note, sizeof result->note, "its case cannot be written: %s",
                 strerror(errno));
}

/* `trail` is that of the walk that found it. */
static void bring_down(const struct file *file, const struct job_options *options,
                       struct script *script, const struct walk_trail *trail,
                       struct job_result *result)
{
    struct probe probe = {walk_options_of(options), result->finding.name, JOB_MINIMISE_STEPS_MAX,
                          NULL};

    probe.walk.cuts = true;
    try_short(script, trail, shows_finding, &probe);
    if (shows_finding(&probe, script)) {
        minimise(script, shows_finding, &probe);
        write_case(file, script, result);
    }
}

/* ---- playing ---- */

static void walk_script(const struct file *file, const struct job_options *options,
                        _Atomic uint64_t *step_out, struct script *script,
                        struct job_result *result)
{
    struct walk_options how = walk_options_of(options);
    struct walk_trail trail = {0};

    how.cuts = file->format == FORMAT_CORPUS;
    how.step = step_out;
    struct walk_result walked = walk(script, &how, options->minimises ? &trail : NULL);
    result->operations = walked.steps;
    result->length = walked.length;
    if (walked.finding.name != NULL) {
        result->outcome = JOB_FOUND;
        result->finding = walked.finding;
        if (options->minimises)
            bring_down(file, options, script, &trail, result);
    }
    walk_trail_deinit(&trail);
}

void job_play(const struct file *file, const struct job_options *options,
              _Atomic uint64_t *step_out, struct job_result *result_out)
{
    struct script script = {0};
    struct job_result result = {.outcome = JOB_AGREED};
    uint64_t start_us = link_now_us();
    bool is_trace = file->format == FORMAT_TRACE;

    int code = is_trace ? play_trace(file, &script, &result) : read_script(file, &script, &result);
    if (code == 0 && result.outcome == JOB_AGREED && (options->checks || !is_trace))
        walk_script(file, options, step_out, &script, &result);
    script_deinit(&script);
    result.took_us = link_now_us() - start_us;
    *result_out = result;
}

void job_minimise_end(const struct file *file, const struct job_options *options,
                      struct job_result *result)
{
    struct script script = {0};
    struct job_result ignored = {0};
    struct probe probe = {walk_options_of(options), NULL, JOB_MINIMISE_STEPS_MAX, NULL};
    bool is_trace = file->format == FORMAT_TRACE;

    probe.step =
        mmap(NULL, sizeof *probe.step, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bytes_must(probe.step == MAP_FAILED ? OT_E_MEMORY : OT_OK);
    probe.walk.step = probe.step;
    probe.walk.cuts = true;
    int code =
        is_trace ? play_trace(file, &script, &ignored) : read_script(file, &script, &ignored);
    if (code == 0 && shows_end(&probe, &script)) {
        minimise(&script, shows_end, &probe);
        write_case(file, &script, result);
    }
    script_deinit(&script);
    munmap(probe.step, sizeof *probe.step);
}
