/*
 * ttlb.h - buckets of time to live: what expires together lies together.
 *
 * 64 of them: 0 for no expiry, 1 for less than a second, then two an octave
 * (from 2^n and from 1.41 x 2^n seconds), so a dead record keeps its bytes at
 * most 1.41 of its time to live.
 */
#ifndef SHM_TTLB_H
#define SHM_TTLB_H

#include <stdint.h>

#define TTLB_N 64u

/* The bucket for a time to live in ticks of 4 ms; 0 is none. */
unsigned ttlb_of(uint64_t ticks);

/* The shortest time, in ticks, that belongs into a bucket. */
uint64_t ttlb_from(unsigned bucket);

#endif
