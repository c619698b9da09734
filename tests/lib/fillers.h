/*
 * fillers.h - processes that miss the same keys, load them, wait for each other
 * and change what they load from; and whether what they see is right.
 *
 * The model lies in memory that they share beside the region.  Each key has a
 * source, a number that only grows: who changes it does so first, and then
 * deletes the key (or sets it, or flushes the cache), and then notes the number
 * as `acked`.  A load reads the source, takes a while, and stores what it read.
 * So can be told:
 *
 *	stale		a number below what was acked when it was asked for
 *	invented	one above the source's
 *	twice		more loads of one flight than it had owners that died
 *			or gave up, and one
 *	slow		it took longer than FILLERS_LIMIT_NS
 */
#ifndef TESTS_FILLERS_H
#define TESTS_FILLERS_H

#include <stdint.h>

#include "cache_fill.h"

#define FILLERS_KEYS	 12u
#define FILLERS_SLOTS	 16u
#define FILLERS_FLIGHTS	 65536u		/* places to count loads at, by number */
#define FILLERS_LIMIT_NS UINT64_C(5000000000)	/* a machine with pauses */

struct fillers_key {
	_Atomic uint64_t source, acked;
};

struct fillers {
	uint64_t seed;
	uint64_t late_ns;	/* when a load is late */
	unsigned load_us;	/* how long one takes, at most */
	int late;		/* loads may be late: they are not counted */
	struct fillers_key key[FILLERS_KEYS];
	/* Of one flight: entry and generation 45 | loads 9 | excused 10.  One
	 * word, for who counts may be killed. */
	_Atomic uint64_t flight[FILLERS_FLIGHTS];
	_Atomic uint64_t leads[FILLERS_SLOTS];	/* what this slot loads for */
	_Atomic uint64_t asked, hits, loads, waits, taken, voided, failed;
	_Atomic uint64_t alone, changed, longest_ns, errors;
	char first[200];	/* the first error, in words */
};

/* Shared, zeroed.  Never freed. */
struct fillers *fillers_make(uint64_t seed);

/* n calls as this slot; round makes the sequence differ. */
void fillers_run(struct fillers *, struct cache *, struct slot_self *,
    unsigned round, unsigned n);

/* The process of this slot is dead, and not repaired yet. */
void fillers_died(struct fillers *, unsigned slot);

/* Ask for each key, when nobody else is there: 0, or -1 and first. */
int fillers_verify(struct fillers *, struct cache *, struct slot_self *);

#endif
