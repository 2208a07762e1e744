/* Bytes as a history (docs/replay.md): the document stays sound, is what a plain array of its units
 * would be, and accepts what fits. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"plain", "apply", "invert", "fits", NULL};
    return fuzz_walk(data, size, names);
}
