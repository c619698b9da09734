/* Durations, sizes, truth and words as people write them. */
#include <errno.h>

#include "suite.h"
#include "unit.h"

#define MS 1000000LL
#define S  1000000000LL

static int64_t
duration(const char *text)
{
	int64_t n = -1;
	int rc = unit_duration(text, &n);

	return rc < 0 ? rc : n;
}

static int64_t
size(const char *text)
{
	int64_t n = -1;
	int rc = unit_size(text, &n);

	return rc < 0 ? rc : n;
}

START_TEST(durations_are_read)
{
	ck_assert_int_eq(duration("500ms"), 500 * MS);
	ck_assert_int_eq(duration("30s"), 30 * S);
	ck_assert_int_eq(duration("5m"), 300 * S);
	ck_assert_int_eq(duration("1h30m"), 5400 * S);
	ck_assert_int_eq(duration("7d"), 7 * (86400 * S));
	ck_assert_int_eq(duration("1.5s"), 1500 * MS);
	ck_assert_int_eq(duration("0"), 0);
	ck_assert_int_eq(duration("250us"), 250000);
	ck_assert_int_eq(duration("106751d"), 106751 * (86400 * S));
}
END_TEST

START_TEST(bad_durations_are_refused)
{
	static const char *const bad[] = { "", "5", "s", "5x", "5 s", "-5s",
		"5s5m", "5s5s", "1.s", ".5s", "5ss", "1h30" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(duration(bad[i]) == -EINVAL, "%s", bad[i]);
	ck_assert_int_eq(duration("106752d"), -ERANGE);
	ck_assert_int_eq(duration("99999999999999999999s"), -ERANGE);
}
END_TEST

START_TEST(sizes_are_read)
{
	ck_assert_int_eq(size("64k"), 65536);
	ck_assert_int_eq(size("500MB"), 500000000);
	ck_assert_int_eq(size("1GiB"), 1 << 30);
	ck_assert_int_eq(size("1g"), 1 << 30);
	ck_assert_int_eq(size("1.5k"), 1536);
	ck_assert_int_eq(size("123"), 123);
	ck_assert_int_eq(size("0"), 0);
	ck_assert_int_eq(size("12q"), -EINVAL);
	ck_assert_int_eq(size("k"), -EINVAL);
	ck_assert_int_eq(size("1k1k"), -EINVAL);
	ck_assert_int_eq(size("-1"), -EINVAL);
	ck_assert_int_eq(size("99999999999t"), -ERANGE);
}
END_TEST

START_TEST(numbers_and_words_are_whole)
{
	int64_t n;

	ck_assert_int_eq(unit_int("-12", &n), 0);
	ck_assert_int_eq(n, -12);
	ck_assert_int_eq(unit_int("12x", &n), -EINVAL);
	ck_assert_int_eq(unit_int("", &n), -EINVAL);
	ck_assert_int_eq(unit_int("99999999999999999999", &n), -ERANGE);
	ck_assert_int_eq(unit_bool("Yes", &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(unit_bool("off", &n), 0);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(unit_bool("2", &n), -EINVAL);
	ck_assert_int_eq(unit_enum("stream", "http|stream", &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(unit_enum("htt", "http|stream", &n), -EINVAL);
	ck_assert_int_eq(unit_enum("", "http|stream", &n), -EINVAL);
}
END_TEST

/* What is printed reads back as the same number. */
START_TEST(printed_values_read_back)
{
	static const int64_t values[] = { 0, 1, 999, 1000, 1500, 65536, 500 * MS,
		1500 * MS, 65 * S, 5400 * S, 86400 * S, 90061 * S, 8 << 20,
		500000000, 1 << 30, 50000000, 123457 };
	char text[UNIT_LEN];
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
		ck_assert_int_eq(duration(unit_duration_str(text, values[i])),
		    values[i]);
		ck_assert_int_eq(size(unit_size_str(text, values[i])),
		    values[i]);
	}
	ck_assert_str_eq(unit_duration_str(text, 1500 * MS), "1500ms");
	ck_assert_str_eq(unit_duration_str(text, 5400 * S), "1h30m");
	ck_assert_str_eq(unit_size_str(text, 500000000), "500MB");
}
END_TEST

SUITE_MAIN("unit", NULL, NULL, durations_are_read, bad_durations_are_refused,
    sizes_are_read, numbers_and_words_are_whole, printed_values_read_back)
