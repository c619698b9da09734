/* tick.c - the region's coarse time */
#include "tick.h"

void
tick_update(struct region *r)
{
	int64_t mono = (int64_t)tick_clock(CLOCK_MONOTONIC);
	int64_t slept = (int64_t)tick_clock(CLOCK_BOOTTIME) - mono -
	    r->head->boot_mono_ns;
	int64_t known = ld_rlx(&r->hot->suspended_ns);
	uint32_t now, seen;

	/* The two clocks are read one after the other: what is less than a
	 * tick is that, not sleep.  Only grows, whoever stores first. */
	while (slept > known + TICK_NS &&
	    !cas_rlx(&r->hot->suspended_ns, &known, slept))
		;
	now = (uint32_t)tick_now(r);
	seen = ld_rlx(&r->hot->tick);
	while ((int32_t)(now - seen) > 0 && !cas_rlx(&r->hot->tick, &seen, now))
		;
}
