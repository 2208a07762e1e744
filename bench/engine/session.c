#include "session.h"

#include <stdlib.h>

#include "trace.h"

/* ---- reading ---- */

struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

static uint32_t take(struct reader *reader)
{
    work_must(reader->end - reader->at >= 4, "the session ends early");
    uint32_t value = trace_number(reader->at);
    reader->at += 4;
    return value;
}

/* The next transaction's patches, composed into one operation. */
static void read_edit(struct reader *reader, struct ot_builder *builder, struct work *edits)
{
    struct work patches = {0};
    uint32_t count = take(reader);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t pos = take(reader);
        uint32_t deleted = take(reader);
        uint32_t size = take(reader);
        work_must(size <= (size_t)(reader->end - reader->at), "the session ends early");
        work_edit(&patches, builder, WORK_PLAIN, pos, deleted, (struct ot_slice){reader->at, size});
        reader->at += size;
    }
    work_add_composed(edits, &patches);
    work_free(&patches);
}

bool session_read(const char *directory, const char *name, struct session *session_out)
{
    struct ot_buf file = {0};
    *session_out = (struct session){0};
    if (!trace_file(directory, name, "concbin", &file)) {
        ot_buf_deinit(&file);
        return false;
    }
    struct reader reader = {file.data, file.data + file.size};
    struct ot_builder *builder = work_builder();
    uint32_t agents = take(&reader);
    uint32_t count = take(&reader);
    work_must(agents <= SESSION_AGENTS_MAX && count <= file.size, "the session is too large");
    session_out->agents_count = agents;
    session_out->agents = malloc(count * sizeof *session_out->agents);
    session_out->seen = malloc((size_t)count * agents * sizeof *session_out->seen);
    work_must(session_out->agents != NULL && session_out->seen != NULL, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        session_out->agents[i] = take(&reader);
        work_must(session_out->agents[i] < agents, "the session has a writer too many");
        for (uint32_t k = 0; k < agents; k++) {
            session_out->seen[i * agents + k] = take(&reader);
        }
        read_edit(&reader, builder, &session_out->edits);
    }
    ot_builder_free(builder);
    ot_buf_deinit(&file);
    return true;
}

void session_free(struct session *session)
{
    work_free(&session->edits);
    free(session->agents);
    free(session->seen);
    *session = (struct session){0};
}

/* ---- playing ---- */

struct unseen {
    struct ot_buf op;
    uint32_t agent;
    uint32_t number; /* among the edits of that agent */
};

/* What came from others to one agent, rewritten as it would come now; seen up to `first`. */
struct queue {
    struct unseen *items;
    size_t first;
    size_t count;
};

struct server {
    struct queue queues[SESSION_AGENTS_MAX];
    uint32_t edits[SESSION_AGENTS_MAX]; /* of each agent, so far */
    struct ot_buf op;                   /* the edit at hand */
    struct ot_buf op_after;             /* spares */
    struct ot_buf unseen_after;
    enum ot_order order;
    size_t pairs;
};

static void queue_add(struct queue *queue, struct ot_slice op, uint32_t agent, uint32_t number)
{
    struct unseen *unseen = &queue->items[queue->count++];
    unseen->agent = agent;
    unseen->number = number;
    work_must(ot_buf_append(&unseen->op, op.data, op.size) == OT_OK, "out of memory");
}

static void queue_drop_seen(struct queue *queue, const uint32_t *seen)
{
    while (queue->first < queue->count) {
        struct unseen *unseen = &queue->items[queue->first];
        if (unseen->number >= seen[unseen->agent]) {
            return;
        }
        ot_buf_deinit(&unseen->op);
        queue->first++;
    }
}

static void transform(const struct server *server, struct ot_buf *op, struct ot_buf *over,
                      enum ot_side side, struct ot_buf *out)
{
    ot_buf_clear(out);
    work_must(ot_transform(ot_buf_slice(op), ot_buf_slice(over), side, server->order, out) == OT_OK,
              "not transformed");
}

static void swap(struct ot_buf *a, struct ot_buf *b)
{
    struct ot_buf held = *a;
    *a = *b;
    *b = held;
}

/* The server's edit and an unseen one pass each other; what was there first stands to the left. */
static void pass(struct server *server, struct unseen *unseen)
{
    transform(server, &server->op, &unseen->op, OT_RIGHT, &server->op_after);
    transform(server, &unseen->op, &server->op, OT_LEFT, &server->unseen_after);
    swap(&server->op, &server->op_after);
    swap(&unseen->op, &server->unseen_after);
    server->pairs++;
}

/* An edit arrives; what it has become is the server's `op`. */
static void receive(struct server *server, const struct session *session, size_t index)
{
    uint32_t agent = session->agents[index];
    struct queue *queue = &server->queues[agent];
    struct ot_slice edit = work_op(&session->edits, index);
    queue_drop_seen(queue, &session->seen[index * session->agents_count]);
    ot_buf_clear(&server->op);
    work_must(ot_buf_append(&server->op, edit.data, edit.size) == OT_OK, "out of memory");
    for (size_t i = queue->first; i < queue->count; i++) {
        pass(server, &queue->items[i]);
    }
    for (uint32_t k = 0; k < session->agents_count; k++) {
        if (k != agent) {
            queue_add(&server->queues[k], ot_buf_slice(&server->op), agent, server->edits[agent]);
        }
    }
    server->edits[agent]++;
}

static struct server *server_new(const struct session *session, enum ot_order order)
{
    struct server *server = calloc(1, sizeof *server);
    work_must(server != NULL, "out of memory");
    server->order = order;
    for (size_t k = 0; k < session->agents_count; k++) {
        struct queue *queue = &server->queues[k];
        queue->items = calloc(session->edits.count, sizeof *queue->items);
        work_must(queue->items != NULL, "out of memory");
    }
    return server;
}

static void server_free(struct server *server)
{
    for (size_t k = 0; k < SESSION_AGENTS_MAX; k++) {
        struct queue *queue = &server->queues[k];
        for (size_t i = queue->first; i < queue->count; i++) {
            ot_buf_deinit(&queue->items[i].op);
        }
        free(queue->items);
    }
    ot_buf_deinit(&server->op);
    ot_buf_deinit(&server->op_after);
    ot_buf_deinit(&server->unseen_after);
    free(server);
}

struct ot_doc *session_play(const struct session *session, enum ot_order order, size_t *pairs_out)
{
    struct server *server = server_new(session, order);
    struct ot_doc *doc = ot_doc_new();
    work_must(doc != NULL, "out of memory");
    for (size_t i = 0; i < session->edits.count; i++) {
        receive(server, session, i);
        work_must(ot_doc_apply(doc, ot_buf_slice(&server->op), NULL) == OT_OK,
                  "an edit does not fit");
    }
    *pairs_out = server->pairs;
    server_free(server);
    return doc;
}
