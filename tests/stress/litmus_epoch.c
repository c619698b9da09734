/*
 * litmus_epoch.c - the one reordering that the barrier is there for, on the
 * processor at hand.
 *
 * Two processes, round by round: the reader enters a section and looks at a
 * link; the writer unlinks, stamps, and asks whether its grace period is over.
 * Never may the reader hold what the writer has been told is free.  Before the
 * reader enters it stores to lines that the writer has just made its own, so
 * that its store buffer is full and the slot's word waits in it: the case that
 * a torture with random times hardly ever meets.
 *
 * usage: litmus_epoch [--fence] [--no-barrier] [--rounds N]
 * --no-barrier leaves out the barrier of the writer's stamp; the run then ends
 * 0 only if the reordering was seen.  77 on a single processor.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "epoch.h"
#include "tick.h"

#define NOISE 24	/* lines; store buffers hold 40 to 70 stores */
#define LIMIT_NS UINT64_C(20000000000)

struct line {
	_Atomic uint64_t v;
	uint64_t pad[7];
};

struct field {
	struct line go, scanned, read, saw, link;
	struct line noise[NOISE];
};

static int
attach(struct region *r, unsigned number, struct slot_self **me)
{
	return slot_attach(r, &(struct slot_plan){ .number = number,
	    .role = SLOT_ROLE_WORKER }, me);
}

static void
spin(uint64_t *seed, unsigned most)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	for (unsigned n = (unsigned)(*seed >> 33) % most; n > 0; n--)
		compiler_barrier();
}

/* The other may not run at the moment: then let it. */
static void
await(_Atomic uint64_t *word, uint64_t value)
{
	for (unsigned n = 0; ld_acq(word) < value; n++)
		if (n % 4096 == 4095)
			sched_yield();
}

static void
pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* Where it is refused the two meet less often. */
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void
reader(struct region *r, struct field *f)
{
	struct slot_self *me;
	uint64_t seed = 1;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin_to(1);
	if (attach(r, 1, &me) != 0)
		_exit(1);
	for (uint64_t k = 1;; k++) {
		uint64_t held;

		await(&f->go.v, k);
		spin(&seed, 400);
		for (unsigned i = 0; i < NOISE; i++)
			st_rlx(&f->noise[i].v, k);
		(void)epoch_enter(me);
		held = ld_acq(&f->link.v);
		st_rlx(&f->saw.v, held);
		await(&f->scanned.v, k);	/* holds it so long */
		epoch_leave(me);
		st_rel(&f->read.v, k);
	}
}

static uint64_t
stamp(struct slot_self *me, int barrier)
{
	if (barrier)
		return epoch_stamp(me);
	return add_seq(&me->region->hot->epoch, UINT64_C(1));
}

static uint64_t
writer(struct slot_self *me, struct field *f, uint64_t rounds, int barrier)
{
	uint64_t bad = 0, seed = 7, meet = 0, n = 0, until;

	until = tick_clock(CLOCK_MONOTONIC) + LIMIT_NS;
	for (uint64_t k = 1; k <= rounds; k++) {
		int free;

		if (tick_clock(CLOCK_MONOTONIC) > until)
			break;
		n++;
		for (unsigned i = 0; i < NOISE; i++)
			st_rlx(&f->noise[i].v, ~k);
		st_rlx(&f->link.v, UINT64_C(1));
		fence_full();
		st_rel(&f->go.v, k);
		/* Now before the reader, now after it. */
		spin(&seed, 6000);
		st_rel(&f->link.v, UINT64_C(0));		/* unlink */
		free = epoch_passed(me->region, stamp(me, barrier));
		st_rel(&f->scanned.v, k);
		await(&f->read.v, k);
		meet += ld_rlx(&f->saw.v);
		bad += free && ld_rlx(&f->saw.v) != 0;
		if (bad != 0 && !barrier)
			break;
	}
	printf("litmus: rounds=%llu found linked=%llu\n",
	    (unsigned long long)n, (unsigned long long)meet);
	return bad;
}

int
main(int argc, char **argv)
{
	const struct region_section want = {
		.kind = REGION_TEST, .size = sizeof(struct field)
	};
	struct region_plan plan = {
		.n_slots = 8, .sections = &want, .n_sections = 1
	};
	uint64_t rounds = 15000, bad;
	struct region_why why;
	struct slot_self *me;
	struct region *r;
	int barrier = 1;
	pid_t pid;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--fence") == 0)
			plan.rcu = REGION_RCU_FENCE;
		else if (strcmp(argv[i], "--no-barrier") == 0)
			barrier = 0;
		else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
			rounds = strtoull(argv[++i], NULL, 10);
		else
			return 2;
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("skip: one processor\n");
		return 77;
	}
	if (region_create(&plan, &r, &why) < 0 || attach(r, 0, &me) != 0) {
		fprintf(stderr, "region: %s\n", why.text);
		return 1;
	}
	pin_to(0);
	pid = fork();
	if (pid == 0)
		reader(r, region_section(r, REGION_TEST, NULL));
	bad = writer(me, region_section(r, REGION_TEST, NULL), rounds,
	    barrier);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	printf("%s%s: held although free: %llu\n",
	    me->fence ? "fence" : "membarrier",
	    barrier ? "" : ", writer without its barrier",
	    (unsigned long long)bad);
	slot_detach(&me);
	region_close(&r);
	return barrier ? bad != 0 : bad == 0;
}
