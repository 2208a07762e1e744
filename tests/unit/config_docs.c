/* docs/operations.md tells every option, and docs/limits.md every limit, as the program has it. */
#include "server/config/config.h"
#include "server/config/help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PAGE_MAX 262144
#define ROW_MAX  1024

static int read_file(const char *path, char page[PAGE_MAX])
{
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    size_t size = fread(page, 1, PAGE_MAX - 1, file);
    page[size] = '\0';
    return fclose(file);
}

static int read_page(void **state)
{
    static char page[PAGE_MAX];
    *state = page;
    return read_file(QUIRE_OPERATIONS_PAGE, page);
}

/* `|` parts the cells of a table, so it is escaped in them. */
static void escape(const char *text, char *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            *out++ = '\\';
        *out++ = *text;
    }
    *out = '\0';
}

static size_t rows_beginning(const char *page, const char *start)
{
    size_t count = 0;
    for (const char *at = strstr(page, start); at; at = strstr(at + 1, start))
        count += at == page || at[-1] == '\n';
    return count;
}

/* The rows of one table, printed whole when one of them is not on the page. */
static void assert_rows(const char *page, char rows[][ROW_MAX], size_t count, const char *start)
{
    bool missing = false;
    for (size_t i = 0; i < count; i++)
        missing |= strstr(page, rows[i]) == NULL;
    for (size_t i = 0; missing && i < count; i++)
        print_error("%s\n", rows[i]);
    if (missing)
        fail_msg("docs/operations.md must hold the rows above");
    assert_int_equal(rows_beginning(page, start), count);
}

static void the_page_lists_every_option(void **state)
{
    char rows[OPTION_SETTINGS][ROW_MAX];
    for (int id = 0; id < OPTION_SETTINGS; id++) {
        const struct option *option = &quire_options[id];
        char variable[OPTION_ENVIRONMENT_MAX], form[128], preset[128] = "none";
        escape(option->form, form);
        if (*option->preset != '\0')
            snprintf(preset, sizeof(preset), "`%s`%s%s", option->preset, *option->unit ? " " : "",
                     option->unit);
        snprintf(rows[id], ROW_MAX, "| `--%s %s` | `%s` | %s | %s |", option->name, form,
                 option_environment((enum option_id)id, variable), preset, option->help);
    }
    assert_rows(*state, rows, OPTION_SETTINGS, "| `--");
}

/* The table as `quire serve --show-limits` prints it; script/limits puts it there. */
static void the_page_of_limits_has_the_table_of_the_program(void **state)
{
    (void)state;
    static char page[PAGE_MAX];
    char message[CONFIG_MESSAGE_MAX], *table;
    size_t size;
    char serve[] = "serve", show[] = "--show-limits";
    char *arguments[] = {serve, show, NULL};
    struct config config;
    assert_int_equal(config_init(&config, 2, arguments, arguments + 2, message), 0);
    FILE *out = open_memstream(&table, &size);
    help_limits(out, &config);
    assert_int_equal(fclose(out), 0);
    read_file(QUIRE_LIMITS_PAGE, page);
    if (!strstr(page, table))
        fail_msg("docs/limits.md has another table: run script/limits");
    config_deinit(&config);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_lists_every_option),
        cmocka_unit_test(the_page_of_limits_has_the_table_of_the_program),
    };
    return cmocka_run_group_tests(tests, read_page, NULL);
}
