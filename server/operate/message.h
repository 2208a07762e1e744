/* What went wrong, as a sentence for the operator: on its way up to whoever prints it. */
#ifndef QUIRE_OPERATE_MESSAGE_H
#define QUIRE_OPERATE_MESSAGE_H

#include <stdint.h>

#define MESSAGE_MAX 512

/* Writes the sentence, cut to fit, to `message_out` (MESSAGE_MAX). Always -1. */
__attribute__((format(printf, 2, 3))) int message_fail(char *message_out, const char *format, ...);
/* What a word for so many things ends in. */
const char *message_plural(uint64_t count);

#endif
