/* tail.c - appending: open segments of a writer */
#include "tail.h"

#include <errno.h>
#include <string.h>

#include "crash.h"
#include "item.h"
#include "seg.h"
#include "ttlb.h"

/*
 * A week.  32 bits of ticks tell what expired up to 128 days ago from what is
 * yet to.  A segment that fills slowly, and always has something in it that
 * lives, would keep an expired record for longer than that, and it would be
 * served again.  As nothing is added after a week, or when all has expired, its
 * last record expires less than 105 days after the first: the week, and the
 * longest time of a bucket that has records with 32 bits.
 */
#define OLD_TICKS (7u * ITEM_DAY)
/* Births: with less than twice as many as there can be slow buckets, giving up
 * their segments would be what makes segments old. */
#define OLD_BIRTHS (2u * TTLB_N)

static uint64_t
half_turn(const struct cmap *m)
{
	uint64_t half = seg_turn(m) / 2;

	return half > OLD_BIRTHS ? half : OLD_BIRTHS;
}

/* Whether what is put into it now would go too early or too late. */
static int
tail_old(const struct cmap *m, const struct tails *ts, const struct tail *t)
{
	/* `now` may be a moment before the segment was taken: a hint is
	 * enough where nothing expires. */
	uint32_t age = (uint32_t)ts->now - t->since;

	if (t->fill == 0)
		return 0;
	if (t->expiry <= ts->now || (age > OLD_TICKS && age < -ITEM_DAY))
		return 1;
	/* Late by a moment is early enough. */
	return ld_rlx(&m->head->births) > t->last_birth;
}

/* Whether it has its share of keys or chunks, or is old, whatever room there
 * is. */
static int
tail_full(const struct cmap *m, const struct tails *ts, const struct tail *t)
{
	return t->n_recs >= m->keys_seg ||
	    (t->chunks != 0 && t->chunks >= m->chunks_seg) ||
	    tail_old(m, ts, t);
}

/* Where a record of this size would begin, or UINT32_MAX. */
static uint32_t
place(const struct cmap *m, const struct tails *ts, const struct tail *t,
    uint32_t size)
{
	uint32_t room = m->seg_bytes - t->fill, pad = 0;

	if (tail_full(m, ts, t) || size > room)
		return UINT32_MAX;
	if (size >= ITEM_LINE_FROM)
		pad = -t->fill & (ITEM_LINE - 1);
	return pad > room - size ? t->fill : t->fill + pad;
}

void
tail_give(const struct cmap *m, struct tails *ts, unsigned i)
{
	struct tail *t = &ts->v[i];
	unsigned state = SEG_PARTIAL;

	if (t->fill == 0)
		state = SEG_FREE;
	else if (m->seg_bytes - t->fill <= m->seg_bytes / 16 ||
	    tail_full(m, ts, t))
		state = SEG_SEALED;
	/* Cannot fail: while we are the owner nobody changes the word. */
	(void)seg_change(m, t->seg, &t->word, state, t->queue, t->bucket, 0);
	ts->n--;
	ts->v[i] = ts->v[ts->n];
}

void
tail_give_all(const struct cmap *m, struct tails *ts)
{
	while (ts->n != 0)
		tail_give(m, ts, ts->n - 1);
}

void
tail_give_idle(const struct cmap *m, struct tails *ts, uint64_t tick)
{
	for (unsigned i = ts->n; i-- > 0;)
		if (ts->v[i].used_tick < tick)
			tail_give(m, ts, i);
}

unsigned
tail_limit(const struct cmap *m, unsigned n_writers)
{
	unsigned k = m->n_segs / (20 * (n_writers == 0 ? 1 : n_writers));

	return k < 1 ? 1 : k > TAIL_MAX ? TAIL_MAX : k;
}

static void
give_least_used(const struct cmap *m, struct tails *ts)
{
	unsigned least = 0;

	for (unsigned i = 1; i < ts->n; i++)
		if (ts->v[i].used < ts->v[least].used)
			least = i;
	tail_give(m, ts, least);
}

static struct tail *
tail_find(struct tails *ts, unsigned queue, unsigned bucket)
{
	for (unsigned i = 0; i < ts->n; i++)
		if (ts->v[i].queue == queue && ts->v[i].bucket == bucket)
			return &ts->v[i];
	return NULL;
}

static struct tail *
tail_take(const struct cmap *m, struct slot_self *me, struct tails *ts,
    unsigned queue, unsigned bucket, uint32_t size, uint32_t keep)
{
	/* Read once: what is young enough to be taken is so to be used. */
	uint64_t births = ld_rlx(&m->head->births), half = half_turn(m);
	struct seg_side *side;
	uint32_t seg;
	uint64_t word;
	struct tail *t;

	if (ts->n >= ts->k)
		give_least_used(m, ts);
	if (!seg_take_partial(m, queue, bucket, me->number, size,
		ts->any_age || births < half ? 0 : births - half, &seg,
		&word) &&
	    !seg_take_free(m, SEG_OPEN, queue, bucket, me->number, keep, &seg,
		&word))
		return NULL;
	side = &m->side[seg];
	t = &ts->v[ts->n++];
	memset(t, 0, sizeof(*t));
	t->seg = seg;
	t->word = word;
	t->queue = (uint8_t)queue;
	t->bucket = (uint8_t)bucket;
	/* Ours since the exchange that took it. */
	t->fill = seg_fill(m, seg);
	t->n_recs = ld_rlx(&side->n_recs);
	t->chunks = ld_rlx(&side->chunks);
	t->expiry = ld_rlx(&side->expiry);
	t->born = ld_rlx(&side->born);
	t->since = ld_rlx(&side->since);
	t->last_birth = ts->any_age ? UINT64_MAX
				    : ld_rlx(&side->birth) + half;
	return t;
}

int
tail_reserve(const struct cmap *m, struct slot_self *me, struct tails *ts,
    unsigned queue, unsigned bucket, uint32_t size, uint32_t keep,
    struct tail **out, void **at_out)
{
	struct tail *t = tail_find(ts, queue, bucket);
	uint32_t at = UINT32_MAX;

	if (size > m->seg_bytes)
		return -EMSGSIZE;
	if (t != NULL) {
		at = place(m, ts, t, size);
		if (at == UINT32_MAX)
			tail_give(m, ts, (unsigned)(t - ts->v));
	}
	/* A PARTIAL one may turn out to hold its limit of records, or to be too
	 * old: then it is given back as SEALED. */
	for (unsigned i = 0; at == UINT32_MAX && i < 4; i++) {
		t = tail_take(m, me, ts, queue, bucket, size, keep);
		if (t == NULL)
			return 0;
		at = place(m, ts, t, size);
		if (at == UINT32_MAX)
			tail_give(m, ts, (unsigned)(t - ts->v));
	}
	if (at == UINT32_MAX)
		return 0;
	t->used = ++ts->uses;
	t->used_tick = ts->now;
	t->at = at;
	*out = t;
	*at_out = seg_data(m, t->seg) + at;
	return 1;
}

void
tail_commit(const struct cmap *m, struct tail *t, uint32_t size,
    uint64_t expiry, uint32_t born)
{
	struct seg_side *side = &m->side[t->seg];

	t->before = t->fill;
	t->chunks_before = t->chunks;
	if (t->at != t->fill)
		memset(seg_data(m, t->seg) + t->fill, 0, t->at - t->fill);
	if (expiry > t->expiry) {
		t->expiry = expiry;
		st_rlx(&side->expiry, expiry);
	}
	if (t->n_recs == 0 || (int32_t)(born - t->born) > 0) {
		t->born = born;
		st_rlx(&side->born, born);
	}
	st_rlx(&side->n_recs, ++t->n_recs);
	t->fill = t->at + size;
	/*
	 * Before this store a walk does not come to the record; it must, before
	 * the index may name it.  Pairs with the acquire in seg_fill().  A kill
	 * before: nothing.  After: dead bytes until the segment is recycled.
	 */
	CRASH_POINT("tail.commit.before");
	st_rel(&side->fill, t->fill);
	CRASH_POINT("tail.commit.after");
	/* Nobody will ever unlink the padding.  After the mark, so that a kill
	 * in between counts too little: then it only goes later. */
	if (t->at != t->before)
		add_rlx(&m->dead[t->seg], t->at - t->before);
}

void
tail_weigh(const struct cmap *m, struct tail *t, uint32_t n_chunks)
{
	if (n_chunks == 0)
		return;
	t->chunks += n_chunks;
	st_rlx(&m->side[t->seg].chunks, t->chunks);
}

void
tail_undo(const struct cmap *m, struct tail *t)
{
	/* Nobody else reads an open segment but by the index, and the index
	 * does not have it. */
	t->fill = t->before;
	t->chunks = t->chunks_before;
	if (t->at != t->before)
		sub_rlx(&m->dead[t->seg], t->at - t->before);
	st_rlx(&m->side[t->seg].n_recs, --t->n_recs);
	st_rlx(&m->side[t->seg].chunks, t->chunks);
	/* A kill before it leaves the record as dead bytes. */
	CRASH_POINT("tail.undo");
	st_rel(&m->side[t->seg].fill, t->fill);
}
