/* check_flight_end.c - flights whose key changes, whose owner goes */
#include "check_flight.h"

/* --- changes of the key meanwhile --- */

START_TEST(result_from_before_a_delete_is_not_stored)
{
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_int_eq(cache_del(c[1], KEY, KEY_N), 0);
	ck_assert_int_eq(done(0, "old"), 0);
	ck_assert_ptr_null(cachefix_get(c[1], KEY));
	ck_assert_uint_eq(state(0), FLIGHT_FREE);
}
END_TEST

START_TEST(it_goes_to_those_who_asked_before)
{
	one_leads_one_waits();
	ck_assert_int_eq(cache_del(c[2], KEY, KEY_N), 0);
	ck_assert_int_eq(look(1), FLIGHT_WAIT);
	ck_assert_int_eq(done(0, "old"), 0);
	ck_assert_int_eq(look(1), FLIGHT_OVER);
	ck_assert_str_eq(result(1), "old");
	ck_assert_ptr_null(cachefix_get(c[1], KEY));
}
END_TEST

START_TEST(who_asks_after_a_delete_starts_another)
{
	one_leads_one_waits();
	ck_assert_int_eq(cache_del(c[2], KEY, KEY_N), 0);
	ck_assert_int_eq(begin(2), FLIGHT_LEAD);
	ck_assert_int_eq(done(2, "new"), 1);
	ck_assert_int_eq(done(0, "old"), 0);
	ck_assert_str_eq(cachefix_get(c[1], KEY), "new");
	/* And who waited for the old one has the newer. */
	ck_assert_str_eq(result(1), "new");
}
END_TEST

START_TEST(void_flight_that_fails_is_no_error_of_others)
{
	one_leads_one_waits();
	ck_assert_int_eq(cache_del(c[2], KEY, KEY_N), 0);
	cache_fill_fail(c[0], &f[0], EIO, now);
	ck_assert_int_eq(look(1), FLIGHT_OVER);
	ck_assert_int_eq(begin(2), FLIGHT_LEAD);
	flight_end(&m, me[2], &f[2]);
}
END_TEST

/* Each change there is, on a key that is there while another load of it is
 * under way (a refresh). */
static void
do_set(void)
{
	ck_assert_int_eq(cachefix_set(c[1], KEY, "5"), 1);
}

static void
do_add(void)
{
	ck_assert_int_eq(cache_del(c[1], KEY, KEY_N), 1);
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_int_eq(cache_put(c[1], CACHE_ADD, KEY, KEY_N, "5", 1, NULL,
	    NULL), 1);
}

static void
do_replace(void)
{
	ck_assert_int_eq(cache_put(c[1], CACHE_REPLACE, KEY, KEY_N, "5", 1,
	    NULL, NULL), 1);
}

static void
do_cas(void)
{
	struct cache_opt opt = { .cas = cachefix_cas(c[1], KEY) };

	ck_assert_int_eq(cache_put(c[1], CACHE_CAS, KEY, KEY_N, "5", 1, &opt,
	    NULL), 1);
}

static void
do_append(void)
{
	ck_assert_int_eq(cache_put(c[1], CACHE_APPEND, KEY, KEY_N, "5", 1,
	    NULL, NULL), 1);
}

static void
do_incr(void)
{
	ck_assert_int_eq(cache_incr(c[1], KEY, KEY_N, 1, NULL), 1);
}

static void
do_touch(void)
{
	ck_assert_int_eq(cache_touch(c[1], KEY, KEY_N, INT64_C(60000000000)),
	    1);
}

static void (*const changes[])(void) = {
	do_set, do_add, do_replace, do_cas, do_append, do_incr, do_touch,
};

START_TEST(each_change_of_the_key_voids_its_flight)
{
	uint64_t cas;

	ck_assert_int_eq(cachefix_set(c[0], KEY, "1"), 1);
	if (changes[_i] != do_add)
		ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	changes[_i]();
	cas = cachefix_cas(c[0], KEY);
	ck_assert_int_eq(done(0, "old"), 0);
	ck_assert_uint_eq(cachefix_cas(c[0], KEY), cas);
}
END_TEST

START_TEST(change_that_was_not_made_voids_nothing)
{
	ck_assert_int_eq(cachefix_set(c[0], KEY, "1"), 1);
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_int_eq(cache_put(c[1], CACHE_ADD, KEY, KEY_N, "5", 1, NULL,
	    NULL), 0);
	ck_assert_int_eq(done(0, "new"), 1);
	ck_assert_str_eq(cachefix_get(c[0], KEY), "new");
}
END_TEST

START_TEST(flush_leaves_the_result_to_those_who_asked_before)
{
	one_leads_one_waits();
	ck_assert_int_eq(cache_flush(c[2]), 0);
	/* Joins, but what it gets must be newer than the flush. */
	ck_assert_int_eq(begin(2), FLIGHT_WAIT);
	ck_assert_int_eq(f[1].early, 1);
	ck_assert_int_eq(f[2].early, 0);
	ck_assert_int_eq(done(0, "old"), 0);
	ck_assert_str_eq(result(1), "old");
	ck_assert_ptr_null(result(2));
	ck_assert_int_eq(begin(2), FLIGHT_LEAD);
	ck_assert_int_eq(done(2, "new"), 1);
	ck_assert_str_eq(cachefix_get(c[1], KEY), "new");
}
END_TEST

START_TEST(load_that_began_after_a_flush_is_stored)
{
	ck_assert_int_eq(cache_flush(c[1]), 0);
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_int_eq(done(0, "7"), 1);
	ck_assert_str_eq(cachefix_get(c[1], KEY), "7");
}
END_TEST

START_TEST(a_second_waiter_may_join_until_it_is_void)
{
	int early = -1;

	one_leads_one_waits();
	ck_assert_int_eq(cache_fill_open(c[1], &f[1], &early), 1);
	ck_assert_int_eq(early, 1);
	ck_assert_int_eq(cache_flush(c[2]), 0);
	ck_assert_int_eq(cache_fill_open(c[1], &f[1], &early), 1);
	ck_assert_int_eq(early, 0);
	ck_assert_int_eq(cache_del(c[2], KEY, KEY_N), 0);
	ck_assert_int_eq(cache_fill_open(c[1], &f[1], &early), 0);
	ck_assert_int_eq(cache_fill_mine(c[0], &f[0]), 0);
	ck_assert_int_eq(done(0, "old"), 0);
	ck_assert_int_eq(cache_fill_mine(c[0], &f[0]), -1);
}
END_TEST

/* --- owners that go --- */

START_TEST(given_up_it_goes_to_one_who_waits)
{
	one_leads_one_waits();
	ck_assert_int_eq(begin(2), FLIGHT_WAIT);
	ck_assert_int_eq(wake_arm(me[1], WAKE_FUTEX), 0);
	ck_assert_int_eq(wake_arm(me[2], WAKE_FUTEX), 0);
	cache_fill_pass(c[0], &f[0]);
	ck_assert_uint_eq(ld_rlx(&me[1]->slot->sleeping), WAKE_NONE);
	ck_assert_uint_eq(ld_rlx(&me[2]->slot->sleeping), WAKE_FUTEX);
	ck_assert_int_eq(look(1), FLIGHT_LEAD);
	ck_assert_int_eq(f[1].taken, 1);
	ck_assert_int_eq(look(2), FLIGHT_WAIT);
	ck_assert_int_eq(begin(0), FLIGHT_WAIT);
	ck_assert_int_eq(done(1, "7"), 1);
	ck_assert_int_eq(look(2), FLIGHT_OVER);
	ck_assert_str_eq(result(2), "7");
}
END_TEST

START_TEST(late_owner_is_overtaken_and_does_not_store)
{
	one_leads_one_waits();
	now += LATE - 1;
	ck_assert_int_eq(look(1), FLIGHT_WAIT);
	now += 1;
	ck_assert_int_eq(look(1), FLIGHT_LEAD);
	ck_assert_int_eq(begin(2), FLIGHT_WAIT);
	ck_assert_int_eq(done(0, "late"), -ECANCELED);
	ck_assert_ptr_null(cachefix_get(c[2], KEY));
	ck_assert_int_eq(done(1, "7"), 1);
	ck_assert_str_eq(cachefix_get(c[2], KEY), "7");
}
END_TEST

START_TEST(overtaken_owner_ends_nothing)
{
	one_leads_one_waits();
	now += LATE;
	ck_assert_int_eq(look(1), FLIGHT_LEAD);
	cache_fill_fail(c[0], &f[0], EIO, now);
	cache_fill_pass(c[0], &f[0]);
	cache_fill_end(c[0], &f[0]);
	ck_assert_int_eq(cache_fill_mine(c[1], &f[1]), 1);
	ck_assert_uint_ne(mask(), 0);
	ck_assert_int_eq(done(1, "7"), 1);
}
END_TEST

START_TEST(it_may_be_overtaken_by_its_own_thread)
{
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	f[1] = f[0];
	now += LATE;
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_int_eq(cache_fill_done(c[0], &f[1], KEY, KEY_N, "late", 4,
	    NULL, 0, now), -ECANCELED);
	ck_assert_int_eq(done(0, "7"), 1);
}
END_TEST

START_TEST(who_comes_when_it_is_late_takes_it_over)
{
	one_leads_one_waits();
	now += LATE;
	ck_assert_int_eq(begin(2), FLIGHT_LEAD);
	ck_assert_int_eq(f[2].taken, 1);
	ck_assert_uint_eq(f[2].entry, f[0].entry);
	ck_assert_int_eq(look(1), FLIGHT_WAIT);
	ck_assert_int_eq(done(2, "7"), 1);
	ck_assert_int_eq(look(1), FLIGHT_OVER);
}
END_TEST

START_TEST(late_void_flight_is_begun_again)
{
	one_leads_one_waits();
	ck_assert_int_eq(cache_del(c[2], KEY, KEY_N), 0);
	now += LATE;
	ck_assert_int_eq(look(1), FLIGHT_OVER);
	ck_assert_int_eq(begin(1), FLIGHT_LEAD);
	ck_assert_int_eq(done(0, "old"), 0);
	ck_assert_int_eq(done(1, "7"), 1);
}
END_TEST

/* A delete between the old owner's load and the new one's voids neither. */
START_TEST(new_owner_loads_what_is_new)
{
	one_leads_one_waits();
	cache_fill_pass(c[0], &f[0]);
	ck_assert_int_eq(cache_del(c[2], KEY, KEY_N), 0);
	ck_assert_int_eq(cache_flush(c[2]), 0);
	ck_assert_int_eq(look(1), FLIGHT_LEAD);
	ck_assert_int_eq(done(1, "new"), 1);
	ck_assert_str_eq(cachefix_get(c[2], KEY), "new");
}
END_TEST

static void
lead_and_stay(struct slot_self *self, void *arg)
{
	struct flight_ask a = ask();
	struct flight mine;
	struct cache *view;

	(void)arg;
	if (cache_open(self, &view) != 0 || cache_fill_begin(view, KEY, KEY_N,
		&a, &mine) != FLIGHT_LEAD)
		_exit(1);
}

START_TEST(a_dead_owners_flight_goes_to_exactly_one)
{
	pid_t pid = shmfix_child(r, 7, lead_and_stay, NULL);

	ck_assert_int_eq(begin(1), FLIGHT_WAIT);
	ck_assert_int_eq(begin(2), FLIGHT_WAIT);
	shmfix_kill(pid);
	/* The repair is anyone's here, so a look would do it, too. */
	ck_assert_int_eq(slot_reap(me[0], 7), 1);
	ck_assert_uint_eq(state(1), FLIGHT_ORPHAN);
	ck_assert_int_eq(look(2), FLIGHT_LEAD);
	ck_assert_int_eq(look(1), FLIGHT_WAIT);
	ck_assert_int_eq(begin(0), FLIGHT_WAIT);
	ck_assert_int_eq(done(2, "7"), 1);
	ck_assert_int_eq(look(1), FLIGHT_OVER);
	ck_assert_str_eq(result(1), "7");
}
END_TEST

START_TEST(waiter_repairs_a_dead_owner_where_anyone_may)
{
	pid_t pid = shmfix_child(r, 7, lead_and_stay, NULL);

	ck_assert_int_eq(begin(1), FLIGHT_WAIT);
	ck_assert_int_eq(look(1), FLIGHT_WAIT);
	shmfix_kill(pid);
	now += FLIGHT_LOOK_NS;
	ck_assert_int_eq(look(1), FLIGHT_LEAD);
	ck_assert_int_eq(done(1, "7"), 1);
}
END_TEST

START_TEST(a_dead_owner_that_nobody_awaits_leaves_nothing)
{
	pid_t pid = shmfix_child(r, 7, lead_and_stay, NULL);

	shmfix_kill(pid);
	ck_assert_int_eq(slot_reap(me[0], 7), 1);
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_int_eq(done(0, "7"), 1);
}
END_TEST

static void
wait_and_stay(struct slot_self *self, void *arg)
{
	struct flight_ask a = ask();
	struct flight mine;
	struct cache *view;

	(void)arg;
	if (cache_open(self, &view) != 0 || cache_fill_begin(view, KEY, KEY_N,
		&a, &mine) != FLIGHT_WAIT)
		_exit(1);
}

START_TEST(dead_waiters_are_forgotten)
{
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	shmfix_kill(shmfix_child(r, 7, wait_and_stay, NULL));
	ck_assert_int_eq(flight_awaited(&m, &f[0]), 1);
	ck_assert_int_ge(slot_reap(me[0], 7), 0);
	ck_assert_int_eq(flight_awaited(&m, &f[0]), 0);
	ck_assert_int_eq(done(0, "7"), 1);
}
END_TEST

START_TEST(a_forked_child_has_no_part_in_it)
{
	int st;
	pid_t pid;

	one_leads_one_waits();
	pid = fork();
	if (pid == 0) {
		cache_fill_pass(c[0], &f[0]);
		cache_fill_fail(c[0], &f[0], EIO, now);
		cache_fill_leave(c[1], &f[1]);
		_exit(begin(2) != -ECHILD || look(1) != -ECHILD ||
		    done(0, "7") != -ECHILD);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
	ck_assert_int_eq(flight_awaited(&m, &f[0]), 1);
	ck_assert_int_eq(done(0, "7"), 1);
}
END_TEST

START_TEST(who_detaches_hands_its_flights_on)
{
	one_leads_one_waits();
	cache_close(&c[0]);
	slot_detach(&me[0]);
	ck_assert_int_eq(look(1), FLIGHT_LEAD);
	ck_assert_int_eq(done(1, "7"), 1);
}
END_TEST

TCase *
flight_change_case(void)
{
	TCase *t = SUITE_CASE("changes", setup, teardown,
	    result_from_before_a_delete_is_not_stored,
	    it_goes_to_those_who_asked_before,
	    who_asks_after_a_delete_starts_another,
	    void_flight_that_fails_is_no_error_of_others,
	    change_that_was_not_made_voids_nothing,
	    flush_leaves_the_result_to_those_who_asked_before,
	    load_that_began_after_a_flush_is_stored,
	    a_second_waiter_may_join_until_it_is_void);

	tcase_add_loop_test(t, each_change_of_the_key_voids_its_flight, 0,
	    (int)(sizeof(changes) / sizeof(changes[0])));
	return t;
}

TCase *
flight_owner_case(void)
{
	return SUITE_CASE("owners", setup, teardown,
	    given_up_it_goes_to_one_who_waits,
	    late_owner_is_overtaken_and_does_not_store,
	    overtaken_owner_ends_nothing, it_may_be_overtaken_by_its_own_thread,
	    who_comes_when_it_is_late_takes_it_over,
	    late_void_flight_is_begun_again, new_owner_loads_what_is_new,
	    a_dead_owners_flight_goes_to_exactly_one,
	    waiter_repairs_a_dead_owner_where_anyone_may,
	    a_dead_owner_that_nobody_awaits_leaves_nothing,
	    dead_waiters_are_forgotten, a_forked_child_has_no_part_in_it,
	    who_detaches_hands_its_flights_on);
}
