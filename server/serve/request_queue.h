/* A queue of store requests of one thread, linked by their `next`. */
#ifndef QUIRE_SERVE_REQUEST_QUEUE_H
#define QUIRE_SERVE_REQUEST_QUEUE_H

#include "server/hub/request.h"

#include <stddef.h>

/* Zero-initialise. */
struct request_queue {
    struct store_request *first, *last;
    size_t count;
};

void request_queue_push(struct request_queue *queue, struct store_request *request);
/* NULL when it is empty. */
struct store_request *request_queue_pop(struct request_queue *queue);
void request_queue_drop(struct request_queue *queue);
/* Frees requests that are linked by `next`; NULL does nothing. */
void request_chain_free(struct store_request *chain);

/* The bytes that a request holds on its way to the store. */
size_t request_bytes(const struct store_request *request);

#endif
