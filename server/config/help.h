/* The words of `quire serve --help` and `--show-limits`. */
#ifndef QUIRE_CONFIG_HELP_H
#define QUIRE_CONFIG_HELP_H

#include <stdio.h>

void help_serve(FILE *out);
void help_limits(FILE *out);

#endif
