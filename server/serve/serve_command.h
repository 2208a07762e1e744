/* `quire serve`: the server as a process. */
#ifndef QUIRE_SERVE_SERVE_COMMAND_H
#define QUIRE_SERVE_SERVE_COMMAND_H

/* argv[0] is the command's name. Returns the exit status: 0 after a stop that was asked for, 1 when
 * something failed, 2 for wrong options. */
int serve_command(int argc, char **argv);

#endif
