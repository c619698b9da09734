/* check_slots - the master's table of who was given which slot */
#include <stdlib.h>

#include "../lib/suite.h"
#include "slots.h"

static struct slots s;

static void
setup(void)
{
	ck_assert_int_eq(slots_init(&s, 1, 8), 0); /* 1..7 are ours */
}

static void
teardown(void)
{
	slots_fini(&s);
}

START_TEST(the_last_two_are_kept_for_menders)
{
	unsigned slot, n = 0;

	while (slots_take(&s, SLOTS_ORDINARY, n + 1, &slot) == 1)
		n++;
	ck_assert_uint_eq(n, 7 - SLOTS_FOR_MENDERS);
	ck_assert_int_eq(slots_take(&s, SLOTS_MENDER, 20, &slot), 1);
	ck_assert_int_eq(slots_take(&s, SLOTS_MENDER, 21, &slot), 1);
	ck_assert_int_eq(slots_take(&s, SLOTS_MENDER, 22, &slot), 0);
}
END_TEST

START_TEST(slots_below_the_first_are_never_given)
{
	unsigned slot;

	while (slots_take(&s, SLOTS_MENDER, 1, &slot) == 1)
		ck_assert_uint_ge(slot, 1);
}
END_TEST

START_TEST(a_dead_users_slot_is_not_given_before_its_repair)
{
	unsigned slot, dead, other;
	pid_t pid;

	slots_take(&s, SLOTS_ORDINARY, 1, &slot);
	slots_dead(&s, slot, 4711, 2);
	while (slots_take(&s, SLOTS_MENDER, 3, &other) == 1)
		ck_assert_uint_ne(other, slot);
	ck_assert_int_eq(slots_next_dead(&s, 4, &dead, &pid), 1);
	ck_assert_uint_eq(dead, slot);
	ck_assert_int_eq(pid, 4711);
	ck_assert_int_eq(slots_next_dead(&s, 4, &dead, &pid), 0);
	ck_assert_uint_eq(slots_reaped(&s, slot, 1, 5), 0);
	ck_assert_int_eq(slots_take(&s, SLOTS_MENDER, 6, &other), 1);
	ck_assert_uint_eq(other, slot);
}
END_TEST

START_TEST(failed_repairs_are_counted_until_one_succeeds)
{
	unsigned slot, dead;
	pid_t pid;

	slots_take(&s, SLOTS_ORDINARY, 1, &slot);
	slots_dead(&s, slot, 1, 2);
	slots_next_dead(&s, 3, &dead, &pid);
	ck_assert_uint_eq(slots_reaped(&s, slot, 0, 4), 1);
	slots_next_dead(&s, 5, &dead, &pid);
	ck_assert_uint_eq(slots_reaped(&s, slot, 0, 6), 2);
	slots_next_dead(&s, 7, &dead, &pid);
	ck_assert_uint_eq(slots_reaped(&s, slot, 1, 8), 0);
	ck_assert_int_eq(slots_next_dead(&s, 9, &dead, &pid), 0);
}
END_TEST

START_TEST(a_slot_that_kills_menders_comes_before_their_own)
{
	unsigned slot, mender, dead;
	pid_t pid;

	slots_take(&s, SLOTS_ORDINARY, 1, &slot);
	slots_take(&s, SLOTS_MENDER, 1, &mender);
	slots_dead(&s, slot, 1, 2);
	slots_next_dead(&s, 3, &dead, &pid);
	slots_dead(&s, mender, 2, 4);
	ck_assert_uint_eq(slots_reaped(&s, slot, 0, 5), 1);
	slots_next_dead(&s, 6, &dead, &pid);
	ck_assert_uint_eq(dead, slot);
	slots_unasked(&s, slot);
	slots_next_dead(&s, 6, &dead, &pid);
	ck_assert_uint_eq(dead, slot);
	ck_assert_uint_eq(slots_reaped(&s, slot, 0, 7), 2);
}
END_TEST

START_TEST(a_repair_nobody_asked_for_changes_nothing)
{
	unsigned slot;

	slots_take(&s, SLOTS_ORDINARY, 1, &slot);
	ck_assert_uint_eq(slots_reaped(&s, slot, 1, 2), 0);
	ck_assert_uint_eq(slots_reaped(&s, 4000000000U, 1, 2), 0);
	ck_assert_uint_eq(slots_count(&s, SLOTS_USED), 1);
}
END_TEST

START_TEST(the_longest_dead_comes_first)
{
	unsigned a, b, dead;
	pid_t pid;

	slots_take(&s, SLOTS_ORDINARY, 1, &a);
	slots_take(&s, SLOTS_ORDINARY, 1, &b);
	slots_dead(&s, b, 2, 5);
	slots_dead(&s, a, 1, 6);
	slots_next_dead(&s, 7, &dead, &pid);
	ck_assert_uint_eq(dead, b);
}
END_TEST

SUITE_MAIN("slots", setup, teardown, the_last_two_are_kept_for_menders,
    slots_below_the_first_are_never_given,
    a_dead_users_slot_is_not_given_before_its_repair,
    failed_repairs_are_counted_until_one_succeeds,
    a_slot_that_kills_menders_comes_before_their_own,
    a_repair_nobody_asked_for_changes_nothing, the_longest_dead_comes_first)
