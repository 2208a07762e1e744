/* Who may do what with a document, in the header of its lines: members, and links by their hashes.
 */
#ifndef QUIRE_OPERATE_LINES_SHARING_H
#define QUIRE_OPERATE_LINES_SHARING_H

#include "storage/sharing.h"

#include <jansson.h>

struct lines_sharing {
    struct store_member *members;
    struct store_link *links;
    size_t member_count, link_count;
};

void lines_sharing_deinit(struct lines_sharing *sharing);

/* Adds the document's members and links to its header. STORE_OK or an error of store.h. */
int lines_sharing_write(struct store *store, int64_t key, json_t *header);
/* Of a header, which may have none. NULL, or what is wrong. */
const char *lines_sharing_read(const json_t *header, struct lines_sharing *sharing_out);
/* Gives them to a document that has been made. */
int lines_sharing_store(struct store *store, int64_t key, const struct lines_sharing *sharing);

#endif
