/*
 * hist.h - log-linear histograms that can be added to each other.
 *
 * A value is counted in one of 496 buckets: 16 an octave, so a bucket is at
 * most 1/16 wider than its lower border (a quantile is off by 3 % at the most
 * when its middle is taken).  Values are nanoseconds as a rule: up to 1 us the
 * buckets are 64 wide, and above 2^40 (18 minutes) all fall into the last one.
 *
 * One writer (the thread that owns the slot), plain stores; readers add up.
 */
#ifndef SHM_HIST_H
#define SHM_HIST_H

#include <stdint.h>

#include "atomic.h"

#define HIST_SHIFT	6
#define HIST_BUCKETS	496u
#define HIST_SIZE	4096u
#define HIST_MAX	4u	/* a slot */

struct hist {
	_Atomic uint64_t sum;
	uint64_t pad[15];
	_Atomic uint64_t bucket[HIST_BUCKETS];
};
static_assert(sizeof(struct hist) == HIST_SIZE, "region format");

/* Bucket of a value. */
static inline unsigned
hist_index(uint64_t value)
{
	uint64_t x = value >> HIST_SHIFT;
	unsigned e;

	if (x < 16)
		return (unsigned)x;
	e = 63 - (unsigned)__builtin_clzll(x);
	if (e > 33)
		return HIST_BUCKETS - 1;
	return (e - 3) * 16 + (unsigned)((x >> (e - 4)) & 15);
}

/* Smallest value of a bucket, and the first above it (UINT64_MAX for the last
 * bucket). */
uint64_t hist_lower(unsigned index);
uint64_t hist_upper(unsigned index);

/* Count a value.  Only the owner of the histogram; two plain increments. */
static inline void
hist_add(struct hist *h, uint64_t value)
{
	_Atomic uint64_t *b = &h->bucket[hist_index(value)];

	st_rlx(&h->sum, ld_rlx(&h->sum) + value);
	st_rlx(b, ld_rlx(b) + 1);
}

/* Add src to dst, which only the caller writes. */
void hist_merge(struct hist *dst, const struct hist *src);

uint64_t hist_count(const struct hist *);

/* Number of values below bound, as a cumulative bucket of an exporter needs:
 * exact when bound is a border, else the bucket that holds it is left out. */
uint64_t hist_below(const struct hist *, uint64_t bound);

/* Value at a quantile in parts of a million (990000 is p99): the middle of its
 * bucket; 0 when nothing was counted. */
uint64_t hist_quantile(const struct hist *, uint32_t ppm);

#endif
