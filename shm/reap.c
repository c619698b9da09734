/* reap.c - slot_reap(): the repair of a dead slot, step by step */
#include "reap.h"

#include <errno.h>

#include "crash.h"
#include "lock.h"
#include "metric.h"
#include "wake.h"

int
reap_step(struct region *r, unsigned rank, uint32_t kind,
    int (*fn)(struct slot_self *, unsigned, void *), void *arg)
{
	unsigned i = r->n_steps;

	if (i == REGION_REPAIR_STEPS)
		return -ENOSPC;
	/* Kept in the order of their rank. */
	for (; i > 0 && r->step[i - 1].rank > rank; i--)
		r->step[i] = r->step[i - 1];
	r->step[i] = (struct region_repair_step){
		.rank = rank, .kind = kind, .fn = fn, .arg = arg
	};
	r->n_steps++;
	return 0;
}

/* Whether this program knows how to repair all that the region has. */
static int
steps_complete(const struct region *r)
{
	for (unsigned i = 0; i < r->head->n_sections; i++) {
		const struct region_section *s = &r->head->section[i];
		unsigned k = 0;

		if ((s->flags & REGION_SEC_REPAIR) == 0)
			continue;
		while (k < r->n_steps && r->step[k].kind != s->kind)
			k++;
		if (k == r->n_steps)
			return 0;
	}
	return 1;
}

/* All but the last step.  The caller has the record lock of `dead`, and its
 * owner is gone or is us. */
static int
reap_steps(struct slot_self *me, unsigned dead)
{
	struct region *r = me->region;
	struct slot *s = &r->slots[dead];
	int n = 0, rc;

	if (!steps_complete(r))
		return -EPROTO;
	for (int hand = SLOT_HAND_WORK; hand < SLOT_HANDS; hand++) {
		rc = lock_reap(me, dead, (enum slot_hand)hand);
		if (rc < 0)
			return rc;
		n += rc;
	}
	CRASH_POINT("reap.locks");
	for (unsigned i = 0; i < r->n_steps; i++) {
		rc = r->step[i].fn(me, dead, r->step[i].arg);
		if (rc < 0)
			return rc;
		n += rc;
		CRASH_POINT("reap.step");
	}
	/* It reads nothing any more; what waits for it may go on. */
	n += ld_rlx(&s->word) != 0;
	for (unsigned i = 0; i < SLOT_PINS; i++)
		st_rlx(&s->pin[i], UINT64_C(0));
	st_rel(&s->word, UINT64_C(0));
	CRASH_POINT("reap.word");
	rc = metric_fold(me, dead);
	return rc < 0 ? rc : n;
}

int
reap_locked(struct slot_self *me, unsigned dead)
{
	int rc = reap_steps(me, dead);

	if (rc >= 0)
		slot_free(me->region, dead);
	return rc;
}

int
slot_reap(struct slot_self *me, unsigned number)
{
	struct region *r;
	int rc = slot_check(me);

	if (rc < 0)
		return rc;
	must(me->depth == 0);
	r = me->region;
	if (number >= r->n_slots || number == me->number)
		return -EINVAL;
	if (r->head->reapers != REGION_REAP_ANY &&
	    ld_rlx(&me->slot->role) != SLOT_ROLE_MENDER)
		return -EPERM;
	if (SLOT_STATE(ld_acq(&r->slots[number].state)) == SLOT_FREE)
		return -ENOENT;
	/* The proof of death, and nobody else repairs it from here on. */
	rc = slot_byte_lock(r, number);
	if (rc < 0)
		return rc;
	if (SLOT_STATE(ld_acq(&r->slots[number].state)) == SLOT_FREE)
		rc = -ENOENT;		/* another was faster */
	else if (slot_process_seen(r, number))
		rc = -EBUSY;		/* alive; it closed its descriptors */
	else
		rc = reap_locked(me, number);
	slot_byte_unlock(r, number);
	if (rc >= 0)
		(void)wake_all(r);
	return rc;
}

int
reap_own(struct slot_self *me)
{
	return reap_steps(me, me->number);
}

int
reap_all(struct slot_self *me)
{
	int rc, bad = 0, n = 0;

	for (unsigned i = 0; i < me->region->n_slots; i++) {
		if (i == me->number || slot_dead(me->region, i) != 1)
			continue;
		rc = slot_reap(me, i);
		if (rc >= 0)
			n++;
		else if (rc != -EBUSY && rc != -ENOENT && bad == 0)
			bad = rc;
	}
	return bad != 0 ? bad : n;
}

int
reap_any(struct slot_self *me)
{
	return me->region->head->reapers == REGION_REAP_ANY ? reap_all(me) : 0;
}
