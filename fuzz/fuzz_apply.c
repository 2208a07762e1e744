/* Bytes as an operation on a document with text, embeds and attributes of all kinds. If the reader
 * takes them: they are applied exactly if they fit, a refusal changes nothing, and what invert
 * gives takes them back. */
#include "fuzz.h"

#include "tools/replay/laws.h"

#include <assert.h>

/* [insert "The quick brown fox, é€😀"] [insert "bold" {a: true}] [embed {image: true}] "\n" {a: 1}
 */
static const uint8_t document[] = "\x2f\xc9\x01\x25\x04\x81\xa1"
                                  "a\xc3\x43\x81\xa5image\xc3\x0d\x04\x81\xa1"
                                  "a\x01"
                                  "The quick brown fox, \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
                                  "bold\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ot_slice nothing = {(const uint8_t *)"", 1}, op = {data, size};
    struct law_case c = {{document, sizeof document - 1}, nothing, op, op};
    struct ot_op_info info;
    assert(ot_op_check(c.document, &info, NULL) == OT_OK && info.only_inserts);
    if (ot_op_check(op, &info, NULL) != OT_OK || info.inserted_length > 100000) {
        return 0;
    }
    assert(law_find("fits")->holds(&c));
    struct ot_doc *doc;
    assert(ot_doc_load(c.document, &doc) == OT_OK);
    if (ot_doc_check(doc, op, NULL) == OT_OK) {
        assert(law_find("apply")->holds(&c) && law_find("plain")->holds(&c));
        assert(law_find("invert")->holds(&c));
    }
    ot_doc_free(doc);
    return 0;
}
