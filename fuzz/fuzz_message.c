/* Bytes as a frame of a client: the reader always gets further or says that it cannot, and never
 * past the end. */
#include "fuzz.h"

#include "server/wire/message.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ot_slice frame = {data, size};
    size_t offset = 0;
    while (offset < size) {
        struct message message;
        struct wire_error error;
        size_t before = offset;
        int result = wire_read(frame, &offset, &message, &error);
        if (result != 0 && error.lost) {
            assert(offset == before && error.at <= size - before);
            break;
        }
        assert(offset > before && offset <= size);
        assert(result == 0 || (error.code != NULL && error.text != NULL && error.at <= size));
    }
    return 0;
}
