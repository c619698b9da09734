/*
 * index.h - from a key to its record: lines of seven words.
 *
 * The table is n_buckets lines, then n_lines overflow lines.  A bucket is the
 * line (hash x n_buckets) >> 64 and the overflow lines chained to it, at most
 * INDEX_HOPS.
 *
 *	word	kind 2 | tag 22 | offset 40 in units of 4 B into SEGMENTS
 *		EMPTY; ITEM; GHOST: tag of a record that was evicted from
 *		probation, and 16 bits of when, in the place of the offset
 *	control	lock 31 | moved 1 | overflow line + 1 (28) | used 1 | 0
 *		of an overflow line: bucket it belongs to (low 31 bits), used
 *
 * READERS, in a section: load the control word (acquire), then the words
 * (acquire), compare tag, then key; go on to the overflow line.  No lock.
 *
 * WRITERS hold the bucket's lock, which is in its control word and names their
 * slot; no section.  While it is held no word of the bucket can be unlinked by
 * another, so no segment that it points into can be retired: records may be
 * read.  Every change is one release store of one word (put, replace, clear).
 * Words never move to another place, so no reader misses one.
 *
 * WHEN A HOLDER DIES the bucket is valid after each of its stores; its intent
 * tells which word it was changing, from what to what and what the counters
 * were, so the repair makes the counters right and clears the lock.  An
 * overflow line that it had claimed and not chained is freed by the same note.
 */
#ifndef SHM_INDEX_H
#define SHM_INDEX_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "cmap.h"

#define INDEX_WORDS 7u
#define INDEX_HOPS  4u			/* overflow lines of one bucket */

struct index_line {
	_Atomic uint64_t control;
	_Atomic uint64_t word[INDEX_WORDS];
};
static_assert(sizeof(struct index_line) == 64, "region format");

enum index_kind { INDEX_EMPTY, INDEX_ITEM, INDEX_GHOST, INDEX_SPARE };

#define INDEX_TAG_BITS	  22u
#define INDEX_OFFSET_BITS 40u
#define INDEX_OFFSET_MASK ((UINT64_C(1) << INDEX_OFFSET_BITS) - 1)

/* Kind and tag: what a reader compares. */
static inline uint32_t
index_want(unsigned kind, uint64_t hash)
{
	return (uint32_t)kind << INDEX_TAG_BITS |
	    ((uint32_t)hash & ((1u << INDEX_TAG_BITS) - 1));
}

static inline uint64_t
index_word(unsigned kind, uint64_t hash, uint64_t value)
{
	return (uint64_t)index_want(kind, hash) << INDEX_OFFSET_BITS | value;
}

static inline unsigned
index_kind(uint64_t word)
{
	return (unsigned)(word >> 62);
}

static inline uint32_t
index_word_want(uint64_t word)
{
	return (uint32_t)(word >> INDEX_OFFSET_BITS);
}

/* Byte offset into SEGMENTS. */
static inline uint64_t
index_offset(uint64_t word)
{
	return (word & INDEX_OFFSET_MASK) * 4;
}

#define INDEX_LOCK_MASK	 UINT64_C(0x7fffffff)
#define INDEX_MOVED	 (UINT64_C(1) << 31)
#define INDEX_NEXT_SHIFT 32u
#define INDEX_NEXT_MASK	 (((UINT64_C(1) << 28) - 1) << INDEX_NEXT_SHIFT)
#define INDEX_USED	 (UINT64_C(1) << 60)

static inline uint32_t
index_next(uint64_t control)
{
	return (uint32_t)((control & INDEX_NEXT_MASK) >> INDEX_NEXT_SHIFT);
}

uint64_t index_hash(const struct cmap *, const void *key, size_t key_len);

static inline uint64_t
index_bucket(const struct cmap *m, uint64_t hash)
{
	return (uint64_t)((unsigned __int128)hash * m->n_buckets >> 64);
}

/* The line that follows in the chain, NULL at its end or when the control word
 * names none that exists. */
static inline struct index_line *
index_follow(const struct cmap *m, uint64_t control)
{
	uint32_t next = index_next(control);

	if (next == 0 || next > m->n_lines)
		return NULL;
	return &m->line[m->n_buckets + next - 1];
}

/*
 * Lock a bucket: spins shortly, then sleeps in steps of 1 ms, at most 100 ms.
 * 0; -EBUSY; -ESTALE condemned; -EUCLEAN the control word makes no sense;
 * -ECHILD.  index_try() does not wait.
 */
int index_lock(const struct cmap *, struct slot_self *, uint64_t bucket);
int index_try(const struct cmap *, struct slot_self *, uint64_t bucket);
void index_unlock(const struct cmap *, struct slot_self *, uint64_t bucket);

/*
 * Store `to` into a word of the locked bucket and change this slot's counters
 * of items and bytes with it, so that a kill anywhere in between can be made
 * good.  d_bytes is what the bytes change by.
 */
void index_store(const struct cmap *, struct slot_self *,
    _Atomic uint64_t *word, uint64_t to, int64_t d_bytes);

/*
 * Chain one more overflow line to the locked bucket.  1 and the line, all
 * EMPTY; 0 when there is none or the chain is full.
 */
int index_extend(const struct cmap *, struct slot_self *, uint64_t bucket,
    struct index_line **line_out);

/* Give the last overflow line of the locked bucket back when no record is in
 * it. */
void index_trim(const struct cmap *, struct slot_self *, uint64_t bucket);

/* The repair of LOCK_BUCKET (LOCK_FORM_OWN, see lock_repair()). */
int index_repair(struct slot_self *me, unsigned dead, off_ref off,
    const uint64_t *intent, void *arg);

/* Whether an overflow line (its number) hangs on a bucket's chain. */
int index_chained(const struct cmap *, uint64_t bucket, uint32_t line);

/* Overflow lines in use. */
uint32_t index_lines_used(const struct cmap *);

#endif
