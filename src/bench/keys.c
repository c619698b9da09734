#include "keys.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXPONENT 0.99

static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void
keys_make(char out[KEYS_LEN], uint32_t number)
{
	static const char hex[] = "0123456789abcdef";
	/* The low half is the number itself: keys differ whatever mix() does. */
	uint64_t v = (mix(number) & ~UINT64_C(0xffffffff)) | number;

	memcpy(out, "key:", 4);
	for (int i = 0; i < 16; i++)
		out[4 + i] = hex[v >> (60 - 4 * i) & 15];
}

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* rank * factor is a permutation of the numbers below n when they have no divisor in common. */
static uint64_t
scatter_factor(uint32_t n)
{
	uint64_t factor = UINT64_C(2654435761);

	while (gcd(factor, n) != 1)
		factor += 2;
	return factor % n;
}

/* By inversion on the exact cumulative weights: slower to make than a formula, and right for every n. */
static uint32_t
rank_of(const double *sum, uint32_t n, double u)
{
	uint32_t lo = 0, hi = n - 1;

	u *= sum[n - 1];
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (sum[mid] < u)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int
keys_init(struct keys *k, uint32_t n, size_t len, uint64_t seed)
{
	double *sum = calloc(n, sizeof *sum), s = 0;
	uint64_t factor = scatter_factor(n);

	*k = (struct keys){ .n = n, .len = len };
	k->bytes = calloc(len, KEYS_STRIDE);
	if (sum == NULL || k->bytes == NULL) {
		free(sum);
		keys_fini(k);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		sum[i] = s += pow(i + 1, -EXPONENT);
	for (size_t i = 0; i < len; i++) {
		double u = (double)(mix(seed * UINT64_C(0x100000001b3) + i) >>
				11) * 0x1p-53;

		keys_make(k->bytes + i * KEYS_STRIDE,
		    (uint32_t)(rank_of(sum, n, u) * factor % n));
	}
	free(sum);
	return 0;
}

void
keys_fini(struct keys *k)
{
	free(k->bytes);
	k->bytes = NULL;
}
