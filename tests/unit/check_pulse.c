/* check_pulse - which beats without a word speak against a worker */
#include <stdlib.h>

#include "../lib/suite.h"
#include "pulse.h"

#define MS 1000000ULL

START_TEST(only_who_could_have_spoken_is_blamed)
{
	static const struct {
		struct pulse_look now, last;
		enum pulse_verdict verdict;
	} rows[] = {
		/* It loops, and takes no signal. */
		{ { 'R', 20 }, { 'R', 19 }, PULSE_COUNTS },
		/* It waits for its turn on a crowded machine. */
		{ { 'R', 20 }, { 'R', 20 }, PULSE_EXCUSED },
		/* It sleeps where it should wake each 100 ms. */
		{ { 'S', 20 }, { 'S', 20 }, PULSE_COUNTS },
		/* It waits for a disk; it has ended. */
		{ { 'D', 20 }, { 'R', 19 }, PULSE_EXCUSED },
		{ { 'Z', 20 }, { 'R', 19 }, PULSE_EXCUSED },
		/* SIGSTOP; a debugger. */
		{ { 'T', 20 }, { 'R', 19 }, PULSE_STOPPED },
		{ { 't', 20 }, { 'R', 19 }, PULSE_STOPPED },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(pulse_judge(&rows[i].now, &rows[i].last) ==
		    rows[i].verdict, "row %zu", i);
}
END_TEST

/* Its own watchdog comes first: it can say what hangs. */
START_TEST(the_limit_is_far_behind_the_watchdogs)
{
	ck_assert_uint_eq(pulse_limit(50 * MS), 31);
	ck_assert_uint_eq(pulse_limit(2000 * MS), 70);
	ck_assert_uint_eq(pulse_limit(3600000 * MS), 72030);
}
END_TEST

SUITE_MAIN("pulse", NULL, NULL,
    only_who_could_have_spoken_is_blamed,
    the_limit_is_far_behind_the_watchdogs)
