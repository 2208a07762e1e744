/*
 * The words of tests that read as transcripts of the protocol: what a client says to the hub of
 * hub_world.h, and what it expects to hear. What is not as expected fails the test.
 */
#ifndef QUIRE_TESTS_HUB_TRANSCRIPT_H
#define QUIRE_TESTS_HUB_TRANSCRIPT_H

#include "hub_world.h"
#include "server/wire/message.h"

/* For each test of a group: its state is a world. */
int world_setup(void **state);
int world_teardown(void **state);

struct identity {
    uint64_t client;
    uint8_t key[WIRE_KEY_SIZE];
};

struct opened {
    uint64_t version, head, seq, member;
    struct ot_slice snapshot;
};

/* The next field, which may be nil (0 then). */
uint64_t get_uint(struct reader *reader);
struct ot_slice get_bytes(struct reader *reader);
void expect_text(struct reader *reader, const char *expected);
/* Lives through seven further calls. */
struct ot_slice insertion(uint64_t position, const char *text);
void expect_bytes(struct ot_slice bytes, struct ot_slice expected);
/* A connection that has said hello, without or with a client of before. */
struct world_connection *hello(struct world *world, const char *name);
struct identity identity_of(struct world_connection *connection);
struct world_connection *hello_again(struct world *world, const struct identity *identity);
void create(struct world *world, struct world_connection *connection, const char *id,
            unsigned type);
void open_at(struct world *world, struct world_connection *connection, const char *id,
             uint64_t version);
void open_fresh(struct world *world, struct world_connection *connection, const char *id);
struct opened expect_opened(struct world_connection *connection);
void edit(struct world *world, struct world_connection *connection, uint64_t seq, uint64_t base,
          struct ot_slice op);
void expect_ack(struct world_connection *connection, uint64_t version, uint64_t seq);
void expect_edit(struct world_connection *connection, uint64_t version, struct ot_slice op);
void expect_error(struct world_connection *connection, const char *code);
bool has_news(struct world_connection *connection);
/* Two people in a text document "d". */
void two_people(struct world *world, struct world_connection **ann, struct world_connection **bob);

#endif
