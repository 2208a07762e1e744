/* What the hub says to a gate. */
#ifndef QUIRE_GATE_DISPATCH_H
#define QUIRE_GATE_DISPATCH_H

#include "server/gate/loop.h"

/* Does what each of a chain says and frees it. */
void dispatch(struct gate *gate, struct hub_out *chain);
/* Frees a chain. */
void dispatch_drop(struct hub_out *chain);

#endif
