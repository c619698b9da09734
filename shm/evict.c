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

#define TRIES 16		/* segments evicted for one that is wanted */
/* Segments found in use by others meanwhile.  What a run leaves the next one
 * passes over, so it gets further. */
#define LEAVES 64

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

/*
 * Back to SEALED; the walk goes on at `walked` next time, which for all
 * evictors is not before `again`.
 */
static void
leave(struct evict *e, const struct choice *c, uint64_t word, uint32_t walked,
    uint64_t again)
{
	st_rlx(&e->m->side[c->seg].walked, walked);
	st_rlx(&e->m->side[c->seg].again, again);
	CRASH_POINT("evict.leave");
	(void)seg_change(e->m, c->seg, &word, SEG_SEALED, seg_queue(word),
	    seg_bucket(word), 0);
}

/*
 * Walk the records from where the last walk ended.  1 all are unlinked, 0 the
 * time is over, -EBUSY a bucket is locked, both with *at_out; -EUCLEAN.
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
		if (rc < 0)
			return rc;
		at += (uint32_t)rc;
		if (++n % 32 == 0 && tick_clock(CLOCK_MONOTONIC) >= e->until) {
			*at_out = at;
			return at >= fill;
		}
	}
	return 1;
}

/* Evict what was chosen: 1 done, 0 not. */
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
	f.expired = ld_rlx(&m->side[c->seg].expiry) <= e->now;
	f.pack = c->class == EVICT_SPARSE;
	f.pack_left = seg_fill(m, c->seg) / 2;
	f.birth = c->birth;
	rc = walk(e, c, &f, &at);
	if (rc == 1) {
		batch_add(e, c->seg, word);
		return 1;
	}
	if (rc == -EUCLEAN)
		leave(e, c, word, 0, e->now + EVICT_AGAIN_BAD);
	else
		leave(e, c, word, at,
		    rc == -EBUSY ? e->now + EVICT_AGAIN_BUSY : 0);
	return 0;
}

int
evict_room(const struct cmap *m)
{
	return seg_count_free(m, evict_keep(m) + 1) > evict_keep(m);
}

int
evict_held_up(const struct cmap *m)
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
	unsigned tries = TRIES, leaves = LEAVES;
	struct choice c;
	struct evict e;
	int done = 0;

	evict_begin(&e, m, me, until_ns);
	while (tries != 0 && leaves != 0 && !done) {
		if ((want == EVICT_ROOM && evict_held_up(m)) ||
		    !evict_pick(&e, want, &c))
			break;
		if (!evict_segment(&e, &c)) {
			leaves--;
		} else if (tries--, want != EVICT_DEAD) {
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
	if (tries != TRIES)
		(void)seg_reclaim(m, EVICT_BATCH);
	return want == EVICT_ROOM ? evict_room(m) : done;
}

/* Everyone's tick comes by here: what found nothing is not done again by any
 * process for 100 ms. */
static void
reclaim_dead(const struct cmap *m, struct slot_self *me, uint64_t until_ns)
{
	uint32_t now = (uint32_t)tick_now(m->region);

	/* The circle of 32 bits is harmless: 100 ms once in 199 days. */
	if (ld_rlx(&m->head->quiet) - now - 1 >= EVICT_QUIET)
		(void)evict_run(m, me, EVICT_DEAD, until_ns);
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
	reclaim_dead(m, me, until_ns);
	while (tick_clock(CLOCK_MONOTONIC) < until_ns &&
	    seg_count_free(m, m->n_reserve) < m->n_reserve)
		if (!evict_run(m, me, EVICT_ROOM, until_ns))
			break;
}
