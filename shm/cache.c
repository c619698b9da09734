/* cache.c - views: opening, closing, ticks, statistics */
#include "cache_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crash.h"
#include "evict.h"
#include "flight.h"
#include "lock.h"
#include "maint.h"
#include "reap.h"
#include "seg.h"

#define LIMIT_EVERY 10u		/* ticks: all slots' pages are looked at */
#define IDLE_TICKS 250u		/* a second: then open segments are given back */
#define REAP_TICKS 250u		/* how often a tick looks for the dead */

int
cache_sizes(const struct cache_plan *p, struct region_section *out)
{
	return cmap_plan(p, out);
}

int
cache_format(struct region *r, const struct cache_plan *p)
{
	return cmap_format(r, p);
}

int
cache_register(struct region *r)
{
	struct cmap m;
	int rc = cmap_open(r, &m);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < r->n_steps; i++)
		if (r->step[i].fn == evict_reap)
			return 0;
	rc = reap_step(r, REAP_SEGMENTS, REGION_CACHE, evict_reap, NULL);
	if (rc == 0)
		rc = reap_step(r, REAP_LEASES, REGION_FLIGHTS, flight_reap,
		    NULL);
	if (rc == 0)
		rc = maint_step(r, evict_maint, NULL);
	if (rc == 0)
		rc = maint_step(r, flight_sweep, NULL);
	if (rc == 0)
		lock_repair(r, LOCK_BUCKET, LOCK_FORM_OWN, index_repair, NULL);
	return rc;
}

int
cache_overdue(const struct cache *c, const struct item *it, uint64_t now)
{
	const struct cmap *m = &c->m;
	uint64_t seg = (uint64_t)((const char *)it - m->data) >> m->seg_shift;

	/* Hints would do: they are right but for the last day. */
	if (now - ld_rlx(&m->head->swept) < EVICT_SWEPT)
		return 0;
	return ld_rlx(&m->side[seg].expiry) <= now;
}

static void
look_swept(struct cache *c)
{
	c->swept = ld_rlx(&c->m.head->swept);
}

static struct cache *
view_make(struct region *r, int *rc_out)
{
	struct cache *c = calloc(1, sizeof(*c));

	*rc_out = c == NULL ? -ENOMEM : cmap_open(r, &c->m);
	if (*rc_out != 0) {
		free(c);
		return NULL;
	}
	look_swept(c);
	return c;
}

void
cache_limit_tails(struct cache *c)
{
	const struct region *r = c->m.region;
	unsigned n = 0;

	/* Slots come and go: a limit for the number of a moment ago does. */
	for (uint32_t i = 0; i < r->n_slots; i++)
		n += SLOT_STATE(ld_rlx(&r->slots[i].state)) == SLOT_LIVE;
	c->tails.k = tail_limit(&c->m, n);
	c->scarce = n > c->m.n_segs / 4;
	while (c->tails.n > c->tails.k)
		tail_give(&c->m, &c->tails, 0);
}

int
cache_open(struct slot_self *me, struct cache **out)
{
	struct cache *c;
	int rc = slot_check(me);

	if (rc == 0)
		rc = cache_register(me->region);
	if (rc < 0)
		return rc;
	c = view_make(me->region, &rc);
	if (c == NULL)
		return rc;
	c->me = me;
	c->cell = &c->m.cell[me->number];
	c->drop = calloc(c->m.chunks_max, sizeof(*c->drop));
	c->chunk = calloc(c->m.chunks_max, sizeof(*c->chunk));
	c->chunk_word = calloc(c->m.chunks_max, sizeof(*c->chunk_word));
	c->iov = calloc((size_t)c->m.chunks_max + 1, sizeof(*c->iov));
	if (c->drop == NULL || c->chunk == NULL || c->chunk_word == NULL ||
	    c->iov == NULL) {
		cache_close(&c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

int
cache_open_ro(struct region *r, struct cache **out)
{
	int rc;

	*out = view_make(r, &rc);
	return rc;
}

void
cache_close(struct cache **cp)
{
	struct cache *c = *cp;

	if (c == NULL)
		return;
	/* In a forked child the segments are the parent's. */
	if (c->me != NULL && slot_check(c->me) == 0)
		tail_give_all(&c->m, &c->tails);
	free(c->drop);
	free(c->chunk);
	free(c->chunk_word);
	free(c->iov);
	free(c->scratch);
	free(c);
	*cp = NULL;
}

int
cache_tick(struct cache *c)
{
	int rc = c->me == NULL ? -EROFS : slot_check(c->me), dead = 0;
	uint64_t now;

	if (rc < 0)
		return rc;
	tick_update(c->m.region);
	c->tails.now = now = tick_now(c->m.region);
	if (now >= c->reap_at) {
		c->reap_at = now + REAP_TICKS;
		dead = reap_any(c->me);
	}
	if (now > IDLE_TICKS)
		tail_give_idle(&c->m, &c->tails, now - IDLE_TICKS);
	look_swept(c);
	if (c->n_ticks++ % LIMIT_EVERY == 0)
		cache_limit_tails(c);
	rc = maint_run(c->me);
	return dead < 0 ? dead : rc;
}

uint64_t
cache_now(const struct cache *c)
{
	return ld_acq(&c->m.hot[CMAP_CLOCK]);
}

int
cache_flush(struct cache *c)
{
	_Atomic uint64_t *cell = &c->m.hot[CMAP_FLUSHED];
	uint64_t t, seen;
	int rc = c->me == NULL ? -EROFS : slot_check(c->me);

	if (rc < 0)
		return rc;
	/* Records filled from now on carry a clock >= t.  A kill between the
	 * two: a clock that nothing uses. */
	t = add_seq(&c->m.hot[CMAP_CLOCK], UINT64_C(1)) + 1;
	CRASH_POINT("cache.flush.clock");
	seen = ld_rlx(cell);
	while (seen < t && !cas_ar(cell, &seen, t))
		;
	CRASH_POINT("cache.flush.done");
	/* Late is early enough: it delays reclaiming by 100 ms. */
	st_rlx(&c->m.head->quiet, 0u);
	return 0;
}

void
cache_stats(const struct cache *c, struct cache_stats *s)
{
	const struct cmap *m = &c->m;
	uint32_t queue[SEG_QUEUES];

	memset(s, 0, sizeof(*s));
	for (uint32_t i = 0; i < m->n_slots; i++) {
		const struct cmap_cell *p = &m->cell[i];

		s->bytes += ld_rlx(&p->bytes);
		s->hits += ld_rlx(&p->hits);
		s->misses += ld_rlx(&p->misses);
		s->sets += ld_rlx(&p->sets);
		s->deletes += ld_rlx(&p->deletes);
		s->evictions += ld_rlx(&p->evictions);
		s->promoted += ld_rlx(&p->promoted);
		s->expired += ld_rlx(&p->expired);
		s->ghosts_hit += ld_rlx(&p->ghosts_hit);
		s->full += ld_rlx(&p->full);
		s->crowded += ld_rlx(&p->crowded);
	}
	s->items = cmap_items(m);
	s->bytes = (int64_t)s->bytes < 0 ? 0 : s->bytes;
	s->capacity_bytes = m->data_size;
	s->budget_bytes = m->budget_bytes;
	s->keys_max = m->keys_max;
	s->value_max = m->value_max;
	s->clock = ld_rlx(&m->hot[CMAP_CLOCK]);
	s->flushed = ld_rlx(&m->hot[CMAP_FLUSHED]);
	s->seg_bytes = m->seg_bytes;
	s->n_segs = m->n_segs;
	s->n_reserve = m->n_reserve;
	s->n_buckets = (uint32_t)m->n_buckets;
	s->n_lines = m->n_lines;
	s->lines_used = index_lines_used(m);
	seg_count(m, s->seg, queue);
	s->n_main = queue[SEG_MAIN];
	s->used_bytes = (uint64_t)(m->n_segs - s->seg[SEG_FREE]) <<
	    m->seg_shift;
}
