/* Events: what happens to a server besides what its clients say. */
#include "fuzz/lib/session.h"

#include <assert.h>
#include <string.h>

/* Nobody is there any more, and all begins anew on what is stored. */
static void restart(struct session *session)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        session_leave(session, &session->people[i]);
    }
    world_crash(&session->world);
}

/* As if the database had been restored from a backup of this moment. */
static void restore(struct session *session)
{
    session->world.epoch++;
    restart(session);
}

/* It is done when all that it had taken is stored, so the store must be able to. */
static void stop(struct session *session)
{
    world_post(&session->world, HUB_IN_STOP, 0, (struct ot_slice){0});
    session->world.append_result = session->world.delete_result = STORE_OK;
    session->world.read_result = STORE_OK;
    world_commit(&session->world);
    session_hear(session);
    assert(hub_stopped(session->world.hub));
    restart(session);
}

static void revoke(struct session *session, unsigned how)
{
    static const char *const names[] = {"ann", "bob", "one", "two"};
    int64_t now_s = (session->world.unix_ms + (int64_t)session->world.now_ms) / 1000;
    struct store_revocation revocation = {.kind = how % 4 < 2 ? STORE_REVOKED_SUBJECT
                                                              : STORE_REVOKED_TOKEN,
                                          .before_s = now_s + 1,
                                          .until_s = now_s + how * INT64_C(10)};
    strcpy(revocation.name, names[how % 4]);
    bool waits = session->world.appends != NULL;
    world_revoke(&session->world, 1, &revocation);
    assert(waits || session->world.answered_result == STORE_OK);
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct person *person = &session->people[i];
        bool is_meant =
            person->has_token &&
            strcmp(how % 4 < 2 ? person->token.subject : person->token.id, revocation.name) == 0;
        assert(waits || !is_meant || person->connection->closed != 0);
    }
}

static void change_keys(struct session *session, unsigned how)
{
    const struct token_keys *keys = &session->keys[how % 3];
    if ((session->mode & MODE_GUARDED) == 0) {
        return;
    }
    session->rules.keys = keys;
    world_post(&session->world, HUB_IN_KEYS, 1,
               (struct ot_slice){(const uint8_t *)&keys, sizeof keys});
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct person *person = &session->people[i];
        assert(!person->has_token || token_keys_find(keys, person->token.key->name) != NULL ||
               person->connection->closed != 0);
    }
}

void session_operate(struct session *session, struct person *person)
{
    unsigned what = session_take(session), how = what / 8;
    (void)person;
    switch (what % 8) {
    case 0:
        restart(session);
        break;
    case 1:
        restore(session);
        break;
    case 2:
        stop(session);
        break;
    case 3:
        revoke(session, how);
        break;
    case 4:
        change_keys(session, how);
        break;
    default:
        hub_press(session->world.hub, (enum hub_pressure)(how % HUB_NEVER));
    }
}

/* A reader falls behind. */
void session_lag(struct session *session, struct person *person)
{
    unsigned how = session_take(session);
    uint8_t channel = (uint8_t)(how % DOCUMENTS);
    const struct view *view = &person->views[channel];
    if (person->connection == NULL || !view->is_open) {
        return;
    }
    if (how / DOCUMENTS % 2 == 0) {
        world_miss_presence(&session->world, person->connection, channel);
    } else {
        world_lag(&session->world, person->connection, channel,
                  person->connection->channels[channel].attachment, view->version);
    }
}
