#include "server/gate/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of TLS 1.2; all of those of 1.3 are good. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* NULL: the file of the key is kept as it should be. */
static const char *refuse_key_file(const char *path)
{
    struct stat file;
    if (stat(path, &file) != 0) {
        return strerror(errno);
    }
    if (!S_ISREG(file.st_mode)) {
        return "it is not a file";
    }
    if (file.st_uid != geteuid() && file.st_uid != 0) {
        return "it belongs to another user";
    }
    if ((file.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
        return "others can get at it: let only its owner, or a group of its own, read it "
               "(chmod 600)";
    }
    return NULL;
}

static const char *reason_of(unsigned long error)
{
    if (ERR_SYSTEM_ERROR(error)) {
        return strerror(ERR_GET_REASON(error));
    }
    const char *reason = ERR_reason_error_string(error);
    return reason == NULL ? "unknown error" : reason;
}

static int say(const char *path, const char *what, const char *why, char *message_out,
               size_t message_size)
{
    snprintf(message_out, message_size, "%s: the %s cannot be used: %s", path, what, why);
    return -1;
}

static int load(SSL_CTX *context, const char *cert_path, const char *key_path, char *message_out,
                size_t message_size)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, cert_path) != 1) {
        return say(cert_path, "certificate", reason_of(ERR_peek_error()), message_out,
                   message_size);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1) {
        return say(key_path, "key", reason_of(ERR_peek_error()), message_out, message_size);
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return say(key_path, "key", "it is another kind of key than the certificate's", message_out,
                   message_size);
    }
    return 0;
}

void tls_init(struct tls *tls)
{
    pthread_mutex_init(&tls->lock, NULL);
    tls->identity = NULL;
}

void tls_deinit(struct tls *tls)
{
    SSL_CTX_free(tls->identity);
    pthread_mutex_destroy(&tls->lock);
}

/* Takes what was given over, and gives back what it had. */
static SSL_CTX *exchange(struct tls *tls, SSL_CTX *identity)
{
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *before = tls->identity;
    tls->identity = identity;
    pthread_mutex_unlock(&tls->lock);
    return before;
}

static SSL_CTX *share(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *identity = tls->identity;
    SSL_CTX_up_ref(identity);
    pthread_mutex_unlock(&tls->lock);
    return identity;
}

int tls_load(struct tls *tls, const char *cert_path, const char *key_path, char *message_out,
             size_t message_size)
{
    const char *why = refuse_key_file(key_path);
    if (why != NULL) {
        return say(key_path, "key", why, message_out, message_size);
    }
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        return say(cert_path, "certificate", "there is not enough memory", message_out,
                   message_size);
    }
    int result = load(context, cert_path, key_path, message_out, message_size);
    SSL_CTX_free(result == 0 ? exchange(tls, context) : context);
    return result;
}

/* Asked by each handshake, whose own context has no certificate: one that is replaced there by one
 * of another kind of key would stay beside it. */
static int use_identity(SSL *ssl, void *context)
{
    STACK_OF(X509) *chain = NULL;
    SSL_CTX *identity = share(context);
    SSL_CTX_get0_chain_certs(identity, &chain);
    int result = SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(identity),
                                      SSL_CTX_get0_privatekey(identity), chain, 1);
    SSL_CTX_free(identity);
    return result;
}

int tls_set_up(void *ssl_ctx, struct tls *tls)
{
    SSL_CTX *context = ssl_ctx;
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS) != 1) {
        return -1;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Tickets let clients come back without work for the server, and without memory. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* An idle connection holds no buffers. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_cert_cb(context, use_identity, tls);
    return 0;
}
