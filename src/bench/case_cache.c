/*
 * case_cache - the shared cache in one process, against a table that shares
 * nothing (floor_table.h) in memory of the same region, so that both have the
 * same kind of pages.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "floor_table.h"
#include "keys.h"
#include "region.h"
#include "slot.h"

#define N_KEYS	  1000000u
#define VALUE	  64u
#define SEQUENCE  2000000u
#define OPS	  1000	/* a chunk of some 100 us */
#define CHUNKS	  200
#define VALUE_TOP 10240u

struct work {
	struct bench *b;
	struct region *region;
	struct slot_self *me;
	struct cache *cache;
	struct floor_table table;
	struct keys keys;
	uint32_t value;
	uint64_t sink;		/* what is read goes here, so that it is read */
	uint32_t turn;
	char buf[VALUE_TOP], val[VALUE_TOP];
};

typedef int op_fn(struct work *, const char *key);

static int
cache_get_op(struct work *w, const char *key)
{
	struct cache_room room = { .buf = w->buf, .cap = VALUE_TOP };
	int rc = cache_get(w->cache, key, KEYS_LEN, &room, NULL);

	w->sink += (unsigned char)w->buf[0];
	return rc == 1 ? 0 : rc == 0 ? -ENOENT : rc;
}

static int
floor_get_op(struct work *w, const char *key)
{
	int rc = floor_table_get(&w->table, key, w->buf);

	w->sink += (unsigned char)w->buf[0];
	return rc == 1 ? 0 : -ENOENT;
}

static int
first_byte(const struct iovec *iov, unsigned n, const struct cache_info *info,
    void *arg)
{
	(void)n;
	(void)info;
	*(uint64_t *)arg += *(const unsigned char *)iov->iov_base;
	return 1;
}

static int
cache_look_op(struct work *w, const char *key)
{
	int rc = cache_look(w->cache, key, KEYS_LEN, first_byte, &w->sink);

	return rc == 1 ? 0 : rc == 0 ? -ENOENT : rc;
}

static int
floor_look_op(struct work *w, const char *key)
{
	const char *v = floor_table_find(&w->table, key);

	if (v == NULL)
		return -ENOENT;
	w->sink += *(const unsigned char *)v;
	return 0;
}

static int
cache_set_op(struct work *w, const char *key)
{
	int rc = cache_put(w->cache, CACHE_SET, key, KEYS_LEN, w->val,
	    w->value, NULL, NULL);

	return rc == 1 ? 0 : rc == 0 ? -EIO : rc;
}

static int
floor_set_op(struct work *w, const char *key)
{
	return floor_table_set(&w->table, key, w->val);
}

/* 95 gets to 5 sets, in an order that the branch predictor cannot learn much of. */
static int
one_in_twenty(struct work *w)
{
	w->turn = w->turn * 1664525u + 1013904223u;
	return (w->turn >> 16) % 20 == 0;
}

static int
cache_mix_op(struct work *w, const char *key)
{
	return one_in_twenty(w) ? cache_set_op(w, key) : cache_get_op(w, key);
}

static int
floor_mix_op(struct work *w, const char *key)
{
	return one_in_twenty(w) ? floor_set_op(w, key) : floor_get_op(w, key);
}

/* One function for all, inlined into each: the calls must not be through a pointer. */
static inline __attribute__((always_inline)) int
measure(struct work *w, struct chunks *c, op_fn *op)
{
	while (chunks_want(c)) {
		uint64_t t = harness_now_ns();

		for (int i = 0; i < OPS; i++) {
			int rc = op(w, keys_next(&w->keys));

			if (rc < 0)
				return rc == -ENOENT ?
				    bench_fail(w->b, "a key was evicted") :
				    rc;
		}
		t = harness_now_ns() - t;
		/* As a worker does it between requests: outside of what is timed. */
		(void)cache_tick(w->cache);
		chunks_add(c, (double)t / OPS, CHUNK_ALONE);
	}
	return 0;
}

#define ROUND(op)                                            \
	static int op##_round(void *arg, struct chunks *c)   \
	{                                                    \
		return measure(arg, c, op##_op);             \
	}

ROUND(cache_get)
ROUND(floor_get)
ROUND(cache_look)
ROUND(floor_look)
ROUND(cache_set)
ROUND(floor_set)
ROUND(cache_mix)
ROUND(floor_mix)

/* The cache has room for three times the values: what is measured is not eviction. */
static int
make_region(struct work *w)
{
	struct cache_plan plan = { .item_bytes = w->value + 64,
		.budget_bytes = (uint64_t)N_KEYS * (w->value + 128) * 3 };
	struct region_section sec[CACHE_SECTIONS + 1];
	struct region_plan rp = { .n_slots = 8, .sections = sec,
		.n_sections = CACHE_SECTIONS + 1 };
	uint64_t size = floor_table_size(N_KEYS, w->value), got;
	struct slot_plan sp = { .number = SLOT_ANY, .role = SLOT_ROLE_WORKER };
	struct region_why why;
	void *mem;
	int rc;

	rc = cache_sizes(&plan, sec);
	if (rc < 0)
		return rc;
	sec[CACHE_SECTIONS] = (struct region_section){ .kind = REGION_TEST,
		.flags = REGION_SEC_HUGE, .size = size, .reserve = size };
	rc = region_create(&rp, &w->region, &why);
	if (rc < 0)
		return bench_fail(w->b, "region: %s", why.text);
	rc = cache_format(w->region, &plan);
	if (rc == 0)
		rc = slot_attach(w->region, &sp, &w->me);
	if (rc == 0)
		rc = cache_open(w->me, &w->cache);
	(void)region_huge(w->region); /* both sides get them, or neither */
	mem = region_section(w->region, REGION_TEST, &got);
	if (rc == 0)
		rc = floor_table_init(&w->table, mem, got, N_KEYS, w->value);
	return rc;
}

static int
fill(struct work *w)
{
	char key[KEYS_LEN];

	memset(w->val, 'v', sizeof w->val);
	for (uint32_t i = 0; i < N_KEYS; i++) {
		int rc;

		keys_make(key, i);
		rc = cache_set_op(w, key);
		if (rc == 0)
			rc = floor_set_op(w, key);
		if (rc < 0)
			return rc;
		if (i % OPS == 0)
			(void)cache_tick(w->cache);
	}
	(void)region_huge(w->region); /* what was only now touched */
	return 0;
}

static int
run(struct work *w)
{
	struct line l[] = {
		{ "get, 64 B, 1M keys, 1 process", "ns", cache_get_round, w,
		    NULL, 0, 0, 0 },
		{ "floor get, 64 B, 1M keys, 1 process", "ns", floor_get_round,
		    w, NULL, 0, 0, 0 },
		{ "look in place, 64 B, 1M keys, 1 process", "ns",
		    cache_look_round, w, NULL, 0, 0, 0 },
		{ "floor look in place, 64 B, 1M keys, 1 process", "ns",
		    floor_look_round, w, NULL, 0, 0, 0 },
		{ "set, 64 B, 1M keys, 1 process", "ns", cache_set_round, w,
		    NULL, 0, 0, 0 },
		{ "floor set in place, 64 B, 1M keys, 1 process", "ns",
		    floor_set_round, w, NULL, 0, 0, 0 },
		{ "mix 95/5, 64 B, 1M keys, 1 process", "ns", cache_mix_round,
		    w, NULL, 0, 0, 0 },
		{ "floor mix 95/5, 64 B, 1M keys, 1 process", "ns",
		    floor_mix_round, w, NULL, 0, 0, 0 },
	};
	const size_t n = sizeof l / sizeof *l;
	int rc = bench_run(w->b, l, n, CHUNKS);

	for (size_t i = 0; i < n && rc == 0; i += 2) {
		rc = bench_row(w->b, &l[i], &l[i + 1], NULL);
		if (rc == 0)
			rc = bench_row(w->b, &l[i + 1], NULL, NULL);
	}
	harness_fini(l, n);
	return rc;
}

int
case_cache(struct bench *b)
{
	struct work *w = calloc(1, sizeof *w);
	int rc;

	if (w == NULL)
		return -ENOMEM;
	w->b = b;
	w->value = VALUE;
	rc = make_region(w);
	if (rc == 0)
		rc = keys_init(&w->keys, N_KEYS, SEQUENCE, 1);
	if (rc == 0)
		rc = fill(w);
	if (rc == 0)
		rc = run(w);
	keys_fini(&w->keys);
	cache_close(&w->cache);
	slot_detach(&w->me);
	region_close(&w->region);
	free(w);
	return rc;
}
