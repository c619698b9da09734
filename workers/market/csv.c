#include "csv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "number.h"

void
csv_init(struct csv *c, const char *name, char *text, size_t n)
{
	memset(c, 0, sizeof(*c));
	c->name = name;
	c->at = text;
	c->end = text + n;
	c->next_line = 1;
}

int
csv_refuse(struct csv *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(c->error, sizeof(c->error), "%s:%u: ", c->name, c->line);
	if (n > 0 && (size_t)n < sizeof(c->error)) {
		va_start(ap, fmt);
		(void)vsnprintf(c->error + n, sizeof(c->error) - (size_t)n, fmt,
		    ap);
		va_end(ap);
	}
	return -EINVAL;
}

/* The length of the UTF-8 sequence at p, 0 where there is none. */
static size_t
sequence(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;		/* below it a shorter form exists */
	} form[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	uint32_t code;
	size_t len, i;

	for (len = 1; len <= 4; len++)
		if ((p[0] & form[len - 1].mask) == form[len - 1].lead)
			break;
	if (len > 4 || len > left)
		return 0;
	code = p[0] & (unsigned char)~form[len - 1].mask;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < form[len - 1].least || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

static int
check_text(struct csv *c, struct skep_str s)
{
	size_t i, len;

	for (i = 0; i < s.n; i += len) {
		if (s.p[i] == '\0')
			return csv_refuse(c, "a NUL byte");
		len = sequence((const unsigned char *)s.p + i, s.n - i);
		if (len == 0)
			return csv_refuse(c, "not UTF-8");
	}
	return 0;
}

/*
 * A field in quotes, c->at being behind the opening one.  What it holds is
 * moved together over the doubled quotes.
 */
static int
quoted(struct csv *c, struct skep_str *field)
{
	char *from = c->at, *to = c->at;

	for (; c->at < c->end; c->at++) {
		if (*c->at == '"') {
			if (c->at + 1 == c->end || c->at[1] != '"')
				break;
			c->at++;
		} else if (*c->at == '\n')
			c->next_line++;
		*to++ = *c->at;
	}
	if (c->at == c->end)
		return csv_refuse(c, "the quote is not closed");
	c->at++;
	if (c->at < c->end && *c->at != ',' && *c->at != '\n' && *c->at != '\r')
		return csv_refuse(c, "text behind a closing quote");
	*field = skep_strn(from, (size_t)(to - from));
	return 0;
}

static int
plain(struct csv *c, struct skep_str *field)
{
	char *from = c->at;

	while (c->at < c->end && *c->at != ',' && *c->at != '\n' &&
	    *c->at != '\r') {
		if (*c->at == '"')
			return csv_refuse(c, "a quote within a field");
		c->at++;
	}
	*field = skep_strn(from, (size_t)(c->at - from));
	return 0;
}

/* The end of the line, if it is here.  1, 0 when it is not, -EINVAL. */
static int
line_end(struct csv *c)
{
	if (c->at == c->end)
		return 1;
	if (*c->at == '\r') {
		c->at++;
		if (c->at == c->end || *c->at != '\n')
			return csv_refuse(c, "CR without LF");
	}
	if (*c->at != '\n')
		return 0;
	c->at++;
	c->next_line++;
	return 1;
}

static int
row(struct csv *c)
{
	struct skep_str *field;
	int rc;

	for (c->n_fields = 0;;) {
		if (c->n_fields == CSV_FIELDS)
			return csv_refuse(c, "more than %d fields", CSV_FIELDS);
		field = &c->field[c->n_fields++];
		if (c->at < c->end && *c->at == '"') {
			c->at++;
			rc = quoted(c, field);
		} else
			rc = plain(c, field);
		if (rc == 0)
			rc = check_text(c, *field);
		if (rc == 0)
			rc = line_end(c);
		if (rc != 0)
			return rc;
		c->at++;	/* the comma */
	}
}

int
csv_next(struct csv *c)
{
	int rc;

	c->line = c->next_line;
	if (c->at == c->end)
		return 0;
	rc = row(c);
	if (rc < 0)
		return rc;
	if (c->n_fields == 1 && c->field[0].n == 0)
		return csv_refuse(c, "an empty line");
	if (c->n_header != 0 && c->n_fields != c->n_header)
		return csv_refuse(c, "%u fields where the header has %u",
		    c->n_fields, c->n_header);
	return 1;
}

int
csv_header(struct csv *c, const char *names)
{
	size_t len;
	unsigned i;
	int rc;

	rc = csv_next(c);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return csv_refuse(c, "the file is empty");
	for (i = 0; i < c->n_fields; i++) {
		len = strcspn(names, ",");
		if (len == 0)
			return csv_refuse(c, "column %u is one too many", i + 1);
		if (c->field[i].n != len ||
		    memcmp(c->field[i].p, names, len) != 0)
			return csv_refuse(c, "column %u should be \"%.*s\"",
			    i + 1, (int)len, names);
		names += len + (names[len] == ',');
	}
	if (*names != '\0')
		return csv_refuse(c, "a column is missing: \"%s\"", names);
	c->n_header = c->n_fields;
	return 0;
}

int
csv_number(struct csv *c, unsigned i, double *out)
{
	if (c->field[i].n == 0)
		return 0;
	if (number_parse(c->field[i], out) < 0)
		return csv_refuse(c, "\"%.*s\" is not a number",
		    SKEP_PR(c->field[i]));
	return 1;
}
