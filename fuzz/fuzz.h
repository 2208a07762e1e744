/* What every fuzz target defines. A violated property ends the process. */
#ifndef QUIRE_FUZZ_H
#define QUIRE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
