/* Bytes as a history (docs/replay.md): whichever of two concurrent operations is taken first, they
 * come to one (TP1), a history may be cut anywhere, and positions stay with their characters. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"converge", "meet", "fold", "position", NULL};
    return fuzz_walk(data, size, names);
}
