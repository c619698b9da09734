/*
 * The market service as skepd serves it: the numbers of every symbol and
 * route, entity tags and conditional requests, errors, whatever worker answers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "http1.h"
#include "market.h"
#include "numbers.h"
#include "stage.h"

#define WORKERS 2

static int n_bad;

static void
expect(int yes, const char *target, const char *what)
{
	if (yes)
		return;
	n_bad++;
	printf("FAIL: %s: %s\n", target, what);
}

struct service {
	struct http1 http;
	int port;
	long asked;
};

/* A 200 has a strong tag, and the tag gets a 304 without a body. */
static void
check_tag(struct service *s, const char *target, const char *tag)
{
	char fields[200], again[100], x_cache[20];
	struct answer a;

	expect(tag[0] == '"' && strlen(tag) > 10, target, "no strong ETag");
	snprintf(fields, sizeof fields, "If-None-Match: \"x\", %s\r\n", tag);
	if (http1_ask(&s->http, "GET", target, fields, NULL, &a) < 0) {
		expect(0, target, "no answer to If-None-Match");
		return;
	}
	answer_field(&a, "ETag", again, sizeof again);
	answer_field(&a, "X-Cache", x_cache, sizeof x_cache);
	expect(a.status == 304, target, "If-None-Match gets no 304");
	expect(strcmp(tag, again) == 0, target, "the 304 has another ETag");
	expect(x_cache[0] != '\0', target, "the 304 has no X-Cache");
}

static void
check_head(struct service *s, const char *target, const char *tag)
{
	char again[100];
	struct answer a;

	if (http1_ask(&s->http, "HEAD", target, "", NULL, &a) < 0) {
		expect(0, target, "no answer to HEAD");
		return;
	}
	answer_field(&a, "ETag", again, sizeof again);
	expect(a.status == 200, target, "HEAD is no 200");
	expect(strcmp(tag, again) == 0, target, "HEAD has another ETag");
}

static int
ask(void *arg, const char *method, const char *target, const char *body,
    int *status_out, char **body_out)
{
	char type[60], x_cache[20], tag[100];
	struct service *s = arg;
	struct answer a;
	int rc;

	rc = http1_ask(&s->http, method, target, "", body, &a);
	if (rc < 0)
		return rc;
	*status_out = a.status;
	*body_out = strndup(a.body, a.body_len);
	answer_field(&a, "Content-Type", type, sizeof type);
	answer_field(&a, "X-Cache", x_cache, sizeof x_cache);
	answer_field(&a, "ETag", tag, sizeof tag);
	expect(strcmp(type, "application/json") == 0, target, "is no JSON");
	if (body != NULL || a.status != 200)
		return 0;
	expect(strcmp(x_cache, "HIT") == 0 || strcmp(x_cache, "MISS") == 0,
	    target, "X-Cache is neither HIT nor MISS");
	/* Each costs a request; every seventh is enough to meet all routes. */
	if (s->asked++ % 7 == 0) {
		check_tag(s, target, tag);
		check_head(s, target, tag);
	}
	return 0;
}

/* Errors of the plugin and of the server alike are JSON with "error". */
static void
check_error(struct service *s, const char *method, const char *target,
    const char *body, int status)
{
	struct answer a;
	char type[60];
	json_t *o;
	int rc;

	/* The server may close after an error. */
	http1_close(&s->http);
	rc = http1_open(&s->http, s->port);
	if (rc == 0)
		rc = http1_ask(&s->http, method, target, "", body, &a);
	if (rc < 0) {
		expect(0, target, strerror(-rc));
		return;
	}
	if (a.status != status)
		printf("%s: status %d, should be %d\n", target, a.status,
		    status);
	expect(a.status == status, target, "has the wrong status");
	answer_field(&a, "Content-Type", type, sizeof type);
	expect(strcmp(type, "application/json") == 0, target, "is no JSON");
	o = json_loadb(a.body, a.body_len, 0, NULL);
	expect(json_is_string(json_object_get(o, "error")), target,
	    "does not say what is wrong");
	json_decref(o);
}

static void
check_errors(struct service *s)
{
	check_error(s, "GET", "/v1/quotes/%zz", NULL, 400);
	check_error(s, "GET", "/v1/quotes/%00", NULL, 400);
	check_error(s, "GET", "/v1/quotes/AAPL%0", NULL, 400);
	check_error(s, "GET", "/v1/symbols?page=%00", NULL, 400);
	check_error(s, "GET", "/v1/symbols?page=0", NULL, 400);
	check_error(s, "GET", "/v1/symbols?page=1&page=2", NULL, 400);
	check_error(s, "GET", "/v1/symbols?limit=101", NULL, 400);
	check_error(s, "GET", "/v1/history/AAPL?from=2017-13-01", NULL, 400);
	check_error(s, "GET", "/v1/indicators/AAPL?sma=0", NULL, 400);
	check_error(s, "GET", "/v1/portfolio/summary?holdings=AAPL", NULL, 400);
	check_error(s, "GET", "/v1/nothing", NULL, 404);
	check_error(s, "GET", "/v1/quotes/", NULL, 404);
	check_error(s, "DELETE", "/v1/symbols", NULL, 405);
	check_error(s, "GET", "/v1/dcf", NULL, 405);
	check_error(s, "POST", "/v1/dcf", "{", 400);
}

/* The tag of one answer from each worker, on a connection of its own each time. */
static void
check_workers(struct service *s)
{
	const char *target = "/v1/indicators/AAPL";
	char first[100] = "", tag[100], worker[WORKERS][100] = { "" };
	struct answer a;
	int i, k, seen = 0;

	for (i = 0; i < 400 && seen < WORKERS; i++) {
		struct http1 h;

		if (http1_open(&h, s->port) < 0 ||
		    http1_ask(&h, "GET", target, "", NULL, &a) < 0) {
			expect(0, target, "no answer");
			http1_close(&h);
			return;
		}
		answer_field(&a, "ETag", tag, sizeof tag);
		answer_field(&a, "X-Skep-Worker", worker[seen],
		    sizeof worker[0]);
		if (i == 0)
			strcpy(first, tag);
		expect(strcmp(first, tag) == 0, target, "ETags differ");
		for (k = 0; k < seen; k++)
			if (strcmp(worker[k], worker[seen]) == 0)
				break;
		seen += k == seen;
		http1_close(&h);
	}
	printf("answers of %d workers seen in %d connections\n", seen, i);
}

int
main(void)
{
	struct numbers n = { .ask = ask };
	struct service s = { .asked = 0 };
	struct stage stage;
	char conf[4096];
	int bad;

	bad = market_conf(conf, sizeof conf, WORKERS);
	if (bad == 0)
		bad = stage_open(&stage, conf, "web");
	if (bad != 0)
		return bad;
	s.port = stage.server.port;
	n.arg = &s;
	if (http1_open(&s.http, s.port) < 0) {
		expect(0, "/", "cannot connect");
	} else {
		bad = numbers_run(&n);
		check_errors(&s);
		check_workers(&s);
	}
	http1_close(&s.http);
	bad = bad || n_bad > 0;
	return stage_close(&stage, bad) || bad;
}
