/* The gates of the test's server: what they keep of rooms, and what they give to connections. */
#ifndef QUIRE_TESTS_SIM_GATE_H
#define QUIRE_TESTS_SIM_GATE_H

#include "server.h"

/* The hub's way out. */
void gate_take(void *server, unsigned gate, struct hub_out *out);
void gate_forget_all(struct gate *gate);

void line_free(struct line *line);
/* Drops what the gate has for a connection. */
void line_drop(struct line *line);
/* Puts a gate's own word under way to the hub. */
void line_put(struct line *line, struct hub_in *in);
/* Only the first `kept` messages under way to the hub arrive, and then the news of its end. */
void line_end(struct line *line, size_t kept);

/* Holds a message that a connection is given against what it was given before. */
void witness_see(struct server *server, struct line *line, const struct peer_message *message);

#endif
