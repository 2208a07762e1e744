/*
 * A plain model of a store: what it holds is told by numbers alone, since every operation, snapshot
 * and message follows from its document and number. Steps are drawn at random, run against a store,
 * and what the store then holds is compared with the model.
 */
#ifndef QUIRE_TEST_STORE_MODEL_H
#define QUIRE_TEST_STORE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store.h"

#define MODEL_DOCUMENTS 6
#define MODEL_CLIENTS   4
#define MODEL_EDITS_MAX 900 /* of a document; then it is deleted */
#define MODEL_BATCH_MAX 64
#define MODEL_TEXT_MAX  512

struct model_document {
    bool live;
    unsigned generation; /* of the documents in this place; part of its id and of all it holds */
    int64_t key;
    uint64_t title;
    int64_t renamed_ms; /* or created */
    uint64_t version;
    uint64_t chats;
    uint64_t snapshot;    /* version of the last one that was settled to the end */
    uint64_t snapshot_to; /* the highest version that settling was begun for */
    uint64_t settling;    /* the version being settled, 0 if none */
};

struct model {
    struct model_document documents[MODEL_DOCUMENTS];
};

enum step_kind {
    STEP_CREATE,
    STEP_RENAME,
    STEP_DELETE,
    STEP_APPEND,
    STEP_SETTLE,
    STEP_IDLE,
};

struct step {
    enum step_kind kind;
    size_t place;                        /* the document's */
    uint64_t number;                     /* title, or version to settle */
    size_t edit_count;                   /* of an append, */
    size_t edit_places[MODEL_BATCH_MAX]; /* each of the document in this place */
    size_t chat_count;
    size_t chat_places[MODEL_BATCH_MAX];
};

void model_init(struct model *model);

/* A step that makes sense now. */
void step_draw(struct step *step, const struct model *model, uint64_t *random);
/* Runs it against the store; the model gets to know keys and what is being settled, and when the
 * call has succeeded, the rest. */
int step_run(const struct step *step, struct model *model, struct store *store);
/* After a call that has failed, and reopening: finds the key of the document that it was to create,
 * if it is there. */
void step_adopt(const struct step *step, struct model *model, struct store *store);
/* What the model would be had it succeeded. */
void step_expect(const struct step *step, struct model *model);
const char *step_name(const struct step *step);

/* Whether the store holds what the model says, all of it; if not, `text_out` (MODEL_TEXT_MAX bytes)
 * says where they differ. */
bool model_matches(const struct model *model, struct store *store, char *text_out);

#endif
