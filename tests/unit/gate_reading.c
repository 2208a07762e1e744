#include "unit/gate_reading.h"

#include "server/wire/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 5

static void on_lagged(void *context, const struct subscriber *subscriber)
{
    struct world *world = context;
    world->lagged++;
    world->lagged_version = subscriber->version;
    world->lagged_chat = subscriber->chat;
    world->lagged_channel = subscriber->channel;
}

static void on_presence(void *context, const struct subscriber *subscriber)
{
    struct world *world = context;
    (void)subscriber;
    world->asked++;
}

struct outbox_events reading_events(struct world *world)
{
    return (struct outbox_events){world, on_lagged, on_presence};
}

int reading_start(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    outbox_init(&world->outbox, CONNECTION);
    world->stream = streams_get(&world->streams, ROOM, 100, 10);
    *state = world;
    return 0;
}

int reading_stop(void **state)
{
    struct world *world = *state;
    outbox_deinit(&world->outbox);
    streams_deinit(&world->streams);
    free(world->whole);
    free(world);
    return 0;
}

/* ---- what the room says ---- */

struct blob *message(enum wire_kind kind, uint64_t number, size_t size)
{
    struct ot_buf out = {0};
    uint8_t *bytes = calloc(1, size + 1);
    if (kind == WIRE_EDITED) {
        encode_edit(&out, 0, number, 1, (struct ot_slice){bytes, size});
    } else {
        encode_hash(&out, 0, number, 0);
        out.data[1] = (uint8_t)kind;
    }
    free(bytes);
    struct blob *blob = encode_blob(&out);
    ot_buf_deinit(&out);
    return blob;
}

void say_item(struct world *world, uint64_t author, size_t size)
{
    uint64_t position = world->stream->window.head;
    struct window_item item = {.blob = message(WIRE_EDITED, position, size),
                               .version = position,
                               .author = author,
                               .seq = position * 10};
    stream_push(world->stream, position, &item);
}

void say_tick(struct world *world)
{
    uint64_t tick = world->stream->ticks.last + 1;
    stream_tick(world->stream, tick, message(WIRE_PRESENCE, tick, 0));
}

struct subscriber *subscribe(struct world *world, uint8_t channel)
{
    return stream_subscribe(world->stream, &world->outbox,
                            &(struct stream_start){.channel = channel,
                                                   .position = world->stream->window.head,
                                                   .tick = world->stream->ticks.last});
}

/* ---- what the client gets ---- */

static void see_messages(struct world *world, const uint8_t *data, size_t size)
{
    struct reader reader = {.data = data, .size = size};
    while (reader.at < size) {
        struct reader next = reader;
        assert_true(reader_skip(&next));
        struct seen *seen = &world->seen[world->seen_count++];
        uint32_t count;
        assert_true(reader_array(&reader, &count));
        assert_true(reader_uint(&reader, &seen->kind));
        if (!reader_uint(&reader, &seen->channel) || !reader_uint(&reader, &seen->number) ||
            !reader_uint(&reader, &seen->second)) {
            seen->second = 0;
        }
        reader = next;
    }
}

bool take(struct world *world, bool *more_out)
{
    const struct outbox_events events = reading_events(world);
    struct outbox_frame frame =
        outbox_take(&world->outbox, &events, world->memory + FRAME_HEADER_MAX);
    *more_out = frame.more;
    if (frame.size == 0) {
        return false;
    }
    const uint8_t *at = frame.data;
    bool final = (at[0] & 0x80) != 0;
    unsigned opcode = at[0] & 0x0f;
    size_t length = at[1];
    size_t header = 2;
    if (length >= 126) {
        size_t bytes = length == 126 ? 2 : 8;
        length = 0;
        for (size_t i = 0; i < bytes; i++) {
            length = length << 8 | at[2 + i];
        }
        header += bytes;
    }
    assert_int_equal(header + length, frame.size);
    assert_true(length <= LIMIT_FLUSH_BYTES);
    assert_int_equal(opcode, world->whole_size == 0 ? FRAME_BINARY : FRAME_CONTINUATION);
    world->frames += opcode == FRAME_BINARY;
    world->parts += opcode == FRAME_CONTINUATION;
    world->whole = realloc(world->whole, world->whole_size + length);
    memcpy(world->whole + world->whole_size, at + header, length);
    world->whole_size += length;
    if (final) {
        see_messages(world, world->whole, world->whole_size);
        world->whole_size = 0;
    }
    return true;
}

void take_all(struct world *world)
{
    bool more;
    while (take(world, &more)) {
    }
}

void check_seen(const struct world *world, size_t at, uint64_t kind, uint64_t channel,
                uint64_t number)
{
    assert_true(at < world->seen_count);
    assert_int_equal(world->seen[at].kind, kind);
    assert_int_equal(world->seen[at].channel, channel);
    assert_int_equal(world->seen[at].number, number);
}

void check_sound(const struct world *world)
{
    size_t behind = 0;
    for (size_t i = 0; i < world->stream->count; i++) {
        assert_int_equal(world->stream->subscribers[i]->index, i);
        behind += subscriber_is_behind(world->stream->subscribers[i]);
    }
    assert_int_equal(world->stream->behind, behind);
    if (behind == 0) {
        assert_int_equal(world->stream->window.tail, world->stream->window.head);
        assert_int_equal(world->stream->window.bytes, 0);
        assert_int_equal(world->stream->ticks.count, 0);
    }
}
