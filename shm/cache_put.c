/*
 * cache_put.c - storing and removing: one new record, one store to the index.
 *
 * The order of a set, and what a kill leaves after each step:
 *
 *	look at the bucket in a section		nothing
 *	chunks of a long value: taken, filled	chunk segments of ours: retired
 *	the record at an open segment's end	nothing: above the fill mark
 *	the fill mark				dead bytes in that segment
 *	the bucket's lock			a claim the slot records
 *	flights of the key made void		a load for nothing
 *	chunks of the old value: EVICTING	back to CHUNK, found by the sweep
 *	the index word				stored; counters by the intent
 *	the lock given				nothing
 *	chunks of the new value: owner 0	done by the repair
 *	chunks of the old value: RETIRED	a leak the sweep finds
 */
#include "cache_int.h"

#include <errno.h>
#include <string.h>

#include "crash.h"
#include "epoch.h"
#include "evict.h"
#include "index.h"
#include "maint.h"
#include "reap.h"
#include "seg.h"
#include "ttlb.h"

uint64_t
cache_expiry(uint64_t now, int64_t ttl_ns)
{
	uint64_t ttl = ttl_ns < CACHE_TTL_MIN_NS ? CACHE_TTL_MIN_NS
						 : (uint64_t)ttl_ns;

	if (ttl_ns == 0)
		return 0;
	/* One tick more, for the part of the current one that is over: never
	 * early, at most two ticks late. */
	return now + 1 + (ttl + TICK_NS - 1) / TICK_NS;
}

/* What is known of the key before the record is made: a hint for where it is
 * to go, and an answer for who asks only for presence. */
struct probe {
	int present;		/* and valid */
	int known;		/* some record of the key is there */
	int ghost;
	unsigned queue;
	uint8_t freq;
};

static int
has_ghost(const struct cmap *m, uint64_t hash)
{
	struct index_line *l = &m->line[index_bucket(m, hash)];
	uint32_t want = index_want(INDEX_GHOST, hash);

	for (unsigned hop = 0; l != NULL && hop <= INDEX_HOPS; hop++) {
		for (unsigned i = 0; i < INDEX_WORDS; i++) {
			/* A hint for where a record is put. */
			uint64_t w = ld_rlx(&l->word[i]);

			if (index_word_want(w) == want &&
			    evict_ghost_fresh(m, w & 0xffff))
				return 1;
		}
		l = index_follow(m, ld_acq(&l->control));
	}
	return 0;
}

static int
probe(struct cache *c, const struct cache_want *w, struct probe *p)
{
	const struct cmap *m = &c->m;
	struct look f;
	int rc = epoch_enter(c->me);

	memset(p, 0, sizeof(*p));
	if (rc != 0)
		return rc;
	if (look_find(m, w->key, w->key_len, w->hash, &f)) {
		p->known = 1;
		p->present = cache_valid(c, f.item, &f.v);
		p->freq = ld_rlx(&f.item->freq);	/* a hint */
		p->queue = seg_queue(seg_load(m, look_seg(m, f.word)));
		if (p->queue > SEG_MAIN)
			p->queue = SEG_PROBATION;
	} else if (has_ghost(m, w->hash)) {
		p->ghost = 1;
		p->queue = SEG_MAIN;
	}
	epoch_leave(c->me);
	return 0;
}

/* What waits for its grace period only, then what can be evicted. */
static int
room_once(struct cache *c)
{
	if (seg_reclaim(&c->m, UINT32_MAX) != 0 && evict_room(&c->m))
		return 1;
	return evict_run(&c->m, c->me, EVICT_ROOM, UINT64_MAX);
}

int
cache_make_room(struct cache *c)
{
	if (room_once(c))
		return 1;
	/* While a reader holds all up, trying again makes nothing free. */
	if (!evict_held_up(&c->m)) {
		/* What we have open ourselves nobody can evict. */
		tail_give_all(&c->m, &c->tails);
		if (evict_run(&c->m, c->me, EVICT_ROOM, UINT64_MAX))
			return 1;
	}
	/* Perhaps what is in the way is dead: a reader, an evictor. */
	return reap_any(c->me) > 0 && room_once(c);
}

/* Where the record goes; makes room when there is none. */
static int
reserve(struct cache *c, unsigned queue, unsigned bucket, uint32_t size,
    struct tail **t, void **at)
{
	const struct cmap *m = &c->m;
	int rc = tail_reserve(m, c->me, &c->tails, queue, bucket, size,
	    evict_keep(m), t, at);

	if (rc != 0)
		return rc;
	/* One attempt, then whatever is left, then the caller hears it: a set
	 * never waits for a reader. */
	(void)cache_make_room(c);
	rc = tail_reserve(m, c->me, &c->tails, queue, bucket, size, 0, t, at);
	if (rc == 0) {
		cache_count(&c->cell->full);
		rc = -ENOBUFS;
	}
	return rc;
}

/* --- in the locked bucket --- */

struct places {
	struct look hit;		/* the key's record: hit.place NULL none */
	_Atomic uint64_t *own_ghost, *empty, *ghost;
	uint64_t ghost_age;
};

static void
scan_other(const struct cache *c, const struct cache_want *w,
    struct places *p, _Atomic uint64_t *place, uint64_t word)
{
	uint64_t age;

	switch (index_kind(word)) {
	case INDEX_EMPTY:
		if (p->empty == NULL)
			p->empty = place;
		break;
	case INDEX_GHOST:
		if (index_word_want(word) == index_want(INDEX_GHOST, w->hash))
			p->own_ghost = place;
		age = (uint16_t)(evict_ghost_stamp(&c->m) - (word & 0xffff));
		if (p->ghost == NULL || age > p->ghost_age) {
			p->ghost = place;
			p->ghost_age = age;
		}
		break;
	default:
		break;			/* another key's; or fsck clears it */
	}
}

static void
scan(const struct cache *c, const struct cache_want *w, struct places *p)
{
	const struct cmap *m = &c->m;
	struct index_line *l = &m->line[index_bucket(m, w->hash)];
	uint32_t want = index_want(INDEX_ITEM, w->hash);

	memset(p, 0, sizeof(*p));
	for (unsigned hop = 0; l != NULL && hop <= INDEX_HOPS; hop++) {
		for (unsigned i = 0; i < INDEX_WORDS; i++) {
			/* Ours under the lock; acquire for the record. */
			uint64_t word = ld_acq(&l->word[i]);

			if (p->hit.place == NULL &&
			    index_word_want(word) == want &&
			    look_match(m, word, w->key, w->key_len, &p->hit)) {
				p->hit.place = &l->word[i];
				p->hit.word = word;
			} else {
				scan_other(c, w, p, &l->word[i], word);
			}
		}
		l = index_follow(m, ld_rlx(&l->control));
	}
}

/* How much a record is worth keeping: what is over is worth nothing, then
 * comes the least read, then the oldest. */
static uint64_t
worth(const struct cache *c, uint64_t word)
{
	const struct cmap *m = &c->m;
	const struct item *it = look_item(m, word);
	struct item_view v;

	if (it == NULL || look_parse(m, it, look_room(m, index_offset(word)),
		&v) != 0 || !cache_valid(c, it, &v))
		return 0;
	/* Hints, both: read late they make a worse choice. */
	return (uint64_t)(ld_rlx(&it->freq) + 1) << 56 |
	    (ld_rlx(&m->side[look_seg(m, word)].birth) & (UINT64_MAX >> 8));
}

/* The record that goes when the bucket has no word left.  Only then are the
 * records of other keys looked at: each is a line of memory. */
static _Atomic uint64_t *
victim(const struct cache *c, uint64_t bucket)
{
	struct index_line *l = &c->m.line[bucket];
	_Atomic uint64_t *least = NULL;
	uint64_t best = UINT64_MAX, is;

	for (unsigned hop = 0; l != NULL && hop <= INDEX_HOPS; hop++) {
		for (unsigned i = 0; i < INDEX_WORDS; i++) {
			/* Ours under the lock; acquire for the record. */
			uint64_t word = ld_acq(&l->word[i]);

			if (index_kind(word) != INDEX_ITEM)
				continue;
			is = worth(c, word);
			if (least == NULL || is < best) {
				least = &l->word[i];
				best = is;
			}
		}
		l = index_follow(&c->m, ld_rlx(&l->control));
	}
	return least;
}

/* Whether the operation applies: 1, 0, -EEXIST, -EAGAIN. */
static int
decide(struct cache *c, const struct cache_want *w, const struct places *p)
{
	int present = p->hit.place != NULL &&
	    cache_valid(c, p->hit.item, &p->hit.v);

	if (w->expect != 0 && (!present || item_cas(p->hit.item) != w->expect))
		return -EAGAIN;
	switch (w->op) {
	case CACHE_ADD:
		return !present;
	case CACHE_REPLACE:
		return present;
	case CACHE_CAS:
		if (!present)
			return 0;
		return item_view_cas(p->hit.item, &p->hit.v) == w->cas ?
		    1 : -EEXIST;
	default:
		return 1;
	}
}

void
cache_take_chunks(struct cache *c, const struct item_view *v)
{
	c->n_drop = 0;
	if (v->n_chunks == 0)
		return;
	evict_chunks_take(&c->m, c->me, v);
	for (uint32_t i = 0; i < v->n_chunks && i < c->m.chunks_max; i++)
		c->drop[c->n_drop++] = item_chunk(v, i);
}

void
cache_drop_chunks(struct cache *c)
{
	if (c->n_drop == 0)
		return;
	CRASH_POINT("cache.chunks.drop");
	evict_chunks(&c->m, c->me, c->drop, c->n_drop);
	c->n_drop = 0;
}

/* Change a word that may name a record into `to`: counts what goes. */
static void
change(struct cache *c, _Atomic uint64_t *place, uint64_t to, int64_t d_bytes)
{
	const struct cmap *m = &c->m;
	uint64_t old = ld_rlx(place);	/* ours under the lock */
	struct item_view v;
	struct item *it;

	c->n_drop = 0;
	if (index_kind(old) == INDEX_ITEM) {
		it = look_item(m, old);
		if (it != NULL && look_parse(m, it,
			look_room(m, index_offset(old)), &v) == 0) {
			cache_take_chunks(c, &v);
			d_bytes -= (int64_t)v.size + v.chunk_bytes;
			add_rlx(&m->dead[look_seg(m, old)], v.size);
		}
	}
	index_store(m, c->me, place, to, d_bytes);
}

/* Whether the record, written and not yet linked, would be served: not when
 * what it was made from has been invalidated since. */
static int
served(const struct cache *c, uint64_t word)
{
	struct item *it = look_item(&c->m, word);
	struct item_view v;

	return it != NULL && look_parse(&c->m, it,
	    look_room(&c->m, index_offset(word)), &v) == 0 &&
	    cache_valid(c, it, &v);
}

/* Put the word into the locked bucket: 1 or as decide(). */
static int
link_word(struct cache *c, const struct cache_want *w, uint64_t bucket,
    uint64_t word, int64_t bytes)
{
	_Atomic uint64_t *place;
	struct index_line *line;
	struct places p;
	int rc;

	scan(c, w, &p);
	rc = decide(c, w, &p);
	if (rc != 1)
		return rc;
	/* While the bucket is locked nobody voids the flight or takes it over.
	 * A kill behind the voiding leaves a load for nothing. */
	if (w->flight == NULL)
		flight_void(&c->m, w->hash);
	else if (flight_mine(&c->m, w->flight) != 1 || !served(c, word))
		return -ECANCELED;
	place = p.hit.place != NULL ? p.hit.place
	    : p.own_ghost != NULL ? p.own_ghost
	    : p.empty != NULL ? p.empty : p.ghost;
	if (place == NULL && index_extend(&c->m, c->me, bucket, &line))
		place = &line->word[0];
	if (place == NULL) {
		place = victim(c, bucket);
		cache_count(&c->cell->crowded);
	}
	if (place == NULL)
		return -EUCLEAN;
	change(c, place, word, bytes);
	if (w->flight != NULL)
		(void)flight_end_locked(&c->m, w->flight, w->wake);
	return 1;
}

/* Too many keys: the oldest go, a segment at a time. */
static void
keep_limit(struct cache *c)
{
	for (unsigned i = 0; i < 8; i++) {
		if (cmap_items(&c->m) < c->m.keys_max)
			return;
		(void)evict_run(&c->m, c->me, EVICT_KEYS, UINT64_MAX);
	}
}

static int
probe_answers(const struct cache_want *w, const struct probe *p)
{
	return (w->op == CACHE_ADD && p->present) ||
	    ((w->op == CACHE_REPLACE || w->op == CACHE_CAS) && !p->present);
}

/* Make the record: 1 with its tail and word. */
static int
record(struct cache *c, struct cache_want *w, const struct probe *p,
    struct tail **t, uint64_t *word)
{
	uint64_t ttl = w->plan.expiry == 0 ? 0 : w->plan.expiry - w->plan.now;
	void *at;
	char *to;
	int rc;

	w->plan.key = w->key;
	w->plan.key_len = (uint32_t)w->key_len;
	w->plan.freq = p->freq;
	w->plan.cas = (uint64_t)(c->me->number + 1) << 44 |
	    ((ld_rlx(&c->cell->cas) + 1) & ((UINT64_C(1) << 44) - 1));
	c->tails.now = w->plan.now;
	if (c->tails.k == 0)	/* the first one: not when it was opened, a
				 * page of each slot is much for who only reads */
		cache_limit_tails(c);
	rc = cache_chunks_fill(c, w);
	if (rc < 0)
		return rc;
	rc = w->size == 0 ? -EMSGSIZE
	    : reserve(c, p->queue, ttlb_of(ttl), w->size, t, &at);
	if (rc != 1) {
		cache_chunks_undo(c, w);
		return rc;
	}
	/* Ours alone, and never twice: the counter outlives its slot's owner. */
	st_rlx(&c->cell->cas, ld_rlx(&c->cell->cas) + 1);
	to = item_fill(at, &w->plan);
	memcpy(to, w->val + w->plan.chunk_bytes, w->plan.len);
	tail_commit(&c->m, *t, w->size, w->plan.expiry == 0 ? SEG_NEVER
	    : w->plan.expiry, w->plan.born);
	tail_weigh(&c->m, *t, w->plan.n_chunks);
	*word = index_word(INDEX_ITEM, w->hash, tail_offset(&c->m, *t));
	return 1;
}

int
cache_store(struct cache *c, struct cache_want *w, uint64_t *cas_out)
{
	uint64_t bucket = index_bucket(&c->m, w->hash), word;
	struct tail *t;
	struct probe p;
	int rc = probe(c, w, &p);

	if (rc < 0)
		return rc;
	if (probe_answers(w, &p))
		return 0;
	if (c->m.keys_max != 0 && !p.known)
		keep_limit(c);
	rc = record(c, w, &p, &t, &word);
	if (rc != 1)
		return rc;
	CRASH_POINT("cache.put.filled");
	rc = index_lock(&c->m, c->me, bucket);
	if (rc == 0) {
		rc = link_word(c, w, bucket, word,
		    (int64_t)w->size + w->plan.chunk_bytes);
		index_unlock(&c->m, c->me, bucket);
	}
	if (rc != 1) {
		tail_undo(&c->m, t);
		cache_chunks_undo(c, w);
		return rc;
	}
	cache_chunks_linked(c, w);
	cache_drop_chunks(c);
	cache_count(&c->cell->sets);
	if (p.ghost)
		cache_count(&c->cell->ghosts_hit);
	if (cas_out != NULL)
		*cas_out = w->plan.cas;
	/* One open segment for each writer would be all there are: others could
	 * neither open nor evict one.  So it is everyone's after each set. */
	if (c->scarce)
		tail_give_all(&c->m, &c->tails);
	else if (t->n_recs == 1 && seg_count_free(&c->m, c->m.n_reserve) <
	    c->m.n_reserve)
		(void)maint_run(c->me);	/* below the mark: whoever comes by */
	return 1;
}

/* --- removing --- */

int
cache_del(struct cache *c, const void *key, size_t key_len)
{
	int rc = cache_key_bad(key_len);
	struct cache_want w;
	struct places p;
	uint64_t bucket;

	if (rc == 0 && c->me == NULL)
		rc = -EROFS;
	if (rc < 0)
		return rc;
	memset(&w, 0, sizeof(w));
	w.key = key;
	w.key_len = key_len;
	w.hash = index_hash(&c->m, key, key_len);
	bucket = index_bucket(&c->m, w.hash);
	rc = index_lock(&c->m, c->me, bucket);
	if (rc < 0)
		return rc;
	c->n_drop = 0;
	flight_void(&c->m, w.hash);
	scan(c, &w, &p);
	if (p.hit.place != NULL) {
		rc = cache_valid(c, p.hit.item, &p.hit.v);
		change(c, p.hit.place, 0, 0);
		index_trim(&c->m, c->me, bucket);
	}
	index_unlock(&c->m, c->me, bucket);
	cache_drop_chunks(c);
	if (rc == 1)
		cache_count(&c->cell->deletes);
	return rc;
}
