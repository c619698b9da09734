/* Near names, addresses, tables, JSON. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "jsonw.h"
#include "near.h"
#include "suite.h"
#include "table.h"

static const char *
nearest(const char *wrong)
{
	static const char *const known[] = { "listen", "plugin", "min", "max",
		"backlog" };
	unsigned score = NEAR_START;
	const char *best = NULL;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		near_try(wrong, known[i], &best, &score);
	return best;
}

START_TEST(near_counts_changes_and_swaps)
{
	ck_assert_uint_eq(near_distance("", "abc"), 3);
	ck_assert_uint_eq(near_distance("abc", "abc"), 0);
	ck_assert_uint_eq(near_distance("abc", "acb"), 1);
	ck_assert_uint_eq(near_distance("listen", "silent"), 4);
	ck_assert_uint_eq(near_distance("plugin", "plugins"), 1);
}
END_TEST

START_TEST(near_suggests_only_what_is_like_it)
{
	ck_assert_str_eq(nearest("lsiten"), "listen");
	ck_assert_str_eq(nearest("plugins"), "plugin");
	ck_assert_str_eq(nearest("mni"), "min");
	ck_assert_ptr_null(nearest("timeout"));
}
END_TEST

/* Parsed and written again. */
static const char *
again(const char *text)
{
	static char buf[ADDR_LEN];
	struct addr a;

	if (addr_parse(text, &a) < 0)
		return "refused";
	return addr_str(buf, &a);
}

START_TEST(addresses_are_read_and_written)
{
	ck_assert_str_eq(again("127.0.0.1:8080"), "127.0.0.1:8080");
	ck_assert_str_eq(again("localhost:1"), "127.0.0.1:1");
	ck_assert_str_eq(again("[::1]:80"), "[::1]:80");
	ck_assert_str_eq(again(":80"), "[::]:80");
	ck_assert_str_eq(again("unix:/run/x.sock"), "unix:/run/x.sock");
}
END_TEST

START_TEST(an_address_is_one_word_of_a_line)
{
	char full[ADDR_LEN], buf[ADDR_LEN];
	struct addr a;

	ck_assert_str_eq(again("unix:/t/a\n2026 peer=\"x\\\x7f\t\xc3\xa9"),
	    "unix:/t/a?2026?peer=?x???\xc3\xa9");
	/* As accept(2) gives them: without a name, and without its end. */
	memset(&a, 0, sizeof(a));
	a.u.sa.sa_family = AF_UNIX;
	a.len = sizeof(a.u.sa.sa_family);
	ck_assert_str_eq(addr_str(buf, &a), "unix:");
	memset(a.u.un.sun_path, 'p', sizeof(a.u.ss) - sizeof(sa_family_t));
	a.len = sizeof(a.u.un);
	(void)snprintf(full, sizeof(full), "unix:%.108s", a.u.un.sun_path);
	ck_assert_str_eq(addr_str(buf, &a), full);
}
END_TEST

START_TEST(bad_addresses_are_refused)
{
	static const char *const bad[] = { "", "80", "127.0.0.1", "example:80",
		"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8x", "::1:80",
		"[::1:80", "[]:80", "unix:", "1.2.3.4:-1", "127.0.0.1:080000" };
	char path[200] = "unix:";
	struct addr a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(strcmp(again(bad[i]), "refused") == 0, "%s",
		    bad[i]);
	memset(path + 5, 'x', 150);
	ck_assert_int_eq(addr_parse(path, &a), -ENAMETOOLONG);
}
END_TEST

START_TEST(tables_line_up)
{
	struct table t = TABLE_INIT;
	struct buf out = BUF_INIT;

	table_cell(&t, "NAME");
	table_cell(&t, "N");
	table_cell(&t, "LAST");
	table_end(&t);
	table_cell(&t, "web.1");
	table_cell(&t, "%d", 7);
	table_cell(&t, "a\nb");
	table_end(&t);
	table_cell(&t, "%s", "");
	table_cell(&t, "%d", 123);
	table_cell(&t, "c");
	table_end(&t);
	table_put(&t, &out);
	ck_assert_str_eq(buf_str(&out), "NAME     N  LAST\n"
	    "web.1    7  a?b\n"
	    "-      123  c\n");
	table_fini(&t);
	buf_fini(&out);
}
END_TEST

START_TEST(json_is_always_valid)
{
	struct buf b = BUF_INIT;
	struct jsonw w = JSONW(&b);

	jsonw_open(&w, NULL, '{');
	jsonw_strn(&w, "s", "a\"\\\n\x01\xff\xc3\xa9", 8);
	jsonw_open(&w, "v", '[');
	jsonw_int(&w, NULL, -1);
	jsonw_num(&w, NULL, NAN);
	jsonw_str(&w, NULL, NULL);
	jsonw_close(&w, ']');
	jsonw_bool(&w, "b", 1);
	jsonw_close(&w, '}');
	ck_assert_str_eq(buf_str(&b), "{\"s\":\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd"
	    "\xc3\xa9\",\"v\":[-1,null,null],\"b\":true}");
	buf_fini(&b);
}
END_TEST

START_TEST(utf8_is_checked_strictly)
{
	ck_assert_uint_eq(jsonw_utf8("a", 1), 1);
	ck_assert_uint_eq(jsonw_utf8("\xc3\xa9", 2), 2);
	ck_assert_uint_eq(jsonw_utf8("\xc3", 1), 0);
	ck_assert_uint_eq(jsonw_utf8("\xc0\x80", 2), 0);
	ck_assert_uint_eq(jsonw_utf8("\xed\xa0\x80", 3), 0);
	ck_assert_uint_eq(jsonw_utf8("\xf0\x9f\x98\x80", 4), 4);
	ck_assert_uint_eq(jsonw_utf8("\xf4\x90\x80\x80", 4), 0);
	ck_assert_uint_eq(jsonw_utf8("\x80", 1), 0);
}
END_TEST

SUITE_MAIN("text", NULL, NULL, near_counts_changes_and_swaps,
    near_suggests_only_what_is_like_it, addresses_are_read_and_written,
    an_address_is_one_word_of_a_line, bad_addresses_are_refused, tables_line_up, json_is_always_valid,
    utf8_is_checked_strictly)
