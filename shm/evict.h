/*
 * evict.h - getting segments back: expiry, S3-FIFO, compaction, chunks.
 *
 * New records go to PROBATION segments.  When those are more than 10 % of all,
 * the oldest is evicted: records that were read since they came are copied to
 * a MAIN segment, the others go and leave a ghost in their index word.
 * Otherwise the oldest MAIN segment is: what was read is copied on, with its
 * frequency less by one, the rest goes.  A set that finds the ghost of its key
 * goes straight to MAIN.
 *
 * Before all that come segments in which everything has expired or was
 * flushed, then those whose records were all replaced or deleted, then those
 * that are less than half live: they are copied together.
 *
 * One record at a time: find its index word, copy it if it stays, try the lock
 * of its bucket (never wait), look again, one store.  A bucket that is locked
 * leaves the segment alone for 100 ms, rubbish for a minute.  A kill anywhere
 * leaves a segment with fewer linked records, EVICTING, which goes back to
 * SEALED.
 */
#ifndef SHM_EVICT_H
#define SHM_EVICT_H

#include <stdint.h>

#include "cmap.h"
#include "slot.h"

/* Why segments are wanted. */
enum evict_want {
	EVICT_DEAD,	/* only what costs nothing: expired, flushed, dead */
	EVICT_ROOM,	/* a free segment */
	EVICT_KEYS	/* fewer records */
};

/* Free segments that sets leave alone: without them eviction has nowhere to
 * copy what stays, and would drop it. */
static inline uint32_t
evict_keep(const struct cmap *m)
{
	return m->n_reserve / 2;
}

/*
 * Records of a segment that expired as a whole would be served again from 24
 * days after its end on, if they were still there: the 128 days of 32 bits
 * (item.h), less the 104 from a record's end to its segment's (tail.c).  While
 * all segments were looked at less than a day ago, and none had ended 14 days
 * before, there is none; else readers ask the segment itself (cache_valid()).
 */
#define EVICT_LATE  (14u * 86400u * 250u)
#define EVICT_SWEPT (86400u * 250u)

/* Whether there are more than those. */
int evict_room(const struct cmap *);

/*
 * Whether so much is retired already that evicting more would only empty the
 * cache: a reader that was preempted in its section holds all of it up, for a
 * time slice or longer.  Writers hear -ENOBUFS until it goes on.
 */
int evict_held_up(const struct cmap *);

/*
 * Work until CLOCK_MONOTONIC reaches until_ns, a free segment was made (ROOM)
 * or some records went (KEYS); at least one segment is tried.  1 it was done,
 * 0 not.  Not inside a section or with a bucket's lock held.
 */
int evict_run(const struct cmap *, struct slot_self *, enum evict_want,
    uint64_t until_ns);

/* The maintenance step of the cache (maint_step()): reclaim, expire, keep the
 * reserve free, sweep chunks.  arg is not used. */
void evict_maint(struct slot_self *, uint64_t until_ns, void *arg);

/* What a dead slot held of segments (reap_step()).  arg is not used. */
int evict_reap(struct slot_self *me, unsigned dead, void *arg);

/*
 * Before the word of a record with chunks is changed to another record or
 * cleared, under the bucket's lock: its chunks become EVICTING, ours.
 * Afterwards, without the lock, evict_chunks() retires them.  A kill in
 * between leaves them to the repair, which makes them CHUNK again, and to the
 * sweep.
 */
struct item_view;
void evict_chunks_take(const struct cmap *, struct slot_self *,
    const struct item_view *);
void evict_chunks(const struct cmap *, struct slot_self *,
    const uint32_t *seg, uint32_t n);

/* Whether a record in the index names the chunk: 1 or 0. */
int evict_chunk_has_head(const struct cmap *, struct slot_self *, uint32_t seg);

/* Ghosts: the 16 bits of time for one made now, and whether one that carries
 * `stamp` is still worth something. */
uint64_t evict_ghost_stamp(const struct cmap *);
int evict_ghost_fresh(const struct cmap *, uint64_t stamp);

#endif
