/*
 * What is typed behind the name of a command. Whatever is wrong with it is said in one way: a line
 * on standard error with the command and the word that is wrong, a second one with how to get help,
 * and the exit status 2.
 */
#ifndef QUIRE_ARGUMENTS_H
#define QUIRE_ARGUMENTS_H

struct option; /* of getopt.h */

#define ARGUMENTS_USAGE 2 /* exit status */

/* What arguments_next returns besides an option's `val`. */
#define ARGUMENTS_END   (-1) /* there are only operands left, from argv[optind] on */
#define ARGUMENTS_WRONG (-2) /* it has been said */

/* Says "quire COMMAND: WHAT", or "quire: WHAT" where `command` is "". Returns ARGUMENTS_USAGE. */
__attribute__((format(printf, 2, 3))) int arguments_refuse(const char *command, const char *format,
                                                           ...);
/* One operand too many. Returns ARGUMENTS_USAGE. */
int arguments_refuse_surplus(const char *command, const char *operand);

/* Like getopt_long, whose `optind` is to be 0 before the first call, with `optarg` for the value;
 * no `val` in `options` may be negative, '?' or ':'. An option "help" is -h too. */
int arguments_next(const char *command, int argc, char **argv, const struct option *options);

#endif
