/* check_evring.c - the event ring: order, laps, holes, torn events */
#include "../lib/shmfix.h"
#include "evring.h"

static struct evring_entry *
entry(struct region *r, unsigned i)
{
	struct evring_entry *e = region_section(r, REGION_EVENTS, NULL);

	return &e[i];
}

START_TEST(events_come_in_order_with_who_and_what)
{
	struct region *r = shmfix_region(NULL);
	struct evring_reader rd;
	struct evring_event ev;
	char text[400];

	evring_open(r, EVRING_NEXT, &rd);
	ck_assert_int_eq(evring_read(r, &rd, 1, &ev), 0);
	ck_assert_int_eq(evring_put(r, 3, EVRING_WARN, "worker exit slot=%d",
	    3), 0);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(evring_put(r, SLOT_ANY, EVRING_INFO, "%s", text), 0);
	ck_assert_int_eq(evring_read(r, &rd, 1, &ev), 1);
	ck_assert_str_eq(ev.text, "worker exit slot=3");
	ck_assert_uint_eq(ev.slot, 3);
	ck_assert_uint_eq(ev.level, EVRING_WARN);
	ck_assert_int_eq(evring_read(r, &rd, 1, &ev), 1);
	ck_assert_uint_eq(strlen(ev.text), EVRING_TEXT - 1);
	ck_assert_uint_eq(ev.slot, UINT16_MAX);
	ck_assert_int_eq(evring_read(r, &rd, 1, &ev), 0);
	ck_assert_uint_eq(rd.n_lost, 0);
	region_close(&r);
}
END_TEST

START_TEST(slow_reader_is_told_what_it_lost)
{
	struct region *r = shmfix_region(NULL);
	struct evring_reader rd;
	struct evring_event ev;
	unsigned n = 0;

	evring_open(r, EVRING_OLDEST, &rd);
	for (unsigned i = 0; i < EVRING_EVENTS + 100; i++)
		evring_put(r, 0, EVRING_INFO, "n=%u", i);
	while (evring_read(r, &rd, 1, &ev) == 1)
		ck_assert_uint_eq(ev.number, 100 + n++);
	ck_assert_uint_eq(n, EVRING_EVENTS);
	ck_assert_uint_eq(rd.n_lost, 100);
	region_close(&r);
}
END_TEST

/* Places of a writer that died: drawn, not claimed; claimed, not published. */
START_TEST(hole_of_a_dead_writer_is_passed_over)
{
	struct region *r = shmfix_region(NULL);
	struct evring_reader rd;
	struct evring_event ev;

	evring_open(r, EVRING_OLDEST, &rd);
	add_ar(&r->hot->event_head, UINT64_C(2));
	st_rlx(&entry(r, 1)->seq, UINT64_C(2) << 1);
	evring_put(r, 0, EVRING_INFO, "after");
	ck_assert_int_eq(evring_read(r, &rd, 1000, &ev), 0);
	ck_assert_int_eq(evring_read(r, &rd, 1000 + EVRING_HOLE_NS - 1, &ev),
	    0);
	ck_assert_int_eq(evring_read(r, &rd, 1000 + EVRING_HOLE_NS, &ev), 0);
	ck_assert_int_eq(evring_read(r, &rd, 1000 + 2 * EVRING_HOLE_NS, &ev),
	    1);
	ck_assert_str_eq(ev.text, "after");
	ck_assert_uint_eq(rd.n_lost, 2);
	region_close(&r);
}
END_TEST

START_TEST(next_lap_takes_the_place_of_a_dead_writer)
{
	struct region *r = shmfix_region(NULL);
	struct evring_reader rd;
	struct evring_event ev;

	add_ar(&r->hot->event_head, UINT64_C(1));
	st_rlx(&entry(r, 0)->seq, UINT64_C(1) << 1);	/* claimed, then dead */
	for (unsigned i = 1; i < EVRING_EVENTS; i++)
		evring_put(r, 0, EVRING_INFO, "n=%u", i);
	ck_assert_int_eq(evring_put(r, 0, EVRING_INFO, "lap"), 0);
	evring_open(r, EVRING_OLDEST, &rd);
	ck_assert_int_eq(evring_read(r, &rd, 1, &ev), 1);
	ck_assert_uint_eq(ev.number, 1);
	region_close(&r);
}
END_TEST

/* A writer that was stopped for a lap writes over a newer event. */
START_TEST(mixture_of_two_events_is_never_shown)
{
	struct region *r = shmfix_region(NULL);
	struct evring_reader rd;
	struct evring_event ev;

	evring_open(r, EVRING_OLDEST, &rd);
	evring_put(r, 0, EVRING_INFO, "first");
	evring_put(r, 0, EVRING_INFO, "second");
	st_rlx(&entry(r, 0)->word[5], UINT64_C(0x4141414141414141));
	ck_assert_int_eq(evring_read(r, &rd, 1, &ev), 1);
	ck_assert_str_eq(ev.text, "second");
	ck_assert_uint_eq(rd.n_lost, 1);
	region_close(&r);
}
END_TEST

START_TEST(writer_overtaken_by_a_lap_gives_up)
{
	struct region *r = shmfix_region(NULL);

	st_rlx(&entry(r, 0)->seq, ((uint64_t)EVRING_EVENTS + 1) << 1);
	ck_assert_int_eq(evring_put(r, 0, EVRING_INFO, "late"), -EAGAIN);
	ck_assert_uint_eq(ld_rlx(&entry(r, 0)->seq),
	    ((uint64_t)EVRING_EVENTS + 1) << 1);
	region_close(&r);
}
END_TEST

START_TEST(spoiled_head_does_not_hang_a_reader)
{
	struct region *r = shmfix_region(NULL);
	struct evring_reader rd;
	struct evring_event ev;
	int n = 0;

	evring_open(r, EVRING_OLDEST, &rd);
	st_rlx(&r->hot->event_head, UINT64_MAX);
	for (uint64_t now = 1; n < 3 * (int)EVRING_EVENTS; n++)
		if (evring_read(r, &rd, now += EVRING_HOLE_NS, &ev) == 1)
			break;
	st_rlx(&r->hot->event_head, UINT64_C(0));
	ck_assert_int_eq(evring_read(r, &rd, 1, &ev), 0);
	region_close(&r);
}
END_TEST

static void
chatter(struct slot_self *me, void *arg)
{
	(void)arg;
	for (int i = 0; i < 3000; i++)
		(void)evring_put(me->region, me->number, EVRING_INFO,
		    "n=%d", i);
}

START_TEST(events_of_many_writers_are_whole_and_each_in_order)
{
	struct region *r = shmfix_region(NULL);
	struct evring_reader rd;
	struct evring_event ev;
	int last[4] = { -1, -1, -1, -1 }, n, seen = 0;
	pid_t pid[3];

	evring_open(r, EVRING_OLDEST, &rd);
	for (unsigned i = 0; i < 3; i++)
		pid[i] = shmfix_child(r, i + 1, chatter, NULL);
	while (evring_read(r, &rd, 1, &ev) == 1) {
		ck_assert_int_eq(sscanf(ev.text, "n=%d", &n), 1);
		ck_assert_int_gt(n, last[ev.slot]);
		last[ev.slot] = n;
		seen++;
	}
	ck_assert_int_eq(seen, EVRING_EVENTS);
	for (unsigned i = 0; i < 3; i++)
		shmfix_kill(pid[i]);
	region_close(&r);
}
END_TEST

SUITE_MAIN("evring", NULL, NULL, events_come_in_order_with_who_and_what,
    slow_reader_is_told_what_it_lost, hole_of_a_dead_writer_is_passed_over,
    next_lap_takes_the_place_of_a_dead_writer,
    mixture_of_two_events_is_never_shown, writer_overtaken_by_a_lap_gives_up,
    spoiled_head_does_not_hang_a_reader,
    events_of_many_writers_are_whole_and_each_in_order)
