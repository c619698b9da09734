/* evict_record.c - the fate of one record of a segment that is evicted */
#include <errno.h>
#include <string.h>

#include "crash.h"
#include "evict_int.h"
#include "look.h"
#include "tick.h"

void
evict_begin(struct evict *e, const struct cmap *m, struct slot_self *me,
    uint64_t until_ns)
{
	memset(e, 0, sizeof(*e));
	e->m = m;
	e->me = me;
	e->cell = &m->cell[me->number];
	e->until = until_ns;
	e->now = tick_now(m->region);
	e->flushed = (uint32_t)ld_acq(&m->hot[CMAP_FLUSHED]);
	e->onward.k = e->pack.k = 2;
	e->onward.now = e->pack.now = e->now;
	e->pack.any_age = 1;
}

void
evict_end(struct evict *e)
{
	tail_give_all(e->m, &e->onward);
	tail_give_all(e->m, &e->pack);
}

/* Find the index word that names this very record: NULL when none does. */
static _Atomic uint64_t *
word_of(const struct cmap *m, uint64_t hash, uint64_t word)
{
	struct index_line *l = &m->line[index_bucket(m, hash)];

	for (unsigned hop = 0; l != NULL && hop <= INDEX_HOPS; hop++) {
		uint64_t control = ld_acq(&l->control);

		for (unsigned i = 0; i < INDEX_WORDS; i++)
			if (ld_acq(&l->word[i]) == word)
				return &l->word[i];
		l = index_follow(m, control);
	}
	return NULL;
}

enum doom { DOOM_EXPIRED, DOOM_FLUSHED, DOOM_DROP, DOOM_MOVE };

static enum doom
doom_of(const struct evict *e, const struct fate *f, const struct item *it,
    const struct item_view *v)
{
	if ((f->expired && v->expires) || item_expired(v, e->now))
		return DOOM_EXPIRED;
	if (item_older(it, e->flushed))
		return DOOM_FLUSHED;
	if (f->pack && v->size <= f->pack_left)
		return DOOM_MOVE;
	/* A hint: a hit that we do not see yet is a hit that came too late. */
	return ld_rlx(&it->freq) != 0 ? DOOM_MOVE : DOOM_DROP;
}

/* A copy of the record where it is to be; NULL when there is no room. */
static struct tail *
copy(struct evict *e, const struct fate *f, const struct item *it,
    const struct item_view *v)
{
	struct tails *ts = f->pack ? &e->pack : &e->onward;
	uint64_t expiry = v->expires ? e->now + item_left(v, e->now)
				     : SEG_NEVER;
	uint8_t freq = ld_rlx(&it->freq);
	struct item *to;
	struct tail *t;
	void *at;

	if (tail_reserve(e->m, e->me, ts, f->pack ? f->queue : SEG_MAIN,
		f->bucket, v->size, 0, &t, &at) != 1)
		return NULL;
	/* What is packed keeps its place in the order. */
	if (f->pack && t->n_recs == 0)
		st_rlx(&e->m->side[t->seg].birth, f->birth);
	to = at;
	/* But for the byte that readers may be storing now. */
	to->meta = it->meta;
	st_rlx(&to->born, ld_rlx(&it->born));
	memcpy(to->cas, it->cas, sizeof(to->cas));
	memcpy(to + 1, it + 1, v->size - sizeof(*it));
	if (!f->pack)
		freq = f->queue == SEG_MAIN && freq != 0 ? freq - 1 : 0;
	st_rlx(&to->freq, freq);
	tail_commit(e->m, t, v->size, expiry, ld_rlx(&it->born));
	tail_weigh(e->m, t, v->n_chunks);
	return t;
}

static void
count(struct evict *e, struct fate *f, enum doom doom,
    const struct item_view *v)
{
	switch (doom) {
	case DOOM_EXPIRED:
		evict_count(&e->cell->expired);
		break;
	case DOOM_FLUSHED:
		break;
	case DOOM_DROP:
		evict_count(&e->cell->evictions);
		break;
	case DOOM_MOVE:
		if (f->pack)
			f->pack_left -= v->size;
		evict_count(f->pack ? &e->cell->compacted
				    : &e->cell->promoted);
		break;
	}
}

/* What the index word becomes when the record goes. */
static uint64_t
remains(const struct evict *e, const struct fate *f, enum doom doom,
    uint64_t hash)
{
	if (doom != DOOM_DROP || f->queue != SEG_PROBATION)
		return 0;
	return index_word(INDEX_GHOST, hash, evict_ghost_stamp(e->m));
}

/* The chunks of a record that was just unlinked; its bytes are still there,
 * for the segment is ours. */
static void
chunks_gone(struct evict *e, const struct item_view *v)
{
	uint32_t seg[EVICT_BATCH], n = 0;

	for (uint32_t i = 0; i < v->n_chunks; i++) {
		seg[n++] = item_chunk(v, i);
		if (n == EVICT_BATCH || i + 1 == v->n_chunks) {
			evict_chunks(e->m, e->me, seg, n);
			n = 0;
		}
	}
}

int
evict_record(struct evict *e, struct fate *f, uint32_t seg, uint32_t at,
    uint32_t room)
{
	const struct cmap *m = e->m;
	struct item *it = (void *)(seg_data(m, seg) + at);
	uint64_t off = (((uint64_t)seg << m->seg_shift) + at) / 4, hash, word;
	struct tail *t = NULL;
	_Atomic uint64_t *place;
	struct item_view v;
	enum doom doom;

	if (look_parse(m, it, room, &v) != 0)
		return -EUCLEAN;
	hash = index_hash(m, v.key, v.key_len);
	word = index_word(INDEX_ITEM, hash, off);
	/* Outside of a lock this is a guess that saves locking for the dead;
	 * a record that is not linked now never will be again. */
	if (word_of(m, hash, word) == NULL)
		return (int)v.size;
	doom = doom_of(e, f, it, &v);
	if (doom == DOOM_MOVE) {
		t = copy(e, f, it, &v);
		if (t == NULL)
			doom = DOOM_DROP;
	}
	CRASH_POINT("evict.copied");
	if (index_try(m, e->me, index_bucket(m, hash)) != 0) {
		if (t != NULL)
			tail_undo(m, t);
		return -EBUSY;
	}
	place = word_of(m, hash, word);
	if (place == NULL) {
		if (t != NULL)
			tail_undo(m, t);
	} else if (t != NULL) {
		index_store(m, e->me, place, index_word(INDEX_ITEM, hash,
		    tail_offset(m, t)), 0);
	} else {
		evict_chunks_take(m, e->me, &v);
		index_store(m, e->me, place, remains(e, f, doom, hash),
		    -(int64_t)(v.size + v.chunk_bytes));
		index_trim(m, e->me, index_bucket(m, hash));
	}
	CRASH_POINT("evict.unlinked");
	index_unlock(m, e->me, index_bucket(m, hash));
	if (place != NULL && t == NULL)
		chunks_gone(e, &v);
	if (place != NULL)
		count(e, f, doom, &v);
	return (int)v.size;
}
