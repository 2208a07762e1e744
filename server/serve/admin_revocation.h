/* What it means to take a token back: the words of the admin's socket, and what is stored. For the
 * server and for the command, which does the same when no server runs. */
#ifndef QUIRE_SERVE_ADMIN_REVOCATION_H
#define QUIRE_SERVE_ADMIN_REVOCATION_H

#include "server/limits.h"
#include "server/serve/admin.h"
#include "storage/sharing.h"

#include <string.h>

/* The most that --token-leeway-s may be: a token may be taken for so long after its end. */
#define ADMIN_LEEWAY_MAX_S 300

/* Reads `jti NAME` or `sub NAME`. Of the second all tokens count that were made before this second
 * has ended; one made in the next is good. Kept until the last of them could have ended. False: it
 * is neither. */
static inline bool admin_revocation(const char *words, int64_t now_s,
                                    struct store_revocation *revocation_out)
{
    bool is_token = strncmp(words, ADMIN_JTI, strlen(ADMIN_JTI)) == 0;
    bool is_subject = strncmp(words, ADMIN_SUB, strlen(ADMIN_SUB)) == 0;
    size_t size = is_token || is_subject ? strlen(words + strlen(ADMIN_JTI)) : 0;
    *revocation_out = (struct store_revocation){
        .kind = is_token ? STORE_REVOKED_TOKEN : STORE_REVOKED_SUBJECT,
        .before_s = is_token ? 0 : now_s + 1,
        .until_s = now_s + LIMIT_TOKEN_LIFE_S + ADMIN_LEEWAY_MAX_S,
    };
    if (size == 0 || size > STORE_SUBJECT_MAX)
        return false;
    memcpy(revocation_out->name, words + strlen(ADMIN_JTI), size + 1);
    return true;
}

#endif
