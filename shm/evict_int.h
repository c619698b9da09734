/*
 * evict_int.h - what the parts of evict share: a run, what it chose, a fate.
 */
#ifndef SHM_EVICT_INT_H
#define SHM_EVICT_INT_H

#include "evict.h"
#include "tail.h"

#define EVICT_BATCH 64u		/* segments under one grace period */
#define EVICT_SWEEP 64u		/* words looked at for chunks in a step */

/* One run, private to it. */
struct evict {
	const struct cmap *m;
	struct slot_self *me;
	struct cmap_cell *cell;
	uint64_t until, now;
	uint32_t flushed;
	struct tails onward;	/* main segments for what stays */
	struct tails pack;	/* for what is copied together */
	uint32_t seg[EVICT_BATCH];
	uint64_t word[EVICT_BATCH];
	uint32_t n;
};

/* Why a segment is chosen, the best reason first. */
enum evict_class {
	EVICT_GONE,	/* all expired or flushed */
	EVICT_EMPTY,	/* all replaced or deleted */
	EVICT_SPARSE,	/* less than half live */
	EVICT_FIFO,	/* the oldest */
	EVICT_NONE
};

struct choice {
	enum evict_class class;
	uint32_t seg;
	uint64_t word, birth;
};

/* Ticks for which nobody looks again for what costs nothing to reclaim. */
#define EVICT_QUIET 25u
/* Ticks for which a segment is left alone in which a bucket was locked: as long
 * as a writer waits for one. */
#define EVICT_AGAIN_BUSY 25u
/* A minute for one with rubbish in it: fsck tells, and mends it. */
#define EVICT_AGAIN_BAD	 15000u

/* What becomes of the records of the segment at hand. */
struct fate {
	unsigned queue, bucket;
	int pack;
	int expired;		/* all of it */
	uint32_t pack_left;	/* never copy more than is freed */
	uint64_t birth;
};

void evict_begin(struct evict *, const struct cmap *, struct slot_self *,
    uint64_t until_ns);
/* Gives back the segments it copied to. */
void evict_end(struct evict *);

/* The segment to be evicted next: 1, 0 none. */
int evict_pick(struct evict *, enum evict_want, struct choice *out);

/* Unlink or move the record at `at` of a segment that we are evicting; `room`
 * bytes are left.  Its size; -EBUSY its bucket is locked; -EUCLEAN. */
int evict_record(struct evict *, struct fate *, uint32_t seg, uint32_t at,
    uint32_t room);

/* Look at n words from the cursor on for chunks that no head names. */
void evict_sweep(const struct cmap *, struct slot_self *, uint32_t n);

static inline void
evict_count(_Atomic uint64_t *counter)
{
	st_rlx(counter, ld_rlx(counter) + 1);
}

#endif
