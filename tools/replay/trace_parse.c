#include "tools/replay/json_pull.h"
#include "tools/replay/trace.h"

#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- JSON ---------------------------------------------------------------------------------------
 */

static bool key_is(struct ot_slice key, const char *name)
{
    return bytes_equal(key, bytes_of(name));
}

static void refuse(struct json_pull *json, const char *error)
{
    if (json->error == NULL)
        json->error = error;
}

/* A number that counts or places something. */
static uint32_t parse_small(struct json_pull *json)
{
    uint64_t value = pull_uint(json);
    if (value > INT32_MAX)
        refuse(json, "a number is too large");
    return (uint32_t)value;
}

static void parse_patch(struct json_pull *json, struct trace *trace)
{
    struct trace_patch *patch = trace_add_patch(trace);
    int items = 0;

    for (pull_enter_array(json); pull_next_item(json); items++) {
        if (items == 0)
            patch->position = parse_small(json);
        else if (items == 1)
            patch->deleted = parse_small(json);
        else if (items == 2)
            pull_string(json, &trace->texts);
        else
            pull_skip(json);
    }
    patch->text_size = (uint32_t)trace->texts.size - patch->text;
    if (items < 3)
        refuse(json, "a patch is not [position, deleted, text]");
    if (trace->patch_count > TRACE_ITEMS_MAX)
        refuse(json, "there are too many patches");
}

static void parse_parents(struct json_pull *json, struct trace *trace, struct trace_txn *txn)
{
    for (pull_enter_array(json); pull_next_item(json);) {
        uint32_t parent = parse_small(json);
        if (parent + 1 >= trace->txn_count)
            refuse(json, "a parent does not come before its transaction");
        trace->parents = bytes_grow(trace->parents, &trace->parent_capacity,
                                    trace->parent_count + 1, sizeof *trace->parents);
        trace->parents[trace->parent_count++] = parent;
        txn->parent_count++;
    }
}

static void parse_txn(struct json_pull *json, struct trace *trace)
{
    struct trace_txn *txn = trace_add_txn(trace);
    struct ot_slice key;

    for (pull_enter_object(json); pull_next_key(json, &key);) {
        if (key_is(key, "agent"))
            txn->agent = parse_small(json);
        else if (key_is(key, "parents"))
            parse_parents(json, trace, txn);
        else if (key_is(key, "patches"))
            for (pull_enter_array(json); pull_next_item(json);)
                parse_patch(json, trace);
        else
            pull_skip(json);
    }
    if (trace->txn_count > TRACE_ITEMS_MAX)
        refuse(json, "there are too many transactions");
}

/* Without parents everyone's transactions are one line. */
static void chain(struct trace *trace)
{
    trace->agents = 1;
    for (size_t i = 0; i < trace->txn_count; i++) {
        struct trace_txn *txn = &trace->txns[i];
        txn->agent = 0;
        txn->parent = (uint32_t)trace->parent_count;
        txn->parent_count = i > 0;
        trace->parents = bytes_grow(trace->parents, &trace->parent_capacity,
                                    trace->parent_count + 1, sizeof *trace->parents);
        if (i > 0)
            trace->parents[trace->parent_count++] = (uint32_t)i - 1;
    }
}

static void check_agents(struct json_pull *json, struct trace *trace)
{
    if (trace->agents < 1 || trace->agents > TRACE_AGENTS_MAX)
        refuse(json, "numAgents is missing or too large");
    for (size_t i = 0; i < trace->txn_count; i++)
        if (trace->txns[i].agent >= trace->agents)
            refuse(json, "a transaction is by an agent beyond numAgents");
}

int trace_parse_json(struct ot_slice text, struct trace *trace, char *error, size_t error_size)
{
    struct json_pull json;
    struct ot_slice key;
    struct ot_buf kind = {0};
    bool has_end = false;

    pull_init(&json, text);
    trace->in_code_points = true;
    for (pull_enter_object(&json); pull_next_key(&json, &key);) {
        if (key_is(key, "kind")) {
            pull_string(&json, &kind);
        } else if (key_is(key, "numAgents")) {
            trace->agents = parse_small(&json);
        } else if (key_is(key, "startContent")) {
            pull_string(&json, &trace->start);
        } else if (key_is(key, "endContent")) {
            pull_string(&json, &trace->end);
            has_end = true;
        } else if (key_is(key, "txns")) {
            for (pull_enter_array(&json); pull_next_item(&json);)
                parse_txn(&json, trace);
        } else {
            pull_skip(&json);
        }
    }
    pull_end(&json);
    if (!has_end)
        refuse(&json, "endContent is missing");
    if (bytes_equal(ot_buf_slice(&kind), bytes_of("concurrent")))
        check_agents(&json, trace);
    else
        chain(trace);
    ot_buf_deinit(&kind);
    if (json.error != NULL)
        snprintf(error, error_size, "is no trace: %s (byte %td)", json.error, json.at - json.start);
    return json.error != NULL ? -1 : 0;
}

/* ---- flat ---------------------------------------------------------------------------------------
 */

#define FLAT_HEAD_SIZE 12

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

int trace_parse_flat(struct ot_slice records, struct trace *trace, char *error, size_t error_size)
{
    size_t at = 0;

    while (records.size - at >= FLAT_HEAD_SIZE && trace->txn_count < TRACE_ITEMS_MAX) {
        const uint8_t *record = records.data + at;
        uint32_t size = read_u32(record + 8);
        if (size > records.size - at - FLAT_HEAD_SIZE)
            break;
        trace_add_txn(trace);
        struct trace_patch *patch = trace_add_patch(trace);
        patch->position = read_u32(record);
        patch->deleted = read_u32(record + 4);
        patch->text_size = size;
        bytes_put(&trace->texts, record + FLAT_HEAD_SIZE, size);
        at += FLAT_HEAD_SIZE + size;
    }
    if (at < records.size) {
        snprintf(error, error_size, "is no flat trace: the record at byte %zu is cut off", at);
        return -1;
    }
    chain(trace);
    return 0;
}
