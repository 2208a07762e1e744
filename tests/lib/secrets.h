/*
 * Secrets that tests plant, and the logs of all servers that tests start: in the run's directory of
 * logs (QUIRE_TEST_LOGS; without it nothing is kept), where tests/logs looks for the ones in the
 * others. tests/e2e/lib/secrets.js is the same for tests in JavaScript.
 */
#ifndef QUIRE_TEST_SECRETS_H
#define QUIRE_TEST_SECRETS_H

#include <stddef.h>
#include <sys/types.h>

/* In whatever must not be logged, and nowhere else. */
#define SECRET_MARK "zQ7PlantedSecret"

/* Notes that these bytes are secret. `kind` is for people. */
void secret_plant(const char *kind, const void *bytes, size_t size);
void secret_plant_text(const char *kind, const char *text);
/* Of a token the claims and the signature. */
void secret_plant_token(const char *token);
/* Where the log of a process is kept: a descriptor, or -1. */
int secret_log_open(pid_t pid);

#endif
