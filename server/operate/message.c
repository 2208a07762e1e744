#include "server/operate/message.h"

#include <stdarg.h>
#include <stdio.h>

int message_fail(char *message_out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message_out, MESSAGE_MAX, format, arguments);
    va_end(arguments);
    return -1;
}

const char *message_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}
