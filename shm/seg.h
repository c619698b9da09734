/*
 * seg.h - segments of the log: their state words and who may do what.
 *
 * A segment is on no list.  Its state is one 64-bit word and every change of it
 * is one compare-and-swap that also advances the generation; finding one is
 * scanning the words.
 *
 *	FREE ----take----> OPEN ---full---> SEALED --evict--> EVICTING
 *	  |                |  ^               ^                |   |
 *	  |                v  |               +---given back---+   |
 *	  |              PARTIAL ----------------evict------------>+
 *	  |                                                        v
 *	  +<--------------grace period over------------------- RETIRED
 *	  |                                                        ^
 *	  +----take----> CHUNK -----------its head is gone---------+
 *						(by way of EVICTING)
 *
 *	OPEN	 one slot appends; nobody else touches fill mark or bytes
 *	PARTIAL	 as OPEN, but nobody's: any writer may take it
 *	EVICTING one slot unlinks its records, or it is a chunk to be retired
 *	RETIRED	 nothing points to it; readers may still be in it
 *	CHUNK	 a piece of one value; its owner is set until the value's head
 *		 is in the index
 *	ABSENT, LEAVING  for a budget that changes while serving (a later issue)
 *
 * WHEN THE OWNER DIES its repair (seg_reap()) gives OPEN back as PARTIAL, or
 * FREE if nothing was put, EVICTING as SEALED (unlinking again does no harm) or
 * CHUNK, and retires a CHUNK that no head names.
 */
#ifndef SHM_SEG_H
#define SHM_SEG_H

#include <assert.h>
#include <stdint.h>

#include "cmap.h"

/* Numbers are part of the format, and of enum cache_seg_state. */
enum seg_state {
	SEG_FREE, SEG_OPEN, SEG_PARTIAL, SEG_SEALED, SEG_EVICTING, SEG_RETIRED,
	SEG_ABSENT, SEG_LEAVING, SEG_CHUNK, SEG_STATES
};

enum seg_queue { SEG_PROBATION, SEG_MAIN, SEG_CHUNKS, SEG_QUEUES };

/* state 4 | queue 2 | TTL bucket 6 | owner slot + 1 (12) | generation 40 */
static inline uint64_t
seg_word(unsigned state, unsigned queue, unsigned bucket, unsigned owner,
    uint64_t generation)
{
	return (uint64_t)state | (uint64_t)queue << 4 | (uint64_t)bucket << 6 |
	    (uint64_t)owner << 12 | generation << 24;
}

static inline unsigned
seg_state(uint64_t word)
{
	return word & 15;
}

static inline unsigned
seg_queue(uint64_t word)
{
	return word >> 4 & 3;
}

static inline unsigned
seg_bucket(uint64_t word)
{
	return word >> 6 & 63;
}

/* Slot number + 1, 0 nobody. */
static inline unsigned
seg_owner(uint64_t word)
{
	return word >> 12 & 0xfff;
}

static inline uint64_t
seg_generation(uint64_t word)
{
	return word >> 24;
}

/*
 * Beside the word.  Writer: the owner that the word names, but for stamp (read
 * by anyone once RETIRED).  Readers: evictors, fsck, statistics; a value read
 * while another owns the segment only makes a worse choice.
 */
struct seg_side {
	_Atomic uint32_t fill;	/* bytes with records; raised before the index
				 * word of a record is stored */
	_Atomic uint32_t n_recs;
	_Atomic uint64_t birth;	/* from cmap_head.births */
	_Atomic uint64_t expiry;	/* greatest, SEG_NEVER if one never does */
	_Atomic uint64_t stamp;	/* of the batch in which it was retired */
	_Atomic uint64_t key_hash;	/* of a chunk's head */
	_Atomic uint32_t born;	/* greatest `born` of its records */
	_Atomic uint32_t walked;	/* up to here nothing is linked any more */
	_Atomic uint32_t chunks;	/* that its records have named */
	_Atomic uint32_t since;	/* tick at which it was taken, low 32 bits */
	/* Tick before which evictors pass it over: a bucket was locked, or it
	 * has rubbish in it.  0 at once. */
	_Atomic uint64_t again;
};
static_assert(sizeof(struct seg_side) == 64, "region format");

#define SEG_NEVER UINT64_MAX

/*
 * Change a state word from *word_io, owner and generation included, to
 * (state, queue, bucket, owner).  1 done and *word_io is the new word; 0 it was
 * another word, now in *word_io.  A transition that the picture does not have
 * is a bug of ours.
 */
int seg_change(const struct cmap *, uint32_t seg, uint64_t *word_io,
    unsigned state, unsigned queue, unsigned bucket, unsigned owner);

/* Whether the picture has it; from == to (a change of owner) only for CHUNK. */
int seg_may(unsigned from, unsigned to);

const char *seg_state_name(unsigned state);

static inline uint64_t
seg_load(const struct cmap *m, uint32_t seg)
{
	return ld_acq(&m->state[seg]);
}

static inline char *
seg_data(const struct cmap *m, uint32_t seg)
{
	return m->data + ((uint64_t)seg << m->seg_shift);
}


/*
 * Take a free segment for slot `owner` (its number): OPEN or CHUNK.  Leaves
 * `keep` free ones for others.  1 and its number and word, 0 none.
 */
int seg_take_free(const struct cmap *, unsigned state, unsigned queue,
    unsigned bucket, unsigned owner, uint32_t keep, uint32_t *seg_out,
    uint64_t *word_out);

/* Take a PARTIAL one of this queue and bucket with at least `room` bytes, none
 * that was born before `from`. */
int seg_take_partial(const struct cmap *, unsigned queue, unsigned bucket,
    unsigned owner, uint32_t room, uint64_t from, uint32_t *seg_out,
    uint64_t *word_out);

/* How many births a segment lives to see, if none of its records is read: as
 * many as there are segments in use, by the last count of an evictor. */
uint32_t seg_turn(const struct cmap *);

/* How many are in which state. */
void seg_count(const struct cmap *, uint32_t by_state[SEG_STATES],
    uint32_t by_queue[SEG_QUEUES]);

/* Free ones, counted up to `enough`. */
uint32_t seg_count_free(const struct cmap *, uint32_t enough);

/*
 * Retire what this slot has as EVICTING and has unlinked wholly: n segments
 * with the words that it gave them.  One grace period for all.  Not inside a
 * section or with a lock held.
 */
void seg_retire(const struct cmap *, struct slot_self *, const uint32_t *seg,
    uint64_t *word, uint32_t n);

/* RETIRED segments whose grace period is over become FREE, at most max of
 * them; returns how many did. */
uint32_t seg_reclaim(const struct cmap *, uint32_t max);

/* The fill mark; whatever stands there, a multiple of 4 in the segment. */
static inline uint32_t
seg_fill(const struct cmap *m, uint32_t seg)
{
	uint32_t n = ld_acq(&m->side[seg].fill);

	return n > m->seg_bytes ? m->seg_bytes : n & ~3u;
}

#endif
