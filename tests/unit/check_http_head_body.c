/*
 * The head parser, on what tells of a body and of the connection: rows as in
 * check_http_head.c.
 */
#include "../lib/suite.h"
#include "check_http_head.h"

static const struct {
	const char *in, *want;
} table[] = {
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
	{ GET H "If-Match: *" E E, OK " match" },

	/* What follows the head is nobody's business here. */
	{ GET H E "\x01garbage", OK },
	{ GET H "Content-Length: 3" E E "abcGET", OK " body=3" },
};

START_TEST(each_body_is_as_the_rfc_says)
{
	head_expect(table[_i].in, table[_i].want);
}
END_TEST

TCase *
head_body_case(void)
{
	TCase *t = SUITE_CASE("body", NULL, NULL);

	tcase_add_loop_test(t, each_body_is_as_the_rfc_says, 0,
	    sizeof(table) / sizeof(table[0]));
	return t;
}
