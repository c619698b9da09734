/* ttlb.c - which records expire together */
#include "ttlb.h"

#define SECOND 250u		/* ticks */

uint64_t
ttlb_from(unsigned bucket)
{
	uint64_t whole;

	if (bucket < 2)
		return bucket;
	whole = (uint64_t)SECOND << (bucket - 2) / 2;
	/* sqrt(2) to five digits; the bound itself is arbitrary. */
	return bucket % 2 == 0 ? whole : whole / 100000 * 141421 +
	    whole % 100000 * 141421 / 100000;
}

unsigned
ttlb_of(uint64_t ticks)
{
	uint64_t s = ticks / SECOND;
	unsigned b;

	if (ticks == 0)
		return 0;
	if (s == 0)
		return 1;
	b = 2 + 2 * (63u - (unsigned)__builtin_clzll(s));
	if (b >= TTLB_N)
		return TTLB_N - 1;
	return b + (b + 1 < TTLB_N && ticks >= ttlb_from(b + 1));
}
