/*
 * crash_flight.c - kills a process at every named point of the ways of flights,
 * while others miss and change the same keys; asks after each kill whether
 * repair and fsck agree, whether nothing stale is found, whether all go on.
 *
 * crash_flight [ROUNDS [SEED]].  Built from the sources of shm/ with the points
 * compiled in, whatever the tree was configured for.  Fails when a point was
 * not hit by any run.
 *
 * A point is tried by arming one of three fillers; those that only a repair, or
 * the sweep after one, comes by: by killing a filler first.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/fillers.h"
#include "crash.h"
#include "fsck.h"
#include "reap.h"

#define POINTS	 32u
#define FILLERS	 3u
#define OPS	 400u
#define OUR_SLOT 14u
#define REAPER	 15u
#define TRIES	 6u	/* at different passages of a point */

static const char *const ours[] = { "flight.", "cache.fill." };

/* Where a filler is killed so that its repair, or a sweep, has work. */
static const char *const first_kills[] = { "flight.marked", "flight.joined" };
#define FIRST_KILLS (sizeof(first_kills) / sizeof(first_kills[0]))

static struct point {
	const char *name;
	unsigned hits;
} points[POINTS];
static unsigned n_points;

static struct run {
	struct fillers *t;
	struct region *r;
	struct slot_self *me;
	const char *what;
} run;

static void
point_add(const struct crash_point *p, void *arg)
{
	unsigned is = 0;

	(void)arg;
	for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		is |= strncmp(p->name, ours[i], strlen(ours[i])) == 0;
	for (unsigned i = 0; i < n_points; i++)
		if (strcmp(points[i].name, p->name) == 0)
			return;
	if (is && n_points < POINTS)
		points[n_points++].name = p->name;
}

__attribute__((noreturn)) static void
fail(const char *why, const char *more)
{
	fprintf(stderr, "crash_flight: %s, seed=%llu: %s: %s\n", run.what,
	    (unsigned long long)run.t->seed, why, more);
	exit(1);
}

static void
run_begin(uint64_t seed, const char *what)
{
	struct cache_plan plan = { .budget_bytes = 2u << 20,
		.seg_bytes = 16384 };
	struct region_section sec[CACHE_SECTIONS];
	struct region_why why;

	run.what = what;
	run.t = fillers_make(seed);
	run.t->load_us = 300;
	if (cache_sizes(&plan, sec) < 0 ||
	    region_create(&(struct region_plan){ .n_slots = FILLERS_SLOTS,
		.reapers = REGION_REAP_MENDER, .sections = sec,
		.n_sections = CACHE_SECTIONS }, &run.r, &why) < 0 ||
	    cache_format(run.r, &plan) < 0 || cache_register(run.r) < 0)
		fail("no region", why.text);
	if (slot_attach(run.r, &(struct slot_plan){ .number = OUR_SLOT,
		.role = SLOT_ROLE_MENDER }, &run.me) < 0)
		fail("no slot", "");
}

static pid_t
spawn(unsigned i, unsigned round, const char *point, unsigned nth)
{
	struct slot_self *me;
	struct cache *c;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (slot_attach(run.r, &(struct slot_plan){ .number = i,
		.role = SLOT_ROLE_WORKER }, &me) < 0 || cache_open(me, &c) < 0)
		_exit(9);
	(void)crash_arm(point, nth);
	fillers_run(run.t, c, me, round, OPS);
	(void)crash_arm(NULL, 0);
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
		fail("a filler ended", WIFSIGNALED(st) ?
		    strsignal(WTERMSIG(st)) : "with a status");
	return 0;
}

static void
reap(unsigned slot)
{
	int rc = slot_reap(run.me, slot);

	if (rc < 0 && rc != -ENOENT)
		fail("slot_reap", strerror(-rc));
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
check(const char *when)
{
	struct fsck_report rep;

	if (ld_acq(&run.t->errors) != 0)
		fail(when, run.t->first);
	if (fsck_region(run.r, FSCK_QUIET, NULL, NULL, &rep) < 0 ||
	    rep.verdict != FSCK_CLEAN)
		fail(when, rep.first);
}

static void
run_end(void)
{
	struct cache *c;

	check("fsck");
	if (cache_open(run.me, &c) < 0)
		fail("open", "");
	if (fillers_verify(run.t, c, run.me) < 0)
		fail("verify", run.t->first);
	cache_close(&c);
	check("afterwards");
	slot_detach(&run.me);
	region_close(&run.r);
}

/* Slot 0 dies at `first` (NULL: at the point), is repaired, perhaps by one who
 * dies at the point, and comes back to die there.  The others of n go on. */
static int
try(uint64_t seed, unsigned n, const char *first, const char *point,
    unsigned nth)
{
	pid_t pid[FILLERS];
	int hit = 0;

	run_begin(seed, point);
	for (unsigned i = 0; i < n; i++)
		pid[i] = spawn(i, 0, i != 0 ? NULL : first != NULL ? first
			: point, nth);
	if (ended(pid[0])) {
		hit = first == NULL;
		fillers_died(run.t, 0);
		if (first != NULL)
			hit |= reaper_killed(0, point);
		reap(0);
	}
	pid[0] = spawn(0, 1, first != NULL ? point : NULL, 1);
	if (ended(pid[0])) {
		hit = 1;
		fillers_died(run.t, 0);
		reap(0);
	}
	for (unsigned i = 1; i < n; i++)
		if (ended(pid[i]))
			fail("a filler was killed", "that was not armed");
	run_end();
	return hit;
}

static void
try_point(struct point *p, uint64_t seed)
{
	for (unsigned i = 0; i < TRIES; i++)
		p->hits += (unsigned)try(seed + i, FILLERS, NULL, p->name,
		    1 + i * i * 3);
	/* Alone, nobody else sweeps before it. */
	for (unsigned i = 0; i < FIRST_KILLS; i++)
		for (unsigned n = 1; n <= FILLERS; n += FILLERS - 1)
			p->hits += (unsigned)try(seed + i, n, first_kills[i],
			    p->name, 2);
}

int
main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned missed = 0, hits = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	crash_each(point_add, NULL);
	if (n_points == 0) {
		fprintf(stderr, "no crash points are compiled in\n");
		return 1;
	}
	for (unsigned k = 0; k < rounds; k++)
		for (unsigned i = 0; i < n_points; i++)
			for (unsigned j = 0; j == 0 ||
			    (points[i].hits == 0 && j < 6); j++)
				try_point(&points[i], seed + k * 1000 +
				    i * 10 + j * 100000);
	for (unsigned i = 0; i < n_points; i++) {
		if (points[i].hits == 0) {
			fprintf(stderr, "never hit: %s\n", points[i].name);
			missed++;
		}
		hits += points[i].hits;
	}
	printf("%u points, %u never hit, %u kills\n", n_points, missed, hits);
	return missed != 0;
}
