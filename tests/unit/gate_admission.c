/* Names of the server and origins of pages: which are read, and which pass. */
#include "server/gate/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct span span(const char *text)
{
    return (struct span){text, strlen(text)};
}

static void start(struct admission *admission, const struct gate_options *options)
{
    char message[256];
    if (admission_init(admission, options, message, sizeof(message)) != 0)
        fail_msg("%s", message);
}

static void check_host(const struct gate_options *options, const char *host, bool passes)
{
    struct admission admission;
    start(&admission, options);
    if (admission_host(&admission, span(host)) != passes)
        fail_msg("\"%s\" on %s: not %d", host, options->host, passes);
    admission_deinit(&admission);
}

static void the_server_goes_by_its_address_and_as_localhost(void **state)
{
    (void)state;
    const struct gate_options own = {.host = "127.0.0.1"};
    static const char *const good[] = {"127.0.0.1", "127.0.0.1:8080", "localhost:8080",
                                       "LOCALHOST", "a.localhost",    "[::1]:8080",
                                       "127.8.8.8"};
    static const char *const bad[] = {"",           "example.org",     "localhost.example.org",
                                      "192.0.2.1",  "notlocalhost",    "localhost:99999",
                                      "localhost:", "localhost:8080x", "a@localhost",
                                      "localhost/", "localhost,a",     "[::1",
                                      "::1",        "[::2]",           "localhost."};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        check_host(&own, good[i], true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_host(&own, bad[i], false);
}

static void an_address_passes_where_all_are_listened_on(void **state)
{
    (void)state;
    check_host(&(struct gate_options){.host = "0.0.0.0"}, "192.0.2.1:8080", true);
    check_host(&(struct gate_options){.host = "::"}, "[2001:db8::1]", true);
    check_host(&(struct gate_options){.host = "::"}, "example.org", false);
    check_host(&(struct gate_options){.host = "192.0.2.1"}, "192.0.2.1", true);
    check_host(&(struct gate_options){.host = "192.0.2.1"}, "192.0.2.2", false);
    check_host(&(struct gate_options){.host = "quire.lan"}, "quire.lan:8080", true);
    check_host(&(struct gate_options){.host = "quire.lan"}, "192.0.2.2", false);
}

static void allowed_hosts_pass(void **state)
{
    (void)state;
    const struct gate_options options = {.host = "127.0.0.1",
                                         .allow_hosts = "docs.example.org, *.wiki.test,[fd00::1]"};
    check_host(&options, "docs.example.org", true);
    check_host(&options, "Docs.Example.org:443", true);
    check_host(&options, "a.docs.example.org", false);
    check_host(&options, "example.org", false);
    check_host(&options, "a.wiki.test", true);
    check_host(&options, "a.b.wiki.test:8080", true);
    check_host(&options, "wiki.test", false);
    check_host(&options, ".wiki.test", false);
    check_host(&options, "badwiki.test", false);
    check_host(&options, "[fd00::1]", true);
}

static void hosts_of_allowed_origins_pass(void **state)
{
    (void)state;
    const struct gate_options options = {.host = "127.0.0.1",
                                         .allow_origins = "https://app.test:8443,*.wiki.test"};
    check_host(&options, "app.test", true);
    check_host(&options, "a.wiki.test", true);
    check_host(&options, "wiki.test", false);
}

static void check_origin(const char *allowed, const char *origin, const char *host,
                         enum scheme scheme, bool passes)
{
    struct admission admission;
    start(&admission, &(struct gate_options){.host = "127.0.0.1", .allow_origins = allowed});
    if (admission_origin(&admission, span(origin), span(host), scheme) != passes)
        fail_msg("%s to %s, allowed %s: not %d", origin, host, allowed, passes);
    admission_deinit(&admission);
}

static void a_page_of_the_same_host_and_port_passes(void **state)
{
    (void)state;
    static const struct {
        const char *origin, *host;
        bool passes;
    } cases[] = {
        {"http://a.test", "a.test", true},
        {"http://a.test:80", "a.test", true},
        {"http://a.test", "a.test:80", true},
        {"https://a.test", "a.test:443", true},
        {"HTTPS://A.test", "a.TEST", true},
        {"http://127.0.0.1:8080", "127.0.0.1:8080", true},
        {"http://[::1]:8080", "[::1]:8080", true},
        {"http://a.test", "a.test:443", false},
        {"http://a.test:8080", "a.test", false},
        {"http://a.test", "a.test.b.test", false},
        {"http://a.test", "a.tes", false},
        {"http://", "", false},
        {"ftp://a.test", "a.test", false},
        {"a.test", "a.test", false},
        {"null", "a.test", false},
        {"http://a.test/", "a.test", false},
        {"http://b@a.test", "a.test", false},
        {"http://a.test:", "a.test", false},
        {"http://a.test:080", "a.test", true},
        {"", "", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_origin(NULL, cases[i].origin, cases[i].host, SCHEME_ANY, cases[i].passes);
}

static void where_the_scheme_is_known_it_counts(void **state)
{
    (void)state;
    check_origin(NULL, "https://a.test", "a.test", SCHEME_HTTPS, true);
    check_origin(NULL, "http://a.test", "a.test", SCHEME_HTTPS, false);
    check_origin(NULL, "http://a.test:443", "a.test:443", SCHEME_HTTPS, false);
    check_origin(NULL, "https://a.test", "a.test", SCHEME_HTTP, false);
    check_origin(NULL, "http://a.test", "a.test", SCHEME_HTTP, true);
}

static void allowed_origins_pass_with_their_scheme_and_port(void **state)
{
    (void)state;
    static const char list[] = "https://a.test,http://localhost:3000 https://b.test,*.c.test,"
                               "http://*.d.test:8080";
    check_origin(list, "https://a.test", "q.test", SCHEME_ANY, true);
    check_origin(list, "https://a.test:443", "q.test", SCHEME_HTTPS, true);
    check_origin(list, "http://a.test", "q.test", SCHEME_ANY, false);
    check_origin(list, "https://a.test:8443", "q.test", SCHEME_ANY, false);
    check_origin(list, "https://a.test.evil.test", "q.test", SCHEME_ANY, false);
    check_origin(list, "http://localhost:3000", "q.test", SCHEME_ANY, true);
    check_origin(list, "http://localhost", "q.test", SCHEME_ANY, false);
    check_origin(list, "https://b.test", "q.test", SCHEME_ANY, true);
    check_origin(list, "http://b.test", "q.test", SCHEME_ANY, false);
    check_origin(list, "https://x.y.c.test", "q.test", SCHEME_ANY, true);
    check_origin(list, "https://c.test", "q.test", SCHEME_ANY, false);
    check_origin(list, "https://badc.test", "q.test", SCHEME_ANY, false);
    check_origin(list, "http://x.c.test", "q.test", SCHEME_ANY, false);
    check_origin(list, "http://x.d.test:8080", "q.test", SCHEME_ANY, true);
    check_origin(list, "http://x.d.test", "q.test", SCHEME_ANY, false);
    check_origin(list, "null", "q.test", SCHEME_ANY, false);
}

static void the_sources_of_a_policy_are_the_allowed_origins(void **state)
{
    (void)state;
    struct admission admission;
    start(&admission, &(struct gate_options){
                          .host = "::", .allow_origins = "https://a.test,*.c.test http://l:3000"});
    assert_string_equal(admission_sources(&admission),
                        "https://a.test:443 https://*.c.test:443 http://l:3000");
    admission_deinit(&admission);
    start(&admission, &(struct gate_options){.host = "::"});
    assert_string_equal(admission_sources(&admission), "");
    admission_deinit(&admission);
}

static void wrong_words_are_refused_with_what_is_right(void **state)
{
    (void)state;
    static const char *const origins[] = {
        "*",     "https://",        "https://a.test/x", "ftp://a",          "*.",
        "null",  "https://a.test:", "a.test",           "https://a.*.test", "a;b",
        "'self'"};
    static const char *const hosts[] = {"*", "https://a.test", "a.test:80", "*.", "a.*", "::1"};
    struct admission admission;
    char message[256], expected[64];
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        const struct gate_options options = {.host = "::", .allow_origins = origins[i]};
        assert_int_equal(admission_init(&admission, &options, message, sizeof(message)), -1);
        snprintf(expected, sizeof(expected), "allow-origin \"%s\" is no origin", origins[i]);
        assert_non_null(strstr(message, expected));
    }
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        const struct gate_options options = {.host = "::", .allow_hosts = hosts[i]};
        assert_int_equal(admission_init(&admission, &options, message, sizeof(message)), -1);
        snprintf(expected, sizeof(expected), "allow-host \"%s\" is no host", hosts[i]);
        assert_non_null(strstr(message, expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_goes_by_its_address_and_as_localhost),
        cmocka_unit_test(an_address_passes_where_all_are_listened_on),
        cmocka_unit_test(allowed_hosts_pass),
        cmocka_unit_test(hosts_of_allowed_origins_pass),
        cmocka_unit_test(a_page_of_the_same_host_and_port_passes),
        cmocka_unit_test(where_the_scheme_is_known_it_counts),
        cmocka_unit_test(allowed_origins_pass_with_their_scheme_and_port),
        cmocka_unit_test(the_sources_of_a_policy_are_the_allowed_origins),
        cmocka_unit_test(wrong_words_are_refused_with_what_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
