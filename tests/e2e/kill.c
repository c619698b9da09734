/*
 * kill - workers may die at any instruction.
 *
 * Every 100 ms one of four workers gets SIGKILL while 64 keep-alive
 * connections ask.  A failure is excused only when the worker that served the
 * connection was killed before it, and its request must then succeed on a new
 * connection.  The successor of a killed worker has to be ready soon.
 *
 *	kill		the pages of plugin_item
 *	kill market	quotes of the demo service
 *	kill helpers	the first, but zygote, keeper and mender die as well
 *	kill reload	the first, while the service is reloaded again and again
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
#include "killer.h"
#include "market.h"

#define N	 64
#define WORKERS	 4
#define EVERY_NS 100000000u

struct run {
	struct stage stage;
	struct corpus corpus;
	struct killer killer;
	uint64_t next_ns, stop_ns;
	int n_excused, n_repeated, n_bad;
	atomic_int over;
	int n_reloads, n_refused;	/* by the thread that reloads */
};

/* Half of the connections ask for one page, the others for all. */
static size_t
request(void *arg, int conn, char *buf, size_t size, uint64_t *id_out)
{
	struct run *r = arg;

	if (conn % 2 == 0)
		return corpus_request(&r->corpus, 0, buf, size, id_out);
	return corpus_request_any(&r->corpus, buf, size, id_out);
}

static const char *
check(void *arg, uint64_t id, const struct answer *a)
{
	return corpus_check(&((struct run *)arg)->corpus, id, a);
}

static void
complain(const struct run *r, const struct hclient_failure *f)
{
	const struct killed *k = killer_last(&r->killer);

	printf("FAIL: connection %d of %s: %s (%s)%s", f->conn,
	    f->worker[0] == '\0' ? "?" : f->worker, hclient_kind_name(f->kind),
	    f->why, f->repeated ? ", repeated" : "");
	if (f->sent_ns != 0)
		printf(", %.1f ms after the request",
		    (double)(f->now_ns - f->sent_ns) / 1e6);
	printf(", %.1f ms after the last answer",
	    (double)(f->now_ns - f->quiet_ns) / 1e6);
	if (k != NULL)
		printf(", %.1f ms after the kill of %s/%d",
		    (double)(f->now_ns - k->at_ns) / 1e6, k->who.name,
		    (int)k->who.pid);
	printf("\n");
}

static bool
failed(void *arg, const struct hclient_failure *f)
{
	struct run *r = arg;

	if (killer_excuses(&r->killer, f)) {
		/* When its repetition met another kill, that one explains it. */
		r->n_repeated += f->repeated;
		r->n_excused++;
		return true;
	}
	if (r->n_bad++ < 20)
		complain(r, f);
	return f->kind != HC_WRONG;
}

static uint64_t
tick(void *arg, uint64_t now)
{
	struct run *r = arg;

	killer_follow(&r->killer);
	if (now >= r->next_ns && now < r->stop_ns) {
		killer_strike(&r->killer);
		r->next_ns = now + EVERY_NS;
	}
	return now + 1000000u;
}

static int
judge(struct run *r, struct pauses *p)
{
	const struct hclient_counts *c = hclient_counts(r->killer.client);
	int bad = r->n_bad > 0;

	corpus_report(stdout, "kill", c);
	printf("kill: %d failures excused, %d of them of a request that was"
	       " repeated, %d not excused\n",
	    r->n_excused, r->n_repeated, r->n_bad);
	if (c->answers < 1000) {
		printf("FAIL: hardly any traffic\n");
		bad = 1;
	}
	return killer_judge(&r->killer, p) | bad;
}

/* Until everything that was killed has a successor; 5 s at most. */
static void
settle(struct killer *k)
{
	for (int i = 0; i < 500; i++) {
		killer_follow(k);
		if (killer_lives(k, LIFE_WORKER) == WORKERS &&
		    killer_lives(k, LIFE_ZYGOTE) == 1 &&
		    killer_lives(k, LIFE_KEEPER) == 1 &&
		    killer_lives(k, LIFE_MENDER) == 1)
			return;
		(void)usleep(10000);
	}
	printf("note: not everything lives\n");
}

/* A generation whose worker is killed before it is ready is refused: that is right. */
static void *
reloader(void *arg)
{
	struct run *r = arg;

	while (!atomic_load(&r->over)) {
		char why[512];
		json_t *data;
		int rc = server_ctl(&r->stage.server, "reload --wait", &data,
		    why, sizeof why);

		json_decref(data);
		r->n_reloads += rc == 0;
		r->n_refused += rc == -ECANCELED;
		if (rc < 0 && rc != -ECANCELED)
			printf("FAIL: reload: %s\n", why);
		(void)usleep(50000);
	}
	return NULL;
}

/* Run the load, with reloads beside it where they are asked for. */
static int
run_load(struct run *r)
{
	pthread_t thread;
	int rc;

	if (r->killer.moves && pthread_create(&thread, NULL, reloader, r) != 0)
		return -EAGAIN;
	rc = hclient_run(r->killer.client, r->stop_ns);
	if (rc == 0)
		rc = hclient_finish(r->killer.client);
	atomic_store(&r->over, 1);
	if (!r->killer.moves)
		return rc;
	(void)pthread_join(thread, NULL);
	printf("kill: %d reloads, %d refused\n", r->n_reloads, r->n_refused);
	if (r->n_reloads == 0) {
		printf("FAIL: no reload came through\n");
		r->n_bad++;
	}
	return rc;
}

static int
load(struct run *r, struct pauses *p)
{
	struct hclient_conf conf = { .host = "127.0.0.1",
		.port = r->stage.server.port, .hang_ms = 10000, .seed = 1,
		.arg = r, .request = request, .check = check,
		.failed = failed, .tick = tick };
	struct hclient_style style[N];
	int rc;

	for (int i = 0; i < N; i++) /* a quarter is idle now and then */
		style[i] = (struct hclient_style){ .pipeline = 1,
			.pause_max_ms = i % 4 == 1 ? 50 : 0 };
	rc = hclient_open(&r->killer.client, &conf, style, N);
	if (rc < 0)
		return 1;
	r->killer.n_conns = N;
	r->next_ns = hclient_now_ns() + EVERY_NS;
	r->stop_ns = hclient_now_ns() +
	    (uint64_t)stage_long(6, 60) * 1000000000u;
	rc = run_load(r);
	settle(&r->killer);
	return rc < 0 ? 1 : judge(r, p) | stage_fsck(&r->stage);
}

static int
drive(struct run *r, int market)
{
	struct pauses *p;
	int rc;

	r->killer.stage = &r->stage;
	r->killer.rng = 20261120;
	r->stage.server.log_at = 0;
	settle(&r->killer);
	rc = market ? market_corpus(&r->corpus, r->stage.server.port) :
		      item_corpus(&r->corpus);
	if (rc == 0)
		rc = pauses_start(&p);
	if (rc < 0) {
		printf("FAIL: cannot begin: %s\n", strerror(-rc));
		return 1;
	}
	rc = load(r, p);
	pauses_stop(&p);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct run r;
	const char *what = argc > 1 ? argv[1] : "";
	int market = strcmp(what, "market") == 0, status = 0;
	char conf[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	r.killer.helpers = strcmp(what, "helpers") == 0;
	r.killer.moves = strcmp(what, "reload") == 0;
	if (market)
		status = market_conf(conf, sizeof conf, WORKERS);
	else
		item_conf(conf, sizeof conf, "plugin_item", WORKERS, "");
	if (status == 0)
		status = stage_open(&r.stage, conf, "web");
	if (status != 0)
		return status;
	r.stage.errors_meant = r.killer.moves; /* of refused reloads */
	status = drive(&r, market);
	hclient_close(&r.killer.client);
	corpus_fini(&r.corpus);
	return stage_close(&r.stage, status) | status;
}
