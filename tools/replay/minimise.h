/*
 * Makes a script smaller while something about it stays: operations are dropped, then components,
 * attributes and characters, until nothing more can go.
 */
#ifndef QUIRE_REPLAY_MINIMISE_H
#define QUIRE_REPLAY_MINIMISE_H

#include "tools/replay/script.h"

#include <stdbool.h>

/*
 * Does `candidate` still show it? If so, it may be changed into what is to be gone on with: cut to
 * fit, or without what comes after. Says no when it has had enough.
 */
typedef bool (*minimise_fn)(void *context, struct script *candidate);

/* `script` shows it. */
void minimise(struct script *script, minimise_fn shows, void *context);

#endif
