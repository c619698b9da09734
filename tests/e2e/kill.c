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
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "corpus.h"
#include "item.h"
#include "market.h"
#include "owner.h"
#include "pauses.h"
#include "stage.h"
#include "stats.h"

#define N	    64
#define WORKERS	    4
#define EVERY_NS    100000000u
#define KILLS_MAX   4096
#define SEEN_NS	    2000000000u	/* a dead process's connections close at once; the machine may stop in between */
#define READY_MS    20		/* median, */
#define READY99_MS  100		/* and p99, without the machine's own pauses */
#define P99_KILLS   300		/* of fewer it is one of the greatest three: p95 is judged instead */

struct kill {
	pid_t pid;
	uint64_t at_ns, at_wall_ns;
	uint64_t ready_ns;	/* when its successor was; 0: not yet */
};

struct worker {
	pid_t pid;
	char name[64];
};

struct run {
	struct stage stage;
	struct corpus corpus;
	struct hclient *h;
	struct pauses *pauses;
	struct worker live[WORKERS + 4];
	int n_live;
	struct kill kill[KILLS_MAX];
	int n_kills, n_ready;	/* successors come in the order of the kills */
	uint64_t rng, stop_ns;
	int n_excused, n_repeated, n_bad, n_named;
};

static uint64_t
wall_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- requests --- */

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

/* --- failures --- */

/* "web.1/812" */
static pid_t
worker_pid(const char *worker)
{
	const char *slash = strrchr(worker, '/');

	return slash == NULL ? 0 : (pid_t)atoi(slash + 1);
}

static const struct kill *
kill_of(const struct run *r, pid_t pid)
{
	for (int i = r->n_kills - 1; i >= 0 && pid != 0; i--)
		if (r->kill[i].pid == pid)
			return &r->kill[i];
	return NULL;
}

/*
 * The worker of the connection was killed, and that is how it looks.  A
 * connection fails once, for it is then replaced; so there is at most one
 * failure for each connection and kill.
 */
static bool
excused(const struct run *r, const struct hclient_failure *f)
{
	const struct kill *k = kill_of(r, worker_pid(f->worker));

	if (f->kind != HC_RESET && f->kind != HC_CLOSED &&
	    f->kind != HC_SHORT && f->kind != HC_IDLE)
		return false;
	return k != NULL && f->now_ns >= k->at_ns &&
	    f->now_ns - k->at_ns < SEEN_NS;
}

static bool
failed(void *arg, const struct hclient_failure *f)
{
	struct run *r = arg;
	bool ok = excused(r, f);

	if (ok && !f->repeated) {
		r->n_excused++;
		return true;
	}
	/* Its repetition met the next kill: that one explains it, or nothing does. */
	if (ok && ++r->n_repeated > 0)
		return true;
	if (r->n_bad++ < 20)
		printf("FAIL: connection %d of %s: %s (%s)%s, %.1f ms after"
		       " the request, %.1f ms after the last answer,"
		       " %.1f ms after a kill of %d\n",
		    f->conn, f->worker[0] == '\0' ? "?" : f->worker,
		    hclient_kind_name(f->kind), f->why,
		    f->repeated ? ", repeated" : "",
		    f->sent_ns == 0 ? 0.0 :
				      (double)(f->now_ns - f->sent_ns) / 1e6,
		    (double)(f->now_ns - f->quiet_ns) / 1e6,
		    r->n_kills == 0 ?
			0.0 :
			(double)(f->now_ns - r->kill[r->n_kills - 1].at_ns) /
			    1e6,
		    r->n_kills == 0 ? 0 : (int)r->kill[r->n_kills - 1].pid);
	return f->kind != HC_WRONG;
}

/* --- workers come and go --- */

static void
read_log(struct run *r)
{
	char line[1024], name[64], pid[32];

	while (server_log_next(&r->stage.server, line, sizeof line) == 1) {
		if (strstr(line, " ready worker=") == NULL ||
		    !server_line_value(line, "worker", name, sizeof name) ||
		    !server_line_value(line, "pid", pid, sizeof pid) ||
		    strncmp(name, "web.", 4) != 0)
			continue;
		if (r->n_live < WORKERS + 4) {
			struct worker *w = &r->live[r->n_live++];

			w->pid = (pid_t)atoi(pid);
			snprintf(w->name, sizeof w->name, "%s", name);
		}
		if (r->n_ready < r->n_kills)
			r->kill[r->n_ready++].ready_ns =
			    server_line_time_ns(line);
	}
}

/*
 * An answer tells which worker serves its connection; for those that have had
 * none yet, the kernel does, while the worker is stopped.
 */
static void
name_unknown(struct run *r, const struct worker *w)
{
	struct owner owner;
	char text[96];

	snprintf(text, sizeof text, "%s/%d", w->name, (int)w->pid);
	for (int i = 0; i < N; i++)
		if (hclient_local_port(r->h, i) != 0 &&
		    hclient_worker(r->h, i)[0] == '\0')
			goto look;
	return;
look:
	if (owner_look(&owner, w->pid, r->stage.server.port) < 0)
		return;
	for (int i = 0; i < N; i++)
		if (hclient_worker(r->h, i)[0] == '\0' &&
		    owner_has(&owner, hclient_local_port(r->h, i))) {
			hclient_set_worker(r->h, i, text);
			r->n_named++;
		}
}

static void
kill_one(struct run *r)
{
	struct kill *k = &r->kill[r->n_kills];
	struct worker *w;

	if (r->n_live == 0 || r->n_kills == KILLS_MAX)
		return;
	r->rng = r->rng * 6364136223846793005u + 1442695040888963407u;
	w = &r->live[(r->rng >> 33) % (unsigned)r->n_live];
	name_unknown(r, w);
	*k = (struct kill){ w->pid, hclient_now_ns(), wall_ns(), 0 };
	if (kill(w->pid, SIGKILL) == 0)
		r->n_kills++;
	else
		printf("note: %s is gone already\n", w->name);
	*w = r->live[--r->n_live];
}

static uint64_t
tick(void *arg, uint64_t now)
{
	struct run *r = arg;
	static uint64_t next;

	read_log(r);
	if (next == 0)
		next = now + EVERY_NS;
	if (now >= next && now < r->stop_ns) {
		kill_one(r);
		next = now + EVERY_NS;
	}
	return now + 1000000u;
}

/* --- judgement --- */

static double
start_ms(struct run *r, const struct kill *k, double *raw_out)
{
	uint64_t took = k->ready_ns - k->at_wall_ns;
	uint64_t paused = pauses_within(r->pauses, k->at_ns, k->at_ns + took);

	*raw_out = (double)took / 1e6;
	return (double)(took - (paused < took ? paused : took)) / 1e6;
}

static int
judge_starts(struct run *r)
{
	static double net[KILLS_MAX], raw[KILLS_MAX];
	size_t n = (size_t)r->n_ready;
	double q = n < P99_KILLS ? 0.95 : 0.99, med, high;

	for (size_t i = 0; i < n; i++)
		net[i] = start_ms(r, &r->kill[i], &raw[i]);
	med = stats_median(net, n);
	high = stats_quantile(net, n, q);
	printf("kill: %d kills, %d successors ready: median %.2f ms, p%.0f %.2f"
	       " ms, greatest %.2f ms (with the machine's pauses: %.2f, %.2f,"
	       " %.2f; recorded %s real-time priority)\n",
	    r->n_kills, r->n_ready, med, q * 100, high,
	    stats_quantile(net, n, 1), stats_median(raw, n),
	    stats_quantile(raw, n, q), stats_quantile(raw, n, 1),
	    pauses_realtime(r->pauses) ? "with" : "without");
	if (r->n_ready == r->n_kills && med <= READY_MS && high <= READY99_MS)
		return 0;
	printf("FAIL: every successor has to be ready, within %d ms in the"
	       " median and %d ms at p%.0f\n", READY_MS, READY99_MS, q * 100);
	return 1;
}

static int
judge(struct run *r)
{
	const struct hclient_counts *c = hclient_counts(r->h);
	int bad = r->n_bad > 0;

	corpus_report(stdout, "kill", c);
	printf("kill: %d failures excused, %d of them again when repeated, %d"
	       " connections named by the kernel, %d not excused\n",
	    r->n_excused + r->n_repeated, r->n_repeated, r->n_named, r->n_bad);
	if (c->answers < 1000 || r->n_kills == 0) {
		printf("FAIL: hardly any traffic or kills\n");
		bad = 1;
	}
	return judge_starts(r) | bad;
}

static int
drive(struct run *r)
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
	if (pauses_start(&r->pauses) < 0 ||
	    hclient_open(&r->h, &conf, style, N) < 0)
		return 1;
	r->stop_ns = hclient_now_ns() +
	    (uint64_t)stage_long(6, 60) * 1000000000u;
	rc = hclient_run(r->h, r->stop_ns);
	if (rc == 0)
		rc = hclient_finish(r->h);
	for (int i = 0; i < 100 && r->n_ready < r->n_kills; i++) {
		(void)usleep(10000);
		read_log(r);
	}
	return rc < 0 ? 1 : judge(r);
}

/* Workers that became ready before the load began. */
static void
first_workers(struct run *r)
{
	r->stage.server.log_at = 0;
	for (int i = 0; i < 500 && r->n_live < WORKERS; i++) {
		read_log(r);
		(void)usleep(10000);
	}
}

int
main(int argc, char **argv)
{
	static struct run r = { .rng = 20261120 };
	int market = argc > 1 && strcmp(argv[1], "market") == 0, status;
	char conf[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (market)
		status = market_conf(conf, sizeof conf, WORKERS);
	else
		status = (item_conf(conf, sizeof conf, "plugin_item", WORKERS,
			      ""), 0);
	if (status == 0)
		status = stage_open(&r.stage, conf, "web");
	if (status != 0)
		return status;
	first_workers(&r);
	status = market ? market_corpus(&r.corpus, r.stage.server.port) :
			  item_corpus(&r.corpus);
	status = status < 0 ? 1 : drive(&r);
	hclient_close(&r.h);
	pauses_stop(&r.pauses);
	corpus_fini(&r.corpus);
	return stage_close(&r.stage, status) | status;
}
