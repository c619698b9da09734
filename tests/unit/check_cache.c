/* check_cache.c - the cache's calls in one process */
#include "../lib/cachefix.h"
#include "cache_int.h"
#include "evict.h"
#include "tick.h"

#define HOUR_NS INT64_C(3600000000000)

START_TEST(what_was_set_is_got_until_it_is_deleted)
{
	struct cachefix f = cachefix_open(NULL);

	ck_assert_ptr_null(cachefix_get(f.c, "k"));
	ck_assert_int_eq(cachefix_set(f.c, "k", "one"), 1);
	ck_assert_str_eq(cachefix_get(f.c, "k"), "one");
	ck_assert_int_eq(cachefix_set(f.c, "k", "two"), 1);
	ck_assert_str_eq(cachefix_get(f.c, "k"), "two");
	ck_assert_int_eq(cache_del(f.c, "k", 1), 1);
	ck_assert_int_eq(cache_del(f.c, "k", 1), 0);
	ck_assert_ptr_null(cachefix_get(f.c, "k"));
	cachefix_close(&f);
}
END_TEST

START_TEST(keys_and_values_have_their_limits)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 2u << 20, .value_max = 100000 });
	char *big = calloc(1, 100001), key[300];
	struct cache_room room = { .buf = big, .cap = 100001 };

	memset(key, 'k', sizeof(key));
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, key, 0, "", 0, NULL, NULL),
	    -EINVAL);
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, key, 251, "", 0, NULL, NULL),
	    -EMSGSIZE);
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, key, 250, big, 100000, NULL,
	    NULL), 1);
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, key, 250, big, 100001, NULL,
	    NULL), -EMSGSIZE);
	ck_assert_int_eq(cache_get(f.c, key, 250, &room, NULL), 1);
	ck_assert_uint_eq(room.len, 100000);
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, key, 1, "", 0, NULL, NULL),
	    1);
	ck_assert_int_eq(cache_get(f.c, key, 1, &room, NULL), 1);
	ck_assert_uint_eq(room.len, 0);
	free(big);
	cachefix_close(&f);
}
END_TEST

static void *
grow(void *arg, size_t n)
{
	*(unsigned *)arg += 1;
	return malloc(n);
}

START_TEST(a_value_longer_than_the_buffer_asks_for_room)
{
	struct cachefix f = cachefix_open(NULL);
	char small[4];
	unsigned calls = 0;
	struct cache_room room = { .buf = small, .cap = 4 };

	(void)cachefix_set(f.c, "k", "longer");
	ck_assert_int_eq(cache_get(f.c, "k", 1, &room, NULL), -ENOSPC);
	ck_assert_uint_eq(room.len, 6);
	room.alloc = grow;
	room.arg = &calls;
	ck_assert_int_eq(cache_get(f.c, "k", 1, &room, NULL), 1);
	ck_assert_uint_eq(calls, 1);
	ck_assert_mem_eq(room.buf, "longer", 6);
	free(room.buf);
	cachefix_close(&f);
}
END_TEST

START_TEST(add_replace_and_cas_ask_first)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_info info;
	struct cache_room room = { .buf = &info, .cap = sizeof(info) };
	char val[16];
	uint64_t cas;

	ck_assert_int_eq(cache_put(f.c, CACHE_REPLACE, "k", 1, "a", 1, NULL,
	    NULL), 0);
	ck_assert_int_eq(cache_put(f.c, CACHE_CAS, "k", 1, "a", 1,
	    &(struct cache_opt){ .cas = 1 }, NULL), 0);
	ck_assert_int_eq(cache_put(f.c, CACHE_ADD, "k", 1, "a", 1, NULL, NULL),
	    1);
	ck_assert_int_eq(cache_put(f.c, CACHE_ADD, "k", 1, "b", 1, NULL, NULL),
	    0);
	ck_assert_str_eq(cachefix_get(f.c, "k"), "a");
	ck_assert_int_eq(cache_put(f.c, CACHE_REPLACE, "k", 1, "c", 1, NULL,
	    &cas), 1);
	room.buf = val;
	room.cap = sizeof(val);
	ck_assert_int_eq(cache_get(f.c, "k", 1, &room, &info), 1);
	ck_assert_uint_eq(info.cas, cas);
	ck_assert_int_eq(cache_put(f.c, CACHE_CAS, "k", 1, "d", 1,
	    &(struct cache_opt){ .cas = cas + 1 }, NULL), -EEXIST);
	ck_assert_int_eq(cache_put(f.c, CACHE_CAS, "k", 1, "d", 1,
	    &(struct cache_opt){ .cas = cas }, NULL), 1);
	ck_assert_int_eq(cache_put(f.c, CACHE_CAS, "k", 1, "e", 1,
	    &(struct cache_opt){ .cas = cas }, NULL), -EEXIST);
	ck_assert_str_eq(cachefix_get(f.c, "k"), "d");
	cachefix_close(&f);
}
END_TEST

START_TEST(append_and_prepend_keep_flags_and_expiry)
{
	struct cachefix f = cachefix_open(NULL);
	char val[16];
	struct cache_room room = { .buf = val, .cap = sizeof(val) };
	struct cache_info info;

	ck_assert_int_eq(cache_put(f.c, CACHE_APPEND, "k", 1, "x", 1, NULL,
	    NULL), 0);
	(void)cache_put(f.c, CACHE_SET, "k", 1, "mid", 3, &(struct cache_opt){
	    .flags = 42, .ttl_ns = INT64_C(3600000000000) }, NULL);
	ck_assert_int_eq(cache_put(f.c, CACHE_APPEND, "k", 1, ">>", 2, NULL,
	    NULL), 1);
	ck_assert_int_eq(cache_put(f.c, CACHE_PREPEND, "k", 1, "<", 1, NULL,
	    NULL), 1);
	ck_assert_int_eq(cache_get(f.c, "k", 1, &room, &info), 1);
	ck_assert_uint_eq(room.len, 6);
	ck_assert_mem_eq(val, "<mid>>", 6);
	ck_assert_uint_eq(info.flags, 42);
	ck_assert_int_gt(info.ttl_left_ns, INT64_C(3599000000000));
	ck_assert_int_le(info.ttl_left_ns, INT64_C(3600100000000));
	cachefix_close(&f);
}
END_TEST

START_TEST(counting_wraps_up_and_stops_at_zero)
{
	struct cachefix f = cachefix_open(NULL);
	uint64_t now = 99;

	ck_assert_int_eq(cache_incr(f.c, "n", 1, 1, &now), 0);
	(void)cachefix_set(f.c, "n", "9");
	ck_assert_int_eq(cache_incr(f.c, "n", 1, 1, &now), 1);
	ck_assert_uint_eq(now, 10);
	ck_assert_str_eq(cachefix_get(f.c, "n"), "10");
	ck_assert_int_eq(cache_decr(f.c, "n", 1, 11, &now), 1);
	ck_assert_uint_eq(now, 0);
	ck_assert_str_eq(cachefix_get(f.c, "n"), "0");
	(void)cachefix_set(f.c, "n", "18446744073709551615");
	ck_assert_int_eq(cache_incr(f.c, "n", 1, 2, &now), 1);
	ck_assert_uint_eq(now, 1);
	(void)cachefix_set(f.c, "n", "18446744073709551616");
	ck_assert_int_eq(cache_incr(f.c, "n", 1, 2, &now), -EINVAL);
	(void)cachefix_set(f.c, "n", "1x");
	ck_assert_int_eq(cache_incr(f.c, "n", 1, 2, &now), -EINVAL);
	(void)cachefix_set(f.c, "n", "");
	ck_assert_int_eq(cache_decr(f.c, "n", 1, 2, &now), -EINVAL);
	cachefix_close(&f);
}
END_TEST

START_TEST(a_value_expires_not_before_its_time_and_soon_after)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_opt opt = { .ttl_ns = HOUR_NS };

	(void)cache_put(f.c, CACHE_SET, "k", 1, "v", 1, &opt, NULL);
	cachefix_pass(f.r, HOUR_NS / 60 * 59);
	ck_assert_str_eq(cachefix_get(f.c, "k"), "v");
	cachefix_pass(f.r, HOUR_NS / 60 + 2 * TICK_NS);
	ck_assert_ptr_null(cachefix_get(f.c, "k"));
	ck_assert_int_eq(cache_put(f.c, CACHE_ADD, "k", 1, "w", 1, NULL, NULL),
	    1);
	/* None may be given one, and what has one may lose it. */
	ck_assert_int_eq(cache_touch(f.c, "k", 1, 1), 1);
	cachefix_pass(f.r, 3 * TICK_NS);
	ck_assert_ptr_null(cachefix_get(f.c, "k"));
	ck_assert_int_eq(cache_touch(f.c, "k", 1, 0), 0);
	(void)cache_put(f.c, CACHE_SET, "k", 1, "v", 1, &opt, NULL);
	ck_assert_int_eq(cache_touch(f.c, "k", 1, 0), 1);
	cachefix_pass(f.r, 2 * HOUR_NS);
	ck_assert_str_eq(cachefix_get(f.c, "k"), "v");
	cachefix_close(&f);
}
END_TEST

START_TEST(a_time_to_live_is_never_cut_short)
{
	ck_assert_uint_eq(cache_expiry(100, 0), 0);
	ck_assert_uint_eq(cache_expiry(100, 1), 102);
	ck_assert_uint_eq(cache_expiry(100, 4000000), 102);
	ck_assert_uint_eq(cache_expiry(100, 4000001), 103);
	ck_assert_uint_eq(cache_expiry(0, INT64_C(1000000000)), 251);
}
END_TEST

START_TEST(flush_ends_all_that_was_and_nothing_that_comes)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_stats s;
	uint64_t since;

	(void)cachefix_set(f.c, "a", "1");
	since = cache_now(f.c);
	ck_assert_int_eq(cache_flush(f.c), 0);
	ck_assert_ptr_null(cachefix_get(f.c, "a"));
	ck_assert_int_eq(cachefix_set(f.c, "a", "2"), 1);
	ck_assert_str_eq(cachefix_get(f.c, "a"), "2");
	/* A filling that began before the flush comes too late. */
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, "b", 1, "old", 3,
	    &(struct cache_opt){ .since = since }, NULL), 1);
	ck_assert_ptr_null(cachefix_get(f.c, "b"));
	/* One that says it began later than now has not escaped this one. */
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, "c", 1, "odd", 3,
	    &(struct cache_opt){ .since = since + 99 }, NULL), 1);
	ck_assert_str_eq(cachefix_get(f.c, "c"), "odd");
	(void)cache_flush(f.c);
	ck_assert_ptr_null(cachefix_get(f.c, "c"));
	/* Reclaimed by maintenance, when the segment is nobody's. */
	tail_give_all(&f.c->m, &f.c->tails);
	for (int i = 0; i < 20; i++)
		(void)cache_tick(f.c);
	cache_stats(f.c, &s);
	ck_assert_uint_eq(s.items, 0);
	ck_assert_uint_eq(s.bytes, 0);
	ck_assert_uint_eq(s.seg[CACHE_SEG_FREE], s.n_segs);
	cachefix_close(&f);
}
END_TEST

static int
look_sum(const struct iovec *iov, unsigned n, const struct cache_info *info,
    void *arg)
{
	uint64_t *sum = arg, len = 0;

	for (unsigned i = 0; i < n; i++) {
		for (size_t k = 0; k < iov[i].iov_len; k++)
			*sum = *sum * 31 + ((unsigned char *)iov[i].iov_base)[k];
		len += iov[i].iov_len;
	}
	return len == info->len ? (int)n : -EIO;
}

static uint64_t
sum_of(const char *p, size_t n)
{
	uint64_t sum = 0;

	while (n-- != 0)
		sum = sum * 31 + (unsigned char)*p++;
	return sum;
}

START_TEST(values_of_every_size_come_back_whole)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 4u << 20 });
	const size_t sizes[] = { 0, 1, 7, 1000, 1023, 1024, 4096, 16300, 16350,
		16383, 16384, 16385, 20000, 32768, 40000, 65536, 300000,
		800000 };
	char *in = malloc(1u << 20), *out = malloc(1u << 20);

	for (size_t i = 0; i < 1u << 20; i++)
		in[i] = (char)(i * 2654435761u >> 13);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cache_room room = { .buf = out, .cap = 1u << 20 };
		uint64_t sum = 0;

		ck_assert_int_eq(cache_put(f.c, CACHE_SET, "big", 3, in,
		    sizes[i], NULL, NULL), 1);
		memset(out, 0, 1u << 20);
		ck_assert_int_eq(cache_get(f.c, "big", 3, &room, NULL), 1);
		ck_assert_uint_eq(room.len, sizes[i]);
		ck_assert_int_eq(memcmp(in, out, sizes[i]), 0);
		ck_assert_int_gt(cache_look(f.c, "big", 3, look_sum, &sum), 0);
		ck_assert_uint_eq(sum, sum_of(in, sizes[i]));
	}
	free(in);
	free(out);
	cachefix_close(&f);
}
END_TEST

START_TEST(chunks_go_with_their_head)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 4u << 20 });
	char *v = calloc(1, 500000);
	struct cache_stats s;

	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(cache_put(f.c, CACHE_SET, "big", 3, v, 500000,
		    NULL, NULL), 1);
	cache_stats(f.c, &s);
	ck_assert_uint_eq(s.items, 1);
	ck_assert_uint_eq(s.seg[CACHE_SEG_CHUNK], 500000 / s.seg_bytes + 1);
	/* Also when the operation does not apply. */
	ck_assert_int_eq(cache_put(f.c, CACHE_CAS, "big", 3, v, 500000,
	    &(struct cache_opt){ .cas = 1 }, NULL), -EEXIST);
	ck_assert_int_eq(cache_put(f.c, CACHE_APPEND, "big", 3, "x", 1, NULL,
	    NULL), 1);
	ck_assert_int_eq(cache_del(f.c, "big", 3), 1);
	cache_stats(f.c, &s);
	ck_assert_uint_eq(s.seg[CACHE_SEG_CHUNK], 0);
	ck_assert_uint_eq(s.bytes, 0);
	free(v);
	cachefix_close(&f);
}
END_TEST

static int
count_bytes(const struct iovec *iov, unsigned n, const struct cache_info *info,
    void *arg)
{
	size_t *sum = arg;

	for (unsigned i = 0; i < n; i++)
		*sum += iov[i].iov_len;
	return *sum == info->len ? 1 : -EUCLEAN;
}

/* As a fiber with a small stack would. */
static void *
look_at_long(void *arg)
{
	struct region *r = arg;
	struct slot_self *me;
	struct cache *c;
	size_t sum = 0;

	me = shmfix_attach(r, SLOT_ANY, SLOT_ROLE_WORKER, "web");
	ck_assert_int_eq(cache_open(me, &c), 0);
	ck_assert_int_eq(cache_look(c, "long", 4, count_bytes, &sum), 1);
	ck_assert_uint_eq(sum, 200000);
	cache_close(&c);
	slot_detach(&me);
	return NULL;
}

START_TEST(a_long_value_is_seen_in_place_from_a_small_stack)
{
	struct cachefix f = cachefix_open(NULL);
	char *val = calloc(1, 200000);
	pthread_attr_t attr;
	pthread_t id;

	ck_assert_int_eq(cache_put(f.c, CACHE_SET, "long", 4, val, 200000,
	    NULL, NULL), 1);
	pthread_attr_init(&attr);
	ck_assert_int_eq(pthread_attr_setstacksize(&attr, 64 << 10), 0);
	ck_assert_int_eq(pthread_create(&id, &attr, look_at_long, f.r), 0);
	ck_assert_int_eq(pthread_join(id, NULL), 0);
	pthread_attr_destroy(&attr);
	free(val);
	cachefix_close(&f);
}
END_TEST

START_TEST(nothing_at_all_is_a_value)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_room room = { 0 };

	ck_assert_int_eq(cache_put(f.c, CACHE_SET, "e", 1, NULL, 0, NULL,
	    NULL), 1);
	ck_assert_int_eq(cache_put(f.c, CACHE_APPEND, "e", 1, NULL, 0, NULL,
	    NULL), 1);
	ck_assert_int_eq(cache_get(f.c, "e", 1, &room, NULL), 1);
	ck_assert_uint_eq(room.len, 0);
	cachefix_close(&f);
}
END_TEST

START_TEST(many_keys_in_one_call)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_mset set[100];
	struct cache_mget get[100];
	char key[100][8], val[100][8];

	memset(set, 0, sizeof(set));
	memset(get, 0, sizeof(get));
	for (int i = 0; i < 100; i++) {
		snprintf(key[i], sizeof(key[i]), "k%d", i);
		set[i].key = set[i].val = get[i].key = key[i];
		set[i].key_len = set[i].val_len = get[i].key_len =
		    strlen(key[i]);
		get[i].room.buf = val[i];
		get[i].room.cap = sizeof(val[i]);
	}
	ck_assert_int_eq(cache_mset(f.c, set, 90), 90);
	get[5].key_len = 0;
	ck_assert_int_eq(cache_mget(f.c, get, 100), 89);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(get[i].rc, i == 5 ? -EINVAL : i < 90);
	ck_assert_mem_eq(val[89], "k89", 3);
	cachefix_close(&f);
}
END_TEST

START_TEST(a_view_without_a_slot_reads_and_does_not_write)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_room room;
	struct cache *ro;
	char buf[8];

	(void)cachefix_set(f.c, "k", "v");
	ck_assert_int_eq(cache_open_ro(f.r, &ro), 0);
	room = (struct cache_room){ .buf = buf, .cap = sizeof(buf) };
	ck_assert_int_eq(cache_get(ro, "k", 1, &room, NULL), 1);
	ck_assert_int_eq(cache_get(ro, "x", 1, &room, NULL), 0);
	ck_assert_int_eq(cache_del(ro, "k", 1), -EROFS);
	ck_assert_int_eq(cachefix_set(ro, "k", "w"), -EROFS);
	ck_assert_int_eq(cache_incr(ro, "k", 1, 1, NULL), -EROFS);
	ck_assert_int_eq(cache_flush(ro), -EROFS);
	ck_assert_int_eq(cache_tick(ro), -EROFS);
	cache_close(&ro);
	cachefix_close(&f);
}
END_TEST

START_TEST(a_forked_child_is_refused)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_stats s;
	int st;
	pid_t pid;

	(void)cachefix_set(f.c, "k", "v");
	pid = fork();
	if (pid == 0) {
		struct cache_room room = { .cap = 0 };

		_exit(cache_get(f.c, "k", 1, &room, NULL) != -ECHILD ||
		    cachefix_set(f.c, "k", "w") != -ECHILD ||
		    cache_del(f.c, "k", 1) != -ECHILD ||
		    cache_tick(f.c) != -ECHILD);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
	/* It has counted nothing in our name. */
	cache_stats(f.c, &s);
	ck_assert_uint_eq(s.hits + s.misses, 0);
	cachefix_close(&f);
}
END_TEST

START_TEST(statistics_count_what_happened)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_stats s;

	(void)cachefix_set(f.c, "a", "1");
	(void)cachefix_set(f.c, "b", "1");
	(void)cachefix_set(f.c, "a", "2");
	(void)cachefix_get(f.c, "a");
	(void)cachefix_get(f.c, "x");
	(void)cache_del(f.c, "b", 1);
	cache_stats(f.c, &s);
	ck_assert_uint_eq(s.items, 1);
	ck_assert_uint_eq(s.bytes, 20);		/* 16 + 1 + 1, rounded */
	ck_assert_uint_eq(s.sets, 3);
	ck_assert_uint_eq(s.hits, 1);
	ck_assert_uint_eq(s.misses, 1);
	ck_assert_uint_eq(s.deletes, 1);
	ck_assert_uint_eq(s.seg[CACHE_SEG_OPEN], 1);
	ck_assert_uint_eq(s.used_bytes, s.seg_bytes);
	cachefix_close(&f);
}
END_TEST

SUITE_MAIN("cache", NULL, NULL, what_was_set_is_got_until_it_is_deleted,
    keys_and_values_have_their_limits,
    a_value_longer_than_the_buffer_asks_for_room, add_replace_and_cas_ask_first,
    append_and_prepend_keep_flags_and_expiry,
    counting_wraps_up_and_stops_at_zero,
    a_value_expires_not_before_its_time_and_soon_after,
    a_time_to_live_is_never_cut_short,
    flush_ends_all_that_was_and_nothing_that_comes,
    values_of_every_size_come_back_whole, chunks_go_with_their_head,
    a_long_value_is_seen_in_place_from_a_small_stack, nothing_at_all_is_a_value,
    many_keys_in_one_call, a_view_without_a_slot_reads_and_does_not_write,
    a_forked_child_is_refused, statistics_count_what_happened)
