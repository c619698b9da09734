/*
 * http.c - skepd as an HTTP server, seen from the wire: the table of
 * http_rows.c over TCP and a UNIX socket, whole and byte by byte, then what
 * takes time or many bytes.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "http_rows.h"
#include "stage.h"
#include "wire.h"

#define E "\r\n"
#define H "Host: a" E
#define WAIT_MS 10000

static struct stage stage;
static char sock[128];
static int n_failed, n_checks;

#define CHECK(c, ...)                                                          \
	do {                                                                   \
		n_checks++;                                                    \
		if (!(c)) {                                                    \
			n_failed++;                                            \
			printf("FAIL %s:%d: %s: ", __func__, __LINE__, #c);    \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
		}                                                              \
	} while (0)

static void
nap_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
dial(struct wire *w, int tcp)
{
	int rc = wire_open(w, tcp ? stage.server.port : 0, sock);

	CHECK(rc == 0, "%s", strerror(-rc));
	return rc;
}

/* --- the table --- */

static void
check_error_body(const struct http_row *r, const struct wire_answer *a)
{
	char type[100] = "";

	if (a->status < 400)
		return;
	(void)wire_field(a, "Content-Type", type, sizeof type);
	CHECK(strcmp(type, "application/json") == 0, "%s: type %s", r->rule,
	    type);
	CHECK(strncmp(a->body, "{\"error\": \"", 11) == 0, "%s: body %s",
	    r->rule, a->body);
}

static void
check_last(const struct http_row *r, const struct wire_answer *a)
{
	char allow[100];

	check_error_body(r, a);
	if (r->body != NULL)
		CHECK(strcmp(a->body, r->body) == 0, "%s: body %s", r->rule,
		    a->body);
	if (a->status == 405)
		CHECK(wire_field(a, "Allow", allow, sizeof allow), "%s",
		    r->rule);
}

/* The connection must still serve. */
static void
check_alive(const struct http_row *r, struct wire *w)
{
	struct wire_answer a;
	const char *why;
	int rc;

	CHECK(wire_send_text(w, "GET /hello HTTP/1.1" E H E) == 0, "%s",
	    r->rule);
	rc = wire_answer(w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0 && a.status == 200, "%s: then %d %s", r->rule, rc, why);
	free(a.body);
}

static void
check_answers(const struct http_row *r, struct wire *w)
{
	const char *p = r->want, *why;
	struct wire_answer a;
	int rc, want, head, closes = 0;

	while (*p != '\0' && *p != '!') {
		want = (int)strtol(p, (char **)&p, 10);
		head = *p == 'h';
		p += head;
		p += strspn(p, " ");
		closes = *p == '!';
		rc = wire_answer(w, head, WAIT_MS, NULL, &a, &why);
		CHECK(rc == 0, "%s: %s %s", r->rule, strerror(-rc), why);
		if (rc < 0)
			return;
		CHECK(a.status == want, "%s: %d, want %d: %s", r->rule,
		    a.status, want, a.body);
		CHECK(a.close == closes, "%s: close %d", r->rule, a.close);
		if (*p == '\0' || closes)
			check_last(r, &a);
		free(a.body);
	}
	if (closes) {
		rc = wire_ended(w, WAIT_MS);
		CHECK(rc == 0, "%s: end: %s", r->rule, strerror(-rc));
	} else {
		check_alive(r, w);
	}
}

static void
run_row(const struct http_row *r, int tcp, int by_byte)
{
	struct wire w;
	size_t i, n = strlen(r->in);

	if (dial(&w, tcp) < 0)
		return;
	if (by_byte) {
		/* A refusal may come before the last byte is sent. */
		for (i = 0; i < n && wire_send(&w, r->in + i, 1) == 0; i++)
			;
	} else {
		CHECK(wire_send(&w, r->in, n) == 0, "%s", r->rule);
	}
	check_answers(r, &w);
	wire_close(&w);
}

static void
conformance(void)
{
	int i;

	for (i = 0; i < http_n_rows; i++) {
		run_row(&http_rows[i], 1, 0);
		run_row(&http_rows[i], 0, 0);
		run_row(&http_rows[i], 1, 1);
	}
}

/* --- limits --- */

static void
one(const char *rule, const char *in, size_t n, const char *want)
{
	struct http_row r = { rule, "", want, NULL };
	struct wire w;

	if (dial(&w, 1) < 0)
		return;
	(void)wire_send(&w, in, n);
	check_answers(&r, &w);
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

	if (dial(&w, tcp) < 0)
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

	if (dial(&w, 1) < 0)
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

	if (dial(&w, 1) < 0)
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

/* --- many requests --- */

static void
pipeline(int tcp)
{
	char *in = malloc(100000);
	struct wire_answer a;
	const char *why = "";
	struct wire w;
	size_t n = 0;
	int i, rc;

	for (i = 0; i < 1000; i++)
		n += (size_t)sprintf(in + n, "GET /id/%d HTTP/1.1" E H E, i);
	if (dial(&w, tcp) < 0)
		return;
	CHECK(wire_send(&w, in, n) == 0, "send");
	for (i = 0; i < 1000; i++) {
		rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
		if (rc < 0 || a.status != 200 || atoi(a.body) != i)
			break;
		free(a.body);
	}
	CHECK(i == 1000, "answer %d: %s", i, why);
	wire_close(&w);
	free(in);
}

/* --- time --- */

static void
timeouts(void)
{
	struct wire_answer a;
	const char *why;
	struct wire w;
	long begin = now_ms();
	int rc, i;

	/* A byte each 100 ms keeps nobody waiting beyond the header's limit. */
	if (dial(&w, 1) < 0)
		return;
	(void)wire_send_text(&w, "GET /hello HTTP/1.1" E "Host: a");
	rc = -ETIMEDOUT;
	for (i = 0; i < 50 && rc == -ETIMEDOUT; i++) {
		(void)wire_send_text(&w, "a");
		rc = wire_answer(&w, 0, 100, NULL, &a, &why);
		if (rc < 0)
			free(a.body);
	}
	CHECK(rc == 0 && a.status == 408 && a.close, "slow head: %d %s", rc,
	    why);
	CHECK(now_ms() - begin >= 900 && now_ms() - begin < 4000, "%ld ms",
	    now_ms() - begin);
	if (rc == 0)
		free(a.body);
	CHECK(wire_ended(&w, WAIT_MS) == 0, "slow head: end");
	wire_close(&w);

	if (dial(&w, 1) < 0)
		return;
	(void)wire_send_text(&w,
	    "POST /echo HTTP/1.1" E H "Content-Length: 5" E E "he");
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0 && a.status == 408 && a.close, "slow body: %d %s", rc,
	    why);
	free(a.body);
	CHECK(wire_ended(&w, WAIT_MS) == 0, "slow body: end");
	wire_close(&w);

	begin = now_ms();
	if (dial(&w, 1) < 0)
		return;
	CHECK(wire_ended(&w, WAIT_MS) == 0, "idle: end");
	CHECK(now_ms() - begin >= 1900, "%ld ms", now_ms() - begin);
	wire_close(&w);
}

static void
half_close(int tcp)
{
	struct wire_answer a;
	const char *why;
	struct wire w;
	int rc, i;

	if (dial(&w, tcp) < 0)
		return;
	(void)wire_send_text(&w, "GET /nap/100 HTTP/1.1" E H E
	    "GET /hello HTTP/1.1" E H E);
	wire_half_close(&w);
	for (i = 0; i < 2; i++) {
		rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
		CHECK(rc == 0 && a.status == 200, "%d %s", rc, why);
		free(a.body);
	}
	CHECK(wire_ended(&w, WAIT_MS) == 0, "end");
	wire_close(&w);
}

/* What the handler of /wait found, asked for until it is there. */
static void
client_abort(int tcp)
{
	struct wire_answer a;
	const char *why;
	struct wire w;
	int rc, i;

	if (dial(&w, tcp) < 0)
		return;
	(void)wire_send_text(&w, "GET /wait HTTP/1.1" E H E);
	nap_ms(50);
	wire_abort(&w);
	if (dial(&w, 1) < 0)
		return;
	for (i = 0; i < 100; i++) {
		(void)wire_send_text(&w, "GET /waited HTTP/1.1" E H E);
		rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
		CHECK(rc == 0, "%s", why);
		if (rc < 0 || a.status == 200)
			break;
		free(a.body);
		nap_ms(20);
	}
	CHECK(a.status == 200 && strcmp(a.body, "canceled") == 0, "%s",
	    a.body);
	free(a.body);
	wire_close(&w);
}

/* --- fields --- */

static void
request_ids(void)
{
	char v[100] = "", tag[100] = "", in[300];
	struct wire_answer a;
	const char *why;
	struct wire w;
	int rc;

	if (dial(&w, 1) < 0)
		return;
	(void)wire_send_text(&w, "GET /hello HTTP/1.1" E H
	    "X-Request-Id: from-client.7" E E);
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0, "%s", why);
	(void)wire_field(&a, "X-Request-Id", v, sizeof v);
	CHECK(strcmp(v, "from-client.7") == 0, "%s", v);
	CHECK(wire_field(&a, "X-Skep-Worker", v, sizeof v) &&
		strncmp(v, "web.", 4) == 0, "%s", v);
	free(a.body);
	(void)wire_send_text(&w, "GET /tagged HTTP/1.1" E H E);
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0 && wire_field(&a, "ETag", tag, sizeof tag), "%s", why);
	free(a.body);
	sprintf(in, "GET /tagged HTTP/1.1" E H "If-None-Match: W/%s" E E, tag);
	(void)wire_send_text(&w, in);
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0 && a.status == 304, "%d %s", a.status, why);
	CHECK(wire_field(&a, "ETag", v, sizeof v) && strcmp(v, tag) == 0, "%s",
	    v);
	free(a.body);
	(void)wire_send_text(&w, "GET /peer HTTP/1.1" E H E);
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0 && strncmp(a.body, "127.0.0.1:", 10) == 0, "%s", a.body);
	free(a.body);
	wire_close(&w);
}

/* A line for the request that was just made, with what we know of it. */
static void
access_log(const char *path)
{
	char line[4096];
	FILE *f;
	int found = 0, refused = 0, bad = 0;

	nap_ms(300);		/* gathered for 100 ms */
	f = fopen(path, "r");
	CHECK(f != NULL, "%s", path);
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		bad += strstr(line, " worker=web.") == NULL ||
		    strstr(line, " status=") == NULL ||
		    line[strlen(line) - 1] != '\n';
		found += strstr(line, "method=GET target=\"/hello\" proto=1.1 "
				      "status=200 bytes=5 us=") != NULL &&
		    strstr(line, " id=from-client.7\n") != NULL;
		refused += strstr(line, "status=400") != NULL &&
		    strstr(line, "why=\"missing Host field\"\n") != NULL;
	}
	if (f != NULL)
		fclose(f);
	CHECK(found == 1 && bad == 0, "found %d bad %d", found, bad);
	CHECK(refused > 0, "refused %d", refused);
}

static int
open_stage(char *log, size_t log_size)
{
	char conf[2048], file[512] = "";

	if (server_plugin("plugin_http", file, sizeof file) < 0)
		printf("note: plugin_http.so is not built\n");
	snprintf(sock, sizeof sock, "/tmp/skep-http-%d.sock", (int)getpid());
	snprintf(log, log_size, "/tmp/skep-http-%d.log", (int)getpid());
	snprintf(conf, sizeof conf,
	    "cache { size = 64MiB }\nlog { access = \"%s\" }\n"
	    "http {\n\tworker_header = true\n\theader_timeout = 1s\n"
	    "\tbody_timeout = 1s\n\tidle_timeout = 2s\n}\n"
	    "group web {\n\tplugin = {\"http\"}\n"
	    "\tlisten = {\"unix:%s\", \"127.0.0.1:0\"}\n"
	    "\tstart = 1\n\tmin = 1\n\tmax = 1\n}\n"
	    "plugin http { file = \"%s\" }\n",
	    log, sock, file);
	return stage_open(&stage, conf, "web");
}

int
main(void)
{
	char log[128];
	int rc = open_stage(log, sizeof log);

	if (rc != 0)
		return rc;
	conformance();
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
	pipeline(1);
	pipeline(0);
	timeouts();
	half_close(1);
	half_close(0);
	client_abort(1);
	client_abort(0);
	request_ids();
	access_log(log);
	rc = stage_close(&stage, n_failed > 0);
	printf("%d checks, %d failed\n", n_checks, n_failed);
	(void)unlink(log);
	(void)unlink(sock);
	return rc != 0 || n_failed > 0;
}
