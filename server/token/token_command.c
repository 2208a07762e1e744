#include "server/token/token_command.h"

#include "server/arguments/arguments.h"
#include "server/auth/token_parts.h"
#include "server/limits.h"
#include "server/token/explain.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STATUS_OK = 0, STATUS_FAILED = 1 };

#define MESSAGE_MAX  512
#define TTL_MAX_S    (366 * 86400L)
#define LEEWAY_MAX_S 300

static const char usage[] =
    "Usage: quire token --key FILE --sub WHO [options]\n"
    "       quire token --check --key FILE [options] [TOKEN]\n"
    "       quire token --new-key FILE [--alg HS256|EdDSA] [--kid NAME]\n"
    "       quire token revoke --help     to take tokens back\n"
    "       quire token reload --help     to have a server read its keys anew\n"
    "\n"
    "Makes a token that lets somebody into a server with --token-keys, and prints it; says what\n"
    "is in a token and what is wrong with it (without TOKEN, the one on standard input); or makes\n"
    "a file with a new key. For EdDSA, FILE can make tokens and FILE.pub is for the server.\n"
    "\n"
    "  --key FILE         the keys, as the server's --token-keys\n"
    "  --kid NAME         the key to use (the first in FILE that can), or to make\n"
    "  --sub WHO          whose token it is\n"
    "  --ttl TIME         how long it is good: 90s, 15m, 8h, 30d (1h)\n"
    "  --doc ID:ROLE      owner, editor, commenter or viewer of a document; ID* for all whose id\n"
    "                     begins so; may be given several times\n"
    "  --create           may create documents, and owns those\n"
    "  --admin            owner of all documents\n"
    "  --name NAME        the name that others see; without it, people choose one\n"
    "  --color #RRGGBB    the colour that others see\n"
    "  --issuer TEXT      who makes it; for --check: who must have made it\n"
    "  --audience TEXT    for whom it is; for --check: for whom it must be\n"
    "  --leeway-s N       for --check: by so much clocks may differ (30)\n"
    "  --help             this text\n"
    "\n"
    "Exit status: 0 done, or the token is good; 1 not; 2 wrong arguments.\n";

struct wish {
    bool check, admin, create;
    const char *key, *new_key, *kid, *algorithm, *sub, *name, *color, *issuer, *audience;
    long ttl_s, leeway_s;
    json_t *docs;
};

static const struct option options[] = {
    {"admin", no_argument, NULL, 'A'},
    {"alg", required_argument, NULL, 'a'},
    {"audience", required_argument, NULL, 'u'},
    {"check", no_argument, NULL, 'c'},
    {"color", required_argument, NULL, 'o'},
    {"create", no_argument, NULL, 'C'},
    {"doc", required_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {"issuer", required_argument, NULL, 'i'},
    {"key", required_argument, NULL, 'k'},
    {"kid", required_argument, NULL, 'K'},
    {"leeway-s", required_argument, NULL, 'l'},
    {"name", required_argument, NULL, 'n'},
    {"new-key", required_argument, NULL, 'N'},
    {"sub", required_argument, NULL, 's'},
    {"ttl", required_argument, NULL, 't'},
    {0},
};

static int refuse(const char *what)
{
    return arguments_refuse("token", "%s", what);
}

static int fail(const char *what)
{
    fprintf(stderr, "quire token: %s\n", what);
    return STATUS_FAILED;
}

/* ---- arguments ---------------------------------------------------------------------------------
 */

/* A number and a unit, in seconds; 0: it is none. */
static long read_time(const char *text)
{
    static const struct {
        char letter;
        long seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    long number = strtol(text, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (*end == units[i].letter && end[1] == '\0' && number > 0 &&
            number <= TTL_MAX_S / units[i].seconds)
            return number * units[i].seconds;
    return 0;
}

static const char *take_document(struct wish *wish, const char *text)
{
    struct access_user user = {0};
    char id[ACCESS_ID_MAX + 2];
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : 0;
    if (!colon || size >= sizeof(id))
        return "--doc takes ID:ROLE, as handbook:editor or handbook-*:viewer";
    memcpy(id, text, size);
    id[size] = '\0';
    bool good = access_role_find(colon + 1) != ACCESS_NONE &&
                access_grant(&user, id, access_role_find(colon + 1));
    access_deinit(&user);
    if (!good)
        return "--doc takes the id of a document, or the beginning of ids and *, and after a colon "
               "owner, editor, commenter or viewer";
    if (json_object_get(wish->docs, id))
        return "--doc gives two roles in one document";
    json_object_set_new(wish->docs, id, json_string(colon + 1));
    return NULL;
}

static const char *take_leeway(struct wish *wish, const char *text)
{
    char *end;
    wish->leeway_s = strtol(text, &end, 10);
    return *end == '\0' && end != text && wish->leeway_s >= 0 && wish->leeway_s <= LEEWAY_MAX_S
               ? NULL
               : "--leeway-s takes a number from 0 to 300";
}

/* What is wrong, or NULL. */
static const char *take(struct wish *wish, int option, const char *value)
{
    switch (option) {
    case 'A':
        wish->admin = true;
        break;
    case 'C':
        wish->create = true;
        break;
    case 'c':
        wish->check = true;
        break;
    case 'a':
        wish->algorithm = value;
        break;
    case 'u':
        wish->audience = value;
        break;
    case 'o':
        wish->color = value;
        break;
    case 'i':
        wish->issuer = value;
        break;
    case 'k':
        wish->key = value;
        break;
    case 'K':
        wish->kid = value;
        break;
    case 'n':
        wish->name = value;
        break;
    case 'N':
        wish->new_key = value;
        break;
    case 's':
        wish->sub = value;
        break;
    case 'd':
        return take_document(wish, value);
    case 'l':
        return take_leeway(wish, value);
    default:
        wish->ttl_s = read_time(value);
        return wish->ttl_s > 0 ? NULL : "--ttl takes a time up to 366d, as 90s, 15m, 8h or 30d";
    }
    return NULL;
}

/* ---- the three commands ------------------------------------------------------------------------
 */

static int new_key(const struct wish *wish)
{
    char message[MESSAGE_MAX], kid[16], public_path[4096];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(kid, sizeof(kid), "%Y-%m-%d", &utc);
    bool eddsa = wish->algorithm && strcmp(wish->algorithm, "EdDSA") == 0;
    if (wish->algorithm && !eddsa && strcmp(wish->algorithm, "HS256") != 0)
        return refuse("--alg is HS256 or EdDSA");
    if (snprintf(public_path, sizeof(public_path), "%s.pub", wish->new_key) >=
        (int)sizeof(public_path))
        return refuse("the file's name is too long");
    if (token_keys_make(wish->new_key, wish->kid ? wish->kid : kid,
                        eddsa ? TOKEN_EDDSA : TOKEN_HS256, public_path, message,
                        sizeof(message)) != 0)
        return fail(message);
    if (eddsa)
        printf("%s makes tokens; %s is for the server (--token-keys)\n", wish->new_key,
               public_path);
    else
        printf("%s makes tokens and is for the server (--token-keys)\n", wish->new_key);
    return STATUS_OK;
}

static const struct token_key *signing_key(const struct token_keys *keys, const char *kid)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->keys[i].can_sign && (!kid || strcmp(kid, keys->keys[i].name) == 0))
            return &keys->keys[i];
    return NULL;
}

/* False: it is not UTF-8. */
static bool set_text(json_t *claims, const char *name, const char *value)
{
    return !value || json_object_set_new(claims, name, json_string(value)) == 0;
}

/* NULL: a text is not UTF-8. */
static json_t *claims_of(const struct wish *wish, int64_t now_s)
{
    json_t *claims = json_object();
    bool good = set_text(claims, "sub", wish->sub) && set_text(claims, "iss", wish->issuer) &&
                set_text(claims, "aud", wish->audience) && set_text(claims, "name", wish->name) &&
                set_text(claims, "color", wish->color) &&
                set_text(claims, "role", wish->admin ? "admin" : NULL);
    char id[TOKEN_ID_SIZE];
    token_draw_id(id);
    json_object_set_new(claims, "jti", json_string(id));
    if (wish->create)
        json_object_set_new(claims, "create", json_true());
    json_object_set_new(claims, "iat", json_integer(now_s));
    json_object_set_new(claims, "exp", json_integer(now_s + wish->ttl_s));
    json_object_set(claims, "docs", wish->docs);
    if (good)
        return claims;
    json_decref(claims);
    return NULL;
}

/* Prints it, if a server would take it. */
static int make(const struct wish *wish, const struct token_keys *keys)
{
    const struct token_key *key = signing_key(keys, wish->kid);
    struct token_rules rules = {.keys = keys,
                                .issuer = wish->issuer ? wish->issuer : "",
                                .audience = wish->audience ? wish->audience : ""};
    int64_t now_s = (int64_t)time(NULL);
    struct token token;
    if (!wish->sub)
        return refuse("--sub is missing: whose token is it?");
    if (!key)
        return fail("there is no such key in the file that can make tokens");
    json_t *claims = claims_of(wish, now_s);
    if (!claims)
        return refuse("what is to be in the token is not UTF-8");
    char *text = token_make(key, claims);
    json_decref(claims);
    const char *wrong = text
                            ? token_read(&rules, (const uint8_t *)text, strlen(text), now_s, &token)
                            : "the token would be longer than 4096 bytes";
    if (!wrong) {
        token_deinit(&token);
        puts(text);
    }
    free(text);
    return wrong ? fail(wrong) : STATUS_OK;
}

/* The token given, or the first line of standard input. */
static const char *token_of(const char *operand, char *buffer, size_t size)
{
    if (operand)
        return operand;
    if (!fgets(buffer, (int)size, stdin))
        return "";
    buffer[strcspn(buffer, "\r\n")] = '\0';
    return buffer;
}

static int check(const struct wish *wish, const struct token_keys *keys, const char *operand)
{
    char line[LIMIT_TOKEN_BYTES + 64];
    struct token_rules rules = {.keys = keys,
                                .issuer = wish->issuer ? wish->issuer : "",
                                .audience = wish->audience ? wish->audience : "",
                                .leeway_s = wish->leeway_s};
    const char *token = token_of(operand, line, sizeof(line));
    return token_explain(stdout, &rules, token, (int64_t)time(NULL)) ? STATUS_OK : STATUS_FAILED;
}

static int run(const struct wish *wish, int operands, char **operand)
{
    char message[MESSAGE_MAX];
    if (operands > 0 && !wish->check)
        return arguments_refuse("token", "\"%.60s\" is not a command; there are revoke and reload",
                                operand[0]);
    if (operands > 1)
        return arguments_refuse_surplus("token", operand[1]);
    if (wish->new_key)
        return new_key(wish);
    if (!wish->key)
        return refuse("--key is missing: a file of keys, which --new-key makes");
    struct token_keys *keys = token_keys_read(wish->key, message, sizeof(message));
    if (!keys)
        return fail(message);
    int status = wish->check ? check(wish, keys, operand[0]) : make(wish, keys);
    token_keys_free(keys);
    return status;
}

int token_command(int argc, char **argv)
{
    struct wish wish = {.ttl_s = 3600, .leeway_s = 30, .docs = json_object()};
    int option, status = -1;
    optind = 0;
    while (status < 0 && (option = arguments_next("token", argc, argv, options)) != ARGUMENTS_END) {
        const char *wrong = NULL;
        if (option == 'h') {
            fputs(usage, stdout);
            status = STATUS_OK;
        } else if (option == ARGUMENTS_WRONG) {
            status = ARGUMENTS_USAGE;
        } else if ((wrong = take(&wish, option, optarg))) {
            status = refuse(wrong);
        }
    }
    if (status < 0)
        status = run(&wish, argc - optind, argv + optind);
    json_decref(wish.docs);
    return status;
}
