/*
 * http.c - skepd as an HTTP server, seen from the wire: the table of
 * http_rows.c over TCP and a UNIX socket, whole and byte by byte, then what
 * takes time, and in http_bytes.c what takes many bytes.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "http_checks.h"
#include "stage.h"
#include "wire.h"

#define POLL_MS 10

static struct stage stage;
static char sock[128];
int http_n_failed, http_n_checks;

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

int
http_dial(struct wire *w, int tcp)
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

void
http_answers(const struct http_row *r, struct wire *w)
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

/*
 * How many bytes of a row can be sent one by one.  A handler that does not read
 * its body may answer before any of it has come, and then nothing of it counts:
 * there the byte that ends the head goes with the rest.
 */
static size_t
single_bytes(const struct http_row *r)
{
	const char *end = strstr(r->in, E E);

	return strstr(r->in, "/ignore") != NULL && end != NULL ?
	    (size_t)(end - r->in) + 3 : strlen(r->in);
}

static void
run_row(const struct http_row *r, int tcp, int by_byte)
{
	struct wire w;
	size_t i, n = strlen(r->in), single = single_bytes(r);

	if (http_dial(&w, tcp) < 0)
		return;
	if (by_byte) {
		/* A refusal may come before the last byte is sent. */
		for (i = 0; i < single &&
		    wire_send(&w, r->in + i, 1) == 0; i++)
			;
		if (i == single && i < n)
			(void)wire_send(&w, r->in + i, n - i);
	} else {
		CHECK(wire_send(&w, r->in, n) == 0, "%s", r->rule);
	}
	http_answers(r, &w);
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
	if (http_dial(&w, tcp) < 0)
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
	if (http_dial(&w, 1) < 0)
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

	if (http_dial(&w, 1) < 0)
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
	if (http_dial(&w, 1) < 0)
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

	if (http_dial(&w, tcp) < 0)
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

/* What the handler of /wait says of itself, asked for until it is that. */
static void
until_it_says(struct wire *w, const char *want)
{
	long end = now_ms() + WAIT_MS;
	struct wire_answer a;
	const char *why;
	int rc, same;

	do {
		(void)wire_send_text(w, "GET /waited HTTP/1.1" E H E);
		rc = wire_answer(w, 0, WAIT_MS, NULL, &a, &why);
		CHECK(rc == 0, "%s", why);
		if (rc < 0)
			return;
		same = a.status == 200 && strcmp(a.body, want) == 0;
		free(a.body);
		if (!same)
			nap_ms(POLL_MS);
	} while (!same && now_ms() < end);
	CHECK(same, "/wait never says %s", want);
}

static void
client_abort(int tcp)
{
	struct wire w, other;

	if (http_dial(&w, tcp) < 0 || http_dial(&other, 1) < 0)
		return;
	(void)wire_send_text(&w, "GET /wait HTTP/1.1" E H E);
	until_it_says(&other, "waits");
	wire_abort(&w);
	until_it_says(&other, "canceled");
	wire_close(&other);
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

	if (http_dial(&w, 1) < 0)
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

struct logged {
	int found, refused, bad, last;
};

/* A line for the request that was just made, with what we know of it. */
static void
log_line(struct logged *l, const char *line)
{
	l->bad += strstr(line, " worker=web.") == NULL ||
	    strstr(line, " status=") == NULL || line[strlen(line) - 1] != '\n';
	l->found += strstr(line, "method=GET target=\"/hello\" proto=1.1 "
				 "status=200 bytes=5 us=") != NULL &&
	    strstr(line, " id=from-client.7\n") != NULL;
	l->refused += strstr(line, "status=400") != NULL &&
	    strstr(line, "why=\"missing Host field\"\n") != NULL;
	l->last |= strstr(line, " id=the-last\n") != NULL;
}

static void
log_read(struct logged *l, const char *path)
{
	char line[4096];
	FILE *f = fopen(path, "r");

	memset(l, 0, sizeof *l);
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		log_line(l, line);
	if (f != NULL)
		fclose(f);
}

/* Lines are gathered for 100 ms; one worker writes them in their order. */
static void
access_log(const char *path)
{
	long end = now_ms() + WAIT_MS;
	struct wire_answer a;
	const char *why;
	struct logged l;
	struct wire w;
	int rc;

	if (http_dial(&w, 1) < 0)
		return;
	(void)wire_send_text(&w, "GET /id/1 HTTP/1.1" E H
	    "X-Request-Id: the-last" E E);
	rc = wire_answer(&w, 0, WAIT_MS, NULL, &a, &why);
	CHECK(rc == 0, "%s", why);
	free(a.body);
	wire_close(&w);
	for (log_read(&l, path); !l.last && now_ms() < end;
	     log_read(&l, path))
		nap_ms(POLL_MS);
	CHECK(l.last, "%s is not written", path);
	CHECK(l.found == 1 && l.bad == 0, "found %d bad %d", l.found, l.bad);
	CHECK(l.refused > 0, "refused %d", l.refused);
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
	http_bytes();
	pipeline(1);
	pipeline(0);
	timeouts();
	half_close(1);
	half_close(0);
	client_abort(1);
	client_abort(0);
	request_ids();
	access_log(log);
	rc = stage_close(&stage, http_n_failed > 0);
	printf("%d checks, %d failed\n", http_n_checks, http_n_failed);
	(void)unlink(log);
	(void)unlink(sock);
	return rc != 0 || http_n_failed > 0;
}
