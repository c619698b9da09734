/* The keys that the cache cases ask for, and the table that they are held against. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>


#include "../lib/suite.h"
#include "floor_table.h"
#include "keys.h"

START_TEST(keys_of_different_numbers_differ)
{
	char a[KEYS_LEN], b[KEYS_LEN];

	for (uint32_t i = 0; i < 1000; i++) {
		keys_make(a, i);
		keys_make(b, i + 1);
		ck_assert_int_ne(memcmp(a, b, KEYS_LEN), 0);
	}
	keys_make(b, 1000);
	ck_assert_int_eq(memcmp(a + KEYS_LEN - 4, b + KEYS_LEN - 4, 3), 0);
}
END_TEST

static uint32_t
number_of(const char *key)
{
	char hex[9];

	memcpy(hex, key + KEYS_LEN - 8, 8);
	hex[8] = '\0';
	return (uint32_t)strtoul(hex, NULL, 16);
}

START_TEST(few_keys_are_asked_for_often)
{
	static unsigned count[1000];
	unsigned most = 0, seen = 0;
	struct keys k;

	ck_assert_int_eq(keys_init(&k, 1000, 100000, 3), 0);
	for (int i = 0; i < 100000; i++)
		count[number_of(keys_next(&k))]++;
	for (int i = 0; i < 1000; i++) {
		seen += count[i] > 0;
		most = count[i] > most ? count[i] : most;
	}
	/* rank 1 has 1 / sum(i^-0.99) = 12.9 % of the weight, rank 1000 0.014 % */
	ck_assert_uint_ge(most, 12000);
	ck_assert_uint_le(most, 14000);
	ck_assert_uint_ge(seen, 990);
	keys_fini(&k);
}
END_TEST

START_TEST(a_seed_gives_one_sequence)
{
	struct keys a, b, c;

	ck_assert_int_eq(keys_init(&a, 500, 100, 1), 0);
	ck_assert_int_eq(keys_init(&b, 500, 100, 1), 0);
	ck_assert_int_eq(keys_init(&c, 500, 100, 2), 0);
	ck_assert_int_eq(memcmp(a.bytes, b.bytes, 100 * KEYS_STRIDE), 0);
	ck_assert_int_ne(memcmp(a.bytes, c.bytes, 100 * KEYS_STRIDE), 0);
	for (int i = 0; i < 100; i++)
		(void)keys_next(&a);
	ck_assert_ptr_eq(keys_next(&a), a.bytes);
	keys_fini(&a);
	keys_fini(&b);
	keys_fini(&c);
}
END_TEST

START_TEST(the_table_keeps_what_was_set)
{
	enum { N = 20000 };
	uint64_t size = floor_table_size(N, 64);
	void *mem = calloc(1, size);
	struct floor_table t;
	char key[KEYS_LEN], val[64], got[64];

	ck_assert_int_eq(floor_table_init(&t, mem, size, N, 64), 0);
	for (int round = 0; round < 2; round++) /* adds, then overwrites */
		for (uint32_t i = 0; i < N; i++) {
			keys_make(key, i);
			memset(val, (int)(i % 100) + round, sizeof val);
			ck_assert_int_eq(floor_table_set(&t, key, val), 0);
		}
	for (uint32_t i = 0; i < N; i++) {
		keys_make(key, i);
		memset(val, (int)(i % 100) + 1, sizeof val);
		ck_assert_int_eq(floor_table_get(&t, key, got), 1);
		ck_assert_int_eq(memcmp(got, val, sizeof val), 0);
	}
	keys_make(key, N);
	ck_assert_int_eq(floor_table_get(&t, key, got), 0);
	free(mem);
}
END_TEST

START_TEST(a_full_table_says_so)
{
	uint64_t size = floor_table_size(10, 64);
	void *mem = calloc(1, size);
	char key[KEYS_LEN], val[64] = "";
	struct floor_table t;
	uint32_t n = 0;

	ck_assert_int_eq(floor_table_init(&t, mem, size - 1, 10, 64), -ENOMEM);
	ck_assert_int_eq(floor_table_init(&t, mem, size, 10, 64), 0);
	do
		keys_make(key, n);
	while (n++ < 1000 && floor_table_set(&t, key, val) == 0);
	ck_assert_uint_ge(n, 10);
	ck_assert_uint_lt(n, 1000);
	free(mem);
}
END_TEST

SUITE_MAIN("bench_keys", NULL, NULL, keys_of_different_numbers_differ,
    few_keys_are_asked_for_often, a_seed_gives_one_sequence,
    the_table_keeps_what_was_set, a_full_table_says_so)
