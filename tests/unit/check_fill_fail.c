/* Calls of skep_cache_fill() whose loaders fail, whose tasks end, whose keys
 * change under them. */
#include <errno.h>
#include <string.h>

#include <skep/skep.h>

#include "../lib/cachefix.h"
#include "cache_fill.h"
#include "check_fill.h"
#include "index.h"

#define KEY_N strlen(FF_KEY)

/* --- errors --- */

START_TEST(an_error_reaches_all_who_wait)
{
	struct ff_call a = FF_CALL(ff_slow, ""), b, c;

	a.arg.rc = -ECONNREFUSED;
	b = c = a;
	ff_start(&a, 0);
	ff_start(&b, 0);
	ff_start(&c, 1);
	ff_release();
	ff_until(&c.done);
	ck_assert_int_eq(a.rc, -ECONNREFUSED);
	ck_assert_int_eq(b.rc, -ECONNREFUSED);
	ck_assert_int_eq(c.rc, -ECONNREFUSED);
	ck_assert_ptr_null(c.val.p);
	ck_assert_int_eq(ff_loads(), 1);
}
END_TEST

START_TEST(for_100_ms_it_is_not_tried_again)
{
	struct ff_call a = FF_CALL(ff_quick, ""), b = FF_CALL(ff_quick, "7");
	struct ff_call c = b;

	a.arg.rc = -EIO;
	ff_start(&a, 0);
	ff_start(&b, 1);
	ck_assert_int_eq(b.rc, -EIO);
	ck_assert_int_eq(ff_loads(), 1);
	(void)usleep(FLIGHT_ERROR_NS / 1000);
	ff_start(&c, 1);
	ck_assert_int_eq(c.rc, 0);
	ck_assert_str_eq(c.text, "7");
}
END_TEST

static int
load_too_long(struct skep_task *t, struct skep_str arg, struct skep_str *val)
{
	struct cache_stats st;
	int rc = ff_slow(t, arg, val);
	char *p;

	cache_stats(ff_worker(0)->cache, &st);
	p = skep_alloc(t, st.value_max + 1);
	*val = skep_strn(p, st.value_max + 1);
	return p == NULL ? -ENOMEM : rc;
}

START_TEST(what_cannot_be_stored_each_loads_itself)
{
	struct ff_call a = FF_CALL(load_too_long, ""), b = a, c = a;

	ff_start(&a, 0);
	ff_start(&b, 0);
	ff_start(&c, 1);
	ck_assert_int_eq(ff_parked(), 1);
	ff_release();
	ck_assert_int_eq(a.rc, 0);
	ck_assert_int_eq(ff_parked(), 2);
	ff_release();
	ck_assert_int_eq(b.rc, 0);
	ck_assert_int_eq(c.rc, 0);
	ck_assert_uint_gt(c.val.n, 100000);
}
END_TEST

/* --- tasks that end --- */

START_TEST(a_canceled_leader_hands_it_on)
{
	struct ff_call a = FF_CALL(ff_slow, "a"), b = FF_CALL(ff_slow, "b");
	struct ff_call c = FF_CALL(ff_slow, "c");

	ff_start(&a, 0);
	ff_start(&b, 1);
	ff_start(&c, 1);
	task_cancel(a.t);
	ff_pass();
	ck_assert_int_eq(a.rc, -ECANCELED);
	ck_assert_int_eq(b.done + c.done, 0);
	ck_assert_int_eq(ff_parked(), 1);
	ff_release();
	ck_assert_str_eq(b.text, "b");
	ck_assert_str_eq(c.text, "b");
	ck_assert_int_eq(ff_loads(), 2);
}
END_TEST

START_TEST(and_so_it_does_to_one_of_its_own_worker)
{
	struct ff_call a = FF_CALL(ff_slow, "a"), b = FF_CALL(ff_slow, "b");
	struct ff_call c = FF_CALL(ff_slow, "c");

	ff_start(&a, 0);
	ff_start(&b, 0);
	ff_start(&c, 0);
	task_cancel(a.t);
	ff_pass();
	ck_assert_int_eq(a.rc, -ECANCELED);
	ck_assert_int_eq(ff_parked(), 1);
	ff_release();
	ck_assert_str_eq(b.text, "b");
	ck_assert_str_eq(c.text, "b");
}
END_TEST

START_TEST(a_leader_whose_time_is_over_hands_it_on)
{
	struct ff_call a = FF_CALL(ff_slow, "a"), b = FF_CALL(ff_slow, "b");

	a.deadline_ms = 20;
	ff_start(&a, 0);
	ff_start(&b, 1);
	ff_until(&a.done);
	ck_assert_int_eq(a.rc, -ETIMEDOUT);
	ff_tick();
	ck_assert_int_eq(ff_parked(), 1);
	ff_release();
	ck_assert_int_eq(b.rc, 0);
	ck_assert_str_eq(b.text, "b");
}
END_TEST

/* The loader does not look at its deadline; and has lost its flight. */
static int
load_late(struct skep_task *t, struct skep_str arg, struct skep_str *val)
{
	t->deadline_ns = TASK_NEVER;
	return ff_slow(t, arg, val);
}

START_TEST(a_late_leader_is_overtaken)
{
	struct ff_call a = FF_CALL(load_late, "a"), b = FF_CALL(ff_slow, "b");
	struct ff_call c = FF_CALL(ff_slow, "c");

	a.deadline_ms = 20;
	ff_start(&a, 0);
	ff_start(&c, 0);
	ff_start(&b, 1);
	(void)usleep(25000);
	ff_tick();
	ff_tick();
	ck_assert_int_eq(ff_parked(), 2);
	ff_release();
	ff_until(&c.done);
	ck_assert_str_eq(a.text, "a");
	ck_assert_str_eq(b.text, "b");
	ck_assert_str_eq(c.text, "b");
	ck_assert_str_eq(cachefix_get(ff_worker(0)->cache, FF_KEY), "b");
}
END_TEST

START_TEST(a_waiters_deadline_is_its_own)
{
	struct ff_call a = FF_CALL(ff_slow, "a"), b = FF_CALL(ff_slow, "b");
	struct ff_call c = FF_CALL(ff_slow, "c");

	b.deadline_ms = c.deadline_ms = 20;
	ff_start(&a, 0);
	ff_start(&b, 1);
	ff_start(&c, 0);
	ff_until(&b.done);
	ff_until(&c.done);
	ck_assert_int_eq(b.rc, -ETIMEDOUT);
	ck_assert_int_eq(c.rc, -ETIMEDOUT);
	ff_release();
	ck_assert_str_eq(a.text, "a");
	ck_assert_int_eq(ff_loads(), 1);
}
END_TEST

START_TEST(a_canceled_waiter_leaves_the_others_alone)
{
	struct ff_call a = FF_CALL(ff_slow, "a"), b = FF_CALL(ff_slow, "b");
	struct ff_call c = FF_CALL(ff_slow, "c");

	ff_start(&a, 0);
	ff_start(&b, 1);
	ff_start(&c, 1);
	task_cancel(b.t);
	ff_pass();
	ck_assert_int_eq(b.rc, -ECANCELED);
	ff_release();
	ck_assert_str_eq(a.text, "a");
	ck_assert_str_eq(c.text, "a");
}
END_TEST

/* --- keys that change --- */

START_TEST(who_asked_before_a_delete_gets_the_old_one)
{
	struct ff_call a = FF_CALL(ff_slow, "old"), b = a, c = a;
	struct ff_call d = FF_CALL(ff_quick, "new");

	ff_start(&a, 0);
	ff_start(&b, 0);
	ff_start(&c, 1);
	ck_assert_int_eq(cache_del(ff_worker(1)->cache, FF_KEY, KEY_N), 0);
	ff_release();
	ff_until(&c.done);
	ck_assert_str_eq(a.text, "old");
	ck_assert_str_eq(b.text, "old");
	ck_assert_str_eq(c.text, "old");
	ck_assert_int_eq(ff_loads(), 1);
	ff_start(&d, 0);
	ck_assert_str_eq(d.text, "new");
}
END_TEST

START_TEST(who_asks_after_it_has_it_loaded_anew)
{
	struct ff_call a = FF_CALL(ff_slow, "old"), b = FF_CALL(ff_slow, "new");
	struct ff_call c = b;

	ff_start(&a, 0);
	ck_assert_int_eq(cache_del(ff_worker(1)->cache, FF_KEY, KEY_N), 0);
	ff_start(&b, 0);
	ff_start(&c, 1);
	ck_assert_int_eq(ff_parked(), 2);
	ff_release();
	ff_until(&c.done);
	ck_assert_str_eq(a.text, "old");
	ck_assert_str_eq(b.text, "new");
	ck_assert_str_eq(c.text, "new");
	ck_assert_str_eq(cachefix_get(ff_worker(0)->cache, FF_KEY), "new");
}
END_TEST

START_TEST(who_asked_before_a_flush_gets_the_old_one)
{
	struct ff_call a = FF_CALL(ff_slow, "old"), b = a, c = a;

	ff_start(&a, 0);
	ff_start(&b, 0);
	ff_start(&c, 1);
	ck_assert_int_eq(cache_flush(ff_worker(1)->cache), 0);
	ff_release();
	ff_until(&c.done);
	ck_assert_str_eq(a.text, "old");
	ck_assert_str_eq(b.text, "old");
	ck_assert_str_eq(c.text, "old");
	ck_assert_ptr_null(cachefix_get(ff_worker(0)->cache, FF_KEY));
}
END_TEST

START_TEST(who_asks_after_it_waits_and_has_it_loaded_anew)
{
	struct ff_call a = FF_CALL(ff_slow, "old");
	struct ff_call b = FF_CALL(ff_quick, "new"), c = b;

	ff_start(&a, 0);
	ck_assert_int_eq(cache_flush(ff_worker(1)->cache), 0);
	ff_start(&b, 0);
	ff_start(&c, 1);
	ck_assert_int_eq(b.done + c.done, 0);
	ff_release();
	ff_until(&b.done);
	ff_until(&c.done);
	ck_assert_str_eq(a.text, "old");
	ck_assert_str_eq(b.text, "new");
	ck_assert_str_eq(c.text, "new");
	ck_assert_int_eq(ff_loads(), 2);
	ck_assert_str_eq(cachefix_get(ff_worker(0)->cache, FF_KEY), "new");
}
END_TEST

START_TEST(a_value_set_meanwhile_is_everyones)
{
	struct ff_call a = FF_CALL(ff_slow, "old"), b = a;

	ff_start(&a, 0);
	ff_start(&b, 1);
	ck_assert_int_eq(cachefix_set(ff_worker(1)->cache, FF_KEY, "set"), 1);
	ff_release();
	ff_until(&b.done);
	ck_assert_str_eq(a.text, "old");
	ck_assert_str_eq(b.text, "set");
	ck_assert_str_eq(cachefix_get(ff_worker(0)->cache, FF_KEY), "set");
}
END_TEST

TCase *
fill_fail_case(void)
{
	return SUITE_CASE("fail", ff_setup, ff_teardown,
	    an_error_reaches_all_who_wait, for_100_ms_it_is_not_tried_again,
	    what_cannot_be_stored_each_loads_itself,
	    a_canceled_leader_hands_it_on,
	    and_so_it_does_to_one_of_its_own_worker,
	    a_leader_whose_time_is_over_hands_it_on, a_late_leader_is_overtaken,
	    a_waiters_deadline_is_its_own,
	    a_canceled_waiter_leaves_the_others_alone,
	    who_asked_before_a_delete_gets_the_old_one,
	    who_asks_after_it_has_it_loaded_anew,
	    who_asked_before_a_flush_gets_the_old_one,
	    who_asks_after_it_waits_and_has_it_loaded_anew,
	    a_value_set_meanwhile_is_everyones);
}
