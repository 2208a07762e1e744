#include "server/metrics/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *type, *name, *help;
} table[METRIC_COUNT] = {
#define METRIC_ROW(symbol, type, name, help) [symbol] = {type, name, help},
    QUIRE_METRICS(METRIC_ROW)
#undef METRIC_ROW
};

static const char *const codes[] = {
#define CODE_ROW(code) code,
    QUIRE_ERROR_CODES(CODE_ROW)
#undef CODE_ROW
};

static const char *const reasons[] = {
#define REASON_ROW(reason) reason,
    QUIRE_REFUSAL_REASONS(REASON_ROW)
#undef REASON_ROW
};

/* As in docs/protocol.md; 0: any other. */
static const unsigned closes[] = {1003, 1009, 4400, 4401, 4403, 4408,
                                  4409, 4500, 4503, 4504, 4508, 0};

#define CODE_COUNT   (sizeof(codes) / sizeof(codes[0]))
#define REASON_COUNT (sizeof(reasons) / sizeof(reasons[0]))
#define CLOSE_COUNT  (sizeof(closes) / sizeof(closes[0]))

_Static_assert(CODE_COUNT <= METRICS_CODES_MAX, "room for every error code");
_Static_assert(REASON_COUNT <= METRICS_CODES_MAX, "room for every reason");
_Static_assert(CLOSE_COUNT <= METRICS_CLOSES_MAX, "room for every close code");

/* The last one is for those that are not there. */
static size_t index_of(const char *word, const char *const *words, size_t count)
{
    size_t i = 0;
    while (i < count - 1 && strcmp(words[i], word) != 0)
        i++;
    return i;
}

static size_t code_index(const char *code)
{
    return index_of(code, codes, CODE_COUNT);
}

static size_t reason_index(const char *reason)
{
    return index_of(reason, reasons, REASON_COUNT);
}

static size_t close_index(unsigned code)
{
    size_t i = 0;
    while (i < CLOSE_COUNT - 1 && closes[i] != code)
        i++;
    return i;
}

static void add(atomic_uint_least64_t *value, uint64_t amount)
{
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

static uint64_t get(const atomic_uint_least64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

void metrics_refused(struct metrics *metrics, const char *code)
{
    add(&metrics->refused[code_index(code)], 1);
}

void metrics_request_refused(struct metrics *metrics, const char *reason)
{
    add(&metrics->requests[reason_index(reason)], 1);
}

void metrics_closed(struct metrics *metrics, unsigned code)
{
    add(&metrics->closed[close_index(code)], 1);
}

uint64_t metrics_get_refused(const struct metrics *metrics, const char *code)
{
    return get(&metrics->refused[code_index(code)]);
}

uint64_t metrics_get_request_refused(const struct metrics *metrics, const char *reason)
{
    return get(&metrics->requests[reason_index(reason)]);
}

uint64_t metrics_get_closed(const struct metrics *metrics, unsigned code)
{
    return get(&metrics->closed[close_index(code)]);
}

void metrics_sum(struct metrics *sum, const struct metrics *part)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        add(&sum->values[i], get(&part->values[i]));
    for (size_t i = 0; i < CODE_COUNT; i++)
        add(&sum->refused[i], get(&part->refused[i]));
    for (size_t i = 0; i < REASON_COUNT; i++)
        add(&sum->requests[i], get(&part->requests[i]));
    for (size_t i = 0; i < CLOSE_COUNT; i++)
        add(&sum->closed[i], get(&part->closed[i]));
}

/* ---- the text ---- */

struct text {
    char *out;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
    size_t room = METRICS_TEXT_MAX - text->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text->out + text->size, room, format, arguments);
    va_end(arguments);
    assert(size >= 0 && (size_t)size < room);
    text->size += (size_t)size;
}

static void say_head(struct text *text, const char *name, const char *type, const char *help)
{
    say(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

size_t metrics_print(const struct metrics *metrics, char *out)
{
    struct text text = {out, 0};
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        say_head(&text, table[i].name, table[i].type, table[i].help);
        say(&text, "%s %" PRIu64 "\n", table[i].name, get(&metrics->values[i]));
    }
    say_head(&text, "quire_refusals_total", "counter", "ERROR and CLOSED by their code");
    for (size_t i = 0; i < CODE_COUNT; i++)
        say(&text, "quire_refusals_total{code=\"%s\"} %" PRIu64 "\n", codes[i],
            get(&metrics->refused[i]));
    say_head(&text, "quire_request_refusals_total", "counter", "requests refused, by the reason");
    for (size_t i = 0; i < REASON_COUNT; i++)
        say(&text, "quire_request_refusals_total{reason=\"%s\"} %" PRIu64 "\n", reasons[i],
            get(&metrics->requests[i]));
    say_head(&text, "quire_closes_total", "counter",
             "WebSockets that the server closed, by close code");
    for (size_t i = 0; i < CLOSE_COUNT; i++) {
        say(&text, closes[i] == 0 ? "quire_closes_total{code=\"other\"}" : "quire_closes_total");
        if (closes[i] != 0)
            say(&text, "{code=\"%u\"}", closes[i]);
        say(&text, " %" PRIu64 "\n", get(&metrics->closed[i]));
    }
    return text.size;
}
