/* tick.c - the region's coarse time */
#include "tick.h"

void
tick_update(struct region *r)
{
	/* In this order: a pause between the two looks like less sleep, and
	 * the next update makes up for it; never like sleep that was not. */
	int64_t boot = (int64_t)tick_clock(CLOCK_BOOTTIME);
	int64_t slept = boot - (int64_t)tick_clock(CLOCK_MONOTONIC) -
	    r->head->boot_mono_ns;
	int64_t known = ld_rlx(&r->hot->suspended_ns);
	uint32_t now, seen;

	/* What is less than a tick is the clocks', not sleep.  Only grows,
	 * whoever stores first. */
	while (slept > known + TICK_NS &&
	    !cas_rlx(&r->hot->suspended_ns, &known, slept))
		;
	now = (uint32_t)tick_now(r);
	seen = ld_rlx(&r->hot->tick);
	while ((int32_t)(now - seen) > 0 && !cas_rlx(&r->hot->tick, &seen, now))
		;
}
