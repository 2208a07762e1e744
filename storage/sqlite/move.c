#include "storage/sqlite/move.h"

#include "storage/sqlite/log.h"
#include "storage/sqlite/segment.h"
#include "storage/sqlite/segments.h"

/* The edits of the segment that is being made: store->edits, those of an older one first. */
struct run {
    size_t count;
    size_t bytes; /* the segment's size at most */
    size_t old;   /* how many of them are in a segment already */
};

static bool run_has_room(const struct run *run, size_t op_size)
{
    if (run->count == 0)
        return true;
    return run->count < SEGMENT_EDITS_MAX &&
           run->bytes + op_size + SEGMENT_EDIT_OVERHEAD <= SEGMENT_BYTES_MAX;
}

static void run_add(struct store *store, struct run *run, const struct store_edit *edit)
{
    store->edits[run->count++] = *edit;
    run->bytes += edit->op.size + SEGMENT_EDIT_OVERHEAD;
}

/* The document's last segment, when there is room in it. Its operations are in store->old. */
static int run_resume(struct store *store, const struct document *document, struct run *run)
{
    struct segment_reader reader;
    struct segment_place place;
    struct store_edit edit;
    int rc = segments_last(store, document, &place);

    if (rc != STORE_OK || place.last - place.first + 1 >= SEGMENT_OPEN_EDITS ||
        place.bytes >= SEGMENT_OPEN_BYTES)
        return rc;
    rc = segments_read(store, document->face.key, &place, &reader);
    if (rc != STORE_OK)
        return rc;
    while ((rc = segment_next(&reader, &edit)) > 0)
        run_add(store, run, &edit);
    run->old = run->count;
    return rc;
}

/* A damaged segment stays as it is: what comes after it need not be lost too. */
static int run_begin(struct store *store, const struct document *document, struct run *run)
{
    int rc = STORE_OK;

    *run = (struct run){.bytes = SEGMENT_OVERHEAD};
    if (document->settled > 0)
        rc = run_resume(store, document, run);
    if (rc != STORE_E_CORRUPT || store->failed)
        return rc;
    *run = (struct run){.bytes = SEGMENT_OVERHEAD};
    return STORE_OK;
}

/* Adds edits from the log; their operations go to store->ops, which may move while it grows. */
static int run_extend(struct store *store, const struct tail_document *tail, size_t limit,
                      struct run *run)
{
    struct store_edit edit;
    uint8_t *op;
    int rc = STORE_OK;

    buffer_clear(&store->ops);
    for (size_t i = 0; i < limit; i++) {
        rc = log_read(store, tail, i, &edit);
        if (rc != STORE_OK)
            break;
        if (i == 0 && !run_has_room(run, edit.op.size))
            *run = (struct run){.bytes = SEGMENT_OVERHEAD};
        if (!run_has_room(run, edit.op.size))
            break;
        if (!buffer_append(&store->ops, edit.op.data, edit.op.size)) {
            rc = STORE_E_MEMORY;
            break;
        }
        run_add(store, run, &edit);
    }
    log_read_end(store);
    op = store->ops.data;
    for (size_t i = run->old; i < run->count; i++) {
        store->edits[i].op.data = op;
        op += store->edits[i].op.size;
    }
    return rc;
}

/* The last edit of each client among the moved ones. */
static int write_clients(struct store *store, const struct run *run)
{
    uint64_t seen[SEGMENT_EDITS_MAX];
    size_t seen_count = 0;
    int rc = STORE_OK;

    for (size_t i = run->count; rc == STORE_OK && i > run->old; i--) {
        const struct store_edit *edit = &store->edits[i - 1];
        size_t place = 0;

        while (place < seen_count && seen[place] != edit->client)
            place++;
        if (place < seen_count)
            continue;
        seen[seen_count++] = edit->client;
        rc = client_write(store, edit);
    }
    return rc;
}

int move_edits(struct store *store, const struct tail_document *tail, uint64_t upto, size_t limit,
               struct document *document, struct moved *moved_out)
{
    struct run run;
    int rc = run_begin(store, document, &run);

    if (limit > upto - document->settled)
        limit = (size_t)(upto - document->settled);
    if (rc == STORE_OK)
        rc = run_extend(store, tail, limit, &run);
    if (rc == STORE_OK)
        rc = segments_write(store, store->edits, run.count);
    if (rc == STORE_OK)
        rc = write_clients(store, &run);
    if (rc != STORE_OK)
        return rc;
    *moved_out = (struct moved){.first = run.old, .count = run.count - run.old};
    document->settled += moved_out->count;
    for (size_t i = run.old; i < run.count; i++)
        document_touch(document, store->edits[i].at_ms);
    return STORE_OK;
}

void move_note(struct store *store, struct tail_document *tail, const struct moved *moved)
{
    const struct store_edit *edits = store->edits + moved->first;

    for (size_t i = 0; i < moved->count; i++)
        client_map_forget(&tail->clients, edits[i].client, edits[i].version);
    tail_shift(&store->tail, tail, moved->count);
}
