/* Asking the server that runs on a data directory. */
#ifndef QUIRE_OPERATE_ASK_H
#define QUIRE_OPERATE_ASK_H

#include "server/operate/message.h"
#include "server/operate/watch.h"

#include <stdio.h>

enum asked { ASK_DONE, ASK_FAILED, ASK_NOBODY };

/* Has it copy its database into the new file `path`, which is absolute. ASK_NOBODY: no server runs
 * there. ASK_FAILED: `message_out` (MESSAGE_MAX) says in a sentence why. */
enum asked ask_backup(const char *data, const char *path, struct watch *watch, char *message_out);
/* Writes what it has counted to `out`, as text for Prometheus. The rest as ask_backup. */
enum asked ask_metrics(const char *data, FILE *out, char *message_out);

/* Has it do something else: `request` is a line of server/serve/admin.h, without its end. `file`:
 * the descriptor that goes along; -1: none. */
enum asked ask_server(const char *data, const char *request, int file, struct watch *watch,
                      char *message_out);

#endif
