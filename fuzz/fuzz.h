/* What every fuzz target defines. A violated property ends the process. */
#ifndef QUIRE_FUZZ_H
#define QUIRE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Walks the bytes as a history (docs/replay.md) and looks at the laws of these names, a list that
 * ends with NULL. Ends the process if one does not hold; returns 0. */
int fuzz_walk(const uint8_t *data, size_t size, const char *const names[]);

#endif
