/* What of requests is about who may do what. Only for request.c. */
#ifndef QUIRE_HUB_REQUEST_SHARING_H
#define QUIRE_HUB_REQUEST_SHARING_H

#include "server/hub/request.h"

/* The document of this id, with all of `document` and `key`. */
int request_find(struct store *store, struct store_request *request);
/* The same if the asker has the role that is needed; without `sharing` everybody has. */
int request_find_allowed(struct store *store, struct store_request *request);

int request_create(struct store *store, struct store_request *request);
int request_list(struct store *store, struct store_request *request, size_t limit,
                 store_document_fn *row);
/* The kinds from REQUEST_MAY_OPEN on. */
int request_serve_sharing(struct store *store, struct store_request *request);

void request_sharing_free(struct request_sharing *sharing);

#endif
