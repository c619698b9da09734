/*
 * item.h - the record of one key: its bytes and how to read them safely.
 *
 *	0	meta	length 20 | extension bits 4 | key length 8; never 0
 *	4	born	low 32 bits of the invalidation clock when it was filled
 *	8	freq	hits since it came or was last looked at, 0 to 3
 *	9	cas	56 bits: slot 12, its counter 44
 *	16	extensions, in the order of their bits:
 *		EXPIRY	4 B, ticks of 4 ms since creation, modulo 2^32
 *		FLAGS	4 B, the caller's
 *		MORE	4 B: bits 8 | number of tags 8 | 0; then, by those bits,
 *			CAS 8 B, TAGS 4 B each, SOFT 4 B, SCHEMA 4 B,
 *			EXPIRY64 8 B, CHUNKS 4 B number and 4 B of bytes in
 *			them, then 4 B a chunk: its segment
 *	..	key, value of `length` bytes; padded to 4
 *
 * A value that does not fit into a segment is chunk segments, in the order of
 * the list, and then the `length` bytes of the record.
 *
 * WRITER: who appends it, until the index word points to it; immutable from
 * then on, but for freq (stored by readers as a hint; races only miscount) and
 * born (a later check may raise it).  READERS: in a section, or under the lock
 * of its bucket.  A record that is read may still be rubbish, in a region that
 * a dying process or a bad bit has spoiled: item_parse() checks every length
 * against the room there is.
 *
 * Where a record must begin on a line of 64 bytes, zero words come before it:
 * a meta of 0 is four bytes of padding.
 */
#ifndef SHM_ITEM_H
#define SHM_ITEM_H

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "atomic.h"

struct item {
	uint32_t meta;
	_Atomic uint32_t born;
	_Atomic uint8_t freq;
	uint8_t cas[7];
};
static_assert(sizeof(struct item) == 16, "region format");
static_assert(offsetof(struct item, freq) == 8, "region format");
static_assert(sizeof(_Atomic uint8_t) == 1, "a byte of its own");

#define ITEM_ALIGN	4u
#define ITEM_LEN_MAX	0xfffffu	/* 20 bits */
#define ITEM_KEY_MAX	255u
#define ITEM_FREQ_MAX	3u
/* From this size on a record begins on a line: 1.5 % of memory against one
 * line more to fetch a get. */
#define ITEM_LINE_FROM	1024u
#define ITEM_LINE	64u

/*
 * 32 bits of ticks are a circle of 199 days.  What is at most 69 days ahead
 * gets them, longer times 64; so what lies farther ahead on the circle is the
 * past, for 128 days.  The day between is for clocks that are not quite one.
 * Longer than that no expired record is left where it is found (cache_valid()).
 */
#define ITEM_DAY	(86400u * 250u)
#define ITEM_TICKS_MAX	((UINT32_C(1) << 31) - 30 * ITEM_DAY)
#define ITEM_AHEAD_MAX	(ITEM_TICKS_MAX + ITEM_DAY)

#define ITEM_EXPIRY	1u
#define ITEM_FLAGS	2u
#define ITEM_MORE	4u
#define ITEM_SPARE	8u		/* 0 in this format */

#define ITEM_MORE_CAS	    1u
#define ITEM_MORE_TAGS	    2u
#define ITEM_MORE_SOFT	    4u
#define ITEM_MORE_SCHEMA    8u
#define ITEM_MORE_EXPIRY64  16u
#define ITEM_MORE_CHUNKS    32u
#define ITEM_MORE_ALL	    63u
#define ITEM_TAGS_MAX	    8u

static inline uint32_t
item_meta(uint32_t len, uint32_t ext, uint32_t key_len)
{
	return len << 12 | ext << 8 | key_len;
}

static inline uint32_t
item_len(uint32_t meta)
{
	return meta >> 12;
}

static inline uint32_t
item_ext(uint32_t meta)
{
	return meta >> 8 & 15;
}

static inline uint32_t
item_key_len(uint32_t meta)
{
	return meta & 255;
}

static inline uint64_t
item_cas(const struct item *it)
{
	uint64_t v = 0;

	memcpy(&v, it->cas, sizeof(it->cas));
	return v;
}

static inline uint32_t
item_round(uint32_t n)
{
	return (n + ITEM_ALIGN - 1) & ~(ITEM_ALIGN - 1);
}

static inline uint32_t
item_load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* A record that has been checked.  Pointers are borrowed from the region. */
struct item_view {
	const char *key;
	const char *val;	/* the bytes in the record */
	const char *chunks;	/* n_chunks numbers of 4 B, any alignment */
	const char *tags;
	uint32_t key_len;
	uint32_t len;		/* of val */
	uint32_t n_chunks;
	uint32_t chunk_bytes;	/* of the value, in chunks */
	uint32_t n_tags;
	uint32_t flags;
	uint32_t size;		/* of the whole record, rounded */
	uint32_t expires;	/* 0 never, 1 expiry is set */
	uint64_t expiry;	/* tick; 32 bits of it unless expires64 */
	uint32_t expires64;
	uint32_t has_cas;	/* an explicit one */
	uint64_t cas;
};

/*
 * Read and check the record at it, of which at most room bytes may belong to
 * it.  0, or -EUCLEAN.  seg_bytes is the size of a chunk.
 */
int item_parse(const struct item *it, uint32_t room, uint32_t seg_bytes,
    struct item_view *out);

/* The cas as a caller sees it. */
static inline uint64_t
item_view_cas(const struct item *it, const struct item_view *v)
{
	return v->has_cas ? v->cas : item_cas(it);
}

/* Number i of the list of chunks. */
static inline uint32_t
item_chunk(const struct item_view *v, uint32_t i)
{
	return item_load32(v->chunks + 4 * (size_t)i);
}

/* Bytes of the value in chunk i. */
static inline uint32_t
item_chunk_len(const struct item_view *v, uint32_t i, uint32_t seg_bytes)
{
	return i + 1 < v->n_chunks ? seg_bytes
				   : v->chunk_bytes - i * seg_bytes;
}

static inline uint64_t
item_value_len(const struct item_view *v)
{
	return (uint64_t)v->chunk_bytes + v->len;
}

/* Whether it has expired at tick `now` (64 bits), less than 128 days ago. */
static inline int
item_expired(const struct item_view *v, uint64_t now)
{
	if (!v->expires)
		return 0;
	if (v->expires64)
		return now >= v->expiry;
	return (uint32_t)v->expiry - (uint32_t)now - 1 >= ITEM_AHEAD_MAX;
}

/* Ticks it has left, 0 when it has expired or never does. */
uint64_t item_left(const struct item_view *v, uint64_t now);

/* Whether it was filled before an invalidation at clock `cell`. */
static inline int
item_older(const struct item *it, uint32_t cell)
{
	/* born may be raised meanwhile by a reader that found it valid: either
	 * value gives a right answer. */
	return (int32_t)(ld_rlx(&it->born) - cell) < 0;
}

/* What a new record is to hold. */
struct item_plan {
	const void *key;
	uint32_t key_len;
	uint32_t len;		/* bytes of the value in the record */
	uint32_t flags;
	uint32_t born;
	uint32_t freq;
	uint32_t n_chunks;
	uint32_t chunk_bytes;
	const uint32_t *chunks;
	uint64_t expiry;	/* tick; 0 never */
	uint64_t now;		/* tick: says whether 32 bits do */
	uint64_t cas;
};

/* Size of the record, rounded; 0 when a length does not fit its field. */
uint32_t item_size(const struct item_plan *);

/* Write all but the value; returns where its len bytes belong. */
char *item_fill(struct item *, const struct item_plan *);

#endif
