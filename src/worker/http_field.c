/*
 * http_field.c - the fields that decide how a request is read: Host, the two
 * that frame the body, Connection, Expect.  All the others are only stored.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "http_char.h"
#include "http_head_int.h"

static int
same(const char *p, size_t n, const char *z)
{
	return n == strlen(z) && http_char_same(p, z, n);
}

/* Of an IPv6 address; the longest has an IPv4 one at its end. */
static int
is_ipv6(const char *p, size_t n)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (n >= sizeof(text) || memchr(p, '\0', n) != NULL)
		return 0;
	memcpy(text, p, n);
	text[n] = '\0';
	return inet_pton(AF_INET6, text, &a) == 1;
}

/* "[" ... "]": an IPv6 address, or the future form "v1.x". */
static size_t
literal_len(const char *p, size_t n)
{
	const char *close = memchr(p, ']', n);
	size_t i, len;

	if (close == NULL || close == p + 1)
		return 0;
	len = (size_t)(close - p) + 1;
	if ((p[1] | 0x20) == 'v') {
		for (i = 2; i < len - 1; i++)
			if (p[i] == '%' ||
			    (!http_char_is((uint8_t)p[i], HTTP_CHAR_HOST) &&
				p[i] != ':'))
				return 0;
		return len > 4 ? len : 0;
	}
	return is_ipv6(p + 1, len - 2) ? len : 0;
}

static int
is_port(const char *p, const char *end)
{
	uint32_t v = 0, digit;

	for (; p < end; p++) {
		digit = (uint32_t)(uint8_t)*p - '0';
		v = v * 10 + digit;
		if (digit > 9 || v > 65535)
			return 0;
	}
	return 1;
}

int
http_field_is_host(const char *p, size_t n)
{
	const char *q = p, *end = p + n;

	if (n > 0 && *p == '[') {
		q += literal_len(p, n);
		if (q == p)
			return 0;
	} else {
		while (q < end && http_char_is((uint8_t)*q, HTTP_CHAR_HOST))
			q++;
		if (!http_field_escapes_ok(p, (size_t)(q - p)))
			return 0;
	}
	if (q == end)
		return 1;
	/* A port without a host names nothing. */
	return *q == ':' && q > p && is_port(q + 1, end);
}

int
http_field_escapes_ok(const char *p, size_t n)
{
	const char *end = p + n;

	while ((p = memchr(p, '%', (size_t)(end - p))) != NULL) {
		if (end - p < 3 || !http_char_is((uint8_t)p[1], HTTP_CHAR_HEX) ||
		    !http_char_is((uint8_t)p[2], HTTP_CHAR_HEX) ||
		    (p[1] == '0' && p[2] == '0'))
			return 0;
		p += 3;
	}
	return 1;
}

/*
 * Take the next element of a comma-separated list, without the blanks around
 * it.  Empty elements are skipped, as RFC 9110 5.6.1 demands of a recipient.
 */
static int
list_next(const char **p, const char *end, const char **elem, size_t *n)
{
	const char *q = *p, *e;

	while (q < end && (*q == ',' || *q == ' ' || *q == '\t'))
		q++;
	if (q == end)
		return 0;
	for (e = q; e < end && *e != ','; e++)
		;
	*p = e;
	while (e[-1] == ' ' || e[-1] == '\t')
		e--;
	*elem = q;
	*n = (size_t)(e - q);
	return 1;
}

static int
note_host(struct http_head *h, const char *p, const struct http_field *f)
{
	if (h->flags & HTTP_HAS_HOST)
		return http_head_refuse(h, 400, "more than one Host field");
	if (!http_field_is_host(p, f->value.n))
		return http_head_refuse(h, 400, "malformed Host field");
	h->flags |= HTTP_HAS_HOST;
	if (h->host.n == 0)	/* else the target named one, which wins */
		h->host = f->value;
	return 0;
}

static int
note_length(struct http_head *h, const char *p, const struct http_field *f)
{
	uint64_t v = 0;
	uint32_t i;

	if (h->flags & HTTP_HAS_LENGTH)
		return http_head_refuse(h, 400,
		    "more than one Content-Length field");
	if (f->value.n == 0)
		return http_head_refuse(h, 400, "empty Content-Length");
	for (i = 0; i < f->value.n; i++) {
		if (!http_char_is((uint8_t)p[i], HTTP_CHAR_DIGIT))
			return http_head_refuse(h, 400,
			    "Content-Length is not a number");
		/* Saturate: whatever does not fit is beyond every limit. */
		if (v > (UINT64_MAX - 9) / 10)
			v = UINT64_MAX / 10;
		else
			v = v * 10 + (uint64_t)(p[i] - '0');
	}
	h->flags |= HTTP_HAS_LENGTH;
	h->length = v;
	return 0;
}

/* The element after what was there: see enum HTTP_TE_*. */
static uint8_t
te_after(uint8_t te, const char *p, size_t n)
{
	size_t i, name = 0;

	while (name < n && http_char_is((uint8_t)p[name], HTTP_CHAR_TOKEN))
		name++;
	if (name == 0)
		return HTTP_TE_BAD;
	if (te == HTTP_TE_CHUNKED || te == HTTP_TE_CODED || te == HTTP_TE_BAD)
		return HTTP_TE_BAD;	/* nothing may follow chunked */
	if (same(p, name, "chunked")) {
		if (name != n)		/* it takes no parameters */
			return HTTP_TE_BAD;
		return te == HTTP_TE_NONE ? HTTP_TE_CHUNKED : HTTP_TE_CODED;
	}
	for (i = name; i < n && (p[i] == ' ' || p[i] == '\t'); i++)
		;
	return i == n || p[i] == ';' ? HTTP_TE_OPEN : HTTP_TE_BAD;
}

static void
note_te(struct http_head *h, const char *p, const struct http_field *f)
{
	const char *end = p + f->value.n, *elem;
	size_t n;
	int some = 0;

	while (list_next(&p, end, &elem, &n)) {
		h->te = te_after(h->te, elem, n);
		some = 1;
	}
	if (!some)
		h->te = HTTP_TE_BAD;
}

static void
note_connection(struct http_head *h, const char *p, const struct http_field *f)
{
	const char *end = p + f->value.n, *elem;
	size_t n;

	while (list_next(&p, end, &elem, &n)) {
		if (same(elem, n, "close"))
			h->flags |= HTTP_CLOSE;
		else if (same(elem, n, "keep-alive"))
			h->flags |= HTTP_KEEP;
	}
}

static void
note_expect(struct http_head *h, const char *p, const struct http_field *f)
{
	const char *end = p + f->value.n, *elem;
	size_t n;

	while (list_next(&p, end, &elem, &n)) {
		if (same(elem, n, "100-continue"))
			h->flags |= HTTP_EXPECTS;
		else
			h->bad_expect = 1;
	}
}

int
http_field_note(struct http_head *h, const char *buf,
    const struct http_field *f)
{
	const char *name = buf + f->name.off, *value = buf + f->value.off;

	switch (f->name.n) {
	case 4:
		if (http_char_same(name, "host", 4))
			return note_host(h, value, f);
		break;
	case 6:
		if (http_char_same(name, "expect", 6))
			note_expect(h, value, f);
		break;
	case 8:
		if (http_char_same(name, "if-match", 8))
			h->flags |= HTTP_HAS_MATCH;
		break;
	case 10:
		if (http_char_same(name, "connection", 10))
			note_connection(h, value, f);
		break;
	case 12:
		if (!(h->flags & HTTP_HAS_REQUEST_ID) &&
		    http_char_same(name, "x-request-id", 12)) {
			h->flags |= HTTP_HAS_REQUEST_ID;
			h->request_id = f->value;
		}
		break;
	case 13:
		if (http_char_same(name, "if-none-match", 13))
			h->flags |= HTTP_HAS_NONE_MATCH;
		break;
	case 14:
		if (http_char_same(name, "content-length", 14))
			return note_length(h, value, f);
		break;
	case 17:
		if (http_char_same(name, "transfer-encoding", 17))
			note_te(h, value, f);
		break;
	default:
		break;
	}
	return 0;
}

static int
agree_te(struct http_head *h)
{
	if (h->flags & HTTP_HAS_LENGTH)
		return http_head_refuse(h, 400,
		    "Transfer-Encoding together with Content-Length");
	if (h->minor == 0)
		return http_head_refuse(h, 400,
		    "Transfer-Encoding in an HTTP/1.0 request");
	if (h->te == HTTP_TE_BAD)
		return http_head_refuse(h, 400, "malformed Transfer-Encoding");
	if (h->te == HTTP_TE_OPEN)
		return http_head_refuse(h, 400,
		    "the last transfer coding is not chunked");
	if (h->te == HTTP_TE_CODED)
		return http_head_refuse(h, 501, "unknown transfer coding");
	h->flags |= HTTP_CHUNKED;
	return 1;
}

int
http_field_agree(struct http_head *h)
{
	if (!(h->flags & HTTP_HAS_HOST) && h->minor > 0)
		return http_head_refuse(h, 400, "missing Host field");
	if (h->te != HTTP_TE_NONE) {
		int rc = agree_te(h);

		if (rc < 0)
			return rc;
	}
	if (h->length > h->limits->body_max)
		return http_head_refuse(h, 413, "request body too large");
	if (h->minor == 0)		/* RFC 9110 10.1.1: must be ignored */
		h->flags &= (uint16_t)~HTTP_EXPECTS;
	else if (h->bad_expect)
		return http_head_refuse(h, 417, "unknown expectation");
	/* Without a body there is nothing to wait for. */
	if (!(h->flags & HTTP_CHUNKED) && h->length == 0)
		h->flags &= (uint16_t)~HTTP_EXPECTS;
	return 1;
}
