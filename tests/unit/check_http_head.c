/*
 * The head parser: a table of requests with what they mean or why they are
 * refused.  Each is parsed whole, cut in two at every byte, and byte by byte:
 * the outcome must be the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "check_http_head.h"

static const struct http_limits limits = { .line_max = 8192,
	.head_max = 32768,
	.fields_max = 100,
	.body_max = 50 << 20 };

static struct http_field scratch[100];

void
head_parse(struct outcome *o, const char *in, size_t n, size_t cut, size_t step)
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

void
head_describe(char *out, const struct outcome *o, const char *in)
{
	static const struct {
		unsigned flag;
		const char *text;
	} flags[] = { { HTTP_CHUNKED, " chunked" }, { HTTP_EXPECTS, " expects" },
		{ HTTP_HAS_ESCAPE, " escape" },
		{ HTTP_HAS_NONE_MATCH, " none-match" },
		{ HTTP_HAS_MATCH, " match" } };
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

	head_parse(&o, in, n, cut, step);
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

void
head_expect_n(const char *in, size_t n, const char *want)
{
	struct outcome whole;
	char *got = malloc(n + 200);
	size_t cut, by = n > 2000 ? n / 97 : 1;

	head_parse(&whole, in, n, n, 0);
	head_describe(got, &whole, in);
	if (strcmp(got, want) != 0)
		ck_abort_msg("%.*s\n-> %s\nwant %s", (int)n, in, got, want);
	free(got);
	for (cut = 0; cut < n; cut += by)
		compare(in, n, &whole, cut, 0);
	compare(in, n, &whole, 0, 1);
	if (n > 1)
		compare(in, n, &whole, 1, 3);
}

void
head_expect(const char *in, const char *want)
{
	head_expect_n(in, strlen(in), want);
}

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
};

START_TEST(each_request_means_what_the_rfc_says)
{
	head_expect(table[_i].in, table[_i].want);
}
END_TEST

START_TEST(fields_are_found_by_name_in_any_case)
{
	static const char in[] = GET H "Accept: a" E "aCCEPT:  b " E E;
	struct outcome o;
	int i;

	head_parse(&o, in, strlen(in), strlen(in), 0);
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

	head_parse(&o, E E "\r", 5, 5, 0);
	ck_assert(!http_head_begun(&o.h));
	head_parse(&o, E E "G", 5, 5, 0);
	ck_assert(http_head_begun(&o.h));
}
END_TEST

START_TEST(a_refusal_is_final)
{
	struct outcome o;

	head_parse(&o, "\n", 1, 1, 0);
	ck_assert_int_lt(http_head_parse(&o.h, GET H E, 20), 0);
	ck_assert_int_eq(o.h.status, 400);
}
END_TEST

int
main(void)
{
	TCase *t = SUITE_CASE("head", NULL, NULL,
	    fields_are_found_by_name_in_any_case,
	    empty_lines_are_no_request_yet, a_refusal_is_final);

	tcase_add_loop_test(t, each_request_means_what_the_rfc_says, 0,
	    sizeof(table) / sizeof(table[0]));
	return SUITE_RUN("http_head", t, head_body_case(), head_limits_case());
}
