#include "server/thread/mailbox.h"

#include <stddef.h>

bool mailbox_push(struct mailbox *mailbox, void *item)
{
    struct mailbox_node *node = item;
    struct mailbox_node *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        node->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, node,
                                                    memory_order_release, memory_order_relaxed));
    return newest == NULL;
}

void *mailbox_take(struct mailbox *mailbox)
{
    struct mailbox_node *node =
        atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct mailbox_node *oldest = NULL;
    while (node != NULL) {
        struct mailbox_node *older = node->next;
        node->next = oldest;
        oldest = node;
        node = older;
    }
    return oldest;
}
