#include "config.h"

#include "killer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "owner.h"
#include "stats.h"

#define SEEN_NS	   2000000000u	/* a dead process's connections close at once; the machine may stop in between */
#define READY_MS   20		/* median, */
#define FORKS	   25
#define FORK_MS	   0.5		/* a bare fork; the limits grow with a longer one */
#define READY99_MS 100		/* and p99, without the machine's own pauses */
#define P99_KILLS  300		/* of fewer it is one of the greatest three: p95 is judged instead */
/* A sanitized process starts ten times as slowly. */
#ifdef SKEP_SANITIZED
#define TIMES_COUNT false
#else
#define TIMES_COUNT true
#endif
#define CHECK_EACH 8		/* kills: what answers told is compared with the kernel's view */

static const char *const kind_name[LIFE_KINDS] = { "worker", "zygote",
	"keeper", "mender" };

static uint64_t
wall_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- lives --- */

static void
successor(struct killer *k, enum killer_kind kind, uint64_t ready_ns)
{
	int n = 0;

	for (int i = 0; i < k->n_kills; i++) {
		if (k->kill[i].who.kind != kind)
			continue;
		if (n++ < k->n_done[kind])
			continue;
		k->kill[i].ready_ns = ready_ns;
		k->n_done[kind]++;
		return;
	}
}

/* "... worker: ready worker=web.1 pid=812 slot=9 ready_us=1890" */
static void
born(struct killer *k, const char *line)
{
	char pid[32], want[32];
	struct life l;

	for (int i = 0; i < LIFE_KINDS; i++) {
		snprintf(want, sizeof want, " ready %s=", kind_name[i]);
		if (strstr(line, want) == NULL ||
		    !server_line_value(line, kind_name[i], l.name,
			sizeof l.name) ||
		    !server_line_value(line, "pid", pid, sizeof pid))
			continue;
		l.kind = (enum killer_kind)i;
		l.pid = (pid_t)atoi(pid);
		if (k->n_live < KILLER_LIVE)
			k->live[k->n_live++] = l;
		successor(k, l.kind, server_line_time_ns(line));
	}
}

/* "... worker: exit worker=web.1 pid=812 ..." */
static void
ended(struct killer *k, const char *line)
{
	char pid[32];

	if (strstr(line, ": exit ") == NULL ||
	    !server_line_value(line, "pid", pid, sizeof pid))
		return;
	for (int i = 0; i < k->n_live; i++)
		if (k->live[i].pid == (pid_t)atoi(pid)) {
			k->live[i] = k->live[--k->n_live];
			return;
		}
}

void
killer_follow(struct killer *k)
{
	char line[2048];

	while (server_log_next(&k->stage->server, line, sizeof line) == 1) {
		born(k, line);
		ended(k, line);
	}
}

int
killer_lives(const struct killer *k, enum killer_kind kind)
{
	int n = 0;

	for (int i = 0; i < k->n_live; i++)
		n += k->live[i].kind == kind;
	return n;
}

/* --- kills --- */

static pid_t
pid_of(const char *worker)
{
	const char *slash = strrchr(worker, '/'); /* "web.1/812" */

	return slash == NULL ? 0 : (pid_t)atoi(slash + 1);
}

static bool
any_unknown(const struct killer *k)
{
	for (int i = 0; i < k->n_conns; i++)
		if (hclient_local_port(k->client, i) != 0 &&
		    hclient_worker(k->client, i)[0] == '\0')
			return true;
	return false;
}

static void
compare_view(struct killer *k, const struct owner *o, const struct life *l)
{
	for (int i = 0; i < k->n_conns; i++) {
		const char *worker = hclient_worker(k->client, i);
		bool told = pid_of(worker) == l->pid;
		bool has = owner_has(o, hclient_local_port(k->client, i));

		if (worker[0] == '\0')
			continue;
		k->n_checked++;
		if (told == has)
			continue;
		if (k->n_mismatched++ < 5)
			printf("FAIL: connection %d was answered by %s, but"
			       " %s/%d %s it\n", i, worker, l->name,
			    (int)l->pid, has ? "holds" : "does not hold");
	}
}

/*
 * An answer tells which worker serves its connection; for those that have had
 * none yet, the kernel does, while the worker is stopped.
 */
static void
name_unknown(struct killer *k, const struct life *l)
{
	static struct owner owner;
	bool compare = !k->moves && k->n_kills % CHECK_EACH == 0;

	if (k->client == NULL || (!compare && !k->moves && !any_unknown(k)) ||
	    owner_look(&owner, l->pid, k->stage->server.port) < 0)
		return;
	if (compare)
		compare_view(k, &owner, l);
	for (int i = 0; i < k->n_conns; i++) {
		int port = hclient_local_port(k->client, i);

		if ((k->moves || hclient_worker(k->client, i)[0] == '\0') &&
		    owner_has(&owner, port)) {
			k->doom[i] = (struct doom){ port, hclient_now_ns() };
			k->n_named++;
		}
	}
}

/* The place of a victim among the living; -1: none is allowed now. */
static int
choose(struct killer *k)
{
	int n = 0, at[KILLER_LIVE];

	for (int i = 0; i < k->n_live; i++)
		if (k->helpers || k->live[i].kind == LIFE_WORKER)
			at[n++] = i;
	k->rng = k->rng * 6364136223846793005u + 1442695040888963407u;
	return n == 0 ? -1 : at[(k->rng >> 33) % (unsigned)n];
}

void
killer_strike(struct killer *k)
{
	int i = choose(k);
	struct life l;

	if (i < 0 || k->n_kills == KILLER_KILLS)
		return;
	l = k->live[i];
	k->live[i] = k->live[--k->n_live];
	/* It may have ended in order, and its pid may be somebody else's now. */
	if (!stage_has(k->stage, l.pid))
		return;
	if (l.kind == LIFE_WORKER)
		name_unknown(k, &l);
	k->kill[k->n_kills] = (struct killed){ l, hclient_now_ns(), wall_ns(),
		0 };
	if (kill(l.pid, SIGKILL) == 0)
		k->n_kills++;
}

const struct killed *
killer_last(const struct killer *k)
{
	return k->n_kills == 0 ? NULL : &k->kill[k->n_kills - 1];
}

static bool
in_time(uint64_t kill_ns, uint64_t now_ns)
{
	return now_ns >= kill_ns && now_ns - kill_ns < SEEN_NS;
}

bool
killer_excuses(struct killer *k, const struct hclient_failure *f)
{
	struct doom *d = &k->doom[f->conn];
	pid_t pid = pid_of(f->worker);

	if (f->kind != HC_RESET && f->kind != HC_CLOSED &&
	    f->kind != HC_SHORT && f->kind != HC_IDLE)
		return false;
	if (d->port != 0 && d->port == hclient_local_port(k->client, f->conn)) {
		d->port = 0; /* once */
		return in_time(d->at_ns, f->now_ns);
	}
	for (int i = k->n_kills - 1; i >= 0 && pid != 0; i--)
		if (k->kill[i].who.pid == pid)
			return in_time(k->kill[i].at_ns, f->now_ns);
	return false;
}

/* --- judgement --- */

static double
start_ms(const struct killed *d, struct pauses *p, double *raw_out)
{
	uint64_t took = d->ready_ns - d->at_wall_ns;
	uint64_t paused = pauses_within(p, d->at_ns, d->at_ns + took);

	*raw_out = (double)took / 1e6;
	return (double)(took - (paused < took ? paused : took)) / 1e6;
}

/* A fork of this process until its child's first byte, in the median. */
static double
bare_fork_ms(void)
{
	double ms[FORKS];
	int p[2];
	char c;

	for (int i = 0; i < FORKS; i++) {
		uint64_t began = hclient_now_ns();
		pid_t pid;

		if (pipe(p) < 0 || (pid = fork()) < 0)
			return 0;
		if (pid == 0)
			_exit(write(p[1], "x", 1) != 1);
		ms[i] = read(p[0], &c, 1) == 1 ?
		    (double)(hclient_now_ns() - began) / 1e6 : 0;
		(void)waitpid(pid, NULL, 0);
		(void)close(p[0]);
		(void)close(p[1]);
	}
	return stats_median(ms, FORKS);
}

/*
 * How many times as long a successor may take here.  The limits are those of a
 * machine on which a bare fork takes 0.1 ms; the same one was seen to need
 * 1.4 ms for hours, and everything that forks with it.
 */
static double
slowness(void)
{
	double ms = bare_fork_ms(), slow = ms > FORK_MS ? ms / FORK_MS : 1;

	printf("kill: a bare fork takes %.2f ms: the limits count %.1f"
	       " times\n", ms, slow);
	return slow;
}

static int
judge_workers(const struct killer *k, struct pauses *p)
{
	static double net[KILLER_KILLS], raw[KILLER_KILLS];
	double q, med, high, slow;
	size_t n = 0;

	for (int i = 0; i < k->n_kills; i++)
		if (k->kill[i].who.kind == LIFE_WORKER &&
		    k->kill[i].ready_ns != 0) {
			net[n] = start_ms(&k->kill[i], p, &raw[n]);
			n++;
		}
	q = n < P99_KILLS ? 0.95 : 0.99;
	med = stats_median(net, n);
	high = stats_quantile(net, n, q);
	printf("kill: successors of %zu workers ready after: median %.2f ms,"
	       " p%.0f %.2f ms, greatest %.2f ms (with the machine's pauses:"
	       " %.2f, %.2f, %.2f; recorded %s real-time priority)\n",
	    n, med, q * 100, high, stats_quantile(net, n, 1),
	    stats_median(raw, n), stats_quantile(raw, n, q),
	    stats_quantile(raw, n, 1),
	    pauses_realtime(p) ? "with" : "without");
	slow = slowness();
	if (k->helpers || !TIMES_COUNT ||
	    (med <= READY_MS * slow && high <= READY99_MS * slow))
		return 0;
	printf("FAIL: over %.0f ms in the median or %.0f ms at p%.0f\n",
	    READY_MS * slow, READY99_MS * slow, q * 100);
	return 1;
}

/* What else the machine had to do: a late successor may have waited for a processor. */
static void
say_load(void)
{
	double load[3];

	if (getloadavg(load, 3) == 3)
		printf("kill: load average of the machine %.1f\n", load[0]);
}

int
killer_judge(const struct killer *k, struct pauses *p)
{
	int bad = k->n_mismatched > 0;

	printf("kill: %d connections named by the kernel; what answers told"
	       " compared with it %d times, wrong %d times\n",
	    k->n_named, k->n_checked, k->n_mismatched);
	for (int kind = 0; kind < LIFE_KINDS; kind++) {
		int n = 0;

		for (int i = 0; i < k->n_kills; i++)
			n += k->kill[i].who.kind == (enum killer_kind)kind;
		if (n > 0)
			printf("kill: %d kills of a %s, %d successors\n", n,
			    kind_name[kind], k->n_done[kind]);
		/* The last one need not be up yet; but one must be, then. */
		if (k->n_done[kind] < n &&
		    killer_lives(k, (enum killer_kind)kind) == 0) {
			printf("FAIL: no %s lives\n", kind_name[kind]);
			bad = 1;
		}
		if (kind == LIFE_WORKER && n == 0)
			bad = 1;
	}
	say_load();
	/* A reload's workers cannot be told from successors. */
	return (k->moves ? 0 : judge_workers(k, p)) | bad;
}
