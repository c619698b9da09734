/*
 * calc.h - the arithmetic: functions of their arguments and nothing else.
 *
 * Series are oldest first.  A function that needs more values than there are
 * returns -ERANGE; sums are formed from the oldest value to the newest.
 */
#ifndef MARKET_CALC_H
#define MARKET_CALC_H

#include <stddef.h>

/* The mean of the last period values. */
int calc_sma(const double *v, size_t n, size_t period, double *out);

/*
 * The exponential mean with alpha = 2 / (period + 1), seeded with the mean of
 * the first period values.
 */
int calc_ema(const double *v, size_t n, size_t period, double *out);

/*
 * Wilder's relative strength index: the first averages of gains and losses are
 * the means over the first period changes, each later one is
 * (average * (period - 1) + change) / period.  100 where there were no losses.
 * Needs period + 1 values.
 */
int calc_rsi(const double *v, size_t n, size_t period, double *out);

struct calc_dcf {
	double eps;		/* earnings per share now */
	double growth;		/* rates as fractions: 0.08 */
	double discount;
	double terminal;	/* growth after the last year; below discount */
	unsigned years;
};

/*
 * The value of a share: the discounted earnings of the years and of what comes
 * after them.  May be infinite for rates at the end of their range.
 */
double calc_dcf(const struct calc_dcf *);

#endif
