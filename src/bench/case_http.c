/*
 * case_http - requests a second that one worker on one processor answers to a
 * client on another: 200 bytes from an L1 hit through a plugin's handler,
 * against nginx answering the same bytes by `return`, and bare epoll.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "floor.h"
#include "load.h"
#include "peer_nginx.h"
#include "proc.h"
#include "server.h"

#define CONNECTIONS 48
#define CHUNKS	    80	/* of 200 answers: a round takes some 80 ms */
#define AIM	    ">=1.1"

enum side { SIDE_SKEP, SIDE_NGINX, SIDE_FLOOR, N_SIDES };

struct http {
	struct bench *b;
	int server_cpu;
	struct server skep;
	struct proc proc[N_SIDES];	/* but for skep's */
	int port[N_SIDES];
	struct load *load[N_SIDES];
};

/* What bench.so answers: 200 bytes of JSON. */
static const char *
body(void)
{
	static char text[201];

	memset(text, 'x', 200);
	memcpy(text, "{\"id\":1,\"pad\":\"", 15);
	memcpy(text + 198, "\"}", 2);
	return text;
}

static int
start_floor(struct http *h)
{
	struct floor_conf conf = { .body = body() };
	int rc;

	conf.fd = floor_listen(&h->port[SIDE_FLOOR]);
	if (conf.fd < 0)
		return conf.fd;
	rc = proc_fork(&h->proc[SIDE_FLOOR], floor_serve, &conf, h->server_cpu);
	(void)close(conf.fd); /* the child has it */
	return rc;
}

/* As shipped: metrics, request ids, limits; the access log is off unless asked for. */
static int
start_skep(struct http *h)
{
	char conf[2048], file[512], why[400];
	int rc;

	if (server_plugin("bench", file, sizeof file) < 0)
		return bench_fail(h->b, "the plugin bench.so is neither built"
					" nor installed");
	snprintf(conf, sizeof conf,
	    "cache { size = 64MiB }\n"
	    "group web {\n\tplugin = {\"bench\"}\n"
	    "\tlisten = {\"127.0.0.1:0\"}\n"
	    "\tstart = 1\n\tmin = 1\n\tmax = 1\n}\n"
	    "plugin bench { file = \"%s\" }\n",
	    file);
	rc = server_start(&h->skep, h->b->dir, conf, "web", h->server_cpu, why,
	    sizeof why);
	h->port[SIDE_SKEP] = h->skep.port;
	return rc < 0 ? bench_fail(h->b, "%s", why) : 0;
}

static int
start_servers(struct http *h)
{
	int rc = start_skep(h);

	if (rc == 0)
		rc = start_floor(h);
	if (rc == 0)
		rc = peer_nginx_start(h->b, &h->proc[SIDE_NGINX], h->server_cpu,
		    body(), &h->port[SIDE_NGINX]);
	return rc;
}

static int
measure(struct http *h, struct line *l, int connections)
{
	int rc = 0;

	for (int i = 0; i < N_SIDES && rc == 0; i++) {
		struct load_conf conf = { h->port[i], "/hit", connections,
			body() };

		rc = load_open(&h->load[i], &conf);
		l[i].arg = h->load[i];
	}
	if (rc == 0)
		rc = bench_run(h->b, l, N_SIDES, CHUNKS);
	for (int i = 0; i < N_SIDES; i++) {
		if (rc == 0)
			fprintf(stderr, "%s: %s: the client waited %d%% of the"
					" time\n", h->b->name, l[i].name,
			    load_idle_percent(h->load[i]));
		if (h->load[i] != NULL && load_why(h->load[i])[0] != '\0')
			rc = bench_fail(h->b, "%s: %s", l[i].name,
			    load_why(h->load[i]));
		load_close(&h->load[i]);
	}
	return rc;
}

/* Three rows: skep against nginx, and what the others did. */
static int
compare(struct http *h, int connections, const char *aim)
{
	static const char *const what[N_SIDES] = {
		"skep, an L1 hit through a plugin", "nginx, return",
		"bare epoll"
	};
	struct line l[N_SIDES];
	char name[N_SIDES][80];
	int rc;

	for (int i = 0; i < N_SIDES; i++) {
		snprintf(name[i], sizeof name[i], "%s, %d connection%s",
		    what[i], connections, connections == 1 ? "" : "s");
		l[i] = (struct line){ .name = name[i], .unit = "requests/s",
			.round = load_round };
	}
	rc = measure(h, l, connections);
	if (rc == 0)
		rc = bench_row(h->b, &l[SIDE_SKEP], &l[SIDE_NGINX], aim);
	if (rc == 0)
		rc = bench_row(h->b, &l[SIDE_NGINX], NULL, NULL);
	if (rc == 0)
		rc = bench_row(h->b, &l[SIDE_FLOOR], NULL, NULL);
	harness_fini(l, N_SIDES);
	return rc;
}

static int
curve(struct http *h)
{
	static const int connections[] = { 1, 4, 16, 128, 400 };
	int rc = 0;

	for (size_t i = 0; i < sizeof connections / sizeof *connections; i++)
		if (rc == 0)
			rc = compare(h, connections[i], NULL);
	return rc;
}

int
case_http(struct bench *b)
{
	struct http h = { .b = b };
	int rc, client;

	rc = proc_two_cpus(&h.server_cpu, &client);
	if (rc < 0)
		return bench_fail(b, "this case needs two processors");
	rc = start_servers(&h);
	if (rc == 0)
		rc = proc_pin(client);
	if (rc == 0)
		rc = compare(&h, CONNECTIONS, AIM);
	if (rc == 0 && b->curves)
		rc = curve(&h);
	for (int i = 0; i < N_SIDES; i++)
		(void)proc_stop(&h.proc[i], 10000);
	(void)server_stop(&h.skep);
	return rc;
}
