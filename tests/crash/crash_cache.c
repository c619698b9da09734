/*
 * crash_cache.c - kills a process at every named point of the cache's write
 * paths, and at random, under traffic; asks after each kill whether repair and
 * fsck agree, whether what was acknowledged is there, whether traffic goes on.
 *
 * crash_cache [ROUNDS [SEED]].  Built from the sources of shm/ with the points
 * compiled in, whatever the tree was configured for.  Fails when a point was
 * not hit by any run: a new step needs traffic that comes by it.
 *
 * A point is tried in each setting by arming one of three writers.  Points
 * that only a repair comes by are tried by killing a writer first and then the
 * one that repairs it; another one ends the repair.  Points that are passed
 * only when something is in the way: with a bucket locked.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/traffic.h"
#include "cmap.h"
#include "crash.h"
#include "evict.h"
#include "fsck.h"
#include "index.h"
#include "maint.h"
#include "reap.h"

#define POINTS	 128u
#define WRITERS	 3u
#define OPS	 2500u
#define OUR_SLOT 12u
#define REAPER	 11u

struct setting {
	const char *name;
	uint64_t budget;
	int evicts;
	unsigned item_bytes, large, flush_every;
};

static const struct setting settings[] = {
	{ "roomy", 24u << 20, 0, 0, 60000, 0 },
	{ "tight", 5u << 18, 1, 0, 60000, 0 },
	/* Few buckets for the keys: overflow lines come and go. */
	{ "crowded", 1u << 20, 1, 2600, 0, 1900 },
};
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* Where a writer is killed so that its repair has something to do. */
static const char *const first_kills[] = {
	"index.store.done", "chunk.filled", "tail.commit.after",
	"index.extend.claimed", "evict.taken", "lock.try.noted",
};
#define FIRST_KILLS (sizeof(first_kills) / sizeof(first_kills[0]))

/* Of other modules, with suites of their own. */
static const char *const not_ours[] = {
	"region.", "evring.", "wake.", "slot.attach", "fsck.", "flight.",
	"cache.fill.",
};

static struct point {
	const char *name;
	unsigned hits;
} points[POINTS];
static unsigned n_points;

static struct run {
	const struct setting *s;
	struct region *r;
	struct traffic *t;
	struct slot_self *me;
	const char *what;
} run;

static void
point_add(const struct crash_point *p, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++)
		if (strncmp(p->name, not_ours[i], strlen(not_ours[i])) == 0)
			return;
	for (unsigned i = 0; i < n_points; i++)
		if (strcmp(points[i].name, p->name) == 0)
			return;
	if (n_points < POINTS)
		points[n_points++].name = p->name;
}

static void
fail(const char *why, const char *more)
{
	fprintf(stderr, "crash_cache: %s, %s, seed=%llu: %s: %s\n", run.s->name,
	    run.what, (unsigned long long)run.t->seed, why, more);
	exit(1);
}

static void
run_begin(const struct setting *s, uint64_t seed, const char *what)
{
	struct cache_plan plan = { .budget_bytes = s->budget,
		.item_bytes = s->item_bytes, .seg_bytes = 16384,
		.value_max = 65536 };
	struct region_section sec[CACHE_SECTIONS];
	struct region_why why;

	run.s = s;
	run.what = what;
	run.t = traffic_make(seed, s->evicts, s->large);
	run.t->flush_every = s->flush_every;
	if (cache_sizes(&plan, sec) < 0 ||
	    region_create(&(struct region_plan){ .n_slots = 16,
		.sections = sec, .n_sections = CACHE_SECTIONS }, &run.r,
		&why) < 0 || cache_format(run.r, &plan) < 0 ||
	    cache_register(run.r) < 0)
		fail("no region", why.text);
	if (slot_attach(run.r, &(struct slot_plan){ .number = OUR_SLOT,
		.role = SLOT_ROLE_KEEPER }, &run.me) < 0)
		fail("no slot", "");
}

static pid_t
spawn(unsigned w, unsigned round, unsigned n, const char *point, unsigned nth)
{
	struct slot_self *me;
	struct cache *c;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)crash_arm(point, nth);
	if (slot_attach(run.r, &(struct slot_plan){ .number = w,
		.role = SLOT_ROLE_WORKER, .group = "web" }, &me) < 0 ||
	    cache_open(me, &c) < 0)
		_exit(9);
	traffic_run(run.t, c, w, round, n);
	cache_close(&c);
	slot_detach(&me);
	_exit(0);
}

/* 1 killed, 0 ended in order. */
static int
ended(pid_t pid)
{
	int st;

	if (waitpid(pid, &st, 0) != pid)
		fail("waitpid", strerror(errno));
	if (WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL)
		return 1;
	if (st != 0)
		fail("a writer ended", WIFSIGNALED(st) ?
		    strsignal(WTERMSIG(st)) : "with a status");
	return 0;
}

static void
reap(unsigned slot)
{
	char text[16];
	int rc;

	/* A writer that waited for its lock may be at it, or have done it. */
	for (unsigned i = 0; (rc = slot_reap(run.me, slot)) == -EBUSY; i++) {
		if (i == 2000)
			fail("slot_reap", "busy");
		(void)usleep(1000);
	}
	if (rc < 0 && rc != -ENOENT) {
		snprintf(text, sizeof(text), "%d", rc);
		fail("slot_reap", text);
	}
}

/* A process that repairs the slot and is killed at the point: 1, 0 not hit. */
static int
reaper_killed(unsigned slot, const char *point)
{
	struct slot_self *me;
	pid_t pid = fork();
	int hit;

	if (pid == 0) {
		if (slot_attach(run.r, &(struct slot_plan){ .number = REAPER,
			.role = SLOT_ROLE_MENDER }, &me) < 0)
			_exit(9);
		(void)crash_arm(point, 1);
		(void)slot_reap(me, slot);
		(void)crash_arm(NULL, 0);
		slot_detach(&me);
		_exit(0);
	}
	hit = ended(pid);
	if (hit)
		reap(REAPER);
	return hit;
}

static void
run_end(void)
{
	struct fsck_report rep;
	struct cache *c;

	if (ld_acq(&run.t->errors) != 0)
		fail("traffic", run.t->first);
	/* Chunks of nothing are a leak that a kill may leave: swept. */
	for (unsigned i = 0; i < 40; i++)
		(void)maint_run(run.me);
	if (fsck_region(run.r, FSCK_QUIET, NULL, NULL, &rep) < 0 ||
	    rep.verdict != FSCK_CLEAN)
		fail("fsck", rep.first);
	if (cache_open(run.me, &c) < 0)
		fail("open", "");
	if (traffic_verify(run.t, c) < 0)
		fail("verify", run.t->first);
	cache_close(&c);
	slot_detach(&run.me);
	region_close(&run.r);
}

/* One writer is to die at the point, two go on; then it comes back. */
static int
kill_writer(const struct setting *s, uint64_t seed, const char *point,
    unsigned nth)
{
	pid_t pid[WRITERS];
	int hit;

	run_begin(s, seed, point);
	for (unsigned w = 0; w < WRITERS; w++)
		pid[w] = spawn(w, 0, OPS, w == 0 ? point : NULL, nth);
	hit = ended(pid[0]);
	if (hit)
		reap(0);
	(void)ended(spawn(0, 1, OPS / 2, NULL, 0));
	for (unsigned w = 1; w < WRITERS; w++)
		if (ended(pid[w]))
			fail("a writer was killed", "that was not armed");
	run_end();
	return hit;
}

/* A writer dies at `first`, then who repairs it at the point. */
static int
kill_reaper(const struct setting *s, uint64_t seed, const char *first,
    const char *point)
{
	int hit = 0;

	run_begin(s, seed, point);
	if (ended(spawn(0, 0, OPS, first, 3)))
		hit = reaper_killed(0, point);
	reap(0);
	(void)ended(spawn(1, 1, OPS / 2, NULL, 0));
	run_end();
	return hit;
}

static uint64_t
bucket_in_use(const struct cmap *m)
{
	uint64_t b = 0;

	while (b + 1 < m->n_buckets &&
	    index_kind(ld_rlx(&m->line[b].word[0])) != INDEX_ITEM)
		b++;
	return b;
}

/* An evictor dies at the point, with a bucket in its way. */
static int
kill_evictor(const struct setting *s, uint64_t seed, const char *point)
{
	struct slot_self *me;
	struct cmap m;
	uint64_t bucket;
	pid_t pid;
	int hit;

	run_begin(s, seed, point);
	(void)ended(spawn(0, 0, 4 * OPS, NULL, 0));
	if (cmap_open(run.r, &m) < 0)
		fail("map", "");
	bucket = bucket_in_use(&m);
	if (index_lock(&m, run.me, bucket) < 0)
		fail("lock", "");
	pid = fork();
	if (pid == 0) {
		if (slot_attach(run.r, &(struct slot_plan){ .number = 1,
			.role = SLOT_ROLE_WORKER }, &me) < 0)
			_exit(9);
		(void)crash_arm(point, 1);
		for (unsigned i = 0; i < 20; i++)
			(void)evict_run(&m, me, EVICT_KEYS, UINT64_MAX);
		(void)crash_arm(NULL, 0);
		slot_detach(&me);
		_exit(0);
	}
	hit = ended(pid);
	index_unlock(&m, run.me, bucket);
	if (hit)
		reap(1);
	(void)ended(spawn(2, 1, OPS / 2, NULL, 0));
	run_end();
	return hit;
}

static void
try_point(struct point *p, uint64_t seed)
{
	for (unsigned i = 0; i < SETTINGS; i++) {
		p->hits += (unsigned)kill_writer(&settings[i], seed, p->name,
		    1);
		p->hits += (unsigned)kill_writer(&settings[i], seed + 1,
		    p->name, 2 + (unsigned)(seed * 31 + i * 17) % 60);
	}
	if (p->hits != 0 && strncmp(p->name, "seg.change", 10) != 0)
		return;
	for (unsigned i = 0; i < SETTINGS; i++)
		for (unsigned k = 0; k < FIRST_KILLS; k++)
			p->hits += (unsigned)kill_reaper(&settings[i], seed,
			    first_kills[k], p->name);
	p->hits += (unsigned)kill_evictor(&settings[SETTINGS - 1], seed,
	    p->name);
}

/* Writers die wherever they are. */
static unsigned
kill_at_random(const struct setting *s, uint64_t seed, unsigned n)
{
	pid_t pid[WRITERS];
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	unsigned killed = 0;

	run_begin(s, seed, "at random");
	for (unsigned w = 0; w < WRITERS; w++)
		pid[w] = spawn(w, 0, 1000000, NULL, 0);
	for (unsigned i = 0; i < n; i++) {
		unsigned w = (unsigned)(x >> 33) % WRITERS;

		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		(void)usleep(500 + (useconds_t)(x >> 40) % 8000);
		(void)kill(pid[w], SIGKILL);
		killed += (unsigned)ended(pid[w]);
		reap(w);
		pid[w] = spawn(w, i + 1, 1000000, NULL, 0);
	}
	for (unsigned w = 0; w < WRITERS; w++)
		(void)kill(pid[w], SIGKILL);
	for (unsigned w = 0; w < WRITERS; w++) {
		killed += (unsigned)ended(pid[w]);
		reap(w);
	}
	run_end();
	return killed;
}

int
main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned missed = 0, killed = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	crash_each(point_add, NULL);
	if (n_points == 0) {
		fprintf(stderr, "no crash points are compiled in\n");
		return 1;
	}
	for (unsigned k = 0; k < rounds; k++) {
		for (unsigned i = 0; i < n_points; i++)
			for (unsigned j = 0; j == 0 ||
			    (points[i].hits == 0 && j < 6); j++)
				try_point(&points[i], seed + k * 1000 +
				    i * 10 + j * 100000);
		for (unsigned i = 0; i < SETTINGS; i++)
			killed += kill_at_random(&settings[i], seed + k, 25);
	}
	for (unsigned i = 0; i < n_points; i++)
		if (points[i].hits == 0) {
			fprintf(stderr, "never hit: %s\n", points[i].name);
			missed++;
		}
	printf("%u points, %u never hit, %u kills at random\n", n_points,
	    missed, killed);
	return missed != 0;
}
