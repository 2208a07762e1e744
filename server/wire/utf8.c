#include "server/wire/utf8.h"

/* The bytes after a lead byte and the range its first follower may lie in; 0: no lead byte. */
struct lead {
    size_t more;
    uint8_t low, high;
};

static struct lead lead_of(uint8_t byte)
{
    if (byte < 0xc2) {
        return (struct lead){0, 0, 0};
    }
    if (byte < 0xe0) {
        return (struct lead){1, 0x80, 0xbf};
    }
    if (byte < 0xf0) {
        return (struct lead){2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf};
    }
    if (byte < 0xf5) {
        return (struct lead){3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf};
    }
    return (struct lead){0, 0, 0};
}

bool wire_utf8_check(const uint8_t *text, size_t size, size_t *points_out, bool *controls_out)
{
    size_t points = 0;
    bool controls = false;
    for (size_t i = 0; i < size; points++) {
        uint8_t byte = text[i++];
        if (byte < 0x80) {
            if (byte == 0) {
                return false;
            }
            controls |= byte < 0x20 || byte == 0x7f;
            continue;
        }
        struct lead lead = lead_of(byte);
        if (lead.more == 0 || size - i < lead.more || text[i] < lead.low || text[i] > lead.high) {
            return false;
        }
        controls |= byte == 0xc2 && text[i] < 0xa0;
        for (size_t k = 1; k < lead.more; k++) {
            if ((text[i + k] & 0xc0) != 0x80) {
                return false;
            }
        }
        i += lead.more;
    }
    if (points_out != NULL) {
        *points_out = points;
    }
    if (controls_out != NULL) {
        *controls_out = controls;
    }
    return true;
}
