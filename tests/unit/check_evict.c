/* check_evict.c - what eviction keeps, what it gives up, when it stops */
#include "../lib/cachefix.h"
#include "cache_int.h"
#include "epoch.h"
#include "evict.h"
#include "fsck.h"
#include "tick.h"

#define MINUTE_NS INT64_C(60000000000)

static int
set_n(struct cache *c, const char *kind, unsigned i, int64_t ttl_ns)
{
	static const char val[400];
	struct cache_opt opt = { .ttl_ns = ttl_ns };
	char key[32];

	return cache_put(c, CACHE_SET, key, (size_t)snprintf(key, sizeof(key),
	    "%s%u", kind, i), val, sizeof(val), &opt, NULL);
}

static int
has_n(struct cache *c, const char *kind, unsigned i)
{
	char key[32];

	snprintf(key, sizeof(key), "%s%u", kind, i);
	return cachefix_get(c, key) != NULL;
}

static struct cache_stats
stats(const struct cache *c)
{
	struct cache_stats s;

	cache_stats(c, &s);
	return s;
}

START_TEST(a_full_cache_stays_full)
{
	struct cachefix f = cachefix_open(NULL);
	uint64_t full, least = UINT64_MAX;
	unsigned i = 0;

	while (stats(f.c).evictions == 0)
		ck_assert_int_eq(set_n(f.c, "k", i++, 0), 1);
	full = stats(f.c).items;
	for (unsigned k = 0; k < 10 * full; k++) {
		ck_assert_int_eq(set_n(f.c, "k", i++, 0), 1);
		if (k % 50 == 0 && stats(f.c).items < least)
			least = stats(f.c).items;
	}
	/* Never less than nine tenths of what it held at its fullest. */
	ck_assert_uint_ge(least * 10, full * 9);
	cachefix_close(&f);
}
END_TEST

START_TEST(what_is_read_survives_what_only_passes)
{
	struct cachefix f = cachefix_open(NULL);
	unsigned hits = 0, tries = 0;

	for (unsigned i = 0; i < 200; i++)
		(void)set_n(f.c, "hot", i, 0);
	for (unsigned i = 0; i < 40000; i++) {
		unsigned h = i * 7919 % 200;

		(void)set_n(f.c, "pass", i, 0);
		if (i % 4 != 0)
			continue;
		tries++;
		if (has_n(f.c, "hot", h))
			hits++;
		else
			(void)set_n(f.c, "hot", h, 0);
	}
	ck_assert_uint_ge(hits * 100, tries * 97);
	ck_assert_uint_gt(stats(f.c).promoted, 0);
	cachefix_close(&f);
}
END_TEST

START_TEST(a_rare_time_to_live_is_no_reason_to_go_soon)
{
	/* One set in 300 is of a time to live of its own: its segment is 330
	 * others old when it is full, and the cache holds some 230. */
	enum { EVERY = 300, LEAST = 2000 };
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 4u << 20 });

	for (unsigned i = 0; i < 40000; i++) {
		unsigned rare = i / EVERY, old = LEAST / EVERY;

		ck_assert_int_eq(set_n(f.c, "busy", i, 0), 1);
		if (i % EVERY == 0)
			ck_assert_int_eq(set_n(f.c, "rare", rare,
			    INT64_C(3600000000000)), 1);
		/* Looked at once only, or it would be kept for that. */
		if (i % EVERY == 1 && rare >= old)
			ck_assert_msg(has_n(f.c, "rare", rare - old),
			    "%u after %u sets", rare - old, LEAST);
	}
	cachefix_close(&f);
}
END_TEST

START_TEST(many_slow_segments_do_not_use_up_the_cache)
{
	/* A smaller cache than there are times to live and a set of each in
	 * turn: segments are filled all the same. */
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 1u << 20 });

	for (unsigned i = 0; i < 20000; i++)
		ck_assert_int_eq(set_n(f.c, "k", i,
		    INT64_C(64000000000) << i % 27), 1);
	ck_assert_uint_gt(stats(f.c).bytes * 5, stats(f.c).capacity_bytes * 2);
	cachefix_close(&f);
}
END_TEST

START_TEST(a_key_that_comes_back_soon_goes_to_main)
{
	struct cachefix f = cachefix_open(NULL);
	uint64_t before;
	unsigned i = 0;

	while (stats(f.c).evictions < 100)
		(void)set_n(f.c, "k", i++, 0);
	for (unsigned k = 0; k < i && has_n(f.c, "k", 0); k++)
		(void)set_n(f.c, "more", k, 0);
	before = stats(f.c).ghosts_hit;
	ck_assert_int_eq(set_n(f.c, "k", 0, 0), 1);
	ck_assert_uint_eq(stats(f.c).ghosts_hit, before + 1);
	cachefix_close(&f);
}
END_TEST

START_TEST(expired_segments_are_reclaimed_whole)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_stats s;

	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(set_n(f.c, "k", i, MINUTE_NS), 1);
	ck_assert_int_eq(set_n(f.c, "stays", 1, 0), 1);
	ck_assert_int_eq(set_n(f.c, "stays", 2, 60 * MINUTE_NS), 1);
	tail_give_all(&f.c->m, &f.c->tails);
	cachefix_pass(f.r, MINUTE_NS + 2 * TICK_NS);
	for (int i = 0; i < 200 && stats(f.c).items > 2; i++)
		(void)cache_tick(f.c);
	s = stats(f.c);
	ck_assert_uint_eq(s.items, 2);
	ck_assert_uint_eq(s.expired, 1000);
	ck_assert_uint_eq(s.evictions, 0);
	ck_assert_uint_eq(s.seg[CACHE_SEG_FREE], s.n_segs - 2);
	ck_assert(has_n(f.c, "stays", 1) && has_n(f.c, "stays", 2));
	cachefix_close(&f);
}
END_TEST

START_TEST(deleted_segments_of_aligned_records_are_reclaimed)
{
	struct cachefix f = cachefix_open(NULL);
	char val[1100] = { 0 }, key[32];

	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(cache_put(f.c, CACHE_SET, key,
		    (size_t)snprintf(key, sizeof(key), "k%u", i), val,
		    sizeof(val) - i, NULL, NULL), 1);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(cache_del(f.c, key, (size_t)snprintf(key,
		    sizeof(key), "k%u", i)), 1);
	tail_give_all(&f.c->m, &f.c->tails);
	for (int i = 0; i < 20; i++)
		(void)cache_tick(f.c);
	ck_assert_uint_eq(stats(f.c).seg[CACHE_SEG_FREE], stats(f.c).n_segs);
	cachefix_close(&f);
}
END_TEST

START_TEST(more_writers_than_segments_can_all_write)
{
	static const struct cache_plan plan = { .budget_bytes = 1u << 20 };
	struct region_section sec[CACHE_SECTIONS];
	struct slot_self *me[70];
	struct cache *c[70];
	struct region *r;

	ck_assert_int_eq(cache_sizes(&plan, sec), CACHE_SECTIONS);
	r = shmfix_region(&(struct region_plan){ .n_slots = 128,
	    .sections = sec, .n_sections = CACHE_SECTIONS });
	ck_assert_int_eq(cache_format(r, &plan), 0);
	for (unsigned w = 0; w < 70; w++) {
		me[w] = shmfix_attach(r, SLOT_ANY, SLOT_ROLE_WORKER, "web");
		ck_assert_int_eq(cache_open(me[w], &c[w]), 0);
	}
	ck_assert_uint_lt(stats(c[0]).n_segs, 70);
	for (unsigned w = 0; w < 70; w++)	/* sees how many there are */
		(void)cache_tick(c[w]);
	for (unsigned i = 0; i < 70 * 100; i++)
		ck_assert_int_eq(set_n(c[i % 70], "k", i, 0), 1);
	ck_assert_uint_gt(stats(c[0]).items, 1000);
	for (unsigned w = 0; w < 70; w++) {
		cache_close(&c[w]);
		slot_detach(&me[w]);
	}
	region_close(&r);
}
END_TEST

#define DAY_NS (INT64_C(86400) * 1000000000)

START_TEST(what_has_expired_stays_so_for_ever)
{
	/* One set in 20 days, so that never all of the segment has expired;
	 * and 32 bits of ticks are a circle of 199 days. */
	struct cachefix f = cachefix_open(NULL);

	ck_assert_int_eq(set_n(f.c, "old", 0, 40 * DAY_NS), 1);
	for (unsigned i = 1; i < 30; i++) {
		(void)add_rlx(&f.r->hot->suspended_ns, 20 * DAY_NS);
		tail_give_all(&f.c->m, &f.c->tails);
		(void)cache_tick(f.c);
		if (i != 2)	/* its very day */
			ck_assert_msg(has_n(f.c, "old", 0) == (i < 2),
			    "after %u days", 20 * i);
		ck_assert_int_eq(set_n(f.c, "new", i, 40 * DAY_NS), 1);
	}
	cachefix_close(&f);
}
END_TEST

START_TEST(nothing_expired_comes_back_where_nobody_ticks)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache *ro;

	ck_assert_int_eq(set_n(f.c, "k", 0, 10 * (DAY_NS / 86400)), 1);
	ck_assert_int_eq(cache_open_ro(f.r, &ro), 0);
	for (unsigned day = 5; day < 500; day += 5) {
		(void)add_rlx(&f.r->hot->suspended_ns, 5 * DAY_NS);
		ck_assert_msg(!has_n(f.c, "k", 0) && !has_n(ro, "k", 0),
		    "after %u days", day);
	}
	cache_close(&ro);
	cachefix_close(&f);
}
END_TEST

START_TEST(nothing_expired_comes_back_from_a_forgotten_segment)
{
	/* Its owner lives, and does nothing; another ticks. */
	struct cachefix f = cachefix_open(NULL);
	struct slot_self *me;
	struct cache *c;

	me = shmfix_attach(f.r, SLOT_ANY, SLOT_ROLE_WORKER, "");
	ck_assert_int_eq(cache_open(me, &c), 0);
	ck_assert_int_eq(set_n(f.c, "k", 0, 10 * (DAY_NS / 86400)), 1);
	for (unsigned i = 1; i < 1000; i++) {
		(void)add_rlx(&f.r->hot->suspended_ns, DAY_NS / 2);
		(void)cache_tick(c);
		ck_assert_msg(!has_n(c, "k", 0), "after %u half days", i);
	}
	ck_assert_uint_eq(stats(c).seg[CACHE_SEG_OPEN], 1);
	/* When its owner goes on, it is swept and forgotten. */
	(void)cache_tick(f.c);
	for (unsigned i = 0; i < 3; i++) {
		(void)add_rlx(&f.r->hot->suspended_ns, DAY_NS / 86400);
		(void)cache_tick(c);
	}
	ck_assert_uint_eq(stats(c).items, 0);
	cache_close(&c);
	slot_detach(&me);
	cachefix_close(&f);
}
END_TEST

START_TEST(what_expires_is_served_until_then)
{
	/* Of times on both sides of what 32 bits can tell. */
	static const int64_t days[] = { 1, 60, 69, 70, 98, 99, 127, 130, 400 };
	struct cachefix f = cachefix_open(NULL);
	enum { N = sizeof(days) / sizeof(days[0]) };

	for (unsigned i = 0; i < N; i++)
		ck_assert_int_eq(set_n(f.c, "k", i, days[i] * DAY_NS), 1);
	for (int64_t day = 0; day < 600; day++) {
		for (unsigned i = 0; i < N; i++)
			ck_assert_msg(day == days[i] ||	/* its very moment */
			    has_n(f.c, "k", i) == (day < days[i]),
			    "%d days, after %d", (int)days[i], (int)day);
		(void)add_rlx(&f.r->hot->suspended_ns, DAY_NS);
		/* At times somebody ticks, at times nobody. */
		if (day / 50 % 2 == 0)
			(void)cache_tick(f.c);
	}
	cachefix_close(&f);
}
END_TEST

START_TEST(a_limit_of_keys_holds_and_has_an_order)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 8u << 20, .keys_max = 99 });
	unsigned young = 0;

	for (unsigned i = 0; i < 2000; i++) {
		ck_assert_int_eq(set_n(f.c, "k", i, 0), 1);
		ck_assert_uint_le(stats(f.c).items, 99);
		/* Read twice, it outlives the others. */
		(void)has_n(f.c, "k", 3);
	}
	ck_assert_uint_ge(stats(f.c).items, 90);
	ck_assert(has_n(f.c, "k", 3));
	for (unsigned i = 1990; i < 2000; i++)
		young += (unsigned)has_n(f.c, "k", i);
	ck_assert_uint_ge(young, 9);
	cachefix_close(&f);
}
END_TEST

START_TEST(sparse_segments_are_packed_before_live_records_go)
{
	struct cachefix f = cachefix_open(NULL);
	unsigned n = 0, kept = 0, left = 0;
	char key[32];

	/* Nearly full, then two of three deleted everywhere. */
	while (stats(f.c).seg[CACHE_SEG_FREE] > stats(f.c).n_reserve + 2)
		(void)set_n(f.c, "k", n++, 0);
	for (unsigned i = 0; i < n; i++)
		if (i % 3 != 0)
			(void)cache_del(f.c, key, (size_t)snprintf(key,
			    sizeof(key), "k%u", i));
	for (unsigned i = 0; i < n / 3; i++)
		ck_assert_int_eq(set_n(f.c, "new", i, 0), 1);
	for (unsigned i = 0; i < n; i += 3) {
		left++;
		kept += (unsigned)has_n(f.c, "k", i);
	}
	ck_assert_uint_eq(kept, left);
	ck_assert_uint_eq(stats(f.c).evictions, 0);
	cachefix_close(&f);
}
END_TEST

START_TEST(a_hot_counter_recycles_its_own_garbage)
{
	struct cachefix f = cachefix_open(NULL);
	unsigned n = 0;

	(void)cachefix_set(f.c, "n", "0");
	while (stats(f.c).seg[CACHE_SEG_FREE] > stats(f.c).n_reserve + 2)
		(void)set_n(f.c, "k", n++, 0);
	for (unsigned i = 0; i < 100000; i++)
		ck_assert_int_eq(cache_incr(f.c, "n", 1, 1, NULL), 1);
	ck_assert_str_eq(cachefix_get(f.c, "n"), "100000");
	/* A hundred thousand records of garbage cost nobody else anything. */
	for (unsigned i = 0; i < n; i++)
		ck_assert(has_n(f.c, "k", i));
	cachefix_close(&f);
}
END_TEST

START_TEST(a_stuck_reader_refuses_sets_and_empties_nothing)
{
	struct cachefix f = cachefix_open(NULL);
	struct slot_self *reader;
	unsigned i = 0, refused = 0;
	uint64_t full;

	reader = shmfix_attach(f.r, SLOT_ANY, SLOT_ROLE_WORKER, "");
	while (stats(f.c).evictions == 0)
		(void)set_n(f.c, "k", i++, 0);
	full = stats(f.c).items;
	ck_assert_int_eq(epoch_enter(reader), 0);
	for (unsigned k = 0; k < 20000; k++)
		refused += set_n(f.c, "k", i++, 0) == -ENOBUFS;
	ck_assert_uint_gt(refused, 10000);
	ck_assert_uint_ge(stats(f.c).items * 10, full * 7);
	ck_assert_uint_eq(stats(f.c).full, refused);
	epoch_leave(reader);
	ck_assert_int_eq(set_n(f.c, "k", i, 0), 1);
	slot_detach(&reader);
	cachefix_close(&f);
}
END_TEST

#define STUCK 8u

static unsigned
items_in(const struct cmap *m, uint64_t bucket)
{
	unsigned n = 0;

	for (unsigned i = 0; i < INDEX_WORDS; i++)
		n += index_kind(ld_rlx(&m->line[bucket].word[i])) == INDEX_ITEM;
	return n;
}

static void
hold_bucket(struct slot_self *me, void *arg)
{
	struct cmap m;

	if (cmap_open(me->region, &m) != 0 ||
	    index_lock(&m, me, *(uint64_t *)arg) != 0)
		_exit(97);
}

static int
is_stuck(const struct cmap *m, const uint64_t *stuck, unsigned i)
{
	char key[32];
	uint64_t b = index_bucket(m, index_hash(m, key,
	    (size_t)snprintf(key, sizeof(key), "new%u", i)));

	for (unsigned k = 0; k < STUCK; k++)
		if (stuck[k] == b)
			return 1;
	return 0;
}

START_TEST(locked_buckets_stop_no_eviction)
{
	/* Their records lie in more segments than a run may try, and these
	 * are the oldest; all stopped for ever. */
	struct cachefix f = cachefix_open(NULL);
	const struct cmap *m = &f.c->m;
	uint64_t stuck[STUCK], at = 0;
	pid_t pid[STUCK];
	unsigned i = 0, items = 0;

	while (stats(f.c).evictions == 0)
		ck_assert_int_eq(set_n(f.c, "k", i++, 0), 1);
	for (unsigned k = 0; k < STUCK; k++) {
		while (items_in(m, at) < 4)
			ck_assert_uint_lt(++at, m->n_buckets);
		items += items_in(m, at);
		stuck[k] = at++;
		pid[k] = shmfix_child(f.r, 4 + k, hold_bucket, &stuck[k]);
	}
	ck_assert_uint_ge(items, 32);
	for (unsigned k = 0; k < 20000; k++)
		if (!is_stuck(m, stuck, k))
			ck_assert_int_eq(set_n(f.c, "new", k, 0), 1);
	for (unsigned k = 0; k < STUCK; k++)
		shmfix_kill(pid[k]);
	cachefix_close(&f);
}
END_TEST

START_TEST(rubbish_stops_no_eviction)
{
	struct cachefix f = cachefix_open(NULL);
	const struct cmap *m = &f.c->m;
	struct cache_stats s;

	/* 25 segments that expire at once, with a bad record in each. */
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(set_n(f.c, "k", i, 5000000), 1);
	tail_give_all(m, &f.c->tails);
	for (uint32_t n = 0; n < m->n_segs; n++)
		if (seg_fill(m, n) != 0)
			*(uint32_t *)(void *)seg_data(m, n) = UINT32_MAX;
	cachefix_pass(f.r, INT64_C(16000000));
	s = stats(f.c);
	ck_assert_uint_gt(s.seg[CACHE_SEG_SEALED], 20);
	for (unsigned i = 0; i < 20000; i++)
		ck_assert_int_eq(set_n(f.c, "new", i, 0), 1);
	/* They are not tried again and again. */
	ck_assert_uint_ge(stats(f.c).seg[CACHE_SEG_SEALED] +
	    stats(f.c).seg[CACHE_SEG_PARTIAL], s.seg[CACHE_SEG_SEALED]);
	cachefix_close(&f);
}
END_TEST

START_TEST(an_index_too_small_for_its_records_drops_the_least_used)
{
	/* Dimensioned for records of 8 KiB, filled with small ones. */
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 2u << 20, .item_bytes = 8192 });
	struct fsck_report rep;
	struct cache_stats s;
	unsigned hits = 0;

	for (unsigned i = 0; i < 100; i++) {
		(void)set_n(f.c, "hot", i, 0);
		(void)has_n(f.c, "hot", i);
	}
	for (unsigned i = 0; i < 2000; i++)
		ck_assert_int_eq(set_n(f.c, "k", i, 0), 1);
	s = stats(f.c);
	ck_assert_uint_gt(s.crowded, 0);
	ck_assert_uint_eq(s.lines_used, s.n_lines);
	for (unsigned i = 0; i < 100; i++)
		hits += (unsigned)has_n(f.c, "hot", i);
	ck_assert_uint_ge(hits, 95);
	cache_close(&f.c);
	ck_assert_int_eq(fsck_region(f.r, FSCK_QUIET, NULL, NULL, &rep), 0);
	ck_assert_msg(rep.verdict == FSCK_CLEAN, "%s", rep.first);
	slot_detach(&f.me);
	region_close(&f.r);
}
END_TEST

START_TEST(empty_overflow_lines_are_given_back)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 2u << 20, .item_bytes = 8192 });
	char key[32];

	for (unsigned i = 0; i < 500; i++)
		(void)set_n(f.c, "k", i, 0);
	ck_assert_uint_gt(stats(f.c).lines_used, 0);
	for (unsigned i = 0; i < 500; i++)
		(void)cache_del(f.c, key, (size_t)snprintf(key, sizeof(key),
		    "k%u", i));
	ck_assert_uint_eq(stats(f.c).items, 0);
	ck_assert_uint_le(stats(f.c).lines_used, stats(f.c).n_lines / 2);
	cachefix_close(&f);
}
END_TEST

START_TEST(long_values_make_room_and_are_not_half_evicted)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 4u << 20 });
	struct fsck_report rep;
	char *val = calloc(1, 300000);

	for (unsigned i = 0; i < 300; i++) {
		char key[16];
		struct cache_room room = { .buf = val, .cap = 300000 };
		size_t n = (size_t)snprintf(key, sizeof(key), "big%u", i % 50);

		ck_assert_int_eq(cache_put(f.c, CACHE_SET, key, n, val,
		    200000 + i * 300, NULL, NULL), 1);
		ck_assert_int_eq(cache_get(f.c, key, n, &room, NULL), 1);
		ck_assert_uint_eq(room.len, 200000 + i * 300);
	}
	ck_assert_uint_gt(stats(f.c).items, 6);
	free(val);
	for (int i = 0; i < 20; i++)
		(void)cache_tick(f.c);
	cache_close(&f.c);
	ck_assert_int_eq(fsck_region(f.r, FSCK_QUIET, NULL, NULL, &rep), 0);
	ck_assert_msg(rep.verdict == FSCK_CLEAN, "%s", rep.first);
	slot_detach(&f.me);
	region_close(&f.r);
}
END_TEST

SUITE_MAIN("evict", NULL, NULL, a_full_cache_stays_full,
    what_is_read_survives_what_only_passes,
    a_rare_time_to_live_is_no_reason_to_go_soon,
    many_slow_segments_do_not_use_up_the_cache,
    a_key_that_comes_back_soon_goes_to_main,
    expired_segments_are_reclaimed_whole,
    deleted_segments_of_aligned_records_are_reclaimed,
    more_writers_than_segments_can_all_write,
    what_has_expired_stays_so_for_ever,
    nothing_expired_comes_back_where_nobody_ticks,
    nothing_expired_comes_back_from_a_forgotten_segment,
    what_expires_is_served_until_then,
    a_limit_of_keys_holds_and_has_an_order,
    sparse_segments_are_packed_before_live_records_go,
    a_hot_counter_recycles_its_own_garbage,
    a_stuck_reader_refuses_sets_and_empties_nothing,
    locked_buckets_stop_no_eviction, rubbish_stops_no_eviction,
    an_index_too_small_for_its_records_drops_the_least_used,
    empty_overflow_lines_are_given_back,
    long_values_make_room_and_are_not_half_evicted)
