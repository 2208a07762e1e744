#include "tools/replay/minimise.h"

#include "tools/peer/bytes.h"
#include "tools/replay/parts.h"

#include <string.h>

struct shrink {
    struct script *script;
    minimise_fn shows;
    void *context;
    bool is_smaller; /* something has gone in this round */
};

enum edit_kind {
    EDIT_DROP,  /* the whole component */
    EDIT_LIMIT, /* its length, to `to` */
    EDIT_TEXT,  /* the characters from `from` to before `to` */
    EDIT_BARE,  /* all its attributes */
    EDIT_KEY    /* the attribute with the number `from` */
};

/* What goes of an operation's component. */
struct edit {
    enum edit_kind kind;
    size_t component, from, to;
};

/* ---- operations ---- */

static void script_copy(struct script *out, const struct script *script, size_t step,
                        struct ot_slice op)
{
    for (size_t i = 0; i < script->count; i++)
        script_add(out, script->steps[i].base, i == step ? op : script_op(script, i));
}

/* How much there is to read. */
static uint64_t weigh(const struct script *script)
{
    uint64_t weight = 0;

    for (size_t i = 0; i < script->count; i++) {
        struct ot_component c;
        struct ot_iter iter;
        weight += 1 + (script->steps[i].base != i);
        for (ot_iter_init(&iter, script_op(script, i)); ot_iter_next(&iter, &c);)
            weight += 1 + c.length + c.attributes.size;
    }
    return weight;
}

/* Takes the candidate if it is smaller and still shows it, or leaves all as it was. */
static bool try(struct shrink *shrink, struct script *candidate)
{
    bool is_taken =
        shrink->shows(shrink->context, candidate) && weigh(candidate) < weigh(shrink->script);

    if (is_taken) {
        struct script old = *shrink->script;
        *shrink->script = *candidate;
        *candidate = old;
        shrink->is_smaller = true;
    }
    script_deinit(candidate);
    return is_taken;
}

static bool drop_steps(struct shrink *shrink, size_t from, size_t count)
{
    const struct script *script = shrink->script;
    struct script candidate = {0};

    for (size_t i = 0; i < script->count; i++) {
        uint64_t base = script->steps[i].base, to = from + count;
        uint64_t gone = base > to ? count : base > from ? base - from : 0;
        if (i < from || i >= from + count)
            script_add(&candidate, base - gone, script_op(script, i));
    }
    return try(shrink, &candidate);
}

static void shrink_steps(struct shrink *shrink)
{
    for (size_t size = (shrink->script->count + 1) / 2; size > 0; size /= 2)
        for (size_t from = 0; from + size <= shrink->script->count;)
            from += drop_steps(shrink, from, size) ? 0 : size;
}

/* Made on all that was there, an operation is easier to understand. */
static void shrink_base(struct shrink *shrink, size_t step)
{
    struct script candidate = {0};

    if (shrink->script->steps[step].base == step)
        return;
    script_copy(&candidate, shrink->script, SIZE_MAX, (struct ot_slice){0});
    candidate.steps[step].base = step;
    try(shrink, &candidate);
}

/* ---- what is in them ---- */

static size_t character_end(struct ot_slice text, size_t at)
{
    for (at++; at < text.size && (text.data[at] & 0xc0) == 0x80; at++)
        ;
    return at;
}

static size_t count_characters(struct ot_slice text)
{
    size_t count = 0;

    for (size_t at = 0; at < text.size; at = character_end(text, at))
        count++;
    return count;
}

static void drop_text(struct ot_slice text, const struct edit *edit, struct ot_buf *out)
{
    size_t at = 0;

    for (size_t i = 0; at < text.size; i++) {
        size_t end = character_end(text, at);
        if (i < edit->from || i >= edit->to)
            bytes_put(out, text.data + at, end - at);
        at = end;
    }
}

static void drop_key(struct ot_slice attributes, size_t number, struct ot_buf *out)
{
    uint32_t count = ot_value_next(&attributes).count;

    bytes_must(ot_value_map(out, count - 1));
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *begin = attributes.data;
        ot_value_next(&attributes);
        parts_skip_value(&attributes);
        if (i != number)
            bytes_put(out, begin, (size_t)(attributes.data - begin));
    }
}

static void put_edited(struct ot_builder *builder, struct ot_component c, const struct edit *edit)
{
    struct ot_buf changed = {0};

    if (edit->kind == EDIT_LIMIT) {
        c.length = (uint32_t)edit->to;
    } else if (edit->kind == EDIT_TEXT) {
        drop_text(c.content, edit, &changed);
        c.content = ot_buf_slice(&changed);
    } else if (edit->kind == EDIT_BARE) {
        c.attributes = (struct ot_slice){0};
    } else if (edit->kind == EDIT_KEY) {
        drop_key(c.attributes, edit->from, &changed);
        c.attributes = ot_buf_slice(&changed);
    }
    if (edit->kind != EDIT_DROP)
        parts_put(builder, &c);
    ot_buf_deinit(&changed);
}

static bool try_edit(struct shrink *shrink, size_t step, struct edit edit)
{
    struct ot_builder *builder = parts_builder(OT_STABLE);
    struct script candidate = {0};
    struct ot_component c;
    struct ot_iter iter;
    struct ot_buf op = {0};

    if (step >= shrink->script->count)
        return false;
    ot_iter_init(&iter, script_op(shrink->script, step));
    for (size_t i = 0; ot_iter_next(&iter, &c); i++)
        if (i == edit.component)
            put_edited(builder, c, &edit);
        else
            parts_put(builder, &c);
    bytes_must(ot_builder_finish(builder, &op));
    ot_builder_free(builder);
    script_copy(&candidate, shrink->script, step, ot_buf_slice(&op));
    ot_buf_deinit(&op);
    return try(shrink, &candidate);
}

/* The component with this number, as it is by now; false if there is none. */
static bool component_at(const struct shrink *shrink, size_t step, size_t number,
                         struct ot_component *out)
{
    struct ot_iter iter;

    if (step >= shrink->script->count)
        return false;
    ot_iter_init(&iter, script_op(shrink->script, step));
    for (size_t i = 0; ot_iter_next(&iter, out); i++)
        if (i == number)
            return true;
    return false;
}

static void shrink_attributes(struct shrink *shrink, size_t step, size_t number)
{
    struct ot_component c;

    if (!component_at(shrink, step, number, &c) || c.attributes.size == 0 ||
        try_edit(shrink, step, (struct edit){EDIT_BARE, number, 0, 0}))
        return;
    for (size_t key = 0;
         component_at(shrink, step, number, &c) && key < parts_enter(&c.attributes);)
        key += try_edit(shrink, step, (struct edit){EDIT_KEY, number, key, 0}) ? 0 : 1;
}

static void shrink_text(struct shrink *shrink, size_t step, size_t number)
{
    struct ot_component c;

    if (!component_at(shrink, step, number, &c) || c.kind != OT_INSERT)
        return;
    for (size_t size = count_characters(c.content) / 2; size > 0; size /= 2)
        for (size_t from = 0; component_at(shrink, step, number, &c) && c.kind == OT_INSERT &&
                              from + size <= count_characters(c.content);)
            from += try_edit(shrink, step, (struct edit){EDIT_TEXT, number, from, from + size})
                        ? 0
                        : size;
}

static void shrink_length(struct shrink *shrink, size_t step, size_t number)
{
    struct ot_component c;

    while (component_at(shrink, step, number, &c) && (c.kind == OT_RETAIN || c.kind == OT_DELETE) &&
           c.length > 1 &&
           (try_edit(shrink, step, (struct edit){EDIT_LIMIT, number, 0, c.length / 2}) ||
            try_edit(shrink, step, (struct edit){EDIT_LIMIT, number, 0, c.length - 1})))
        ;
}

static void shrink_components(struct shrink *shrink, size_t step)
{
    struct ot_component c;

    for (size_t i = 0; component_at(shrink, step, i, &c);)
        i += try_edit(shrink, step, (struct edit){EDIT_DROP, i, 0, 0}) ? 0 : 1;
    for (size_t i = 0; component_at(shrink, step, i, &c); i++) {
        shrink_attributes(shrink, step, i);
        shrink_text(shrink, step, i);
        shrink_length(shrink, step, i);
    }
}

void minimise(struct script *script, minimise_fn shows, void *context)
{
    struct shrink shrink = {script, shows, context, true};

    while (shrink.is_smaller) {
        shrink.is_smaller = false;
        shrink_steps(&shrink);
        for (size_t step = 0; step < script->count; step++) {
            shrink_base(&shrink, step);
            shrink_components(&shrink, step);
        }
    }
}
