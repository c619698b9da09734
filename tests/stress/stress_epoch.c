/*
 * stress_epoch.c - torture of the grace period, of locks and of repair.
 *
 * Eight processes on one region: readers walk to objects and look at them for
 * a while, writers unlink, retire and reuse them; all of them take a lock now
 * and then.  The parent stops, continues and kills them at random, repairs
 * what they held and starts others.
 *
 * Every object carries its age in grace periods: 0 linked, 1 unlinked, 2 when
 * its grace period is said to be over (from then on it is overwritten).  A
 * reader notes the age that it sees at the end of its section, when it is done
 * with the object: 2 or more is a broken grace period, and so is an object
 * whose words changed meanwhile.
 *
 * usage: stress_epoch [--seconds N] [--seed N] [--break] [--fence]
 * --break makes writers not wait; the run then ends 0 only if readers notice.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "epoch.h"
#include "fsck.h"
#include "lock.h"
#include "maint.h"
#include "reap.h"
#include "tick.h"

#define N_READERS 5
#define N_WRITERS 3
#define N_PROCS (N_READERS + N_WRITERS)
#define LINKS 8			/* of each writer */
#define OBJECTS 64		/* of each writer */
#define WORDS 30
#define BATCH 4
#define BATCHES 8

struct object {
	_Atomic uint64_t age;
	_Atomic uint64_t linked;	/* where, + 1; 0 nowhere */
	_Atomic uint64_t word[WORDS];
};

struct tally {			/* of one process; survives it */
	_Atomic uint64_t sections, age[3], torn, reused, locks, busy, missed;
	uint64_t pad[8];
};

struct field {
	_Atomic uint32_t lock;
	uint32_t pad[15];
	_Atomic uint64_t a, b;		/* equal when the lock is free */
	_Atomic uint64_t unequal;
	_Atomic uint64_t link[N_WRITERS][LINKS];	/* object + 1 */
	struct tally tally[N_PROCS];
	struct object object[N_WRITERS][OBJECTS];
};

struct batch {
	uint64_t stamp;
	unsigned n;
	unsigned object[BATCH];
};

static struct ctx {
	struct region *r;
	struct field *f;
	int broken;
	uint64_t seed;
	pid_t pid[N_PROCS];
	uint64_t kills, stops, repairs;
} ctx;

static uint64_t
rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void
bump(_Atomic uint64_t *n)
{
	st_rlx(n, ld_rlx(n) + 1);
}

/* --- the lock --- */

static int
pair_repair(struct slot_self *me, unsigned dead, off_ref off,
    const uint64_t *intent, void *arg)
{
	(void)me;
	(void)dead;
	(void)off;
	(void)intent;
	(void)arg;
	st_rlx(&ctx.f->b, ld_rlx(&ctx.f->a));
	return 0;
}

static void
pair_work(struct slot_self *me, struct tally *t)
{
	struct field *f = ctx.f;
	int rc = lock_take(me, &f->lock, LOCK_TEST, NULL, 0);

	if (rc < 0) {
		bump(&t->busy);		/* its holder is stopped */
		return;
	}
	if (ld_rlx(&f->a) != ld_rlx(&f->b))
		bump(&f->unequal);
	st_rlx(&f->a, ld_rlx(&f->a) + 1);
	for (volatile int i = 0; i < 100; i++)
		;
	st_rlx(&f->b, ld_rlx(&f->b) + 1);
	lock_give(me, SLOT_HAND_WORK, &f->lock);
	bump(&t->locks);
}

/* --- readers --- */

static void
look(struct object *o, struct tally *t, unsigned times)
{
	uint64_t id = ld_acq(&o->word[0]), age;
	int torn = 0;

	for (unsigned k = 0; k < times; k++)
		for (unsigned i = 0; i < WORDS; i++)
			torn |= ld_acq(&o->word[i]) != id;
	if (torn)
		bump(&t->torn);
	age = ld_acq(&o->age);
	bump(&t->age[age < 2 ? age : 2]);
}

static void
reader(struct slot_self *me, struct tally *t, uint64_t seed)
{
	for (;;) {
		uint64_t x = rnd(&seed), link;

		if (epoch_enter(me) != 0)
			_exit(1);
		link = ld_acq(&ctx.f->link[x % N_WRITERS][x / 8 % LINKS]);
		if (link != 0)
			look(&ctx.f->object[x % N_WRITERS][link - 1], t,
			    x / 64 % 64 == 0 ? 300 : 3);
		epoch_leave(me);
		bump(&t->sections);
		if (x / 4096 % 512 == 0)
			pair_work(me, t);
		if (x / 65536 % 64 == 0)
			(void)maint_run(me);
	}
}

/* --- writers --- */

static int
find_free(unsigned w, const struct batch *b)
{
	for (unsigned i = 0; i < OBJECTS; i++) {
		int used = ld_rlx(&ctx.f->object[w][i].linked) != 0;

		for (unsigned k = 0; !used && k < BATCHES; k++)
			for (unsigned j = 0; j < b[k].n; j++)
				used |= b[k].object[j] == i;
		if (!used)
			return (int)i;
	}
	return -1;
}

/* Its grace period is over: overwrite it. */
static void
reuse(struct object *o)
{
	st_rel(&o->age, UINT64_C(2));
	for (unsigned i = 0; i < WORDS; i++)
		st_rel(&o->word[i], UINT64_C(0xdead) + i);
}

static void
collect(unsigned w, struct batch *b, struct tally *t)
{
	for (unsigned k = 0; k < BATCHES; k++) {
		if (b[k].n == 0)
			continue;
		if (!ctx.broken && !epoch_passed(ctx.r, b[k].stamp))
			continue;
		for (unsigned j = 0; j < b[k].n; j++) {
			struct object *o = &ctx.f->object[w][b[k].object[j]];

			reuse(o);
			st_rel(&o->linked, UINT64_C(0));
			bump(&t->reused);
		}
		b[k].n = 0;
	}
}

static void
replace(unsigned w, unsigned at, uint64_t id, struct batch *all,
    struct batch *b, struct tally *t)
{
	_Atomic uint64_t *link = &ctx.f->link[w][at];
	uint64_t old = ld_rlx(link);
	int i = find_free(w, all);
	struct object *o;

	if (i < 0) {
		bump(&t->missed);	/* a reader is stopped: no memory */
		return;
	}
	o = &ctx.f->object[w][i];
	for (unsigned k = 0; k < WORDS; k++)
		st_rlx(&o->word[k], id);
	st_rlx(&o->age, UINT64_C(0));
	st_rel(&o->linked, (uint64_t)at + 1);
	st_rel(link, (uint64_t)i + 1);		/* unlinks old, too */
	if (old != 0) {
		st_rel(&ctx.f->object[w][old - 1].age, UINT64_C(1));
		b->object[b->n++] = (unsigned)old - 1;
	}
}

/* What a killed writer had unlinked, or not yet linked: unlinked for sure, so
 * it is retired anew. */
static void
recover(struct slot_self *me, unsigned w)
{
	uint64_t stamp = epoch_stamp(me);

	while (!ctx.broken && !epoch_passed(ctx.r, stamp))
		usleep(1000);
	for (unsigned i = 0; i < OBJECTS; i++) {
		int linked = 0;

		for (unsigned k = 0; k < LINKS; k++)
			linked |= ld_rlx(&ctx.f->link[w][k]) == i + 1;
		if (linked)
			continue;
		reuse(&ctx.f->object[w][i]);
		st_rel(&ctx.f->object[w][i].linked, UINT64_C(0));
	}
}

static void
writer(struct slot_self *me, unsigned w, struct tally *t, uint64_t seed)
{
	struct batch all[BATCHES];
	unsigned k = 0;

	memset(all, 0, sizeof(all));
	recover(me, w);
	for (;;) {
		struct batch *b = &all[k++ % BATCHES];

		collect(w, all, t);
		if (b->n != 0) {
			usleep(200);	/* readers are slow */
			continue;
		}
		for (unsigned i = 0; i < BATCH; i++)
			replace(w, (unsigned)rnd(&seed) % LINKS, rnd(&seed),
			    all, b, t);
		if (b->n != 0)
			b->stamp = epoch_stamp(me);
		if (rnd(&seed) % 8 == 0)
			pair_work(me, t);
		if (rnd(&seed) % 64 == 0)
			(void)maint_run(me);
	}
}

/* --- the parent --- */

static void
child_start(unsigned i)
{
	const struct slot_plan plan = {
		.number = SLOT_ANY, .role = SLOT_ROLE_WORKER, .group = "web"
	};
	uint64_t seed = rnd(&ctx.seed) | 1;
	struct slot_self *me;
	pid_t pid = fork();
	int rc;

	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid != 0) {
		ctx.pid[i] = pid;
		return;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	rc = slot_attach(ctx.r, &plan, &me);
	if (rc < 0) {
		fprintf(stderr, "slot_attach: %s\n", strerror(-rc));
		_exit(1);
	}
	if (i < N_READERS)
		reader(me, &ctx.f->tally[i], seed);
	writer(me, i - N_READERS, &ctx.f->tally[i], seed);
}

/* A child that ends by itself has found something. */
static int
child_kill(struct slot_self *me, unsigned i)
{
	int st, rc;

	(void)kill(ctx.pid[i], SIGKILL);
	if (waitpid(ctx.pid[i], &st, 0) != ctx.pid[i] || !WIFSIGNALED(st) ||
	    WTERMSIG(st) != SIGKILL) {
		fprintf(stderr, "process %u ended by itself: %x\n", i, st);
		return -1;
	}
	ctx.kills++;
	rc = reap_all(me);
	if (rc < 0) {
		fprintf(stderr, "reap_all: %s\n", strerror(-rc));
		return -1;
	}
	ctx.repairs += (uint64_t)rc;
	return 0;
}

/* Whoever is stopped where, what holds at any moment holds. */
static int
fsck_agrees(unsigned flags)
{
	struct fsck_report rep;

	if (fsck_region(ctx.r, flags, NULL, NULL, &rep) == 0 &&
	    rep.verdict == FSCK_CLEAN)
		return 1;
	fprintf(stderr, "fsck: %s\n", rep.first);
	return 0;
}

static int
torture(struct slot_self *me, uint64_t until)
{
	unsigned stopped = N_PROCS;

	while (tick_clock(CLOCK_MONOTONIC) < until) {
		unsigned i = (unsigned)(rnd(&ctx.seed) % N_PROCS);

		usleep(2000 + (unsigned)(rnd(&ctx.seed) % 20000));
		if (rnd(&ctx.seed) % 64 == 0)
			usleep(150000);	/* longer than a lock waits */
		if (stopped < N_PROCS) {
			(void)kill(ctx.pid[stopped], SIGCONT);
			stopped = N_PROCS;
		}
		if (rnd(&ctx.seed) % 3 != 0) {
			(void)kill(ctx.pid[i], SIGSTOP);
			ctx.stops++;
			stopped = i;
		} else {
			if (child_kill(me, i) < 0)
				return -1;
			child_start(i);
		}
		(void)maint_run(me);
		if (!fsck_agrees(0))
			return -1;
	}
	return 0;
}

static int
after(struct slot_self *me)
{
	int bad = !fsck_agrees(FSCK_QUIET);

	for (unsigned i = 0; i < ctx.r->n_slots; i++) {
		struct slot_info in;

		(void)slot_info(ctx.r, i, &in);
		if (i != me->number && (in.state != SLOT_FREE ||
		    in.word != 0 || in.held != 0)) {
			printf("slot %u is not clean after repair\n", i);
			bad = 1;
		}
	}
	if (ld_rlx(&ctx.f->lock) != 0 || ld_rlx(&ctx.r->hot->maint) != 0 ||
	    ld_rlx(&ctx.r->hot->totals) != 0) {
		printf("a lock is still held\n");
		bad = 1;
	}
	if (ld_rlx(&ctx.f->a) != ld_rlx(&ctx.f->b) ||
	    ld_rlx(&ctx.f->unequal) != 0) {
		printf("what the lock guards is broken\n");
		bad = 1;
	}
	return bad;
}

static int
report(struct slot_self *me)
{
	uint64_t sec = 0, age[3] = { 0 }, torn = 0, reused = 0, locks = 0;
	uint64_t busy = 0, missed = 0;
	int bad = after(me), broken;

	for (unsigned i = 0; i < N_PROCS; i++) {
		struct tally *t = &ctx.f->tally[i];

		sec += ld_rlx(&t->sections);
		for (unsigned k = 0; k < 3; k++)
			age[k] += ld_rlx(&t->age[k]);
		torn += ld_rlx(&t->torn);
		reused += ld_rlx(&t->reused);
		locks += ld_rlx(&t->locks);
		busy += ld_rlx(&t->busy);
		missed += ld_rlx(&t->missed);
	}
	printf("%s mode: sections=%llu reused=%llu stamps=%llu locks=%llu "
	    "busy=%llu missed=%llu kills=%llu stops=%llu repairs=%llu\n",
	    me->fence ? "fence" : "membarrier", (unsigned long long)sec,
	    (unsigned long long)reused,
	    (unsigned long long)ld_rlx(&ctx.r->hot->n_stamps),
	    (unsigned long long)locks, (unsigned long long)busy,
	    (unsigned long long)missed, (unsigned long long)ctx.kills,
	    (unsigned long long)ctx.stops, (unsigned long long)ctx.repairs);
	printf("ages that readers saw, in grace periods: 0: %llu, 1: %llu, "
	    "2 and more: %llu; torn: %llu\n", (unsigned long long)age[0],
	    (unsigned long long)age[1], (unsigned long long)age[2],
	    (unsigned long long)torn);
	if (sec == 0 || reused == 0 || locks == 0) {
		printf("nothing happened\n");
		bad = 1;
	}
	broken = age[2] != 0 || torn != 0;
	if (ctx.broken)
		printf("broken on purpose: %s\n", broken ? "found" : "missed");
	return bad || broken != ctx.broken;
}

static int
run(uint32_t rcu, unsigned seconds)
{
	const struct region_section want = {
		.kind = REGION_TEST, .size = sizeof(struct field)
	};
	const struct region_plan plan = {
		.n_slots = 32, .rcu = rcu, .sections = &want, .n_sections = 1
	};
	struct region_why why;
	struct slot_self *me;
	int rc;

	rc = region_create(&plan, &ctx.r, &why);
	if (rc < 0) {
		fprintf(stderr, "region: %s\n", why.text);
		return 1;
	}
	ctx.f = region_section(ctx.r, REGION_TEST, NULL);
	ctx.kills = ctx.stops = ctx.repairs = 0;
	lock_repair(ctx.r, LOCK_TEST, LOCK_FORM_WORD, pair_repair, NULL);
	rc = slot_attach(ctx.r, &(struct slot_plan){ .number = SLOT_ANY,
	    .role = SLOT_ROLE_MENDER }, &me);
	if (rc < 0)
		return 1;
	for (unsigned i = 0; i < N_PROCS; i++)
		child_start(i);
	rc = torture(me, tick_clock(CLOCK_MONOTONIC) +
	    seconds * UINT64_C(1000000000));
	for (unsigned i = 0; i < N_PROCS; i++)
		if (child_kill(me, i) < 0)
			rc = -1;
	rc = report(me) != 0 || rc < 0;
	slot_detach(&me);
	region_close(&ctx.r);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *lengthy = getenv("SKEP_LONG");
	unsigned seconds = lengthy != NULL && lengthy[0] == '1' ? 60 : 5;
	uint32_t rcu = 0;
	int rc;

	ctx.seed = tick_clock(CLOCK_REALTIME);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--break") == 0)
			ctx.broken = 1;
		else if (strcmp(argv[i], "--fence") == 0)
			rcu = REGION_RCU_FENCE;
		else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
			seconds = (unsigned)atoi(argv[++i]);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			ctx.seed = strtoull(argv[++i], NULL, 0);
		else {
			fprintf(stderr, "stress_epoch: what is %s?\n", argv[i]);
			return 2;
		}
	}
	ctx.seed |= 1;
	printf("seed=%llu seconds=%u processes=%u\n",
	    (unsigned long long)ctx.seed, seconds, N_PROCS);
	fflush(stdout);
	rc = run(rcu, seconds);
	return rc;
}
