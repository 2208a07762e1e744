/*
 * Who may do what, as far as it must last: the members of documents, the links that share them, and
 * the tokens that were taken back. A role is a number from 1, and storage does not know what it
 * allows. Threads, errors and durability are those of storage/store.h.
 */
#ifndef QUIRE_STORE_SHARING_H
#define QUIRE_STORE_SHARING_H

#include "storage/store.h"

#define STORE_SUBJECT_MAX    128 /* bytes of who somebody is, in UTF-8 */
#define STORE_LABEL_MAX      400 /* bytes of a link's label, in UTF-8 */
#define STORE_LINK_HASH_SIZE 32
#define STORE_ROLE_MAX       4

/* ---- members of a document ---- */

struct store_member {
    char subject[STORE_SUBJECT_MAX + 1];
    unsigned role;
    int64_t at_ms; /* when the role was given */
};

/* As store_create, with a first member in the same transaction. */
int store_create_owned(struct store *store, struct store_document *document, const char *subject,
                       unsigned role, int64_t now_ms);
/* Role 0: not a member. */
int store_member_find(struct store *store, int64_t key, const char *subject, unsigned *role_out);
/* Makes somebody a member or gives another role; role 0 removes, also whoever is none.
 * STORE_E_LIMIT: one more than `members_max`. */
int store_member_set(struct store *store, int64_t key, const struct store_member *member,
                     size_t members_max);
/* All of them, by subject. What the callback returns other than 0 ends the call and is returned. */
typedef int store_member_fn(void *context, const struct store_member *member);
int store_members(struct store *store, int64_t key, store_member_fn *row, void *context);

/* As store_list, of the documents that `subject` is a member of. */
int store_list_of(struct store *store, const char *subject, int64_t before_ms, int64_t before_key,
                  size_t limit, store_document_fn *row, void *context);

/* ---- links to a document ---- */

struct store_link {
    uint64_t number; /* within the document; not 0 */
    uint8_t hash[STORE_LINK_HASH_SIZE];
    unsigned role;
    char label[STORE_LABEL_MAX + 1];
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
};

/* STORE_E_EXISTS: the number is taken. STORE_E_LIMIT: one more than `links_max`. */
int store_link_add(struct store *store, int64_t key, const struct store_link *link,
                   size_t links_max);
/* By hash. STORE_E_NOT_FOUND: there is no such document, or no such link to it. */
int store_link_find(struct store *store, int64_t key, const uint8_t *hash,
                    struct store_link *link_out);
/* Also of one that is not there. */
int store_link_remove(struct store *store, int64_t key, uint64_t number);
/* All of them, oldest first. */
typedef int store_link_fn(void *context, const struct store_link *link);
int store_links(struct store *store, int64_t key, store_link_fn *row, void *context);

/* ---- tokens that were taken back ---- */

enum store_revoked { STORE_REVOKED_TOKEN = 1, STORE_REVOKED_SUBJECT };

struct store_revocation {
    enum store_revoked kind;
    char name[STORE_SUBJECT_MAX + 1]; /* of the token, or of whose tokens */
    int64_t before_s;                 /* SUBJECT: those made before it */
    int64_t until_s;                  /* after it the entry is of no use, and goes */
};

/* Adds it, or replaces one of the same name. STORE_E_LIMIT: one more than `most`. */
int store_revoke(struct store *store, const struct store_revocation *revocation, size_t most);
/* Removes those that are of no use at `now_s`. */
int store_revocations_clean(struct store *store, int64_t now_s);
typedef int store_revocation_fn(void *context, const struct store_revocation *revocation);
int store_revocations(struct store *store, store_revocation_fn *row, void *context);

#endif
