/* fsck_hot.c - what all share: header, page of words, locks, totals, events */
#include "fsck_int.h"
#include "evring.h"
#include "lock.h"
#include "metric.h"
#include "region_int.h"
#include "tick.h"

#include <time.h>

#define CLOCKS_NS 1000000000	/* as far apart as vet_clock() lets them be */

/* --- the page of words that all share --- */

/* Time slept: what the clocks say now, read so that it is not too little. */
static int64_t
slept_most(const struct region *r)
{
	int64_t mono = (int64_t)tick_clock(CLOCK_MONOTONIC);

	return (int64_t)tick_clock(CLOCK_BOOTTIME) - mono -
	    r->head->boot_mono_ns + CLOCKS_NS;
}

/* Each is read before what bounds it, which only grows. */
static void
check_hot(struct fsck *f)
{
	struct region_hot *hot = f->r->hot;
	const struct region_head *head = (const void *)f->r->base;
	uint64_t safe = ld_acq(&hot->safe);
	int64_t slept = ld_acq(&hot->suspended_ns);

	if (region_condemned(f->r))
		fsck_spoiled(f, "region is condemned");
	if (head->check != region_check(head))
		fsck_spoiled(f, "region header has changed");
	if (ld_acq(&hot->epoch) == 0) {
		fsck_spoiled(f, "epoch is 0");
		return;
	}
	if (safe >= ld_acq(&hot->epoch) &&
	    fsck_say(f, "grace periods are over up to the future"))
		st_rel(&hot->safe, ld_acq(&hot->epoch) - 1);
	if ((slept < 0 || slept > slept_most(f->r)) &&
	    fsck_say(f, "time slept is %lld ns", (long long)slept))
		st_rel(&hot->suspended_ns, INT64_C(0));
	for (unsigned i = 0; i < REGION_MARKS; i++)
		if (ld_acq(&hot->mark[i].epoch) > ld_acq(&hot->epoch) &&
		    fsck_say(f, "mark %u is of the future", i))
			st_rel(&hot->mark[i].epoch, UINT64_C(0));
}

/* --- locks --- */

static int
noted(const struct fsck *f, uint32_t slot, const void *word)
{
	const struct slot *s = &f->r->slots[slot];
	off_ref off = region_off(f->r, word);

	return (ld_acq(&s->held[SLOT_HAND_WORK].what) & FSCK_HELD_OFF) == off ||
	    (ld_acq(&s->held[SLOT_HAND_MAINT].what) & FSCK_HELD_OFF) == off;
}

/*
 * An owner word has its slot's generation: who is named by a word that is the
 * same before and after was there, or nobody can have stored it.
 */
const char *
fsck_holder(struct fsck *f, const void *word, uint32_t owner)
{
	static const struct timespec ms = { 0, 1000000 };
	uint32_t slot = slot_of_owner(owner);
	uint64_t state;

	if (slot >= f->r->n_slots)
		return "locked by nobody";
	if (fsck_quiet(f))
		return "locked";
	state = ld_acq(&f->r->slots[slot].state);
	if (SLOT_STATE(state) != SLOT_LIVE ||
	    slot_owner_word(slot, SLOT_GENERATION(state)) != owner)
		return "locked by a slot that is not there";
	/* Given, and noted anew: for that the note is away now and then. */
	for (unsigned i = 0; i < FSCK_AGAIN; i++) {
		if (noted(f, slot, word) || f->naps == FSCK_NAPS)
			return NULL;
		f->naps++;
		(void)nanosleep(&ms, NULL);
	}
	return "locked by a slot that does not note it";
}

static void
check_lock(struct fsck *f, const char *name, _Atomic uint32_t *word)
{
	uint32_t seen = ld_acq(word);
	const char *wrong = NULL;

	if (seen != 0)
		wrong = fsck_holder(f, word, seen & ~LOCK_WAITERS);
	if (wrong == NULL || ld_acq(word) != seen)
		return;
	if (fsck_say(f, "%s: %s (%08x)", name, wrong, seen))
		st_rel(word, 0u);
}

/* --- totals, events --- */

static void
check_totals(struct fsck *f)
{
	for (unsigned i = 0; i < METRIC_GROUPS; i++) {
		const char *wrong = metric_wrong(f->r, i);

		if (wrong != NULL && fsck_say(f, "totals %u: %s", i, wrong))
			metric_mend(f->r, i);
	}
}

static void
check_events(struct fsck *f)
{
	for (unsigned i = 0; i < EVRING_EVENTS; i++)
		if (evring_wrong(f->r, i) &&
		    fsck_say(f, "event %u has a number that was not drawn", i))
			evring_clear(f->r, i);
}

void
fsck_shared(struct fsck *f)
{
	check_hot(f);
	check_lock(f, "maintenance", &f->r->hot->maint);
	check_lock(f, "totals", &f->r->hot->totals);
	check_totals(f);
	check_events(f);
}
