/*
 * The request parser on bytes from anywhere: head, body, next head, and so on,
 * as a connection would.  The outcome must not depend on how the bytes are
 * divided, and what is accepted must keep the parser's promises.
 *
 * The first two bytes of an input choose the sizes of the pieces and the limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http_char.h"
#include "http_chunk.h"
#include "http_etag.h"
#include "http_head.h"
#include "http_query.h"

#define FIELDS 100
#define NOTES  4096

static const struct http_limits limits[2] = {
	{ .line_max = 8192, .head_max = 32768, .fields_max = FIELDS,
	    .body_max = 1 << 20 },
	{ .line_max = 30, .head_max = 60, .fields_max = 3, .body_max = 20 },
};

#define CLAIM(c)                                                               \
	do {                                                                   \
		if (!(c)) {                                                    \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
			    __LINE__, #c);                                     \
			abort();                                               \
		}                                                              \
	} while (0)

/* All that happened, in bytes that can be compared. */
struct trace {
	size_t n;
	char notes[NOTES];
};

static void
note(struct trace *t, const void *p, size_t n)
{
	if (n > NOTES - t->n)
		n = NOTES - t->n;
	memcpy(t->notes + t->n, p, n);
	t->n += n;
}

static void
note_num(struct trace *t, uint64_t v)
{
	note(t, &v, sizeof(v));
}

/* The next length to show of n bytes, of which at are known. */
static size_t
next_len(size_t at, size_t n, unsigned step)
{
	return step == 0 || n - at <= step ? n : at + step;
}

static void
span_ok(const struct http_head *h, struct http_span s)
{
	CLAIM(s.off <= h->len && s.n <= h->len - s.off);
}

static void
head_ok(const struct http_head *h, const char *buf, uint32_t n)
{
	uint32_t i, j;

	CLAIM(h->len <= n && h->len >= 4);
	CLAIM(memcmp(buf + h->len - 4, "\r\n\r\n", 4) == 0);
	CLAIM(h->n_fields <= h->limits->fields_max);
	CLAIM(h->length <= h->limits->body_max);
	CLAIM(!(h->flags & HTTP_CHUNKED) || !(h->flags & HTTP_HAS_LENGTH));
	CLAIM(h->minor == 0 || (h->flags & HTTP_HAS_HOST));
	CLAIM(memchr(buf, '\0', h->len) == NULL);
	span_ok(h, h->method);
	span_ok(h, h->target);
	span_ok(h, h->path);
	span_ok(h, h->query);
	span_ok(h, h->host);
	CLAIM(h->method.n > 0 && h->target.n > 0);
	CLAIM(h->form != HTTP_ORIGIN || buf[h->path.off] == '/');
	for (i = 0; i < h->n_fields; i++) {
		span_ok(h, h->fields[i].name);
		span_ok(h, h->fields[i].value);
		CLAIM(h->fields[i].name.n > 0);
		for (j = 0; j < h->fields[i].name.n; j++)
			CLAIM(http_char_is(
			    (uint8_t)buf[h->fields[i].name.off + j],
			    HTTP_CHAR_TOKEN));
		for (j = 0; j < h->fields[i].value.n; j++)
			CLAIM(http_char_is(
			    (uint8_t)buf[h->fields[i].value.off + j],
			    HTTP_CHAR_VALUE));
	}
}

/* The query comes apart into parts that lie in it, or in as much room. */
static void
query_ok(const struct http_head *h, const char *buf)
{
	struct skep_str q = skep_strn(buf + h->query.off, h->query.n);
	int n = http_query_count(q), i;
	struct http_pair *p = calloc((size_t)n + 1, sizeof(*p));
	char *room = malloc(q.n + 1);
	size_t sum = 0;

	if (p == NULL || room == NULL)
		abort();
	CLAIM(http_query_split(q, p, room) == 0);
	for (i = 0; i < n; i++) {
		sum += p[i].name.n + p[i].value.n;
		CLAIM(memchr(p[i].name.p, '\0', p[i].name.n) == NULL);
		CLAIM(memchr(p[i].value.p, '\0', p[i].value.n) == NULL);
	}
	CLAIM(sum <= q.n);
	free(room);
	free(p);
}

static void
tags_ok(const struct http_head *h, const char *buf)
{
	int i = http_head_find(h, buf, "if-none-match", 13, 0), found;

	CLAIM((i >= 0) == ((h->flags & HTTP_HAS_NONE_MATCH) != 0));
	CLAIM((http_head_find(h, buf, "if-match", 8, 0) >= 0) ==
	    ((h->flags & HTTP_HAS_MATCH) != 0));
	if (i < 0)
		return;
	found = http_etag_listed(buf + h->fields[i].value.off,
	    h->fields[i].value.n, "\"x\"", 3);
	CLAIM(found == 0 || memchr(buf + h->fields[i].value.off, 'x',
	    h->fields[i].value.n) != NULL || h->fields[i].value.n == 1);
	CLAIM(found || !http_etag_listed_strong(buf + h->fields[i].value.off,
	    h->fields[i].value.n, "\"x\"", 3));
}

/* Parse one head at p; its length, or 0 when that is the end of the input. */
static size_t
head(struct http_head *h, struct http_field *fields, const char *p, size_t n,
    unsigned step, const struct http_limits *lim, struct trace *t)
{
	size_t len = next_len(0, n, step);
	int rc;

	http_head_init(h, lim, fields);
	while ((rc = http_head_parse(h, p, (uint32_t)len)) == 0 && len < n)
		len = next_len(len, n, step);
	note_num(t, (uint64_t)rc);
	if (rc < 0) {
		CLAIM(h->status >= 400 && h->status < 600 && h->why != NULL);
		note_num(t, h->status);
		note(t, h->why, strlen(h->why));
		return 0;
	}
	if (rc == 0)
		return 0;
	head_ok(h, p, (uint32_t)len);
	query_ok(h, p);
	tags_ok(h, p);
	note(t, &h->method, offsetof(struct http_head, length) -
	    offsetof(struct http_head, method));
	note_num(t, h->length);
	note_num(t, h->flags);
	note_num(t, h->len);
	note(t, fields, h->n_fields * sizeof(fields[0]));
	return h->len;
}

/* The same for the chunked body that follows it. */
static size_t
chunked(const struct http_head *h, const char *p, size_t n, unsigned step,
    struct trace *t)
{
	struct http_chunk c;
	struct http_piece d;
	const char *at = p;
	size_t len = 0;
	uint64_t sum = 0;
	int rc = 0;

	http_chunk_init(&c, h);
	do {
		len = next_len(len, n, step);
		while ((rc = http_chunk_next(&c, &at, p + len, &d)) > 0 &&
		    d.n > 0) {
			CLAIM(d.p >= p && d.p + d.n <= p + len);
			sum += d.n;
			note(t, d.p, d.n);
		}
	} while (rc == 0 && len < n);
	CLAIM(sum <= h->limits->body_max);
	note_num(t, (uint64_t)rc);
	note_num(t, c.status);
	if (rc < 0)
		CLAIM(c.status >= 400 && c.why != NULL);
	return rc > 0 ? (size_t)(at - p) : 0;
}

static void
connection(const char *p, size_t n, unsigned step,
    const struct http_limits *lim, struct trace *t)
{
	struct http_field fields[FIELDS];
	struct http_head h;
	size_t used;

	t->n = 0;
	while (n > 0 && t->n < NOTES) {
		used = head(&h, fields, p, n, step, lim, t);
		if (used == 0)
			return;
		p += used;
		n -= used;
		if (h.flags & HTTP_CHUNKED) {
			used = chunked(&h, p, n, step, t);
			if (used == 0)
				return;
		} else {
			used = h.length < n ? (size_t)h.length : n;
		}
		p += used;
		n -= used;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static struct trace whole, split;
	const struct http_limits *lim;
	const char *p;

	if (n < 2 || n > 1 << 20)
		return 0;
	lim = &limits[in[1] & 1];
	p = (const char *)in + 2;
	n -= 2;
	connection(p, n, 0, lim, &whole);
	connection(p, n, 1, lim, &split);
	CLAIM(split.n == whole.n && !memcmp(split.notes, whole.notes, whole.n));
	connection(p, n, in[0], lim, &split);
	CLAIM(split.n == whole.n && !memcmp(split.notes, whole.notes, whole.n));
	return 0;
}
