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
    if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return say(key_path, "key", reason_of(ERR_peek_error()), message_out, message_size);
    }
    return 0;
}

int tls_check(const char *cert_path, const char *key_path, char *message_out, size_t message_size)
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
    SSL_CTX_free(context);
    return result;
}

int tls_set_up(void *ssl_ctx, const char *cert_path, const char *key_path)
{
    char message[256];
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
    return load(context, cert_path, key_path, message, sizeof(message));
}
