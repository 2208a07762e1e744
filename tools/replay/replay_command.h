/*
 * `quire replay`: plays recorded editing through a server, or through the engine alone, and says
 * what does not hold on the way.
 */
#ifndef QUIRE_REPLAY_REPLAY_COMMAND_H
#define QUIRE_REPLAY_REPLAY_COMMAND_H

/* argv[0] is the command's name. Returns the exit status: 0 when nothing was found, 1 when
 * something was or the server could not be played to the end, 2 for wrong arguments or a file that
 * cannot be played. */
int replay_command(int argc, char **argv);

#endif
