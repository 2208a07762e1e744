/* Bytes as a history (docs/replay.md): composing its operations is applying them in turn. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"form", "compose", "associative", NULL};
    return fuzz_walk(data, size, names);
}
