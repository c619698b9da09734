/* The small parts of the HTTP front: tags, JSON errors, heads of answers,
 * queries, buffers, the access log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "../lib/suite.h"
#include "clock.h"
#include "http_buf.h"
#include "http_etag.h"
#include "http_json.h"
#include "http_log.h"
#include "http_query.h"
#include "http_reply.h"

/* --- tags --- */

START_TEST(a_tag_follows_from_the_bytes)
{
	char a[HTTP_ETAG_LEN], b[HTTP_ETAG_LEN];

	http_etag_make(a, "hello", 5);
	/* XXH3-128 of "hello" as xxhsum -H128 prints it. */
	ck_assert_mem_eq(a, "\"b5e9c1ad071b3e7fc779cfaa5e523818\"",
	    HTTP_ETAG_LEN);
	http_etag_make(b, "hellp", 5);
	ck_assert_mem_ne(a, b, HTTP_ETAG_LEN);
	http_etag_make(b, NULL, 0);
	ck_assert_int_eq(b[0], '"');
}
END_TEST

static const struct {
	const char *list;
	int listed;
	int strongly;
} lists[] = {
	{ "\"x\"", 1, 1 },
	{ "W/\"x\"", 1, 0 },
	{ "*", 1, 1 },
	{ "\"a\", \"x\"", 1, 1 },
	{ "\"a\",W/\"x\"", 1, 0 },
	{ ",, \"a\" ,\t\"x\" ,", 1, 1 },
	{ "\"\", \"x\"", 1, 1 },
	{ "\"a,\", \"x\"", 1, 1 },
	{ "\"a\"", 0, 0 },
	{ "\"X\"", 0, 0 },
	{ "x", 0, 0 },
	{ "\"x", 0, 0 },
	{ "x\"", 0, 0 },
	{ "w/\"x\"", 0, 0 },
	{ "W/x", 0, 0 },
	{ "W/", 0, 0 },
	{ "\"a\" \"x\"", 0, 0 },
	{ "\"a\"x", 0, 0 },
	{ "\"a, \"x\"", 0, 0 },
	{ "**", 0, 0 },
	{ "\"x\"y", 1, 1 },	/* found before the rubbish */
	{ "", 0, 0 },
	{ ",", 0, 0 },
};

START_TEST(a_list_of_tags_is_compared_weakly)
{
	const char *l = lists[_i].list;

	ck_assert_msg(http_etag_listed(l, strlen(l), "\"x\"", 3) ==
		lists[_i].listed, "%s", l);
	ck_assert_int_eq(http_etag_listed(l, strlen(l), "W/\"x\"", 5),
	    lists[_i].listed);
}
END_TEST

START_TEST(a_list_of_tags_is_compared_strongly)
{
	const char *l = lists[_i].list;

	ck_assert_msg(http_etag_listed_strong(l, strlen(l), "\"x\"", 3) ==
		lists[_i].strongly, "%s", l);
	ck_assert_int_eq(http_etag_listed_strong(l, strlen(l), "W/\"x\"", 5),
	    strcmp(l, "*") == 0);
}
END_TEST

/* --- errors --- */

static const struct {
	const char *in, *out;
} texts[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "a\"b\\c", "a\\\"b\\\\c" },
	{ "\n\x1f\x7f", "\\u000a\\u001f\\u007f" },
	{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
	    "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "\xff", "\\ufffd" },
	{ "\xc3", "\\ufffd" },
	{ "\xc0\xaf", "\\ufffd\\ufffd" },
	{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
	{ "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xe2\x82x", "\\ufffd\\ufffdx" },
};

START_TEST(an_error_is_json_whatever_its_text)
{
	size_t n = strlen(texts[_i].in), len;
	char *out = malloc(HTTP_JSON_ROOM(n)), want[200];

	len = http_json_error(out, texts[_i].in, n);
	sprintf(want, "{\"error\": \"%s\"}\n", texts[_i].out);
	ck_assert_uint_le(len, HTTP_JSON_ROOM(n));
	ck_assert_uint_eq(len, strlen(want));
	ck_assert_mem_eq(out, want, len);
	free(out);
}
END_TEST

/* --- heads --- */

START_TEST(dates_are_written_in_gmt)
{
	static const struct {
		int64_t s;
		const char *text;
	} dates[] = { { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 4102444799, "Thu, 31 Dec 2099 23:59:59 GMT" } };
	char out[29];
	size_t i;

	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		http_reply_date(out, dates[i].s);
		ck_assert_mem_eq(out, dates[i].text, 29);
	}
}
END_TEST

START_TEST(a_stamp_lasts_for_its_second)
{
	struct http_stamp s;
	char first[256];

	http_stamp_init(&s, 1, "web.1/7");
	clock_fake(5000000000, 784111777LL * 1000000000 + 400000000);
	http_stamp_refresh(&s, 5000000000);
	ck_assert_mem_eq(s.text, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
				 "Server: skep\r\nX-Skep-Worker: web.1/7\r\n",
	    s.n);
	memcpy(first, s.text, s.n);
	clock_fake_advance(599999999);
	http_stamp_refresh(&s, 5599999999);
	ck_assert_mem_eq(s.text, first, s.n);
	clock_fake_advance(1);
	http_stamp_refresh(&s, 5600000000);
	ck_assert_mem_eq(s.text, "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 37);
	clock_real();
}
END_TEST

static void
head_is(const struct http_reply *r, const char *want)
{
	struct http_stamp s;
	char *out = malloc(http_reply_room(r));
	size_t n;

	http_stamp_init(&s, 0, NULL);
	n = http_reply_head(out, r, &s);
	ck_assert_uint_le(n, http_reply_room(r));
	ck_assert_uint_eq(n, strlen(want));
	ck_assert_mem_eq(out, want, n);
	free(out);
}

START_TEST(a_head_has_its_lines)
{
	struct http_reply r = { .status = 200,
		.framing = HTTP_FRAME_LENGTH,
		.length = 18446744073709551615u,
		.type = { "text/plain", 10 },
		.etag = { "\"x\"", 3 },
		.id = { "id", 2 },
		.allow = { "GET", 3 } };
	struct http_line *l = malloc(sizeof(*l) + 6);

	l->next = NULL;
	l->n = 6;
	memcpy(l->text, "A: b\r\n", 6);
	r.lines = l;
	head_is(&r, "HTTP/1.1 200 OK\r\nX-Request-Id: id\r\n"
		    "Content-Type: text/plain\r\nETag: \"x\"\r\nAllow: GET\r\n"
		    "A: b\r\nContent-Length: 18446744073709551615\r\n\r\n");
	free(l);
	r = (struct http_reply){ .status = 599,
		.framing = HTTP_FRAME_CHUNKED,
		.persist = HTTP_PERSIST_NOT };
	head_is(&r, "HTTP/1.1 599 \r\nTransfer-Encoding: chunked\r\n"
		    "Connection: close\r\n\r\n");
	r = (struct http_reply){ .status = 204,
		.framing = HTTP_FRAME_NONE,
		.persist = HTTP_PERSIST_SAID };
	head_is(&r, "HTTP/1.1 204 No Content\r\n"
		    "Connection: keep-alive\r\n\r\n");
}
END_TEST

START_TEST(only_harmless_fields_may_be_set)
{
	static const char *const bad[] = { "Content-Length", "CONNECTION",
		"transfer-encoding", "Date", "date", "Upgrade", "Trailer",
		"X-Request-Id", "", "a b", "a:", "a\r", "\xe4" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(http_reply_field_ok(skep_str(bad[i]),
				     skep_str("1")), 0);
	ck_assert_int_eq(http_reply_field_ok(skep_str("X-A"), skep_str("")), 1);
	ck_assert_int_eq(http_reply_field_ok(skep_str("X-A"),
			     skep_strn(NULL, 0)), 1);
	ck_assert_int_eq(http_reply_field_ok(skep_str("X-A"),
			     skep_str("a\tb \xe4 0123456789")), 1);
	for (i = 0; i < 32; i++) {
		char v[] = "0123456789?0123";

		v[10] = (char)i;
		ck_assert_int_eq(http_reply_field_ok(skep_str("X-A"),
				     skep_strn(v, 15)), i == '\t');
	}
	ck_assert_int_eq(http_reply_field_ok(skep_str("X-A"),
			     skep_strn("\x7f", 1)), 0);
}
END_TEST

/* --- queries --- */

static const struct {
	const char *query, *pairs;
} queries[] = {
	{ "", "" },
	{ "a", "[a|]" },
	{ "a=", "[a|]" },
	{ "=b", "[|b]" },
	{ "a=b", "[a|b]" },
	{ "a=b&c=d", "[a|b][c|d]" },
	{ "&&a=b&&", "[a|b]" },
	{ "a=b=c", "[a|b=c]" },
	{ "a=b?c/d", "[a|b?c/d]" },
	{ "a+b=c+d", "[a+b|c+d]" },
	{ "%61=%62%63&%26=%3d", "[a|bc][&|=]" },
	{ "a=%2541", "[a|%41]" },
	{ "a=1&a=2", "[a|1][a|2]" },
	{ "&", "" },
	{ "%C3%A4=%fF", "[\xc3\xa4|\xff]" },
};

START_TEST(a_query_is_taken_apart)
{
	struct skep_str q = skep_str(queries[_i].query);
	int n = http_query_count(q), i;
	struct http_pair *p = calloc((size_t)n + 1, sizeof(*p));
	char *room = malloc(q.n + 1), got[200] = "";

	ck_assert_int_eq(http_query_split(q, p, room), 0);
	for (i = 0; i < n; i++)
		sprintf(got + strlen(got), "[%.*s|%.*s]", SKEP_PR(p[i].name),
		    SKEP_PR(p[i].value));
	ck_assert_str_eq(got, queries[_i].pairs);
	ck_assert_int_eq(http_query_split(q, p, NULL), -EINVAL);
	free(room);
	free(p);
}
END_TEST

/* --- buffers --- */

START_TEST(buffers_come_back_and_keep_their_bytes)
{
	struct http_pool pool = { .n_idle = 0 };
	struct http_buf b = { 0 }, c = { 0 };
	char *p = http_buf_room(&pool, &b, 100), *first = p;
	uint32_t i;

	memcpy(p, "0123456789", 10);
	b.end = 10;
	b.at = 4;
	ck_assert_ptr_eq(http_buf_room(&pool, &b, 100), p + 10);
	/* More than what lies behind: the bytes move to the front. */
	p = http_buf_room(&pool, &b, HTTP_BUF_SIZE - 8);
	ck_assert_ptr_eq(p, first + 6);
	ck_assert_mem_eq(b.p, "456789", 6);
	/* More than it holds: a larger one, and this one back in the pool. */
	p = http_buf_room(&pool, &b, 100000);
	ck_assert_mem_eq(b.p + b.at, "456789", 6);
	ck_assert_uint_ge(b.cap - b.end, 100000);
	ck_assert_uint_eq(pool.n_idle, 1);
	ck_assert_ptr_eq(http_buf_room(&pool, &c, 1), first);
	for (i = 0; i < b.cap - b.end; i++)
		p[i] = 'x';
	http_buf_drop(&pool, &b);
	http_buf_drop(&pool, &b);
	http_buf_drop(&pool, &c);
	ck_assert_uint_eq(pool.n_idle, 1);
	http_pool_fini(&pool);
}
END_TEST

/* --- the access log --- */

START_TEST(lines_are_gathered_and_written_whole)
{
	struct event_base *base = event_base_new();
	char path[] = "/tmp/check_http_parts.XXXXXX", text[20000];
	int fd = mkstemp(path), i;
	struct http_log log;
	struct http_log_line line = { .method = skep_str("GET"),
		.target = skep_str("/x?y"),
		.id = skep_str("abc"),
		.minor = 1,
		.status = 200,
		.bytes = 5,
		.us = 17 };
	ssize_t n;

	clock_fake(1, 784111777123456789LL);
	ck_assert_int_eq(http_log_open(&log, base, fd, "web.1"), 0);
	ck_assert_int_eq(http_log_wanted(&log, 1), 1);
	http_log_put(&log, &line);
	ck_assert_int_eq((int)lseek(fd, 0, SEEK_CUR), 0);
	event_base_loop(base, EVLOOP_ONCE);	/* 100 ms later */
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(text,
	    "1994-11-06T08:49:37.123Z worker=web.1 peer=- method=GET "
	    "target=\"/x?y\" proto=1.1 status=200 bytes=5 us=17 id=abc\n");
	line = (struct http_log_line){ .status = 400, .why = "no Host" };
	for (i = 0; i < 60; i++)
		http_log_put(&log, &line);
	ck_assert_int_gt((int)lseek(fd, 0, SEEK_CUR), 0);	/* 8 KiB */
	http_log_close(&log);
	n = pread(fd, text, sizeof(text) - 1, 0);
	ck_assert_int_gt((int)n, 60 * 100);
	ck_assert_int_eq(text[n - 1], '\n');
	text[n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "method=- target=\"-\" proto=1.0 "
	    "status=400 bytes=0 us=0 id=- why=\"no Host\"\n"));
	clock_real();
	close(fd);
	unlink(path);
	event_base_free(base);
}
END_TEST

START_TEST(nothing_is_logged_to_nowhere)
{
	struct event_base *base = event_base_new();
	int fd = open("/dev/null", O_WRONLY);
	struct http_log log;

	ck_assert_int_eq(http_log_open(&log, base, fd, "web.1"), 0);
	ck_assert_int_eq(http_log_wanted(&log, 1), 0);
	close(fd);
	ck_assert_int_eq(http_log_wanted(&log, 2000000000), 0);
	http_log_close(&log);
	event_base_free(base);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	TCase *t = SUITE_CASE("parts", NULL, NULL, a_tag_follows_from_the_bytes,
	    dates_are_written_in_gmt, a_stamp_lasts_for_its_second,
	    a_head_has_its_lines, only_harmless_fields_may_be_set,
	    buffers_come_back_and_keep_their_bytes,
	    lines_are_gathered_and_written_whole, nothing_is_logged_to_nowhere);

	tcase_add_loop_test(t, a_list_of_tags_is_compared_weakly, 0, N(lists));
	tcase_add_loop_test(t, a_list_of_tags_is_compared_strongly, 0, N(lists));
	tcase_add_loop_test(t, an_error_is_json_whatever_its_text, 0, N(texts));
	tcase_add_loop_test(t, a_query_is_taken_apart, 0, N(queries));
	return SUITE_RUN("http_parts", t);
}
