/*
 * tick.h - time in ticks of 4 ms since the region was made.
 *
 * tick_now() reads the coarse monotonic clock (5 ns; it moves every 4 ms or
 * 1 ms) and is always right to one tick: use it for records that expire, and
 * only for those.  tick_hint() reads a word in the region that any process's
 * tick advances: free, but only as young as the last tick of anyone.  While a
 * worker or keeper lives and its loop turns, that is 100 ms at most; when the
 * one that ticked dies, the next tick of any other goes on; where nobody ticks,
 * or all were stopped, it stands still.  So it is for hints (ages, statistics),
 * never for deciding that something has not expired: however far from its end a
 * record is by the hint, a stopped process comes back to it later.
 *
 * CLOCK_MONOTONIC stops while the machine is suspended.  tick_update() adds
 * the time slept to a word that tick_now() adds in turn, so a record does not
 * outlive its TTL by a night: only until the first tick of anyone after it.
 *
 * So a record is served for its TTL, rounded up by less than two ticks, and one
 * step of the coarse clock.
 *
 * 32 bits of ticks last 198 days: who stores 32 bits compares by difference.
 */
#ifndef SHM_TICK_H
#define SHM_TICK_H

#include <stdint.h>
#include <time.h>

#include "region.h"

#define TICK_NS 4000000

static inline uint64_t
tick_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/*
 * How far a clock is ahead of CLOCK_MONOTONIC, at least.  They are read one
 * after the other, and a thread may be held up in between, for ever so long:
 * the first is read again behind the second.  1 and *ahead_out, too small by
 * less than a tick; 0 when it was held up each time (too small by that).
 */
int tick_ahead(clockid_t, int64_t *ahead_out);

/* Ticks since creation, in 64 bits, by the coarse clock. */
static inline uint64_t
tick_now(const struct region *r)
{
	/* An old value of the time slept only delays expiry until the next
	 * tick of anyone after the machine woke. */
	int64_t ns = (int64_t)tick_clock(CLOCK_MONOTONIC_COARSE) -
	    r->head->created_ns + ld_rlx(&r->hot->suspended_ns);

	return ns < 0 ? 0 : (uint64_t)ns / TICK_NS;
}

/* The last tick that anyone noted, low 32 bits. */
static inline uint32_t
tick_hint(const struct region *r)
{
	return ld_rlx(&r->hot->tick);
}

/* Note the time: every tick of a loop calls it (100 ms or less).  Any process
 * may, several may at once: the word only goes forward. */
void tick_update(struct region *);

#endif
