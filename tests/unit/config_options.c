/* Options: what each place may say, which place decides, what is refused and in which words. */
#include "server/arguments/suggest.h"
#include "server/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 8

/* What the four places say, as a test writes it down. NULL: nothing. */
struct places {
    const char *flags[ARGUMENTS_MAX];
    const char *environment[ARGUMENTS_MAX];
    const char *file; /* its content; named by --config */
};

static char file_path[] = "/tmp/quire-config-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(file_path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file_path);
}

static void write_file(const char *content)
{
    FILE *file = fopen(file_path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
    assert_int_equal(fclose(file), 0);
}

static int resolve(const struct places *places, struct config *config, char *message)
{
    static char name[] = "serve", flag[] = "--config";
    char *arguments[ARGUMENTS_MAX + 4] = {name};
    char *environment[ARGUMENTS_MAX + 1] = {0};
    int count = 1;
    for (size_t i = 0; places->flags[i]; i++)
        arguments[count++] = (char *)places->flags[i];
    for (size_t i = 0; places->environment[i]; i++)
        environment[i] = (char *)places->environment[i];
    if (places->file) {
        write_file(places->file);
        arguments[count++] = flag;
        arguments[count++] = file_path;
    }
    return config_init(config, count, arguments, environment, message);
}

static void assert_resolved(struct places places, enum option_id id, const char *text,
                            enum config_source source)
{
    struct config config;
    char message[CONFIG_MESSAGE_MAX] = "";
    int result = resolve(&places, &config, message);
    if (result != 0)
        fail_msg("refused: %s", message);
    assert_string_equal(config_text(&config, id), text);
    assert_int_equal(config.values[id].source, source);
    config_deinit(&config);
}

static void assert_refused(struct places places, const char *message_part)
{
    struct config config;
    char message[CONFIG_MESSAGE_MAX] = "";
    int result = resolve(&places, &config, message);
    config_deinit(&config);
    assert_int_equal(result, -1);
    if (!strstr(message, message_part))
        fail_msg("\"%s\" does not hold \"%s\"", message, message_part);
}

/* ---- cases ---- */

static void without_any_word_the_defaults_hold(void **state)
{
    (void)state;
    struct places none = {0};
    for (int id = 0; id < OPTION_COUNT; id++)
        assert_resolved(none, (enum option_id)id, quire_options[id].preset, CONFIG_DEFAULT);
}

static void every_default_is_a_value_of_its_option(void **state)
{
    (void)state;
    for (int id = 0; id < OPTION_COUNT; id++) {
        uint64_t number;
        char message[OPTION_MESSAGE_MAX];
        if (*quire_options[id].preset != '\0')
            assert_int_equal(
                option_parse((enum option_id)id, quire_options[id].preset, &number, message), 0);
    }
}

static void the_strongest_place_decides(void **state)
{
    (void)state;
    static const char file[] = "{\"workers\": 2}";
    struct places places = {.file = file};
    assert_resolved(places, OPTION_WORKERS, "2", CONFIG_FILE);
    places.environment[0] = "QUIRE_WORKERS=3";
    assert_resolved(places, OPTION_WORKERS, "3", CONFIG_ENVIRONMENT);
    places.flags[0] = "--workers=4";
    assert_resolved(places, OPTION_WORKERS, "4", CONFIG_FLAG);
    places.file = NULL;
    assert_resolved(places, OPTION_WORKERS, "4", CONFIG_FLAG);
}

static void every_option_can_be_given_in_every_place(void **state)
{
    (void)state;
    static const struct {
        enum option_id id;
        const char *value, *flag, *variable, *file;
    } cases[] = {
        {OPTION_LISTEN, "[::1]:9000", "--listen=[::1]:9000", "QUIRE_LISTEN=[::1]:9000",
         "{\"listen\": \"[::1]:9000\"}"},
        {OPTION_DATA, "/srv/a b", "--data=/srv/a b", "QUIRE_DATA=/srv/a b",
         "{\"data\": \"/srv/a b\"}"},
        {OPTION_WORKERS, "64", "--workers=64", "QUIRE_WORKERS=64", "{\"workers\": 64}"},
        {OPTION_CONNECTIONS, "1", "--connections=1", "QUIRE_CONNECTIONS=1", "{\"connections\": 1}"},
        {OPTION_RATE_EDITS, "7", "--rate-edits=7", "QUIRE_RATE_EDITS=7", "{\"rate-edits\": 7}"},
        {OPTION_COMMIT_INTERVAL_MS, "0", "--commit-interval-ms=0", "QUIRE_COMMIT_INTERVAL_MS=0",
         "{\"commit-interval-ms\": 0}"},
        {OPTION_FORMATS, "a,b", "--formats=a,b", "QUIRE_FORMATS=a,b", "{\"formats\": \"a,b\"}"},
        {OPTION_TLS_CERT, "/c", "--tls-cert=/c", "QUIRE_TLS_CERT=/c", "{\"tls-cert\": \"/c\"}"},
        {OPTION_TLS_KEY, "/k", "--tls-key=/k", "QUIRE_TLS_KEY=/k", "{\"tls-key\": \"/k\"}"},
        {OPTION_ALLOW_HOST, "h", "--allow-host=h", "QUIRE_ALLOW_HOST=h", "{\"allow-host\": \"h\"}"},
        {OPTION_ALLOW_ORIGIN, "o", "--allow-origin=o", "QUIRE_ALLOW_ORIGIN=o",
         "{\"allow-origin\": \"o\"}"},
        {OPTION_TRUSTED_PROXY, "::1", "--trusted-proxy=::1", "QUIRE_TRUSTED_PROXY=::1",
         "{\"trusted-proxy\": \"::1\"}"},
        {OPTION_TOKEN_KEYS, "/k", "--token-keys=/k", "QUIRE_TOKEN_KEYS=/k",
         "{\"token-keys\": \"/k\"}"},
        {OPTION_TOKEN_ISSUER, "i", "--token-issuer=i", "QUIRE_TOKEN_ISSUER=i",
         "{\"token-issuer\": \"i\"}"},
        {OPTION_TOKEN_AUDIENCE, "a", "--token-audience=a", "QUIRE_TOKEN_AUDIENCE=a",
         "{\"token-audience\": \"a\"}"},
        {OPTION_GUESTS, "links", "--guests=links", "QUIRE_GUESTS=links", "{\"guests\": \"links\"}"},
        {OPTION_TOKEN_LEEWAY_S, "0", "--token-leeway-s=0", "QUIRE_TOKEN_LEEWAY_S=0",
         "{\"token-leeway-s\": 0}"},
        {OPTION_USER, "ann", "--user=ann", "QUIRE_USER=ann", "{\"user\": \"ann\"}"},
        {OPTION_SANDBOX, "off", "--sandbox=off", "QUIRE_SANDBOX=off", "{\"sandbox\": \"off\"}"},
        {OPTION_METRICS, "on", "--metrics=on", "QUIRE_METRICS=on", "{\"metrics\": \"on\"}"},
        {OPTION_LOG_LEVEL, "debug", "--log-level=debug", "QUIRE_LOG_LEVEL=debug",
         "{\"log-level\": \"debug\"}"},
        {OPTION_LOG_FORMAT, "json", "--log-format=json", "QUIRE_LOG_FORMAT=json",
         "{\"log-format\": \"json\"}"},
    };
    /* All but --config, and two of the limits. */
    assert_int_equal(sizeof(cases) / sizeof(cases[0]), OPTION_SETTINGS - 1 + 2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct places flag = {.flags = {cases[i].flag}};
        struct places variable = {.environment = {cases[i].variable}};
        struct places file = {.file = cases[i].file};
        assert_resolved(flag, cases[i].id, cases[i].value, CONFIG_FLAG);
        assert_resolved(variable, cases[i].id, cases[i].value, CONFIG_ENVIRONMENT);
        assert_resolved(file, cases[i].id, cases[i].value, CONFIG_FILE);
    }
}

static void a_list_grows_within_one_place(void **state)
{
    (void)state;
    static const char file[] = "{\"trusted-proxy\": [\"::1\", \"10.0.0.0/8\"]}";
    struct places places = {.file = file};
    assert_resolved(places, OPTION_TRUSTED_PROXY, "::1,10.0.0.0/8", CONFIG_FILE);
    places.environment[0] = "QUIRE_TRUSTED_PROXY=::2,::3";
    assert_resolved(places, OPTION_TRUSTED_PROXY, "::2,::3", CONFIG_ENVIRONMENT);
    places.flags[0] = "--trusted-proxy=::4";
    places.flags[1] = "--trusted-proxy=::5";
    assert_resolved(places, OPTION_TRUSTED_PROXY, "::4,::5", CONFIG_FLAG);
    assert_refused((struct places){.file = "{\"trusted-proxy\": [1]}"},
                   "\"trusted-proxy\" takes strings");
    assert_refused((struct places){.file = "{\"trusted-proxy\": 1}"},
                   "\"trusted-proxy\" takes a string or an array of strings");
}

static void every_limit_has_its_option(void **state)
{
    (void)state;
    struct limits limits = limits_preset();
    for (int id = OPTION_SETTINGS; id < OPTION_COUNT; id++) {
        char flag[128], text[32];
        snprintf(text, sizeof(text), "%" PRIu64, quire_options[id].most);
        snprintf(flag, sizeof(flag), "--%s=%s", quire_options[id].name, text);
        assert_resolved((struct places){.flags = {flag}}, (enum option_id)id, text, CONFIG_FLAG);
        snprintf(text, sizeof(text), "%" PRIu64, limits.values[id - OPTION_SETTINGS]);
        assert_string_equal(quire_options[id].preset, text);
        assert_in_range(limits.values[id - OPTION_SETTINGS], quire_options[id].least,
                        quire_options[id].most);
    }
}

static void a_flag_takes_its_value_from_the_next_argument_too(void **state)
{
    (void)state;
    struct places places = {.flags = {"--data", "/srv/x", "--workers", "7"}};
    assert_resolved(places, OPTION_DATA, "/srv/x", CONFIG_FLAG);
    assert_resolved(places, OPTION_WORKERS, "7", CONFIG_FLAG);
}

static void the_file_can_be_named_by_the_environment(void **state)
{
    (void)state;
    char variable[64];
    snprintf(variable, sizeof(variable), "QUIRE_CONFIG=%s", file_path);
    write_file("{\"workers\": 5}");
    struct places places = {.environment = {variable}};
    assert_resolved(places, OPTION_WORKERS, "5", CONFIG_FILE);
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct places places;
        const char *part;
    } cases[] = {
        {{.flags = {"--worker", "2"}}, "--worker is not an option; did you mean --workers?"},
        {{.flags = {"--lisen=x"}}, "did you mean --listen?"},
        {{.flags = {"--chek"}}, "did you mean --check?"},
        {{.flags = {"--xyzzy"}}, "--xyzzy is not an option"},
        {{.flags = {"--check=1"}}, "--check takes no value"},
        {{.flags = {"data"}}, "\"data\" is not an option"},
        {{.flags = {"--"}}, "\"--\" is not an option"},
        {{.flags = {"--data"}}, "--data takes DIR"},
        {{.flags = {"--data="}}, "--data is empty; it takes DIR"},
        {{.flags = {"--workers", "0"}}, "--workers is \"0\"; it takes a number from 1 to 64"},
        {{.flags = {"--workers", "65"}}, "it takes a number from 1 to 64"},
        {{.flags = {"--workers", "two"}}, "it takes a number"},
        {{.flags = {"--workers", "-1"}}, "it takes a number"},
        {{.flags = {"--workers", "1.5"}}, "it takes a number"},
        {{.flags = {"--workers", "99999999999999999999"}}, "it takes a number"},
        {{.flags = {"--log-level", "loud"}}, "it takes one of debug|info|warn|error"},
        {{.flags = {"--log-level", "inf"}}, "it takes one of"},
        {{.flags = {"--listen", "8080"}}, "it takes HOST:PORT"},
        {{.flags = {"--listen", "localhost:"}}, "it takes HOST:PORT"},
        {{.flags = {"--listen", "localhost:65536"}}, "it takes HOST:PORT"},
        {{.flags = {"--listen", "::1:8080"}}, "it takes HOST:PORT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(cases[i].places, cases[i].part);
}

static void only_this_machine_can_be_served_without_keys(void **state)
{
    (void)state;
    static const char *const refused[] = {"0.0.0.0:8080", "[::]:8080", "192.168.0.7:8080",
                                          "example.org:80", "128.0.0.1:1"};
    static const char *const taken[] = {"127.0.0.1:0", "127.8.8.8:80", "[::1]:8080",
                                        "localhost:8080"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct places places = {.flags = {"--listen", refused[i]}};
        assert_refused(places, "so it serves this machine only");
    }
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        struct places places = {.flags = {"--listen", taken[i]}};
        assert_resolved(places, OPTION_LISTEN, taken[i], CONFIG_FLAG);
    }
    for (size_t i = 0; i < 3; i++) {
        struct places places = {.flags = {"--listen", refused[i], "--token-keys", "keys"}};
        assert_resolved(places, OPTION_LISTEN, refused[i], CONFIG_FLAG);
    }
}

static void a_wrong_variable_is_named(void **state)
{
    (void)state;
    struct places places = {.environment = {"QUIRE_WORKERS=many"}};
    assert_refused(places, "QUIRE_WORKERS is \"many\"; it takes a number from 1 to 64");
}

static void a_variable_that_looks_mistyped_gets_a_warning(void **state)
{
    (void)state;
    struct places mistyped = {.environment = {"QUIRE_WORKRES=2", "HOME=/root"}};
    struct places others = {.environment = {"QUIRE_SERVICE_HOST=10.0.0.1", "QUIRELISTEN=x"}};
    struct config config;
    char message[CONFIG_MESSAGE_MAX];
    assert_int_equal(resolve(&mistyped, &config, message), 0);
    assert_string_equal(config.warning,
                        "QUIRE_WORKRES is set but not used; did you mean QUIRE_WORKERS?");
    config_deinit(&config);
    assert_int_equal(resolve(&others, &config, message), 0);
    assert_string_equal(config.warning, "");
    config_deinit(&config);
}

static void a_wrong_file_is_refused_with_its_name_and_key(void **state)
{
    (void)state;
    static const struct {
        const char *file, *part;
    } cases[] = {
        {"{\"worker\": 2}", ": \"worker\" is not an option; did you mean \"workers\"?"},
        {"{\"zzz\": 2}", ": \"zzz\" is not an option"},
        {"{\"config\": \"x\"}", ": \"config\" is not an option"},
        {"{\"workers\": \"2\"}", ": \"workers\" takes a whole number"},
        {"{\"workers\": 2.0}", ": \"workers\" takes a whole number"},
        {"{\"workers\": -2}", ": \"workers\" is \"-2\"; it takes a number from 1 to 64"},
        {"{\"data\": 3}", ": \"data\" takes a string"},
        {"{\"log-level\": \"\"}", ": \"log-level\" is \"\"; it takes one of"},
        {"{\"workers\": 1, \"workers\": 2}", "line 1, column 24: duplicate object key"},
        {"{\"workers\": 1", "line 1, column"},
        {"", "line 1, column 0"},
        {"[]", "the file must be one JSON object"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct places places = {.file = cases[i].file};
        assert_refused(places, cases[i].part);
        assert_refused(places, file_path);
    }
}

static void a_file_is_read_up_to_its_limit(void **state)
{
    (void)state;
    static char content[LIMIT_CONFIG_BYTES + 2];
    struct places places = {.file = content};
    memset(content, ' ', sizeof(content) - 1);
    memcpy(content, "{\"workers\": 3}", 14);
    content[LIMIT_CONFIG_BYTES] = '\0';
    assert_resolved(places, OPTION_WORKERS, "3", CONFIG_FILE);
    content[LIMIT_CONFIG_BYTES] = ' ';
    assert_refused(places, "is longer than 65536 bytes");
}

static void a_file_that_is_not_there_is_refused(void **state)
{
    (void)state;
    struct places places = {.flags = {"--config", "/nowhere/quire.json"}};
    assert_refused(places, "/nowhere/quire.json: cannot be read: No such file or directory");
    struct places directory = {.flags = {"--config", "/tmp"}};
    assert_refused(directory, "/tmp: cannot be read: Is a directory");
}

static void help_is_given_whatever_else_is_wrong(void **state)
{
    (void)state;
    struct places places = {.flags = {"--help"}, .environment = {"QUIRE_WORKERS=x"}};
    struct config config;
    char message[CONFIG_MESSAGE_MAX];
    assert_int_equal(resolve(&places, &config, message), 0);
    assert_int_equal(config.action, ACTION_HELP);
    config_deinit(&config);
}

static void the_origin_of_each_value_can_be_told(void **state)
{
    (void)state;
    struct places places = {.flags = {"--workers", "2"},
                            .environment = {"QUIRE_LOG_LEVEL=warn"},
                            .file = "{\"data\": \"x\"}"};
    struct config config;
    char message[CONFIG_MESSAGE_MAX], origin[64];
    assert_int_equal(resolve(&places, &config, message), 0);
    assert_string_equal(config_origin(&config, OPTION_WORKERS, origin, sizeof(origin)), "flag");
    assert_string_equal(config_origin(&config, OPTION_LOG_LEVEL, origin, sizeof(origin)),
                        "QUIRE_LOG_LEVEL");
    assert_string_equal(config_origin(&config, OPTION_DATA, origin, sizeof(origin)), file_path);
    assert_string_equal(config_origin(&config, OPTION_LISTEN, origin, sizeof(origin)), "default");
    config_deinit(&config);
}

static void only_near_words_are_suggested(void **state)
{
    (void)state;
    static const char *const words[] = {"serve", "replay", "ot", "version", "help"};
    assert_string_equal(suggest("srve", words, 5), "serve");
    assert_string_equal(suggest("serv", words, 5), "serve");
    assert_string_equal(suggest("verison", words, 5), "version");
    assert_null(suggest("x", words, 5));
    assert_null(suggest("banana", words, 5));
    assert_null(suggest("", words, 5));
    char longer[200];
    memset(longer, 's', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_null(suggest(longer, words, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_word_the_defaults_hold),
        cmocka_unit_test(every_default_is_a_value_of_its_option),
        cmocka_unit_test(the_strongest_place_decides),
        cmocka_unit_test(every_option_can_be_given_in_every_place),
        cmocka_unit_test(a_list_grows_within_one_place),
        cmocka_unit_test(every_limit_has_its_option),
        cmocka_unit_test(a_flag_takes_its_value_from_the_next_argument_too),
        cmocka_unit_test(the_file_can_be_named_by_the_environment),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(only_this_machine_can_be_served_without_keys),
        cmocka_unit_test(a_wrong_variable_is_named),
        cmocka_unit_test(a_variable_that_looks_mistyped_gets_a_warning),
        cmocka_unit_test(a_wrong_file_is_refused_with_its_name_and_key),
        cmocka_unit_test(a_file_is_read_up_to_its_limit),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
        cmocka_unit_test(help_is_given_whatever_else_is_wrong),
        cmocka_unit_test(the_origin_of_each_value_can_be_told),
        cmocka_unit_test(only_near_words_are_suggested),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
