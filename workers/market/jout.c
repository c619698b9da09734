#include "jout.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "date.h"
#include "dbl.h"

static void
put(struct jout *j, const char *p, size_t n)
{
	size_t cap = j->cap == 0 ? 1024 : j->cap;
	char *bigger;

	if (j->failed)
		return;
	while (cap - j->n < n)
		cap *= 2;
	if (cap != j->cap) {
		bigger = realloc(j->p, cap);
		if (bigger == NULL) {
			j->failed = 1;
			return;
		}
		j->p = bigger;
		j->cap = cap;
	}
	memcpy(j->p + j->n, p, n);
	j->n += n;
}

static void
put_value(struct jout *j, const char *p, size_t n)
{
	if (j->comma)
		put(j, ",", 1);
	put(j, p, n);
	j->comma = 1;
}

void
jout_open(struct jout *j, char bracket)
{
	put_value(j, &bracket, 1);
	j->comma = 0;
}

void
jout_close(struct jout *j, char bracket)
{
	put(j, &bracket, 1);
	j->comma = 1;
}

void
jout_key(struct jout *j, const char *key)
{
	jout_str(j, skep_str(key));
	put(j, ":", 1);
	j->comma = 0;
}

void
jout_str(struct jout *j, struct skep_str s)
{
	size_t i, from = 0;
	char escape[8];
	unsigned char c;

	if (s.p == NULL) {
		jout_null(j);
		return;
	}
	put_value(j, "\"", 1);
	for (i = 0; i < s.n; i++) {
		c = (unsigned char)s.p[i];
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		put(j, s.p + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			(void)snprintf(escape, sizeof(escape), "\\%c", c);
		else
			(void)snprintf(escape, sizeof(escape), "\\u%04x", c);
		put(j, escape, strlen(escape));
	}
	put(j, s.p + from, s.n - from);
	put(j, "\"", 1);
}

void
jout_num(struct jout *j, double x)
{
	char text[DBL_TEXT];

	if (isfinite(x))
		put_value(j, text, dbl_text(x, text));
	else
		jout_null(j);
}

void
jout_int(struct jout *j, uint64_t x)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, x);
	put_value(j, text, strlen(text));
}

void
jout_bool(struct jout *j, int yes)
{
	if (yes)
		put_value(j, "true", 4);
	else
		put_value(j, "false", 5);
}

void
jout_null(struct jout *j)
{
	put_value(j, "null", 4);
}

void
jout_key_str(struct jout *j, const char *key, struct skep_str s)
{
	jout_key(j, key);
	jout_str(j, s);
}

void
jout_key_num(struct jout *j, const char *key, double x)
{
	jout_key(j, key);
	jout_num(j, x);
}

void
jout_key_int(struct jout *j, const char *key, uint64_t x)
{
	jout_key(j, key);
	jout_int(j, x);
}

void
jout_key_date(struct jout *j, const char *key, uint32_t date)
{
	char text[DATE_TEXT];

	jout_key(j, key);
	if (date == 0) {
		jout_null(j);
		return;
	}
	date_text(date, text);
	jout_str(j, skep_str(text));
}

void
jout_fini(struct jout *j)
{
	free(j->p);
	*j = (struct jout)JOUT_EMPTY;
}
