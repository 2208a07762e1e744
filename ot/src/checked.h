/* In debug builds, that an operation given by a caller has been through ot_op_check. */
#ifndef OT_CHECKED_H
#define OT_CHECKED_H

#include <assert.h>

#include "quire/ot.h"

static inline void assert_checked(struct ot_slice op)
{
    if (OT_CHECK_INPUTS) {
        assert(ot_op_check(op, NULL, NULL) == OT_OK);
    }
}

#endif
