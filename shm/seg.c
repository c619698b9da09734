/* seg.c - segment state words: changing, finding, retiring */
#include "seg.h"

#include "crash.h"
#include "epoch.h"
#include "must.h"
#include "tick.h"

/* [from] is the set of states that may follow: see the picture in seg.h. */
#define TO(s) (1u << SEG_##s)
static const uint16_t follows[SEG_STATES] = {
	[SEG_FREE] = TO(OPEN) | TO(CHUNK),
	[SEG_OPEN] = TO(PARTIAL) | TO(SEALED) | TO(FREE),
	[SEG_PARTIAL] = TO(OPEN) | TO(EVICTING),
	[SEG_SEALED] = TO(EVICTING),
	[SEG_EVICTING] = TO(SEALED) | TO(RETIRED) | TO(CHUNK),
	[SEG_RETIRED] = TO(FREE),
	[SEG_CHUNK] = TO(CHUNK) | TO(EVICTING) | TO(FREE),
};

static const char *const names[SEG_STATES] = {
	"free", "open", "partial", "sealed", "evicting", "retired", "absent",
	"leaving", "chunk",
};

int
seg_may(unsigned from, unsigned to)
{
	return from < SEG_STATES && to < SEG_STATES &&
	    (follows[from] >> to & 1) != 0;
}

const char *
seg_state_name(unsigned state)
{
	return state < SEG_STATES ? names[state] : "?";
}

int
seg_change(const struct cmap *m, uint32_t seg, uint64_t *word_io,
    unsigned state, unsigned queue, unsigned bucket, unsigned owner)
{
	uint64_t to = seg_word(state, queue, bucket, owner,
	    seg_generation(*word_io) + 1);

	must(seg_may(seg_state(*word_io), state));
	/*
	 * Acquire: who takes a segment sees what its last owner wrote.
	 * Release: who finds it in the new state sees what we wrote.  A kill
	 * before leaves the old state with its owner, after it the new one:
	 * both are what seg_reap() knows.
	 */
	CRASH_POINT("seg.change.before");
	if (!cas_ar(&m->state[seg], word_io, to))
		return 0;
	CRASH_POINT("seg.change.after");
	*word_io = to;
	return 1;
}

/* A segment that was just taken is empty.  A kill in between leaves OPEN with
 * a fill mark of 0 (seg_retire() saw to that), which is given back as FREE. */
static void
side_fresh(const struct cmap *m, uint32_t seg, unsigned state)
{
	_Atomic uint64_t *births = &m->head->births;
	struct seg_side *side = &m->side[seg];

	st_rlx(&side->fill, 0u);
	st_rlx(&side->n_recs, 0u);
	st_rlx(&side->expiry, UINT64_C(0));
	st_rlx(&side->born, 0u);
	st_rlx(&side->walked, 0u);
	st_rlx(&side->again, UINT64_C(0));
	st_rlx(&side->chunks, 0u);
	st_rlx(&side->key_hash, UINT64_C(0));
	st_rlx(&side->since, (uint32_t)tick_now(m->region));
	st_rlx(&m->dead[seg], 0u);
	CRASH_POINT("seg.take.fresh");
	/* Chunks are in no order: age is counted in segments of records. */
	st_rel(&side->birth, state == SEG_OPEN ? add_rlx(births, UINT64_C(1))
					       : ld_rlx(births));
}

int
seg_take_free(const struct cmap *m, unsigned state, unsigned queue,
    unsigned bucket, unsigned owner, uint32_t keep, uint32_t *seg_out,
    uint64_t *word_out)
{
	/* The hint may be old: it only says where to look first. */
	uint32_t n = ld_rlx(&m->head->free_hint) % m->n_segs;
	uint64_t word;

	if (keep != 0 && seg_count_free(m, keep + 1) <= keep)
		return 0;
	for (uint32_t i = 0; i < m->n_segs; i++, n++) {
		if (n >= m->n_segs)
			n = 0;
		word = ld_rlx(&m->state[n]);	/* the exchange decides */
		if (seg_state(word) != SEG_FREE)
			continue;
		if (!seg_change(m, n, &word, state, queue, bucket, owner + 1))
			continue;
		st_rlx(&m->head->free_hint, n + 1);
		side_fresh(m, n, state);
		*seg_out = n;
		*word_out = word;
		return 1;
	}
	return 0;
}

int
seg_take_partial(const struct cmap *m, unsigned queue, unsigned bucket,
    unsigned owner, uint32_t room, uint64_t from, uint32_t *seg_out,
    uint64_t *word_out)
{
	uint64_t word;

	for (uint32_t n = 0; n < m->n_segs; n++) {
		word = ld_rlx(&m->state[n]);	/* the exchange decides */
		if (seg_state(word) != SEG_PARTIAL ||
		    seg_queue(word) != queue || seg_bucket(word) != bucket ||
		    room > m->seg_bytes - seg_fill(m, n) ||
		    ld_rlx(&m->side[n].birth) < from)
			continue;
		if (!seg_change(m, n, &word, SEG_OPEN, queue, bucket,
			owner + 1))
			continue;
		/* The mark may have been raised since we looked. */
		if (room <= m->seg_bytes - seg_fill(m, n)) {
			*seg_out = n;
			*word_out = word;
			return 1;
		}
		(void)seg_change(m, n, &word, SEG_SEALED, queue, bucket, 0);
	}
	return 0;
}

uint32_t
seg_turn(const struct cmap *m)
{
	uint32_t n = ld_rlx(&m->head->in_use);

	/* Nobody has counted yet: there is room for all. */
	return n == 0 || n > m->n_segs ? m->n_segs : n;
}

void
seg_count(const struct cmap *m, uint32_t by_state[SEG_STATES],
    uint32_t by_queue[SEG_QUEUES])
{
	for (unsigned i = 0; i < SEG_STATES; i++)
		by_state[i] = 0;
	for (unsigned i = 0; i < SEG_QUEUES; i++)
		by_queue[i] = 0;
	for (uint32_t n = 0; n < m->n_segs; n++) {
		/* Words change while we count: each is right for itself. */
		uint64_t word = ld_rlx(&m->state[n]);
		unsigned state = seg_state(word), queue = seg_queue(word);

		if (state >= SEG_STATES)
			continue;	/* fsck says so */
		by_state[state]++;
		if (state != SEG_FREE && state != SEG_RETIRED &&
		    queue < SEG_QUEUES)
			by_queue[queue]++;
	}
}

uint32_t
seg_count_free(const struct cmap *m, uint32_t enough)
{
	uint32_t n_free = 0;

	for (uint32_t n = 0; n < m->n_segs && n_free < enough; n++)
		n_free += seg_state(ld_rlx(&m->state[n])) == SEG_FREE;
	return n_free;
}

void
seg_retire(const struct cmap *m, struct slot_self *me, const uint32_t *seg,
    uint64_t *word, uint32_t n)
{
	uint64_t stamp;

	if (n == 0)
		return;
	/* Everything of the batch is unlinked: only now the stamp (epoch.h). */
	CRASH_POINT("seg.retire.unlinked");
	stamp = epoch_stamp(me);
	for (uint32_t i = 0; i < n; i++) {
		struct seg_side *side = &m->side[seg[i]];

		/* A kill among these leaves EVICTING, which goes back to SEALED
		 * with fewer or no records, all of them unlinked. */
		st_rlx(&side->stamp, stamp);
		st_rlx(&side->fill, 0u);
		st_rlx(&side->n_recs, 0u);
		CRASH_POINT("seg.retire.stamped");
		(void)seg_change(m, seg[i], &word[i], SEG_RETIRED,
		    seg_queue(word[i]), 0, 0);
	}
}

/* Whether some slot uses the segment's bytes outside of a section. */
static int
seg_pinned(const struct cmap *m, uint32_t seg)
{
	const struct region *r = m->region;

	if (ld_acq(&m->head->pinned) == 0)
		return 0;
	for (uint32_t s = 0; s < r->n_slots; s++)
		for (unsigned i = 0; i < SLOT_PINS; i++)
			if (ld_acq(&r->slots[s].pin[i]) == (uint64_t)seg + 1)
				return 1;
	return 0;
}

uint32_t
seg_reclaim(const struct cmap *m, uint32_t max)
{
	/* What others found out, then what we find out, once: a stamp that is
	 * greater then is for the next call. */
	uint64_t safe = ld_acq(&m->region->hot->safe), stamp;
	uint32_t done = 0;
	int looked = 0;

	for (uint32_t n = 0; n < m->n_segs && done < max; n++) {
		uint64_t word = seg_load(m, n);

		if (seg_state(word) != SEG_RETIRED)
			continue;
		/* The stamp belongs to the word that we compare below: it was
		 * stored before it, and is not stored again until the next. */
		stamp = ld_rlx(&m->side[n].stamp);
		if (stamp > safe && !looked) {
			safe = epoch_safe(m->region);
			looked = 1;
		}
		if (stamp > safe || seg_pinned(m, n))
			continue;
		done += (uint32_t)seg_change(m, n, &word, SEG_FREE, 0, 0, 0);
	}
	return done;
}
