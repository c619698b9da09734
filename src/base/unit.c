#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = {
	{ "w", 604800000000000 },
	{ "d", 86400000000000 },
	{ "h", 3600000000000 },
	{ "m", 60000000000 },
	{ "s", 1000000000 },
	{ "ms", 1000000 },
	{ "us", 1000 },
	{ "ns", 1 },
	{ NULL, 0 }
};

#define K 1024LL
static const struct unit sizes[] = {
	{ "b", 1 },
	{ "k", K },
	{ "m", K *K },
	{ "g", K *K *K },
	{ "t", K *K *K *K },
	{ "kib", K },
	{ "mib", K *K },
	{ "gib", K *K *K },
	{ "tib", K *K *K *K },
	{ "kb", 1000LL },
	{ "mb", 1000000LL },
	{ "gb", 1000000000LL },
	{ "tb", 1000000000000LL },
	{ NULL, 0 }
};

/* Digits at *s, moving it behind them. */
static int
digits(const char **s, int64_t *out)
{
	int64_t n = 0;
	const char *p = *s;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *p - '0', &n))
			return -ERANGE;
	*s = p;
	*out = n;
	return 0;
}

int
unit_int(const char *s, int64_t *out)
{
	int minus = *s == '-', rc;

	if (*s == '-' || *s == '+')
		s++;
	rc = digits(&s, out);
	if (rc < 0)
		return rc;
	if (minus)
		*out = -*out;
	return *s == '\0' ? 0 : -EINVAL;
}

int
unit_bool(const char *s, int64_t *out)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0" };
	size_t i;

	for (i = 0; i < 4; i++) {
		if (strcasecmp(s, yes[i]) != 0 && strcasecmp(s, no[i]) != 0)
			continue;
		*out = strcasecmp(s, yes[i]) == 0;
		return 0;
	}
	return -EINVAL;
}

/*
 * The value of digits after a point, in units of factor: each digit is worth a
 * tenth of the one before.  What falls below 1 is lost.
 */
static int64_t
fraction(const char **s, int64_t factor)
{
	int64_t sum = 0, scale = 1;
	const char *p = *s;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (scale > 1000000)
			continue;	/* 7 digits are enough for anyone */
		scale *= 10;
		sum = sum * 10 + (*p - '0');
	}
	*s = p;
	return (int64_t)((__int128)factor * sum / scale);
}

/* The unit of letters at s; how many they are. */
static const struct unit *
find_unit(const struct unit *u, const char *s, size_t *n_out)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	*n_out = n;
	for (; u->name != NULL; u++)
		if (strlen(u->name) == n && strncasecmp(u->name, s, n) == 0)
			return u;
	return NULL;
}

/* One "1.5s" at *s: its value added to *sum; its unit. */
static int
term(const char **s, const struct unit *table, const struct unit **unit_out,
    int64_t *sum)
{
	const struct unit *u;
	const char *point;
	int64_t n;
	size_t len;
	int rc;

	rc = digits(s, &n);
	if (rc < 0)
		return rc;
	point = **s == '.' ? *s + 1 : NULL;
	if (point != NULL) {
		*s = point + strspn(point, "0123456789");
		if (*s == point)
			return -EINVAL;
	}
	u = find_unit(table, *s, &len);
	if (u == NULL)
		return -EINVAL;
	*s += len;
	if (__builtin_mul_overflow(n, u->factor, &n) ||
	    __builtin_add_overflow(*sum, n, sum) ||
	    (point != NULL &&
	    __builtin_add_overflow(*sum, fraction(&point, u->factor), sum)))
		return -ERANGE;
	*unit_out = u;
	return 0;
}

int
unit_duration(const char *s, int64_t *ns_out)
{
	const struct unit *last = NULL, *u;
	int64_t sum = 0;
	int rc;

	if (strcmp(s, "0") == 0) {
		*ns_out = 0;
		return 0;
	}
	do {
		rc = term(&s, durations, &u, &sum);
		if (rc < 0)
			return rc;
		/* The table falls: a later part must be of a smaller unit. */
		if (last != NULL && u <= last)
			return -EINVAL;
		last = u;
	} while (*s != '\0');
	*ns_out = sum;
	return 0;
}

int
unit_size(const char *s, int64_t *bytes_out)
{
	const struct unit *u;
	int64_t sum = 0;
	const char *p = s;
	int rc;

	rc = digits(&p, &sum);
	if (rc < 0)
		return rc;
	if (*p == '\0') {
		*bytes_out = sum;
		return 0;
	}
	sum = 0;
	rc = term(&s, sizes, &u, &sum);
	if (rc < 0)
		return rc;
	if (*s != '\0')
		return -EINVAL;
	*bytes_out = sum;
	return 0;
}

int
unit_enum(const char *word, const char *words, int64_t *out)
{
	size_t n = strlen(word);
	int64_t i = 0;

	for (;; i++, words++) {
		size_t len = strcspn(words, "|");

		if (len == n && memcmp(words, word, n) == 0) {
			*out = i;
			return 0;
		}
		words += len;
		if (*words == '\0')
			return -EINVAL;
	}
}

char *
unit_duration_str(char buf[UNIT_LEN], int64_t ns)
{
	const struct unit *u = durations;
	size_t at = 0;

	if (ns <= 0) {
		(void)snprintf(buf, UNIT_LEN, "%s", "0s");
		return buf;
	}
	/* Weeks are for input only; below a second one unit says it all. */
	for (u++; u->name != NULL && ns > 0; u++) {
		if (ns < u->factor ||
		    (u->factor <= 1000000000 && ns % u->factor != 0 && at == 0))
			continue;
		at += (size_t)snprintf(buf + at, UNIT_LEN - at, "%lld%s",
		    (long long)(ns / u->factor), u->name);
		ns %= u->factor;
	}
	return buf;
}

char *
unit_size_str(char buf[UNIT_LEN], int64_t bytes)
{
	static const struct unit order[] = {
		{ "TiB", K *K *K *K }, { "TB", 1000000000000 },
		{ "GiB", K *K *K }, { "GB", 1000000000 },
		{ "MiB", K *K }, { "MB", 1000000 },
		{ "KiB", K }, { "kB", 1000 }, { "", 1 }
	};
	const struct unit *u = order;

	while (u->factor > 1 &&
	    (bytes < u->factor || bytes % u->factor != 0))
		u++;
	(void)snprintf(buf, UNIT_LEN, "%lld%s", (long long)(bytes / u->factor),
	    u->name);
	return buf;
}
