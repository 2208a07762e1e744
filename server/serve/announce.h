/* What the server tells people at its start. */
#ifndef QUIRE_SERVE_ANNOUNCE_H
#define QUIRE_SERVE_ANNOUNCE_H

#include "server/config/config.h"
#include "server/log/log.h"

#include <stdbool.h>

/* The server is about to open `data`. `friendly`: somebody is looking on. */
void announce_start(struct log *log, const struct config *config, bool friendly);
/* It serves on `port`. */
void announce_serving(struct log *log, const struct config *config, unsigned port, bool friendly);

/* The answer to --check, on stdout. */
void announce_check(const struct config *config, unsigned port);

#endif
