/* Chat messages. */
#include "unit/store_world.h"

#include <stdio.h>
#include <string.h>

struct talk {
    char lines[1024];
    int stop_with;
    uint64_t stop_at;
};

static int note_line(void *context, const struct store_chat *chat)
{
    struct talk *talk = context;
    size_t size = strlen(talk->lines);

    snprintf(talk->lines + size, sizeof talk->lines - size, "%s%d:%.*s", size > 0 ? " " : "",
             (int)chat->number, (int)chat->text.size, (const char *)chat->text.data);
    return chat->number == talk->stop_at ? talk->stop_with : 0;
}

static void assert_talk(struct world *world, int64_t key, uint64_t before, size_t limit,
                        const char *lines)
{
    struct talk talk = {0};

    assert_int_equal(store_chats(world->store, key, before, limit, note_line, &talk), STORE_OK);
    assert_string_equal(talk.lines, lines);
}

static uint64_t number_of(struct world *world, int64_t key, uint64_t client, uint64_t nonce)
{
    uint64_t number = 77;

    assert_int_equal(store_chat_find(world->store, key, client, nonce, &number), STORE_OK);
    return number;
}

static int note_message(void *context, const struct store_chat *chat)
{
    struct store_chat *expected = context;

    assert_int_equal(chat->key, expected->key);
    assert_int_equal(chat->number, 1);
    assert_int_equal(chat->client, expected->client);
    assert_int_equal(chat->nonce, expected->nonce);
    assert_int_equal(chat->at_ms, expected->at_ms);
    assert_int_equal(chat->name.size, expected->name.size);
    assert_memory_equal(chat->name.data, expected->name.data, expected->name.size);
    assert_int_equal(chat->color.size, expected->color.size);
    assert_memory_equal(chat->color.data, expected->color.data, expected->color.size);
    assert_int_equal(chat->text.size, expected->text.size);
    assert_memory_equal(chat->text.data, expected->text.data, expected->text.size);
    expected->number++;
    return 0;
}

static void a_message_comes_back_as_it_went(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_chat chat = {.key = key,
                              .number = 1,
                              .client = UINT64_MAX,
                              .nonce = UINT64_C(1) << 63,
                              .at_ms = INT64_MIN,
                              .name = slice_of("Zoë"),
                              .color = slice_of("#123456"),
                              .text = slice_of("'; DROP TABLE chats; -- \xf0\x9f\x91\x8d")};

    assert_int_equal(store_append(world->store, NULL, 0, &chat, 1), STORE_OK);
    world_step(world);
    assert_int_equal(store_chats(world->store, key, UINT64_MAX, 10, note_message, &chat), STORE_OK);
    assert_int_equal(chat.number, 2);
    assert_int_equal(number_of(world, key, UINT64_MAX, UINT64_C(1) << 63), 1);
}

static void messages_may_be_empty_and_go_up_to_their_limits(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    static char long_text[STORE_CHAT_MAX + 1];
    struct store_chat empty = {.key = key, .number = 1, .nonce = 1};
    struct store_chat full = {.key = key, .number = 2, .nonce = 2};

    memset(long_text, 'x', sizeof long_text);
    full.name = (struct store_slice){(uint8_t *)long_text, STORE_NAME_MAX};
    full.color = (struct store_slice){(uint8_t *)long_text, STORE_COLOR_MAX};
    full.text = (struct store_slice){(uint8_t *)long_text, STORE_CHAT_MAX};
    assert_int_equal(store_append(world->store, NULL, 0, &empty, 1), STORE_OK);
    world_step(world);
    full.name.size++;
    assert_int_equal(store_append(world->store, NULL, 0, &full, 1), STORE_E_INVALID);
    full.name.size--;
    full.color.size++;
    assert_int_equal(store_append(world->store, NULL, 0, &full, 1), STORE_E_INVALID);
    full.color.size--;
    full.text.size++;
    assert_int_equal(store_append(world->store, NULL, 0, &full, 1), STORE_E_INVALID);
    full.text.size--;
    assert_int_equal(store_append(world->store, NULL, 0, &full, 1), STORE_OK);
    world_step(world);
    assert_talk(world, key, 2, 10, "1:");
    assert_head(world, key, 0, "", 0, 2);
}

static void numbers_have_no_gap(void **state)
{
    struct world *world = *state;
    static const uint64_t wrong[] = {0, 1, 3, UINT64_MAX};
    int64_t key = world_create(world, "a");

    assert_int_equal(world_chat(world, key, 1, 1, 1, "one"), STORE_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(world_chat(world, key, wrong[i], 1, 2, "no"), STORE_E_INVALID);
    assert_int_equal(world_chat(world, key, 2, 1, 2, "two"), STORE_OK);
    assert_talk(world, key, UINT64_MAX, 10, "1:one 2:two");
}

static void a_message_is_found_by_its_nonce_and_never_taken_twice(void **state)
{
    struct world *world = *state;
    int64_t a = world_create(world, "a");
    int64_t b = world_create(world, "b");

    assert_int_equal(world_chat(world, a, 1, 10, 1, "x"), STORE_OK);
    assert_int_equal(world_chat(world, a, 2, 11, 1, "y"), STORE_OK);
    assert_int_equal(world_chat(world, b, 1, 10, 1, "z"), STORE_OK);
    assert_int_equal(world_chat(world, a, 3, 10, 1, "again"), STORE_E_INVALID);
    assert_int_equal(world_chat(world, a, 3, 10, 2, "new"), STORE_OK);
    assert_int_equal(number_of(world, a, 10, 1), 1);
    assert_int_equal(number_of(world, a, 11, 1), 2);
    assert_int_equal(number_of(world, a, 10, 2), 3);
    assert_int_equal(number_of(world, b, 10, 1), 1);
    assert_int_equal(number_of(world, b, 11, 1), 0);
    assert_int_equal(number_of(world, a, 10, 3), 0);
}

static void several_messages_of_a_document_go_in_one_batch(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_chat chats[3] = {{.key = key, .number = 1, .nonce = 1},
                                  {.key = key, .number = 2, .nonce = 2},
                                  {.key = key, .number = 3, .nonce = 3}};

    chats[0].text = slice_of("a");
    chats[1].text = slice_of("b");
    chats[2].text = slice_of("c");
    assert_int_equal(store_append(world->store, NULL, 0, chats, 3), STORE_OK);
    world_step(world);
    assert_talk(world, key, UINT64_MAX, 10, "1:a 2:b 3:c");
}

static void the_last_messages_before_a_number_are_given_oldest_first(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    int64_t other = world_create(world, "b");

    assert_talk(world, key, UINT64_MAX, 10, "");
    for (uint64_t number = 1; number <= 5; number++) {
        assert_int_equal(world_chat(world, key, number, 1, number, "x"), STORE_OK);
        assert_int_equal(world_chat(world, other, number, 1, number, "o"), STORE_OK);
    }
    assert_talk(world, key, UINT64_MAX, 10, "1:x 2:x 3:x 4:x 5:x");
    assert_talk(world, key, UINT64_MAX, 2, "4:x 5:x");
    assert_talk(world, key, 6, 2, "4:x 5:x");
    assert_talk(world, key, 5, 2, "3:x 4:x");
    assert_talk(world, key, 3, 10, "1:x 2:x");
    assert_talk(world, key, 2, SIZE_MAX, "1:x");
    assert_talk(world, key, 1, 10, "");
    assert_talk(world, key, 0, 10, "");
    assert_talk(world, key, 5, 0, "");
    assert_head(world, key, 0, "", 0, 5);
}

static void reading_stops_when_the_callback_says_so(void **state)
{
    struct world *world = *state;
    struct talk talk = {.stop_with = 42, .stop_at = 2};
    int64_t key = world_create(world, "a");

    for (uint64_t number = 1; number <= 4; number++)
        assert_int_equal(world_chat(world, key, number, 1, number, "x"), STORE_OK);
    assert_int_equal(store_chats(world->store, key, 5, 10, note_line, &talk), 42);
    assert_string_equal(talk.lines, "1:x 2:x");
    assert_int_equal(world_chat(world, key, 5, 1, 5, "x"), STORE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_message_comes_back_as_it_went),
        WORLD_TEST(messages_may_be_empty_and_go_up_to_their_limits),
        WORLD_TEST(numbers_have_no_gap),
        WORLD_TEST(a_message_is_found_by_its_nonce_and_never_taken_twice),
        WORLD_TEST(several_messages_of_a_document_go_in_one_batch),
        WORLD_TEST(the_last_messages_before_a_number_are_given_oldest_first),
        WORLD_TEST(reading_stops_when_the_callback_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
