#include <errno.h>
#include <string.h>

#include "http_char.h"
#include "http_head_int.h"

/*
 *	START -> EMPTY_LF -> START                     empty lines before
 *	START -> METHOD -> TARGET -> VERSION -> LINE_CR -> LINE_LF -> FIELD
 *	FIELD -> NAME -> BLANK -> VALUE -> VALUE_LF -> FIELD
 *	FIELD -> END_LF -> DONE                        the empty line behind
 *	any -> REFUSED
 */
enum {
	S_START,
	S_EMPTY_LF,
	S_METHOD,
	S_TARGET,
	S_VERSION,
	S_LINE_CR,
	S_LINE_LF,
	S_FIELD,
	S_NAME,
	S_BLANK,
	S_VALUE,
	S_VALUE_LF,
	S_END_LF,
	S_DONE,
	S_REFUSED
};

/* Longer than any method there is; more is unknown without reading on. */
#define METHOD_MAX 64

void
http_head_init(struct http_head *h, const struct http_limits *limits,
    struct http_field *fields)
{
	memset(h, 0, sizeof(*h));
	h->limits = limits;
	h->fields = fields;
}

int
http_head_refuse(struct http_head *h, unsigned status, const char *why)
{
	h->state = S_REFUSED;
	h->status = (uint16_t)status;
	h->why = why;
	return -EBADMSG;
}

static uint8_t
method_find(const char *p, uint32_t n)
{
	static const struct {
		char name[8];
		uint8_t n, id;
	} known[] = {
		{ "GET", 3, HTTP_GET },
		{ "HEAD", 4, HTTP_HEAD },
		{ "POST", 4, HTTP_POST },
		{ "PUT", 3, HTTP_PUT },
		{ "DELETE", 6, HTTP_DELETE },
		{ "PATCH", 5, HTTP_PATCH },
		{ "OPTIONS", 7, HTTP_OPTIONS },
		{ "CONNECT", 7, HTTP_CONNECT },
		{ "TRACE", 5, HTTP_TRACE },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].n == n && memcmp(known[i].name, p, n) == 0)
			return known[i].id;
	return HTTP_OTHER;
}

/* Split "path?query" that begins at off and ends with the target. */
static void
path_split(struct http_head *h, const char *buf, uint32_t off)
{
	uint32_t n = h->target.off + h->target.n - off;
	const char *q = memchr(buf + off, '?', n);

	h->path.off = off;
	h->path.n = n;
	if (q == NULL) {
		h->query.off = off + n;
		h->query.n = 0;
		return;
	}
	h->path.n = (uint32_t)(q - (buf + off));
	h->query.off = off + h->path.n + 1;
	h->query.n = n - h->path.n - 1;
}

/* http://host[:port][/path][?query] */
static int
target_absolute(struct http_head *h, const char *buf)
{
	const char *p = buf + h->target.off;
	uint32_t n = h->target.n, at, end;

	if (n >= 7 && http_char_same(p, "http://", 7))
		at = 7;
	else if (n >= 8 && http_char_same(p, "https://", 8))
		at = 8;
	else
		return http_head_refuse(h, 400, "malformed request target");
	for (end = at; end < n && p[end] != '/' && p[end] != '?'; end++)
		;
	if (end == at || !http_field_is_host(p + at, end - at))
		return http_head_refuse(h, 400,
		    "malformed host in the request target");
	h->form = HTTP_ABSOLUTE;
	h->host.off = h->target.off + at;
	h->host.n = end - at;
	path_split(h, buf, h->target.off + end);
	if (memchr(p + end, '[', n - end) || memchr(p + end, ']', n - end))
		return http_head_refuse(h, 400,
		    "invalid byte in the request target");
	if (h->method_id == HTTP_OPTIONS && h->path.n == 0 && h->query.n == 0)
		h->form = HTTP_ASTERISK;	/* RFC 9112 3.2.4 */
	return 0;
}

static int
target_done(struct http_head *h, const char *buf)
{
	const char *p = buf + h->target.off;
	uint32_t n = h->target.n;

	if (n == 0)
		return http_head_refuse(h, 400, "empty request target");
	if (memchr(p, '%', n) != NULL) {
		h->flags |= HTTP_HAS_ESCAPE;
		if (!http_field_escapes_ok(p, n))
			return http_head_refuse(h, 400,
			    "bad percent-escape in the request target");
	}
	if (p[0] == '/') {
		path_split(h, buf, h->target.off);
		return 0;
	}
	if (h->method_id == HTTP_CONNECT) {
		h->form = HTTP_AUTHORITY;
		h->host = h->target;
		return http_field_is_host(p, n) ? 0 :
		    http_head_refuse(h, 400, "malformed request target");
	}
	if (n == 1 && p[0] == '*') {
		if (h->method_id != HTTP_OPTIONS)
			return http_head_refuse(h, 400,
			    "the target * is for OPTIONS only");
		h->form = HTTP_ASTERISK;
		return 0;
	}
	return target_absolute(h, buf);
}

/*
 * Bytes of a target.  Brackets belong to an IPv6 host, which only the forms
 * that do not begin with a slash can have.
 */
static uint32_t
target_scan(const char *buf, uint32_t off, uint32_t pos, uint32_t end)
{
	while (pos < end) {
		if (!http_char_is((uint8_t)buf[pos], HTTP_CHAR_TARGET) &&
		    !((buf[pos] == '[' || buf[pos] == ']') && buf[off] != '/'))
			break;
		pos++;
	}
	return pos;
}

static const char version[8] = "HTTP/1.1";

static int
version_step(struct http_head *h, const char *buf, uint32_t pos)
{
	uint32_t i = pos - h->mark;
	char c = buf[pos];

	if (i == 5 || i == 7 ? !http_char_is((uint8_t)c, HTTP_CHAR_DIGIT) :
			       c != version[i])
		return http_head_refuse(h, 400, "malformed HTTP version");
	if (i < 7)
		return 0;
	if (buf[h->mark + 5] != '1')
		return http_head_refuse(h, 505, "HTTP version not supported");
	h->minor = c == '0' ? 0 : 1;	/* of a later 1.x we speak 1.1 */
	h->state = S_LINE_CR;
	return 0;
}

/* What a byte means that ends the present element of the line wrongly. */
static int
line_refuse(struct http_head *h, char c)
{
	if (c == '\r' || c == '\n')
		return http_head_refuse(h, 400,
		    c == '\n' ? "bare LF in the request line" :
				"request line is not METHOD TARGET HTTP/1.1");
	return http_head_refuse(h, 400,
	    h->state == S_TARGET ? "invalid byte in the request target" :
				   "malformed method");
}

/* START to TARGET: 1 when pos stands behind what was there, else as parse. */
static int
line_words(struct http_head *h, const char *buf, uint32_t *pos, uint32_t end)
{
	uint32_t p = *pos;

	if (h->state == S_METHOD) {
		while (p < end && http_char_is((uint8_t)buf[p], HTTP_CHAR_TOKEN))
			p++;
		*pos = p;
		if (p - h->mark > METHOD_MAX)
			return http_head_refuse(h, 501, "unknown method");
		if (p == end)
			return 0;
		if (buf[p] != ' ')
			return line_refuse(h, buf[p]);
		h->method.off = h->mark;
		h->method.n = p - h->mark;
		h->method_id = method_find(buf + h->mark, h->method.n);
		h->mark = ++p;
		h->state = S_TARGET;
	}
	p = target_scan(buf, h->mark, p, end);
	*pos = p;
	if (p == end)
		return 0;
	if (buf[p] != ' ')
		return line_refuse(h, buf[p]);
	h->target.off = h->mark;
	h->target.n = p - h->mark;
	if (target_done(h, buf) < 0)
		return -EBADMSG;
	h->mark = *pos = p + 1;
	h->state = S_VERSION;
	return 1;
}

/* Empty lines, of which RFC 9112 2.2 asks us to skip at least one. */
static int
line_start(struct http_head *h, const char *buf, uint32_t *pos, uint32_t n)
{
	for (; *pos < n; ++*pos) {
		char c = buf[*pos];

		if (h->state == S_EMPTY_LF) {
			if (c != '\n')
				return http_head_refuse(h, 400,
				    "bare CR before the request line");
			h->state = S_START;
		} else if (c == '\r') {
			if (*pos >= h->limits->line_max)
				return http_head_refuse(h, 400,
				    "too many empty lines");
			h->state = S_EMPTY_LF;
		} else if (http_char_is((uint8_t)c, HTTP_CHAR_TOKEN)) {
			h->mark = h->block = *pos;
			h->state = S_METHOD;
			return 1;
		} else {
			return http_head_refuse(h, 400,
			    c == '\n' ? "bare LF before the request line" :
					"malformed method");
		}
	}
	return 0;
}

/*
 * The request line.  It may have line_max bytes; the byte behind the last of
 * them can only be its CR.
 */
static int
line_parse(struct http_head *h, const char *buf, uint32_t n)
{
	uint32_t pos = h->pos, lim, end;
	int rc = 1;

	if (h->state <= S_EMPTY_LF) {
		rc = line_start(h, buf, &pos, n);
		if (rc <= 0) {
			h->pos = pos;
			return rc;
		}
	}
	lim = h->block + h->limits->line_max;
	end = n < lim ? n : lim;
	if (h->state <= S_TARGET)
		rc = line_words(h, buf, &pos, end);
	if (rc > 0 && pos == h->mark && end - pos >= sizeof(version) &&
	    memcmp(buf + pos, version, sizeof(version)) == 0) {
		h->minor = 1;
		h->state = S_LINE_CR;
		pos += (uint32_t)sizeof(version);
	}
	while (rc > 0 && h->state == S_VERSION && pos < end)
		rc = version_step(h, buf, pos++) < 0 ? -EBADMSG : 1;
	if (rc < 0)
		return rc;
	if (h->state < S_LINE_CR) {
		h->pos = pos;
		return n > lim ? http_head_refuse(h, 414,
		    "request line too long") : 0;
	}
	if (h->state == S_LINE_CR && pos < n) {
		if (buf[pos] != '\r')
			return http_head_refuse(h, 400,
			    buf[pos] == '\n' ? "bare LF in the request line" :
					       "malformed HTTP version");
		pos++;
		h->state = S_LINE_LF;
	}
	if (h->state == S_LINE_LF && pos < n) {
		if (buf[pos] != '\n')
			return http_head_refuse(h, 400,
			    "bare CR in the request line");
		h->block = ++pos;
		h->state = S_FIELD;
	}
	h->pos = pos;
	return h->state == S_FIELD;
}

static int
field_first(struct http_head *h, const char *buf, uint32_t *pos)
{
	char c = buf[*pos];

	if (c == '\r') {
		h->state = S_END_LF;
		++*pos;
		return 0;
	}
	if (!http_char_is((uint8_t)c, HTTP_CHAR_TOKEN))
		return http_head_refuse(h, 400,
		    c == ' ' || c == '\t' ? "folded or indented field line" :
		    c == '\n'		  ? "bare LF in the header" :
		    c == ':'		  ? "empty field name" :
					    "invalid byte in a field name");
	if (h->n_fields == h->limits->fields_max)
		return http_head_refuse(h, 431, "too many header fields");
	h->mark = *pos;
	h->state = S_NAME;
	return 0;
}

static int
field_name(struct http_head *h, const char *buf, uint32_t *pos, uint32_t end)
{
	struct http_field *f = &h->fields[h->n_fields];
	uint32_t p = *pos;

	while (p < end && http_char_is((uint8_t)buf[p], HTTP_CHAR_TOKEN))
		p++;
	*pos = p;
	if (p == end)
		return 0;
	if (buf[p] != ':')
		return http_head_refuse(h, 400,
		    buf[p] == ' ' || buf[p] == '\t' ?
			"blank before the colon of a field" :
			"invalid byte in a field name");
	f->name.off = h->mark;
	f->name.n = p - h->mark;
	*pos = p + 1;
	h->state = S_BLANK;
	return 0;
}

static int
field_value(struct http_head *h, const char *buf, uint32_t *pos, uint32_t end)
{
	struct http_field *f = &h->fields[h->n_fields];
	uint32_t p = (uint32_t)(http_char_value_end(buf + *pos, buf + end) - buf);

	*pos = p;
	if (p == end)
		return 0;
	if (buf[p] != '\r')
		return http_head_refuse(h, 400,
		    buf[p] == '\n' ? "bare LF in the header" :
				     "control byte in a field value");
	*pos = p + 1;
	while (p > h->mark && (buf[p - 1] == ' ' || buf[p - 1] == '\t'))
		p--;
	f->value.off = h->mark;
	f->value.n = p - h->mark;
	h->state = S_VALUE_LF;
	return 0;
}

static int
field_lf(struct http_head *h, const char *buf, uint32_t *pos)
{
	struct http_field *f = &h->fields[h->n_fields];

	if (buf[(*pos)++] != '\n')
		return http_head_refuse(h, 400, "bare CR in the header");
	if (h->state == S_END_LF) {
		h->len = *pos;
		h->state = S_DONE;
		return http_field_agree(h) < 0 ? -EBADMSG : 0;
	}
	h->n_fields++;
	h->state = S_FIELD;
	return http_field_note(h, buf, f);
}

static int
fields_parse(struct http_head *h, const char *buf, uint32_t n)
{
	uint32_t lim = h->block + h->limits->head_max;
	uint32_t end = n < lim ? n : lim, pos = h->pos;
	int rc = 0;

	while (rc == 0 && pos < end && h->state != S_DONE) {
		switch (h->state) {
		case S_FIELD:
			rc = field_first(h, buf, &pos);
			break;
		case S_NAME:
			rc = field_name(h, buf, &pos, end);
			break;
		case S_BLANK:
			while (pos < end && (buf[pos] == ' ' || buf[pos] == '\t'))
				pos++;
			if (pos < end) {
				h->mark = pos;
				h->state = S_VALUE;
			}
			break;
		case S_VALUE:
			rc = field_value(h, buf, &pos, end);
			break;
		default:
			rc = field_lf(h, buf, &pos);
			break;
		}
	}
	h->pos = pos;
	if (rc < 0)
		return rc;
	if (h->state == S_DONE)
		return 1;
	return n > lim ? http_head_refuse(h, 431, "header too large") : 0;
}

int
http_head_parse(struct http_head *h, const char *buf, uint32_t n)
{
	int rc;

	if (h->state == S_REFUSED)
		return -EBADMSG;
	if (h->state == S_DONE)
		return 1;
	if (h->state < S_FIELD) {
		rc = line_parse(h, buf, n);
		if (rc <= 0)
			return rc;
	}
	return fields_parse(h, buf, n);
}

int
http_head_begun(const struct http_head *h)
{
	return h->state > S_EMPTY_LF;
}

int
http_head_find(const struct http_head *h, const char *buf, const char *name,
    uint32_t name_n, uint32_t from)
{
	uint32_t i;

	for (i = from; i < h->n_fields; i++)
		if (h->fields[i].name.n == name_n &&
		    http_char_same(buf + h->fields[i].name.off, name, name_n))
			return (int)i;
	return -1;
}

int
http_head_keeps(const struct http_head *h)
{
	if (h->flags & HTTP_CLOSE)
		return 0;
	return h->minor > 0 || (h->flags & HTTP_KEEP);
}
