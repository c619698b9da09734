/*
 * shmfix.h - regions and processes for tests of shm/: a small region without
 * a name, and children that do something, report and wait to be killed.
 */
#ifndef TESTS_SHMFIX_H
#define TESTS_SHMFIX_H

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "region.h"
#include "slot.h"
#include "suite.h"

static inline struct region *
shmfix_region(const struct region_plan *plan)
{
	static const struct region_plan small = { .n_slots = 16 };
	struct region *r = NULL;
	struct region_why why;
	int rc = region_create(plan != NULL ? plan : &small, &r, &why);

	ck_assert_msg(rc == 0, "region_create: %d %s", rc, why.text);
	return r;
}

static inline struct slot_self *
shmfix_attach(struct region *r, unsigned number, enum slot_role role,
    const char *group)
{
	const struct slot_plan plan = {
		.number = number, .role = role, .group = group
	};
	struct slot_self *me = NULL;
	int rc = slot_attach(r, &plan, &me);

	ck_assert_msg(rc == 0, "slot_attach: %d", rc);
	return me;
}

/*
 * Fork a child that attaches slot `number`, calls act(me, arg), and stops
 * there until it is killed.  Returns its pid when act() has returned.  Checks
 * that fail in the child end it, which shows as a missing report.
 */
static inline pid_t
shmfix_child(struct region *r, unsigned number,
    void (*act)(struct slot_self *, void *), void *arg)
{
	struct slot_self *me;
	int p[2];
	char c = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		const struct slot_plan plan = {
			.number = number, .role = SLOT_ROLE_WORKER,
			.group = "web"
		};

		close(p[0]);
		if (slot_attach(r, &plan, &me) != 0)
			_exit(99);
		if (act != NULL)
			act(me, arg);
		if (write(p[1], "x", 1) != 1)
			_exit(98);
		for (;;)
			pause();
	}
	close(p[1]);
	ck_assert_int_eq(read(p[0], &c, 1), 1);
	close(p[0]);
	return pid;
}

static inline void
shmfix_kill(pid_t pid)
{
	int st;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFSIGNALED(st));
}

#endif
