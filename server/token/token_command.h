/* quire token: makes keys and tokens, and explains tokens. argv[0] is the command's name; returns
 * the exit status: 0 done (of --check: the token is good), 1 not, 2 wrong arguments. */
#ifndef QUIRE_TOKEN_TOKEN_COMMAND_H
#define QUIRE_TOKEN_TOKEN_COMMAND_H

int token_command(int argc, char **argv);

#endif
