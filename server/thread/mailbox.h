/*
 * A queue between threads: any thread pushes, one thread takes everything at once. Items are the
 * pushers' own heap objects whose first member is `next`.
 */
#ifndef QUIRE_THREAD_MAILBOX_H
#define QUIRE_THREAD_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

struct mailbox_node {
    struct mailbox_node *next;
};

/* Zero-initialise. */
struct mailbox {
    _Atomic(struct mailbox_node *) newest;
};

/* Adds an item and gives it away. True when the mailbox was empty: its taker may be asleep and is
 * to be woken. */
bool mailbox_push(struct mailbox *mailbox, void *item);

/* All items so far, oldest first, linked by `next`; NULL when there are none. */
void *mailbox_take(struct mailbox *mailbox);

#endif
