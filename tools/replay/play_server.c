#include "tools/replay/play.h"

#include "tools/peer/bytes.h"
#include "tools/peer/link.h"
#include "tools/replay/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CREATE_REF      1
#define TYPE_TEXT       2
#define TITLE_BYTES_MAX 100
#define CONNECT_BATCH   64
#define TURN_US         20000

struct stage;

/* An author's connection, or that of somebody who only reads. */
struct seat {
    struct stage *stage;
    struct link link;
    struct author *author;   /* NULL for a reader */
    struct session *session; /* the author's, or the reader's own */
    uint64_t retry_us;
};

struct stage {
    struct cast *cast;
    const struct play_options *options;
    struct progress *progress;
    struct play_result *result;
    struct loop *loop;
    struct seat reader;   /* there from the beginning to the end */
    struct seat newcomer; /* comes when all is done */
    struct seat *seats;   /* of the authors */
    uint32_t welcomed;
    uint32_t *agents; /* [member]: whose connection it is */
    size_t agents_capacity;
    uint64_t heard_us;
};

static void remember_member(struct stage *stage, uint64_t member, uint32_t agent)
{
    size_t old = stage->agents_capacity;

    if (member > UINT32_MAX / 2) {
        cast_fail(stage->cast, "the server gave a member a number that is too large");
        return;
    }
    stage->agents = bytes_grow(stage->agents, &stage->agents_capacity, (size_t)member + 1,
                               sizeof *stage->agents);
    for (size_t i = old; i < stage->agents_capacity; i++)
        stage->agents[i] = AUTHOR_NOBODY;
    stage->agents[member] = agent;
}

static uint32_t agent_of(const struct stage *stage, uint64_t member)
{
    return member < stage->agents_capacity ? stage->agents[member] : AUTHOR_NOBODY;
}

/* ---- what the server says ---------------------------------------------------------------------
 */

static void on_send(void *context, struct ot_slice message)
{
    struct seat *seat = context;
    link_send(&seat->link, message);
}

static void on_closed(struct link *link, unsigned code, const char *error)
{
    struct seat *seat = link->holder;
    cast_fail(seat->stage->cast, "a connection ended: %s (close code %u)",
              error != NULL ? error : "the server closed it", code);
}

static void on_author_ready(struct link *link, const struct peer_message *welcome)
{
    struct seat *seat = link->holder;
    (void)welcome;
    seat->stage->welcomed++;
    session_connect(seat->session);
}

static void on_author_message(struct link *link, const struct peer_message *message)
{
    struct seat *seat = link->holder;
    struct stage *stage = seat->stage;
    uint32_t by = AUTHOR_NOBODY;

    stage->heard_us = loop_woke_us(stage->loop);
    if (message->kind == WIRE_OPENED)
        remember_member(stage, message->opened.member, seat->author->agent);
    else if (message->kind == WIRE_EDITED)
        by = agent_of(stage, message->edit.member);
    author_receive(seat->author, message, by);
}

static const struct link_events author_events = {on_author_ready, on_author_message, on_closed};

static void create_document(struct stage *stage)
{
    struct ot_buf message = {0};
    struct ot_slice title = bytes_of(stage->options->title);

    if (title.size > TITLE_BYTES_MAX)
        for (title.size = TITLE_BYTES_MAX; (title.data[title.size] & 0xc0) == 0x80;)
            title.size--; /* to where a character begins */
    peer_put_create(&message, CREATE_REF, TYPE_TEXT, title, PEER_NIL);
    link_send(&stage->reader.link, ot_buf_slice(&message));
    ot_buf_deinit(&message);
}

static void on_reader_ready(struct link *link, const struct peer_message *welcome)
{
    struct seat *seat = link->holder;
    (void)welcome;
    if (seat == &seat->stage->reader)
        create_document(seat->stage);
    else
        session_connect(seat->session);
}

static void on_reader_diverged(void *context, uint64_t version, uint32_t own_crc, uint32_t crc)
{
    struct seat *seat = context;
    record_mark(&seat->stage->cast->record, version);
    cast_fail(seat->stage->cast,
              "a reader holds another document than the server at version %" PRIu64 " (%08" PRIx32
              ", server %08" PRIx32 ")",
              version, own_crc, crc);
}

static void on_reader_refused(void *context, struct ot_slice code, bool kept, struct ot_slice op)
{
    struct seat *seat = context;
    (void)kept;
    (void)op;
    cast_fail(seat->stage->cast, "the server refused the recorded start: %.*s", (int)code.size,
              (const char *)code.data);
}

static void on_reader_shut(void *context, struct ot_slice code)
{
    struct seat *seat = context;
    cast_fail(seat->stage->cast, "the document cannot be opened: %.*s", (int)code.size,
              (const char *)code.data);
}

static void open_reader(struct seat *seat)
{
    struct session_env env = {.context = seat,
                              .send = on_send,
                              .refused = on_reader_refused,
                              .diverged = on_reader_diverged,
                              .closed = on_reader_shut};
    seat->session = session_new(seat->stage->result->document, 0, &env);
}

static void take_created(struct seat *seat, const struct peer_message *message)
{
    struct play_result *result = seat->stage->result;
    struct ot_slice id = message->done.text;

    if (id.size == 0 || id.size >= sizeof result->document) {
        cast_fail(seat->stage->cast, "the server gave the new document no name");
        return;
    }
    memcpy(result->document, id.data, id.size);
    open_reader(seat);
    session_connect(seat->session);
}

static void on_reader_message(struct link *link, const struct peer_message *message)
{
    struct seat *seat = link->holder;
    struct cast *cast = seat->stage->cast;

    seat->stage->heard_us = loop_woke_us(seat->stage->loop);
    if (seat->session != NULL) {
        if (message->kind == WIRE_EDITED)
            record_received(&cast->record, message->edit.version, message->edit.op);
        if (session_receive(seat->session, message))
            cast_fail(cast, "a reader got a message that does not follow from the ones before");
    } else if (message->kind == WIRE_DONE && message->ref == CREATE_REF) {
        take_created(seat, message);
    } else if (message->kind == WIRE_ERROR) {
        cast_fail(cast, "the server makes no document: %.*s", (int)message->error.text.size,
                  (const char *)message->error.text.data);
    }
}

static const struct link_events reader_events = {on_reader_ready, on_reader_message, on_closed};

/* ---- the play -----------------------------------------------------------------------------------
 */

static void open_link(struct seat *seat, const char *name, const struct link_events *events)
{
    const char *token = seat->stage->options->token;
    struct link_hello hello = {.token = token != NULL ? bytes_of(token) : PEER_NIL,
                               .name = bytes_of(name),
                               .color = bytes_of("#2266cc"),
                               .client = PEER_NONE};
    link_open(&seat->link, seat->stage->loop, seat->stage->options->url, &hello, events, seat);
}

static bool failed(const struct stage *stage)
{
    return stage->cast->error[0] != '\0';
}

/* One turn of the loop; fails when the server has been silent for too long. */
static void turn(struct stage *stage, uint64_t wait_us)
{
    loop_turn(stage->loop, link_now_us() + wait_us);
    if (loop_woke_us(stage->loop) > stage->heard_us + (uint64_t)PLAY_SILENCE_MS * 1000)
        cast_fail(stage->cast, "the server has said nothing for %d seconds",
                  PLAY_SILENCE_MS / 1000);
}

static void put_start(struct stage *stage)
{
    struct ot_buf op = {0};
    int code = parts_write(ot_buf_slice(&stage->cast->trace->start), &op);

    if (code == OT_OK) {
        record_received(&stage->cast->record, 1, ot_buf_slice(&op));
        session_edit(stage->reader.session, ot_buf_slice(&op));
    } else {
        cast_fail(stage->cast, "the recorded start is no text: %s", ot_error_text(code));
    }
    ot_buf_deinit(&op);
}

static void prepare(struct stage *stage)
{
    struct session *session;

    open_link(&stage->reader, "Replay", &reader_events);
    while (!failed(stage) && !((session = stage->reader.session) && session_settled(session)))
        turn(stage, TURN_US);
    if (failed(stage) || stage->cast->trace->start.size == 0)
        return;
    put_start(stage);
    while (!failed(stage) && !session_settled(stage->reader.session))
        turn(stage, TURN_US);
}

static void seat_authors(struct stage *stage)
{
    struct cast *cast = stage->cast;
    char name[32];

    for (uint32_t k = 0; k < cast->trace->agents && !failed(stage); k++) {
        struct seat *seat = &stage->seats[k];
        *seat = (struct seat){.stage = stage, .author = &cast->authors[k]};
        author_init(seat->author, cast, k, stage->result->document, on_send, seat);
        seat->session = seat->author->session;
        snprintf(name, sizeof name, "Author %" PRIu32, k);
        open_link(seat, name, &author_events);
        while (!failed(stage) && k + 1 > stage->welcomed + CONNECT_BATCH)
            turn(stage, TURN_US);
    }
    /* Everyone's number has to be known before the first edit is. */
    for (uint32_t k = 0; k < cast->trace->agents && !failed(stage); k++)
        while (!failed(stage) && !cast->authors[k].inbox_count)
            turn(stage, TURN_US);
}

static void retry(struct seat *seat, uint64_t now_us)
{
    if (seat->author->retry_ms > 0) {
        seat->retry_us = now_us + seat->author->retry_ms * 1000;
        seat->author->retry_ms = 0;
    } else if (seat->retry_us > 0 && now_us >= seat->retry_us) {
        seat->retry_us = 0;
        session_retry(seat->session);
    }
}

/* Lets everyone go on as far as what has arrived allows; true if anybody did. */
static bool step_all(struct stage *stage)
{
    bool done = false;

    for (uint32_t k = 0; k < stage->cast->trace->agents && !failed(stage); k++) {
        done |= author_step(&stage->cast->authors[k]);
        retry(&stage->seats[k], loop_woke_us(stage->loop));
    }
    return done;
}

static bool all_finished(const struct stage *stage)
{
    for (uint32_t k = 0; k < stage->cast->trace->agents; k++)
        if (!author_finished(&stage->cast->authors[k]))
            return false;
    return true;
}

/* Every connection holds the same version. */
static bool level(const struct stage *stage)
{
    uint64_t version = session_version(stage->reader.session);

    for (uint32_t k = 0; k < stage->cast->trace->agents; k++)
        if (session_version(stage->seats[k].session) != version)
            return false;
    return true;
}

static void run(struct stage *stage)
{
    while (!failed(stage) && !(all_finished(stage) && level(stage))) {
        bool done = step_all(stage);
        progress_show(stage->progress, stage->cast->made);
        turn(stage, done ? 0 : TURN_US);
    }
}

static void look_anew(struct stage *stage)
{
    open_link(&stage->newcomer, "Newcomer", &reader_events);
    open_reader(&stage->newcomer);
    while (!failed(stage) && !session_settled(stage->newcomer.session))
        turn(stage, TURN_US);
}

static void compare_all(struct stage *stage, struct ot_buf *text_out)
{
    const struct ot_doc *doc = session_committed(stage->newcomer.session);
    uint64_t version = session_version(stage->newcomer.session);
    uint32_t hash;

    bytes_must(ot_doc_hash(doc, &hash));
    bytes_must(ot_doc_text(doc, text_out));
    stage->result->versions = version;
    play_compare(stage->cast, session_committed(stage->reader.session), version, hash);
    for (uint32_t k = 0; k < stage->cast->trace->agents; k++)
        play_compare(stage->cast, session_committed(stage->seats[k].session), version, hash);
}

static void clear_stage(struct stage *stage)
{
    struct cast *cast = stage->cast;

    for (uint32_t k = 0; k < cast->trace->agents; k++) {
        link_drop(&stage->seats[k].link);
        if (stage->seats[k].author != NULL)
            author_deinit(stage->seats[k].author);
    }
    link_drop(&stage->reader.link);
    link_drop(&stage->newcomer.link);
    session_free(stage->reader.session);
    session_free(stage->newcomer.session);
    loop_free(stage->loop);
    free(stage->seats);
    free(stage->agents);
    free(cast->authors);
    cast->authors = NULL;
}

void play_server(struct cast *cast, const struct play_options *options, struct progress *progress,
                 struct play_result *result, struct ot_buf *text_out)
{
    struct stage stage = {.cast = cast,
                          .options = options,
                          .progress = progress,
                          .result = result,
                          .loop = loop_new(),
                          .seats = bytes_alloc(cast->trace->agents, sizeof *stage.seats),
                          .heard_us = link_now_us()};

    stage.reader.stage = stage.newcomer.stage = &stage;
    cast->authors = bytes_alloc(cast->trace->agents, sizeof *cast->authors);
    prepare(&stage);
    if (!failed(&stage))
        seat_authors(&stage);
    run(&stage);
    if (!failed(&stage))
        look_anew(&stage);
    if (!failed(&stage))
        compare_all(&stage, text_out);
    clear_stage(&stage);
}
