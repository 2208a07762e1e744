/* TLS by OpenSSL, as libwebsockets uses it: 1.2 and 1.3 with ciphers that keep past traffic secret.
 */
#ifndef QUIRE_GATE_TLS_H
#define QUIRE_GATE_TLS_H

#include <stddef.h>

/* Whether this certificate (with its chain) and key can be used, and nobody but the key's owner and
 * its group may read it. 0, or -1 with a sentence. */
int tls_check(const char *cert_path, const char *key_path, char *message_out, size_t message_size);
/* Sets up libwebsockets' SSL_CTX. 0 or -1. */
int tls_set_up(void *ssl_ctx, const char *cert_path, const char *key_path);

#endif
