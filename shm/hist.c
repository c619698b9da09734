/* hist.c - borders, sums and quantiles of log-linear histograms */
#include "hist.h"

uint64_t
hist_lower(unsigned index)
{
	unsigned e;

	if (index < 16)
		return (uint64_t)index << HIST_SHIFT;
	e = index / 16 + 3;
	return (UINT64_C(16) + index % 16) << (e - 4) << HIST_SHIFT;
}

uint64_t
hist_upper(unsigned index)
{
	return index + 1 >= HIST_BUCKETS ? UINT64_MAX : hist_lower(index + 1);
}

void
hist_merge(struct hist *dst, const struct hist *src)
{
	st_rlx(&dst->sum, ld_rlx(&dst->sum) + ld_rlx(&src->sum));
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		st_rlx(&dst->bucket[i],
		    ld_rlx(&dst->bucket[i]) + ld_rlx(&src->bucket[i]));
}

uint64_t
hist_count(const struct hist *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		n += ld_rlx(&h->bucket[i]);
	return n;
}

uint64_t
hist_below(const struct hist *h, uint64_t bound)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < HIST_BUCKETS && hist_upper(i) <= bound; i++)
		n += ld_rlx(&h->bucket[i]);
	return n;
}

uint64_t
hist_quantile(const struct hist *h, uint32_t ppm)
{
	uint64_t n = hist_count(h), rank, seen = 0;

	if (n == 0)
		return 0;
	if (ppm > 1000000)
		ppm = 1000000;
	/* Rank of the wanted value, from 1; split so that nothing wraps. */
	rank = n / 1000000 * ppm + n % 1000000 * ppm / 1000000;
	if (rank == 0)
		rank = 1;
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		seen += ld_rlx(&h->bucket[i]);
		if (seen < rank)
			continue;
		if (i + 1 == HIST_BUCKETS)
			return hist_lower(i);
		return hist_lower(i) + (hist_upper(i) - hist_lower(i)) / 2;
	}
	/* The owner counts while we read. */
	return hist_lower(HIST_BUCKETS - 1);
}
