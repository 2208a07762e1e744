/* TLS by OpenSSL, as libwebsockets uses it: 1.2 and 1.3 with ciphers that keep past traffic secret.
 * The certificate may change while connections are open: each handshake takes the one of now.
 */
#ifndef QUIRE_GATE_TLS_H
#define QUIRE_GATE_TLS_H

#include <pthread.h>
#include <stddef.h>

/* The certificate, its chain and its key in use. */
struct tls {
    pthread_mutex_t lock;
    struct ssl_ctx_st *identity; /* OpenSSL's SSL_CTX, which holds them; NULL: none */
};

void tls_init(struct tls *tls);
void tls_deinit(struct tls *tls);
/* Reads the files and has all handshakes from now on use them. Nobody but the key's owner and its
 * group may read it. -1 with a sentence: they cannot be used, and what is in use stays. Any thread.
 */
int tls_load(struct tls *tls, const char *cert_path, const char *key_path, char *message_out,
             size_t message_size);
/* Sets up libwebsockets' SSL_CTX, which `tls` must outlive. 0 or -1. */
int tls_set_up(void *ssl_ctx, struct tls *tls);

#endif
