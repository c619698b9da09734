/*
 * stress_flight.c - processes that miss the same keys are killed and stopped at
 * random, and the others go on.
 *
 * stress_flight [SECONDS [SEED]]: rounds with kills, then with stops as well,
 * where loads come late.  The parent repairs the dead, as a mender does.  Exit
 * 0, or 1 with the reason and the seed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/fillers.h"
#include "fsck.h"
#include "reap.h"
#include "tick.h"

#define FILLERS 6u
#define OUR_SLOT 14u		/* one that is kept for menders */

struct setting {
	const char *name;
	unsigned kill_us;	/* between two kills, at most; 0 none */
	int stops;		/* some are stopped for a while instead */
};

static const struct setting settings[] = {
	{ "alive", 0, 0 },
	{ "killed", 4000, 0 },
	{ "stopped", 20000, 1 },
};

struct stage {
	const struct setting *s;
	struct fillers *t;
	struct region *r;
	struct slot_self *me;
	pid_t pid[FILLERS];
	unsigned round, killed, stopped;
	uint64_t rng;
};

static uint64_t
next(struct stage *g)
{
	g->rng ^= g->rng << 13;
	g->rng ^= g->rng >> 7;
	g->rng ^= g->rng << 17;
	return g->rng;
}

static int
fail(const struct stage *g, const char *what, const char *more)
{
	fprintf(stderr, "stress_flight: %s, seed=%llu: %s: %s\n", g->s->name,
	    (unsigned long long)g->t->seed, what, more);
	return 1;
}

static struct region *
region_make(void)
{
	struct cache_plan plan = { .budget_bytes = 4u << 20,
		.seg_bytes = 16384 };
	struct region_section sec[CACHE_SECTIONS];
	struct region_why why;
	struct region *r;

	if (cache_sizes(&plan, sec) < 0 ||
	    region_create(&(struct region_plan){ .n_slots = FILLERS_SLOTS,
		.reapers = REGION_REAP_MENDER, .sections = sec,
		.n_sections = CACHE_SECTIONS }, &r, &why) < 0 ||
	    cache_format(r, &plan) < 0 || cache_register(r) < 0) {
		fprintf(stderr, "cannot make a region: %s\n", why.text);
		exit(1);
	}
	return r;
}

static pid_t
spawn(struct stage *g, unsigned i)
{
	struct slot_self *me;
	struct cache *c;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (slot_attach(g->r, &(struct slot_plan){ .number = i,
		.role = SLOT_ROLE_WORKER }, &me) < 0 || cache_open(me, &c) < 0)
		_exit(9);
	fillers_run(g->t, c, me, g->round, UINT32_MAX);
	cache_close(&c);
	slot_detach(&me);
	_exit(0);
}

/* The death is known before anyone can take over. */
static int
bury(struct stage *g, unsigned i)
{
	int st, rc;

	if (waitpid(g->pid[i], &st, 0) != g->pid[i])
		return fail(g, "waitpid", strerror(errno));
	if (st != 0 && !(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL))
		return fail(g, "a filler ended", WIFSIGNALED(st) ?
		    strsignal(WTERMSIG(st)) : "with a status");
	fillers_died(g->t, i);
	rc = slot_reap(g->me, i);
	if (rc < 0 && rc != -ENOENT)
		return fail(g, "slot_reap", strerror(-rc));
	return 0;
}

static int
strike(struct stage *g)
{
	unsigned i = (unsigned)(next(g) % FILLERS);
	int rc;

	if (g->s->stops && next(g) % 2 == 0) {
		(void)kill(g->pid[i], SIGSTOP);
		(void)usleep((useconds_t)(next(g) % 60000));
		(void)kill(g->pid[i], SIGCONT);
		g->stopped++;
		return 0;
	}
	(void)kill(g->pid[i], SIGKILL);
	rc = bury(g, i);
	g->killed++;
	g->round++;
	g->pid[i] = spawn(g, i);
	return rc;
}

/* In use: only what must hold at any moment. */
static int
check(struct stage *g, unsigned flags)
{
	struct fsck_report rep;

	if (fsck_region(g->r, flags, NULL, NULL, &rep) < 0)
		return fail(g, "fsck", "failed");
	return rep.verdict == FSCK_CLEAN ? 0 : fail(g, "fsck", rep.first);
}

static int
play(struct stage *g, unsigned ms)
{
	uint64_t until = tick_clock(CLOCK_MONOTONIC) + ms * UINT64_C(1000000);
	int rc = 0;

	for (unsigned i = 0; i < FILLERS; i++)
		g->pid[i] = spawn(g, i);
	for (unsigned n = 0; rc == 0 && ld_acq(&g->t->errors) == 0 &&
	    tick_clock(CLOCK_MONOTONIC) < until; n++) {
		(void)usleep(g->s->kill_us == 0 ? 10000 :
		    (useconds_t)(next(g) % g->s->kill_us));
		if (g->s->kill_us != 0)
			rc = strike(g);
		if (rc == 0 && n % 64 == 63)
			rc = check(g, 0);
	}
	for (unsigned i = 0; i < FILLERS; i++) {
		(void)kill(g->pid[i], SIGKILL);
		rc |= bury(g, i);
	}
	return rc;
}

static int
judge(struct stage *g)
{
	struct slot_self *me;
	struct cache *c;
	int rc = 0;

	if (ld_acq(&g->t->errors) != 0)
		return fail(g, "fillers", g->t->first);
	if (check(g, FSCK_QUIET) != 0)
		return 1;
	if (slot_attach(g->r, &(struct slot_plan){ .number = 0,
		.role = SLOT_ROLE_WORKER }, &me) < 0 || cache_open(me, &c) < 0)
		return fail(g, "attach", "");
	if (fillers_verify(g->t, c, me) < 0)
		rc = fail(g, "verify", g->t->first);
	cache_close(&c);
	slot_detach(&me);
	return rc;
}

static void
report(const struct stage *g)
{
	const struct fillers *t = g->t;

	printf("%-8s seed %llu: %llu asked, %llu hits, %llu loads, %llu waits, "
	    "%llu taken over, %llu void, %llu failed, %llu changes, %u kills, "
	    "%u stops, longest %llu ms\n", g->s->name,
	    (unsigned long long)t->seed, (unsigned long long)t->asked,
	    (unsigned long long)t->hits, (unsigned long long)t->loads,
	    (unsigned long long)t->waits, (unsigned long long)t->taken,
	    (unsigned long long)t->voided, (unsigned long long)t->failed,
	    (unsigned long long)t->changed, g->killed, g->stopped,
	    (unsigned long long)t->longest_ns / 1000000);
}

static int
one(const struct setting *s, uint64_t seed, unsigned ms)
{
	struct stage g = { .s = s, .t = fillers_make(seed), .r = region_make(),
		.rng = seed * UINT64_C(0x9e3779b97f4a7c15) | 1 };
	int rc;

	if (s->stops) {
		g.t->late = 1;
		g.t->late_ns = 30000000;
	}
	if (slot_attach(g.r, &(struct slot_plan){ .number = OUR_SLOT,
		.role = SLOT_ROLE_MENDER }, &g.me) < 0)
		return fail(&g, "attach", "");
	rc = play(&g, ms);
	if (rc == 0)
		rc = judge(&g);
	report(&g);
	slot_detach(&g.me);
	region_close(&g.r);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 3;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned n = sizeof(settings) / sizeof(settings[0]);
	int rc = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (unsigned i = 0; i < seconds && rc == 0; i++)
		rc = one(&settings[i % n], seed + i, 1000);
	return rc;
}
