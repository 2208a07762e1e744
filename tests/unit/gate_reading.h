/*
 * One room and one connection that reads it, without sockets: the room's words are said with the
 * calls below, the frames that the outbox gives are read here as a client would.
 */
#ifndef QUIRE_TESTS_GATE_READING_H
#define QUIRE_TESTS_GATE_READING_H

#include "server/gate/frame.h"
#include "server/gate/outbox.h"
#include "server/wire/encode.h"

#define CONNECTION 77
/* Bytes of a message of kind EDIT besides its operation of up to 64 KiB, with small numbers. */
#define EDIT_OVERHEAD 8

/* One message as it was received: its kind, channel and first number. */
struct seen {
    uint64_t kind, channel, number;
    uint64_t second; /* ACK: seq */
};

/* The stream begins at position 100 and tick 10. */
struct world {
    struct streams streams;
    struct stream *stream;
    struct outbox outbox;
    uint8_t memory[FRAME_HEADER_MAX + LIMIT_FLUSH_BYTES];
    struct seen seen[4096];
    size_t seen_count;
    size_t frames, parts; /* frames that begin a message, and others */
    uint8_t *whole;       /* of a message in parts, so far */
    size_t whole_size;
    size_t lagged, asked;
    uint64_t lagged_version, lagged_chat;
    uint8_t lagged_channel;
};

/* For cmocka: make a world in `*state`, free it. */
int reading_start(void **state);
int reading_stop(void **state);
struct outbox_events reading_events(struct world *world);

/* A message of that kind for channel 0 with a number; an EDIT has `size` bytes of operation. */
struct blob *message(enum wire_kind kind, uint64_t number, size_t size);
/* The next item of the stream: an edit whose version is its position, and its seq ten times that.
 */
void say_item(struct world *world, uint64_t author, size_t size);
/* The next tick of presence. */
void say_tick(struct world *world);
/* From the stream's present on. */
struct subscriber *subscribe(struct world *world, uint8_t channel);

/* Takes one frame and reads it; false when there is nothing to send. */
bool take(struct world *world, bool *more_out);
void take_all(struct world *world);
void check_seen(const struct world *world, size_t at, uint64_t kind, uint64_t channel,
                uint64_t number);
/* Counts again what the stream keeps a count of. */
void check_sound(const struct world *world);

#endif
