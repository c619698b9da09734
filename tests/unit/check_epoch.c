/* check_epoch.c - sections, stamps, grace periods, ages */
#include "../lib/shmfix.h"
#include "epoch.h"
#include "reap.h"

#define MS UINT64_C(1000000)

START_TEST(section_entered_before_the_stamp_holds_it_up)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *rd = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct slot_self *wr = shmfix_attach(r, 1, SLOT_ROLE_WORKER, NULL);
	uint64_t stamp;

	ck_assert_int_eq(epoch_enter(rd), 0);
	stamp = epoch_stamp(wr);
	ck_assert_int_eq(epoch_passed(r, stamp), 0);
	epoch_leave(rd);
	ck_assert_int_eq(epoch_passed(r, stamp), 1);
	slot_detach(&rd);
	slot_detach(&wr);
	region_close(&r);
}
END_TEST

START_TEST(section_entered_after_the_stamp_does_not)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *rd = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct slot_self *wr = shmfix_attach(r, 1, SLOT_ROLE_WORKER, NULL);
	uint64_t first = epoch_stamp(wr), second;

	ck_assert_int_eq(epoch_enter(rd), 0);
	second = epoch_stamp(wr);
	ck_assert_uint_gt(second, first);
	ck_assert_int_eq(epoch_passed(r, second), 0);
	ck_assert_int_eq(epoch_passed(r, first), 1);
	/* What one found out, others need not: the word says so. */
	ck_assert_uint_ge(ld_acq(&r->hot->safe), first);
	ck_assert_uint_lt(ld_acq(&r->hot->safe), second);
	epoch_leave(rd);
	slot_detach(&rd);
	slot_detach(&wr);
	region_close(&r);
}
END_TEST

START_TEST(one_look_decides_for_all_batches)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *rd = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct slot_self *wr = shmfix_attach(r, 1, SLOT_ROLE_WORKER, NULL);
	uint64_t stamp[3], safe;

	stamp[0] = epoch_stamp(wr);
	stamp[1] = epoch_stamp(wr);
	ck_assert_int_eq(epoch_enter(rd), 0);
	stamp[2] = epoch_stamp(wr);
	safe = epoch_safe(r);
	ck_assert_uint_ge(safe, stamp[1]);
	ck_assert_uint_lt(safe, stamp[2]);
	epoch_leave(rd);
	ck_assert_uint_ge(epoch_safe(r), stamp[2]);
	ck_assert_uint_lt(epoch_safe(r), epoch_stamp(wr));
	slot_detach(&rd);
	slot_detach(&wr);
	region_close(&r);
}
END_TEST

/* A scan that finds nobody says nothing of stamps that are yet to come. */
START_TEST(scan_without_readers_does_not_free_the_future)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *rd = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct slot_self *wr = shmfix_attach(r, 1, SLOT_ROLE_WORKER, NULL);
	uint64_t stamp = epoch_stamp(wr);

	ck_assert_int_eq(epoch_passed(r, stamp), 1);
	ck_assert_int_eq(epoch_passed(r, stamp + 1), 0);
	epoch_enter(rd);
	stamp = epoch_stamp(wr);
	ck_assert_int_eq(epoch_passed(r, stamp), 0);
	epoch_leave(rd);
	ck_assert_int_eq(epoch_passed(r, stamp), 1);
	slot_detach(&rd);
	slot_detach(&wr);
	region_close(&r);
}
END_TEST

START_TEST(nested_sections_end_with_the_outermost)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct slot_info in;

	ck_assert_int_eq(epoch_inside(me), 0);
	epoch_enter(me);
	epoch_enter(me);
	epoch_leave(me);
	slot_info(r, 0, &in);
	ck_assert_uint_ne(in.word, 0);
	ck_assert_int_eq(epoch_inside(me), 1);
	epoch_leave(me);
	slot_info(r, 0, &in);
	ck_assert_uint_eq(in.word, 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(leaving_what_was_not_entered_ends_the_process)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);

	epoch_leave(me);
}
END_TEST

static void
enter(struct slot_self *me, void *arg)
{
	(void)arg;
	epoch_enter(me);
}

START_TEST(dead_reader_is_cleared_with_its_slot)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid = shmfix_child(r, 3, enter, NULL);
	uint64_t stamp = epoch_stamp(me);

	ck_assert_int_eq(epoch_passed(r, stamp), 0);
	shmfix_kill(pid);
	/* Dead, but nobody has proven it: it counts. */
	ck_assert_int_eq(epoch_passed(r, stamp), 0);
	ck_assert_int_eq(slot_reap(me, 3), 1);
	ck_assert_int_eq(epoch_passed(r, stamp), 1);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(fence_mode_is_kept_in_the_region)
{
	struct region *r = shmfix_region(&(struct region_plan){
	    .n_slots = 8, .rcu = REGION_RCU_FENCE });
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	uint64_t stamp;

	ck_assert_uint_eq(me->fence, 1);
	epoch_enter(me);
	epoch_leave(me);
	stamp = epoch_stamp(me);
	ck_assert_int_eq(epoch_passed(r, stamp), 1);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

/* Marks each 100 ms from 1,000 ms on; a section entered between two of them is
 * found between its bounds. */
START_TEST(age_lies_between_its_bounds)
{
	struct region *r = shmfix_region(NULL);
	uint64_t word, min, max, t = 1000 * MS;

	ck_assert_int_eq(epoch_age(r, 0, t, &min, &max), -ENOENT);
	ck_assert_int_eq(epoch_age(r, 1, t, &min, &max), 0);
	ck_assert_uint_eq(min, 0);
	ck_assert_uint_eq(max, UINT64_MAX);
	for (int i = 0; i < 5; i++, t += 100 * MS)
		epoch_mark(r, t);
	/* Entered at 1,450 ms. */
	word = ld_acq(&r->hot->epoch);
	for (int i = 0; i < 10; i++, t += 100 * MS)
		epoch_mark(r, t);
	/* It is 2,450 ms: age 1,000 ms. */
	t -= 50 * MS;
	epoch_age(r, word, t, &min, &max);
	ck_assert_uint_le(min, 1000 * MS);
	ck_assert_uint_ge(min, 850 * MS);
	ck_assert_uint_ge(max, 1000 * MS);
	ck_assert_uint_le(max, 1050 * MS);
	region_close(&r);
}
END_TEST

START_TEST(age_is_known_for_half_a_minute)
{
	struct region *r = shmfix_region(NULL);
	uint64_t word, min, max, t = 1000 * MS;

	for (int i = 0; i < 7; i++, t += 100 * MS)
		epoch_mark(r, t);
	word = ld_acq(&r->hot->epoch);
	for (int i = 0; i < 250; i++, t += 100 * MS)
		epoch_mark(r, t);
	epoch_age(r, word, t, &min, &max);
	ck_assert_uint_ge(min, 23000 * MS);
	ck_assert_uint_le(min, 25100 * MS);
	ck_assert_uint_ge(max, 25000 * MS);
	ck_assert_uint_le(max, 26000 * MS);
	/* A word older than all notes is at least as old as they reach. */
	for (int i = 0; i < 2000; i++, t += 100 * MS)
		epoch_mark(r, t);
	epoch_age(r, word, t, &min, &max);
	ck_assert_uint_ge(min, 29000 * MS);
	ck_assert_uint_eq(max, UINT64_MAX);
	region_close(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("epoch", NULL, NULL,
	    section_entered_before_the_stamp_holds_it_up,
	    section_entered_after_the_stamp_does_not,
	    one_look_decides_for_all_batches,
	    scan_without_readers_does_not_free_the_future,
	    nested_sections_end_with_the_outermost,
	    dead_reader_is_cleared_with_its_slot,
	    fence_mode_is_kept_in_the_region, age_lies_between_its_bounds,
	    age_is_known_for_half_a_minute);

	tcase_add_exit_test(tc, leaving_what_was_not_entered_ends_the_process,
	    70);
	return SUITE_RUN("epoch", tc);
}
