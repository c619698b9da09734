/*
 * crash_base.c - a process is killed at every crash point of slots, locks,
 * repair, totals, events and wake-ups; after each kill another one repairs,
 * and everything must be as if the dead had finished or never begun.
 *
 * The script of the child passes all points; one that no run hits fails the
 * test.  Each is tried at its first, second and third passage.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/metricfix.h"
#include "crash.h"
#include "evring.h"
#include "lock.h"
#include "maint.h"
#include "reap.h"
#include "wake.h"

#define POINTS 64
#define VICTIM 3		/* dead from the start, with a lock in hand */
#define CHILD 5

struct field {
	_Atomic uint32_t lock, lock2;
	uint32_t pad[14];
	_Atomic uint64_t a, b;
	_Atomic uint64_t added;
};

static char dir[] = "/dev/shm/skep-crash-XXXXXX";
static const char *names[POINTS];
static unsigned n_names;

static struct field *
field(struct region *r)
{
	return region_section(r, REGION_TEST, NULL);
}

static int
pair_repair(struct slot_self *me, unsigned dead, off_ref off,
    const uint64_t *intent, void *arg)
{
	struct field *f = field(me->region);

	(void)dead;
	(void)off;
	(void)intent;
	(void)arg;
	st_rlx(&f->b, ld_rlx(&f->a));
	CRASH_POINT("test.repair");
	return 0;
}

static int
step(struct slot_self *me, unsigned dead, void *arg)
{
	(void)me;
	(void)dead;
	(void)arg;
	return 0;
}

static struct slot_self *
attach(struct region *r, unsigned number, enum slot_role role)
{
	const struct slot_plan plan = {
		.number = number, .role = role, .group = "web"
	};
	struct slot_self *me;

	return slot_attach(r, &plan, &me) == 0 ? me : NULL;
}

static struct region *
setup(void)
{
	static const struct region_section want = {
		.kind = REGION_TEST, .size = sizeof(struct field)
	};
	static const struct region_plan plan = {
		.n_slots = 8, .sections = &want, .n_sections = 1
	};
	struct region *r;
	struct region_why why;
	struct slot_self *me;
	pid_t pid;

	if (region_create(&plan, &r, &why) < 0) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
	lock_repair(r, LOCK_TEST, LOCK_FORM_WORD, pair_repair, NULL);
	(void)reap_step(r, REAP_OTHER, 0, step, NULL);
	pid = fork();
	if (pid == 0) {
		me = attach(r, VICTIM, SLOT_ROLE_WORKER);
		metric_add(me, METRIC_HTTP_2XX, 5);
		metric_time(me, METRIC_HTTP_DURATION, 1000);
		(void)lock_take(me, &field(r)->lock2, LOCK_TEST, NULL, 0);
		/* As if it had been in a section, which the rules forbid. */
		st_rlx(&me->slot->word, UINT64_C(1));
		st_rlx(&field(r)->a, UINT64_C(1));
		(void)kill(getpid(), SIGKILL);
	}
	(void)waitpid(pid, NULL, 0);
	return r;
}

static void
script_create(void)
{
	struct region_why why;
	struct region *r;
	char path[64];

	snprintf(path, sizeof(path), "%s/region", dir);
	if (region_create(&(struct region_plan){ .path = path, .n_slots = 4 },
	    &r, &why) < 0)
		_exit(8);
	(void)unlink(path);
	region_close(&r);
}

/* Everything a process does with the base of the region. */
static void
script(struct region *r)
{
	struct field *f = field(r);
	struct slot_self *me = attach(r, CHILD, SLOT_ROLE_WORKER);

	metric_add(me, METRIC_HTTP_2XX, 7);
	st_rlx(&f->added, UINT64_C(7));
	if (lock_take(me, &f->lock, LOCK_TEST, NULL, 0) != 0)
		_exit(3);
	st_rlx(&f->a, ld_rlx(&f->a) + 1);
	CRASH_POINT("test.between");
	st_rlx(&f->b, ld_rlx(&f->a));
	lock_give(me, SLOT_HAND_WORK, &f->lock);
	if (maint_run(me) != 1)
		_exit(4);
	if (evring_put(r, me->number, EVRING_INFO, "n=1") != 0)
		_exit(5);
	(void)wake_arm(me, WAKE_FUTEX);
	if (wake_slot(r, me->number) != 1)
		_exit(6);
	if (slot_reap(me, VICTIM) < 0)
		_exit(7);
	slot_detach(&me);
	script_create();
}

static int
verdict(struct region *r, const char *name)
{
	struct slot_self *me = attach(r, SLOT_ANY, SLOT_ROLE_MENDER);
	struct field *f = field(r);
	struct evring_reader rd;
	struct evring_event ev;
	const char *bad = NULL;
	uint64_t want = 5 + ld_rlx(&f->added);

	if (me == NULL || reap_all(me) < 0) {
		printf("FAIL %s: cannot repair\n", name);
		return 1;
	}
	for (unsigned i = 0; i < r->n_slots; i++) {
		struct slot_info in;

		(void)slot_info(r, i, &in);
		if (i != me->number && (in.state != SLOT_FREE || in.held != 0 ||
		    in.word != 0))
			bad = "a slot is not clean";
	}
	if (ld_rlx(&f->lock) != 0 || ld_rlx(&f->lock2) != 0 ||
	    ld_rlx(&r->hot->maint) != 0 || ld_rlx(&r->hot->totals) != 0)
		bad = "a lock is held";
	if (ld_rlx(&f->a) != ld_rlx(&f->b))
		bad = "what the lock guards is broken";
	if ((uint64_t)metricfix_sum(r, METRIC_HTTP_2XX) != want)
		bad = "a count is lost or doubled";
	if (maint_run(me) != 1)
		bad = "no maintenance any more";
	if (evring_put(r, me->number, EVRING_INFO, "after") != 0)
		bad = "no events any more";
	evring_open(r, EVRING_OLDEST, &rd);
	for (uint64_t now = 1; evring_read(r, &rd, now, &ev) == 0; )
		if ((now += EVRING_HOLE_NS) > 100 * EVRING_HOLE_NS) {
			bad = "events hang";
			break;
		}
	slot_detach(&me);
	if ((uint64_t)metricfix_sum(r, METRIC_HTTP_2XX) != want)
		bad = "a count is lost or doubled by detaching";
	if (bad != NULL)
		printf("FAIL %s: %s\n", name, bad);
	return bad != NULL;
}

/* 0 not passed that often, 1 killed and well, -1 failed. */
static int
try(const char *name, unsigned nth)
{
	struct region *r = setup();
	pid_t pid = fork();
	int st, bad;

	if (pid == 0) {
		if (name != NULL && crash_arm(name, nth) < 0)
			_exit(2);
		script(r);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &st, 0) != pid)
		return -1;
	bad = verdict(r, name != NULL ? name : "no kill");
	region_close(&r);
	if (bad)
		return -1;
	if (WIFEXITED(st) && WEXITSTATUS(st) == 0)
		return 0;
	if (WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL)
		return 1;
	printf("FAIL %s:%u: the script ended with %x\n", name, nth, st);
	return -1;
}

static void
note(const struct crash_point *p, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < n_names; i++)
		if (strcmp(names[i], p->name) == 0)
			return;
	if (n_names < POINTS)
		names[n_names++] = p->name;
}

int
main(void)
{
	unsigned kills = 0, failed = 0;
	int rc;

	if (crash_each(note, NULL) == 0) {
		printf("no crash points are compiled in\n");
		return 1;
	}
	if (mkdtemp(dir) == NULL) {
		perror(dir);
		return 1;
	}
	if (try(NULL, 0) != 0)
		failed++;
	for (unsigned i = 0; i < n_names; i++)
		for (unsigned nth = 1; nth <= 3; nth++) {
			rc = try(names[i], nth);
			if (rc < 0)
				failed++;
			if (rc == 0 && nth == 1) {
				printf("FAIL %s: no run hits it\n", names[i]);
				failed++;
			}
			if (rc == 0)
				break;
			kills += rc > 0;
		}
	/* Killed before the name was given: nothing may be left. */
	if (rmdir(dir) < 0) {
		perror(dir);
		failed++;
	}
	printf("points=%u kills=%u failed=%u\n", n_names, kills, failed);
	return failed != 0;
}
