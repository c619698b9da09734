/*
 * traffic.h - what processes do to a cache under test, and whether it is right.
 *
 * A model lies in memory that the processes share beside the region.  A key
 * belongs to one writer.  Each change of it has a version (even: a value, odd:
 * a deletion), noted as `pending` before the call and as `acked` after it; the
 * value says its key, its version and a checksum.  So any reader can tell:
 *
 *	torn		the bytes are not those of one version
 *	lost		an older version than was acknowledged when we began
 *	resurrected	the same, after a deletion
 *	invented	a version that nobody has begun to write
 *	missing		absent, though nothing ended it (if nothing is evicted)
 *
 * Counters are incremented by all: what was acknowledged must be in the sum.
 */
#ifndef TESTS_TRAFFIC_H
#define TESTS_TRAFFIC_H

#include <stdint.h>

#include "cache.h"

#define TRAFFIC_WRITERS	 4u
#define TRAFFIC_KEYS	 400u	/* of each writer */
#define TRAFFIC_COUNTERS 4u

struct traffic_key {
	_Atomic uint64_t acked, pending;
};

struct traffic {
	uint64_t seed;
	int evicts;		/* absence is always excused */
	unsigned large_max;	/* longest value, 0 without long ones */
	unsigned flush_every;	/* operations of a writer, 0 never */
	struct traffic_key key[TRAFFIC_WRITERS][TRAFFIC_KEYS];
	_Atomic uint64_t counted[TRAFFIC_COUNTERS], tried[TRAFFIC_COUNTERS];
	_Atomic uint64_t reads, hits, writes, refused, errors;
	char first[200];	/* the first error, in words */
};

/* Shared, zeroed.  Never freed. */
struct traffic *traffic_make(uint64_t seed, int evicts, unsigned large_max);

/* n operations as this writer; round makes the sequence differ. */
void traffic_run(struct traffic *, struct cache *, unsigned writer,
    unsigned round, unsigned n);

/* Read everything, when nobody writes: 0, or -1 and t->first. */
int traffic_verify(struct traffic *, struct cache *);

#endif
