/* tick.c - the region's coarse time */
#include "tick.h"

#define TRIES 8		/* held up in each of them: once in a blue moon */

int
tick_ahead(clockid_t id, int64_t *ahead_out)
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < TRIES && least >= TICK_NS; i++) {
		int64_t before = (int64_t)tick_clock(CLOCK_MONOTONIC);
		int64_t there = (int64_t)tick_clock(id);
		int64_t after = (int64_t)tick_clock(CLOCK_MONOTONIC);

		if (after - before >= least)
			continue;
		least = after - before;
		*ahead_out = there - after;
	}
	return least < TICK_NS;
}

/* Note the time slept.  Only grows, whoever stores first. */
static void
note_sleep(struct region *r)
{
	int64_t known = ld_rlx(&r->hot->suspended_ns), slept;

	/* Not now: another tick will. */
	if (!tick_ahead(CLOCK_BOOTTIME, &slept))
		return;
	slept -= r->head->boot_mono_ns;
	/* Either figure may be too small by less than a tick. */
	while (slept > known + TICK_NS &&
	    !cas_rlx(&r->hot->suspended_ns, &known, slept))
		;
}

void
tick_update(struct region *r)
{
	uint32_t now, seen;

	note_sleep(r);
	now = (uint32_t)tick_now(r);
	seen = ld_rlx(&r->hot->tick);
	while ((int32_t)(now - seen) > 0 && !cas_rlx(&r->hot->tick, &seen, now))
		;
}
