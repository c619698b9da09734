/* check_cache_dead.c - what the dead leave to those who use the cache */
#include "../lib/cachefix.h"
#include "../lib/suite.h"
#include "epoch.h"

/* As cachefix_open(), with a word on who may repair. */
static struct cachefix
open_with(uint32_t reapers)
{
	static const struct cache_plan plan = { .budget_bytes = 2u << 20 };
	struct region_section sec[CACHE_SECTIONS];
	struct cachefix f;

	ck_assert_int_eq(cache_sizes(&plan, sec), CACHE_SECTIONS);
	f.r = shmfix_region(&(struct region_plan){ .n_slots = 16,
	    .reapers = reapers, .sections = sec,
	    .n_sections = CACHE_SECTIONS });
	ck_assert_int_eq(cache_format(f.r, &plan), 0);
	f.me = shmfix_attach(f.r, SLOT_ANY, SLOT_ROLE_WORKER, "web");
	ck_assert_int_eq(cache_open(f.me, &f.c), 0);
	return f;
}

/* Twice what there is room for: how many sets were refused. */
static unsigned
fill(struct cache *c)
{
	static const char val[1000];
	unsigned refused = 0;
	char key[16];

	for (unsigned i = 0; i < 4000; i++) {
		snprintf(key, sizeof(key), "%u", i);
		refused += cache_put(c, CACHE_SET, key, strlen(key), val,
		    sizeof(val), NULL, NULL) == -ENOBUFS;
	}
	return refused;
}

static unsigned
state_of(const struct region *r, unsigned number)
{
	struct slot_info in;

	ck_assert_int_eq(slot_info(r, number, &in), 0);
	return in.state;
}

static void
read_for_ever(struct slot_self *me, void *arg)
{
	(void)arg;
	if (epoch_enter(me) != 0)
		_exit(1);
}

START_TEST(dead_reader_does_not_end_writing_where_anyone_repairs)
{
	struct cachefix f = open_with(REGION_REAP_ANY);

	shmfix_kill(shmfix_child(f.r, 3, read_for_ever, NULL));
	ck_assert_uint_eq(fill(f.c), 0);
	ck_assert_uint_eq(state_of(f.r, 3), SLOT_FREE);
	cachefix_close(&f);
}
END_TEST

START_TEST(living_reader_is_never_taken_for_dead)
{
	struct cachefix f = open_with(REGION_REAP_ANY);
	pid_t pid = shmfix_child(f.r, 3, read_for_ever, NULL);

	ck_assert_uint_gt(fill(f.c), 0);
	ck_assert_uint_eq(state_of(f.r, 3), SLOT_LIVE);
	shmfix_kill(pid);
	ck_assert_uint_eq(fill(f.c), 0);
	cachefix_close(&f);
}
END_TEST

START_TEST(tick_frees_the_slots_of_the_dead)
{
	struct cachefix f = open_with(REGION_REAP_ANY);

	shmfix_kill(shmfix_child(f.r, 3, NULL, NULL));
	ck_assert_int_eq(cache_tick(f.c), 1);
	ck_assert_uint_eq(state_of(f.r, 3), SLOT_FREE);
	cachefix_close(&f);
}
END_TEST

/* There a mender does it, which a spoiled region may crash. */
START_TEST(where_a_daemon_owns_the_region_no_worker_repairs)
{
	struct cachefix f = open_with(REGION_REAP_MENDER);

	shmfix_kill(shmfix_child(f.r, 3, read_for_ever, NULL));
	ck_assert_uint_gt(fill(f.c), 0);
	ck_assert_int_eq(cache_tick(f.c), 1);
	ck_assert_uint_eq(state_of(f.r, 3), SLOT_LIVE);
	cachefix_close(&f);
}
END_TEST

SUITE_MAIN("cache_dead", NULL, NULL,
    dead_reader_does_not_end_writing_where_anyone_repairs,
    living_reader_is_never_taken_for_dead, tick_frees_the_slots_of_the_dead,
    where_a_daemon_owns_the_region_no_worker_repairs)
