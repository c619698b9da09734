#include "calc.h"

#include <errno.h>
#include <math.h>

static double
mean(const double *v, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

int
calc_sma(const double *v, size_t n, size_t period, double *out)
{
	if (period < 1 || period > n)
		return -ERANGE;
	*out = mean(v + (n - period), period);
	return 0;
}

int
calc_ema(const double *v, size_t n, size_t period, double *out)
{
	double alpha = 2 / ((double)period + 1), ema;
	size_t i;

	if (period < 1 || period > n)
		return -ERANGE;
	ema = mean(v, period);
	for (i = period; i < n; i++)
		ema = alpha * v[i] + (1 - alpha) * ema;
	*out = ema;
	return 0;
}

int
calc_rsi(const double *v, size_t n, size_t period, double *out)
{
	double gain = 0, loss = 0, change, p = (double)period;
	size_t i;

	if (period < 1 || period >= n)
		return -ERANGE;
	for (i = 1; i <= period; i++) {
		change = v[i] - v[i - 1];
		gain += fmax(change, 0);
		loss += fmax(-change, 0);
	}
	gain /= p;
	loss /= p;
	for (; i < n; i++) {
		change = v[i] - v[i - 1];
		gain = (gain * (p - 1) + fmax(change, 0)) / p;
		loss = (loss * (p - 1) + fmax(-change, 0)) / p;
	}
	*out = loss == 0 ? 100 : 100 - 100 / (1 + gain / loss);
	return 0;
}

double
calc_dcf(const struct calc_dcf *in)
{
	double up = 1 + in->growth, down = 1 + in->discount, value = 0, last;
	unsigned t;

	for (t = 1; t <= in->years; t++)
		value += in->eps * pow(up, t) / pow(down, t);
	last = in->eps * pow(up, in->years) * (1 + in->terminal) /
	    (in->discount - in->terminal);
	return value + last / pow(down, in->years);
}
