#include "server/serve/request_queue.h"

void request_queue_push(struct request_queue *queue, struct store_request *request)
{
    request->next = NULL;
    if (queue->last)
        queue->last->next = request;
    else
        queue->first = request;
    queue->last = request;
    queue->count++;
}

struct store_request *request_queue_pop(struct request_queue *queue)
{
    struct store_request *request = queue->first;
    if (!request)
        return NULL;
    queue->first = request->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    request->next = NULL;
    return request;
}

void request_chain_free(struct store_request *chain)
{
    while (chain) {
        struct store_request *next = chain->next;
        request_free(chain);
        chain = next;
    }
}

void request_queue_drop(struct request_queue *queue)
{
    request_chain_free(queue->first);
    *queue = (struct request_queue){0};
}

size_t request_bytes(const struct store_request *request)
{
    return sizeof(*request) + (request->blob ? request->blob->size : 0);
}
