/*
 * The head parser: a table of requests with what they mean or why they are
 * refused.  Each is parsed whole, cut in two at every byte, and byte by byte:
 * the outcome must be the same.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_head.h"

static const struct http_limits limits = { .line_max = 8192,
	.head_max = 32768,
	.fields_max = 100,
	.body_max = 50 << 20 };

struct outcome {
	int rc;
	struct http_head h;
	struct http_field fields[101];
};

static struct http_field scratch[100];

/* Feed in two steps: cut bytes, then all.  step > 0: each step bytes. */
static void
parse(struct outcome *o, const char *in, size_t n, size_t cut, size_t step)
{
	memset(scratch, 0xa5, sizeof(scratch));
	http_head_init(&o->h, &limits, scratch);
	o->rc = 0;
	while (o->rc == 0) {
		/* Its exact size, so that a sanitizer sees a read behind it;
		 * another place each time, as buffers move. */
		char *copy = malloc(cut == 0 ? 1 : cut);

		memcpy(copy, in, cut);
		o->rc = http_head_parse(&o->h, copy, (uint32_t)cut);
		free(copy);
		if (cut == n)
			break;
		cut = step > 0 && cut + step < n ? cut + step : n;
	}
	memcpy(o->fields, scratch, o->h.n_fields * sizeof(scratch[0]));
}

static void
put(char **at, const char *name, const char *in, struct http_span s)
{
	*at += sprintf(*at, "%s%.*s", name, (int)s.n, in + s.off);
}

/*
 * "GET /path ?query @host 1.1 body=5 [flags]" or "400 why" or "more".
 */
static void
describe(char *out, const struct outcome *o, const char *in)
{
	static const struct {
		unsigned flag;
		const char *text;
	} flags[] = { { HTTP_CHUNKED, " chunked" }, { HTTP_EXPECTS, " expects" },
		{ HTTP_HAS_ESCAPE, " escape" },
		{ HTTP_HAS_NONE_MATCH, " none-match" } };
	static const char forms[] = "oa*c";
	const struct http_head *h = &o->h;
	char *at = out;
	size_t i;

	if (o->rc < 0) {
		sprintf(out, "%d %s", h->status, h->why);
		return;
	}
	if (o->rc == 0) {
		strcpy(out, "more");
		return;
	}
	put(&at, "", in, h->method);
	at += sprintf(at, " %c", forms[h->form]);
	put(&at, " ", in, h->path);
	if (h->query.n > 0)
		put(&at, "?", in, h->query);
	if (h->host.n > 0)
		put(&at, " @", in, h->host);
	at += sprintf(at, " 1.%d", h->minor);
	if (h->flags & HTTP_HAS_LENGTH)
		at += sprintf(at, " body=%llu", (unsigned long long)h->length);
	if (h->flags & HTTP_HAS_REQUEST_ID)
		put(&at, " id=", in, h->request_id);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (h->flags & flags[i].flag)
			at += sprintf(at, "%s", flags[i].text);
	at += sprintf(at, "%s", http_head_keeps(h) ? "" : " close");
}

static void
compare(const char *in, size_t n, const struct outcome *whole, size_t cut,
    size_t step)
{
	struct outcome o;

	parse(&o, in, n, cut, step);
	ck_assert_int_eq(o.rc, whole->rc);
	if (o.rc < 0) {
		ck_assert_int_eq(o.h.status, whole->h.status);
		ck_assert_str_eq(o.h.why, whole->h.why);
		return;
	}
	if (o.rc == 0)
		return;
	ck_assert_uint_eq(o.h.len, whole->h.len);
	ck_assert_uint_eq(o.h.flags, whole->h.flags);
	ck_assert_uint_eq(o.h.length, whole->h.length);
	ck_assert_uint_eq(o.h.n_fields, whole->h.n_fields);
	ck_assert_mem_eq(&o.h.method, &whole->h.method,
	    offsetof(struct http_head, length) -
		offsetof(struct http_head, method));
	ck_assert_mem_eq(o.fields, whole->fields,
	    o.h.n_fields * sizeof(o.fields[0]));
}

/* Parse in every way; the description of the outcome must be want. */
static void
expect_n(const char *in, size_t n, const char *want)
{
	struct outcome whole;
	char *got = malloc(n + 200);
	size_t cut, by = n > 2000 ? n / 97 : 1;

	parse(&whole, in, n, n, 0);
	describe(got, &whole, in);
	if (strcmp(got, want) != 0)
		ck_abort_msg("%.*s\n-> %s\nwant %s", (int)n, in, got, want);
	free(got);
	for (cut = 0; cut < n; cut += by)
		compare(in, n, &whole, cut, 0);
	compare(in, n, &whole, 0, 1);
	if (n > 1)
		compare(in, n, &whole, 1, 3);
}

static void
expect(const char *in, const char *want)
{
	expect_n(in, strlen(in), want);
}

#define E "\r\n"
#define H "Host: a" E
#define GET "GET / HTTP/1.1" E
#define OK "GET o / @a 1.1"

static const struct {
	const char *in, *want;
} table[] = {
	/* The request line. */
	{ GET H E, OK },
	{ E GET H E, OK },
	{ E E E GET H E, OK },
	{ "", "more" },
	{ E, "more" },
	{ "\r", "more" },
	{ "G", "more" },
	{ "GET ", "more" },
	{ "GET / HTTP/1.1\r", "more" },
	{ GET, "more" },
	{ GET H, "more" },
	{ GET H "\r", "more" },
	{ "\n" GET H E, "400 bare LF before the request line" },
	{ "\rG", "400 bare CR before the request line" },
	{ "\r\r\n", "400 bare CR before the request line" },
	{ " GET / HTTP/1.1" E H E, "400 malformed method" },
	{ "G@T / HTTP/1.1" E H E, "400 malformed method" },
	{ ": / HTTP/1.1" E H E, "400 malformed method" },
	{ "GET", "more" },
	{ "GET\t/ HTTP/1.1" E H E, "400 malformed method" },
	{ "GET" E H E, "400 request line is not METHOD TARGET HTTP/1.1" },
	{ "GET /" E H E, "400 request line is not METHOD TARGET HTTP/1.1" },
	{ "GET / " E H E, "400 malformed HTTP version" },
	{ "GET /\n" H E, "400 bare LF in the request line" },
	{ "GET\n", "400 bare LF in the request line" },
	{ "GET  / HTTP/1.1" E H E, "400 empty request target" },
	{ "GET /  HTTP/1.1" E H E, "400 malformed HTTP version" },
	{ "GET / HTTP/1.1 " E H E, "400 malformed HTTP version" },
	{ "GET / HTTP/1.1\t" E H E, "400 malformed HTTP version" },
	{ "GET /\tHTTP/1.1" E H E, "400 invalid byte in the request target" },
	{ "GET / HTTP/1.1\n" H E, "400 bare LF in the request line" },
	{ "GET / HTTP/1.1\rH", "400 bare CR in the request line" },
	{ "GET / HTTP/1.1\r\r\n", "400 bare CR in the request line" },
	{ "GET / http/1.1" E H E, "400 malformed HTTP version" },
	{ "GET / HTTP/1" E H E, "400 malformed HTTP version" },
	{ "GET / HTTP/11" E H E, "400 malformed HTTP version" },
	{ "GET / HTTP/1.x" E H E, "400 malformed HTTP version" },
	{ "GET / HTTP/1.11" E H E, "400 malformed HTTP version" },
	{ "GET / HTTP/+1.1" E H E, "400 malformed HTTP version" },
	{ "GET / HTTPS/1.1" E H E, "400 malformed HTTP version" },
	{ "GET / ICY/1.1" E H E, "400 malformed HTTP version" },
	{ "GET / HTTP/2.0" E H E, "505 HTTP version not supported" },
	{ "GET / HTTP/0.9" E H E, "505 HTTP version not supported" },
	{ "GET / HTTP/3.1" E H E, "505 HTTP version not supported" },
	{ "PRI * HTTP/2.0" E E "SM" E E, "400 the target * is for OPTIONS only" },
	{ "GET / HTTP/1.2" E H E, OK },
	{ "GET / HTTP/1.9" E H E, OK },
	{ "get / HTTP/1.1" E H E, "get o / @a 1.1" },
	{ "M-S'!#$%&*+.^_`|~09 / HTTP/1.1" E H E,
	    "M-S'!#$%&*+.^_`|~09 o / @a 1.1" },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	  " / HTTP/1.1" E H E, "501 unknown method" },
	{ "HEAD /x HTTP/1.1" E H E, "HEAD o /x @a 1.1" },
	{ "TRACE / HTTP/1.1" E H E, "TRACE o / @a 1.1" },

	/* Targets. */
	{ "GET /a/b?c=d HTTP/1.1" E H E, "GET o /a/b?c=d @a 1.1" },
	{ "GET /? HTTP/1.1" E H E, OK },
	{ "GET /?a?b/c HTTP/1.1" E H E, "GET o /?a?b/c @a 1.1" },
	{ "GET //x HTTP/1.1" E H E, "GET o //x @a 1.1" },
	{ "GET /-._~!$&'()*+,;=:@/ HTTP/1.1" E H E,
	    "GET o /-._~!$&'()*+,;=:@/ @a 1.1" },
	{ "GET /%5EVIX HTTP/1.1" E H E, "GET o /%5EVIX @a 1.1 escape" },
	{ "GET /a?b=%20%fF HTTP/1.1" E H E, "GET o /a?b=%20%fF @a 1.1 escape" },
	{ "GET /% HTTP/1.1" E H E,
	    "400 bad percent-escape in the request target" },
	{ "GET /%2 HTTP/1.1" E H E,
	    "400 bad percent-escape in the request target" },
	{ "GET /%2g HTTP/1.1" E H E,
	    "400 bad percent-escape in the request target" },
	{ "GET /a%00b HTTP/1.1" E H E,
	    "400 bad percent-escape in the request target" },
	{ "GET /?a=%00 HTTP/1.1" E H E,
	    "400 bad percent-escape in the request target" },
	{ "GET /?a=%%41 HTTP/1.1" E H E,
	    "400 bad percent-escape in the request target" },
	{ "GET /a#b HTTP/1.1" E H E, "400 invalid byte in the request target" },
	{ "GET /[ HTTP/1.1" E H E, "400 invalid byte in the request target" },
	{ "GET /\"a\" HTTP/1.1" E H E,
	    "400 invalid byte in the request target" },
	{ "GET /\xc3\xa4 HTTP/1.1" E H E,
	    "400 invalid byte in the request target" },
	{ "GET a HTTP/1.1" E H E, "400 malformed request target" },
	{ "GET ?a HTTP/1.1" E H E, "400 malformed request target" },
	{ "GET a:80 HTTP/1.1" E H E, "400 malformed request target" },
	{ "GET http://b/c?d HTTP/1.1" E H E, "GET a /c?d @b 1.1" },
	{ "GET http://b:8/c HTTP/1.1" E H E, "GET a /c @b:8 1.1" },
	{ "GET HtTp://b HTTP/1.1" E H E, "GET a  @b 1.1" },
	{ "GET https://b/ HTTP/1.1" E H E, "GET a / @b 1.1" },
	{ "GET http://b?c HTTP/1.1" E H E, "GET a ?c @b 1.1" },
	{ "GET http://[::1]:80/c HTTP/1.1" E H E, "GET a /c @[::1]:80 1.1" },
	{ "GET http://b/[ HTTP/1.1" E H E,
	    "400 invalid byte in the request target" },
	{ "GET http:///c HTTP/1.1" E H E,
	    "400 malformed host in the request target" },
	{ "GET http://:80/c HTTP/1.1" E H E,
	    "400 malformed host in the request target" },
	{ "GET http://u@b/c HTTP/1.1" E H E,
	    "400 malformed host in the request target" },
	{ "GET http://[::1/c HTTP/1.1" E H E,
	    "400 malformed host in the request target" },
	{ "GET ftp://b/c HTTP/1.1" E H E, "400 malformed request target" },
	{ "GET http:/b/c HTTP/1.1" E H E, "400 malformed request target" },
	{ "GET http://b/c HTTP/1.1" E E, "400 missing Host field" },
	{ "GET http://b/c HTTP/1.0" E E, "GET a /c @b 1.0 close" },
	{ "OPTIONS * HTTP/1.1" E H E, "OPTIONS *  @a 1.1" },
	{ "OPTIONS http://b HTTP/1.1" E H E, "OPTIONS *  @b 1.1" },
	{ "OPTIONS http://b/ HTTP/1.1" E H E, "OPTIONS a / @b 1.1" },
	{ "OPTIONS /x HTTP/1.1" E H E, "OPTIONS o /x @a 1.1" },
	{ "GET * HTTP/1.1" E H E, "400 the target * is for OPTIONS only" },
	{ "OPTIONS ** HTTP/1.1" E H E, "400 malformed request target" },
	{ "CONNECT b:443 HTTP/1.1" E H E, "CONNECT c  @b:443 1.1" },
	{ "CONNECT [::1]:443 HTTP/1.1" E H E, "CONNECT c  @[::1]:443 1.1" },
	{ "CONNECT u@b:443 HTTP/1.1" E H E, "400 malformed request target" },

	/* Fields. */
	{ GET H "X:" E E, OK },
	{ GET H "X: \t" E E, OK },
	{ GET H "X:a" E E, OK },
	{ GET H "X: a b\tc \t" E E, OK },
	{ GET H "X: \x80\xff" E E, OK },
	{ GET H "!#$%&'*+-.^_`|~09az: 1" E E, OK },
	{ GET H "X : a" E E, "400 blank before the colon of a field" },
	{ GET H "X\t: a" E E, "400 blank before the colon of a field" },
	{ GET H "X" E E, "400 invalid byte in a field name" },
	{ GET H ": a" E E, "400 empty field name" },
	{ GET H "X(): a" E E, "400 invalid byte in a field name" },
	{ GET H "X\x80: a" E E, "400 invalid byte in a field name" },
	{ GET H "\"X\": a" E E, "400 invalid byte in a field name" },
	{ GET " " H E, "400 folded or indented field line" },
	{ GET H "X: a" E " b" E E, "400 folded or indented field line" },
	{ GET H "X: a" E "\tb" E E, "400 folded or indented field line" },
	{ GET H "X: a" E " " E E, "400 folded or indented field line" },
	{ GET H "X: a\n" E, "400 bare LF in the header" },
	{ GET H "X: a\nY: b" E E, "400 bare LF in the header" },
	{ GET H "X: a\rY: b" E E, "400 bare CR in the header" },
	{ GET H "X: a\r\r\n" E, "400 bare CR in the header" },
	{ GET H "\n", "400 bare LF in the header" },
	{ GET H "\r\r\n", "400 bare CR in the header" },
	{ GET H "\rX: a" E E, "400 bare CR in the header" },
	{ GET "Host:\ra" E E, "400 bare CR in the header" },
	{ GET H "X: \x01" E E, "400 control byte in a field value" },
	{ GET H "X: a\x7f" E E, "400 control byte in a field value" },
	{ GET H "X: 1234567\x1f" "89" E E, "400 control byte in a field value" },
	{ GET H "X: 123456789\t\x0b" "12345678" E E,
	    "400 control byte in a field value" },

	/* Host. */
	{ GET E, "400 missing Host field" },
	{ "GET / HTTP/1.0" E E, "GET o / 1.0 close" },
	{ "GET / HTTP/1.0" E H E, "GET o / @a 1.0 close" },
	{ GET H H E, "400 more than one Host field" },
	{ GET H "hOST: b" E E, "400 more than one Host field" },
	{ "GET / HTTP/1.0" E H H E, "400 more than one Host field" },
	{ GET "Host:" E E, "GET o / 1.1" },
	{ GET "HOST: b" E E, "GET o / @b 1.1" },
	{ GET "Host: b:80" E E, "GET o / @b:80 1.1" },
	{ GET "Host: b:" E E, "GET o / @b: 1.1" },
	{ GET "Host: 127.0.0.1:65535" E E, "GET o / @127.0.0.1:65535 1.1" },
	{ GET "Host: [::1]" E E, "GET o / @[::1] 1.1" },
	{ GET "Host: [::1]:80" E E, "GET o / @[::1]:80 1.1" },
	{ GET "Host: [::ffff:1.2.3.4]" E E, "GET o / @[::ffff:1.2.3.4] 1.1" },
	{ GET "Host: [1:2:3:4:5:6:7:8:9]" E E, "400 malformed Host field" },
	{ GET "Host: [::::]" E E, "400 malformed Host field" },
	{ GET "Host: [12345::]" E E, "400 malformed Host field" },
	{ GET "Host: [v1.x:y]" E E, "GET o / @[v1.x:y] 1.1" },
	{ GET "Host: a%41b" E E, "GET o / @a%41b 1.1" },
	{ GET "Host: b:65536" E E, "400 malformed Host field" },
	{ GET "Host: b:8a" E E, "400 malformed Host field" },
	{ GET "Host: b:-1" E E, "400 malformed Host field" },
	{ GET "Host: :80" E E, "400 malformed Host field" },
	{ GET "Host: b:80:81" E E, "400 malformed Host field" },
	{ GET "Host: a b" E E, "400 malformed Host field" },
	{ GET "Host: a, b" E E, "400 malformed Host field" },
	{ GET "Host: a/b" E E, "400 malformed Host field" },
	{ GET "Host: u@b" E E, "400 malformed Host field" },
	{ GET "Host: a?b" E E, "400 malformed Host field" },
	{ GET "Host: a#b" E E, "400 malformed Host field" },
	{ GET "Host: a\\b" E E, "400 malformed Host field" },
	{ GET "Host: <a>" E E, "400 malformed Host field" },
	{ GET "Host: \xc3\xa4" E E, "400 malformed Host field" },
	{ GET "Host: a%" E E, "400 malformed Host field" },
	{ GET "Host: a%zz" E E, "400 malformed Host field" },
	{ GET "Host: a%00" E E, "400 malformed Host field" },
	{ GET "Host: ::1" E E, "400 malformed Host field" },
	{ GET "Host: []" E E, "400 malformed Host field" },
	{ GET "Host: [::1" E E, "400 malformed Host field" },
	{ GET "Host: [::1]x" E E, "400 malformed Host field" },
	{ GET "Host: [::g]" E E, "400 malformed Host field" },
	{ GET "Host: [12]" E E, "400 malformed Host field" },
	{ GET "Host: [v1]" E E, "400 malformed Host field" },
	{ GET "Host : a" E E, "400 blank before the colon of a field" },

	/* Content-Length. */
	{ GET H "Content-Length: 0" E E, OK " body=0" },
	{ GET H "content-length:5" E E, OK " body=5" },
	{ GET H "Content-Length: 005" E E, OK " body=5" },
	{ GET H "Content-Length: 52428800" E E, OK " body=52428800" },
	{ GET H "Content-Length: 52428801" E E, "413 request body too large" },
	{ GET H "Content-Length: 18446744073709551616" E E,
	    "413 request body too large" },
	{ GET H "Content-Length: 18446744073709551621" E E,
	    "413 request body too large" },
	{ GET H "Content-Length: 99999999999999999999999999999999999999" E E,
	    "413 request body too large" },
	{ GET H "Content-Length: 5" E "Content-Length: 5" E E,
	    "400 more than one Content-Length field" },
	{ GET H "Content-Length: 5" E "Content-Length: 6" E E,
	    "400 more than one Content-Length field" },
	{ GET H "Content-Length: 5, 5" E E,
	    "400 Content-Length is not a number" },
	{ GET H "Content-Length: 5,6" E E,
	    "400 Content-Length is not a number" },
	{ GET H "Content-Length: +5" E E, "400 Content-Length is not a number" },
	{ GET H "Content-Length: -5" E E, "400 Content-Length is not a number" },
	{ GET H "Content-Length: 0x5" E E,
	    "400 Content-Length is not a number" },
	{ GET H "Content-Length: 5 5" E E,
	    "400 Content-Length is not a number" },
	{ GET H "Content-Length: 5." E E, "400 Content-Length is not a number" },
	{ GET H "Content-Length: \"5\"" E E,
	    "400 Content-Length is not a number" },
	{ GET H "Content-Length:" E E, "400 empty Content-Length" },
	{ GET H "Content-Length: \t" E E, "400 empty Content-Length" },
	{ GET H "Content-Length : 5" E E,
	    "400 blank before the colon of a field" },
	{ GET H "Content_Length: 5" E E, OK },

	/* Transfer-Encoding. */
	{ GET H "Transfer-Encoding: chunked" E E, OK " chunked" },
	{ GET H "transfer-encoding:CHUNKED" E E, OK " chunked" },
	{ GET H "Transfer-Encoding: , chunked ," E E, OK " chunked" },
	{ GET H "Transfer-Encoding: chunked" E "Content-Length: 5" E E,
	    "400 Transfer-Encoding together with Content-Length" },
	{ GET H "Content-Length: 0" E "Transfer-Encoding: chunked" E E,
	    "400 Transfer-Encoding together with Content-Length" },
	{ GET H "Content-Length: 0" E "Transfer-Encoding: identity" E E,
	    "400 Transfer-Encoding together with Content-Length" },
	{ GET H "Transfer-Encoding: chunked" E "Transfer-Encoding: chunked" E E,
	    "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding: chunked, chunked" E E,
	    "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding: chunked, gzip" E E,
	    "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding: gzip, chunked" E E,
	    "501 unknown transfer coding" },
	{ GET H "Transfer-Encoding: gzip" E "Transfer-Encoding: chunked" E E,
	    "501 unknown transfer coding" },
	{ GET H "Transfer-Encoding: gzip;q=1, chunked" E E,
	    "501 unknown transfer coding" },
	{ GET H "Transfer-Encoding: gzip" E E,
	    "400 the last transfer coding is not chunked" },
	{ GET H "Transfer-Encoding: identity" E E,
	    "400 the last transfer coding is not chunked" },
	{ GET H "Transfer-Encoding: xchunked" E E,
	    "400 the last transfer coding is not chunked" },
	{ GET H "Transfer-Encoding: chunkedx" E E,
	    "400 the last transfer coding is not chunked" },
	{ GET H "Transfer-Encoding: chunked;a=b" E E,
	    "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding: \"chunked\"" E E,
	    "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding: chunked x" E E,
	    "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding: x chunked" E E,
	    "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding:" E E, "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding: ," E E, "400 malformed Transfer-Encoding" },
	{ GET H "Transfer-Encoding: \x0b" "chunked" E E,
	    "400 control byte in a field value" },
	{ GET H "Transfer-Encoding\x0b: chunked" E E,
	    "400 invalid byte in a field name" },
	{ "GET / HTTP/1.0" E H "Transfer-Encoding: chunked" E E,
	    "400 Transfer-Encoding in an HTTP/1.0 request" },
	{ "GET / HTTP/1.0" E "Content-Length: 3" E E,
	    "GET o / 1.0 body=3 close" },

	/* Connection, Expect and the rest. */
	{ GET H "Connection: close" E E, OK " close" },
	{ GET H "Connection: Keep-Alive" E E, OK },
	{ GET H "connection: x, CLOSE" E E, OK " close" },
	{ GET H "Connection: x" E "Connection: close" E E, OK " close" },
	{ GET H "Connection: keep-alive, close" E E, OK " close" },
	{ GET H "Connection: closed" E E, OK },
	{ GET H "Connection: ,,," E E, OK },
	{ GET H "Connection:" E E, OK },
	{ "GET / HTTP/1.0" E "Connection: keep-alive" E E, "GET o / 1.0" },
	{ "GET / HTTP/1.0" E "Connection: keep-alive, close" E E,
	    "GET o / 1.0 close" },
	{ GET H "Expect: 100-continue" E "Content-Length: 1" E E,
	    OK " body=1 expects" },
	{ GET H "Expect: 100-Continue" E "Transfer-Encoding: chunked" E E,
	    OK " chunked expects" },
	{ GET H "Expect: 100-continue" E "Content-Length: 0" E E, OK " body=0" },
	{ GET H "Expect: 100-continue" E E, OK },
	{ GET H "Expect: 200-ok" E E, "417 unknown expectation" },
	{ GET H "Expect: 100-continue, x" E E, "417 unknown expectation" },
	{ GET H "Expect: 100-continue" E "Content-Length: 99999999" E E,
	    "413 request body too large" },
	{ "GET / HTTP/1.0" E "Expect: 100-continue" E "Content-Length: 1" E E,
	    "GET o / 1.0 body=1 close" },
	{ "GET / HTTP/1.0" E "Expect: x" E E, "GET o / 1.0 close" },
	{ GET H "X-Request-Id: abc" E "X-Request-Id: d" E E, OK " id=abc" },
	{ GET H "If-None-Match: *" E E, OK " none-match" },

	/* What follows the head is nobody's business here. */
	{ GET H E "\x01garbage", OK },
	{ GET H "Content-Length: 3" E E "abcGET", OK " body=3" },
};

START_TEST(each_request_means_what_the_rfc_says)
{
	expect(table[_i].in, table[_i].want);
}
END_TEST

/* pre + byte + post for all 256 bytes: ok where allowed tells, else refused */
static void
every_byte(const char *pre, const char *post, const char *allowed, int obs)
{
	char in[300], got[600];
	struct outcome o;
	int c;

	for (c = 0; c < 256; c++) {
		size_t n = strlen(pre);
		int ok = (c != 0 && strchr(allowed, c) != NULL) ||
		    (obs && c >= 0x80);

		memcpy(in, pre, n);
		in[n++] = (char)c;
		memcpy(in + n, post, strlen(post));
		n += strlen(post);
		parse(&o, in, n, n, 0);
		describe(got, &o, in);
		ck_assert_msg((o.rc == 1) == ok, "byte %d: %s", c, got);
		if (!ok)
			ck_assert_msg(o.rc < 0 && o.h.status == 400,
			    "byte %d: %s", c, got);
		expect_n(in, n, got);
	}
}

#define ALNUM                                                                  \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

START_TEST(every_byte_is_judged_in_a_method)
{
	every_byte("G", "T / HTTP/1.1" E H E, ALNUM "!#$%&'*+-.^_`|~", 0);
}
END_TEST

START_TEST(every_byte_is_judged_in_a_path)
{
	every_byte("GET /a", "b HTTP/1.1" E H E, ALNUM "-._~!$&'()*+,;=:@/?",
	    0);
}
END_TEST

START_TEST(every_byte_is_judged_in_a_field_name)
{
	every_byte(GET H "X", "y: z" E E, ALNUM "!#$%&'*+-.^_`|~:", 0);
}
END_TEST

START_TEST(every_byte_is_judged_in_a_field_value)
{
	every_byte(GET H "X: y", "z" E E,
	    ALNUM " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 1);
	every_byte(GET H "X: 12345678", "12345678" E E,
	    ALNUM " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 1);
}
END_TEST

START_TEST(every_byte_is_judged_in_a_host)
{
	every_byte(GET "Host: a", "b" E E, ALNUM "-._~!$&'()*+,;=", 0);
}
END_TEST

START_TEST(nul_is_refused_everywhere)
{
	static const char good[] = "GET /a HTTP/1.1" E H "X: y" E E;
	char in[sizeof(good)];
	struct outcome o;
	size_t i;

	for (i = 0; i < sizeof(good) - 1; i++) {
		memcpy(in, good, sizeof(good));
		in[i] = '\0';
		parse(&o, in, sizeof(good) - 1, sizeof(good) - 1, 0);
		ck_assert_int_lt(o.rc, 0);
		ck_assert_int_eq(o.h.status, 400);
	}
}
END_TEST

/* GET /aaa... with a request line of n bytes. */
static size_t
line_of(char *in, size_t n)
{
	size_t at = (size_t)sprintf(in, "GET /");

	memset(in + at, 'a', n - at - 9);
	return n - 9 + (size_t)sprintf(in + n - 9, " HTTP/1.1" E H E);
}

START_TEST(request_line_has_a_limit)
{
	char *in = malloc(20000), *want = malloc(20000);
	size_t n = line_of(in, 8192);

	sprintf(want, "GET o %.*s @a 1.1", 8192 - 13, in + 4);
	expect_n(in, n, want);
	n = line_of(in, 8193);
	expect_n(in, n, "414 request line too long");
	memset(in, 'a', 20000);
	memcpy(in, "GET /", 5);
	expect_n(in, 8192, "more");
	expect_n(in, 8193, "414 request line too long");
	expect_n(in, 20000, "414 request line too long");
	free(in);
	free(want);
}
END_TEST

START_TEST(header_has_a_limit_in_bytes)
{
	char *in = malloc(70000);
	size_t line = strlen(GET), n;

	/* Host (9), "X: " ... CR LF, CR LF: exactly 32768 bytes of fields */
	n = (size_t)sprintf(in, "%s%sX: ", GET, H);
	memset(in + n, 'a', 60000);
	memcpy(in + line + 32768 - 4, E E, 4);
	expect_n(in, line + 32768, OK);
	memset(in + line + 32768 - 4, 'a', 4);
	memcpy(in + line + 32768 - 3, E E, 4);
	expect_n(in, line + 32769, "431 header too large");
	memset(in + line + 32768 - 3, 'a', 4);
	expect_n(in, line + 32768, "more");
	expect_n(in, line + 32769, "431 header too large");
	free(in);
}
END_TEST

START_TEST(header_has_a_limit_in_fields)
{
	char in[2000];
	size_t n = (size_t)sprintf(in, "%s%s", GET, H);
	int i;

	for (i = 0; i < 99; i++)
		n += (size_t)sprintf(in + n, "X: %d" E, i);
	sprintf(in + n, E);
	expect(in, OK);
	sprintf(in + n, "X: 99" E E);
	expect(in, "431 too many header fields");
}
END_TEST

START_TEST(empty_lines_have_a_limit)
{
	char *in = malloc(20000);
	size_t i;

	for (i = 0; i < 20000; i += 2)
		memcpy(in + i, E, 2);
	expect_n(in, 8192, "more");
	expect_n(in, 8194, "400 too many empty lines");
	strcpy(in + 8192, GET H E);
	expect(in, OK);
	free(in);
}
END_TEST

START_TEST(fields_are_found_by_name_in_any_case)
{
	static const char in[] = GET H "Accept: a" E "aCCEPT:  b " E E;
	struct outcome o;
	int i;

	parse(&o, in, strlen(in), strlen(in), 0);
	o.h.fields = o.fields;
	i = http_head_find(&o.h, in, "accept", 6, 0);
	ck_assert_int_eq(i, 1);
	i = http_head_find(&o.h, in, "accept", 6, (uint32_t)i + 1);
	ck_assert_int_eq(i, 2);
	ck_assert_uint_eq(o.fields[i].value.n, 1);
	ck_assert_int_eq(in[o.fields[i].value.off], 'b');
	ck_assert_int_eq(http_head_find(&o.h, in, "accept", 6, 3), -1);
	ck_assert_int_eq(http_head_find(&o.h, in, "accepts", 7, 0), -1);
}
END_TEST

START_TEST(empty_lines_are_no_request_yet)
{
	struct outcome o;

	parse(&o, E E "\r", 5, 5, 0);
	ck_assert(!http_head_begun(&o.h));
	parse(&o, E E "G", 5, 5, 0);
	ck_assert(http_head_begun(&o.h));
}
END_TEST

START_TEST(a_refusal_is_final)
{
	struct outcome o;

	parse(&o, "\n", 1, 1, 0);
	ck_assert_int_lt(http_head_parse(&o.h, GET H E, 20), 0);
	ck_assert_int_eq(o.h.status, 400);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("http_head");
	TCase *t = tcase_create("head");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_request_means_what_the_rfc_says, 0,
	    sizeof(table) / sizeof(table[0]));
	tcase_add_test(t, every_byte_is_judged_in_a_method);
	tcase_add_test(t, every_byte_is_judged_in_a_path);
	tcase_add_test(t, every_byte_is_judged_in_a_field_name);
	tcase_add_test(t, every_byte_is_judged_in_a_field_value);
	tcase_add_test(t, every_byte_is_judged_in_a_host);
	tcase_add_test(t, nul_is_refused_everywhere);
	tcase_add_test(t, request_line_has_a_limit);
	tcase_add_test(t, header_has_a_limit_in_bytes);
	tcase_add_test(t, header_has_a_limit_in_fields);
	tcase_add_test(t, empty_lines_have_a_limit);
	tcase_add_test(t, fields_are_found_by_name_in_any_case);
	tcase_add_test(t, empty_lines_are_no_request_yet);
	tcase_add_test(t, a_refusal_is_final);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
