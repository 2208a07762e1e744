/* The editor's files, built into the program. */
#ifndef QUIRE_ASSETS_ASSETS_H
#define QUIRE_ASSETS_ASSETS_H

#include "server/gate/gate.h"

/* Ends with a NULL path. */
extern const struct gate_asset quire_assets[];

#endif
