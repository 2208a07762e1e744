/* Events: people write, as they should and otherwise. */
#include "fuzz/lib/session.h"
#include "server/wire/message.h"

#include <assert.h>

#define AT_ONCE 32  /* edits, at most, */
#define IN_ALL  64  /* and in a session, */
#define IN_MUCH 600 /* or in one of MODE_MUCH, more than there are between two hashes */

static void send_edit(struct session *session, struct person *person, const struct view *view,
                      uint64_t seq, uint64_t base, struct ot_slice op)
{
    session_send(session, person, WIRE_EDIT, "uuub", (uint64_t)(view - person->views), seq,
                 base & WIRE_UINT_MAX, op);
}

/* An operation that fits the document as the view has it, unless it cuts a pair in two. */
static void make_op(struct session *session, const struct view *view, struct ot_buf *out)
{
    static const uint8_t text[] =
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80, or text of some length; or more";
    static const struct ot_slice none, bold = {(const uint8_t *)"\x81\xa4"
                                                                "bold\xc3",
                                               7};
    const struct book *book = session_book(session, view->id);
    bool is_known = book != NULL && view->version <= book->version;
    uint64_t length = is_known ? book_length(book, view->version) : 0;
    unsigned place = session_take(session), what = session_take(session);
    uint64_t at = length * place / UINT8_MAX, count = (length - at) * (what / 32) / 7;
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    ot_builder_retain(builder, at, none);
    if (what % 32 == 31) {
        ot_builder_retain(builder, count, bold);
    } else {
        ot_builder_delete(builder, count);
        ot_builder_insert(builder, (struct ot_slice){text, what % 32 == 0 ? 0 : 8 + what % 32},
                          what % 32 == 30 ? bold : none);
    }
    assert(ot_builder_finish(builder, out) == OT_OK);
    ot_builder_free(builder);
}

/* The next edit of somebody who does as they should. */
static void write(struct session *session, struct person *person, struct view *view)
{
    ot_buf_clear(&view->op);
    make_op(session, view, &view->op);
    view->sent = (view->sent > view->seq ? view->sent : view->seq) + 1;
    view->base = view->version;
    send_edit(session, person, view, view->sent, view->base, ot_buf_slice(&view->op));
}

void session_edit(struct session *session, struct person *person)
{
    write(session, person, &person->views[session->extra < 2 ? 0 : session->extra - 1]);
}

void session_edit_anyhow(struct session *session, struct person *person)
{
    unsigned how = session_take(session);
    const struct view *view = &person->views[how % DOCUMENTS];
    size_t size = how / 8 < session->left ? how / 8 : session->left;
    struct ot_slice op = {session->data, size};
    session->data += size;
    session->left -= size;
    send_edit(session, person, view, view->seq + 1, view->version + how / DOCUMENTS % 3 - 1, op);
}

/* The last edit once more, as it was or nearly so. */
void session_edit_again(struct session *session, struct person *person)
{
    unsigned how = session_take(session);
    const struct view *view = &person->views[how % DOCUMENTS];
    struct ot_buf other = {0};
    how = how / DOCUMENTS % 4;
    if (how == 1) {
        make_op(session, view, &other);
    }
    send_edit(session, person, view, view->sent + (how == 2), how == 3 ? view->version : view->base,
              ot_buf_slice(how == 1 ? &other : &view->op));
    ot_buf_deinit(&other);
}

/* Many edits, each committed. */
void session_edit_much(struct session *session, struct person *person)
{
    const struct view *view = &person->views[0];
    unsigned how = session_take(session);
    struct ot_buf op = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_slice text = {(const uint8_t *)"abcdefgh", 1 + how / AT_ONCE};
    ot_builder_insert(builder, text, (struct ot_slice){0});
    assert(ot_builder_finish(builder, &op) == OT_OK);
    unsigned most = session->mode & MODE_MUCH ? IN_MUCH : IN_ALL;
    for (unsigned i = 0; i <= how % AT_ONCE && view->is_open && session->much < most; i++) {
        session->much++;
        send_edit(session, person, view, view->seq + 1, view->version, ot_buf_slice(&op));
        world_commit(&session->world);
        session_hear(session);
    }
    ot_builder_free(builder);
    ot_buf_deinit(&op);
}
