/* Whether a WebSocket is asked for by a page of this very server. */
#ifndef QUIRE_GATE_ORIGIN_H
#define QUIRE_GATE_ORIGIN_H

#include <stdbool.h>

/* `origin`: the header's value ("https://example.org"); `host`: that of Host ("example.org"). A
 * port that is the scheme's own may stand or be left out in either. */
bool origin_is_same(const char *origin, const char *host);

#endif
