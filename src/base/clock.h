/*
 * clock.h - the time, in nanoseconds.
 *
 * Tests own the clock: after clock_fake() all three calls give what it was set
 * to until clock_real().
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_MS 1000000LL
#define CLOCK_NS_PER_S	1000000000LL

int64_t clock_mono_ns(void);	/* CLOCK_MONOTONIC: for intervals; about 20 ns */
int64_t clock_coarse_ns(void);	/* the same, up to 4 ms late; about 5 ns */
int64_t clock_wall_ns(void);	/* since 1970, UTC: for people and files */

void clock_fake(int64_t mono_ns, int64_t wall_ns);
void clock_fake_advance(int64_t ns);
void clock_real(void);

#endif
