/*
 * check_tick.c - the region's time by clocks that the test sets: this program
 * has a clock_gettime() of its own, under which it can sleep, be suspended and
 * be stopped between any two looks at a clock.
 */
#include <sys/syscall.h>
#include <time.h>

#include "../lib/cachefix.h"
#include "../lib/suite.h"
#include "tick.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define LOOKS 24u	/* at clocks in one tick_update(), at most */

static struct {
	int ours;		/* else the system's clocks */
	int64_t mono, boot, real;
	unsigned looks;		/* at any clock, so far */
	unsigned at;		/* before this one (from 1) happens the next */
	int64_t stopped, asleep;
} clk;

static void
clk_pass(int64_t ns)
{
	clk.mono += ns;
	clk.boot += ns;
	clk.real += ns;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t now;

	if (!clk.ours)
		return (int)syscall(SYS_clock_gettime, id, ts);
	if (++clk.looks == clk.at) {
		clk_pass(clk.stopped);
		clk.boot += clk.asleep;
		clk.real += clk.asleep;
	}
	now = id == CLOCK_BOOTTIME ? clk.boot
	    : id == CLOCK_REALTIME ? clk.real : clk.mono;
	*ts = (struct timespec){ now / SECOND, now % SECOND };
	return 0;
}

static void
clk_begin(void)
{
	memset(&clk, 0, sizeof(clk));
	clk.mono = 5 * HOUR;
	clk.boot = 7 * HOUR;
	clk.real = 400000 * HOUR;
	clk.ours = 1;
}

/* Who runs the tests times them. */
static void
clk_end(void)
{
	clk.ours = 0;
}

/* Before the n-th look from now (none: 0). */
static void
clk_hold_up(unsigned n, int64_t stopped, int64_t asleep)
{
	clk.looks = 0;
	clk.at = n;
	clk.stopped = stopped;
	clk.asleep = asleep;
}

static uint64_t
ticks(int64_t ns)
{
	return (uint64_t)ns / TICK_NS;
}

START_TEST(being_stopped_between_two_clocks_is_no_sleep)
{
	struct region *r;

	clk_begin();
	r = shmfix_region(NULL);
	for (unsigned n = 1; n <= LOOKS; n++) {
		clk_hold_up(n, 3 * SECOND, 0);
		tick_update(r);
		ck_assert_int_eq(ld_rlx(&r->hot->suspended_ns), 0);
		clk_hold_up(0, 0, 0);
		tick_update(r);
		ck_assert_uint_eq(tick_hint(r),
		    ticks(clk.mono - r->head->created_ns));
	}
	region_close(&r);
	clk_end();
}
END_TEST

START_TEST(sleep_counts_whenever_it_comes)
{
	int64_t slept = 0;
	struct region *r;

	clk_begin();
	r = shmfix_region(NULL);
	for (unsigned n = 1; n <= LOOKS; n++) {
		clk_hold_up(n, 0, HOUR);
		tick_update(r);
		slept += clk.looks >= n ? HOUR : 0;
		clk_hold_up(0, 0, 0);
		tick_update(r);
		ck_assert_int_eq(ld_rlx(&r->hot->suspended_ns), slept);
		ck_assert_uint_eq(tick_now(r), ticks(slept));
	}
	ck_assert_int_ge(slept, 3 * HOUR);
	region_close(&r);
	clk_end();
}
END_TEST

/* A creator that is stopped anywhere makes a region whose time is right. */
START_TEST(being_stopped_while_making_a_region_is_no_sleep)
{
	for (unsigned n = 1; n <= LOOKS; n++) {
		struct region *r;

		clk_begin();
		clk_hold_up(n, 3 * SECOND, 0);
		r = shmfix_region(NULL);
		ck_assert_int_eq(r->head->boot_mono_ns, 2 * HOUR);
		ck_assert_int_eq(r->head->wall_mono_ns, 399995 * HOUR);
		region_close(&r);
	}
	clk_end();
}
END_TEST

static void
set_for(struct cache *c, int64_t ttl_ns)
{
	ck_assert_int_eq(cache_put(c, CACHE_SET, "k", 1, "v", 1,
	    &(struct cache_opt){ .ttl_ns = ttl_ns }, NULL), 1);
}

START_TEST(who_was_stopped_is_not_served_what_is_over)
{
	struct cachefix f;

	clk_begin();
	f = cachefix_open(NULL);
	(void)cache_tick(f.c);
	set_for(f.c, 2 * SECOND);
	clk_pass(2 * SECOND - 1);
	ck_assert_str_eq(cachefix_get(f.c, "k"), "v");
	/* Nobody ticks. */
	clk_pass(2 * TICK_NS);
	ck_assert_ptr_null(cachefix_get(f.c, "k"));
	cachefix_close(&f);
	clk_end();
}
END_TEST

START_TEST(a_night_asleep_is_over_at_the_first_tick)
{
	struct cachefix f;

	clk_begin();
	f = cachefix_open(NULL);
	set_for(f.c, HOUR);
	clk.boot += 2 * HOUR;
	(void)cache_tick(f.c);
	ck_assert_ptr_null(cachefix_get(f.c, "k"));
	cachefix_close(&f);
	clk_end();
}
END_TEST

SUITE_MAIN("tick", NULL, NULL, being_stopped_between_two_clocks_is_no_sleep,
    sleep_counts_whenever_it_comes,
    being_stopped_while_making_a_region_is_no_sleep,
    who_was_stopped_is_not_served_what_is_over,
    a_night_asleep_is_over_at_the_first_tick)
