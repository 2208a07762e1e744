#include "quire/ot.h"

static const struct {
    int code;
    const char *name;
    const char *text;
} errors[] = {{OT_OK, "ok", "no error"},
#define OT_ROW(symbol, number, name, text) {symbol, name, text},
              OT_ERRORS(OT_ROW)
#undef OT_ROW
};

const char *ot_error_name(int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].code == code) {
            return errors[i].name;
        }
    }
    return "unknown";
}

const char *ot_error_text(int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].code == code) {
            return errors[i].text;
        }
    }
    return "unknown error";
}
