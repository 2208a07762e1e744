/* Memory for a secret: locked, fenced in, left out of core dumps, and wiped when it is freed. */
#ifndef QUIRE_STORAGE_SECRET_H
#define QUIRE_STORAGE_SECRET_H

#include <stdint.h>

#define SECRET_SIZE 32

/* SECRET_SIZE zeros, or NULL. */
uint8_t *secret_new(void);
void secret_free(uint8_t *secret);

#endif
