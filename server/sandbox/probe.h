/* Tries what the sandbox forbids. */
#ifndef QUIRE_SANDBOX_PROBE_H
#define QUIRE_SANDBOX_PROBE_H

#include <stdio.h>

/* Prints a line for each attempt. 0 when all were refused, else how many were not. */
int probe_sandbox(FILE *out);

#endif
