/* The mailbox and the waker, alone and between threads. */
#include "server/thread/clock.h"
#include "server/thread/mailbox.h"
#include "server/thread/waker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>

#define PUSHERS 4
#define EACH    20000

struct item {
    struct item *next;
    unsigned pusher;
    unsigned number;
};

struct exchange {
    struct mailbox mailbox;
    struct waker waker;
};

struct pusher {
    struct exchange *exchange;
    unsigned number;
};

static struct item *item_new(unsigned pusher, unsigned number)
{
    struct item *item = calloc(1, sizeof(*item));
    assert_non_null(item);
    item->pusher = pusher;
    item->number = number;
    return item;
}

static void an_empty_mailbox_gives_nothing(void **state)
{
    (void)state;
    struct mailbox mailbox = {0};
    assert_null(mailbox_take(&mailbox));
}

static void items_come_out_in_order_and_at_once(void **state)
{
    (void)state;
    struct mailbox mailbox = {0};
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(mailbox_push(&mailbox, item_new(0, i)), i == 0);
    struct item *item = mailbox_take(&mailbox);
    for (unsigned i = 0; i < 5; i++) {
        struct item *next = item->next;
        assert_int_equal(item->number, i);
        free(item);
        item = next;
    }
    assert_null(item);
    assert_true(mailbox_push(&mailbox, item_new(0, 9)));
    free(mailbox_take(&mailbox));
}

static void *push_all(void *context)
{
    struct pusher *pusher = context;
    for (unsigned i = 0; i < EACH; i++)
        if (mailbox_push(&pusher->exchange->mailbox, item_new(pusher->number, i)))
            waker_wake(&pusher->exchange->waker);
    return NULL;
}

/* No item is lost or turned round, and the taker never sleeps while one waits: it has no timeout.
 */
static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct exchange exchange = {0};
    struct pusher pushers[PUSHERS];
    pthread_t threads[PUSHERS];
    unsigned expected[PUSHERS] = {0};
    waker_init(&exchange.waker);
    for (unsigned i = 0; i < PUSHERS; i++) {
        pushers[i] = (struct pusher){&exchange, i};
        assert_int_equal(pthread_create(&threads[i], NULL, push_all, &pushers[i]), 0);
    }
    for (unsigned taken = 0; taken < PUSHERS * EACH;) {
        struct item *item = mailbox_take(&exchange.mailbox);
        if (!item)
            waker_sleep(&exchange.waker, WAKER_FOR_EVER);
        while (item) {
            struct item *next = item->next;
            assert_int_equal(item->number, expected[item->pusher]++);
            free(item);
            item = next;
            taken++;
        }
    }
    for (unsigned i = 0; i < PUSHERS; i++)
        pthread_join(threads[i], NULL);
    assert_null(mailbox_take(&exchange.mailbox));
    waker_deinit(&exchange.waker);
}

static void a_wake_before_the_sleep_is_not_lost(void **state)
{
    (void)state;
    struct waker waker;
    waker_init(&waker);
    waker_wake(&waker);
    waker_wake(&waker);
    waker_sleep(&waker, WAKER_FOR_EVER);
    uint64_t until_ns = clock_monotonic_ns() + 2 * (uint64_t)CLOCK_NS_PER_MS;
    waker_sleep(&waker, until_ns);
    assert_true(clock_monotonic_ns() >= until_ns);
    waker_sleep(&waker, 0);
    waker_deinit(&waker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_mailbox_gives_nothing),
        cmocka_unit_test(items_come_out_in_order_and_at_once),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(a_wake_before_the_sleep_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
