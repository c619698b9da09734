/* fiber: switches, pooling, guards, checks, unwinding, floating-point modes. */
#include <execinfo.h>
#include <fenv.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "../lib/suite.h"
#include "fiber.h"

static struct fiber_pool *pool;
static char seen[64], A[] = "a", B[] = "b";

static void
setup(void)
{
	ck_assert_int_eq(fiber_pool_open(&pool, 65536, 2), 0);
	memset(seen, 0, sizeof seen);
}

static void
teardown(void)
{
	fiber_set_check(NULL);
	fiber_pool_close(&pool);
	ck_assert_ptr_null(pool);
}

static void
note(const char *s)
{
	strncat(seen, s, sizeof seen - strlen(seen) - 1);
}

static void
two_steps(void *arg)
{
	note(arg);
	fiber_suspend();
	note(arg);
}

START_TEST(fibers_interleave_and_end)
{
	struct fiber *a = fiber_new(pool, two_steps, A);
	struct fiber *b = fiber_new(pool, two_steps, B);

	ck_assert_int_eq(fiber_resume(a), 1);
	ck_assert_int_eq(fiber_resume(b), 1);
	ck_assert_ptr_null(fiber_self());
	ck_assert_int_eq(fiber_resume(b), 0);
	ck_assert_int_eq(fiber_resume(a), 0);
	ck_assert_str_eq(seen, "abba");
}
END_TEST

static void
nothing(void *arg)
{
	*(void **)arg = fiber_self();
}

START_TEST(an_ended_fiber_is_used_again)
{
	struct fiber_stats st;
	void *self[3];
	int i;

	for (i = 0; i < 3; i++) {
		struct fiber *f = fiber_new(pool, nothing, &self[i]);

		ck_assert_int_eq(fiber_resume(f), 0);
		ck_assert_ptr_eq(self[i], f);
	}
	fiber_pool_stats(pool, &st);
	ck_assert_uint_eq(st.made, 1);
	ck_assert_uint_eq(st.idle, 1);
	ck_assert_uint_eq(st.alive, 0);
}
END_TEST

START_TEST(the_pool_keeps_no_more_than_it_was_told)
{
	struct fiber *f[5];
	struct fiber_stats st;
	int i;

	for (i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(f[i] = fiber_new(pool, two_steps, A));
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(fiber_resume(f[i]), 1);
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(fiber_resume(f[i]), 0);
	fiber_pool_stats(pool, &st);
	ck_assert_uint_eq(st.made, 5);
	ck_assert_uint_eq(st.idle, 2);
}
END_TEST

static volatile double third;

static void
other_rounding(void *arg)
{
	(void)arg;
	fesetround(FE_UPWARD);
	fiber_suspend();
	third = fegetround();
}

/* A fiber that changes the rounding mode keeps it, and nobody else has it. */
START_TEST(rounding_mode_belongs_to_the_fiber)
{
	struct fiber *f = fiber_new(pool, other_rounding, NULL);

	ck_assert_int_eq(fiber_resume(f), 1);
	ck_assert_int_eq(fegetround(), FE_TONEAREST);
	ck_assert_int_eq(fiber_resume(f), 0);
	ck_assert_int_eq(fegetround(), FE_TONEAREST);
	ck_assert(third == (double)FE_UPWARD);
}
END_TEST

static int n_frames;
static void *frames[32];

__attribute__((noinline)) static void
deep(int n)
{
	volatile int after = n;

	if (n > 0)
		deep(n - 1);
	else
		n_frames = backtrace(frames, 32);
	after = after + 1;
}

static void
deep_start(void *arg)
{
	(void)arg;
	fiber_suspend();
	deep(4);
}

/* 5 deep(), deep_start, fiber_main, fiber_ctx_start: and there it stops. */
START_TEST(a_backtrace_ends_at_the_fibers_start)
{
	struct fiber *f = fiber_new(pool, deep_start, NULL);

	ck_assert_int_eq(fiber_resume(f), 1);
	ck_assert_int_eq(fiber_resume(f), 0);
	ck_assert_int_ge(n_frames, 6);
	ck_assert_int_le(n_frames, 9);
}
END_TEST

static const char *
section_held(void)
{
	return "epoch section";
}

static void
just_suspend(void *arg)
{
	(void)arg;
	fiber_suspend();
}

/*
 * In a child whose standard error we read: exit status, and all that it wrote,
 * because a sanitizer may have something to say before the fiber has.
 */
static int
child_run(void (*fn)(void), char *text, size_t n)
{
	size_t have = 0;
	int p[2], st;
	ssize_t k;
	pid_t pid;

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_ge(pid = fork(), 0);
	if (pid == 0) {
		dup2(p[1], STDERR_FILENO);
		fn();
		_exit(0);
	}
	close(p[1]);
	while (have < n - 1 && (k = read(p[0], text + have, n - 1 - have)) > 0)
		have += (size_t)k;
	text[have] = '\0';
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	return st;
}

static void
suspend_in_section(void)
{
	fiber_set_check(section_held);
	fiber_resume(fiber_new(pool, just_suspend, NULL));
}

START_TEST(a_suspension_with_something_held_stops_the_process)
{
	char text[1024];
	int st = child_run(suspend_in_section, text, sizeof text);

	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 70);
	ck_assert_ptr_nonnull(strstr(text, "epoch section"));
}
END_TEST

static void
suspend_outside(void)
{
	fiber_suspend();
}

START_TEST(a_suspension_on_the_loops_stack_stops_the_process)
{
	char text[1024];
	int st = child_run(suspend_outside, text, sizeof text);

	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 70);
}
END_TEST

static struct fiber *victim;

static void
on_segv(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	_exit(10 + fiber_holds_addr(victim, si->si_addr));
}

__attribute__((noinline)) static int
overflow(int n)
{
	volatile char big[1024];

	memset((char *)big, n, sizeof big);
	return n > 0 ? overflow(n - 1) + big[7] : 0;
}

static void
overflow_start(void *arg)
{
	third = overflow(*(int *)arg);
}

/*
 * What a frame larger than all that is left does when its compiler does not
 * touch each page of it: it reaches 200 KiB below the stack of 64.
 */
static void
leap_start(void *arg)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	(void)arg;
	*(volatile char *)(here - (264u << 10)) = 1;
}

static void
die_in(fiber_fn *fn)
{
	static char alt[65536];
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof alt };
	struct sigaction sa = { .sa_sigaction = on_segv,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };
	int n = 10000;

	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	victim = fiber_new(pool, fn, &n);
	fiber_resume(victim);
}

static void
overflow_child(void)
{
	die_in(overflow_start);
}

static void
leap_child(void)
{
	die_in(leap_start);
}

START_TEST(a_stack_that_overflows_meets_its_guard)
{
	char text[1024];
	int st = child_run(overflow_child, text, sizeof text);

	ck_assert(WIFEXITED(st));
	ck_assert_int_eq(WEXITSTATUS(st), 12);
}
END_TEST

START_TEST(a_frame_that_is_too_large_does_not_reach_over_the_guard)
{
	char text[1024];
	int st = child_run(leap_child, text, sizeof text);

	ck_assert(WIFEXITED(st));
	ck_assert_int_eq(WEXITSTATUS(st), 12);
}
END_TEST

static void
shallow_start(void *arg)
{
	third = overflow(*(int *)arg);
}

START_TEST(a_stack_has_the_size_that_was_asked_for)
{
	int n = 24;	/* kibibytes of 64, with room for a sanitizer's frames */

	ck_assert_int_eq(fiber_resume(fiber_new(pool, shallow_start, &n)), 0);
}
END_TEST

SUITE_MAIN("fiber", setup, teardown, fibers_interleave_and_end,
    an_ended_fiber_is_used_again, the_pool_keeps_no_more_than_it_was_told,
    rounding_mode_belongs_to_the_fiber, a_backtrace_ends_at_the_fibers_start,
    a_suspension_with_something_held_stops_the_process,
    a_suspension_on_the_loops_stack_stops_the_process,
    a_stack_that_overflows_meets_its_guard,
    a_frame_that_is_too_large_does_not_reach_over_the_guard,
    a_stack_has_the_size_that_was_asked_for)
