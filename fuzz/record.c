/*
 * Linked into a program that has a hub (--wrap), writes what that hub is told as inputs of
 * fuzz_session, one for each hub, to the folder QUIRE_RECORD: see script/fuzz-seeds.
 */
#include "fuzz/lib/session.h"
#include "server/hub/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENT_LEAVE  "\x02\x04"
#define EVENT_FULL   "\x05\x00\x07\x05\x05"
#define EVENT_PASS   6
#define EVENT_COMMIT 7
#define EVENT_SAY    9
#define EVENT_STOP   "\x0b\x02"
#define EVENT_LAG    12
#define IDS          16
#define SIZE_MAX_SAY (64 * 256)

struct recording {
    const struct hub *hub;
    struct hub_env env;
    FILE *file;
    unsigned count;
    uint64_t now_ms;
    uint64_t seats[PEOPLE]; /* connections */
    unsigned next_seat;
    bool is_committed; /* nothing has happened since a commit */
    char ids[IDS][STORE_ID_MAX + 1];
    unsigned id_count;
};

static struct recording *recording(void)
{
    static struct recording only;
    return &only;
}

struct hub *__real_hub_new(const struct hub_env *env, uint64_t epoch, unsigned gates);
struct hub *__wrap_hub_new(const struct hub_env *env, uint64_t epoch, unsigned gates);
void __real_hub_receive(struct hub *hub, struct hub_in *in);
void __wrap_hub_receive(struct hub *hub, struct hub_in *in);
void __real_hub_stored(struct hub *hub, struct store_request *request);
void __wrap_hub_stored(struct hub *hub, struct store_request *request);

static void put(struct recording *to, const void *bytes, size_t size)
{
    if (to->file != NULL && fwrite(bytes, 1, size, to->file) != size) {
        abort();
    }
}

static void put_byte(struct recording *to, unsigned byte)
{
    put(to, &(uint8_t){(uint8_t)byte}, 1);
}

static void put_say(struct recording *to, unsigned seat, const void *bytes, size_t size)
{
    if (size >= SIZE_MAX_SAY) {
        return;
    }
    put_byte(to, EVENT_SAY | seat << 4);
    if (size < 192) {
        put_byte(to, (unsigned)size);
    } else {
        put_byte(to, 192 + (unsigned)(size / 256));
        put_byte(to, (unsigned)(size % 256));
    }
    put(to, bytes, size);
}

/* Documents that are there from the beginning are made when they are opened first. */
static void put_create(struct recording *to, unsigned seat, const struct message *message)
{
    bool creates = message->kind == WIRE_CREATE;
    struct ot_slice id = creates ? message->create.id : message->open.id;
    char text[STORE_ID_MAX + 1] = "";
    if (id.data == NULL || to->id_count == IDS) {
        return;
    }
    memcpy(text, id.data, id.size);
    for (unsigned i = 0; i < to->id_count; i++) {
        if (strcmp(to->ids[i], text) == 0) {
            return;
        }
    }
    strcpy(to->ids[to->id_count++], text);
    if (!creates) {
        uint8_t bytes[8 + STORE_ID_MAX + 2] = {0x95, WIRE_CREATE,     1, STORE_RICH, 0xa0,
                                               0xd9, (uint8_t)id.size};
        size_t head = id.size < 32 ? 6 : 7;
        bytes[5] = id.size < 32 ? (uint8_t)(0xa0 + id.size) : 0xd9;
        memcpy(bytes + head, id.data, id.size);
        put_say(to, seat, bytes, head + id.size);
    }
}

static unsigned seat_of(struct recording *to, uint64_t connection)
{
    for (unsigned seat = 0; seat < PEOPLE; seat++) {
        if (to->seats[seat] == connection) {
            return seat;
        }
    }
    unsigned seat = to->next_seat++ % PEOPLE;
    to->seats[seat] = connection;
    return seat;
}

static void put_time(struct recording *to)
{
    uint64_t now_ms = to->env.monotonic_ms(to->env.context), passed_ms = now_ms - to->now_ms;
    to->now_ms = now_ms;
    if (passed_ms > 0) {
        unsigned seconds = passed_ms < 128000 ? (unsigned)(passed_ms / 1000) : 128;
        put_byte(to, EVENT_PASS);
        put_byte(to, passed_ms < 1000 ? (unsigned)(passed_ms + 7) / 8 : 127 + seconds);
    }
}

struct hub *__wrap_hub_new(const struct hub_env *env, uint64_t epoch, unsigned gates)
{
    struct recording *to = recording();
    const char *folder = getenv("QUIRE_RECORD");
    char path[512];
    unsigned count = to->count + 1;
    if (to->file != NULL) {
        fclose(to->file);
    }
    *to = (struct recording){.hub = __real_hub_new(env, epoch, gates), .env = *env, .count = count};
    if (folder != NULL) {
        snprintf(path, sizeof path, "%s/%d-%u", folder, (int)getpid(), count);
        to->file = fopen(path, "wb");
    }
    to->now_ms = env->monotonic_ms(env->context);
    put_byte(to, MODE_EMPTY | (env->tokens != NULL ? MODE_GUARDED : 0) |
                     (env->lets_guests ? MODE_GUESTS : 0));
    return (struct hub *)to->hub;
}

void __wrap_hub_receive(struct hub *hub, struct hub_in *in)
{
    struct recording *to = recording();
    put_time(to);
    to->is_committed = false;
    if (in->kind == HUB_IN_MESSAGE) {
        unsigned seat = seat_of(to, in->connection);
        if (in->message.kind == WIRE_OPEN || in->message.kind == WIRE_CREATE) {
            put_create(to, seat, &in->message);
        }
        put_say(to, seat, in->bytes, in->size);
    } else if (in->kind == HUB_IN_GONE) {
        put_byte(to, (unsigned)EVENT_LEAVE[0] | seat_of(to, in->connection) << 4);
        put_byte(to, (unsigned)EVENT_LEAVE[1]);
    } else if (in->kind == HUB_IN_LAGGED || in->kind == HUB_IN_PRESENCE) {
        put_byte(to, EVENT_LAG | seat_of(to, in->connection) << 4);
        put_byte(to, in->channel % DOCUMENTS + (in->kind == HUB_IN_LAGGED ? DOCUMENTS : 0));
    } else if (in->kind == HUB_IN_STOP) {
        put(to, EVENT_STOP, sizeof EVENT_STOP - 1);
    }
    __real_hub_receive(hub, in);
}

void __wrap_hub_stored(struct hub *hub, struct store_request *request)
{
    struct recording *to = recording();
    bool appends = request->kind == REQUEST_APPEND_EDIT || request->kind == REQUEST_APPEND_CHAT;
    if (appends && !to->is_committed) {
        put_time(to);
        if (request->result == STORE_OK) {
            put_byte(to, EVENT_COMMIT);
        } else {
            put(to, EVENT_FULL, sizeof EVENT_FULL - 1);
        }
        to->is_committed = true;
    }
    __real_hub_stored(hub, request);
}
