#include "server/hub/settle.h"

#include "server/hub/replay.h"

#include <stdlib.h>
#include <string.h>

/* A slice replays so many edits, or as many as have so many bytes: a millisecond, or one edit. */
#define SLICE_EDITS 512
#define SLICE_BYTES 65536
/* What stops the reading of edits when a slice is full: no error. */
#define FULL 1
/* Snapshots up to this are read and compared in as little, and need no thread for it. */
#define AT_ONCE_BYTES 65536

enum stage {
    STAGE_MOVE,    /* the edits, to segments */
    STAGE_READ,    /* the snapshot before, part by part */
    STAGE_LOAD,    /* a document from it */
    STAGE_APPLY,   /* the edits since */
    STAGE_COMPARE, /* what they make with the new snapshot */
    STAGE_SAVE     /* that */
};

struct settle {
    enum stage stage;
    uint64_t version;       /* of the snapshot before, then of the document */
    struct ot_buf snapshot; /* the one before */
    struct ot_doc *doc;
    size_t slice_bytes;
    int verdict; /* of what was done without the store */
};

void settle_free(struct settle *settle)
{
    if (settle != NULL) {
        ot_buf_deinit(&settle->snapshot);
        ot_doc_free(settle->doc);
        free(settle);
    }
}

/* ---- without the store ---- */

static int load(struct settle *settle, enum store_type type)
{
    int result = replay_snapshot(type, ot_buf_slice(&settle->snapshot), &settle->doc);
    ot_buf_deinit(&settle->snapshot);
    settle->snapshot = (struct ot_buf){0};
    settle->stage = STAGE_APPLY;
    return result;
}

static int compare(struct settle *settle, const struct blob *expected)
{
    struct ot_buf made = {0};
    int result = STORE_E_MEMORY;
    if (ot_doc_snapshot(settle->doc, &made) == OT_OK) {
        bool equal =
            made.size == expected->size && memcmp(made.data, expected->data, made.size) == 0;
        result = equal ? STORE_OK : STORE_E_CORRUPT;
    }
    ot_buf_deinit(&made);
    ot_doc_free(settle->doc);
    settle->doc = NULL;
    settle->stage = STAGE_SAVE;
    return result;
}

void settle_replay(struct store_request *request)
{
    struct settle *settle = request->settle;
    request->replaying = false;
    settle->verdict = settle->stage == STAGE_LOAD ? load(settle, request->document.type)
                                                  : compare(settle, request->blob);
}

/* Hands over to whoever does it, if it is more than a slice. */
static int replay(struct store_request *request, size_t bytes)
{
    request->replaying = true;
    if (bytes <= AT_ONCE_BYTES) {
        settle_replay(request);
    }
    return request->settle->verdict;
}

/* ---- with the store ---- */

static int move(struct store *store, struct store_request *request)
{
    bool done = false;
    int result = store_settle_edits(store, request->key, request->first, &done);
    if (done) {
        request->settle->stage = STAGE_READ;
    }
    return result;
}

/* One that is there already, or a newer one, is not held against anything: nothing will be saved.
 */
static int read_part(struct store *store, struct store_request *request)
{
    struct settle *settle = request->settle;
    uint64_t version = 0;
    struct store_slice part;
    int result = store_snapshot(store, request->key, settle->snapshot.size, &version, &part);
    if (result != STORE_OK) {
        return result;
    }
    if (version >= request->first) {
        settle->stage = STAGE_SAVE;
        return STORE_OK;
    }
    if (version != settle->version) { /* it begins, or another has taken its place meanwhile */
        bool begins = settle->snapshot.size == 0;
        ot_buf_clear(&settle->snapshot);
        settle->version = version;
        if (!begins) {
            return STORE_OK;
        }
    }
    if (part.size == 0) {
        settle->stage = STAGE_LOAD;
        return replay(request, settle->snapshot.size);
    }
    return ot_buf_append(&settle->snapshot, part.data, part.size) == OT_OK ? STORE_OK
                                                                           : STORE_E_MEMORY;
}

static int apply_edit(void *context, const struct store_edit *edit)
{
    struct settle *settle = context;
    if (settle->slice_bytes >= SLICE_BYTES) {
        return FULL;
    }
    if (edit->version != settle->version + 1) {
        return STORE_E_CORRUPT;
    }
    settle->version++;
    settle->slice_bytes += edit->op.size;
    return replay_edit(settle->doc, (struct ot_slice){edit->op.data, edit->op.size});
}

static int apply(struct store *store, struct store_request *request)
{
    struct settle *settle = request->settle;
    uint64_t last = settle->version + SLICE_EDITS;
    if (last > request->first) {
        last = request->first;
    }
    settle->slice_bytes = 0;
    int result = store_history(store, request->key, settle->version + 1, last, apply_edit, settle);
    if (result == FULL) {
        return STORE_OK;
    }
    if (result != STORE_OK || settle->version != last) {
        return result != STORE_OK ? result : STORE_E_CORRUPT;
    }
    if (last < request->first) {
        return STORE_OK;
    }
    settle->stage = STAGE_COMPARE;
    return replay(request, request->blob->size);
}

static int save(struct store *store, struct store_request *request)
{
    struct store_slice snapshot = {request->blob->data, request->blob->size};
    return store_settle(store, request->key, request->first, snapshot, request->now_ms,
                        &request->done);
}

int settle_serve(struct store *store, struct store_request *request)
{
    if (request->settle == NULL) {
        request->settle = calloc(1, sizeof *request->settle);
    }
    if (request->settle == NULL) {
        return STORE_E_MEMORY;
    }
    if (request->settle->verdict != STORE_OK) {
        return request->settle->verdict;
    }
    switch (request->settle->stage) {
    case STAGE_MOVE:
        return move(store, request);
    case STAGE_READ:
        return read_part(store, request);
    case STAGE_APPLY:
        return apply(store, request);
    case STAGE_SAVE:
        return save(store, request);
    case STAGE_LOAD:
    case STAGE_COMPARE:
        break; /* these are settle_replay's */
    }
    return STORE_E_INVALID;
}
