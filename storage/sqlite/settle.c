#include "storage/sqlite/settle.h"

#include "storage/sqlite/chat.h"
#include "storage/sqlite/checkpoint.h"
#include "storage/sqlite/log.h"
#include "storage/sqlite/move.h"
#include "storage/sqlite/purge.h"
#include "storage/sqlite/snapshot.h"

/* One slice: what it is to do, and what it has done that is to be noted once it is committed. */
struct slice {
    struct document document;
    struct tail_document *tail; /* NULL while the document is not in the index */
    uint64_t version;           /* to settle up to */
    bool edits_only;            /* no snapshot is saved */
    int work;                   /* left of SLICE_WORK_MAX */
    struct moved moved;
    struct log_trimmed trimmed;
    int64_t parts; /* of the snapshot that are written */
    bool changed;  /* the document's row is to be written */
    bool clean;    /* nothing is left to do, no part of another snapshot either */
};

static bool edits_left(const struct slice *slice)
{
    return slice->document.settled < slice->version;
}

static bool snapshot_left(const struct slice *slice)
{
    return !slice->edits_only && slice->document.snapshot_version < slice->version;
}

/* The version of another snapshot that is half written and newer than the document's, or 0. */
static uint64_t being_written(const struct slice *slice)
{
    uint64_t version = slice->tail != NULL ? slice->tail->parts_version : 0;

    return version > slice->document.snapshot_version ? version : 0;
}

static int slice_edits(struct store *store, struct slice *slice)
{
    int rc;

    if (!edits_left(slice))
        return STORE_OK;
    rc = move_edits(store, slice->tail, slice->version, (size_t)slice->work, &slice->document,
                    &slice->moved);
    slice->work -= (int)slice->moved.count * WORK_OF_EDIT;
    slice->changed = true;
    return rc;
}

static int slice_snapshot(struct store *store, struct slice *slice, struct store_slice snapshot,
                          int64_t at_ms)
{
    int64_t parts = snapshot_parts(snapshot.size);
    int rc = STORE_OK;

    if (edits_left(slice) || !snapshot_left(slice))
        return STORE_OK;
    while (rc == STORE_OK && slice->parts < parts && slice->work > 0) {
        rc = snapshot_write_part(store, slice->document.face.key, slice->version, slice->parts++,
                                 snapshot);
        slice->work -= WORK_OF_PART;
    }
    if (rc == STORE_OK && slice->parts == parts) {
        slice->document.snapshot_version = slice->version;
        slice->document.snapshot_bytes = snapshot.size;
        slice->document.snapshot_at_ms = at_ms;
        slice->changed = true;
    }
    return rc;
}

static int slice_stale(struct store *store, struct slice *slice)
{
    int limit = slice->work / WORK_OF_PART;
    int removed = 0;
    int rc;

    if (slice->edits_only)
        slice->clean = !edits_left(slice);
    if (edits_left(slice) || snapshot_left(slice) || slice->edits_only || limit <= 0)
        return STORE_OK;
    rc = snapshot_remove_stale(store, &slice->document, being_written(slice), limit, &removed);
    slice->clean = removed < limit;
    return rc;
}

static int slice_run(struct store *store, struct slice *slice, struct store_slice snapshot,
                     int64_t at_ms)
{
    int rc = slice_edits(store, slice);

    if (rc == STORE_OK)
        rc = slice_snapshot(store, slice, snapshot, at_ms);
    if (rc == STORE_OK)
        rc = slice_stale(store, slice);
    if (rc == STORE_OK && slice->changed)
        rc = document_write(store, &slice->document);
    if (rc == STORE_OK)
        rc = log_trim(store, &slice->trimmed);
    return rc;
}

/* How far the snapshot is written is kept in the index, for the next slice. */
static void slice_note(struct store *store, struct slice *slice)
{
    log_note_trim(store, &slice->trimmed);
    if (slice->tail == NULL)
        return;
    move_note(store, slice->tail, &slice->moved);
    if (snapshot_left(slice)) {
        slice->tail->parts_version = slice->version;
        slice->tail->parts = slice->parts;
    } else {
        slice->tail->parts_version = being_written(slice);
    }
}

/* Whether there is something to do at all. */
static int slice_needed(struct store *store, struct slice *slice, bool *needed_out)
{
    *needed_out = true;
    if (edits_left(slice) || snapshot_left(slice))
        return STORE_OK;
    *needed_out = false;
    if (slice->edits_only)
        return STORE_OK;
    return snapshot_has_stale(store, &slice->document, being_written(slice), needed_out);
}

static int slice_begin(struct store *store, struct slice *slice, int64_t key, uint64_t version)
{
    int rc;

    slice->work = SLICE_WORK_MAX;
    slice->tail = tail_find(&store->tail, key);
    rc = document_read_live(store, key, &slice->document);
    if (rc != STORE_OK)
        return rc;
    if (version > (slice->tail != NULL ? tail_version(slice->tail) : slice->document.settled))
        return STORE_E_INVALID;
    if (slice->tail == NULL && snapshot_left(slice)) {
        slice->tail = tail_add(&store->tail, key, slice->document.settled);
        if (slice->tail == NULL)
            return STORE_E_MEMORY;
    }
    if (slice->tail != NULL && slice->tail->parts_version == version)
        slice->parts = slice->tail->parts;
    return STORE_OK;
}

static int settle_slice(struct store *store, int64_t key, struct slice *slice,
                        struct store_slice snapshot, int64_t at_ms, bool *done_out)
{
    uint64_t version = slice->version;
    bool needed = false;
    int rc = database_begin(store);

    *done_out = false;
    if (rc != STORE_OK)
        return rc;
    rc = slice_begin(store, slice, key, version);
    if (rc == STORE_OK)
        rc = slice_needed(store, slice, &needed);
    if (rc == STORE_OK && needed)
        rc = slice_run(store, slice, snapshot, at_ms);
    rc = database_end(store, rc);
    if (rc == STORE_OK && needed)
        slice_note(store, slice);
    if (slice->tail != NULL)
        tail_release(&store->tail, slice->tail);
    if (rc == STORE_OK)
        checkpoint_if_long(store);
    *done_out = rc == STORE_OK && (!needed || slice->clean);
    return rc;
}

int store_settle(struct store *store, int64_t key, uint64_t version, struct store_slice snapshot,
                 int64_t at_ms, bool *done_out)
{
    struct slice slice = {.version = version};

    *done_out = false;
    if (snapshot.size > STORE_SNAPSHOT_MAX)
        return STORE_E_INVALID;
    return settle_slice(store, key, &slice, snapshot, at_ms, done_out);
}

int store_settle_edits(struct store *store, int64_t key, uint64_t version, bool *done_out)
{
    struct slice slice = {.version = version, .edits_only = true};

    return settle_slice(store, key, &slice, (struct store_slice){0}, 0, done_out);
}

/* ---- without a snapshot ---- */

/* Whether it is to be made shorter, and can be. */
static bool log_is_long(const struct store *store)
{
    int64_t rows = store->log_next - store->log_first;

    if (tail_oldest(&store->tail) == NULL && !log_can_trim(store))
        return false;
    return rows > store->log_rows_max || (rows > 0 && store->log_bytes > store->log_bytes_max);
}

/* Moves edits of the document that the log's first needed row belongs to, if any is needed. */
static int slice_oldest(struct store *store, struct slice *slice)
{
    int rc = STORE_OK;

    slice->work = SLICE_WORK_MAX;
    slice->tail = tail_oldest(&store->tail);
    if (slice->tail != NULL) {
        slice->version = tail_version(slice->tail);
        rc = document_read_live(store, slice->tail->key, &slice->document);
    }
    if (rc == STORE_OK && slice->tail != NULL)
        rc = slice_edits(store, slice);
    if (rc == STORE_OK && slice->changed)
        rc = document_write(store, &slice->document);
    return rc == STORE_OK ? log_trim(store, &slice->trimmed) : rc;
}

/* A document that turns out to be damaged is closed, and must not keep the others' edits from being
 * settled. Which of its rows stay is decided by the next opening. */
static int set_apart(struct store *store, struct tail_document *tail)
{
    int64_t row = tail_edit(tail, 0)->row;

    if (quarantine_add(&store->quarantine, tail->key, row, tail_version(tail)) == NULL)
        return STORE_E_MEMORY;
    if (store->log_floor == 0 || row < store->log_floor)
        store->log_floor = row;
    tail_remove(&store->tail, tail);
    return STORE_OK;
}

static int settle_oldest(struct store *store)
{
    struct slice slice = {0};
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    rc = database_end(store, slice_oldest(store, &slice));
    if (rc == STORE_E_CORRUPT && !store->failed)
        return set_apart(store, slice.tail);
    if (rc != STORE_OK)
        return rc;
    log_note_trim(store, &slice.trimmed);
    if (slice.tail != NULL) {
        move_note(store, slice.tail, &slice.moved);
        tail_release(&store->tail, slice.tail);
    }
    return STORE_OK;
}

void settle_if_long(struct store *store)
{
    while (log_is_long(store) && settle_oldest(store) == STORE_OK)
        ;
}

/* ---- the interface's small ones ---- */

uint64_t store_unsettled(const struct store *store, int64_t key)
{
    const struct tail_document *tail;

    if (key == 0)
        return store->tail.edit_count;
    tail = tail_find(&store->tail, key);
    return tail != NULL ? tail->count : 0;
}

int store_load(struct store *store, int64_t key, struct store_head *head_out)
{
    const struct tail_document *tail = tail_find(&store->tail, key);
    struct document document;
    int rc = document_read_live(store, key, &document);

    if (rc == STORE_OK)
        rc = chat_last(store, key, &head_out->chat_number);
    if (rc == STORE_OK)
        rc = snapshot_read(store, &document);
    if (rc != STORE_OK)
        return rc;
    head_out->version = tail != NULL ? tail_version(tail) : document.settled;
    head_out->snapshot_version = document.snapshot_version;
    head_out->snapshot =
        (struct store_slice){.data = store->result.data, .size = store->result.size};
    return STORE_OK;
}

int store_snapshot(struct store *store, int64_t key, uint64_t offset, uint64_t *version_out,
                   struct store_slice *piece_out)
{
    struct document document;
    int rc = document_read_live(store, key, &document);

    if (rc == STORE_OK)
        rc = snapshot_read_piece(store, &document, offset);
    if (rc != STORE_OK)
        return rc;
    *version_out = document.snapshot_version;
    *piece_out = (struct store_slice){.data = store->result.data, .size = store->result.size};
    return STORE_OK;
}

static int tidy(struct store *store)
{
    struct log_trimmed trimmed = {.first = store->log_first};
    bool purging = store->purging;
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    if (purging)
        rc = purge_next(store, &purging);
    if (rc == STORE_OK)
        rc = log_trim(store, &trimmed);
    rc = database_end(store, rc);
    if (rc != STORE_OK)
        return rc;
    store->purging = purging;
    log_note_trim(store, &trimmed);
    return STORE_OK;
}

int store_idle(struct store *store)
{
    int rc = store->failed ? STORE_E_IO : STORE_OK;

    if (rc == STORE_OK && (store->purging || log_can_trim(store)))
        rc = tidy(store);
    return rc == STORE_OK ? checkpoint_if_grown(store) : rc;
}
