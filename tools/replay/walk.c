#include "tools/replay/walk.h"

#include "tools/peer/bytes.h"
#include "tools/replay/plain.h"

#include <stdlib.h>

static const struct ot_slice nothing = {(const uint8_t *)"", 1};

struct walker {
    const struct script *script;
    const struct walk_options *options;
    struct finding finding;
    struct ot_doc *doc;
    struct script made, taken;
    size_t compared;
    struct ot_buf moved, spare; /* the operation on its way, and the one before that */
    struct ot_buf inverse;      /* of the last operation taken */
    struct ot_buf window;       /* the document before the last operation, if it will be needed */
    bool has_window, has_trail;
    struct ot_buf shadow; /* the document at `shadow_version`, made by composing */
    uint64_t shadow_version;
    struct ot_buf bases[WALK_BEHIND_MAX + 1]; /* the last documents, where operations are cut */
};

static void find(struct walker *walker, size_t step, const char *name, const char *text)
{
    if (walker->finding.name == NULL)
        walker->finding = (struct finding){name, text, step};
}

static bool goes_on(const struct walker *walker)
{
    return walker->finding.name == NULL;
}

static void look(struct walker *walker, size_t step, const struct law_case *c, bool has_document)
{
    for (size_t i = 0; i < walker->options->law_count && goes_on(walker); i++) {
        const struct law *law = &walker->options->laws[i];
        if (law->has_document == has_document && !law->holds(c))
            find(walker, step, law->name, law->text);
    }
}

static struct ot_slice taken_op(const struct walker *walker, uint64_t version)
{
    return version == 0 ? nothing : script_op(&walker->taken, version - 1);
}

/* ---- where operations come from ---- */

static void keep_base(struct walker *walker)
{
    struct ot_buf *base = &walker->bases[walker->taken.count % (WALK_BEHIND_MAX + 1)];

    ot_buf_clear(base);
    bytes_must(ot_doc_snapshot(walker->doc, base));
}

/* The operation of the step, cut to fit the document at its base if that is wanted. */
static struct ot_slice step_op(struct walker *walker, size_t step, uint64_t *base_out)
{
    struct ot_slice op = script_op(walker->script, step);
    uint64_t version = walker->taken.count, base = walker->script->steps[step].base;
    struct plain units;

    *base_out = base < version ? base : version;
    if (!walker->options->cuts)
        return op;
    keep_base(walker);
    if (*base_out + WALK_BEHIND_MAX < version)
        *base_out = version - WALK_BEHIND_MAX;
    plain_init(&units, ot_buf_slice(&walker->bases[*base_out % (WALK_BEHIND_MAX + 1)]));
    ot_buf_clear(&walker->moved);
    plain_cut(&units, op, &walker->moved);
    plain_deinit(&units);
    return ot_buf_slice(&walker->moved);
}

/* Moves `op` over what was taken since its base. */
static struct ot_slice move(struct walker *walker, size_t step, uint64_t base, struct ot_slice op)
{
    uint64_t version = walker->taken.count;

    for (; base < version && goes_on(walker); base++) {
        struct law_case c = {.first = taken_op(walker, base + 1), .other = op};
        ot_buf_clear(&walker->spare);
        bytes_must(ot_transform(op, c.first, OT_RIGHT, OT_STABLE, &walker->spare));
        c.second = ot_buf_slice(&walker->spare);
        if (version - base <= WALK_PAIRS_MAX)
            look(walker, step, &c, false);
        bytes_swap(&walker->moved, &walker->spare);
        op = ot_buf_slice(&walker->moved);
    }
    return op;
}

/* ---- looking at documents ---- */

static bool is_due(const struct walker *walker, size_t step)
{
    const struct walk_options *options = walker->options;
    uint64_t every = 1 + ot_doc_length(walker->doc) / WALK_UNITS_EACH;

    return step + 1 == walker->script->count || step % every == 0 ||
           (step >= options->each_from && step < options->each_to);
}

/* Composes what was taken since the last time, all at once. */
static void follow(struct walker *walker)
{
    uint64_t first = walker->shadow_version, count = walker->taken.count - first;
    struct ot_slice *ops = bytes_alloc(count + 1, sizeof *ops);
    struct ot_buf together = {0};

    for (uint64_t i = 0; i < count; i++)
        ops[i] = taken_op(walker, first + i + 1);
    bytes_must(ot_compose_all(ops, count, OT_STABLE, &together));
    ot_buf_clear(&walker->spare);
    bytes_must(ot_compose(ot_buf_slice(&walker->shadow), ot_buf_slice(&together), OT_STABLE,
                          &walker->spare));
    bytes_swap(&walker->shadow, &walker->spare);
    walker->shadow_version += count;
    ot_buf_deinit(&together);
    free(ops);
}

static void compare(struct walker *walker, size_t step)
{
    uint32_t hash;

    follow(walker);
    ot_buf_clear(&walker->spare);
    bytes_must(ot_doc_snapshot(walker->doc, &walker->spare));
    bytes_must(ot_doc_hash(walker->doc, &hash));
    if (!ot_doc_sound(walker->doc))
        find(walker, step, "sound", "the document's structure keeps its invariants");
    if (!bytes_equal(ot_buf_slice(&walker->spare), ot_buf_slice(&walker->shadow)))
        find(walker, step, "document", "the document is what its operations compose to");
    if (hash != ot_hash(ot_buf_slice(&walker->spare)))
        find(walker, step, "hash", "the document's hash is that of its snapshot");
    if (goes_on(walker))
        walker->compared = step + 1;
}

/* The last operation and this one, which was just moved to come after it. */
static void look_at_both(struct walker *walker, size_t step, struct ot_slice op)
{
    struct law_case c = {
        .document = ot_buf_slice(&walker->window),
        .first = taken_op(walker, walker->taken.count),
        .second = op,
    };

    if (walker->options->law_count == 0)
        return;
    ot_buf_clear(&walker->spare);
    bytes_must(
        ot_transform(op, ot_buf_slice(&walker->inverse), OT_RIGHT, OT_STABLE, &walker->spare));
    c.other = ot_buf_slice(&walker->spare);
    look(walker, step, &c, false);
    if (walker->has_window)
        look(walker, step, &c, true);
}

/* What the next step will be looked at with. */
static void prepare(struct walker *walker, size_t step, struct ot_slice op)
{
    if (!walker->options->has_checks)
        return;
    ot_buf_clear(&walker->inverse);
    bytes_must(ot_doc_invert(walker->doc, op, OT_STABLE, &walker->inverse));
    walker->has_window = is_due(walker, step + 1);
    ot_buf_clear(&walker->window);
    if (walker->has_window)
        bytes_must(ot_doc_snapshot(walker->doc, &walker->window));
}

/* ---- the steps ---- */

static void take(struct walker *walker, size_t step)
{
    uint64_t base;
    struct ot_slice op = step_op(walker, step, &base);

    if (walker->has_trail)
        script_add(&walker->made, base, op);
    if (walker->options->only_made == step + 1)
        return;
    op = move(walker, step, base, op);
    if (!goes_on(walker))
        return;
    if (ot_doc_check(walker->doc, op, NULL) != OT_OK) {
        find(walker, step, "fit", "an operation fits the document it was made on");
        return;
    }
    look_at_both(walker, step, op);
    if (!goes_on(walker))
        return;
    prepare(walker, step, op);
    script_add(&walker->taken, walker->taken.count, op);
    if (ot_doc_apply(walker->doc, op, NULL) != OT_OK)
        find(walker, step, "accept", "what the document accepts can be applied");
    else if (walker->options->has_checks && is_due(walker, step))
        compare(walker, step);
}

static void walker_init(struct walker *walker)
{
    walker->doc = ot_doc_new();
    bytes_must(walker->doc == NULL ? OT_E_MEMORY : OT_OK);
    bytes_set(&walker->shadow, nothing);
    bytes_set(&walker->window, nothing);
    bytes_set(&walker->inverse, nothing);
    walker->has_window = true;
}

static void walker_deinit(struct walker *walker)
{
    script_deinit(&walker->made);
    script_deinit(&walker->taken);
    ot_buf_deinit(&walker->moved);
    ot_buf_deinit(&walker->spare);
    ot_buf_deinit(&walker->inverse);
    ot_buf_deinit(&walker->window);
    ot_buf_deinit(&walker->shadow);
    for (size_t i = 0; i <= WALK_BEHIND_MAX; i++)
        ot_buf_deinit(&walker->bases[i]);
    ot_doc_free(walker->doc);
}

static struct walk_result walk_once(const struct script *script, const struct walk_options *options,
                                    struct walk_trail *trail_out)
{
    struct walker walker = {.script = script, .options = options};
    struct walk_result result = {0};

    walker_init(&walker);
    walker.has_trail = trail_out != NULL;
    for (size_t step = 0; step < script->count && goes_on(&walker); step++) {
        if (options->step != NULL)
            atomic_store_explicit(options->step, step, memory_order_relaxed);
        take(&walker, step);
        result.steps++;
        if (options->only_made == step + 1)
            break;
    }
    if (!ot_doc_sound(walker.doc))
        find(&walker, script->count - 1, "sound", "the document's structure keeps its invariants");
    result.finding = walker.finding;
    result.compared = walker.compared;
    result.length = ot_doc_length(walker.doc);
    if (trail_out != NULL) {
        *trail_out = (struct walk_trail){walker.made, walker.taken};
        walker.made = walker.taken = (struct script){0};
    }
    walker_deinit(&walker);
    return result;
}

struct walk_result walk(const struct script *script, const struct walk_options *options,
                        struct walk_trail *trail_out)
{
    struct walk_options again = *options;
    struct walk_result result = walk_once(script, options, trail_out);

    if (result.finding.name == NULL || result.compared >= result.finding.step)
        return result;
    /* Some steps before it were not looked at: which one is it really? */
    again.each_from = result.compared;
    again.each_to = result.finding.step + 1;
    if (trail_out != NULL)
        walk_trail_deinit(trail_out);
    struct walk_result exact = walk_once(script, &again, trail_out);
    return exact.finding.name != NULL ? exact : result;
}

void walk_trail_deinit(struct walk_trail *trail)
{
    script_deinit(&trail->made);
    script_deinit(&trail->taken);
}
