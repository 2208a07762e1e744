/* quire token revoke and quire token reload: what tokens are good for is changed at once. */
#include "server/operate/ask.h"
#include "server/operate/choices.h"
#include "server/operate/commands.h"
#include "server/serve/admin_revocation.h"
#include "server/thread/clock.h"
#include "storage/upkeep.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command_form revoke_form = {
    .name = "token revoke",
    .usage =
        "Usage: quire token revoke [--data DIR] (--sub WHO | --jti NAME)\n"
        "\n"
        "Takes tokens back: that of one name (its jti), or all of somebody's that were made\n"
        "before now. Whoever is connected with one is sent away at once, and nobody is let in\n"
        "with one any more. Also when no server runs. What is taken back is remembered until\n"
        "the last such token has ended, of 65536 at most.\n"
        "\n"
        "  --data DIR   data directory of the server (QUIRE_DATA, default ./data)\n"
        "  --sub WHO    whose tokens; those made from the next second on are good\n"
        "  --jti NAME   the token of this name\n"
        "  --help       this text\n"
        "\n"
        "Exit status: 0 done; 1 not; 2 wrong arguments.\n",
    .choices = CHOICE_DATA | CHOICE_SUB | CHOICE_JTI,
};

static const struct command_form reload_form = {
    .name = "token reload",
    .usage = "Usage: quire token reload [--data DIR] --token-keys FILE\n"
             "\n"
             "Has the running server go on with the keys that are in its file now. Those who came\n"
             "by a key that is gone, or has become another, are sent away at once.\n"
             "\n"
             "  --data DIR          data directory of the server (QUIRE_DATA, default ./data)\n"
             "  --token-keys FILE   the file of keys, as the server's own (QUIRE_TOKEN_KEYS)\n"
             "  --help              this text\n"
             "\n"
             "Exit status: 0 done; 1 not: the server goes on with the keys it has; 2 wrong\n"
             "arguments.\n",
    .choices = CHOICE_DATA | CHOICE_TOKEN_KEYS,
};

static int report(const char *name, bool done, const char *message)
{
    if (done)
        return STATUS_OK;
    fprintf(stderr, "quire %s: %s\n", name, message);
    return STATUS_FAILED;
}

/* In the database itself. */
static bool store_it(const char *data, const char *words, char *message_out)
{
    struct store_revocation revocation;
    struct store *store;
    int64_t now_s = clock_unix_ms() / 1000;
    if (!admin_revocation(words, now_s, &revocation)) {
        message_fail(message_out, "a name has 1 to %d bytes", STORE_SUBJECT_MAX);
        return false;
    }
    if (store_open_existing(data, &store, message_out, MESSAGE_MAX) != STORE_OK)
        return false;
    int code = store_revocations_clean(store, now_s);
    if (code == STORE_OK)
        code = store_revoke(store, &revocation, LIMIT_REVOCATIONS);
    store_close(store);
    message_fail(message_out, "%s", store_error_text(code));
    return code == STORE_OK;
}

static bool has_controls(const char *name)
{
    for (; *name; name++)
        if (iscntrl((unsigned char)*name))
            return true;
    return false;
}

int token_revoke_command(int argc, char **argv)
{
    char words[STORE_SUBJECT_MAX + 64], message[MESSAGE_MAX];
    struct choices choices;
    struct watch watch;
    int status = choices_read(&choices, &revoke_form, argc, argv);
    if (status >= 0)
        return status;
    const char *name = choices.sub ? choices.sub : choices.jti;
    if (!name || (choices.sub && choices.jti) || strlen(name) > STORE_SUBJECT_MAX ||
        has_controls(name))
        return arguments_refuse(revoke_form.name,
                                "name one --sub or one --jti, of at most %d bytes and without "
                                "control characters",
                                STORE_SUBJECT_MAX);
    snprintf(words, sizeof(words), ADMIN_REVOKE "%s%s", choices.sub ? ADMIN_SUB : ADMIN_JTI, name);
    watch_init(&watch, true);
    enum asked asked = ask_server(choices.data, words, -1, &watch, message);
    watch_deinit(&watch);
    bool done =
        asked == ASK_DONE ||
        (asked == ASK_NOBODY && store_it(choices.data, words + strlen(ADMIN_REVOKE), message));
    return report("token revoke", done, message);
}

int token_reload_command(int argc, char **argv)
{
    char message[MESSAGE_MAX];
    struct choices choices;
    struct watch watch;
    int status = choices_read(&choices, &reload_form, argc, argv);
    if (status >= 0)
        return status;
    if (!choices.keys)
        return arguments_refuse(reload_form.name, "--token-keys is missing: the file of keys");
    int file = open(choices.keys, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        message_fail(message, "%.200s: %s", choices.keys, strerror(errno));
        return report("token reload", false, message);
    }
    watch_init(&watch, true);
    enum asked asked = ask_server(choices.data, ADMIN_KEYS, file, &watch, message);
    watch_deinit(&watch);
    close(file);
    if (asked == ASK_NOBODY)
        message_fail(message, "no server runs on %.200s", choices.data);
    return report("token reload", asked == ASK_DONE, message);
}
