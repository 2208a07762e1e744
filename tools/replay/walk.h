/*
 * Plays a script through the engine: each operation is moved over what was taken since its base
 * and applied. On the way the laws are looked at, on each operation with those it is moved over and
 * on each two in turn, and the document is compared with what composing the operations gives.
 *
 * Laws about documents cost in proportion to the document: on a large one they are looked at now
 * and then only, and when one does not hold, the steps before it are gone over again one by one.
 */
#ifndef QUIRE_REPLAY_WALK_H
#define QUIRE_REPLAY_WALK_H

#include "tools/replay/laws.h"
#include "tools/replay/script.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Documents of up to so many units are looked at after each operation, of twice as many after every
 * second one, and so on. */
#define WALK_UNITS_EACH 1024
/* An operation is looked at with so many of those it is moved over, the last ones. */
#define WALK_PAIRS_MAX 64
/* Where operations are cut to fit, a base lies no further back. */
#define WALK_BEHIND_MAX 64

struct walk_options {
    const struct law *laws; /* NULL: none */
    size_t law_count;
    bool has_checks;  /* the document is compared */
    bool cuts;        /* operations are cut to fit; else one that does not is a finding */
    size_t only_made; /* not 0: the walk ends before step number `only_made` - 1 is taken */
    size_t each_from, each_to; /* these steps are looked at whatever the document's size */
    _Atomic uint64_t *step;    /* where it is, if not NULL */
};

/* What does not hold. */
struct finding {
    const char *name; /* NULL: nothing found */
    const char *text;
    size_t step;
};

struct walk_result {
    struct finding finding;
    size_t steps;
    size_t compared; /* after so many steps the document was last seen to be right */
    uint64_t length; /* of the document at the end, in UTF-16 units */
};

/* The operations up to the one found: as they were made (and cut), and as they were taken. */
struct walk_trail {
    struct script made, taken;
};

void walk_trail_deinit(struct walk_trail *trail);
/* `trail_out` may be NULL. */
struct walk_result walk(const struct script *script, const struct walk_options *options,
                        struct walk_trail *trail_out);

#endif
