/* maint.c - a little maintenance by whoever comes by */
#include "maint.h"

#include <errno.h>

#include "epoch.h"
#include "lock.h"
#include "reap.h"
#include "tick.h"

int
maint_step(struct region *r, void (*fn)(struct slot_self *, uint64_t, void *),
    void *arg)
{
	if (r->n_maint == REGION_MAINT_STEPS)
		return -ENOSPC;
	r->maint[r->n_maint++] = (struct region_maint_step){ fn, arg };
	return 0;
}

/* Time of the last mark; 0 before the first. */
static uint64_t
mark_last(const struct region *r)
{
	uint64_t n = ld_rlx(&r->hot->mark_n);

	if (n == 0)
		return 0;
	return ld_rlx(&r->hot->mark[(n - 1) % (REGION_MARKS / 2)].time_ns);
}

static void
maint_locked(struct slot_self *me)
{
	struct region *r = me->region;
	uint64_t now = tick_clock(CLOCK_MONOTONIC);
	uint64_t until = now + MAINT_BUDGET_NS, last = mark_last(r);

	tick_update(r);
	if (now - last >= MAINT_PERIOD_NS)
		epoch_mark(r, now);
	/* In turn, so that a step which uses up the time does not starve the
	 * next one.  The turn is this process's own, under the maint word. */
	for (unsigned i = 0; i < r->n_maint; i++) {
		struct region_maint_step *s =
		    &r->maint[r->maint_next++ % r->n_maint];

		s->fn(me, until, s->arg);
		if (tick_clock(CLOCK_MONOTONIC) >= until)
			break;
	}
	st_rlx(&r->hot->maint_ns, tick_clock(CLOCK_MONOTONIC));
	st_rlx(&r->hot->maint_runs, ld_rlx(&r->hot->maint_runs) + 1);
}

/* The word is taken.  A living holder has it for 200 us; when it has been gone
 * for long, ask whether it is dead, and repair that where anyone may.  Whether
 * it was. */
static int
holder_reap(struct slot_self *me)
{
	struct region *r = me->region;
	uint32_t holder = lock_holder(&r->hot->maint);

	return r->head->reapers == REGION_REAP_ANY &&
	    maint_idle_ns(r, tick_clock(CLOCK_MONOTONIC)) >= MAINT_PERIOD_NS &&
	    holder < r->n_slots && slot_dead(r, holder) == 1 &&
	    slot_reap(me, holder) >= 0;
}

int
maint_run(struct slot_self *me)
{
	_Atomic uint32_t *word;
	int rc = slot_check(me);

	if (rc < 0)
		return rc;
	must(me->depth == 0);
	word = &me->region->hot->maint;
	rc = lock_try(me, SLOT_HAND_MAINT, word, LOCK_MAINT, NULL, 0);
	if (rc == -EBUSY && holder_reap(me))
		rc = lock_try(me, SLOT_HAND_MAINT, word, LOCK_MAINT, NULL, 0);
	if (rc < 0)
		return rc == -EBUSY ? 0 : rc;
	maint_locked(me);
	lock_give(me, SLOT_HAND_MAINT, word);
	return 1;
}

uint64_t
maint_idle_ns(const struct region *r, uint64_t now_ns)
{
	uint64_t last = ld_rlx(&r->hot->maint_ns);

	return now_ns > last ? now_ns - last : 0;
}
