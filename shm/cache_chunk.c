/* cache_chunk.c - values longer than a segment: chunk segments, then a head */
#include "cache_int.h"

#include <errno.h>
#include <string.h>

#include "crash.h"
#include "evict.h"
#include "seg.h"

/* How the value is split: whole segments and a rest with the key; a rest that
 * would fill much of a segment gets one of its own. */
static void
split(const struct cache *c, struct cache_want *w)
{
	uint64_t len = w->val_len, seg = c->m.seg_bytes, rest = len % seg;

	w->plan.n_chunks = (uint32_t)(len / seg);
	w->plan.len = (uint32_t)rest;
	if (rest > seg / 4 || w->plan.n_chunks == 0) {
		w->plan.n_chunks++;
		w->plan.len = 0;
	}
	w->plan.chunk_bytes = (uint32_t)len - w->plan.len;
	w->plan.chunks = c->chunk;
}

static int
chunk_take(struct cache *c, uint32_t *seg, uint64_t *word)
{
	for (unsigned i = 0; i < 4; i++) {
		if (seg_take_free(&c->m, SEG_CHUNK, SEG_CHUNKS, 0,
			c->me->number, i < 3 ? evict_keep(&c->m) : 0, seg, word))
			return 1;
		(void)cache_make_room(c);
	}
	cache_count(&c->cell->full);
	return 0;
}

static void
chunk_free(const struct cmap *m, uint32_t seg, uint64_t word)
{
	st_rel(&m->side[seg].fill, 0u);
	/* Fails when somebody dropped it with its head already. */
	(void)seg_change(m, seg, &word, SEG_FREE, 0, 0, 0);
}

int
cache_chunks_fill(struct cache *c, struct cache_want *w)
{
	const struct cmap *m = &c->m;
	uint32_t n, size;

	if (w->val_len > m->value_max)
		return -EMSGSIZE;
	w->plan.n_chunks = w->plan.chunk_bytes = 0;
	w->plan.len = (uint32_t)w->val_len;
	size = item_size(&w->plan);
	if (size != 0 && size <= m->seg_bytes) {
		w->size = size;
		return 0;
	}
	split(c, w);
	for (uint32_t i = 0; i < w->plan.n_chunks; i++) {
		if (!chunk_take(c, &c->chunk[i], &c->chunk_word[i])) {
			w->plan.n_chunks = i;
			cache_chunks_undo(c, w);
			return -ENOBUFS;
		}
		n = w->plan.chunk_bytes - i * m->seg_bytes;
		n = n < m->seg_bytes ? n : m->seg_bytes;
		memcpy(seg_data(m, c->chunk[i]),
		    w->val + (size_t)i * m->seg_bytes, n);
		st_rlx(&m->side[c->chunk[i]].key_hash, w->hash);
		st_rel(&m->side[c->chunk[i]].fill, n);
		CRASH_POINT("chunk.filled");
	}
	w->size = item_size(&w->plan);
	return 1;
}

void
cache_chunks_undo(struct cache *c, const struct cache_want *w)
{
	for (uint32_t i = 0; i < w->plan.n_chunks; i++)
		chunk_free(&c->m, c->chunk[i], c->chunk_word[i]);
}

void
cache_chunks_linked(struct cache *c, const struct cache_want *w)
{
	/* From now on the head keeps them, no longer we.  Fails for one that
	 * was dropped with the head meanwhile. */
	for (uint32_t i = 0; i < w->plan.n_chunks; i++) {
		CRASH_POINT("chunk.linked");
		(void)seg_change(&c->m, c->chunk[i], &c->chunk_word[i],
		    SEG_CHUNK, SEG_CHUNKS, 0, 0);
	}
}

int
cache_chunks_copy(const struct cmap *m, const struct item_view *v, char *to)
{
	for (uint32_t i = 0; i < v->n_chunks; i++) {
		uint32_t seg = item_chunk(v, i);
		uint32_t n = item_chunk_len(v, i, m->seg_bytes);

		if (seg >= m->n_segs)
			return -EUCLEAN;
		memcpy(to, seg_data(m, seg), n);
		to += n;
	}
	memcpy(to, v->val, v->len);
	return 0;
}
