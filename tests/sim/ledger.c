#include "ledger.h"

#include "lib/ot_random.h"
#include "tools/peer/bytes.h"

#include <stdlib.h>
#include <string.h>

/* A rich document begins with its newline. */
static struct ot_slice beginning_of(const struct store_document *document)
{
    static const uint8_t nothing[] = {0x00}, newline[] = {0x02, 0x09, 0x0a};
    return document->type == STORE_RICH ? (struct ot_slice){newline, sizeof newline}
                                        : (struct ot_slice){nothing, sizeof nothing};
}

void ledger_init(struct ledger *ledger, struct plan *plan, const struct store_document *document)
{
    *ledger = (struct ledger){.plan = plan, .document = *document, .begin = beginning_of(document)};
    bytes_must(ot_doc_load(ledger->begin, &ledger->doc));
    bytes_must(ot_doc_hash(ledger->doc, &ledger->hash));
}

void ledger_deinit(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->edit_count; i++) {
        free((void *)(uintptr_t)ledger->edits[i].op.data);
    }
    free(ledger->edits);
    free(ledger->chats);
    ot_doc_free(ledger->doc);
}

/* ---- what is added ---- */

static struct ot_slice copy(struct store_slice bytes)
{
    uint8_t *data = bytes_alloc(1, bytes.size);
    memcpy(data, bytes.data, bytes.size);
    return (struct ot_slice){data, bytes.size};
}

void ledger_add_edit(struct ledger *ledger, const struct store_edit *edit)
{
    struct plan *plan = ledger->plan;
    const char *id = ledger->document.id;
    plan_check(plan, edit->version == ledger->edit_count + 1,
               "%s: version %llu was stored after version %zu", id,
               (unsigned long long)edit->version, ledger->edit_count);
    plan_check(plan, edit->seq == ledger_seq(ledger, edit->client, ledger->edit_count) + 1,
               "%s: version %llu is edit %llu of client %llx, out of its order", id,
               (unsigned long long)edit->version, (unsigned long long)edit->seq,
               (unsigned long long)edit->client);
    struct ledger_edit added = {.client = edit->client, .seq = edit->seq, .op = copy(edit->op)};
    plan_check(plan, ot_op_check(added.op, NULL, NULL) == OT_OK, "%s: version %llu is no operation",
               id, (unsigned long long)edit->version);
    plan_check(plan, ot_doc_apply(ledger->doc, added.op, NULL) == OT_OK,
               "%s: version %llu does not fit the document", id, (unsigned long long)edit->version);
    bytes_must(ot_doc_hash(ledger->doc, &ledger->hash));
    added.hash = ledger->hash;
    added.length = ot_doc_length(ledger->doc);
    ledger->edits = bytes_grow(ledger->edits, &ledger->edit_capacity, ledger->edit_count + 1,
                               sizeof *ledger->edits);
    ledger->edits[ledger->edit_count++] = added;
}

void ledger_add_chat(struct ledger *ledger, const struct store_chat *chat)
{
    struct plan *plan = ledger->plan;
    plan_check(plan, chat->number == ledger->chat_count + 1,
               "%s: chat message %llu was stored after number %zu", ledger->document.id,
               (unsigned long long)chat->number, ledger->chat_count);
    for (size_t i = 0; i < ledger->chat_count; i++) {
        plan_check(plan,
                   ledger->chats[i].client != chat->client || ledger->chats[i].nonce != chat->nonce,
                   "%s: a chat message was stored twice, as %zu and %llu", ledger->document.id,
                   i + 1, (unsigned long long)chat->number);
    }
    ledger->chats = bytes_grow(ledger->chats, &ledger->chat_capacity, ledger->chat_count + 1,
                               sizeof *ledger->chats);
    ledger->chats[ledger->chat_count++] = (struct ledger_chat){chat->client, chat->nonce};
}

struct ledger_mark ledger_mark(const struct ledger *ledger)
{
    return (struct ledger_mark){ledger->edit_count, ledger->chat_count};
}

void ledger_restore(struct ledger *ledger, struct ledger_mark mark)
{
    while (ledger->edit_count > mark.edits) {
        free((void *)(uintptr_t)ledger->edits[--ledger->edit_count].op.data);
    }
    ledger->chat_count = mark.chats;
    ot_doc_free(ledger->doc);
    bytes_must(ot_doc_load(ledger->begin, &ledger->doc));
    for (size_t i = 0; i < ledger->edit_count; i++) {
        bytes_must(ot_doc_apply(ledger->doc, ledger->edits[i].op, NULL));
    }
    bytes_must(ot_doc_hash(ledger->doc, &ledger->hash));
}

/* ---- what is known ---- */

static uint32_t hash_at(const struct ledger *ledger, uint64_t version)
{
    return version == 0 ? ot_hash(ledger->begin) : ledger->edits[version - 1].hash;
}

uint64_t ledger_length(const struct ledger *ledger, uint64_t version)
{
    uint64_t begin = ledger->document.type == STORE_RICH;
    return version == 0 ? begin : ledger->edits[version - 1].length;
}

uint64_t ledger_seq(const struct ledger *ledger, uint64_t client, uint64_t version)
{
    while (version > 0 && ledger->edits[version - 1].client != client) {
        version--;
    }
    return version == 0 ? 0 : ledger->edits[version - 1].seq;
}

uint64_t ledger_move(const struct ledger *ledger, uint64_t client, uint64_t position, uint64_t from,
                     uint64_t to)
{
    for (uint64_t version = from + 1; version <= to && position != PEER_NONE; version++) {
        const struct ledger_edit *edit = &ledger->edits[version - 1];
        position =
            ot_transform_position(edit->op, position, edit->client == client ? OT_RIGHT : OT_LEFT);
    }
    return position;
}

/* ---- what the server says ---- */

static void check_on_disk(const struct ledger *ledger, uint64_t version, const char *what)
{
    plan_check(ledger->plan, version <= ledger->edit_count,
               "%s: %s of version %llu while only %zu are on disk", ledger->document.id, what,
               (unsigned long long)version, ledger->edit_count);
}

static void check_hash(const struct ledger *ledger, uint64_t version, uint64_t hash,
                       const char *what)
{
    plan_check(ledger->plan, hash == hash_at(ledger, version),
               "%s: %s of version %llu is not of that document", ledger->document.id, what,
               (unsigned long long)version);
}

static void check_op(const struct ledger *ledger, uint64_t version, struct ot_slice op,
                     struct ot_slice expected)
{
    if (!bytes_equal(op, expected)) {
        plan_fail(ledger->plan, "%s: the operation sent for version %llu is%s, that stored is%s",
                  ledger->document.id, (unsigned long long)version, ot_describe(op),
                  ot_describe(expected));
    }
}

static void check_fold(const struct ledger *ledger, uint64_t first, uint64_t last,
                       struct ot_slice op)
{
    struct ot_buf fold = {0}, next = {0};
    plan_check(ledger->plan, first >= 1 && first <= last, "%s: a CATCHUP from %llu to %llu",
               ledger->document.id, (unsigned long long)first, (unsigned long long)last);
    bytes_set(&fold, ledger->edits[first - 1].op);
    for (uint64_t version = first + 1; version <= last; version++) {
        ot_buf_clear(&next);
        bytes_must(
            ot_compose(ot_buf_slice(&fold), ledger->edits[version - 1].op, OT_STABLE, &next));
        bytes_swap(&fold, &next);
    }
    check_op(ledger, last, op, ot_buf_slice(&fold));
    ot_buf_deinit(&fold);
    ot_buf_deinit(&next);
}

static void check_opened(const struct ledger *ledger, const struct peer_message *message)
{
    uint64_t version = message->opened.version, head = message->opened.head;
    struct ot_slice snapshot = message->opened.snapshot;
    check_on_disk(ledger, head, "OPENED");
    plan_check(ledger->plan, version <= head, "%s: opened at %llu with its head at %llu",
               ledger->document.id, (unsigned long long)version, (unsigned long long)head);
    if (snapshot.data != NULL) {
        plan_check(ledger->plan, ot_op_check(snapshot, NULL, NULL) == OT_OK,
                   "%s: the snapshot is no operation", ledger->document.id);
        check_hash(ledger, version, ot_hash(snapshot), "the snapshot");
    }
    plan_check(ledger->plan, message->opened.chat <= ledger->chat_count,
               "%s: opened with chat %llu while only %zu are on disk", ledger->document.id,
               (unsigned long long)message->opened.chat, ledger->chat_count);
}

void ledger_check_message(const struct ledger *ledger, const struct peer_message *message)
{
    switch (message->kind) {
    case WIRE_OPENED:
        check_opened(ledger, message);
        break;
    case WIRE_EDITED:
        check_on_disk(ledger, message->edit.version, "EDIT");
        check_op(ledger, message->edit.version, message->edit.op,
                 ledger->edits[message->edit.version - 1].op);
        break;
    case WIRE_ACK:
        check_on_disk(ledger, message->ack.version, "ACK");
        plan_check(ledger->plan, ledger->edits[message->ack.version - 1].seq == message->ack.seq,
                   "%s: an ACK of seq %llu at version %llu, which is another edit",
                   ledger->document.id, (unsigned long long)message->ack.seq,
                   (unsigned long long)message->ack.version);
        break;
    case WIRE_CATCHUP:
        check_on_disk(ledger, message->catchup.last, "CATCHUP");
        check_fold(ledger, message->catchup.first, message->catchup.last, message->catchup.op);
        break;
    case WIRE_HASH:
        check_on_disk(ledger, message->hash.version, "HASH");
        check_hash(ledger, message->hash.version, message->hash.crc, "HASH");
        break;
    case WIRE_PRESENCE:
        check_on_disk(ledger, message->presence.version, "PRESENCE");
        break;
    case WIRE_CHATTED:
        plan_check(ledger->plan, message->chat.number <= ledger->chat_count,
                   "%s: CHAT %llu while only %zu are on disk", ledger->document.id,
                   (unsigned long long)message->chat.number, ledger->chat_count);
        break;
    default:
        break;
    }
}

/* ---- what the store holds ---- */

struct replay {
    const struct ledger *ledger;
    struct ot_doc *doc;
    uint64_t version;
};

static int replay_edit(void *context, const struct store_edit *edit)
{
    struct replay *replay = context;
    const struct ledger *ledger = replay->ledger;
    struct ot_slice op = {edit->op.data, edit->op.size};
    uint64_t version = ++replay->version;
    plan_check(ledger->plan, edit->version == version && version <= ledger->edit_count,
               "%s: the store has version %llu where %llu should be", ledger->document.id,
               (unsigned long long)edit->version, (unsigned long long)version);
    const struct ledger_edit *expected = &ledger->edits[version - 1];
    plan_check(ledger->plan,
               edit->client == expected->client && edit->seq == expected->seq &&
                   bytes_equal(op, expected->op),
               "%s: the store has another edit as version %llu than was committed",
               ledger->document.id, (unsigned long long)version);
    plan_check(ledger->plan, ot_doc_apply(replay->doc, op, NULL) == OT_OK,
               "%s: stored version %llu does not fit", ledger->document.id,
               (unsigned long long)version);
    return 0;
}

/* Replays the store's edits after `version` on `doc`, which must then be the ledger's. */
static void check_replay(const struct ledger *ledger, struct store *store, struct ot_doc *doc,
                         uint64_t version)
{
    struct replay replay = {ledger, doc, version};
    uint32_t hash;
    int result = store_history(store, ledger->document.key, version + 1, ledger->edit_count + 1,
                               replay_edit, &replay);
    plan_check(ledger->plan, result == STORE_OK, "%s: its history cannot be read: %s",
               ledger->document.id, store_error_name(result));
    plan_check(ledger->plan, replay.version == ledger->edit_count,
               "%s: the store has %llu edits of %zu", ledger->document.id,
               (unsigned long long)replay.version, ledger->edit_count);
    bytes_must(ot_doc_hash(doc, &hash));
    plan_check(ledger->plan, hash == ledger->hash,
               "%s: the edits after version %llu do not make the document", ledger->document.id,
               (unsigned long long)version);
    ot_doc_free(doc);
}

static void check_snapshot(const struct ledger *ledger, struct store *store)
{
    struct store_head head;
    struct ot_doc *doc;
    int result = store_load(store, ledger->document.key, &head);
    plan_check(ledger->plan, result == STORE_OK && head.version == ledger->edit_count,
               "%s: the store's head is at version %llu of %zu", ledger->document.id,
               (unsigned long long)head.version, ledger->edit_count);
    plan_check(ledger->plan, head.chat_number == ledger->chat_count,
               "%s: the store has %llu chat messages of %zu", ledger->document.id,
               (unsigned long long)head.chat_number, ledger->chat_count);
    if (head.snapshot_version > 0) {
        struct ot_slice snapshot = {head.snapshot.data, head.snapshot.size};
        check_hash(ledger, head.snapshot_version, ot_hash(snapshot), "the stored snapshot");
        bytes_must(ot_doc_load(snapshot, &doc));
        check_replay(ledger, store, doc, head.snapshot_version);
    }
}

static void check_clients(const struct ledger *ledger, struct store *store)
{
    for (size_t i = 0; i < ledger->edit_count; i++) {
        uint64_t client = ledger->edits[i].client, seq, version;
        int result = store_client(store, ledger->document.key, client, &seq, &version);
        plan_check(ledger->plan, result == STORE_OK, "%s: a client cannot be read",
                   ledger->document.id);
        plan_check(ledger->plan,
                   seq == ledger_seq(ledger, client, ledger->edit_count) &&
                       ledger->edits[version - 1].client == client &&
                       ledger->edits[version - 1].seq == seq,
                   "%s: the store says that edit %llu was client %llx's last one",
                   ledger->document.id, (unsigned long long)seq, (unsigned long long)client);
    }
}

static int check_chat(void *context, const struct store_chat *chat)
{
    const struct ledger *ledger = context;
    const struct ledger_chat *expected = &ledger->chats[chat->number - 1];
    plan_check(ledger->plan, chat->client == expected->client && chat->nonce == expected->nonce,
               "%s: the store has another chat message as number %llu than was committed",
               ledger->document.id, (unsigned long long)chat->number);
    return 0;
}

void ledger_check_store(const struct ledger *ledger, struct store *store)
{
    struct ot_doc *doc;
    bytes_must(ot_doc_load(ledger->begin, &doc));
    check_replay(ledger, store, doc, 0);
    check_snapshot(ledger, store);
    check_clients(ledger, store);
    int result = store_chats(store, ledger->document.key, ledger->chat_count + 1,
                             ledger->chat_count, check_chat, (void *)(uintptr_t)ledger);
    plan_check(ledger->plan, result == STORE_OK, "%s: its chat cannot be read",
               ledger->document.id);
}
