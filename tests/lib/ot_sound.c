/* Every document that a test changes is looked at after each change, a large one after every 16th:
 * the linker sends the calls through here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "quire/ot.h"

int __real_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
int __wrap_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
int __real_ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out);
int __wrap_ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out);

enum { LARGE_UNITS = 5000, LARGE_EVERY = 16 };

/* Changes of large documents so far. */
static unsigned large_changes;

static bool is_due(const struct ot_doc *doc)
{
    return ot_doc_length(doc) < LARGE_UNITS || large_changes++ % LARGE_EVERY == 0;
}

int __wrap_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    int code = __real_ot_doc_apply(doc, op, error_out);
    assert_true(!is_due(doc) || ot_doc_sound(doc));
    return code;
}

int __wrap_ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out)
{
    int code = __real_ot_doc_load(snapshot, doc_out);
    assert_true(code != OT_OK || ot_doc_sound(*doc_out));
    return code;
}
