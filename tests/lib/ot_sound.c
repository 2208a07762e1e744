/* Every document that a test changes is looked at after each change: the linker sends the calls
 * through here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "quire/ot.h"

int __real_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
int __wrap_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
int __real_ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out);
int __wrap_ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out);

int __wrap_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    int code = __real_ot_doc_apply(doc, op, error_out);
    assert_true(code == OT_E_MEMORY || ot_doc_sound(doc));
    return code;
}

int __wrap_ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out)
{
    int code = __real_ot_doc_load(snapshot, doc_out);
    assert_true(code != OT_OK || ot_doc_sound(*doc_out));
    return code;
}
