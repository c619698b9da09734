/* The market service's small parts: text, numbers, days, arithmetic. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/suite.h"
#include "calc.h"
#include "csv.h"
#include "date.h"
#include "dbl.h"
#include "jout.h"
#include "number.h"
#include "page.h"

/* Reads a copy of text; the header is "a,b".  What csv_next() says at last. */
static int
read_csv(const char *text, size_t n, char *seen, char *error)
{
	char copy[300];
	struct csv c;
	int rc;

	memcpy(copy, text, n);
	csv_init(&c, "t.csv", copy, n);
	seen[0] = error[0] = '\0';
	rc = csv_header(&c, "a,b");
	while (rc == 0 && (rc = csv_next(&c)) == 1) {
		sprintf(seen + strlen(seen), "[%.*s|%.*s]",
		    SKEP_PR(c.field[0]), SKEP_PR(c.field[1]));
		rc = 0;
		if (c.at == c.end)
			break;
	}
	strcpy(error, c.error);
	return rc;
}

static const struct {
	const char *text, *seen, *error;
} csvs[] = {
	{ "a,b\n1,2\n", "[1|2]", NULL },
	{ "a,b\r\n1,2\r\n3,4", "[1|2][3|4]", NULL },
	{ "a,b\n,\n", "[|]", NULL },
	{ "a,b\n\"x, \"\"y\"\"\",2\n", "[x, \"y\"|2]", NULL },
	{ "a,b\n\"x\ny\",2\n", "[x\ny|2]", NULL },
	{ "a,b\nEst\xc3\xa9" "e,2\n", "[Est\xc3\xa9" "e|2]", NULL },
	{ "", "", "t.csv:1: the file is empty" },
	{ "a,c\n", "", "t.csv:1: column 2 should be \"b\"" },
	{ "a,b,\n", "", "t.csv:1: column 3 is one too many" },
	{ "a\n", "", "t.csv:1: a column is missing: \"b\"" },
	{ "a,b\n1\n", "", "t.csv:2: 1 fields where the header has 2" },
	{ "a,b\n1,2\n\n", "[1|2]", "t.csv:3: an empty line" },
	{ "a,b\n1,2,3\n", "", "t.csv:2: 3 fields where the header has 2" },
	{ "a,b\nx\"y,2\n", "", "t.csv:2: a quote within a field" },
	{ "a,b\n\"x\"y,2\n", "", "t.csv:2: text behind a closing quote" },
	{ "a,b\n\"x\n\n", "", "t.csv:2: the quote is not closed" },
	{ "a,b\n1,2\rx\n", "", "t.csv:2: CR without LF" },
	{ "a,b\n\xff,2\n", "", "t.csv:2: not UTF-8" },
	{ "a,b\n\xc0\x80,2\n", "", "t.csv:2: not UTF-8" },
	{ "a,b\n\xed\xa0\x80,2\n", "", "t.csv:2: not UTF-8" },
	{ "a,b\n\"x\ny\",2\n1\n", "[x\ny|2]",
	    "t.csv:4: 1 fields where the header has 2" },
};

START_TEST(csv_is_read_strictly)
{
	char seen[300], error[300];
	int rc;

	rc = read_csv(csvs[_i].text, strlen(csvs[_i].text), seen, error);

	ck_assert_str_eq(seen, csvs[_i].seen);
	ck_assert_str_eq(error, csvs[_i].error == NULL ? "" : csvs[_i].error);
	ck_assert_int_eq(rc, csvs[_i].error == NULL ? 0 : -EINVAL);
}
END_TEST

START_TEST(csv_refuses_nul_and_too_many_fields)
{
	char seen[300], error[300], wide[100];

	ck_assert_int_eq(read_csv("a,b\n1,\0\n", 8, seen, error), -EINVAL);
	ck_assert_str_eq(error, "t.csv:2: a NUL byte");
	memset(wide, ',', sizeof(wide));
	ck_assert_int_eq(read_csv(wide, 40, seen, error), -EINVAL);
	ck_assert_str_eq(error, "t.csv:1: more than 32 fields");
}
END_TEST

START_TEST(numbers_follow_one_grammar)
{
	static const char *const good[] = { "0", "-1", "12.5", "1e3", "1E-3",
		"0.1e+2", "00.5" };
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1.",
		".5", "1e", "0x1", "nan", "inf", "1e999", "1,5" };
	double x;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		ck_assert_int_eq(number_parse(skep_str(good[i]), &x), 0);
		ck_assert(x == strtod(good[i], NULL));
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(number_parse(skep_str(bad[i]), &x), -EINVAL);
}
END_TEST

START_TEST(whole_numbers_do_not_wrap)
{
	uint64_t n;

	ck_assert_int_eq(number_parse_uint(skep_str("100"), 100, &n), 0);
	ck_assert_uint_eq(n, 100);
	ck_assert_int_eq(number_parse_uint(skep_str("101"), 100, &n), -ERANGE);
	ck_assert_int_eq(number_parse_uint(skep_str("18446744073709551616"),
	    UINT64_MAX, &n), -ERANGE);
	ck_assert_int_eq(number_parse_uint(skep_str("7"), 5, &n), -ERANGE);
	ck_assert_int_eq(number_parse_uint(skep_str(""), 5, &n), -EINVAL);
	ck_assert_int_eq(number_parse_uint(skep_str("-1"), 5, &n), -EINVAL);
	ck_assert_int_eq(number_parse_uint(skep_str("1.0"), 5, &n), -EINVAL);
}
END_TEST

START_TEST(only_days_that_exist_are_dates)
{
	static const char *const bad[] = { "2017-13-01", "2017-00-01",
		"2017-01-00", "2017-04-31", "2017-02-29", "1900-02-29",
		"0000-01-01", "2017-1-01", "2017/01/01", "2017-01-01 ",
		"", "+017-01-01" };
	uint32_t date;
	char text[DATE_TEXT];
	size_t i;

	ck_assert_int_eq(date_parse(skep_str("2016-02-29"), &date), 0);
	ck_assert_uint_eq(date, 20160229);
	ck_assert_int_eq(date_parse(skep_str("2000-02-29"), &date), 0);
	date_text(date, text);
	ck_assert_str_eq(text, "2000-02-29");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(date_parse(skep_str(bad[i]), &date), -EINVAL);
}
END_TEST

START_TEST(doubles_are_as_short_as_they_can_be)
{
	static const struct {
		double x;
		const char *text;
	} some[] = { { 0, "0" }, { 1, "1" }, { 0.1, "0.1" },
		{ 169.23, "169.23" }, { -36.98, "-36.98" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 53204626, "53204626" },
		{ 5e-324, "5e-324" }, { DBL_MAX, "1.7976931348623157e+308" },
		{ 0x1p-44, "5.684341886080802e-14" },
		{ 0x1p89, "6.189700196426902e+26" } };
	char text[DBL_TEXT];
	size_t i;

	for (i = 0; i < sizeof(some) / sizeof(*some); i++) {
		ck_assert_uint_eq(dbl_text(some[i].x, text),
		    strlen(some[i].text));
		ck_assert_str_eq(text, some[i].text);
	}
}
END_TEST

START_TEST(doubles_read_back_the_same)
{
	uint64_t seed = 0x9e3779b97f4a7c15, bits;
	char text[DBL_TEXT];
	double x;
	int i;

	for (i = 0; i < 200000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bits = seed ^ seed >> 29;
		memcpy(&x, &bits, sizeof(x));
		if (!isfinite(x))
			continue;
		ck_assert_uint_lt(dbl_text(x, text), DBL_TEXT);
		ck_assert_msg(strtod(text, NULL) == x, "seed step %d: %a", i,
		    x);
	}
}
END_TEST

START_TEST(json_is_written_with_its_commas_and_escapes)
{
	static const char want[] =
	    "{\"a\":\"x\\\"\\\\\\u000a\\u0001\\u007f\xc3\xa9\","
	    "\"b\":[1.5,null,[],false],\"c\":\"2017-12-29\",\"d\":null,"
	    "\"e\":null,\"f\":18446744073709551615}";
	struct jout j = JOUT_EMPTY;

	jout_open(&j, '{');
	jout_key_str(&j, "a", skep_str("x\"\\\n\x01\x7f\xc3\xa9"));
	jout_key(&j, "b");
	jout_open(&j, '[');
	jout_num(&j, 1.5);
	jout_null(&j);
	jout_open(&j, '[');
	jout_close(&j, ']');
	jout_bool(&j, 0);
	jout_close(&j, ']');
	jout_key_date(&j, "c", 20171229);
	jout_key_date(&j, "d", 0);
	jout_key_num(&j, "e", (double)INFINITY);
	jout_key_int(&j, "f", UINT64_MAX);
	jout_close(&j, '}');

	ck_assert_int_eq(j.failed, 0);
	ck_assert_uint_eq(j.n, strlen(want));
	ck_assert_mem_eq(j.p, want, j.n);
	jout_fini(&j);
}
END_TEST

START_TEST(pages_slice_and_end)
{
	const struct page first = { 1, 20 }, last = { 3, 20 }, past = { 4, 20 },
		far = { (uint64_t)1 << 53, 100 };
	uint64_t n;

	ck_assert_uint_eq(page_slice(&first, 41, &n), 0);
	ck_assert_uint_eq(n, 20);
	ck_assert_uint_eq(page_slice(&last, 41, &n), 40);
	ck_assert_uint_eq(n, 1);
	(void)page_slice(&past, 41, &n);
	ck_assert_uint_eq(n, 0);
	(void)page_slice(&far, 41, &n);
	ck_assert_uint_eq(n, 0);
	(void)page_slice(&first, 0, &n);
	ck_assert_uint_eq(n, 0);
}
END_TEST

static void
near(double is, double should)
{
	ck_assert_msg(fabs(is - should) <= 1e-12 * fabs(should),
	    "%.17g is not %.17g", is, should);
}

START_TEST(means_are_as_defined)
{
	const double v[] = { 1, 2, 3, 4, 10 };
	double x;

	ck_assert_int_eq(calc_sma(v, 5, 2, &x), 0);
	near(x, 7);
	ck_assert_int_eq(calc_sma(v, 5, 5, &x), 0);
	near(x, 4);
	/* Seed 2, alpha 1/2: 2 -> 3 -> 6.5 */
	ck_assert_int_eq(calc_ema(v, 5, 3, &x), 0);
	near(x, 6.5);
	ck_assert_int_eq(calc_ema(v, 5, 1, &x), 0);
	near(x, 10);
	ck_assert_int_eq(calc_sma(v, 5, 6, &x), -ERANGE);
	ck_assert_int_eq(calc_sma(v, 5, 0, &x), -ERANGE);
	ck_assert_int_eq(calc_ema(v, 5, 6, &x), -ERANGE);
	ck_assert_int_eq(calc_ema(v, 0, 1, &x), -ERANGE);
}
END_TEST

START_TEST(strength_is_wilders)
{
	const double v[] = { 10, 12, 11, 14, 13 }, up[] = { 1, 2, 3 },
		flat[] = { 5, 5, 5 }, down[] = { 3, 2, 1 };
	double x;

	/* Changes 2 -1 | 3 -1: averages 1 .5, 2 .25, 1 .625 */
	ck_assert_int_eq(calc_rsi(v, 5, 2, &x), 0);
	near(x, 100 - 100 / (1 + 1 / 0.625));
	ck_assert_int_eq(calc_rsi(up, 3, 2, &x), 0);
	near(x, 100);
	ck_assert_int_eq(calc_rsi(flat, 3, 2, &x), 0);
	near(x, 100);
	ck_assert_int_eq(calc_rsi(down, 3, 2, &x), 0);
	ck_assert(x == 0);
	ck_assert_int_eq(calc_rsi(up, 3, 3, &x), -ERANGE);
	ck_assert_int_eq(calc_rsi(up, 0, 1, &x), -ERANGE);
}
END_TEST

START_TEST(earnings_are_discounted)
{
	const struct calc_dcf one = { 10, 0.1, 0.2, 0.05, 1 },
		two = { 2, 0, 0.1, 0, 2 };

	/* 11/1.2 and 11*1.05/.15/1.2 */
	near(calc_dcf(&one), 11 / 1.2 + 11 * 1.05 / 0.15 / 1.2);
	/* Without growth it is EPS/r, whatever the years. */
	near(calc_dcf(&two), 20);
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("all", NULL, NULL,
	    csv_refuses_nul_and_too_many_fields, numbers_follow_one_grammar,
	    whole_numbers_do_not_wrap, only_days_that_exist_are_dates,
	    doubles_are_as_short_as_they_can_be, doubles_read_back_the_same,
	    json_is_written_with_its_commas_and_escapes, pages_slice_and_end,
	    means_are_as_defined, strength_is_wilders, earnings_are_discounted);

	tcase_add_loop_test(tc, csv_is_read_strictly, 0,
	    (int)(sizeof(csvs) / sizeof(*csvs)));
	return SUITE_RUN("market parts", tc);
}
