/* fsck_slot.c - slots: their state, their words, whether a free one is clean */
#include "crash.h"
#include "fsck_int.h"
#include "hist.h"
#include "lock.h"
#include "wake.h"

static struct hist *
hists_of(const struct region *r, unsigned i)
{
	struct hist *h = region_section(r, REGION_HISTS, NULL);

	return &h[(size_t)i * HIST_MAX];
}

static int
any_set(const _Atomic uint64_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ld_rlx(&v[i]) != 0)
			return 1;
	return 0;
}

static void
clear(_Atomic uint64_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		st_rlx(&v[i], UINT64_C(0));
}

static int
holds(const struct slot *s)
{
	return ld_rlx(&s->held[SLOT_HAND_WORK].what) != 0 ||
	    ld_rlx(&s->held[SLOT_HAND_MAINT].what) != 0;
}

static int
hists_set(const struct region *r, unsigned i)
{
	const struct hist *h = hists_of(r, i);

	for (unsigned k = 0; k < HIST_MAX; k++)
		if (ld_rlx(&h[k].sum) != 0 ||
		    any_set(h[k].bucket, HIST_BUCKETS))
			return 1;
	return 0;
}

static const char *
not_clean(const struct region *r, unsigned i)
{
	const struct slot *s = &r->slots[i];

	return ld_rlx(&s->word) != 0 ? "in a section" :
	    any_set(s->pin, SLOT_PINS) ? "with a pin" :
	    holds(s) ? "noting a lock" :
	    any_set(s->counter, SLOT_COUNTERS) ? "with counters" :
	    hists_set(r, i) ? "with histograms" : NULL;
}

static void
slot_clean(struct region *r, unsigned i)
{
	struct slot *s = &r->slots[i];
	struct hist *h = hists_of(r, i);

	clear(&s->word, 1);
	clear(s->pin, SLOT_PINS);
	clear(&s->held[SLOT_HAND_WORK].what, 1);
	clear(&s->held[SLOT_HAND_MAINT].what, 1);
	CRASH_POINT("fsck.half");
	clear(s->counter, SLOT_COUNTERS);
	for (unsigned k = 0; k < HIST_MAX; k++) {
		clear(&h[k].sum, 1);
		clear(h[k].bucket, HIST_BUCKETS);
	}
}

/* A slot that is FREE before and after has been so all the while: its state
 * word has a generation. */
static void
check_free(struct fsck *f, unsigned i, uint64_t state)
{
	const char *wrong = not_clean(f->r, i);

	fence_full();
	if (wrong == NULL || ld_acq(&f->r->slots[i].state) != state)
		return;
	if (fsck_say(f, "slot %u: free, and %s", i, wrong))
		slot_clean(f->r, i);
}

/* What a thread has only while it works: nobody does. */
static void
check_idle(struct fsck *f, unsigned i)
{
	struct slot *s = &f->r->slots[i];

	if (ld_rlx(&s->word) != 0 && fsck_say(f, "slot %u: in a section", i))
		st_rel(&s->word, UINT64_C(0));
	if (any_set(s->pin, SLOT_PINS) && fsck_say(f, "slot %u: with a pin", i))
		clear(s->pin, SLOT_PINS);
	if (holds(s) && fsck_say(f, "slot %u: noting a lock", i)) {
		clear(&s->held[SLOT_HAND_WORK].what, 1);
		clear(&s->held[SLOT_HAND_MAINT].what, 1);
	}
}

/* A note may be old or early, but it is of a lock that there can be. */
static void
check_held(struct fsck *f, unsigned i)
{
	for (unsigned hand = 0; hand < SLOT_HANDS; hand++) {
		uint64_t what = ld_acq(&f->r->slots[i].held[hand].what);

		if (what != 0 && (what >> 56 == 0 ||
			what >> 56 >= REGION_LOCK_KINDS ||
			region_at(f->r, what & FSCK_HELD_OFF, 4, 4) == NULL))
			(void)fsck_say(f, "slot %u: notes a lock that cannot "
			    "be (%016llx)", i, (unsigned long long)what);
	}
}

/* Words that are right at any moment, whoever has the slot. */
static void
check_words(struct fsck *f, unsigned i)
{
	struct slot *s = &f->r->slots[i];
	uint64_t word = ld_acq(&s->word), folded = ld_acq(&s->folded);

	if (word > ld_acq(&f->r->hot->epoch) &&
	    fsck_say(f, "slot %u: reads in the future", i))
		st_rel(&s->word, UINT64_C(0));
	if (folded > SLOT_GENERATION(ld_acq(&s->state)) &&
	    fsck_say(f, "slot %u: its next counters are folded already", i))
		st_rel(&s->folded, UINT64_C(0));
	if (ld_rlx(&s->sleeping) > WAKE_EVENT &&
	    fsck_say(f, "slot %u: sleeps in no known way", i))
		st_rel(&s->sleeping, 0u);
	if (ld_rlx(&s->role) > SLOT_ROLE_CLIENT &&
	    fsck_say(f, "slot %u: role %u", i, ld_rlx(&s->role)))
		st_rel(&s->role, (uint32_t)SLOT_ROLE_NONE);
	if (s->group[SLOT_NAME - 1] != '\0' &&
	    fsck_say(f, "slot %u: its group has no end", i))
		s->group[SLOT_NAME - 1] = '\0';
}

static void
check_slot(struct fsck *f, unsigned i)
{
	uint64_t state = ld_acq(&f->r->slots[i].state);

	if (SLOT_STATE(state) > SLOT_LIVE) {
		fsck_spoiled(f, "slot %u: state %u", i, SLOT_STATE(state));
		return;
	}
	check_words(f, i);
	if (SLOT_STATE(state) == SLOT_FREE)
		check_free(f, i, state);
	else if (!fsck_quiet(f))
		check_held(f, i);
	else if (f->me == NULL || f->me->number != i)
		check_idle(f, i);
}

void
fsck_slots(struct fsck *f)
{
	for (unsigned i = 0; i < f->r->n_slots; i++)
		check_slot(f, i);
}
