/*
 * The characters and embeds of a document, each typed only once: so whatever happens to it can be
 * told from every other one. Makes edits of them, and says at the end whether each is where it
 * should be.
 */
#ifndef QUIRE_TESTS_SIM_TOKENS_H
#define QUIRE_TESTS_SIM_TOKENS_H

#include "ledger.h"
#include "quire/ot.h"

/* ASCII, the other characters of two, of three (below and above the surrogates) and of four bytes,
 * embeds. */
#define TOKEN_SORTS 6

struct token {
    uint32_t deleted_by; /* a bit for each person */
    unsigned author;
    unsigned seen;
    unsigned flags; /* while somebody begins anew */
};

struct tokens {
    struct plan *plan;
    bool rich;
    unsigned big_count; /* large embeds */
    struct {
        struct token *items;
        size_t count, capacity;
    } sorts[TOKEN_SORTS];
    struct token newline; /* with which a rich document begins; nobody typed it */
};

/* How people edit in a round. */
struct manner {
    unsigned insert, delete, replace, format; /* weights */
    unsigned hot;                             /* percent of edits at one place */
    unsigned paste;                           /* percent of inserts that are long */
    unsigned big;                             /* percent of inserts that are a large embed */
    uint32_t length;                          /* of the document, about */
};

void tokens_init(struct tokens *tokens, struct plan *plan, bool rich);
void tokens_deinit(struct tokens *tokens);

/* Appends an edit that `person` makes of a document. */
void tokens_edit(struct tokens *tokens, const struct manner *manner, unsigned person,
                 const struct ot_doc *shown, struct ot_buf *out);
/* Appends `op` of `person` as it is done again: what it deletes is deleted by that person, and what
 * it inserts is of new tokens, since the old ones may be there again by others. */
void tokens_redo(struct tokens *tokens, unsigned person, const struct ot_doc *shown,
                 struct ot_slice op, struct ot_buf *out);
struct tokens_view {
    struct ot_slice snapshot;
    const struct ot_doc *shown; /* the snapshot and what is unsaved */
    const struct ledger *log;   /* NULL: nothing was lost that was in it */
    bool lost;                  /* what the person had saved, and the server lost, is lost */
};
/* `person` goes on from a snapshot: what they had deleted and is shown again is not deleted by them
 * any more; what they offer again, by nobody. */
void tokens_begin_anew(struct tokens *tokens, unsigned person, const struct tokens_view *view);
/* Each token that was typed and not deleted is there once, and nothing else. */
void tokens_check(struct tokens *tokens, const struct ot_doc *doc);

#endif
