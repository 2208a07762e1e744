#ifndef OT_DOC_H
#define OT_DOC_H

#include "tree.h"

struct ot_doc {
    struct tree tree;
};

#endif
