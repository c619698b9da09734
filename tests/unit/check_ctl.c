/* Command lines, commands and replies of the control socket. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "suite.h"

static struct ctl_line l;

static void
teardown(void)
{
	ctl_line_fini(&l);
}

static void
setup(void)
{
	memset(&l, 0, sizeof(l));
}

static int
parse(const char *line)
{
	ctl_line_fini(&l);
	return ctl_parse(line, strlen(line), &l);
}

static const struct ctl_command *
find(const char *line)
{
	return parse(line) == 0 ? ctl_find(&l) : NULL;
}

START_TEST(words_are_taken_apart)
{
	size_t n;

	ck_assert_int_eq(parse(" cache\tset  key \"a b\\n\\x00\\\"\" \r"), 0);
	ck_assert_uint_eq(l.n_args, 4);
	ck_assert_str_eq(l.arg[0].p, "cache");
	ck_assert_uint_eq(l.arg[3].n, 6);
	ck_assert_mem_eq(l.arg[3].p, "a b\n\0\"", 6);
	ck_assert_ptr_nonnull(ctl_find(&l));
	ck_assert_str_eq(ctl_arg(&l, 0, &n), "key");
	ck_assert_uint_eq(n, 3);
	ck_assert_ptr_null(ctl_arg(&l, 2, &n));
}
END_TEST

START_TEST(options_stand_anywhere)
{
	ck_assert_ptr_nonnull(find("--json cache --ttl=30s set k v"));
	ck_assert_int_eq(l.json, 1);
	ck_assert_str_eq(ctl_opt(&l, "--ttl"), "30s");
	ck_assert_ptr_null(ctl_opt(&l, "--flags"));
	ck_assert_ptr_nonnull(find("cache set -- --k \"--v\""));
	ck_assert_str_eq(ctl_arg(&l, 0, NULL), "--k");
	ck_assert_str_eq(ctl_arg(&l, 1, NULL), "--v");
	ck_assert_ptr_nonnull(find("reload --wait"));
	ck_assert_str_eq(ctl_opt(&l, "--wait"), "");
}
END_TEST

START_TEST(bad_lines_are_refused)
{
	static const char *const bad[] = { "a \"b", "a \"\\q\"", "a\"b",
		"\"a\"b", "a \x01", "\"\\x0\"", "\"\\" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(parse(bad[i]) == -EINVAL, "%s", bad[i]);
		ck_assert_str_ne(l.error, "");
	}
}
END_TEST

START_TEST(lines_and_words_are_bounded)
{
	char *line = malloc(CTL_LINE_MAX + 2);
	int i;

	memset(line, 'x', CTL_LINE_MAX + 1);
	ctl_line_fini(&l);
	ck_assert_int_eq(ctl_parse(line, CTL_LINE_MAX, &l), 0);
	ctl_line_fini(&l);
	ck_assert_int_eq(ctl_parse(line, CTL_LINE_MAX + 1, &l), -EINVAL);
	for (i = 0; i < 2 * (CTL_ARGS_MAX + 1); i += 2)
		line[i + 1] = ' ';
	ctl_line_fini(&l);
	ck_assert_int_eq(ctl_parse(line, 2 * (CTL_ARGS_MAX + 1), &l), -EINVAL);
	free(line);
}
END_TEST

START_TEST(commands_are_found)
{
	int i;

	for (i = 0; i < CTL_N; i++)
		ck_assert_int_eq(ctl_commands[i].id, i);
	ck_assert_int_eq(find("status")->id, CTL_STATUS);
	ck_assert_int_eq(find("cache flush")->id, CTL_CACHE_FLUSH);
	ck_assert_int_eq(find("log level")->id, CTL_LOG_LEVEL);
	ck_assert_int_eq(find("cache del a b c")->id, CTL_CACHE_DEL);
	ck_assert_int_eq(find("scale web auto")->who, CTL_MASTER);
}
END_TEST

static void
wrong(const char *line, const char *word)
{
	ck_assert_ptr_null(find(line));
	ck_assert_msg(strstr(l.error, word) != NULL, "\"%s\" lacks \"%s\"",
	    l.error, word);
}

START_TEST(wrong_commands_are_explained)
{
	wrong("sttus", "did you mean \"status\"");
	wrong("cache gte a", "did you mean \"get\"");
	wrong("cache", "needs a verb: cache stats, cache get KEY, ");
	wrong("log", "log level [LEVEL|SUBSYSTEM=LEVEL], log reopen");
	wrong("scale web", "usage: scale GROUP N|auto [--wait] [--dry-run]");
	wrong("ping pong", "usage: ping");
	wrong("status --wait", "unknown option --wait");
	wrong("cache set k v --ttl", "unknown option --ttl");
	wrong("reload --wait=1", "unknown option --wait=1");
	wrong("", "no command");
	wrong("upgrade", "unknown command");
}
END_TEST

START_TEST(quoted_words_come_back)
{
	struct buf b = BUF_INIT;
	char all[256];
	size_t i;

	for (i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	ctl_quote(&b, "cache", 5);
	ctl_quote(&b, all, sizeof(all));
	ctl_quote(&b, "", 0);
	ctl_line_fini(&l);
	ck_assert_int_eq(ctl_parse(buf_head(&b), buf_len(&b), &l), 0);
	ck_assert_uint_eq(l.n_args, 3);
	ck_assert_uint_eq(l.arg[1].n, sizeof(all));
	ck_assert_mem_eq(l.arg[1].p, all, sizeof(all));
	ck_assert_uint_eq(l.arg[2].n, 0);
	buf_fini(&b);
}
END_TEST

START_TEST(replies_are_read_when_they_are_whole)
{
	struct buf b = BUF_INIT;
	struct ctl_reply r;
	size_t i, all;

	ctl_more(&b, 0, "one\n", 4);
	ctl_ok(&b, 0, "a\0b", 3);
	all = buf_len(&b);
	for (i = 0; i < all; i++)
		ck_assert_int_eq(ctl_reply_parse(buf_head(&b), i, &r),
		    i >= 11);
	ck_assert_int_eq(ctl_reply_parse(buf_head(&b), all, &r), 1);
	ck_assert_int_eq(r.kind, CTL_REPLY_MORE);
	ck_assert_uint_eq(r.used, 11);
	ck_assert_int_eq(ctl_reply_parse(buf_head(&b) + 11, all - 11, &r), 1);
	ck_assert_int_eq(r.kind, CTL_REPLY_OK);
	ck_assert_mem_eq(r.body, "a\0b", 3);
	buf_clear(&b);
	ctl_err(&b, 0, 77, "not %s\n", "you");
	ck_assert_int_eq(ctl_reply_parse(buf_head(&b), buf_len(&b), &r), 1);
	ck_assert_int_eq(r.kind, CTL_REPLY_ERR);
	ck_assert_int_eq(r.code, 77);
	ck_assert_uint_eq(r.n, 8);
	ck_assert_mem_eq(r.body, "not you?", 8);
	buf_fini(&b);
}
END_TEST

START_TEST(what_is_no_reply_is_refused)
{
	static const char *const bad[] = { "hello\n", "OK\n", "OK x\n",
		"OK -1\n", "OK 9999999999\n", "ERR x y\n", "ERR 999 y\n",
		"MORE\n", "\n" };
	struct ctl_reply r;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(ctl_reply_parse(bad[i], strlen(bad[i]), &r) ==
		    -EPROTO, "%s", bad[i]);
}
END_TEST

START_TEST(json_replies_are_one_line_each)
{
	struct buf b = BUF_INIT;
	json_t *doc;

	ctl_err(&b, 1, 2, "line\n\"two\" \xff");
	ck_assert_int_eq(buf_head(&b)[buf_len(&b) - 1], '\n');
	ck_assert_ptr_eq(memchr(buf_head(&b), '\n', buf_len(&b)),
	    buf_head(&b) + buf_len(&b) - 1);
	doc = json_loadb(buf_head(&b), buf_len(&b), 0, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(doc, "code")), 2);
	json_decref(doc);
	buf_clear(&b);
	ctl_ok(&b, 1, "[1]", 3);
	ck_assert_str_eq(buf_str(&b), "{\"ok\":true,\"data\":[1]}\n");
	buf_clear(&b);
	ctl_ok(&b, 1, "", 0);
	ck_assert_str_eq(buf_str(&b), "{\"ok\":true,\"data\":null}\n");
	buf_fini(&b);
}
END_TEST

SUITE_MAIN("ctl", setup, teardown, words_are_taken_apart,
    options_stand_anywhere, bad_lines_are_refused, lines_and_words_are_bounded,
    commands_are_found, wrong_commands_are_explained, quoted_words_come_back,
    replies_are_read_when_they_are_whole, what_is_no_reply_is_refused,
    json_replies_are_one_line_each)
