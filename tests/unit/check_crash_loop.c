/* check_crash_loop - which deaths count, and what three of them mean */
#include <stdlib.h>

#include "../lib/suite.h"
#include "crash_loop.h"

#define S 1000000000ULL

/* The defaults of the configuration. */
static const struct crash_loop_rule rule = { .attempts = 3,
	.window_ns = 120 * S,
	.early_ns = 1 * S };

START_TEST(three_own_deaths_within_the_window_fail_the_group)
{
	struct crash_loop l = { 0 };

	ck_assert_int_eq(crash_loop_decide(&l, &rule, DEATH_FAULT, 10 * S, 0), 0);
	ck_assert_int_eq(crash_loop_decide(&l, &rule, DEATH_STATUS, 60 * S, 0), 0);
	ck_assert_int_eq(crash_loop_decide(&l, &rule, DEATH_WATCHDOG, 130 * S, 0), 1);
}
END_TEST

START_TEST(three_deaths_over_a_longer_time_do_not)
{
	struct crash_loop l = { 0 };

	ck_assert_int_eq(crash_loop_decide(&l, &rule, DEATH_FAULT, 10 * S, 0), 0);
	ck_assert_int_eq(crash_loop_decide(&l, &rule, DEATH_FAULT, 60 * S, 0), 0);
	ck_assert_int_eq(crash_loop_decide(&l, &rule, DEATH_FAULT, 131 * S, 0), 0);
	ck_assert_int_eq(crash_loop_decide(&l, &rule, DEATH_FAULT, 132 * S, 0), 1);
}
END_TEST

START_TEST(a_kill_from_outside_never_counts)
{
	struct crash_loop l = { 0 };
	unsigned i;

	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(
		    crash_loop_decide(&l, &rule, DEATH_OUTSIDE, i * S / 10, 0), 0);
	ck_assert_uint_eq(l.n, 0);
}
END_TEST

START_TEST(only_early_deaths_count)
{
	ck_assert_int_eq(crash_loop_counts(&rule, DEATH_FAULT, 5 * S, 0), 1);
	ck_assert_int_eq(crash_loop_counts(&rule, DEATH_FAULT, 5 * S, 4 * S), 1);
	ck_assert_int_eq(crash_loop_counts(&rule, DEATH_FAULT, 5 * S, 4 * S - 1), 0);
}
END_TEST

START_TEST(kinds_that_count_are_those_of_its_own_doing)
{
	static const int counts[DEATH_KINDS] = { [DEATH_STATUS] = 1,
		[DEATH_WATCHDOG] = 1, [DEATH_FAULT] = 1, [DEATH_LIMIT] = 1,
		[DEATH_MEMORY] = 1, [DEATH_LATE] = 1 };

	ck_assert_int_eq(
	    crash_loop_counts(&rule, (enum death_kind)_i, 5 * S, 0), counts[_i]);
}
END_TEST

START_TEST(proof_of_life_forgets_what_was_counted)
{
	struct crash_loop l = { 0 };

	crash_loop_decide(&l, &rule, DEATH_FAULT, 1 * S, 0);
	crash_loop_decide(&l, &rule, DEATH_FAULT, 2 * S, 0);
	crash_loop_forget(&l);
	ck_assert_int_eq(crash_loop_decide(&l, &rule, DEATH_FAULT, 3 * S, 0), 0);
}
END_TEST

START_TEST(a_failure_is_over_when_a_new_worker_or_all_have_held)
{
	static const struct {
		struct crash_loop_held held;
		uint64_t now_ns;
		int over;
	} rows[] = {
		{ { 0, 0 }, 100 * S, 0 },
		{ { 1, 0 }, 100 * S, 0 },	/* one that never was in doubt */
		{ { 1, 1 }, 100 * S, 1 },
		{ { 2, 0 }, 100 * S, 1 },	/* whole, and nobody dies */
		{ { 3, 0 }, 11 * S, 0 },	/* whole, but one died just now */
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_int_eq(crash_loop_over(&rule, &rows[i].held, 2,
		    10 * S, rows[i].now_ns), rows[i].over);
	/* A drained group wants none: that proves nothing. */
	ck_assert_int_eq(crash_loop_over(&rule, &rows[0].held, 0, 10 * S,
	    100 * S), 0);
}
END_TEST

START_TEST(backoff_doubles_up_to_its_cap)
{
	ck_assert_uint_eq(crash_loop_backoff(1, 5 * S, 60 * S), 5 * S);
	ck_assert_uint_eq(crash_loop_backoff(2, 5 * S, 60 * S), 10 * S);
	ck_assert_uint_eq(crash_loop_backoff(4, 5 * S, 60 * S), 40 * S);
	ck_assert_uint_eq(crash_loop_backoff(5, 5 * S, 60 * S), 60 * S);
	ck_assert_uint_eq(crash_loop_backoff(4000000, 5 * S, 60 * S), 60 * S);
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("policy", NULL, NULL,
	    three_own_deaths_within_the_window_fail_the_group,
	    three_deaths_over_a_longer_time_do_not,
	    a_kill_from_outside_never_counts, only_early_deaths_count,
	    proof_of_life_forgets_what_was_counted,
	    a_failure_is_over_when_a_new_worker_or_all_have_held,
	    backoff_doubles_up_to_its_cap);

	tcase_add_loop_test(
	    tc, kinds_that_count_are_those_of_its_own_doing, 0, DEATH_KINDS);
	return SUITE_RUN("crash_loop", tc);
}
