/* Bytes as what happens to a server and its clients: fuzz/lib/session.h. */
#include "fuzz.h"

#include "fuzz/lib/place.h"
#include "fuzz/lib/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *store = place_open();
    session_play(data, size, store);
    place_close(store);
    return 0;
}
