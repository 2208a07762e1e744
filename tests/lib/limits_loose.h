/* Limits that nobody meets, for tests of other things. */
#ifndef QUIRE_TESTS_LIMITS_LOOSE_H
#define QUIRE_TESTS_LIMITS_LOOSE_H

#include "server/limits.h"

static const struct limits limits_loose = {{
#define SETTING_MOST(symbol, option, preset, least, most, ...) most,
    QUIRE_SETTINGS(SETTING_MOST)
#undef SETTING_MOST
}};

#endif
