#include "partner.h"

#include "server/wire/encode.h"
#include "tools/peer/bytes.h"
#include "tools/peer/difference.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EDITS_MAX    1000 /* of one case, by far */
#define FIRST_EPOCH  7
#define MEMBER       3
#define OTHER_MEMBER 4
#define REPAIRS_MAX  3 /* on one connection: after these a client may wait before it opens again */

/* ---- messages under way ---- */

static void queue_deinit(struct queue *queue)
{
    ot_buf_deinit(&queue->bytes);
}

static void queue_clear(struct queue *queue)
{
    ot_buf_clear(&queue->bytes);
    queue->at = 0;
}

bool queue_is_empty(const struct queue *queue)
{
    return queue->at == queue->bytes.size;
}

void queue_put(struct queue *queue, struct ot_slice message)
{
    bytes_put(&queue->bytes, &message.size, sizeof message.size);
    bytes_put(&queue->bytes, message.data, message.size);
}

void queue_take(struct queue *queue, struct ot_buf *message_out)
{
    size_t size;
    memcpy(&size, queue->bytes.data + queue->at, sizeof size);
    queue->at += sizeof size;
    bytes_set(message_out, (struct ot_slice){queue->bytes.data + queue->at, size});
    queue->at += size;
}

/* Sends what was encoded. */
static void tell(struct play *play, struct ot_buf *message)
{
    queue_put(&play->down, ot_buf_slice(message));
    ot_buf_deinit(message);
}

/* ---- the server ---- */

static void note_document(struct play *play)
{
    size_t count = play->solo.count + 1;
    play->documents =
        bytes_grow(play->documents, &play->document_capacity, count, sizeof *play->documents);
    play->documents[count - 1] = (struct ot_buf){0};
    bytes_must(ot_doc_snapshot(play->solo.doc, &play->documents[count - 1]));
}

static uint64_t commit(struct play *play, uint32_t client, uint64_t seq, uint64_t base,
                       struct ot_slice op)
{
    uint64_t version = 0;
    int code = solo_commit(&play->solo, client, seq, base, op, &version);
    plan_check(&play->plan, code == OT_OK, "an edit does not fit: %s", ot_error_name(code));
    note_document(play);
    return version;
}

static void tell_hash(struct play *play)
{
    struct ot_buf message = {0};
    uint32_t crc = ot_hash(ot_buf_slice(&play->documents[play->position]));
    bool wrong = play->repairs < REPAIRS_MAX && rng_percent(&play->plan.rng, play->trouble / 2);
    play->repairs += wrong;
    encode_hash(&message, PARTNER_CHANNEL, play->position, wrong ? ~crc : crc);
    tell(play, &message);
}

static void tell_ack(struct play *play, uint64_t version, uint64_t seq)
{
    struct ot_buf message = {0};
    encode_ack(&message, PARTNER_CHANNEL, version, seq);
    tell(play, &message);
}

/* Edits of the other up to `last`, as one. */
static void tell_folded(struct play *play, uint64_t last)
{
    struct ot_slice ops[EDITS_MAX];
    struct ot_buf folded = {0}, message = {0};
    size_t count = 0;
    for (uint64_t v = play->position; v < last; v++) {
        ops[count++] = ot_buf_slice(&play->solo.entries[v].op);
    }
    bytes_must(ot_compose_all(ops, count, OT_STABLE, &folded));
    encode_catchup(&message, PARTNER_CHANNEL, play->position + 1, last, ot_buf_slice(&folded));
    play->position = last;
    tell(play, &message);
    ot_buf_deinit(&folded);
}

static void tell_entry(struct play *play)
{
    const struct solo_entry *entry = &play->solo.entries[play->position++];
    struct ot_buf message = {0};
    if (entry->client == PARTNER_CLIENT) {
        tell_ack(play, play->position, entry->seq);
    } else {
        encode_edit(&message, PARTNER_CHANNEL, play->position, OTHER_MEMBER,
                    ot_buf_slice(&entry->op));
        tell(play, &message);
    }
}

bool partner_tells(struct play *play)
{
    uint64_t last = play->position;
    if (!play->attached || last == play->solo.count) {
        return false;
    }
    while (last < play->solo.count && play->solo.entries[last].client != PARTNER_CLIENT) {
        last++;
    }
    if (last > play->position + 1 && rng_percent(&play->plan.rng, 50)) {
        tell_folded(play, last);
    } else {
        tell_entry(play);
    }
    if (rng_percent(&play->plan.rng, 25)) {
        tell_hash(play);
    }
    return true;
}

/* Only inserts or only deletes: there is no other way to lead there. */
static bool is_plain(struct ot_slice op)
{
    struct ot_op_info info;
    struct ot_iter iter;
    struct ot_component component;
    unsigned runs = 0;
    bool in_run = false;
    bytes_must(ot_op_check(op, &info, NULL));
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        runs += component.kind != OT_RETAIN && !in_run;
        in_run = component.kind != OT_RETAIN;
    }
    return runs <= 1 && (info.inserted_length == 0 || info.deleted_length == 0);
}

/* The client has edits that were acknowledged, and does not know yet that they are gone. */
static bool has_lost(const struct play *play)
{
    return play->client_epoch != play->epoch && session_seq(play->session) > play->seq;
}

/* May a client with something unsaved be given this version as a snapshot? */
static bool leads_plainly(struct play *play, uint64_t version)
{
    struct ot_buf own = {0}, op = {0};
    struct ot_doc *doc;
    bool lost = has_lost(play);
    if (lost) {
        bytes_set(&own, ot_buf_slice(&play->before));
    } else {
        bytes_must(ot_doc_snapshot(session_committed(play->session), &own));
    }
    bytes_must(ot_doc_load(ot_buf_slice(&own), &doc));
    if (!lost && session_waits(play->session) && play->seq > session_seq(play->session)) {
        bytes_must(ot_doc_apply(doc, session_flight(play->session), NULL));
    }
    ot_buf_clear(&own);
    bytes_must(ot_doc_snapshot(doc, &own));
    bytes_must(difference(ot_buf_slice(&own), ot_buf_slice(&play->documents[version]), &op));
    bool plain = is_plain(ot_buf_slice(&op));
    ot_buf_deinit(&own);
    ot_buf_deinit(&op);
    ot_doc_free(doc);
    return plain;
}

/* The newest version that may be given, from `least` on; false when there is none. */
static bool find_snapshot(struct play *play, uint64_t least, uint64_t *version_out)
{
    for (uint64_t v = play->solo.count + 1; v > least; v--) {
        if (!play->loaded || leads_plainly(play, v - 1)) {
            *version_out = v - 1;
            return true;
        }
    }
    return false;
}

static void tell_opened(struct play *play, uint64_t ref, uint64_t version, bool with_snapshot)
{
    struct ot_buf message = {0};
    struct encode_opened opened = {.channel = PARTNER_CHANNEL,
                                   .ref = ref,
                                   .epoch = play->epoch,
                                   .version = version,
                                   .head = play->solo.count,
                                   .seq = play->seq,
                                   .type = play->rich ? 1 : 2,
                                   .title = "t",
                                   .role = play->barred ? "viewer" : "editor",
                                   .member = MEMBER};
    if (with_snapshot) {
        opened.snapshot = ot_buf_slice(&play->documents[version]);
    }
    encode_opened(&message, &opened, NULL);
    tell(play, &message);
    play->attached = true;
    play->position = version;
    if (rng_percent(&play->plan.rng, 25)) {
        tell_hash(play);
    }
}

/* `known`: the version that the client goes on from, or WIRE_NONE. */
static void open_channel(struct play *play, uint64_t ref, uint64_t known)
{
    uint64_t least = play->client_epoch == play->epoch ? session_version(play->session) : 0;
    uint64_t version;
    least = least < play->version ? play->version : least;
    bool wanted = known == WIRE_NONE || rng_percent(&play->plan.rng, 50);
    if (wanted && find_snapshot(play, least, &version)) {
        tell_opened(play, ref, version, true);
    } else if (known != WIRE_NONE) {
        tell_opened(play, ref, known, false);
    } else {
        play->over = true;
    }
}

void partner_lags(struct play *play)
{
    if (play->attached && queue_is_empty(&play->down) && !play->has_refused && !play->barred &&
        !play->retry && session_state(play->session) >= SESSION_CATCHING) {
        play->has_lagged = true;
        open_channel(play, 0, play->position);
    }
}

void partner_bars(struct play *play)
{
    struct ot_buf message = {0};
    bool rests = !play->has_lagged && !play->has_refused && !play->retry;
    if (play->attached && (play->barred || rests)) {
        play->barred = !play->barred;
        encode_role(&message, PARTNER_CHANNEL, play->barred ? "viewer" : "editor");
        tell(play, &message);
    }
}

void partner_lets_go(struct play *play)
{
    struct ot_buf message = {0};
    if (play->attached && !play->barred) {
        play->attached = false;
        encode_closed(&message, PARTNER_CHANNEL, "storage_full", "");
        tell(play, &message);
    }
}

static void refuse(struct play *play, uint64_t seq, const char *code, uint64_t retry_ms)
{
    struct ot_buf message = {0};
    struct encode_error error = {.ref = seq,
                                 .channel = PARTNER_CHANNEL,
                                 .code = code,
                                 .text = "",
                                 .retry_ms = retry_ms,
                                 .at = WIRE_NONE};
    encode_error(&message, &error);
    tell(play, &message);
    play->has_refused = true;
}

/* NULL: it is taken. While another answer is under way upon which it is sent again, it is. */
static const char *reason_against(struct play *play, const struct ot_op_info *info)
{
    static const char *const codes[] = {"too_old", "bad_base", "out_of_range"};
    if (play->barred) {
        return "forbidden";
    }
    if (play->has_lagged || !queue_is_empty(&play->up)) {
        return NULL;
    }
    if (play->full) {
        return "storage_full";
    }
    if (play->cramped && info->inserted_length > info->deleted_length) {
        return "document_full";
    }
    if (play->repairs >= REPAIRS_MAX || !rng_percent(&play->plan.rng, play->trouble)) {
        return NULL;
    }
    play->repairs++;
    return codes[rng_below(&play->plan.rng, 3)];
}

static void take_edit(struct play *play, const struct message *message)
{
    uint64_t seq = message->edit.seq;
    if (!play->attached) {
        refuse(play, seq, "not_open", WIRE_NONE);
        return;
    }
    if (seq == play->seq) {
        if (play->version <= play->position) {
            tell_ack(play, play->version, seq);
        }
        return;
    }
    const char *code = reason_against(play, &message->edit.info);
    if (code != NULL) {
        refuse(play, seq, code, strcmp(code, "storage_full") == 0 ? PARTNER_RETRY_MS : WIRE_NONE);
        return;
    }
    plan_check(&play->plan, seq == play->seq + 1 && message->edit.base >= play->version,
               "edit %" PRIu64 " at %" PRIu64 " is out of turn", seq, message->edit.base);
    play->version = commit(play, PARTNER_CLIENT, seq, message->edit.base, message->edit.op);
    play->seq = seq;
}

bool partner_hears(struct play *play)
{
    struct ot_buf bytes = {0};
    struct message message;
    struct wire_error error;
    size_t offset = 0;
    if (queue_is_empty(&play->up)) {
        return false;
    }
    queue_take(&play->up, &bytes);
    plan_check(&play->plan, wire_read(ot_buf_slice(&bytes), &offset, &message, &error) == 0,
               "the client says what is %s", error.code);
    if (message.kind == WIRE_OPEN) {
        play->has_refused = play->has_lagged = false;
        bool known = message.open.epoch == play->epoch;
        open_channel(play, message.ref, known ? message.open.version : WIRE_NONE);
    } else if (message.kind == WIRE_EDIT) {
        play->has_refused = false;
        take_edit(play, &message);
    }
    ot_buf_deinit(&bytes);
    return true;
}

void partner_commit(struct play *play, struct ot_slice op)
{
    commit(play, PARTNER_OTHER, ++play->other_seq, play->solo.count, op);
}

void partner_loses(struct play *play)
{
    queue_clear(&play->up);
    queue_clear(&play->down);
    play->attached = play->has_refused = play->has_lagged = false;
}

/* ---- going back ---- */

/* As a client with the whole log has it: one that was given a snapshot since may not keep enough.
 */
bool partner_may_restore(const struct play *play)
{
    return play->loaded && play->client_epoch == play->epoch && !play->has_refused &&
           session_state(play->session) > SESSION_OPENING &&
           session_version(play->session) > play->snapshot_version;
}

static void take_back_log(struct play *play, uint64_t version)
{
    while (play->solo.count > version) {
        ot_buf_deinit(&play->documents[play->solo.count]);
        ot_buf_deinit(&play->solo.entries[--play->solo.count].op);
    }
    ot_doc_free(play->solo.doc);
    bytes_must(ot_doc_load(ot_buf_slice(&play->documents[version]), &play->solo.doc));
}

/* The last edit of `author` up to `version`: its number, and its version. */
static uint64_t last_edit(const struct play *play, uint32_t author, uint64_t version,
                          uint64_t *version_out)
{
    while (version > 0 && play->solo.entries[version - 1].client != author) {
        version--;
    }
    *version_out = version;
    return version == 0 ? 0 : play->solo.entries[version - 1].seq;
}

void partner_restores(struct play *play)
{
    uint64_t from = play->snapshot_version, kept, at;
    uint64_t last = session_version(play->session);
    uint64_t version = from + rng_below(&play->plan.rng, (uint32_t)(last - from));
    play->seq = last_edit(play, PARTNER_CLIENT, version, &kept);
    for (at = version; at < last && play->solo.entries[at].client != PARTNER_CLIENT;) {
        at++;
    }
    bytes_set(&play->before, ot_buf_slice(&play->documents[at]));
    play->version = kept;
    take_back_log(play, version);
    play->other_seq = last_edit(play, PARTNER_OTHER, version, &kept);
    play->epoch++;
}

void partner_init(struct play *play)
{
    static const uint8_t newline[] = {0x02, 0x09, 0x0a};
    play->epoch = play->client_epoch = FIRST_EPOCH;
    solo_init(&play->solo);
    if (play->rich) {
        bytes_must(ot_doc_apply(play->solo.doc, (struct ot_slice){newline, sizeof newline}, NULL));
    }
    note_document(play);
}

void partner_deinit(struct play *play)
{
    for (size_t i = 0; i <= play->solo.count; i++) {
        ot_buf_deinit(&play->documents[i]);
    }
    free(play->documents);
    ot_buf_deinit(&play->before);
    solo_deinit(&play->solo);
    queue_deinit(&play->up);
    queue_deinit(&play->down);
}
