/* evict_pick.c - which segment goes first */
#include "evict_int.h"
#include "seg.h"

/* A tenth: 5 and 20 % kept less of real traces. */
#define PROBATION_SHARE 10

static enum evict_class
class_of(const struct evict *e, uint32_t n)
{
	const struct cmap *m = e->m;
	struct seg_side *side = &m->side[n];
	uint32_t fill = seg_fill(m, n), dead = ld_rlx(&m->dead[n]);
	uint64_t expiry = ld_rlx(&side->expiry);

	if (fill == 0 || expiry <= e->now ||
	    (int32_t)(ld_rlx(&side->born) - e->flushed) < 0)
		return EVICT_GONE;
	if (dead >= fill)
		return EVICT_EMPTY;
	return dead > fill / 2 ? EVICT_SPARSE : EVICT_FIFO;
}

static void
choose(struct choice *c, enum evict_class class, uint32_t seg, uint64_t word,
    uint64_t birth)
{
	if (class > c->class || (class == c->class && birth >= c->birth))
		return;
	c->class = class;
	c->seg = seg;
	c->word = word;
	c->birth = birth;
}

/* Whether an evictor found it in use, or spoiled, a moment ago. */
static int
left_alone(const struct evict *e, uint32_t n)
{
	/* Far ahead it is rubbish itself. */
	return ld_rlx(&e->m->side[n].again) - e->now - 1 < EVICT_AGAIN_BAD;
}

/* Whether it has records that expired so long ago that someone may soon take
 * them for fresh.  The fill mark comes first: what it says was put there. */
static int
is_late(const struct evict *e, uint32_t n)
{
	return seg_fill(e->m, n) != 0 && e->now > EVICT_LATE &&
	    ld_rlx(&e->m->side[n].expiry) <= e->now - EVICT_LATE;
}

/* Tell readers that nothing is late: seldom, for all read that line. */
static void
note_swept(const struct evict *e)
{
	_Atomic uint64_t *swept = &e->m->head->swept;

	if (e->now - ld_rlx(swept) >= EVICT_SWEPT / 64)
		st_rlx(swept, e->now);
}

/*
 * One pass over the words.  Everything is read while others change it: what
 * we choose may be a little worse than the best; the exchange of its word
 * decides whether we get it.
 */
int
evict_pick(struct evict *e, enum evict_want want, struct choice *out)
{
	const struct cmap *m = e->m;
	struct choice best[2] = { { .class = EVICT_NONE },
		{ .class = EVICT_NONE } };
	uint32_t n_in[2] = { 0, 0 };
	unsigned q, n_late = 0;

	for (uint32_t n = 0; n < m->n_segs; n++) {
		uint64_t word = ld_rlx(&m->state[n]);
		unsigned state = seg_state(word);
		enum evict_class class;

		if (state == SEG_FREE || state >= SEG_RETIRED ||
		    seg_queue(word) > SEG_MAIN)
			continue;
		n_in[seg_queue(word)]++;
		n_late += (unsigned)is_late(e, n);
		if ((state != SEG_SEALED && state != SEG_PARTIAL) ||
		    left_alone(e, n))
			continue;
		class = class_of(e, n);
		/* Packing frees no keys. */
		if (class == EVICT_SPARSE && want == EVICT_KEYS)
			class = EVICT_FIFO;
		choose(&best[seg_queue(word)], class, n, word,
		    ld_rlx(&m->side[n].birth));
	}
	if (n_late == 0)
		note_swept(e);
	/* The share of what is in use: with a limit of keys, or with long
	 * values, that is less than the budget. */
	st_rlx(&m->head->in_use, n_in[0] + n_in[1]);
	q = n_in[SEG_PROBATION] * PROBATION_SHARE > n_in[0] + n_in[1] ?
	    SEG_PROBATION : SEG_MAIN;
	if (best[q].class == EVICT_NONE || best[!q].class < best[q].class)
		q = !q;
	*out = best[q];
	if (want != EVICT_DEAD)
		return out->class != EVICT_NONE;
	if (out->class <= EVICT_EMPTY)
		return 1;
	st_rlx(&m->head->quiet, (uint32_t)e->now + EVICT_QUIET);
	return 0;
}
