#include "hub_plan.h"

#include <stdarg.h>
#include <stdio.h>

void plan_say(struct plan *plan, const char *format, ...)
{
    if (plan->shown) {
        va_list arguments;
        va_start(arguments, format);
        fprintf(stderr, "%5u  ", plan->event);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
        va_end(arguments);
    }
}

void plan_fail(struct plan *plan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(plan->reason, sizeof plan->reason, format, arguments);
    va_end(arguments);
    longjmp(plan->failed, 1);
}
