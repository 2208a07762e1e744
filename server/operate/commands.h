/*
 * The operator's commands. argv[0] is the command's name; each returns the exit status: 0 done, 1
 * not done (or, of verify, something found), 2 wrong arguments.
 */
#ifndef QUIRE_OPERATE_COMMANDS_H
#define QUIRE_OPERATE_COMMANDS_H

int backup_command(int argc, char **argv);
int compact_command(int argc, char **argv);
int export_command(int argc, char **argv);
int import_command(int argc, char **argv);
int metrics_command(int argc, char **argv);
/* Of `quire token`: revoke, reload. */
int token_revoke_command(int argc, char **argv);
int token_reload_command(int argc, char **argv);
int reopen_command(int argc, char **argv);
int restore_command(int argc, char **argv);
int verify_command(int argc, char **argv);

#endif
