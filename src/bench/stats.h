/* stats.h - order statistics of small samples.  All sort the array given. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <math.h>
#include <stddef.h>

#define STATS_NONE ((double)NAN)	/* no value; NAN alone is a float */

/* The middle value, or the mean of the two in the middle; STATS_NONE of nothing. */
double stats_median(double *v, size_t n);

/*
 * The smallest value that at least the share q (0 to 1) of all values does not
 * exceed; STATS_NONE of nothing.  No interpolation: a p99 is a value that occurred.
 */
double stats_quantile(double *v, size_t n, double q);

#endif
