#include "tools/peer/remedy.h"

#include "tools/peer/bytes.h"

enum remedy remedy_for(struct ot_slice code)
{
    static const struct {
        const char *code;
        enum remedy remedy;
    } table[] = {
        {"not_open", REMEDY_REOPEN},        {"bad_seq", REMEDY_REOPEN},
        {"too_old", REMEDY_REOPEN},         {"bad_base", REMEDY_REOPEN_FRESH},
        {"storage_full", REMEDY_TRY_LATER}, {"overloaded", REMEDY_TRY_LATER},
        {"rate_limited", REMEDY_TRY_LATER}, {"forbidden", REMEDY_KEEP},
        {"document_full", REMEDY_KEEP},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (bytes_equal(code, bytes_of(table[i].code)))
            return table[i].remedy;
    return REMEDY_DISCARD;
}
