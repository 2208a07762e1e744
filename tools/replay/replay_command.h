/*
 * `quire replay`: plays recorded editing sessions through a server, or through the engine alone,
 * and says whether all copies of the document and the recorded text agree.
 */
#ifndef QUIRE_REPLAY_REPLAY_COMMAND_H
#define QUIRE_REPLAY_REPLAY_COMMAND_H

/* argv[0] is the command's name. Returns the exit status: 0 when everything agreed, 1 on a
 * divergence or when the server could not be played to the end, 2 for wrong arguments or a trace
 * that cannot be played. */
int replay_command(int argc, char **argv);

#endif
