/* Growing bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "suite.h"

START_TEST(what_is_added_can_be_eaten)
{
	struct buf b = BUF_INIT;
	unsigned i;

	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(buf_printf(&b, "%04u", i), 0);
	ck_assert_uint_eq(buf_len(&b), 4000);
	for (i = 0; i < 1000; i++) {
		ck_assert_int_eq(memcmp(buf_head(&b) + 0, (char[]){
		    (char)('0' + i / 1000), (char)('0' + i / 100 % 10),
		    (char)('0' + i / 10 % 10), (char)('0' + i % 10) }, 4), 0);
		buf_eat(&b, 4);
		ck_assert_int_eq(buf_addz(&b, "xxxx"), 0);
	}
	ck_assert_uint_eq(buf_len(&b), 4000);
	buf_eat(&b, 9999);
	ck_assert_uint_eq(buf_len(&b), 0);
	buf_fini(&b);
}
END_TEST

START_TEST(long_formats_fit)
{
	struct buf b = BUF_INIT;
	char long_text[5000];

	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	ck_assert_int_eq(buf_printf(&b, "<%s>", long_text), 0);
	ck_assert_uint_eq(buf_len(&b), 5001);
	ck_assert_uint_eq(strlen(buf_str(&b)), 5001);
	buf_fini(&b);
}
END_TEST

START_TEST(room_is_where_the_next_bytes_go)
{
	struct buf b = BUF_INIT;
	char *p;

	ck_assert_int_eq(buf_addz(&b, "ab"), 0);
	buf_eat(&b, 1);
	p = buf_room(&b, 100000);
	ck_assert_ptr_nonnull(p);
	memset(p, 'z', 100000);
	buf_added(&b, 100000);
	ck_assert_uint_eq(buf_len(&b), 100001);
	ck_assert_int_eq(buf_head(&b)[0], 'b');
	buf_fini(&b);
}
END_TEST

START_TEST(impossible_sizes_fail_and_stick)
{
	struct buf b = BUF_INIT;

	ck_assert_ptr_null(buf_room(&b, SIZE_MAX / 2 + 1));
	ck_assert_int_eq(buf_ok(&b), 0);
	ck_assert_int_lt(buf_addc(&b, 'x'), 0);
	ck_assert_ptr_null(buf_str(&b));
	buf_clear(&b);
	ck_assert_int_eq(buf_addc(&b, 'x'), 0);
	ck_assert_int_eq(buf_ok(&b), 1);
	buf_fini(&b);
}
END_TEST

START_TEST(nothing_can_be_added_to_nothing)
{
	struct buf b = BUF_INIT;

	ck_assert_int_eq(buf_add(&b, NULL, 0), 0);
	ck_assert_int_eq(buf_addz(&b, ""), 0);
	ck_assert_str_eq(buf_str(&b), "");
	buf_fini(&b);
}
END_TEST

START_TEST(stolen_text_is_the_callers)
{
	struct buf b = BUF_INIT;
	char *p;

	ck_assert_int_eq(buf_addz(&b, "hello"), 0);
	buf_eat(&b, 2);
	p = buf_steal(&b);
	ck_assert_str_eq(p, "llo");
	ck_assert_uint_eq(buf_len(&b), 0);
	free(p);
}
END_TEST

SUITE_MAIN("buf", NULL, NULL, what_is_added_can_be_eaten, long_formats_fit,
    room_is_where_the_next_bytes_go, impossible_sizes_fail_and_stick,
    nothing_can_be_added_to_nothing, stolen_text_is_the_callers)
