/*
 * number.h - decimal numbers as text: one grammar for files and requests.
 */
#ifndef MARKET_NUMBER_H
#define MARKET_NUMBER_H

#include <skep/types.h>

/*
 * [-]digits[.digits][e[+|-]digits], nothing before or behind it, finite.
 * 0, or -EINVAL.
 */
int number_parse(struct skep_str, double *out);

/* Digits alone, at most max.  0, -EINVAL (no number), -ERANGE (above max). */
int number_parse_uint(struct skep_str, uint64_t max, uint64_t *out);

#endif
