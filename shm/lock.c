/* lock.c - owner-naming futex locks */
#include "lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crash.h"
#include "reap.h"
#include "tick.h"

static int
word_try(_Atomic uint32_t *word, uint32_t owner)
{
	uint32_t seen = ld_rlx(word);	/* only saves a futile exchange */

	return seen == 0 && cas_acq(word, &seen, owner);
}

static int
word_spin(_Atomic uint32_t *word, uint32_t owner)
{
	uint64_t until = 0;

	for (unsigned i = 0; ; i++) {
		if (word_try(word, owner))
			return 1;
		cpu_relax();
		/* The clock costs 20 ns: look at it now and then. */
		if (i % 16 != 15)
			continue;
		if (until == 0)
			until = tick_clock(CLOCK_MONOTONIC) + LOCK_SPIN_NS;
		else if (tick_clock(CLOCK_MONOTONIC) >= until)
			return 0;
	}
}

/*
 * One slice of waiting.  1 taken, 0 not.  Who has waited takes the word with
 * the waiters' bit set, for others may wait as well; a wake-up too many is
 * the price.
 */
static int
word_wait(_Atomic uint32_t *word, uint32_t owner)
{
	struct timespec ts = { 0, LOCK_SLICE_MS * 1000000L };
	uint32_t seen = ld_rlx(word);

	if (seen == 0)
		return cas_acq(word, &seen, owner | LOCK_WAITERS);
	if ((seen & LOCK_WAITERS) == 0) {
		if (!cas_rlx(word, &seen, seen | LOCK_WAITERS))
			return 0;
		seen |= LOCK_WAITERS;
	}
	(void)syscall(SYS_futex, word, FUTEX_WAIT, seen, &ts, NULL, 0);
	seen = 0;
	return cas_acq(word, &seen, owner | LOCK_WAITERS);
}

/* Why the holder does not give it: 0 wait on, or -errno.  A dead one is
 * repaired here where anyone may. */
static int
holder_check(struct slot_self *me, _Atomic uint32_t *word, unsigned kind,
    const uint64_t *intent, unsigned n)
{
	struct region *r = me->region;
	uint32_t seen = ld_rlx(word), holder;

	if (region_condemned(r))
		return -ESTALE;
	if (seen == 0)
		return 0;
	holder = slot_of_owner(seen & ~LOCK_WAITERS);
	if (holder >= r->n_slots)
		return -EUCLEAN;
	if (holder == me->number)
		return -EDEADLK;
	if (slot_dead(r, holder) != 1)
		return 0;
	/* The repair takes locks of its own: our note stands back for it. */
	slot_unhold(me, SLOT_HAND_WORK);
	(void)slot_reap(me, holder);	/* when it may not, the mender does */
	slot_hold(me, SLOT_HAND_WORK, kind, region_off(r, word), intent, n);
	return 0;
}

int
lock_take(struct slot_self *me, _Atomic uint32_t *word, unsigned kind,
    const uint64_t *intent, unsigned n)
{
	uint64_t until;
	int rc = slot_check(me);

	if (rc < 0)
		return rc;
	must_debug(me->depth == 0);
	slot_hold(me, SLOT_HAND_WORK, kind, region_off(me->region, word),
	    intent, n);
	CRASH_POINT("lock.noted");
	if (word_spin(word, me->owner))
		goto taken;
	until = tick_clock(CLOCK_MONOTONIC) + LOCK_LIMIT_MS * UINT64_C(1000000);
	for (;;) {
		if (word_wait(word, me->owner))
			goto taken;
		rc = holder_check(me, word, kind, intent, n);
		if (rc == 0 && tick_clock(CLOCK_MONOTONIC) >= until)
			rc = -EBUSY;
		if (rc < 0) {
			slot_unhold(me, SLOT_HAND_WORK);
			return rc;
		}
	}
taken:
	CRASH_POINT("lock.taken");
	return 0;
}

int
lock_try(struct slot_self *me, enum slot_hand hand, _Atomic uint32_t *word,
    unsigned kind, const uint64_t *intent, unsigned n)
{
	int rc = slot_check(me);

	if (rc < 0)
		return rc;
	if (ld_rlx(word) != 0)
		return -EBUSY;
	slot_hold(me, hand, kind, region_off(me->region, word), intent, n);
	CRASH_POINT("lock.try.noted");
	if (word_try(word, me->owner))
		return 0;
	slot_unhold(me, hand);
	return -EBUSY;
}

static void
word_release(_Atomic uint32_t *word, uint32_t owner)
{
	/* Everything done under the lock before it is free; pairs with the
	 * acquire of the next taker. */
	uint32_t old = swap_ar(word, 0);

	must((old & ~LOCK_WAITERS) == owner);
	/* A kill here loses the wake-up: the sleeper looks after 20 ms. */
	CRASH_POINT("lock.released");
	if (old & LOCK_WAITERS)
		(void)syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void
lock_give(struct slot_self *me, enum slot_hand hand, _Atomic uint32_t *word)
{
	word_release(word, me->owner);
	slot_unhold(me, hand);
}

void
lock_repair(struct region *r, unsigned kind, enum lock_form form,
    int (*fn)(struct slot_self *, unsigned, off_ref, const uint64_t *, void *),
    void *arg)
{
	must(kind > 0 && kind < REGION_LOCK_KINDS);
	r->lock_repair[kind].form = form;
	r->lock_repair[kind].fn = fn;
	r->lock_repair[kind].arg = arg;
}

static int
reap_word(struct slot_self *me, unsigned dead, off_ref off,
    const struct region_lock_repair *k, const uint64_t *intent)
{
	_Atomic uint32_t *word = region_at(me->region, off, 4, 4);
	uint32_t seen;
	int rc = 0;

	if (word == NULL)
		return -EUCLEAN;
	seen = ld_acq(word);
	if (slot_of_owner(seen & ~LOCK_WAITERS) != dead)
		return 0;	/* noted, not yet taken or given already */
	if (k->fn != NULL)
		rc = k->fn(me, dead, off, intent, k->arg);
	if (rc < 0)
		return rc;
	CRASH_POINT("lock.reap.release");
	word_release(word, seen & ~LOCK_WAITERS);
	return 1;
}

int
lock_reap(struct slot_self *me, unsigned dead, enum slot_hand hand)
{
	struct region *r = me->region;
	struct slot_held *h = &r->slots[dead].held[hand];
	uint64_t intent[SLOT_INTENT], what = ld_acq(&h->what);
	unsigned kind = (unsigned)(what >> 56);
	off_ref off = what & ((UINT64_C(1) << 56) - 1);
	const struct region_lock_repair *k;
	int rc;

	if (what == 0)
		return 0;
	if (kind == 0 || kind >= REGION_LOCK_KINDS || kind == LOCK_FSCK)
		return -EUCLEAN;
	for (unsigned i = 0; i < SLOT_INTENT; i++)
		intent[i] = ld_rlx(&h->intent[i]);
	k = &r->lock_repair[kind];
	if (k->form == LOCK_FORM_OWN)
		rc = k->fn(me, dead, off, intent, k->arg);
	else
		rc = reap_word(me, dead, off, k, intent);
	if (rc < 0)
		return rc;
	CRASH_POINT("lock.reap.erase");
	st_rel(&h->what, UINT64_C(0));
	return rc;
}
