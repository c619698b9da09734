/*
 * fsck_int.h - what the parts of fsck share: one check under way.
 */
#ifndef SHM_FSCK_INT_H
#define SHM_FSCK_INT_H

#include "cmap.h"
#include "fsck.h"

#define FSCK_AGAIN 8u		/* looks at what may be changing under us */
#define FSCK_HELD_OFF ((UINT64_C(1) << 56) - 1)	/* of slot_held.what */
#define FSCK_NAPS 64u		/* ms in all that we wait for it to change */

struct fsck {
	struct region *r;
	const struct slot_self *me;	/* who recovers, NULL nobody */
	struct cmap m;
	unsigned flags;
	fsck_say_fn *say;
	void *arg;
	struct fsck_report *out;
	uint64_t *starts;	/* bit a 4 B: a record begins there (QUIET) */
	uint8_t *chunk_used;	/* a segment: some head names it */
	uint8_t *line_used;	/* an overflow line: some chain has it */
	uint64_t items, bytes;
	unsigned naps;
};

/* A finding.  Returns whether the caller is to repair it. */
__attribute__((format(printf, 2, 3)))
int fsck_say(struct fsck *, const char *fmt, ...);

/* A finding that cannot be repaired. */
__attribute__((format(printf, 2, 3)))
void fsck_spoiled(struct fsck *, const char *fmt, ...);

static inline int
fsck_quiet(const struct fsck *f)
{
	return (f->flags & FSCK_QUIET) != 0;
}

/* Header, shared words, locks, totals, events. */
void fsck_shared(struct fsck *);
void fsck_slots(struct fsck *);
/* Why a lock word that names this owner is wrong, NULL when it is not.  In a
 * region in use it holds if the word is still the same afterwards. */
const char *fsck_holder(struct fsck *, const void *word, uint32_t owner);
/* The clocks of the cache. */
void fsck_clocks(struct fsck *);
/* Segments, their states and records; before the index. */
void fsck_segments(struct fsck *);
/* Buckets, words, overflow lines; fills items, bytes, chunk_used. */
void fsck_index(struct fsck *);
/* Flights and their masks. */
void fsck_flights(struct fsck *);
/* Chunks and lines that nothing leads to, counters; after the index. */
void fsck_leaks(struct fsck *);

#endif
