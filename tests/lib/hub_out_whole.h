/*
 * What the hub gives a gate in two parts, in one piece, for those that look into it.
 */
#ifndef QUIRE_TESTS_HUB_OUT_WHOLE_H
#define QUIRE_TESTS_HUB_OUT_WHOLE_H

#include "server/hub/hub.h"

/* Puts the snapshot of an ATTACH, if there is one, to its place in the blob. */
void hub_out_whole(struct hub_out *out);

#endif
