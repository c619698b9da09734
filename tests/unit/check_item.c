/* check_item.c - records, TTL buckets */
#include "../lib/shmfix.h"
#include "item.h"
#include "ttlb.h"

#define SEG 16384u

static char space[8192] __attribute__((aligned(64)));

static uint32_t
make(struct item_plan *p, const char *val)
{
	uint32_t size = item_size(p);

	ck_assert_uint_gt(size, 0);
	memset(space, 0xee, sizeof(space));
	memcpy(item_fill((void *)space, p), val, p->len);
	return size;
}

START_TEST(record_of_a_key_and_value_costs_16_bytes_more)
{
	struct item_plan p = { .key = "abcd", .key_len = 4, .len = 4 };

	ck_assert_uint_eq(item_size(&p), 24);
	p.expiry = 10;
	ck_assert_uint_eq(item_size(&p), 28);
	p.flags = 1;
	ck_assert_uint_eq(item_size(&p), 32);
}
END_TEST

START_TEST(what_is_filled_is_what_is_parsed)
{
	const uint32_t chunks[] = { 7, 9, 11 };
	struct item_plan p = { .key = "key", .key_len = 3, .len = 5,
		.flags = 0xdeadbeef, .born = 77, .freq = 2, .n_chunks = 3,
		.chunk_bytes = 2 * SEG + 5, .chunks = chunks, .expiry = 1000,
		.now = 10, .cas = UINT64_C(0x00fedcba98765432) };
	struct item *it = (void *)space;
	struct item_view v;
	uint32_t size = make(&p, "value");

	ck_assert_int_eq(item_parse(it, SEG, SEG, &v), 0);
	ck_assert_uint_eq(v.size, size);
	ck_assert_mem_eq(v.key, "key", 3);
	ck_assert_mem_eq(v.val, "value", 5);
	ck_assert_uint_eq(v.flags, 0xdeadbeef);
	ck_assert_uint_eq(item_view_cas(it, &v), p.cas);
	ck_assert_uint_eq(ld_rlx(&it->freq), 2);
	ck_assert_uint_eq(v.n_chunks, 3);
	ck_assert_uint_eq(item_chunk(&v, 2), 11);
	ck_assert_uint_eq(item_chunk_len(&v, 2, SEG), 5);
	ck_assert_uint_eq(item_value_len(&v), 2 * SEG + 10);
	ck_assert(!item_expired(&v, 999));
	ck_assert(item_expired(&v, 1000));
	ck_assert_uint_eq(item_left(&v, 990), 10);
}
END_TEST

START_TEST(no_record_is_read_beyond_its_room)
{
	const uint32_t chunks[] = { 1, 2 };
	struct item_plan p = { .key = "key", .key_len = 3, .len = 40,
		.flags = 3, .expiry = 9, .n_chunks = 2, .chunk_bytes = SEG + 1,
		.chunks = chunks };
	struct item_view v;
	uint32_t size = make(&p, "0123456789012345678901234567890123456789");

	ck_assert_int_eq(item_parse((void *)space, size, SEG, &v), 0);
	for (uint32_t room = 0; room < size; room++)
		ck_assert_int_eq(item_parse((void *)space, room, SEG, &v),
		    -EUCLEAN);
}
END_TEST

START_TEST(random_bytes_are_a_record_or_refused)
{
	struct item_view v;
	unsigned seed = 4711, good = 0;

	for (unsigned i = 0; i < 200000; i++) {
		for (unsigned k = 0; k < 64; k++)
			space[k] = (char)rand_r(&seed);
		if (item_parse((void *)space, 64, SEG, &v) == 0) {
			ck_assert_uint_le(v.size, 64);
			ck_assert_uint_gt(v.key_len, 0);
			good++;
		}
	}
	ck_assert_uint_lt(good, 200000);
}
END_TEST

START_TEST(far_expiry_takes_64_bits_and_wraps_nowhere)
{
	struct item_plan p = { .key = "k", .key_len = 1, .now = 100 };
	struct item_view v;

	/* A year of ticks. */
	p.expiry = 100 + UINT64_C(365) * 86400 * 250;
	(void)make(&p, "");
	ck_assert_int_eq(item_parse((void *)space, 64, SEG, &v), 0);
	ck_assert_uint_eq(v.expires64, 1);
	ck_assert(!item_expired(&v, p.expiry - 1));
	ck_assert(item_expired(&v, p.expiry));
	/* An hour, over the wrap of 32 bits. */
	p.now = UINT64_C(0xffffff00);
	p.expiry = p.now + 900000;
	(void)make(&p, "");
	ck_assert_int_eq(item_parse((void *)space, 64, SEG, &v), 0);
	ck_assert_uint_eq(v.expires64, 0);
	ck_assert(!item_expired(&v, p.expiry - 1));
	ck_assert(item_expired(&v, p.expiry));
	ck_assert_uint_eq(item_left(&v, p.now), 900000);
}
END_TEST

START_TEST(older_is_judged_over_the_wrap_of_the_clock)
{
	struct item_plan p = { .key = "k", .key_len = 1, .born = 5 };
	struct item *it = (void *)space;

	(void)make(&p, "");
	ck_assert(!item_older(it, 5));
	ck_assert(item_older(it, 6));
	ck_assert(!item_older(it, 0xfffffff0));
}
END_TEST

START_TEST(ttl_buckets_part_an_octave_in_two)
{
	ck_assert_uint_eq(ttlb_of(0), 0);
	ck_assert_uint_eq(ttlb_of(1), 1);
	ck_assert_uint_eq(ttlb_of(249), 1);
	ck_assert_uint_eq(ttlb_of(250), 2);
	ck_assert_uint_eq(ttlb_of(352), 2);
	ck_assert_uint_eq(ttlb_of(353), 3);
	ck_assert_uint_eq(ttlb_of(500), 4);
	ck_assert_uint_eq(ttlb_of(UINT64_MAX), TTLB_N - 1);
	for (unsigned b = 1; b < TTLB_N; b++) {
		ck_assert_uint_ge(ttlb_of(ttlb_from(b) + 1), b);
		ck_assert_uint_lt(ttlb_of(ttlb_from(b) - 1), b);
		if (b > 2)	/* at most 1.415 from one to the next */
			ck_assert_uint_le(ttlb_from(b) * 1000 /
			    ttlb_from(b - 1), 1416);
	}
}
END_TEST

SUITE_MAIN("item", NULL, NULL, record_of_a_key_and_value_costs_16_bytes_more,
    what_is_filled_is_what_is_parsed, no_record_is_read_beyond_its_room,
    random_bytes_are_a_record_or_refused,
    far_expiry_takes_64_bits_and_wraps_nowhere,
    older_is_judged_over_the_wrap_of_the_clock,
    ttl_buckets_part_an_octave_in_two)
