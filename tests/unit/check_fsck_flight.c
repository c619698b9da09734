/* check_fsck_flight.c - flights that make no sense are found and ended */
#include "check_fsck.h"
#include "flight.h"

static struct region *r;
static struct cmap m;

static void
setup(void)
{
	r = filled(&m);
}

static void
teardown(void)
{
	region_close(&r);
}

static void
word_is(uint32_t n, unsigned state, unsigned owner, unsigned turn)
{
	st_rel(&m.flight->entry[n].word, flight_word(state, owner, turn, 7));
}

START_TEST(words_of_no_flight_are_found)
{
	word_is(0, FLIGHT_STATES, 0, 0);
	found_at_any_time(r, "flight 0: no such state");
	word_is(1, FLIGHT_FILLING, 0, 0);
	found_at_any_time(r, "flight 1: owned by nobody");
	word_is(2, FLIGHT_FAILED, 3, 0);
	found_at_any_time(r, "flight 2: owned");
	word_is(3, FLIGHT_VOID, m.n_slots + 1, 0);
	found_at_any_time(r, "flight 3: no such owner");
	word_is(FLIGHT_ENTRIES - 1, FLIGHT_FREE, 0, 5);
	found_at_any_time(r, "free with an error");
}
END_TEST

START_TEST(a_free_slot_loads_and_awaits_nothing)
{
	word_is(5, FLIGHT_FILLING, 4, 0);
	found_at_any_time(r, "owned by a slot that is free");
	word_is(5, FLIGHT_ORPHAN, 0, 0);
	st_rel(&m.flight->entry[5].waiter[0], UINT64_C(4));
	found_at_any_time(r, "awaited by a slot that is free");
	st_rel(&m.flight->entry[6].waiter[SLOT_MAX / 64 - 1], UINT64_C(1));
	found_at_any_time(r, "awaited by nobody");
}
END_TEST

START_TEST(at_rest_nobody_loads)
{
	struct slot_self *me = shmfix_attach(r, 2, SLOT_ROLE_WORKER, "web");

	word_is(5, FLIGHT_FILLING, 3, 9);
	found_at_rest(r, "a load is under way");
	word_is(5, FLIGHT_ORPHAN, 0, 9);
	st_rel(&m.flight->entry[5].waiter[0], UINT64_C(4));
	found_at_rest(r, "awaited");
	slot_detach(&me);
}
END_TEST

/* Who wakes up later finds that it is over. */
START_TEST(what_is_ended_gets_another_generation)
{
	word_is(5, FLIGHT_FILLING, 4, 0);
	found_at_any_time(r, "owned by a slot that is free");
	ck_assert_uint_eq(flight_generation(ld_acq(
	    &m.flight->entry[5].word)), 8);
}
END_TEST

START_TEST(clocks_and_masks_of_flights_are_checked)
{
	st_rel(&m.flight->entry[9].since, ld_acq(&m.hot[CMAP_CLOCK]) + 1);
	found_at_any_time(r, "flight 9: began in the future");
	st_rel(&m.flight->mask[17], (uint8_t)0x1f);
	found_at_any_time(r, "the mask of set 17");
	ck_assert_uint_eq(ld_acq(&m.flight->mask[17]), 0xf);
}
END_TEST

/* What kills leave: a bit too many, an error, an orphan nobody waits for. */
START_TEST(what_is_left_behind_by_right_is_clean)
{
	st_rel(&m.flight->mask[17], (uint8_t)0xf);
	word_is(5, FLIGHT_FAILED, 0, 2);
	word_is(6, FLIGHT_ORPHAN, 0, 300);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
}
END_TEST

TCase *
fsck_flight_case(void)
{
	return SUITE_CASE("flights", setup, teardown,
	    words_of_no_flight_are_found, a_free_slot_loads_and_awaits_nothing,
	    at_rest_nobody_loads, what_is_ended_gets_another_generation,
	    clocks_and_masks_of_flights_are_checked,
	    what_is_left_behind_by_right_is_clean);
}
