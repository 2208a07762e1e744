/* What a client does about an edit that was refused (docs/protocol.md, section 6). */
#ifndef QUIRE_PEER_REMEDY_H
#define QUIRE_PEER_REMEDY_H

#include "quire/ot.h"

enum remedy {
    REMEDY_REOPEN,       /* with the version, then the edit goes again */
    REMEDY_REOPEN_FRESH, /* without it: the version is in doubt */
    REMEDY_TRY_LATER,
    REMEDY_KEEP,   /* not now, and not by itself */
    REMEDY_DISCARD /* the edit can never be taken: it is handed back, and the document fetched anew
                    */
};

/* `code`: of the ERROR. One that is not known: REMEDY_DISCARD. */
enum remedy remedy_for(struct ot_slice code);

#endif
