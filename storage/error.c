#include "storage/store.h"

const char *store_error_name(int code)
{
    switch (code) {
#define ERROR_NAME(symbol, number, name, text)                                                     \
    case symbol:                                                                                   \
        return name;
        STORE_ERRORS(ERROR_NAME)
#undef ERROR_NAME
    default:
        return "ok";
    }
}

const char *store_error_text(int code)
{
    switch (code) {
#define ERROR_TEXT(symbol, number, name, text)                                                     \
    case symbol:                                                                                   \
        return text;
        STORE_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
    default:
        return "no error";
    }
}
