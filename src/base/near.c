#include "near.h"

#include <string.h>

#define LEN_MAX 63

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Three rows of the usual table: swaps look back by two. */
unsigned
near_distance(const char *a, const char *b)
{
	unsigned rows[3][LEN_MAX + 1], *two = rows[0], *one = rows[1],
	    *cur = rows[2], *turn, cost;
	size_t na = strnlen(a, LEN_MAX), nb = strnlen(b, LEN_MAX), i, j;

	for (j = 0; j <= nb; j++)
		one[j] = (unsigned)j;
	for (i = 1; i <= na; i++) {
		cur[0] = (unsigned)i;
		for (j = 1; j <= nb; j++) {
			cost = a[i - 1] != b[j - 1];
			cur[j] = min3(one[j] + 1, cur[j - 1] + 1,
			    one[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && two[j - 2] + 1 < cur[j])
				cur[j] = two[j - 2] + 1;
		}
		turn = two;
		two = one;
		one = cur;
		cur = turn;
	}
	return one[nb];
}

void
near_try(const char *wrong, const char *known, const char **best_out,
    unsigned *score)
{
	unsigned d = near_distance(wrong, known);
	size_t n = strlen(wrong) > strlen(known) ? strlen(wrong) :
	    strlen(known);

	if (d > (n + 2) / 3 || d >= *score)
		return;
	*score = d;
	*best_out = known;
}
