/* What is refused because it builds on something that was. */
#include "server/serve/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct store_request *request_of(enum request_kind kind, int64_t key, uint64_t number)
{
    struct store_request *request = request_new(kind);
    request->key = key;
    request->edit = (struct store_edit){.key = key, .version = number};
    request->chat = (struct store_chat){.key = key, .number = number};
    return request;
}

static void refusals_are_by_document_and_number(void **state)
{
    (void)state;
    struct refusals refusals = {0};
    struct store_request *edit = request_of(REQUEST_APPEND_EDIT, 1, 5);
    struct store_request *chat = request_of(REQUEST_APPEND_CHAT, 1, 5);
    refusals_add(&refusals, edit);
    edit->edit.version = 7;
    refusals_add(&refusals, edit);
    edit->edit.version = 6;
    assert_true(refusals_hold(&refusals, edit));
    assert_false(refusals_hold(&refusals, chat));
    edit->edit.key = 2;
    assert_false(refusals_hold(&refusals, edit));
    edit->edit.key = 1;
    edit->edit.version = 5;
    assert_false(refusals_hold(&refusals, edit));
    edit->edit.version = 6;
    assert_false(refusals_hold(&refusals, edit));
    refusals_deinit(&refusals);
    request_free(edit);
    request_free(chat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_by_document_and_number),
    };
    return cmocka_run_group_tests_name("serve_refusals", tests, NULL, NULL);
}
