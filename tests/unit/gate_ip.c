/* Addresses, networks, and who a client behind proxies is. */
#include "server/gate/proxies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(text, strlen(text), &ip), 0);
    return ip;
}

static void an_address_is_written_as_it_was_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"0.0.0.0", "203.0.113.7", "::1", "2001:db8::a:1", "::"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[IP_TEXT_MAX];
        struct ip ip = ip_of(texts[i]);
        assert_string_equal(ip_text(&ip, text), texts[i]);
    }
    struct ip four = ip_of("1.2.3.4"), mapped = ip_of("::ffff:1.2.3.4"), bare = ip_of("[::1]"),
              six = ip_of("::1");
    assert_true(ip_equal(&four, &mapped));
    assert_true(ip_equal(&bare, &six));
    assert_false(ip_equal(&four, &six));
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "a",
        "localhost",
        "[1.2.3.4]",
        "[::1",
        "::1]",
        ":",
        "::1%1",
        "1.2.3.4 ",
        " 1.2.3.4",
        "::1::",
        "1.2.3.4:5",
        "[]",
        "-",
        "0001.2.3.4",
        "[::1]:80",
        "unknown",
        "_hidden",
        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"};
    struct ip ip;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (ip_parse(texts[i], strlen(texts[i]), &ip) == 0)
            fail_msg("\"%s\" was taken for an address", texts[i]);
    }
}

static void check_network(const char *text, const char *address, bool inside)
{
    struct ip_network network;
    struct ip ip = ip_of(address);
    assert_int_equal(ip_network_parse(text, strlen(text), &network), 0);
    if (ip_network_holds(&network, &ip) != inside)
        fail_msg("%s in %s: not %d", address, text, inside);
}

static void a_network_holds_what_begins_as_it_does(void **state)
{
    (void)state;
    check_network("10.0.0.0/8", "10.255.3.4", true);
    check_network("10.0.0.0/8", "11.0.0.0", false);
    check_network("10.0.0.0/8", "::ffff:10.1.1.1", true);
    check_network("10.0.0.0/8", "a00::", false);
    check_network("172.16.0.0/12", "172.31.255.255", true);
    check_network("172.16.0.0/12", "172.32.0.0", false);
    check_network("192.0.2.1", "192.0.2.1", true);
    check_network("192.0.2.1", "192.0.2.0", false);
    check_network("192.0.2.1/32", "192.0.2.1", true);
    check_network("0.0.0.0/0", "8.8.8.8", true);
    check_network("0.0.0.0/0", "::1", false);
    check_network("::/0", "8.8.8.8", true);
    check_network("fd00::/8", "fdff::1", true);
    check_network("fd00::/8", "fe00::1", false);
    check_network("2001:db8::/33", "2001:db8:7fff::", true);
    check_network("2001:db8::1/128", "2001:db8::1", true);
    check_network("2001:db8::1/128", "2001:db8::2", false);
    check_network("2001:db8::/33", "2001:db8:8000::", false);
}

static void what_is_no_network_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",           "/8",   "10.0.0.0/",   "10.0.0.0/33",   "10.0.0.1/8",  "::/129",
        "::/",        "::/a", "::/1.",       "::/0128",       "fd00::1/8",   "10.0.0.0/8/8",
        "10.0.0.0/a", "10/8", "10.0.0.0/-1", "10.0.0.0/0008", "10.0.0.0/ 8", "example.org"};
    struct ip_network network;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (ip_network_parse(texts[i], strlen(texts[i]), &network) == 0)
            fail_msg("\"%s\" was taken for a network", texts[i]);
    }
}

static void check_client(const char *list, const char *from, const char *forwarded,
                         const char *client)
{
    struct proxies proxies;
    char message[256], text[IP_TEXT_MAX];
    struct ip ip = ip_of(from);
    assert_int_equal(proxies_init(&proxies, list, message, sizeof(message)), 0);
    ip = proxies_client(&proxies, &ip, forwarded);
    proxies_deinit(&proxies);
    if (strcmp(ip_text(&ip, text), client) != 0)
        fail_msg("\"%s\" from %s: %s, not %s", forwarded, from, text, client);
}

static void only_trusted_proxies_say_who_a_client_is(void **state)
{
    (void)state;
    check_client(NULL, "198.51.100.9", "203.0.113.7", "198.51.100.9");
    check_client("", "198.51.100.9", "203.0.113.7", "198.51.100.9");
    check_client("10.0.0.1", "198.51.100.9", "203.0.113.7", "198.51.100.9");
    check_client("10.0.0.1", "10.0.0.1", "203.0.113.7", "203.0.113.7");
    check_client("10.0.0.1", "10.0.0.1", "", "10.0.0.1");
}

static void the_last_address_that_is_no_proxy_counts(void **state)
{
    (void)state;
    check_client("10.0.0.0/8", "10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7");
    check_client("10.0.0.0/8", "10.0.0.1", "1.1.1.1,203.0.113.7 ,\t10.0.0.2", "203.0.113.7");
    check_client("10.0.0.0/8,::1", "::1", "1.1.1.1, 10.3.3.3, 10.0.0.2", "1.1.1.1");
    check_client("10.0.0.0/8 ::1", "::1", "10.3.3.3, 10.0.0.2", "10.3.3.3");
    check_client("10.0.0.0/8", "10.0.0.1", "[2001:db8::7]", "2001:db8::7");
}

static void what_is_no_address_and_all_before_it_counts_for_nothing(void **state)
{
    (void)state;
    check_client("10.0.0.0/8", "10.0.0.1", "203.0.113.7, nonsense", "10.0.0.1");
    check_client("10.0.0.0/8", "10.0.0.1", "203.0.113.7, , 10.0.0.2", "10.0.0.2");
    check_client("10.0.0.0/8", "10.0.0.1", "203.0.113.7,", "10.0.0.1");
    check_client("10.0.0.0/8", "10.0.0.1", ",,,", "10.0.0.1");
}

static void a_wrong_list_is_refused_with_the_word(void **state)
{
    (void)state;
    struct proxies proxies;
    char message[256];
    assert_int_equal(proxies_init(&proxies, "10.0.0.0/8,10.0.0.1/8", message, sizeof(message)), -1);
    assert_non_null(strstr(message, "trusted-proxy \"10.0.0.1/8\" is no address"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_written_as_it_was_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_network_holds_what_begins_as_it_does),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(only_trusted_proxies_say_who_a_client_is),
        cmocka_unit_test(the_last_address_that_is_no_proxy_counts),
        cmocka_unit_test(what_is_no_address_and_all_before_it_counts_for_nothing),
        cmocka_unit_test(a_wrong_list_is_refused_with_the_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
