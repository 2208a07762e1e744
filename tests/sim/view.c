#include "view.h"

#include "tools/peer/bytes.h"

#include <stdio.h>
#include <string.h>

/* ---- positions ---- */

static uint64_t moved(uint64_t position, struct ot_slice op, bool own)
{
    return position == PEER_NONE ? PEER_NONE
                                 : ot_transform_position(op, position, own ? OT_RIGHT : OT_LEFT);
}

static void move(struct mark *mark, uint64_t member, struct ot_slice op)
{
    mark->anchor = moved(mark->anchor, op, mark->member == member);
    mark->head = moved(mark->head, op, mark->member == member);
}

void view_step(struct seat *seat, uint64_t version, uint64_t member, struct ot_slice op)
{
    struct step *step = &seat->steps[seat->step_count++ % STEPS_MAX];
    step->last = version;
    step->member = member;
    bytes_set(&step->op, op);
    for (size_t i = 0; i < seat->mark_count; i++) {
        move(&seat->marks[i], member, op);
    }
}

void view_forget_steps(struct seat *seat)
{
    seat->step_count = 0;
}

/* Brings a mark from `version` to the document's. */
static void catch_up(const struct seat *seat, struct mark *mark, uint64_t version)
{
    size_t kept = seat->step_count < STEPS_MAX ? seat->step_count : STEPS_MAX;
    for (size_t i = seat->step_count - kept; i < seat->step_count; i++) {
        const struct step *step = &seat->steps[i % STEPS_MAX];
        if (step->last > version) {
            move(mark, step->member, ot_buf_slice(&step->op));
        }
    }
}

/* ---- who is there ---- */

static struct mark *mark_of(struct seat *seat, uint64_t member)
{
    size_t i = 0;
    while (i < seat->mark_count && seat->marks[i].member != member) {
        i++;
    }
    return i < seat->mark_count ? &seat->marks[i] : NULL;
}

static void take_member(struct seat *seat, const struct peer_member *member, uint64_t version)
{
    struct plan *plan = seat->person->plan;
    struct mark *mark = mark_of(seat, member->member);
    if (member->left) {
        if (mark != NULL) {
            *mark = seat->marks[--seat->mark_count];
        }
        return;
    }
    if (mark == NULL) {
        plan_check(plan, member->introduced && seat->mark_count < MARKS_MAX,
                   "%s sees member %llu, who was never introduced", seat->person->name,
                   (unsigned long long)member->member);
        mark = &seat->marks[seat->mark_count++];
        *mark = (struct mark){.member = member->member};
    }
    mark->anchor = member->anchor;
    mark->head = member->head;
    mark->typing = member->typing;
    if (member->introduced) {
        snprintf(mark->name, sizeof mark->name, "%.*s", (int)member->name.size, member->name.data);
    }
    catch_up(seat, mark, version);
}

void view_presence(struct seat *seat, const struct peer_message *message)
{
    struct plan *plan = seat->person->plan;
    struct ot_slice members = message->presence.members;
    plan_check(plan, message->presence.version <= session_version(seat->session),
               "%s sees positions of version %llu at version %llu", seat->person->name,
               (unsigned long long)message->presence.version,
               (unsigned long long)session_version(seat->session));
    if (message->presence.full) {
        seat->mark_count = 0;
    }
    seat->people = message->presence.people;
    for (uint32_t i = 0; i < message->presence.member_count; i++) {
        struct peer_member member;
        plan_check(plan, peer_next_member(&members, &member) == 0, "PRESENCE is malformed");
        take_member(seat, &member, message->presence.version);
    }
}

/* ---- looking ---- */

static struct cursor cursor_of(const struct server *server, unsigned document, uint64_t member)
{
    size_t i = 0;
    while (i < server->cursor_count &&
           (server->cursors[i].member != member || server->cursors[i].document != document)) {
        i++;
    }
    if (i == server->cursor_count) {
        return (struct cursor){.document = document, .anchor = PEER_NONE, .head = PEER_NONE};
    }
    return server->cursors[i];
}

static void check_mark(const struct seat *seat, const struct line *line)
{
    const struct server *server = seat->person->server;
    const struct ledger *ledger = &server->ledgers[seat->document];
    uint64_t member = line->members[seat->document];
    const struct mark *mark = mark_of((struct seat *)(uintptr_t)seat, member);
    plan_check(server->plan, mark != NULL, "%s does not see %s in document %u", seat->person->name,
               line->name, seat->document);
    plan_check(server->plan, strcmp(mark->name, line->name) == 0, "%s sees %s under the name %s",
               seat->person->name, line->name, mark->name);
    plan_check(server->plan, !mark->typing, "%s sees %s typing for ever", seat->person->name,
               line->name);
    struct cursor cursor = cursor_of(server, seat->document, member);
    uint64_t ends[] = {cursor.anchor, cursor.head}, seen[] = {mark->anchor, mark->head};
    for (size_t i = 0; i < 2; i++) {
        uint64_t end =
            ledger_move(ledger, cursor.client, ends[i], cursor.version, ledger->edit_count);
        plan_check(server->plan, seen[i] == end,
                   "%s sees the cursor of %s in document %u at %lld, it should be at %lld",
                   seat->person->name, line->name, seat->document, (long long)seen[i],
                   (long long)end);
    }
}

void view_check(const struct seat *seat)
{
    const struct server *server = seat->person->server;
    size_t readers = 0;
    for (size_t i = 0; i < server->line_count; i++) {
        if (server->lines[i]->members[seat->document] != 0) {
            readers++;
            check_mark(seat, server->lines[i]);
        }
    }
    plan_check(server->plan, seat->mark_count == readers && seat->people == readers,
               "%s sees %zu of %llu people in document %u, where %zu are", seat->person->name,
               seat->mark_count, (unsigned long long)seat->people, seat->document, readers);
}
