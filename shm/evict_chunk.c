/* evict_chunk.c - chunks of large values: retiring, sweeping; repair of slots */
#include <errno.h>

#include "crash.h"
#include "epoch.h"
#include "evict_int.h"
#include "look.h"

void
evict_chunks_take(const struct cmap *m, struct slot_self *me,
    const struct item_view *v)
{
	for (uint32_t i = 0; i < v->n_chunks; i++) {
		uint32_t seg = item_chunk(v, i);
		uint64_t word;

		if (seg >= m->n_segs)
			continue;
		word = seg_load(m, seg);
		/* The head is linked and its bucket locked, so this is its
		 * chunk and not another life of the segment.  Fails once at
		 * most, when the writer gives up ownership meanwhile. */
		for (int k = 0; k < 2 && seg_state(word) == SEG_CHUNK; k++)
			if (seg_change(m, seg, &word, SEG_EVICTING, SEG_CHUNKS,
				0, me->number + 1))
				break;
	}
}

void
evict_chunks(const struct cmap *m, struct slot_self *me, const uint32_t *list,
    uint32_t n)
{
	uint32_t seg[EVICT_BATCH], k = 0;
	uint64_t word[EVICT_BATCH];

	for (uint32_t i = 0; i < n; i++) {
		if (list[i] >= m->n_segs)
			continue;
		word[k] = seg_load(m, list[i]);
		if (seg_state(word[k]) != SEG_EVICTING ||
		    seg_queue(word[k]) != SEG_CHUNKS ||
		    seg_owner(word[k]) != me->number + 1)
			continue;
		seg[k++] = list[i];
		if (k == EVICT_BATCH) {
			seg_retire(m, me, seg, word, k);
			k = 0;
		}
	}
	seg_retire(m, me, seg, word, k);
}

static int
names_chunk(const struct cmap *m, uint64_t word, uint32_t seg)
{
	struct item *it = look_item(m, word);
	struct item_view v;

	if (it == NULL ||
	    look_parse(m, it, look_room(m, index_offset(word)), &v) != 0)
		return 0;
	for (uint32_t i = 0; i < v.n_chunks; i++)
		if (item_chunk(&v, i) == seg)
			return 1;
	return 0;
}

int
evict_chunk_has_head(const struct cmap *m, struct slot_self *me, uint32_t seg)
{
	uint64_t hash = ld_acq(&m->side[seg].key_hash);
	uint32_t want = index_want(INDEX_ITEM, hash);
	struct index_line *l = &m->line[index_bucket(m, hash)];
	int found = 0;

	/* In a section: the head may be moved or dropped while we read it.  A
	 * chunk that is without a head once is so for ever. */
	if (me != NULL && epoch_enter(me) != 0)
		return 1;
	for (unsigned hop = 0; l != NULL && hop <= INDEX_HOPS && !found; hop++) {
		uint64_t control = ld_acq(&l->control);

		for (unsigned i = 0; i < INDEX_WORDS && !found; i++) {
			uint64_t word = ld_acq(&l->word[i]);

			found = index_word_want(word) == want &&
			    names_chunk(m, word, seg);
		}
		l = index_follow(m, control);
	}
	if (me != NULL)
		epoch_leave(me);
	return found;
}

/* Retire a chunk without a head.  Readers may still be in it. */
static void
chunk_drop(const struct cmap *m, struct slot_self *me, uint32_t seg,
    uint64_t word)
{
	CRASH_POINT("chunk.sweep");
	if (seg_change(m, seg, &word, SEG_EVICTING, SEG_CHUNKS, 0,
		me->number + 1))
		seg_retire(m, me, &seg, &word, 1);
}

void
evict_sweep(const struct cmap *m, struct slot_self *me, uint32_t n)
{
	/* Any place is right to go on at. */
	uint32_t at = ld_rlx(&m->head->chunk_cursor) % m->n_segs;

	for (uint32_t i = 0; i < n && i < m->n_segs; i++) {
		uint64_t word = seg_load(m, at);

		if (seg_state(word) == SEG_CHUNK && seg_owner(word) == 0 &&
		    !evict_chunk_has_head(m, me, at))
			chunk_drop(m, me, at, word);
		at = at + 1 < m->n_segs ? at + 1 : 0;
	}
	st_rlx(&m->head->chunk_cursor, at);
}

/* One segment that the dead slot owned. */
static int
reap_segment(const struct cmap *m, struct slot_self *me, uint32_t seg,
    uint64_t word)
{
	unsigned queue = seg_queue(word), bucket = seg_bucket(word), to;

	CRASH_POINT("seg.reap");
	switch (seg_state(word)) {
	case SEG_OPEN:
		to = seg_fill(m, seg) == 0 ? SEG_FREE : SEG_PARTIAL;
		return seg_change(m, seg, &word, to, queue, bucket, 0);
	case SEG_EVICTING:
		to = queue == SEG_CHUNKS ? SEG_CHUNK : SEG_SEALED;
		if (!seg_change(m, seg, &word, to, queue, bucket, 0))
			return 0;
		/* A kill here leaves a chunk without a head to the sweep. */
		if (to == SEG_CHUNK && !evict_chunk_has_head(m, me, seg))
			chunk_drop(m, me, seg, word);
		return 1;
	case SEG_CHUNK:
		if (evict_chunk_has_head(m, me, seg))
			return seg_change(m, seg, &word, SEG_CHUNK, queue,
			    bucket, 0);
		chunk_drop(m, me, seg, word);
		return 1;
	default:
		return -EUCLEAN;
	}
}

int
evict_reap(struct slot_self *me, unsigned dead, void *arg)
{
	struct cmap map, *m = &map;
	int n = 0, rc;

	(void)arg;
	rc = cmap_open(me->region, m);
	if (rc != 0)
		return rc == -ENOENT ? 0 : rc;
	for (uint32_t i = 0; i < m->n_segs; i++) {
		uint64_t word = seg_load(m, i);

		if (seg_owner(word) != dead + 1)
			continue;
		rc = reap_segment(m, me, i, word);
		if (rc < 0)
			return rc;
		n += rc;
	}
	return n;
}
