/*
 * The head parser, on each of the 256 bytes in each place, and on how much it
 * takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "check_http_head.h"

/* pre + byte + post for all 256 bytes: ok where allowed tells, else refused */
static void
every_byte(const char *pre, const char *post, const char *allowed, int obs)
{
	char in[300], got[600];
	struct outcome o;
	int c;

	for (c = 0; c < 256; c++) {
		size_t n = strlen(pre);
		int ok = (c != 0 && strchr(allowed, c) != NULL) ||
		    (obs && c >= 0x80);

		memcpy(in, pre, n);
		in[n++] = (char)c;
		memcpy(in + n, post, strlen(post));
		n += strlen(post);
		head_parse(&o, in, n, n, 0);
		head_describe(got, &o, in);
		ck_assert_msg((o.rc == 1) == ok, "byte %d: %s", c, got);
		if (!ok)
			ck_assert_msg(o.rc < 0 && o.h.status == 400,
			    "byte %d: %s", c, got);
		head_expect_n(in, n, got);
	}
}

#define ALNUM                                                                  \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

START_TEST(every_byte_is_judged_in_a_method)
{
	every_byte("G", "T / HTTP/1.1" E H E, ALNUM "!#$%&'*+-.^_`|~", 0);
}
END_TEST

START_TEST(every_byte_is_judged_in_a_path)
{
	every_byte("GET /a", "b HTTP/1.1" E H E, ALNUM "-._~!$&'()*+,;=:@/?",
	    0);
}
END_TEST

START_TEST(every_byte_is_judged_in_a_field_name)
{
	every_byte(GET H "X", "y: z" E E, ALNUM "!#$%&'*+-.^_`|~:", 0);
}
END_TEST

START_TEST(every_byte_is_judged_in_a_field_value)
{
	every_byte(GET H "X: y", "z" E E,
	    ALNUM " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 1);
	every_byte(GET H "X: 12345678", "12345678" E E,
	    ALNUM " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 1);
}
END_TEST

START_TEST(every_byte_is_judged_in_a_host)
{
	every_byte(GET "Host: a", "b" E E, ALNUM "-._~!$&'()*+,;=", 0);
}
END_TEST

START_TEST(nul_is_refused_everywhere)
{
	static const char good[] = "GET /a HTTP/1.1" E H "X: y" E E;
	char in[sizeof(good)];
	struct outcome o;
	size_t i;

	for (i = 0; i < sizeof(good) - 1; i++) {
		memcpy(in, good, sizeof(good));
		in[i] = '\0';
		head_parse(&o, in, sizeof(good) - 1, sizeof(good) - 1, 0);
		ck_assert_int_lt(o.rc, 0);
		ck_assert_int_eq(o.h.status, 400);
	}
}
END_TEST

/* GET /aaa... with a request line of n bytes. */
static size_t
line_of(char *in, size_t n)
{
	size_t at = (size_t)sprintf(in, "GET /");

	memset(in + at, 'a', n - at - 9);
	return n - 9 + (size_t)sprintf(in + n - 9, " HTTP/1.1" E H E);
}

START_TEST(request_line_has_a_limit)
{
	char *in = malloc(20000), *want = malloc(20000);
	size_t n = line_of(in, 8192);

	sprintf(want, "GET o %.*s @a 1.1", 8192 - 13, in + 4);
	head_expect_n(in, n, want);
	n = line_of(in, 8193);
	head_expect_n(in, n, "414 request line too long");
	memset(in, 'a', 20000);
	memcpy(in, "GET /", 5);
	head_expect_n(in, 8192, "more");
	head_expect_n(in, 8193, "414 request line too long");
	head_expect_n(in, 20000, "414 request line too long");
	free(in);
	free(want);
}
END_TEST

START_TEST(header_has_a_limit_in_bytes)
{
	char *in = malloc(70000);
	size_t line = strlen(GET), n;

	/* Host (9), "X: " ... CR LF, CR LF: exactly 32768 bytes of fields */
	n = (size_t)sprintf(in, "%s%sX: ", GET, H);
	memset(in + n, 'a', 60000);
	memcpy(in + line + 32768 - 4, E E, 4);
	head_expect_n(in, line + 32768, OK);
	memset(in + line + 32768 - 4, 'a', 4);
	memcpy(in + line + 32768 - 3, E E, 4);
	head_expect_n(in, line + 32769, "431 header too large");
	memset(in + line + 32768 - 3, 'a', 4);
	head_expect_n(in, line + 32768, "more");
	head_expect_n(in, line + 32769, "431 header too large");
	free(in);
}
END_TEST

START_TEST(header_has_a_limit_in_fields)
{
	char in[2000];
	size_t n = (size_t)sprintf(in, "%s%s", GET, H);
	int i;

	for (i = 0; i < 99; i++)
		n += (size_t)sprintf(in + n, "X: %d" E, i);
	sprintf(in + n, E);
	head_expect(in, OK);
	sprintf(in + n, "X: 99" E E);
	head_expect(in, "431 too many header fields");
}
END_TEST

START_TEST(empty_lines_have_a_limit)
{
	char *in = malloc(20000);
	size_t i;

	for (i = 0; i < 20000; i += 2)
		memcpy(in + i, E, 2);
	head_expect_n(in, 8192, "more");
	head_expect_n(in, 8194, "400 too many empty lines");
	strcpy(in + 8192, GET H E);
	head_expect(in, OK);
	free(in);
}
END_TEST

TCase *
head_limits_case(void)
{
	return SUITE_CASE("limits", NULL, NULL,
	    every_byte_is_judged_in_a_method, every_byte_is_judged_in_a_path,
	    every_byte_is_judged_in_a_field_name,
	    every_byte_is_judged_in_a_field_value,
	    every_byte_is_judged_in_a_host, nul_is_refused_everywhere,
	    request_line_has_a_limit, header_has_a_limit_in_bytes,
	    header_has_a_limit_in_fields, empty_lines_have_a_limit);
}
