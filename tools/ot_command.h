/*
 * `quire ot`: the engine over a pipe, one JSON question a line, one JSON answer a line. For fuzzers
 * and for people who hunt a divergence; `quire ot --help` tells the questions.
 */
#ifndef QUIRE_TOOLS_OT_COMMAND_H
#define QUIRE_TOOLS_OT_COMMAND_H

/* Longest line that is read. */
#define OT_COMMAND_LINE_MAX_BYTES (64u << 20)

/* argv[0] is the command's name. Returns the exit status: 0 when every line could be read and
 * answered (with an error or not), 1 when input or output failed, 2 for wrong arguments. */
int ot_command(int argc, char **argv);

#endif
