#include "http_reply.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "http_char.h"

#define PUT(p, literal)                                                        \
	(memcpy((p), (literal), sizeof(literal) - 1), (p) + sizeof(literal) - 1)

/* Lines whose length does not depend on the answer: see http_reply_head(). */
#define ROOM_FIXED 400

static const struct {
	uint16_t status;
	const char *phrase;
} phrases[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 103, "Early Hints" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 423, "Locked" },
	{ 424, "Failed Dependency" },
	{ 425, "Too Early" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
	{ 508, "Loop Detected" },
	{ 511, "Network Authentication Required" },
};

const char *
http_reply_phrase(unsigned status)
{
	size_t i;

	for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

int
http_reply_bodiless(unsigned status)
{
	return status < 200 || status == 204 || status == 304;
}

static void
two(char *p, int v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
}

void
http_reply_date(char out[29], int64_t unix_s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)unix_s;
	struct tm tm;

	/* Not strftime: names must not follow the locale. */
	memset(&tm, 0, sizeof(tm));
	(void)gmtime_r(&t, &tm);
	memcpy(out, "Sun, 06 Nov 1994 08:49:37 GMT", 29);
	memcpy(out, days + 3 * tm.tm_wday, 3);
	two(out + 5, tm.tm_mday);
	memcpy(out + 8, months + 3 * tm.tm_mon, 3);
	two(out + 12, (tm.tm_year + 1900) / 100);
	two(out + 14, (tm.tm_year + 1900) % 100);
	two(out + 17, tm.tm_hour);
	two(out + 20, tm.tm_min);
	two(out + 23, tm.tm_sec);
}

void
http_stamp_init(struct http_stamp *s, int server, const char *worker)
{
	int n = 0;

	memset(s, 0, sizeof(*s));
	if (server)
		n = snprintf(s->fixed, sizeof(s->fixed), "Server: skep\r\n");
	if (worker != NULL)
		n += snprintf(s->fixed + n, sizeof(s->fixed) - (size_t)n,
		    "X-Skep-Worker: %.100s\r\n", worker);
	s->fixed_n = (uint32_t)n;
}

void
http_stamp_make(struct http_stamp *s, int64_t mono_ns)
{
	int64_t wall = clock_wall_ns();
	char *p = s->text;

	p = PUT(p, "Date: ");
	http_reply_date(p, wall / CLOCK_NS_PER_S);
	p += 29;
	p = PUT(p, "\r\n");
	memcpy(p, s->fixed, s->fixed_n);
	s->n = (uint32_t)(p - s->text) + s->fixed_n;
	s->until_ns = mono_ns + CLOCK_NS_PER_S - wall % CLOCK_NS_PER_S;
}

size_t
http_reply_room(const struct http_reply *r)
{
	const struct http_line *l;
	size_t n = ROOM_FIXED + sizeof(((struct http_stamp *)0)->text) +
	    r->type.n + r->etag.n + r->id.n + r->allow.n;

	for (l = r->lines; l != NULL; l = l->next)
		n += l->n;
	return n;
}

static char *
put_number(char *p, uint64_t v)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *
put_bytes(char *p, const char *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

static char *
put_status(char *p, unsigned status)
{
	const char *phrase;

	if (status == 200)
		return PUT(p, "HTTP/1.1 200 OK\r\n");
	p = PUT(p, "HTTP/1.1 ");
	p = put_number(p, status);
	*p++ = ' ';
	phrase = http_reply_phrase(status);
	p = put_bytes(p, phrase, strlen(phrase));
	return PUT(p, "\r\n");
}

static char *
put_field(char *p, const char *name, size_t name_n, struct skep_str value)
{
	p = put_bytes(p, name, name_n);
	p = put_bytes(p, value.p, value.n);
	return PUT(p, "\r\n");
}

#define PUT_FIELD(p, name, value) put_field((p), name, sizeof(name) - 1, (value))

static char *
put_framing(char *p, const struct http_reply *r)
{
	if (r->framing == HTTP_FRAME_LENGTH) {
		p = PUT(p, "Content-Length: ");
		p = put_number(p, r->length);
		p = PUT(p, "\r\n");
	} else if (r->framing == HTTP_FRAME_CHUNKED) {
		p = PUT(p, "Transfer-Encoding: chunked\r\n");
	}
	if (r->persist == HTTP_PERSIST_NOT)
		p = PUT(p, "Connection: close\r\n");
	else if (r->persist == HTTP_PERSIST_SAID)
		p = PUT(p, "Connection: keep-alive\r\n");
	return PUT(p, "\r\n");
}

size_t
http_reply_head(char *out, const struct http_reply *r,
    const struct http_stamp *stamp)
{
	const struct http_line *l;
	char *p = put_status(out, r->status);

	p = put_bytes(p, stamp->text, stamp->n);
	if (r->id.n > 0)
		p = PUT_FIELD(p, "X-Request-Id: ", r->id);
	if (r->type.n > 0)
		p = PUT_FIELD(p, "Content-Type: ", r->type);
	if (r->etag.n > 0)
		p = PUT_FIELD(p, "ETag: ", r->etag);
	if (r->allow.n > 0)
		p = PUT_FIELD(p, "Allow: ", r->allow);
	for (l = r->lines; l != NULL; l = l->next)
		p = put_bytes(p, l->text, l->n);
	return (size_t)(put_framing(p, r) - out);
}

/* Fields that the server makes itself, or that would change the framing. */
static const char *const reserved[] = { "connection", "content-length",
	"content-type", "date", "keep-alive", "server", "te", "trailer",
	"transfer-encoding", "upgrade", "x-request-id", "x-skep-worker" };

int
http_reply_field_ok(struct skep_str name, struct skep_str value)
{
	size_t i;

	if (name.n == 0)
		return 0;
	for (i = 0; i < name.n; i++)
		if (!http_char_is((uint8_t)name.p[i], HTTP_CHAR_TOKEN))
			return 0;
	if (value.n > 0 &&
	    http_char_value_end(value.p, value.p + value.n) !=
		value.p + value.n)
		return 0;
	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (name.n == strlen(reserved[i]) &&
		    http_char_same(name.p, reserved[i], name.n))
			return 0;
	return 1;
}
