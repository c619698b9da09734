/*
 * keys.h - keys and the order in which they are asked for.
 *
 * Ranks follow Zipf's law (exponent 0.99) over n keys and are scattered over
 * them, so that neighbours in rank are not neighbours in memory.  The sequence
 * and the bytes of its keys are made before any clock starts and read one after
 * the other.
 */
#ifndef BENCH_KEYS_H
#define BENCH_KEYS_H

#include <stddef.h>
#include <stdint.h>

#define KEYS_LEN    20
#define KEYS_STRIDE 24

/* The key of a number: 20 printable bytes. */
void keys_make(char out[KEYS_LEN], uint32_t number);

struct keys {
	uint32_t n;		/* different keys */
	size_t len;		/* of the sequence */
	char *bytes;		/* KEYS_STRIDE each */
	size_t at;
};

/* 0, -ENOMEM.  The same seed gives the same sequence. */
int keys_init(struct keys *, uint32_t n, size_t len, uint64_t seed);
void keys_fini(struct keys *);

/* The next key of the sequence, from the beginning again at its end. */
static inline const char *
keys_next(struct keys *k)
{
	const char *p = k->bytes + k->at * KEYS_STRIDE;

	k->at = k->at + 1 == k->len ? 0 : k->at + 1;
	return p;
}

#endif
