/*
 * stress_cache.c - many processes on one cache, with a checker.
 *
 * stress_cache [SECONDS [SEED]]: rounds of 4 writers that also read, with and
 * without eviction, and fsck after each; a process without a slot reads and
 * another checks the region while they run.  Exit 0, or 1 with the reason and
 * the seed.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/traffic.h"
#include "fsck.h"
#include "tick.h"

struct setting {
	const char *name;
	uint64_t budget;
	uint64_t keys_max;
	int evicts;
	unsigned large;
};

static const struct setting settings[] = {
	{ "roomy", 32u << 20, 0, 0, 60000 },
	{ "tight", 3u << 19, 0, 1, 60000 },
	{ "few keys", 4u << 20, 200, 1, 0 },
};

static struct region *
region_make(const struct setting *s)
{
	struct cache_plan plan = { .budget_bytes = s->budget,
		.keys_max = s->keys_max, .seg_bytes = 16384,
		.value_max = 65536 };
	struct region_section sec[CACHE_SECTIONS];
	struct region *r;
	struct region_why why;

	if (cache_sizes(&plan, sec) < 0 ||
	    region_create(&(struct region_plan){ .n_slots = 16,
		.sections = sec, .n_sections = CACHE_SECTIONS }, &r, &why) < 0 ||
	    cache_format(r, &plan) < 0) {
		fprintf(stderr, "cannot make a region: %s\n", why.text);
		exit(1);
	}
	return r;
}

static void
writer(struct region *r, struct traffic *t, unsigned w, unsigned round,
    unsigned n)
{
	struct slot_self *me;
	struct cache *c;

	if (slot_attach(r, &(struct slot_plan){ .number = w,
		.role = SLOT_ROLE_WORKER }, &me) < 0 || cache_open(me, &c) < 0)
		_exit(9);
	traffic_run(t, c, w, round, n);
	cache_close(&c);
	slot_detach(&me);
	_exit(0);
}

/* Reads without a slot, and checks, while the others write. */
static void
onlooker(struct region *r, struct traffic *t)
{
	char buf[65536], name[64];
	struct fsck_report rep;
	struct cache *c;

	if (cache_open_ro(r, &c) < 0)
		_exit(9);
	for (unsigned i = 0; ; i++) {
		struct cache_room room = { .buf = buf, .cap = sizeof(buf) };
		int n = snprintf(name, sizeof(name), "writer:%u:key:%u",
		    i % TRAFFIC_WRITERS, i / 4 % TRAFFIC_KEYS);
		int rc = cache_get(c, name, (size_t)n, &room, NULL);

		if (rc < 0) {
			snprintf(t->first, sizeof(t->first),
			    "onlooker: %s: %d", name, rc);
			add_rlx(&t->errors, 1);
		}
		if (i % 2000 != 0)
			continue;
		if (fsck_region(r, 0, NULL, NULL, &rep) != 0 ||
		    rep.verdict != FSCK_CLEAN) {
			snprintf(t->first, sizeof(t->first),
			    "onlooker: fsck: %s", rep.first);
			add_rlx(&t->errors, 1);
		}
	}
}

static int
fail(const struct traffic *t, const struct setting *s, unsigned round,
    const char *what)
{
	fprintf(stderr, "stress_cache: %s: %s seed=%llu round=%u: %s\n", s->name,
	    what, (unsigned long long)t->seed, round, t->first);
	return 1;
}

static int
check_after(struct region *r, struct traffic *t, const struct setting *s,
    unsigned round)
{
	struct fsck_report rep;
	struct slot_self *me;
	struct cache *c;
	struct cache_stats st;
	int rc;

	rc = fsck_region(r, FSCK_QUIET, NULL, NULL, &rep);
	if (rc < 0 || rep.verdict != FSCK_CLEAN) {
		fprintf(stderr, "fsck: %s\n", rep.first);
		return fail(t, s, round, "fsck");
	}
	if (slot_attach(r, &(struct slot_plan){ .number = SLOT_ANY,
		.role = SLOT_ROLE_WORKER }, &me) < 0 || cache_open(me, &c) < 0)
		return fail(t, s, round, "attach");
	rc = traffic_verify(t, c);
	cache_stats(c, &st);
	if (s->keys_max != 0 && st.items > s->keys_max + TRAFFIC_WRITERS)
		rc = fail(t, s, round, "keys_max");
	if (st.items * 2 < s->keys_max)
		rc = fail(t, s, round, "wiped");
	cache_close(&c);
	slot_detach(&me);
	return rc < 0 ? fail(t, s, round, "verify") : rc;
}

static int
one(const struct setting *s, uint64_t seed, unsigned n)
{
	struct traffic *t = traffic_make(seed, s->evicts, s->large);
	struct region *r = region_make(s);
	pid_t pid[TRAFFIC_WRITERS], look = fork();
	int st, rc = 0;

	if (look == 0)
		onlooker(r, t);
	for (unsigned round = 0; round < 2 && rc == 0; round++) {
		for (unsigned w = 0; w < TRAFFIC_WRITERS; w++) {
			pid[w] = fork();
			if (pid[w] == 0)
				writer(r, t, w, round, n);
		}
		for (unsigned w = 0; w < TRAFFIC_WRITERS; w++) {
			if (waitpid(pid[w], &st, 0) != pid[w] || st != 0) {
				fprintf(stderr, "writer %u: status %x\n", w,
				    (unsigned)st);
				rc = fail(t, s, round, "writer");
			}
		}
		if (ld_acq(&t->errors) != 0)
			rc = fail(t, s, round, "traffic");
		if (rc == 0)
			rc = check_after(r, t, s, round);
	}
	(void)kill(look, SIGKILL);
	(void)waitpid(look, &st, 0);
	printf("%-9s seed %llu: %llu reads, %llu hits, %llu writes, %llu "
	    "refused\n", s->name, (unsigned long long)seed,
	    (unsigned long long)t->reads, (unsigned long long)t->hits,
	    (unsigned long long)t->writes, (unsigned long long)t->refused);
	region_close(&r);
	return rc;
}

/* The same in threads of one process: what a thread sanitizer can see. */
struct thread {
	pthread_t id;
	struct region *r;
	struct traffic *t;
	unsigned w;
};

static void *
thread_main(void *arg)
{
	struct thread *th = arg;
	struct slot_self *me;
	struct cache *c;

	if (slot_attach(th->r, &(struct slot_plan){ .number = th->w,
		.role = SLOT_ROLE_WORKER }, &me) < 0 || cache_open(me, &c) < 0)
		exit(9);
	traffic_run(th->t, c, th->w, 0, 6000);
	cache_close(&c);
	slot_detach(&me);
	return NULL;
}

static int
threads(const struct setting *s, uint64_t seed)
{
	struct traffic *t = traffic_make(seed, s->evicts, s->large);
	struct region *r = region_make(s);
	struct thread th[TRAFFIC_WRITERS];
	int rc;

	/* Steps are registered before there is a second thread. */
	if (cache_register(r) < 0)
		return fail(t, s, 0, "register");
	for (unsigned w = 0; w < TRAFFIC_WRITERS; w++) {
		th[w] = (struct thread){ .r = r, .t = t, .w = w };
		if (pthread_create(&th[w].id, NULL, thread_main, &th[w]) != 0)
			return fail(t, s, 0, "thread");
	}
	for (unsigned w = 0; w < TRAFFIC_WRITERS; w++)
		(void)pthread_join(th[w].id, NULL);
	rc = ld_acq(&t->errors) != 0 ? fail(t, s, 0, "traffic")
				     : check_after(r, t, s, 0);
	region_close(&r);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 2;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t until = tick_clock(CLOCK_MONOTONIC) +
	    seconds * UINT64_C(1000000000);
	int rc = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	do {
		for (unsigned i = 0; rc == 0 &&
		    i < sizeof(settings) / sizeof(settings[0]); i++)
			rc = one(&settings[i], seed, 20000);
		for (unsigned i = 0; rc == 0 &&
		    i < sizeof(settings) / sizeof(settings[0]); i++)
			rc = threads(&settings[i], seed);
		seed++;
	} while (rc == 0 && tick_clock(CLOCK_MONOTONIC) < until);
	return rc;
}
