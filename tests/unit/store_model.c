#include "unit/store_model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/store_world.h"

#define CONTENT_MAX 400000

/* ---- what follows from the numbers ------------------------------------------------------------
 */

enum content { CONTENT_OP = 1, CONTENT_SNAPSHOT, CONTENT_CHAT, CONTENT_TITLE };

static uint64_t content_seed(const struct model_document *document, enum content content,
                             uint64_t number)
{
    uint64_t seed = (uint64_t)document->generation * 1000003 + (uint64_t)content * 7919 + number;

    return random_next(&seed);
}

/* Mostly small, at times empty, at times larger than a page or a segment. */
static size_t content_size(uint64_t seed, enum content content)
{
    switch (seed % 64) {
    case 0:
        return 0;
    case 1:
        return content == CONTENT_OP ? 70000 : 300000;
    case 2:
    case 3:
        return 5000;
    default:
        return 1 + seed / 64 % 60;
    }
}

struct content_bytes {
    size_t size;
    uint8_t bytes[CONTENT_MAX];
};

static struct store_slice content_make(struct content_bytes *out,
                                       const struct model_document *document, enum content content,
                                       uint64_t number)
{
    uint64_t seed = content_seed(document, content, number);

    out->size = content_size(seed, content);
    if (content == CONTENT_CHAT || content == CONTENT_TITLE)
        out->size %= 200;
    for (size_t i = 0; i < out->size; i++)
        out->bytes[i] = (uint8_t)('a' + (seed + i * i) % 26);
    return (struct store_slice){.data = out->bytes, .size = out->size};
}

static bool content_is(const struct model_document *document, enum content content, uint64_t number,
                       struct store_slice slice)
{
    static struct content_bytes expected;

    content_make(&expected, document, content, number);
    return expected.size == slice.size &&
           (slice.size == 0 || memcmp(expected.bytes, slice.data, slice.size) == 0);
}

static uint64_t client_of(uint64_t version)
{
    return UINT64_C(0xfeed000000000000) + (version ^ version >> 2) % MODEL_CLIENTS;
}

static int64_t edit_time(uint64_t version)
{
    return 100000 + (int64_t)version * 10;
}

static struct store_edit edit_of(const struct model_document *document, uint64_t version,
                                 struct content_bytes *op)
{
    return (struct store_edit){.key = document->key,
                               .version = version,
                               .client = client_of(version),
                               .seq = version * 3,
                               .at_ms = edit_time(version),
                               .op = content_make(op, document, CONTENT_OP, version)};
}

static struct store_chat chat_of(const struct model_document *document, uint64_t number,
                                 struct content_bytes *text)
{
    return (struct store_chat){.key = document->key,
                               .number = number,
                               .client = client_of(number),
                               .nonce = number * 5,
                               .at_ms = (int64_t)number,
                               .name = slice_of("somebody"),
                               .color = slice_of("#abc"),
                               .text = content_make(text, document, CONTENT_CHAT, number)};
}

static void id_of(const struct model_document *document, char *id_out)
{
    snprintf(id_out, STORE_ID_MAX + 1, "generation-%u", document->generation);
}

static void title_of(const struct model_document *document, char *title_out)
{
    static struct content_bytes title;

    content_make(&title, document, CONTENT_TITLE, document->title);
    memcpy(title_out, title.bytes, title.size);
    title_out[title.size] = '\0';
}

/* Each place counts its documents in steps, so that no two have the same generation. */
void model_init(struct model *model)
{
    *model = (struct model){0};
    for (size_t i = 0; i < MODEL_DOCUMENTS; i++)
        model->documents[i].generation = (unsigned)i;
}

/* ---- steps ---- */

const char *step_name(const struct step *step)
{
    static const char *const names[] = {"create", "rename", "delete", "append", "settle", "idle"};

    return names[step->kind];
}

static void draw_append(struct step *step, const struct model *model, uint64_t *random)
{
    size_t count = 1 + random_below(random, random_below(random, 4) == 0 ? MODEL_BATCH_MAX : 6);

    for (size_t i = 0; i < count; i++) {
        size_t place = random_below(random, MODEL_DOCUMENTS);

        if (!model->documents[place].live)
            continue;
        if (random_below(random, 8) == 0)
            step->chat_places[step->chat_count++] = place;
        else
            step->edit_places[step->edit_count++] = place;
    }
}

static void draw_settle(struct step *step, const struct model_document *document, uint64_t *random)
{
    step->number = document->settling;
    if (step->number == 0 || random_below(random, 16) == 0)
        step->number = document->version > 0 ? random_below(random, document->version + 1) : 0;
    if (random_below(random, 2) == 0 && document->settling == 0)
        step->number = document->version;
}

void step_draw(struct step *step, const struct model *model, uint64_t *random)
{
    const struct model_document *document;
    uint64_t chance = random_below(random, 100);

    *step = (struct step){.place = random_below(random, MODEL_DOCUMENTS)};
    document = &model->documents[step->place];
    if (!document->live)
        step->kind = STEP_CREATE;
    else if (document->version >= MODEL_EDITS_MAX || chance < 1)
        step->kind = STEP_DELETE;
    else if (chance < 4)
        step->kind = STEP_RENAME;
    else if (chance < 8)
        step->kind = STEP_IDLE;
    else if (chance < 40)
        step->kind = STEP_SETTLE;
    else
        step->kind = STEP_APPEND;
    if (step->kind == STEP_APPEND)
        draw_append(step, model, random);
    if (step->kind == STEP_SETTLE)
        draw_settle(step, document, random);
    if (step->kind == STEP_RENAME)
        step->number = random_below(random, 1000000);
}

static int64_t rename_time(uint64_t title)
{
    return 50000 + (int64_t)(title % 100000);
}

void step_expect(const struct step *step, struct model *model)
{
    struct model_document *document = &model->documents[step->place];

    switch (step->kind) {
    case STEP_CREATE:
        *document = (struct model_document){.live = true,
                                            .generation = document->generation + MODEL_DOCUMENTS,
                                            .key = document->key,
                                            .renamed_ms = 50000};
        break;
    case STEP_RENAME:
        document->title = step->number;
        if (document->renamed_ms < rename_time(step->number))
            document->renamed_ms = rename_time(step->number);
        break;
    case STEP_DELETE:
        document->live = false;
        break;
    case STEP_APPEND:
        for (size_t i = 0; i < step->edit_count; i++)
            model->documents[step->edit_places[i]].version++;
        for (size_t i = 0; i < step->chat_count; i++)
            model->documents[step->chat_places[i]].chats++;
        break;
    case STEP_SETTLE:
    case STEP_IDLE:
        break;
    }
}

static int run_append(const struct step *step, const struct model *model, struct store *store)
{
    static struct content_bytes contents[2 * MODEL_BATCH_MAX];
    struct store_edit edits[MODEL_BATCH_MAX];
    struct store_chat chats[MODEL_BATCH_MAX];
    struct model next = *model;

    for (size_t i = 0; i < step->edit_count; i++) {
        struct model_document *document = &next.documents[step->edit_places[i]];

        edits[i] = edit_of(document, ++document->version, &contents[i]);
    }
    for (size_t i = 0; i < step->chat_count; i++) {
        struct model_document *document = &next.documents[step->chat_places[i]];

        chats[i] = chat_of(document, ++document->chats, &contents[MODEL_BATCH_MAX + i]);
    }
    return store_append(store, edits, step->edit_count, chats, step->chat_count);
}

static int run_settle(const struct step *step, struct model_document *document, struct store *store)
{
    static struct content_bytes snapshot;
    bool done = false;
    int rc;

    document->settling = step->number;
    if (document->snapshot_to < step->number)
        document->snapshot_to = step->number;
    rc = store_settle(store, document->key, step->number,
                      content_make(&snapshot, document, CONTENT_SNAPSHOT, step->number), 1, &done);
    if (rc == STORE_OK && done) {
        document->settling = 0;
        if (document->snapshot < step->number)
            document->snapshot = step->number;
    }
    return rc;
}

static int run_create(const struct step *step, struct model *model, struct store *store)
{
    struct store_document face = {.type = STORE_TEXT};
    struct model next = *model;
    struct model_document *document = &next.documents[step->place];
    int rc;

    step_expect(step, &next);
    id_of(document, face.id);
    title_of(document, face.title);
    rc = store_create(store, &face, 50000);
    if (rc == STORE_OK)
        model->documents[step->place].key = face.key;
    return rc;
}

static int run_rename(const struct step *step, const struct model *model, struct store *store)
{
    struct model next = *model;
    struct model_document *document = &next.documents[step->place];
    char title[STORE_TITLE_MAX + 1];

    step_expect(step, &next);
    title_of(document, title);
    return store_rename(store, document->key, title, rename_time(step->number));
}

int step_run(const struct step *step, struct model *model, struct store *store)
{
    int rc = STORE_OK;

    switch (step->kind) {
    case STEP_CREATE:
        rc = run_create(step, model, store);
        break;
    case STEP_RENAME:
        rc = run_rename(step, model, store);
        break;
    case STEP_DELETE:
        rc = store_delete(store, model->documents[step->place].key);
        break;
    case STEP_APPEND:
        rc = run_append(step, model, store);
        break;
    case STEP_SETTLE:
        rc = run_settle(step, &model->documents[step->place], store);
        break;
    case STEP_IDLE:
        rc = store_idle(store);
        break;
    }
    if (rc == STORE_OK)
        step_expect(step, model);
    return rc;
}

void step_adopt(const struct step *step, struct model *model, struct store *store)
{
    struct model_document *document = &model->documents[step->place];
    struct store_document face;
    char id[STORE_ID_MAX + 1];

    id_of(document, id);
    if (step->kind == STEP_CREATE && store_find(store, id, &face) == STORE_OK)
        document->key = face.key;
}

/* ---- comparing ---- */

struct comparison {
    const struct model_document *document;
    struct store *store;
    uint64_t next;
    char *text;
};

__attribute__((format(printf, 2, 3))) static bool differ(struct comparison *comparison,
                                                         const char *format, ...)
{
    va_list arguments;
    int size = snprintf(comparison->text, MODEL_TEXT_MAX,
                        "generation %u: ", comparison->document->generation);

    va_start(arguments, format);
    vsnprintf(comparison->text + size, MODEL_TEXT_MAX - (size_t)size, format, arguments);
    va_end(arguments);
    return false;
}

static int compare_edit(void *context, const struct store_edit *edit)
{
    struct comparison *comparison = context;
    uint64_t version = comparison->next++;

    if (edit->key == comparison->document->key && edit->version == version &&
        edit->client == client_of(version) && edit->seq == version * 3 &&
        edit->at_ms == edit_time(version) &&
        content_is(comparison->document, CONTENT_OP, version, edit->op))
        return 0;
    differ(comparison, "edit %" PRIu64 " differs", version);
    return 1;
}

static int compare_chat(void *context, const struct store_chat *chat)
{
    struct comparison *comparison = context;
    uint64_t number = comparison->next++;

    if (chat->key == comparison->document->key && chat->number == number &&
        chat->client == client_of(number) && chat->nonce == number * 5 &&
        chat->at_ms == (int64_t)number && chat->name.size == 8 && chat->color.size == 4 &&
        content_is(comparison->document, CONTENT_CHAT, number, chat->text))
        return 0;
    differ(comparison, "message %" PRIu64 " differs", number);
    return 1;
}

static bool face_matches(struct comparison *comparison)
{
    const struct model_document *document = comparison->document;
    uint64_t settled = document->version - store_unsettled(comparison->store, document->key);
    int64_t updated_ms = settled > 0 && edit_time(settled) > document->renamed_ms
                             ? edit_time(settled)
                             : document->renamed_ms;
    struct store_document face;
    char id[STORE_ID_MAX + 1];
    char title[STORE_TITLE_MAX + 1];
    int rc;

    id_of(document, id);
    title_of(document, title);
    rc = store_find(comparison->store, id, &face);
    if (!document->live)
        return rc == STORE_E_NOT_FOUND || differ(comparison, "find: %d, but it is gone", rc);
    if (rc != STORE_OK)
        return differ(comparison, "find: %d", rc);
    if (face.key != document->key || strcmp(face.title, title) != 0 || face.type != STORE_TEXT ||
        face.created_ms != 50000)
        return differ(comparison, "key, title, type or creation");
    return face.updated_ms == updated_ms ||
           differ(comparison, "updated %" PRId64 ", not %" PRId64, face.updated_ms, updated_ms);
}

static bool head_matches(struct comparison *comparison)
{
    const struct model_document *document = comparison->document;
    struct store_head head;
    int rc = store_load(comparison->store, document->key, &head);

    if (rc != STORE_OK)
        return differ(comparison, "load: %d", rc);
    if (head.version != document->version || head.chat_number != document->chats)
        return differ(comparison,
                      "version %" PRIu64 ", not %" PRIu64 "; chat %" PRIu64 ", not %" PRIu64,
                      head.version, document->version, head.chat_number, document->chats);
    if (head.snapshot_version < document->snapshot || head.snapshot_version > document->snapshot_to)
        return differ(comparison, "snapshot of %" PRIu64 ", not %" PRIu64 " to %" PRIu64,
                      head.snapshot_version, document->snapshot, document->snapshot_to);
    if (head.snapshot_version == 0)
        return head.snapshot.size == 0 || differ(comparison, "a snapshot of nothing");
    return content_is(document, CONTENT_SNAPSHOT, head.snapshot_version, head.snapshot) ||
           differ(comparison, "snapshot of %" PRIu64 " differs", head.snapshot_version);
}

static bool edits_match(struct comparison *comparison)
{
    const struct model_document *document = comparison->document;
    int rc;

    comparison->next = 1;
    rc = store_history(comparison->store, document->key, 0, UINT64_MAX, compare_edit, comparison);
    if (rc == 1)
        return false;
    if (rc != STORE_OK || comparison->next != document->version + 1)
        return differ(comparison, "history: %d, %" PRIu64 " edits", rc, comparison->next - 1);
    return true;
}

static bool clients_match(struct comparison *comparison)
{
    const struct model_document *document = comparison->document;
    uint64_t last[MODEL_CLIENTS] = {0};

    for (uint64_t version = 1; version <= document->version; version++)
        last[client_of(version) - client_of(0)] = version;
    for (uint64_t i = 0; i < MODEL_CLIENTS; i++) {
        uint64_t seq;
        uint64_t version;
        int rc = store_client(comparison->store, document->key, client_of(0) + i, &seq, &version);

        if (rc != STORE_OK || version != last[i] || seq != last[i] * 3)
            return differ(comparison, "client %" PRIu64 ": %d, version %" PRIu64 ", not %" PRIu64,
                          i, rc, version, last[i]);
    }
    return true;
}

static bool chats_match(struct comparison *comparison)
{
    const struct model_document *document = comparison->document;
    int rc;

    comparison->next = 1;
    rc = store_chats(comparison->store, document->key, UINT64_MAX, SIZE_MAX, compare_chat,
                     comparison);
    if (rc == 1)
        return false;
    if (rc != STORE_OK || comparison->next != document->chats + 1)
        return differ(comparison, "chats: %d, %" PRIu64 " messages", rc, comparison->next - 1);
    for (uint64_t number = 1; number <= document->chats + 1; number++) {
        uint64_t found;

        rc = store_chat_find(comparison->store, document->key, client_of(number), number * 5,
                             &found);
        if (rc != STORE_OK || found != (number <= document->chats ? number : 0))
            return differ(comparison, "message %" PRIu64 " found as %" PRIu64, number, found);
    }
    return true;
}

static void count_document(void *context, const struct store_document *document)
{
    (void)document;
    ++*(size_t *)context;
}

bool model_matches(const struct model *model, struct store *store, char *text_out)
{
    struct comparison comparison = {.store = store, .text = text_out};
    size_t live = 0;
    size_t listed = 0;

    for (size_t i = 0; i < MODEL_DOCUMENTS; i++) {
        comparison.document = &model->documents[i];
        if (!face_matches(&comparison))
            return false;
        if (!comparison.document->live)
            continue;
        live++;
        if (!head_matches(&comparison) || !edits_match(&comparison) ||
            !clients_match(&comparison) || !chats_match(&comparison))
            return false;
    }
    if (store_list(store, INT64_MAX, INT64_MAX, 100, count_document, &listed) != STORE_OK ||
        listed != live)
        return differ(&comparison, "%zu documents listed, not %zu", listed, live);
    return true;
}
