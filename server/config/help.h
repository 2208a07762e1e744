/* The words of `quire serve --help` and `--show-limits`. */
#ifndef QUIRE_CONFIG_HELP_H
#define QUIRE_CONFIG_HELP_H

#include "server/config/config.h"

#include <stdio.h>

void help_serve(FILE *out);
/* With the values in force. */
void help_limits(FILE *out, const struct config *config);

#endif
