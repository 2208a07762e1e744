/*
 * Reads JSON front to back without building it in memory: the caller says what it expects next. The
 * first thing that is not as expected sets `error`, which sticks; from then on every call returns
 * nothing, so that only the end has to be checked.
 */
#ifndef QUIRE_REPLAY_JSON_PULL_H
#define QUIRE_REPLAY_JSON_PULL_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stdint.h>

/* Deepest nesting of values that are passed over. */
#define JSON_PULL_DEPTH_MAX 64

struct json_pull {
    const uint8_t *start, *at, *end;
    const char *error; /* a sentence; `at` is where */
};

void pull_init(struct json_pull *json, struct ot_slice text);

/* An object: enter it, then take keys until there is none. After each key its value has to be
 * taken. The key is raw, between its quotes. */
void pull_enter_object(struct json_pull *json);
bool pull_next_key(struct json_pull *json, struct ot_slice *key_out);
/* An array: enter it, then take an item for each time that pull_next_item says there is one. */
void pull_enter_array(struct json_pull *json);
bool pull_next_item(struct json_pull *json);

uint64_t pull_uint(struct json_pull *json);
/* Appends the string's text as UTF-8; half a surrogate pair is an error. */
void pull_string(struct json_pull *json, struct ot_buf *out);
void pull_skip(struct json_pull *json);
/* Nothing but white space may be left. */
void pull_end(struct json_pull *json);

#endif
