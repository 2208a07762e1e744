/*
 * The laws of the engine: what holds of operations on one document whatever they are. Used over
 * histories of any origin (`quire replay --check`) and by the fuzz targets.
 */
#ifndef QUIRE_REPLAY_LAWS_H
#define QUIRE_REPLAY_LAWS_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>

/* Checked operations that belong together. */
struct law_case {
    struct ot_slice document; /* a snapshot; not for laws without documents */
    struct ot_slice first;    /* on the document */
    struct ot_slice second;   /* on what `first` leads to */
    struct ot_slice other;    /* on the document: concurrent with `first` */
};

struct law {
    const char *name; /* a word, for programs */
    const char *text; /* a sentence, for people */
    bool has_document;
    bool (*holds)(const struct law_case *c);
};

#define LAW_COUNT 11

extern const struct law laws[LAW_COUNT];
/* NULL if no law has this name. */
const struct law *law_find(const char *name);

#endif
