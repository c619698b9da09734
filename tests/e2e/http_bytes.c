/*
 * http_bytes.c - skepd as an HTTP server: how much it takes, and bodies.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_checks.h"

/* --- limits --- */

static void
one(const char *rule, const char *in, size_t n, const char *want)
{
	struct http_row r = { rule, "", want, NULL };
	struct wire w;

	if (http_dial(&w, 1) < 0)
		return;
	(void)wire_send(&w, in, n);
	http_answers(&r, &w);
	wire_close(&w);
}

/* pre, n times fill, post */
static void
filled(const char *rule, const char *pre, int n, const char *fill,
    const char *post, const char *want)
{
	size_t len = strlen(fill), at;
	char *in = malloc(strlen(pre) + (size_t)n * len + strlen(post) + 1);
	int i;

	at = (size_t)sprintf(in, "%s", pre);
	for (i = 0; i < n; i++, at += len)
		memcpy(in + at, fill, len);
	at += (size_t)sprintf(in + at, "%s", post);
	one(rule, in, at, want);
	free(in);
}

static void
limits(void)
{
	/* "GET " "/hello?" " HTTP/1.1" are 20 bytes of 8192. */
	filled("longest request line", "GET /hello?", 8172, "a",
	    " HTTP/1.1" E H E, "200");
	filled("request line too long", "GET /hello?", 8173, "a",
	    " HTTP/1.1" E H E, "414!");
	filled("endless request line", "GET /hello?", 200000, "a", "", "414!");
	/* Host, "X: ", two CR LF: 9 + 3 + 4 of 32768 */
	filled("largest header", "GET /hello HTTP/1.1" E H "X: ", 32752, "a",
	    E E, "200");
	filled("header too large", "GET /hello HTTP/1.1" E H "X: ", 32753, "a",
	    E E, "431!");
	filled("endless header", "GET /hello HTTP/1.1" E H, 50000,
	    "X: y" E, "", "431!");
	filled("100 fields", "GET /hello HTTP/1.1" E H, 99, "X: y" E, E, "200");
	filled("101 fields", "GET /hello HTTP/1.1" E H, 100, "X: y" E, E,
	    "431!");
	filled("trailers count as fields",
	    "POST /echo HTTP/1.1" E H "Transfer-Encoding: chunked" E E "0" E,
	    99, "X: y" E, E, "431!");
	filled("chunk extensions count as header",
	    "POST /echo HTTP/1.1" E H "Transfer-Encoding: chunked" E E "1;",
	    40000, "a", E "x" E "0" E E, "431!");
}

/* --- bodies --- */

static char *
noise(size_t n)
{
	char *p = malloc(n);
	unsigned x = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		x = x * 1103515245u + 12345u;
		p[i] = (char)(x >> 16);
	}
	return p;
}

static void
check_echo(struct wire *w, const char *rule, const char *body, size_t n)
{
	struct wire_answer a;
	const char *why;
	int rc = wire_answer(w, 0, WAIT_MS, NULL, &a, &why);

	CHECK(rc == 0, "%s: %s %s", rule, strerror(-rc), why);
	if (rc == 0)
		CHECK(a.status == 200 && a.body_n == n &&
			memcmp(a.body, body, n) == 0,
		    "%s: %d, %zu bytes", rule, a.status, a.body_n);
	free(a.body);
}

#define LARGE (8u << 20)

static void
large_bodies(int tcp)
{
	char *body = noise(LARGE), head[200];
	struct wire_answer a;
	const char *why;
	struct wire w;
	size_t at, n;
	int rc;

	if (http_dial(&w, tcp) < 0)
		return;
	sprintf(head, "POST /echo HTTP/1.1" E H "Content-Length: %u" E E,
	    LARGE);
	(void)wire_send_text(&w, head);
	(void)wire_send(&w, body, LARGE);
	check_echo(&w, "upload by length", body, LARGE);
	(void)wire_send_text(&w,
	    "POST /echo HTTP/1.1" E H "Transfer-Encoding: chunked" E E);
	for (at = 0; at < LARGE; at += n) {
		n = 1 + at * 7919 % 50021;
		if (n > LARGE - at)
			n = LARGE - at;
		sprintf(head, "%zx;n=%zu" E, n, at % 7);
		/* Extensions have a budget: most chunks go without. */
		if (at % 64 != 0)
			sprintf(head, "%zX" E, n);
		(void)wire_send_text(&w, head);
		(void)wire_send(&w, body + at, n);
		(void)wire_send_text(&w, E);
	}
	(void)wire_send_text(&w, "0" E E);
	check_echo(&w, "upload in chunks", body, LARGE);
	(void)wire_send_text(&w, "GET /big HTTP/1.1" E H E);
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0 && a.body_n == 8u << 20 && a.body[23] == 'a',
	    "download: %d %s", rc, why);
	free(a.body);
	(void)wire_send_text(&w, "GET /pieces/100000 HTTP/1.1" E H E);
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0 && a.body_n == 1300000 &&
		strncmp(a.body + 1299987, "piece 099999\n", 13) == 0,
	    "download in chunks: %d %s", rc, why);
	free(a.body);
	wire_close(&w);
	free(body);
}

static void
expectation(void)
{
	struct wire_answer a;
	const char *why;
	struct wire w;
	int rc, interim = 0;

	if (http_dial(&w, 1) < 0)
		return;
	(void)wire_send_text(&w, "POST /echo HTTP/1.1" E H
	    "Expect: 100-continue" E "Content-Length: 2" E E);
	rc = wire_answer(&w, 0, 300, &interim, &a, &why);
	CHECK(rc == -ETIMEDOUT && interim == 1, "%d %d", rc, interim);
	free(a.body);
	(void)wire_send_text(&w, "ok");
	check_echo(&w, "after 100", "ok", 2);
	/* The handler does not want it: no 100, and the connection ends. */
	(void)wire_send_text(&w, "POST /ignore HTTP/1.1" E H
	    "Expect: 100-continue" E "Content-Length: 2" E E);
	interim = 0;
	rc = wire_answer(&w, 0, WAIT_MS, &interim, &a, &why);
	CHECK(rc == 0 && a.status == 200 && a.close && interim == 0,
	    "%d %s", rc, why);
	free(a.body);
	CHECK(wire_ended(&w, WAIT_MS) == 0, "end");
	wire_close(&w);
}

/* The answer to a refused upload must survive that the client goes on. */
static void
refused_upload(const char *rule, const char *head, int status)
{
	char *body = noise(1 << 20);
	struct wire_answer a;
	const char *why;
	struct wire w;
	int rc, i;

	if (http_dial(&w, 1) < 0)
		return;
	(void)wire_send_text(&w, head);
	for (i = 0; i < 8; i++)
		if (wire_send(&w, body, 1 << 20) < 0)
			break;
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0 && a.status == status && a.close, "%s: %d %s", rule, rc,
	    why);
	free(a.body);
	CHECK(wire_ended(&w, WAIT_MS) == 0, "%s: end", rule);
	wire_close(&w);
	free(body);
}

void
http_bytes(void)
{
	limits();
	large_bodies(1);
	large_bodies(0);
	expectation();
	refused_upload("413", "POST /echo HTTP/1.1" E H
	    "Content-Length: 1000000000" E E, 413);
	refused_upload("400", "POST /echo HTTP/1.1" E
	    "Content-Length: 100000000" E E, 400);
	refused_upload("unwanted", "POST /ignore HTTP/1.1" E H
	    "Content-Length: 30000000" E E, 200);
}
