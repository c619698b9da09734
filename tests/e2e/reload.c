/*
 * reload - no client notices a reload.
 *
 * Under the load of corpus_styles() the service is reloaded 20 times; any
 * reset, close without a word, short or wrong answer fails the test.  Then it
 * is reloaded to four plugins that cannot come up: each is refused with the
 * reason, and the old generation serves on under the same load.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "corpus.h"
#include "item.h"
#include "stage.h"

#define N	 64
#define WORKERS	 2
#define RELOADS	 20
#define LOAD	 1000	/* answers: every connection had some */
#define APART_US 150000	/* between two reloads: the pausing clients have been idle once */

struct bad {
	const char *plugin, *what;
	const char *words[3];	/* one of them must be in the refusal */
};

static const struct bad bad[] = {
	{ "plugin_bad_warm", "crashes in warm", { "warm", "zygote", "signal" } },
	{ "plugin_bad_open", "crashes in open", { "open", "signal", "worker" } },
	{ "plugin_bad_never", "is never ready", { "ready", "time", "timeout" } },
	{ "plugin_bad_abi", "has another ABI", { "abi", "ABI", "version" } },
};

#define N_BAD (sizeof bad / sizeof *bad)

struct run {
	struct stage stage;
	struct corpus corpus;
	struct hclient *h;
	int reloads;		/* asked for */
	atomic_int n_done;
	atomic_int n_checked;	/* answers, until the load has begun */
	atomic_int failed;	/* by the thread that reloads */
	atomic_int over;
	int n_failures;
};

static size_t
request(void *arg, int conn, char *buf, size_t size, uint64_t *id_out)
{
	(void)conn;
	return corpus_request_any(&((struct run *)arg)->corpus, buf, size,
	    id_out);
}

static const char *
check(void *arg, uint64_t id, const struct answer *a)
{
	struct run *r = arg;

	if (atomic_load(&r->n_checked) < LOAD)
		atomic_fetch_add(&r->n_checked, 1);
	return corpus_check(&r->corpus, id, a);
}

static bool
failed(void *arg, const struct hclient_failure *f)
{
	struct run *r = arg;

	if (r->n_failures++ < 20)
		printf("FAIL: connection %d of %s: %s (%s), %.1f ms after the"
		       " request, %.1f ms after the last answer, in reload %d\n",
		    f->conn, f->worker[0] == '\0' ? "?" : f->worker,
		    hclient_kind_name(f->kind), f->why,
		    f->sent_ns == 0 ? 0.0 :
				      (double)(f->now_ns - f->sent_ns) / 1e6,
		    (double)(f->now_ns - f->quiet_ns) / 1e6,
		    atomic_load(&r->n_done) + 1);
	return false;
}

/* The generation that serves, from the status document; -1. */
static long
generation(struct run *r)
{
	char why[256];
	json_t *data, *g;
	long n = -1;
	int rc = server_ctl(&r->stage.server, "status", &data, why, sizeof why);

	if (rc < 0) {
		printf("FAIL: status: %s\n", why);
		return -1;
	}
	g = json_object_get(data, "generation");
	if (json_is_integer(g))
		n = (long)json_integer_value(g);
	json_decref(data);
	return n;
}

/* Reload and wait for the outcome: 0, -ECANCELED with the reason, -errno. */
static int
reload(struct run *r, char *why, size_t size)
{
	json_t *data;
	int rc = server_ctl(&r->stage.server, "reload --wait", &data, why,
	    size);

	json_decref(data);
	return rc;
}

static void
fail(struct run *r, const char *what, const char *why)
{
	printf("FAIL: %s: %.500s\n", what, why);
	atomic_store(&r->failed, 1);
}

static void
reload_well(struct run *r)
{
	long before = generation(r), after;

	for (int i = 0; i < r->reloads && !atomic_load(&r->failed); i++) {
		char why[1024];

		if (reload(r, why, sizeof why) < 0)
			fail(r, "reload", why);
		after = generation(r);
		if (after <= before)
			fail(r, "reload", "no new generation serves");
		before = after;
		atomic_fetch_add(&r->n_done, 1);
		(void)usleep(APART_US);
	}
}

static void
reload_badly(struct run *r, const struct bad *b)
{
	char conf[4096], what[128], why[1024] = "";
	long before = generation(r);
	int rc;

	item_conf(conf, sizeof conf, b->plugin, WORKERS,
	    "reload { timeout = 1s }\n");
	if (server_configure(&r->stage.server, conf) < 0)
		fail(r, "configuration", "cannot be written");
	rc = reload(r, why, sizeof why);
	snprintf(what, sizeof what, "a plugin that %s", b->what);
	if (rc == 0 || generation(r) != before)
		fail(r, what, "was not refused");
	else if (rc != -ECANCELED)
		fail(r, what, why);
	else if (strstr(why, b->words[0]) == NULL &&
	    strstr(why, b->words[1]) == NULL &&
	    strstr(why, b->words[2]) == NULL)
		fail(r, "refused, but not with the reason", why);
	else
		printf("%s is refused: %.300s\n", what, why);
}

/* Until clients are answered: then they are what a reload could hurt. */
static void
load_begins(struct run *r)
{
	for (int i = 0; i < 10000 && atomic_load(&r->n_checked) < LOAD; i++)
		(void)usleep(1000);
	if (atomic_load(&r->n_checked) < LOAD)
		fail(r, "load", "does not begin");
}

static void *
reloader(void *arg)
{
	struct run *r = arg;
	char conf[4096], why[1024];

	load_begins(r);
	reload_well(r);
	for (size_t i = 0; i < N_BAD && !atomic_load(&r->failed); i++)
		reload_badly(r, &bad[i]);
	item_conf(conf, sizeof conf, "plugin_item", WORKERS, "");
	if (!atomic_load(&r->failed) &&
	    server_configure(&r->stage.server, conf) == 0) {
		/* and what was refused has left nothing in the way of the next one */
		if (reload(r, why, sizeof why) < 0)
			fail(r, "a good one after the bad ones", why);
	}
	(void)usleep(APART_US);
	atomic_store(&r->over, 1);
	return NULL;
}

static int
judge(struct run *r)
{
	const struct hclient_counts *c = hclient_counts(r->h);

	corpus_report(stdout, "reload", c);
	if (corpus_failures(c) > 0 || c->closes > 0 || c->answers < 100) {
		printf("FAIL: clients have noticed\n");
		return 1;
	}
	return atomic_load(&r->failed);
}

static int
drive(struct run *r)
{
	struct hclient_conf conf = { .host = "127.0.0.1",
		.port = r->stage.server.port, .hang_ms = 10000, .seed = 1,
		.arg = r, .request = request, .check = check,
		.failed = failed };
	struct hclient_style style[N];
	pthread_t thread;
	int rc;

	corpus_styles(style, N);
	if (item_corpus(&r->corpus) < 0 ||
	    hclient_open(&r->h, &conf, style, N) < 0 ||
	    pthread_create(&thread, NULL, reloader, r) != 0)
		return 1;
	do
		rc = hclient_run(r->h, hclient_now_ns() + 50000000u);
	while (rc == 0 && !atomic_load(&r->over));
	(void)pthread_join(thread, NULL);
	if (rc == 0)
		rc = hclient_finish(r->h);
	return rc < 0 ? 1 : judge(r);
}

int
main(void)
{
	struct run r = { .reloads = RELOADS };
	char conf[4096];
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	item_conf(conf, sizeof conf, "plugin_item", WORKERS, "");
	status = stage_open(&r.stage, conf, "web");
	if (status != 0)
		return status;
	r.stage.errors_meant = 1; /* of the four bad plugins */
	status = drive(&r);
	hclient_close(&r.h);
	corpus_fini(&r.corpus);
	return stage_close(&r.stage, status) | status;
}
