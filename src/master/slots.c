/* slots.c - see slots.h */
#include "slots.h"

#include <errno.h>
#include <stdlib.h>

int
slots_init(struct slots *s, unsigned first, unsigned n)
{
	s->v = calloc(n, sizeof *s->v);
	s->n = s->v != NULL ? n : 0;
	s->first = first;
	return s->v != NULL ? 0 : -ENOMEM;
}

void
slots_fini(struct slots *s)
{
	free(s->v);
	s->v = NULL;
	s->n = 0;
}

unsigned
slots_count(const struct slots *s, enum slots_use use)
{
	unsigned i, n = 0;

	for (i = s->first; i < s->n; i++)
		n += s->v[i].use == use;
	return n;
}

static void
put(struct slots *s, unsigned slot, enum slots_use use, uint64_t now_ns)
{
	s->v[slot].use = use;
	s->v[slot].since_ns = now_ns;
}

/*
 * The one that has been free longest: a late look at a slot's old user is
 * then least likely to meet a new one.
 */
static unsigned
longest(const struct slots *s, unsigned first, unsigned end, enum slots_use use)
{
	unsigned i, best = s->n;

	for (i = first; i < end; i++)
		if (s->v[i].use == use &&
		    (best == s->n || s->v[i].since_ns < s->v[best].since_ns))
			best = i;
	return best;
}

int
slots_take(struct slots *s, enum slots_purpose purpose, uint64_t now_ns,
    unsigned *slot_out)
{
	unsigned kept = s->n - SLOTS_FOR_MENDERS, best = s->n;

	if (purpose == SLOTS_MENDER)
		best = longest(s, kept, s->n, SLOTS_FREE);
	if (best == s->n)
		best = longest(s, s->first, kept, SLOTS_FREE);
	if (best == s->n)
		return 0;
	put(s, best, SLOTS_USED, now_ns);
	s->v[best].fails = 0;
	s->v[best].pid = 0;
	*slot_out = best;
	return 1;
}

void
slots_untake(struct slots *s, unsigned slot)
{
	put(s, slot, SLOTS_FREE, s->v[slot].since_ns);
}

void
slots_dead(struct slots *s, unsigned slot, pid_t pid, uint64_t now_ns)
{
	put(s, slot, SLOTS_DEAD, now_ns);
	s->v[slot].dead_ns = now_ns;
	s->v[slot].pid = pid;
}

int
slots_next_dead(struct slots *s, uint64_t now_ns, unsigned *slot_out,
    pid_t *pid_out)
{
	unsigned best = longest(s, s->first, s->n, SLOTS_DEAD);

	if (best == s->n)
		return 0;
	put(s, best, SLOTS_REAPING, now_ns);
	*slot_out = best;
	*pid_out = s->v[best].pid;
	return 1;
}

unsigned
slots_reaped(struct slots *s, unsigned slot, int ok, uint64_t now_ns)
{
	if (slot >= s->n || s->v[slot].use != SLOTS_REAPING)
		return 0;
	if (ok) {
		put(s, slot, SLOTS_FREE, now_ns);
		s->v[slot].fails = 0;
		return 0;
	}
	/* Its turn comes before that of the menders that died of it. */
	put(s, slot, SLOTS_DEAD, s->v[slot].dead_ns);
	return ++s->v[slot].fails;
}

void
slots_unasked(struct slots *s, unsigned slot)
{
	if (s->v[slot].use == SLOTS_REAPING)
		put(s, slot, SLOTS_DEAD, s->v[slot].dead_ns);
}
