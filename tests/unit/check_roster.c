/* check_roster - the states of a child, and deaths before we know the name */
#include <stdlib.h>

#include "../lib/suite.h"
#include "roster.h"

#define S 1000000000ULL

START_TEST(a_life_goes_from_vacant_to_vacant)
{
	ck_assert_int_eq(roster_next(CST_VACANT, CEV_SPAWN), CST_STARTING);
	ck_assert_int_eq(roster_next(CST_STARTING, CEV_READY), CST_SERVING);
	ck_assert_int_eq(roster_next(CST_SERVING, CEV_DRAIN), CST_DRAINING);
	ck_assert_int_eq(roster_next(CST_DRAINING, CEV_KILL), CST_EXITING);
	ck_assert_int_eq(roster_next(CST_EXITING, CEV_EXIT), CST_VACANT);
}
END_TEST

START_TEST(an_exit_is_expected_from_every_state_of_the_living)
{
	ck_assert_int_eq(
	    roster_next((enum child_state)_i, CEV_EXIT), CST_VACANT);
}
END_TEST

START_TEST(a_ready_that_crosses_our_drain_changes_nothing)
{
	ck_assert_int_eq(roster_next(CST_DRAINING, CEV_READY), CST_DRAINING);
	ck_assert_int_eq(roster_next(CST_EXITING, CEV_READY), CST_EXITING);
}
END_TEST

START_TEST(pairs_that_make_no_sense_lead_nowhere)
{
	ck_assert_int_eq(roster_next(CST_VACANT, CEV_READY), -1);
	ck_assert_int_eq(roster_next(CST_VACANT, CEV_EXIT), -1);
	ck_assert_int_eq(roster_next(CST_SERVING, CEV_READY), -1);
	ck_assert_int_eq(roster_next(CST_SERVING, CEV_SPAWN), -1);
}
END_TEST

START_TEST(children_are_found_by_pid_but_not_by_none)
{
	struct roster r = LIST_HEAD_INITIALIZER(r);
	struct child *a = roster_add(&r, CHILD_WORKER, "web.1");
	struct child *b = roster_add(&r, CHILD_KEEPER, "keeper");

	a->pid = 10;
	ck_assert_ptr_eq(roster_find(&r, 10), a);
	ck_assert_ptr_null(roster_find(&r, 0));
	ck_assert_uint_eq(roster_count(&r), 2);
	roster_drop(a);
	ck_assert_ptr_null(roster_find(&r, 10));
	roster_drop(b);
}
END_TEST

START_TEST(a_death_that_comes_first_is_claimed_once_and_not_late)
{
	struct roster_unclaimed u = { 0 };
	int status = 0;

	roster_unclaimed_put(&u, 42, 9, 1 * S);
	ck_assert_int_eq(roster_unclaimed_take(&u, 43, 2 * S, &status), 0);
	ck_assert_int_eq(roster_unclaimed_take(&u, 42, 2 * S, &status), 1);
	ck_assert_int_eq(status, 9);
	ck_assert_int_eq(roster_unclaimed_take(&u, 42, 2 * S, &status), 0);
	/* Another process may have the pid by then. */
	roster_unclaimed_put(&u, 44, 9, 1 * S);
	ck_assert_int_eq(roster_unclaimed_take(&u, 44, 60 * S, &status), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("states", NULL, NULL,
	    a_life_goes_from_vacant_to_vacant,
	    a_ready_that_crosses_our_drain_changes_nothing,
	    pairs_that_make_no_sense_lead_nowhere,
	    children_are_found_by_pid_but_not_by_none,
	    a_death_that_comes_first_is_claimed_once_and_not_late);

	tcase_add_loop_test(tc,
	    an_exit_is_expected_from_every_state_of_the_living, CST_STARTING,
	    CST_N);
	return SUITE_RUN("roster", tc);
}
