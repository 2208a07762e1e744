/* Writes out, once, what everybody has to be sent. Not from inside a callback of libwebsockets. */
#ifndef QUIRE_GATE_FLUSH_H
#define QUIRE_GATE_FLUSH_H

#include "server/gate/loop.h"

void gate_flush(struct gate *gate);
/* The stream has news for the next flush. */
void gate_touch_stream(struct gate *gate, struct stream *stream);

#endif
