/* evict.c - which segment goes, and what of it stays */
#include "evict.h"

#include <errno.h>
#include <string.h>

#include "crash.h"
#include "epoch.h"
#include "evict_int.h"
#include "look.h"
#include "seg.h"
#include "tail.h"
#include "tick.h"

#define PROBATION_SHARE 10	/* a tenth: 5 and 20 % kept less of real traces */
#define TRIES 16		/* segments looked into for one that is wanted */

/* --- ghosts --- */

static uint64_t
ghost_unit(const struct cmap *m)
{
	return m->n_segs / 4096 + 1;	/* a turnover is below 2^15 units */
}

uint64_t
evict_ghost_stamp(const struct cmap *m)
{
	/* Old by a moment: a ghost lives a moment longer. */
	return ld_rlx(&m->head->births) / ghost_unit(m) & 0xffff;
}

int
evict_ghost_fresh(const struct cmap *m, uint64_t stamp)
{
	uint16_t age = (uint16_t)(evict_ghost_stamp(m) - stamp);

	return age <= seg_turn(m) / ghost_unit(m);
}

/* --- choosing --- */

enum class { CLASS_GONE, CLASS_DEAD, CLASS_SPARSE, CLASS_FIFO, CLASS_NONE };

static enum class
class_of(const struct evict *e, uint32_t n, uint64_t word)
{
	const struct cmap *m = e->m;
	struct seg_side *side = &m->side[n];
	uint32_t fill = seg_fill(m, n), dead = ld_rlx(&m->dead[n]);
	uint64_t expiry = ld_rlx(&side->expiry);

	(void)word;
	if (fill == 0 || expiry <= e->now ||
	    (int32_t)(ld_rlx(&side->born) - e->flushed) < 0)
		return CLASS_GONE;
	if (dead >= fill)
		return CLASS_DEAD;
	return dead > fill / 2 ? CLASS_SPARSE : CLASS_FIFO;
}

struct choice {
	enum class class;
	uint32_t seg;
	uint64_t word, birth;
};

static void
choose(struct choice *c, enum class class, uint32_t seg, uint64_t word,
    uint64_t birth)
{
	if (class > c->class || (class == c->class && birth >= c->birth))
		return;
	c->class = class;
	c->seg = seg;
	c->word = word;
	c->birth = birth;
}

static int
skipped(const struct evict *e, uint32_t seg)
{
	for (unsigned i = 0; i < e->n_skip; i++)
		if (e->skip[i] == seg)
			return 1;
	return 0;
}

/*
 * One pass over the words.  Everything is read while others change it: what
 * we choose may be a little worse than the best; the exchange of its word
 * decides whether we get it.
 */
static int
pick(struct evict *e, enum evict_want want, struct choice *out)
{
	const struct cmap *m = e->m;
	struct choice best[2] = { { .class = CLASS_NONE },
		{ .class = CLASS_NONE } };
	uint32_t n_in[2] = { 0, 0 };
	unsigned q;

	for (uint32_t n = 0; n < m->n_segs; n++) {
		uint64_t word = ld_rlx(&m->state[n]);
		unsigned state = seg_state(word);
		enum class class;

		if (state == SEG_FREE || state >= SEG_RETIRED ||
		    seg_queue(word) > SEG_MAIN)
			continue;
		n_in[seg_queue(word)]++;
		if ((state != SEG_SEALED && state != SEG_PARTIAL) ||
		    skipped(e, n))
			continue;
		class = class_of(e, n, word);
		/* Packing frees no keys. */
		if (class == CLASS_SPARSE && want == EVICT_KEYS)
			class = CLASS_FIFO;
		choose(&best[seg_queue(word)], class, n, word,
		    ld_rlx(&m->side[n].birth));
	}
	/* The share of what is in use: with a limit of keys, or with long
	 * values, that is less than the budget. */
	st_rlx(&m->head->in_use, n_in[0] + n_in[1]);
	q = n_in[SEG_PROBATION] * PROBATION_SHARE > n_in[0] + n_in[1] ?
	    SEG_PROBATION : SEG_MAIN;
	if (best[q].class == CLASS_NONE || best[!q].class < best[q].class)
		q = !q;
	*out = best[q];
	if (out->class == CLASS_NONE)
		return 0;
	return want != EVICT_DEAD || out->class <= CLASS_DEAD;
}

/* --- one segment --- */

static void
batch_flush(struct evict *e)
{
	seg_retire(e->m, e->me, e->seg, e->word, e->n);
	e->n = 0;
}

static void
batch_add(struct evict *e, uint32_t seg, uint64_t word)
{
	e->seg[e->n] = seg;
	e->word[e->n] = word;
	if (++e->n == EVICT_BATCH)
		batch_flush(e);
}

/* Back to SEALED; the walk goes on at `walked` next time. */
static void
leave(struct evict *e, const struct choice *c, uint64_t word, uint32_t walked)
{
	st_rlx(&e->m->side[c->seg].walked, walked);
	CRASH_POINT("evict.leave");
	(void)seg_change(e->m, c->seg, &word, SEG_SEALED, seg_queue(word),
	    seg_bucket(word), 0);
	if (e->n_skip < EVICT_SKIP)
		e->skip[e->n_skip++] = c->seg;
}

/*
 * Walk the records from where the last walk ended.  1 all are unlinked, 0 left
 * for another time with *at_out, -EUCLEAN.
 */
static int
walk(struct evict *e, const struct choice *c, struct fate *f, uint32_t *at_out)
{
	const struct cmap *m = e->m;
	uint32_t fill = seg_fill(m, c->seg), at = ld_rlx(&m->side[c->seg].walked);
	const char *base = seg_data(m, c->seg);
	unsigned n = 0;
	int rc;

	if (at > fill || at % ITEM_ALIGN != 0)
		at = 0;
	while (at < fill) {
		*at_out = at;
		if (item_load32(base + at) == 0) {
			at += ITEM_ALIGN;
			continue;
		}
		rc = evict_record(e, f, c->seg, at, fill - at);
		if (rc <= 0)
			return rc;
		at += (uint32_t)rc;
		if (++n % 32 == 0 && tick_clock(CLOCK_MONOTONIC) >= e->until) {
			*at_out = at;
			return at >= fill;
		}
	}
	return 1;
}

/* Evict what was chosen: 1 done, 0 not, -EUCLEAN. */
static int
evict_segment(struct evict *e, const struct choice *c)
{
	const struct cmap *m = e->m;
	uint64_t word = c->word;
	struct fate f;
	uint32_t at = 0;
	int rc;

	if (!seg_change(m, c->seg, &word, SEG_EVICTING, seg_queue(word),
		seg_bucket(word), e->me->number + 1))
		return 0;
	CRASH_POINT("evict.taken");
	memset(&f, 0, sizeof(f));
	f.queue = seg_queue(word);
	f.bucket = seg_bucket(word);
	f.pack = c->class == CLASS_SPARSE;
	f.pack_left = seg_fill(m, c->seg) / 2;
	f.birth = c->birth;
	rc = walk(e, c, &f, &at);
	if (rc == 1) {
		batch_add(e, c->seg, word);
		return 1;
	}
	if (rc < 0) {
		/* Rubbish in it: not chosen again soon; fsck tells. */
		st_rlx(&m->side[c->seg].birth, ld_rlx(&m->head->births));
		at = 0;
	}
	leave(e, c, word, at);
	return rc;
}

int
evict_room(const struct cmap *m)
{
	return seg_count_free(m, evict_keep(m) + 1) > evict_keep(m);
}

/*
 * Whether so much is retired already that evicting more would only empty the
 * cache: a reader that was preempted in its section holds all of it up, for a
 * time slice or longer.  Writers hear -ENOBUFS until it goes on.
 */
static int
held_up(const struct cmap *m)
{
	uint32_t n_retired = 0, limit = m->n_reserve + m->n_segs / 32;

	for (uint32_t n = 0; n < m->n_segs && n_retired <= limit; n++)
		n_retired += seg_state(ld_rlx(&m->state[n])) == SEG_RETIRED;
	return n_retired > limit;
}

int
evict_run(const struct cmap *m, struct slot_self *me, enum evict_want want,
    uint64_t until_ns)
{
	uint64_t items = want == EVICT_KEYS ? cmap_items(m) : 0;
	struct choice c;
	struct evict e;
	int done = 0;

	evict_begin(&e, m, me, until_ns);
	for (unsigned i = 0; i < TRIES && !done; i++) {
		if ((want == EVICT_ROOM && held_up(m)) || !pick(&e, want, &c))
			break;
		if (evict_segment(&e, &c) == 1 && want != EVICT_DEAD) {
			batch_flush(&e);
			(void)seg_reclaim(m, EVICT_BATCH);
			done = want == EVICT_KEYS ? cmap_items(m) < items
						  : evict_room(m);
		}
		if (tick_clock(CLOCK_MONOTONIC) >= until_ns)
			break;
	}
	batch_flush(&e);
	evict_end(&e);
	(void)seg_reclaim(m, EVICT_BATCH);
	return want == EVICT_ROOM ? evict_room(m) : done;
}

void
evict_maint(struct slot_self *me, uint64_t until_ns, void *arg)
{
	struct cmap map, *m = &map;

	(void)arg;
	if (cmap_open(me->region, m) != 0)
		return;
	(void)seg_reclaim(m, UINT32_MAX);
	evict_sweep(m, me, EVICT_SWEEP);
	(void)evict_run(m, me, EVICT_DEAD, until_ns);
	while (tick_clock(CLOCK_MONOTONIC) < until_ns &&
	    seg_count_free(m, m->n_reserve) < m->n_reserve)
		if (!evict_run(m, me, EVICT_ROOM, until_ns))
			break;
}
