/*
 * Plays a trace, by the engine alone or through a server, and tells how it ended.
 */
#ifndef QUIRE_REPLAY_PLAY_H
#define QUIRE_REPLAY_PLAY_H

#include "tools/peer/ws.h"
#include "tools/replay/author.h"
#include "tools/replay/progress.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A server that is silent for longer is given up. */
#define PLAY_SILENCE_MS 30000

struct play_options {
    const struct ws_url *url; /* NULL: the engine alone */
    const char *token;        /* NULL: none */
    const char *title;        /* of the document that is made */
    bool fold;
};

struct play_result {
    size_t edits;      /* that were made */
    uint64_t versions; /* that they became */
    bool tied;         /* it is the recorded one but for ties that fell the other way */
    size_t
        differs_at; /* byte offset at which the text is not the recorded one; SIZE_MAX: nowhere */
    size_t text_bytes;
    uint64_t length;   /* of the document in UTF-16 units, where the engine plays alone */
    uint64_t diverged; /* version at which documents first differ, 0: nowhere */
    uint32_t diverged_txn;
    double seconds;
    char document[65]; /* its id at the server */
    char error[256];   /* why it could not be played to the end, or "" */
};

/* True if every copy of the document and the recorded text agree. The plan in `cast` has been made.
 */
bool play(struct cast *cast, const struct play_options *options, struct progress *progress,
          struct play_result *result_out);

/* Its two ways. Each plays until all authors are finished, and leaves in `text_out` what a newcomer
 * sees. */
void play_engine(struct cast *cast, struct progress *progress, struct play_result *result,
                 struct ot_buf *text_out);
void play_server(struct cast *cast, const struct play_options *options, struct progress *progress,
                 struct play_result *result, struct ot_buf *text_out);

/* Marks the first version at which `doc`, held at `version`, is not what the record says. */
void play_compare(struct cast *cast, const struct ot_doc *doc, uint64_t version, uint32_t expected);

#endif
