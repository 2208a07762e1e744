/* Cuts plans that fail down to the lines that matter. */
#ifndef QUIRE_TESTS_SIM_SHRINK_H
#define QUIRE_TESTS_SIM_SHRINK_H

#include "plan.h"

/* Runs the plan in a process of its own: a failed round leaves things behind, or ends the process.
 */
bool shrink_passes(struct plan *plan);
/* Takes out lines while the plan fails without them, for some minutes at most. */
void shrink(struct plan *plan);

#endif
