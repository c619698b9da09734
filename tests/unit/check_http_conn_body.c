/* The HTTP front: the bodies of requests, read, dropped or not wanted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "check_http_conn.h"
#include "httpfix.h"

START_TEST(bodies_are_read_when_the_handler_asks)
{
	hf_start_plain();
	hf_expect("POST /echo HTTP/1.1" E H "Content-Length: 3" E E "abc"
		  "GET /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", TEXT, "3", "", "abc") HELLO);
	hf_expect("POST /echo HTTP/1.1" E H "Content-Length: 0" E E,
	    ANSWER("200 OK", TEXT, "0", "", ""));
	hf_expect("POST /echo HTTP/1.1" E H E,
	    ANSWER("200 OK", TEXT, "0", "", ""));
	hf_expect("POST /echo HTTP/1.1" E H "Transfer-Encoding: chunked" E E
		  "3;x=y" E "abc" E "2" E "de" E "0" E "T: v" E E
		  "GET /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", TEXT, "5", "", "abcde") HELLO);
	hf_expect("POST /echo HTTP/1.1" E H "Content-Length: 3" E
		  "Expect: 100-continue" E E "abc",
	    ANSWER("200 OK", TEXT, "3", "", "abc"));
	hf_stop();
}
END_TEST

START_TEST(a_body_may_come_in_any_pieces)
{
	static const char *const in[] = {
		"POST /echo HTTP/1.1" E H "Content-Length: 10" E E "0123456789",
		"POST /echo HTTP/1.1" E H "Transfer-Encoding: chunked" E E
		"4" E "0123" E "6" E "456789" E "0" E E
	};
	const char *want = ANSWER("200 OK", TEXT, "10", "", "0123456789") HELLO;
	const char *next = "GET /hello HTTP/1.1" E H E;
	size_t i, cut;

	hf_start_plain();
	for (i = 0; i < 2; i++) {
		for (cut = 0; cut <= strlen(in[i]); cut++) {
			struct hf_text t = { 0 };
			int fd = hf_dial();

			hf_put(fd, in[i], cut);
			hf_pass(0);
			hf_pass(0);
			hf_put(fd, in[i] + cut, strlen(in[i]) - cut);
			hf_put(fd, next, strlen(next));
			hf_settle(&t, fd);
			ck_assert_str_eq(hf_plain(t.p), want);
			free(t.p);
			close(fd);
		}
	}
	hf_stop();
}
END_TEST

START_TEST(continue_is_sent_when_the_body_is_wanted)
{
	const char *in = "POST /echo HTTP/1.1" E H "Content-Length: 3" E
			 "Expect: 100-continue" E E;
	struct hf_text t = { 0 };
	int fd;

	hf_start_plain();
	fd = hf_dial();
	hf_put(fd, in, strlen(in));
	hf_pass(0);
	hf_pass(0);
	hf_text_read(&t, fd);
	ck_assert_str_eq(t.p, "HTTP/1.1 100 Continue" E E);
	hf_put_text(fd, "abc");
	hf_settle(&t, fd);
	ck_assert_str_eq(hf_plain(t.p), "HTTP/1.1 100 Continue" E E ANSWER(
	    "200 OK", TEXT, "3", "", "abc"));
	free(t.p);
	close(fd);
	/* Not wanted: the answer comes at once, and the connection ends. */
	hf_expect_end("POST /ignore HTTP/1.1" E H "Content-Length: 3" E
		      "Expect: 100-continue" E E,
	    ANSWER("200 OK", "", "7", CLOSE, "ignored"));
	hf_stop();
}
END_TEST

START_TEST(an_answer_that_has_begun_is_not_interrupted_by_continue)
{
	struct hf_text t = { 0 };
	int fd;

	hf_start_plain();
	fd = hf_dial();
	hf_put_text(fd, "POST /begun HTTP/1.1" E H "Content-Length: 3" E
			"Expect: 100-continue" E E);
	hf_pass(0);
	hf_pass(0);
	hf_put_text(fd, "abc");
	hf_settle(&t, fd);
	ck_assert_str_eq(hf_plain(t.p), "HTTP/1.1 200 OK" E
	    "Transfer-Encoding: chunked" E CLOSE E
	    "6" E "body: " E "3" E "abc" E "0" E E);
	free(t.p);
	close(fd);
	hf_stop();
}
END_TEST

START_TEST(an_unread_body_is_dropped_or_costs_the_connection)
{
	char *in = malloc(300000);
	struct hf_text t = { 0 };
	int n, fd;

	hf_start_plain();
	hf_expect("POST /ignore HTTP/1.1" E H "Content-Length: 3" E E "abc"
		  "GET /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", "", "7", "", "ignored") HELLO);
	hf_expect("GET /ignore HTTP/1.1" E H "Transfer-Encoding: chunked" E E
		  "3" E "abc" E "0" E E "GET /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", "", "7", "", "ignored") HELLO);
	/* 60000 bytes: read and dropped. */
	n = sprintf(in, "POST /ignore HTTP/1.1" E H "Content-Length: 60000"
			E E);
	memset(in + n, 'x', 60000);
	n += 60000;
	n += sprintf(in + n, "GET /hello HTTP/1.1" E H E);
	hf_expect_n(in, (size_t)n,
	    ANSWER("200 OK", "", "7", "", "ignored") HELLO, 0);
	/* 200000 bytes: the answer says close, and reaches the client that
	 * goes on sending. */
	n = sprintf(in, "POST /ignore HTTP/1.1" E H "Content-Length: 200000"
			E E);
	memset(in + n, 'x', 200000);
	fd = hf_dial();
	hf_put(fd, in, (size_t)n + 200000);
	hf_settle(&t, fd);
	ck_assert_str_eq(hf_plain(t.p), ANSWER("200 OK", "", "7", CLOSE,
	    "ignored"));
	ck_assert_int_eq(t.eof, 1);
	free(t.p);
	close(fd);
	/* A chunked one whose end is not here. */
	hf_expect_end("POST /ignore HTTP/1.1" E H "Transfer-Encoding: chunked" E
		      E "3" E "ab",
	    ANSWER("200 OK", "", "7", CLOSE, "ignored"));
	free(in);
	hf_stop();
}
END_TEST

START_TEST(large_bodies_go_both_ways)
{
	char *in = malloc(HF_BIG + 1000), *at;
	struct hf_text t = { 0 };
	int n, fd;

	hf_start_plain();
	fd = hf_dial();
	hf_put_text(fd, "GET /big HTTP/1.1" E H E);
	hf_settle(&t, fd);
	at = strstr(t.p, E E);
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(t.n - (size_t)(at + 4 - t.p), HF_BIG);
	t.n = 0;
	n = sprintf(in, "POST /echo HTTP/1.1" E H "Content-Length: %u" E E,
	    HF_BIG);
	memset(in + n, 'y', HF_BIG);
	hf_put(fd, in, (size_t)n + HF_BIG);
	hf_settle(&t, fd);
	at = strstr(t.p, E E);
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(t.n - (size_t)(at + 4 - t.p), HF_BIG);
	ck_assert_mem_eq(at + 4, in + n, HF_BIG);
	free(t.p);
	free(in);
	close(fd);
	hf_stop();
}
END_TEST

START_TEST(a_large_chunked_body_is_put_together)
{
	char *in = malloc(2 * HF_BIG), *at;
	struct hf_text t = { 0 };
	size_t n = 0, i, sum = 0;
	int fd;

	hf_start_plain();
	n = (size_t)sprintf(in, "POST /echo HTTP/1.1" E H
		"Transfer-Encoding: chunked" E E);
	for (i = 1; sum < HF_BIG; i = i * 7 % 30011) {
		n += (size_t)sprintf(in + n, "%zx" E, i);
		memset(in + n, (int)('a' + i % 26), i);
		n += i;
		n += (size_t)sprintf(in + n, E);
		sum += i;
	}
	n += (size_t)sprintf(in + n, "0" E E);
	fd = hf_dial();
	hf_put(fd, in, n);
	hf_settle(&t, fd);
	at = strstr(t.p, E E);
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(t.n - (size_t)(at + 4 - t.p), sum);
	at += 4;
	for (i = 1, sum = 0; sum < HF_BIG; sum += i, i = i * 7 % 30011)
		ck_assert_int_eq(at[sum], (int)('a' + i % 26));
	free(t.p);
	free(in);
	close(fd);
	hf_stop();
}
END_TEST

TCase *
http_conn_body_case(void)
{
	return SUITE_CASE("body", NULL, NULL,
	    bodies_are_read_when_the_handler_asks,
	    a_body_may_come_in_any_pieces,
	    continue_is_sent_when_the_body_is_wanted,
    an_answer_that_has_begun_is_not_interrupted_by_continue,
	    an_unread_body_is_dropped_or_costs_the_connection,
	    large_bodies_go_both_ways, a_large_chunked_body_is_put_together);
}
