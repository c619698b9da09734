/*
 * tail.h - the open segments of one writer, to which it appends.
 *
 * One for each queue and TTL bucket that it writes to, at most `k` at a time:
 * needing one more, it gives its least used one back as PARTIAL for anyone.
 * Private to the thread; what the region knows of them is the segments' state
 * words, which name the slot, and their fill marks.
 *
 *	tail_reserve()	room for a record, at the end of an open segment
 *	... fill it ...
 *	tail_commit()	raises the fill mark: only then may the index name it
 *	tail_undo()	takes that back, when the index never did
 *
 * A segment that fills slowly is given up before it is full: after half a
 * turnover of the cache, for it is evicted by its birth and what is put last
 * would go almost at once; after a week, or when all in it has expired, for
 * 32 bits of ticks (item.h).
 */
#ifndef SHM_TAIL_H
#define SHM_TAIL_H

#include <stdint.h>

#include "cmap.h"
#include "slot.h"

#define TAIL_MAX 16u

struct tail {
	uint64_t word;		/* state word that we gave it */
	uint64_t used;		/* when, in uses of the whole set */
	uint64_t used_tick;
	uint64_t expiry;	/* what side->expiry says */
	uint64_t last_birth;	/* births, from which on it is too old */
	uint32_t seg;
	uint32_t fill;
	uint32_t n_recs;
	uint32_t chunks;	/* what side->chunks says */
	uint32_t born;
	uint32_t since;		/* what side->since says */
	uint32_t before;	/* the fill mark before the last commit */
	uint32_t chunks_before;	/* and `chunks` */
	uint32_t at;		/* where the reserved record begins */
	uint8_t queue, bucket;
};

struct tails {
	struct tail v[TAIL_MAX];
	unsigned n, k;
	int any_age;		/* what is put keeps its age, whatever it is */
	uint64_t uses;
	uint64_t now;		/* tick: set by who is about to reserve */
};

/*
 * Room for `size` bytes (rounded) in a segment of this queue and bucket; takes
 * one when there is none, but leaves `keep` free ones.  1 and where to write;
 * 0 no segment to be had; -EMSGSIZE longer than a segment.
 */
int tail_reserve(const struct cmap *, struct slot_self *, struct tails *,
    unsigned queue, unsigned bucket, uint32_t size, uint32_t keep,
    struct tail **out, void **at_out);

/* The record of `size` bytes is filled: expiry is its tick or SEG_NEVER. */
void tail_commit(const struct cmap *, struct tail *, uint32_t size,
    uint64_t expiry, uint32_t born);
/* The record that was committed names so many chunks. */
void tail_weigh(const struct cmap *, struct tail *, uint32_t n_chunks);
/* The record was not linked: its bytes and its chunks count no more. */
void tail_undo(const struct cmap *, struct tail *);

/* Offset of the reserved record, as the index has it. */
static inline uint64_t
tail_offset(const struct cmap *m, const struct tail *t)
{
	return (((uint64_t)t->seg << m->seg_shift) + t->at) / 4;
}

/* Give back one, those not used since tick, all. */
void tail_give(const struct cmap *, struct tails *, unsigned i);
void tail_give_idle(const struct cmap *, struct tails *, uint64_t tick);
void tail_give_all(const struct cmap *, struct tails *);

/* At most this many with so many writers: 5 % of the segments together. */
unsigned tail_limit(const struct cmap *, unsigned n_writers);

#endif
