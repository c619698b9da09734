/* check_flight.c - one filler a key: the course of a flight, the table */
#include "check_flight.h"

/* --- the usual course --- */

START_TEST(the_first_leads_and_the_others_wait)
{
	one_leads_one_waits();
	ck_assert_int_eq(begin(2), FLIGHT_WAIT);
	ck_assert_int_eq(look(1), FLIGHT_WAIT);
	ck_assert_int_eq(done(0, "7"), 1);
	ck_assert_int_eq(look(1), FLIGHT_OVER);
	ck_assert_int_eq(look(2), FLIGHT_OVER);
	ck_assert_str_eq(result(1), "7");
	ck_assert_str_eq(cachefix_get(c[2], KEY), "7");
}
END_TEST

START_TEST(the_next_miss_is_another_flight)
{
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_int_eq(done(0, "7"), 1);
	ck_assert_int_eq(cache_del(c[0], KEY, KEY_N), 1);
	ck_assert_int_eq(begin(1), FLIGHT_LEAD);
	ck_assert_int_eq(done(1, "8"), 1);
	ck_assert_str_eq(cachefix_get(c[0], KEY), "8");
}
END_TEST

START_TEST(who_does_not_want_to_wait_is_not_noted)
{
	struct flight_ask a = ask();

	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	a.no_wait = 1;
	ck_assert_int_eq(cache_fill_begin(c[1], KEY, KEY_N, &a, &f[1]),
	    FLIGHT_BUSY);
	ck_assert_int_eq(flight_awaited(&m, &f[0]), 0);
	ck_assert_int_eq(flight_up(&m, f[0].hash, now), 1);
	flight_end(&m, me[0], &f[0]);
	ck_assert_int_eq(flight_up(&m, f[0].hash, now), 0);
}
END_TEST

START_TEST(waiter_that_leaves_is_not_waited_for)
{
	one_leads_one_waits();
	ck_assert_int_eq(flight_awaited(&m, &f[0]), 1);
	cache_fill_leave(c[1], &f[1]);
	ck_assert_int_eq(flight_awaited(&m, &f[0]), 0);
	cache_fill_pass(c[0], &f[0]);
	ck_assert_uint_eq(state(0), FLIGHT_FREE);
}
END_TEST

START_TEST(the_end_wakes_all_who_wait)
{
	one_leads_one_waits();
	ck_assert_int_eq(begin(2), FLIGHT_WAIT);
	ck_assert_int_eq(wake_arm(me[1], WAKE_FUTEX), 0);
	ck_assert_int_eq(wake_arm(me[2], WAKE_FUTEX), 0);
	ck_assert_int_eq(done(0, "7"), 1);
	ck_assert_uint_eq(ld_rlx(&me[1]->slot->sleeping), WAKE_NONE);
	ck_assert_uint_eq(ld_rlx(&me[2]->slot->sleeping), WAKE_NONE);
}
END_TEST

/* A kill may leave it too much, but never too little. */
START_TEST(mask_has_a_bit_while_a_load_is_under_way)
{
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_uint_eq(mask(), 1u << f[0].entry % FLIGHT_WAYS);
	ck_assert_int_eq(done(0, "7"), 1);
	ck_assert_uint_eq(mask(), 0);
	ck_assert_int_eq(cache_del(c[0], KEY, KEY_N), 1);
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	cache_fill_fail(c[0], &f[0], EIO, now);
	ck_assert_uint_eq(mask(), 0);
}
END_TEST

/* --- errors --- */

START_TEST(an_error_is_everybodys_for_100_ms)
{
	one_leads_one_waits();
	cache_fill_fail(c[0], &f[0], ENOENT, now);
	ck_assert_int_eq(look(1), FLIGHT_ERROR);
	ck_assert_int_eq(f[1].error, ENOENT);
	now += 99 * MS;
	ck_assert_int_eq(begin(2), FLIGHT_ERROR);
	ck_assert_int_eq(f[2].error, ENOENT);
	now += 1 * MS;
	ck_assert_int_eq(begin(2), FLIGHT_LEAD);
	ck_assert_int_eq(done(2, "7"), 1);
}
END_TEST

START_TEST(what_cannot_be_stored_is_loaded_by_each_alone)
{
	one_leads_one_waits();
	cache_fill_fail(c[0], &f[0], 0, now);
	ck_assert_int_eq(look(1), FLIGHT_ALONE);
	ck_assert_int_eq(begin(2), FLIGHT_ALONE);
}
END_TEST

START_TEST(value_too_long_sends_waiters_off_alone)
{
	struct cache_stats st;
	char *big;

	cache_stats(c[0], &st);
	big = calloc(1, st.value_max + 1);
	one_leads_one_waits();
	ck_assert_int_eq(cache_fill_done(c[0], &f[0], KEY, KEY_N, big,
	    st.value_max + 1, NULL, 0, now), -EMSGSIZE);
	ck_assert_int_eq(look(1), FLIGHT_ALONE);
	free(big);
}
END_TEST

/* --- the table --- */

/* n keys of one set, the same each time. */
static void
same_set(char key[][16], unsigned n)
{
	unsigned set = 0, k = 0;

	for (unsigned i = 0; k < n; i++) {
		uint64_t hash;

		snprintf(key[k], 16, "k%u", i);
		hash = index_hash(&m, key[k], strlen(key[k]));
		if (k == 0)
			set = flight_set(hash);
		k += flight_set(hash) == set;
	}
}

static int
begin_key(unsigned i, const char *key, struct flight *out)
{
	struct flight_ask a = ask();

	return cache_fill_begin(c[i], key, strlen(key), &a, out);
}

START_TEST(full_set_is_loaded_without_a_flight)
{
	struct flight of[FLIGHT_WAYS], more;
	char key[FLIGHT_WAYS + 1][16];

	same_set(key, FLIGHT_WAYS + 1);
	for (unsigned i = 0; i < FLIGHT_WAYS; i++)
		ck_assert_int_eq(begin_key(0, key[i], &of[i]), FLIGHT_LEAD);
	ck_assert_int_eq(begin_key(1, key[FLIGHT_WAYS], &more), FLIGHT_ALONE);
	/* Those of the set are found all the same. */
	ck_assert_int_eq(begin_key(1, key[2], &more), FLIGHT_WAIT);
	cache_fill_end(c[0], &of[0]);
	ck_assert_int_eq(begin_key(1, key[FLIGHT_WAYS], &more), FLIGHT_LEAD);
	cache_fill_end(c[1], &more);
	for (unsigned i = 1; i < FLIGHT_WAYS; i++)
		cache_fill_end(c[0], &of[i]);
}
END_TEST

START_TEST(left_errors_give_way_when_the_set_is_full)
{
	struct flight of[FLIGHT_WAYS], more;
	char key[FLIGHT_WAYS + 1][16];

	same_set(key, FLIGHT_WAYS + 1);
	for (unsigned i = 0; i < FLIGHT_WAYS; i++) {
		ck_assert_int_eq(begin_key(0, key[i], &of[i]), FLIGHT_LEAD);
		cache_fill_fail(c[0], &of[i], EIO, now);
	}
	ck_assert_int_eq(begin_key(1, key[FLIGHT_WAYS], &more), FLIGHT_LEAD);
	cache_fill_end(c[1], &more);
}
END_TEST

START_TEST(a_delete_voids_its_own_key_only)
{
	struct flight of[3];
	char key[3][16];

	same_set(key, 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(begin_key(0, key[i], &of[i]), FLIGHT_LEAD);
	ck_assert_int_eq(cache_del(c[1], key[1], strlen(key[1])), 0);
	ck_assert_int_eq(cache_fill_mine(c[0], &of[0]), 1);
	ck_assert_int_eq(cache_fill_mine(c[0], &of[1]), 0);
	ck_assert_int_eq(cache_fill_mine(c[0], &of[2]), 1);
	for (unsigned i = 0; i < 3; i++)
		cache_fill_end(c[0], &of[i]);
}
END_TEST

START_TEST(an_entry_used_again_is_over_for_who_waited)
{
	struct flight more;
	char key[2][16];

	same_set(key, 2);
	ck_assert_int_eq(begin_key(0, key[0], &f[0]), FLIGHT_LEAD);
	ck_assert_int_eq(begin_key(1, key[0], &f[1]), FLIGHT_WAIT);
	cache_fill_end(c[0], &f[0]);
	ck_assert_int_eq(begin_key(0, key[1], &more), FLIGHT_LEAD);
	ck_assert_uint_eq(more.entry, f[1].entry);
	ck_assert_int_eq(look(1), FLIGHT_OVER);
	ck_assert_int_eq(flight_awaited(&m, &more), 0);
	cache_fill_end(c[0], &more);
}
END_TEST

START_TEST(two_keys_of_one_hash_do_not_get_each_others_result)
{
	char text[8];
	struct cache_room room = { .buf = text, .cap = sizeof(text) };

	one_leads_one_waits();
	ck_assert_int_eq(cache_del(c[2], KEY, KEY_N), 0);
	ck_assert_int_eq(done(0, "old"), 0);
	ck_assert_int_eq(cache_fill_result(c[1], &f[1], "price:2", KEY_N,
	    &room, NULL), 0);
	ck_assert_str_eq(result(1), "old");
}
END_TEST

START_TEST(sweep_frees_what_nobody_comes_back_for)
{
	struct flight_entry *e;

	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	cache_fill_fail(c[0], &f[0], EIO, 1);	/* long over */
	st_rlx(&m.flight->mask[flight_set(f[0].hash)], 0xf);
	flight_sweep(me[1], UINT64_MAX, NULL);
	e = &m.flight->entry[f[0].entry];
	ck_assert_uint_eq(flight_state(ld_acq(&e->word)), FLIGHT_FREE);
	ck_assert_uint_eq(mask(), 0);
}
END_TEST

START_TEST(sweep_leaves_loads_alone)
{
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	flight_sweep(me[1], UINT64_MAX, NULL);
	ck_assert_uint_ne(mask(), 0);
	ck_assert_int_eq(done(0, "7"), 1);
}
END_TEST

/* --- the word --- */

START_TEST(only_what_the_picture_has_may_follow)
{
	static const char *const may[FLIGHT_STATES] = {
		[FLIGHT_FREE] = "opening ",
		[FLIGHT_OPENING] = "free filling ",
		[FLIGHT_FILLING] = "free filling orphan void failed ",
		[FLIGHT_ORPHAN] = "opening filling ",
		[FLIGHT_VOID] = "free ",
		[FLIGHT_FAILED] = "opening ",
	};
	char text[128];

	for (unsigned from = 0; from < FLIGHT_STATES; from++) {
		text[0] = '\0';
		for (unsigned to = 0; to < 2 * FLIGHT_STATES; to++)
			if (flight_may(from, to)) {
				strcat(text, flight_state_name(to));
				strcat(text, " ");
			}
		ck_assert_str_eq(text, may[from]);
	}
	ck_assert(!flight_may(FLIGHT_STATES, FLIGHT_FREE));
}
END_TEST

START_TEST(parts_of_the_word_do_not_touch)
{
	uint64_t w = flight_word(5, 0xfff, 0xffff, UINT32_MAX);

	ck_assert_uint_eq(flight_state(w), 5);
	ck_assert_uint_eq(flight_owner(w), 0xfff);
	ck_assert_uint_eq(flight_turn(w), 0xffff);
	ck_assert_uint_eq(flight_generation(w), UINT32_MAX);
	ck_assert_uint_eq(flight_owner(flight_word(15, 0, 0xffff, ~0u)), 0);
	ck_assert_uint_eq(flight_turn(flight_word(15, 0xfff, 0, ~0u)), 0);
}
END_TEST

/* Bytes that no owner wrote: a time that never comes, a slot that is not. */
START_TEST(rubbish_is_taken_over)
{
	struct flight_entry *e;

	one_leads_one_waits();
	e = &m.flight->entry[f[0].entry];
	st_rlx(&e->late_ns, UINT64_MAX);
	ck_assert_int_eq(look(1), FLIGHT_LEAD);
	st_rlx(&e->word, flight_word(FLIGHT_FILLING, 14, 0,
	    flight_generation(f[0].word)));
	ck_assert_int_eq(begin(2), FLIGHT_LEAD);
	ck_assert_int_eq(done(2, "7"), 1);
}
END_TEST

int
main(void)
{
	TCase *t = SUITE_CASE("course", setup, teardown,
	    the_first_leads_and_the_others_wait,
	    the_next_miss_is_another_flight,
	    who_does_not_want_to_wait_is_not_noted,
	    waiter_that_leaves_is_not_waited_for, the_end_wakes_all_who_wait,
	    mask_has_a_bit_while_a_load_is_under_way,
	    an_error_is_everybodys_for_100_ms,
	    what_cannot_be_stored_is_loaded_by_each_alone,
	    value_too_long_sends_waiters_off_alone);
	TCase *e = SUITE_CASE("table", setup, teardown,
	    full_set_is_loaded_without_a_flight,
	    left_errors_give_way_when_the_set_is_full,
	    a_delete_voids_its_own_key_only,
	    an_entry_used_again_is_over_for_who_waited,
	    two_keys_of_one_hash_do_not_get_each_others_result,
	    sweep_frees_what_nobody_comes_back_for, sweep_leaves_loads_alone,
	    only_what_the_picture_has_may_follow, parts_of_the_word_do_not_touch,
	    rubbish_is_taken_over);

	return SUITE_RUN("flight", t, flight_change_case(),
	    flight_owner_case(), e);
}
