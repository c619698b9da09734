/* check_index.c - what a kill leaves of a change, and which record goes when a
 * bucket is full */
#include "../lib/cachefix.h"
#include "cache_int.h"
#include "fsck.h"
#include "index.h"
#include "look.h"
#include "reap.h"

/* Places of an intent, as in index.c. */
enum { PLACE, OLD, NEW, ITEMS, BYTES, D_BYTES };

/* As if killed when the counters had been changed and the word had not: which
 * of those stores comes first is the compiler's choice. */
static void
count_before_store(struct slot_self *me, void *arg)
{
	struct slot_held *h = &me->slot->held[SLOT_HAND_WORK];
	struct cache *c;
	struct look l;
	uint64_t hash;

	(void)arg;
	if (cache_open(me, &c) != 0 || cachefix_set(c, "key", "value") != 1)
		_exit(1);
	hash = index_hash(&c->m, "key", 3);
	if (!look_find(&c->m, "key", 3, hash, &l) ||
	    index_lock(&c->m, me, index_bucket(&c->m, hash)) != 0)
		_exit(2);
	st_rlx(&h->intent[OLD], l.word);
	st_rlx(&h->intent[NEW], UINT64_C(0));
	st_rlx(&h->intent[ITEMS], UINT64_C(1));
	st_rlx(&h->intent[BYTES], (uint64_t)l.v.size);
	st_rlx(&h->intent[D_BYTES], -(uint64_t)l.v.size);
	st_rel(&h->intent[PLACE], UINT64_C(1) << 60 |
	    (uint64_t)(l.place - (_Atomic uint64_t *)c->m.line));
	st_rlx(&c->cell->items, UINT64_C(0));
	st_rlx(&c->cell->bytes, UINT64_C(0));
}

START_TEST(a_change_that_was_not_made_is_not_counted)
{
	struct region *r = cachefix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 1, SLOT_ROLE_WORKER, "web");
	struct fsck_report rep;

	ck_assert_int_eq(cache_register(r), 0);
	shmfix_kill(shmfix_child(r, 2, count_before_store, NULL));
	ck_assert_int_gt(slot_reap(me, 2), 0);
	slot_detach(&me);
	ck_assert_int_eq(fsck_region(r, FSCK_QUIET, NULL, NULL, &rep), 0);
	ck_assert_msg(rep.verdict == FSCK_CLEAN, "%s", rep.first);
	region_close(&r);
}
END_TEST

static uint64_t
word_now(struct cache *c, const char *key)
{
	struct look l;

	ck_assert(look_find(&c->m, key, strlen(key),
	    index_hash(&c->m, key, strlen(key)), &l));
	return l.word;
}

/* Between reading a counter and storing its sum the log may have gone round:
 * another value of the same key, at the same place, with the same word. */
START_TEST(the_same_word_again_is_not_the_same_record)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 1u << 20 });
	struct cache_want w = { .op = CACHE_SET, .key = "n", .key_len = 1,
		.val = "2", .val_len = 1 };
	uint64_t old;
	unsigned i;

	ck_assert_int_eq(cachefix_set(f.c, "n", "1"), 1);
	old = word_now(f.c, "n");
	w.hash = index_hash(&f.c->m, "n", 1);
	w.expect = cachefix_cas(f.c, "n");
	ck_assert_uint_ne(w.expect, 0);
	ck_assert_int_eq(cachefix_set(f.c, "n", "7"), 1);
	for (i = 0; i < 1000000 && word_now(f.c, "n") != old; i++)
		ck_assert_int_eq(cachefix_set(f.c, "n", "7"), 1);
	ck_assert_uint_lt(i, 1000000);
	ck_assert_int_eq(cache_store(f.c, &w, NULL), -EAGAIN);
	ck_assert_str_eq(cachefix_get(f.c, "n"), "7");
	cachefix_close(&f);
}
END_TEST

static int
set_n(struct cache *c, unsigned i, size_t len)
{
	static const char val[512];
	char key[32];

	return cache_put(c, CACHE_SET, key, (size_t)snprintf(key, sizeof(key),
	    "key:%08u", i), val, len, NULL, NULL);
}

static int
has_n(struct cache *c, unsigned i)
{
	char key[32];

	snprintf(key, sizeof(key), "key:%08u", i);
	return cachefix_get(c, key) != NULL;
}

START_TEST(a_crowded_bucket_drops_its_oldest_record)
{
	/* Some 350 words for 2000 keys, and room for all their records. */
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 2u << 20, .item_bytes = 8192 });
	unsigned hits = 0;

	for (unsigned i = 0; i < 2000; i++)
		ck_assert_int_eq(set_n(f.c, i, 16), 1);
	for (unsigned i = 1900; i < 2000; i++)
		hits += (unsigned)has_n(f.c, i);
	ck_assert_uint_ge(hits, 95);
	cachefix_close(&f);
}
END_TEST

START_TEST(a_crowded_bucket_drops_what_was_flushed_first)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 2u << 20, .item_bytes = 8192 });
	unsigned hits = 0;

	for (unsigned i = 0; i < 2000; i++) {
		ck_assert_int_eq(set_n(f.c, i, 16), 1);
		(void)has_n(f.c, i);
		(void)has_n(f.c, i);
	}
	ck_assert_int_eq(cache_flush(f.c), 0);
	for (unsigned i = 5000; i < 5100; i++)
		ck_assert_int_eq(set_n(f.c, i, 16), 1);
	for (unsigned i = 5000; i < 5100; i++)
		hits += (unsigned)has_n(f.c, i);
	ck_assert_uint_ge(hits, 95);
	cachefix_close(&f);
}
END_TEST

START_TEST(an_index_holds_what_it_was_made_for)
{
	struct cachefix f = cachefix_open(&(struct cache_plan){
	    .budget_bytes = 4u << 20 });
	struct cache_stats s;
	unsigned n;

	cache_stats(f.c, &s);
	n = (unsigned)(s.capacity_bytes / 128) * 4;
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(set_n(f.c, i, 100), 1);
	cache_stats(f.c, &s);
	/* What is not in records: the reserve, and open segments. */
	ck_assert_uint_ge(s.bytes, s.capacity_bytes * 90 / 100);
	cachefix_close(&f);
}
END_TEST

SUITE_MAIN("index", NULL, NULL, a_change_that_was_not_made_is_not_counted,
    the_same_word_again_is_not_the_same_record,
    a_crowded_bucket_drops_its_oldest_record,
    a_crowded_bucket_drops_what_was_flushed_first,
    an_index_holds_what_it_was_made_for)
