#include "number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static size_t
digits(struct skep_str s, size_t from)
{
	size_t i = from;

	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i - from;
}

/* strtod() alone would take blanks, hexadecimal, "nan" and "inf". */
static int
is_decimal(struct skep_str s)
{
	size_t i = 0, n;

	if (i < s.n && s.p[i] == '-')
		i++;
	if ((n = digits(s, i)) == 0)
		return 0;
	i += n;
	if (i < s.n && s.p[i] == '.') {
		if ((n = digits(s, ++i)) == 0)
			return 0;
		i += n;
	}
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		i++;
		if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
			i++;
		if ((n = digits(s, i)) == 0)
			return 0;
		i += n;
	}
	return i == s.n;
}

int
number_parse(struct skep_str s, double *out)
{
	char text[64];	/* no number of ours needs more digits */

	if (s.n >= sizeof(text) || !is_decimal(s))
		return -EINVAL;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*out = strtod(text, NULL);
	return isfinite(*out) ? 0 : -EINVAL;
}

int
number_parse_uint(struct skep_str s, uint64_t max, uint64_t *out)
{
	uint64_t x = 0, digit;
	size_t i;

	if (s.n == 0 || digits(s, 0) != s.n)
		return -EINVAL;
	for (i = 0; i < s.n; i++) {
		digit = (uint64_t)(s.p[i] - '0');
		if (digit > max || x > (max - digit) / 10)
			return -ERANGE;
		x = x * 10 + digit;
	}
	*out = x;
	return 0;
}
