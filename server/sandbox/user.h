/* Becoming an ordinary user, for who was started as root. */
#ifndef QUIRE_SANDBOX_USER_H
#define QUIRE_SANDBOX_USER_H

#define USER_MESSAGE_MAX 256

/* Gives up everything that root may: the process becomes the user of this name with that user's
 * main group and no other, for good. Already being that user is fine. -1: `message_out`
 * (USER_MESSAGE_MAX) says in a sentence why not. */
int user_become(const char *name, char *message_out);

#endif
