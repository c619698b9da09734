#include "stats.h"

#include <math.h>
#include <stdlib.h>

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
stats_median(double *v, size_t n)
{
	if (n == 0)
		return STATS_NONE;
	qsort(v, n, sizeof *v, by_value);
	if (n % 2 == 1)
		return v[n / 2];
	return v[n / 2 - 1] + (v[n / 2] - v[n / 2 - 1]) / 2;
}

double
stats_quantile(double *v, size_t n, double q)
{
	double rank;
	size_t i;

	if (n == 0)
		return STATS_NONE;
	qsort(v, n, sizeof *v, by_value);
	rank = ceil(q * (double)n);
	i = rank < 1 ? 0 : (size_t)rank - 1;
	return v[i < n ? i : n - 1];
}
