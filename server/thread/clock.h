/* The two clocks of the server. */
#ifndef QUIRE_THREAD_CLOCK_H
#define QUIRE_THREAD_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_MS INT64_C(1000000)

/* Never goes back; for durations. */
uint64_t clock_monotonic_ns(void);
uint64_t clock_monotonic_ms(void);
/* Unix time; may jump. */
int64_t clock_unix_ms(void);

#endif
