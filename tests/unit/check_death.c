/* check_death - what the end of a child says */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "death.h"

/* How a child that runs end() is seen to have ended. */
static struct death
end_of(void (*end)(void))
{
	static const struct rlimit no_core;
	struct death d;
	struct death_oom oom;
	siginfo_t info;
	pid_t pid;

	death_oom_init(&oom);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		end();
		_exit(99);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(death_next(&oom, &d), 1);
	ck_assert_int_eq(d.pid, pid);
	return d;
}

static void
end_orderly(void)
{
	_exit(0);
}

static void
end_refused(void)
{
	_exit(78);
}

static void
end_watchdog(void)
{
	_exit(71);
}

static void
end_fault(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void
end_killed(void)
{
	raise(SIGKILL);
}

static const struct {
	void (*end)(void);
	enum death_kind kind;
	const char *words;
} deaths[] = {
	{ end_orderly, DEATH_ORDERLY, "status=0 meaning=\"in order\"" },
	{ end_refused, DEATH_STATUS,
	    "status=78 meaning=\"configuration or plugin refused\"" },
	{ end_watchdog, DEATH_WATCHDOG, "status=71 meaning=\"watchdog\"" },
	{ end_fault, DEATH_FAULT, "sig=11 signal=SIGSEGV" },
	{ end_killed, DEATH_OUTSIDE, "sig=9 signal=SIGKILL" },
};

START_TEST(every_end_is_named)
{
	struct death d = end_of(deaths[_i].end);
	char buf[128];

	ck_assert_int_eq(d.kind, deaths[_i].kind);
	ck_assert_str_eq(death_words(&d, buf, sizeof buf), deaths[_i].words);
}
END_TEST

START_TEST(a_kill_for_want_of_memory_is_no_kill_from_outside)
{
	struct death d = { .status = SIGKILL };
	char buf[128];

	ck_assert_int_eq(death_of_status(SIGKILL, 1), DEATH_MEMORY);
	ck_assert_int_eq(death_of_status(SIGKILL, 0), DEATH_OUTSIDE);
	d.kind = DEATH_MEMORY;
	ck_assert_str_eq(death_words(&d, buf, sizeof buf),
	    "sig=9 signal=SIGKILL limit=memory");
}
END_TEST

START_TEST(an_end_in_order_that_nobody_asked_for_is_an_error)
{
	struct death d = { .status = 0 };
	char buf[128];

	d.kind = death_of_child(DEATH_ORDERLY, 1);
	ck_assert_int_eq(d.kind, DEATH_ASKED);
	ck_assert_str_eq(death_words(&d, buf, sizeof buf),
	    "status=0 meaning=\"in order\"");
	d.kind = death_of_child(DEATH_ORDERLY, 0);
	ck_assert_int_eq(d.kind, DEATH_STATUS);
	ck_assert_str_eq(death_words(&d, buf, sizeof buf),
	    "status=0 meaning=\"ended without being asked\"");
	/* What is no end in order stays what it is. */
	ck_assert_int_eq(death_of_child(DEATH_FAULT, 1), DEATH_FAULT);
	ck_assert_int_eq(death_of_child(DEATH_OUTSIDE, 0), DEATH_OUTSIDE);
}
END_TEST

START_TEST(without_children_there_is_nothing_to_reap)
{
	struct death_oom oom = { 0 };
	struct death d;

	ck_assert_int_eq(death_next(&oom, &d), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("death", NULL, NULL,
	    a_kill_for_want_of_memory_is_no_kill_from_outside,
	    an_end_in_order_that_nobody_asked_for_is_an_error,
	    without_children_there_is_nothing_to_reap);

	tcase_add_loop_test(tc, every_end_is_named, 0,
	    (int)(sizeof deaths / sizeof deaths[0]));
	return SUITE_RUN("death", tc);
}
