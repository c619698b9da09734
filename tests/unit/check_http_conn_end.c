/*
 * The HTTP front: connections that end before their requests do, by the client
 * or because the worker drains.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/metricfix.h"
#include "../lib/shmfix.h"
#include "../lib/suite.h"
#include "check_http_conn.h"
#include "httpfix.h"

START_TEST(half_closed_clients_get_their_answers)
{
	static const char *const in[] = { "GET /hello HTTP/1.1" E H E,
		"GET /slow HTTP/1.1" E H E,
		"GET /slow HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E };
	static const char *const want[] = {
		HELLO, ANSWER("200 OK", TEXT, "5", CLOSE, "hello"),
		HELLO ANSWER("200 OK", TEXT, "5", CLOSE, "hello") };
	size_t i;

	hf_start_plain();
	for (i = 0; i < 3; i++) {
		struct hf_text t = { 0 };
		int fd = hf_dial();

		hf_put(fd, in[i], strlen(in[i]));
		if (i > 0)
			hf_pass(0);
		shutdown(fd, SHUT_WR);
		hf_settle(&t, fd);
		ck_assert_str_eq(hf_plain(t.p), want[i]);
		ck_assert_int_eq(t.eof, 1);
		free(t.p);
		close(fd);
		ck_assert_uint_eq(hf_worker()->n_conns, 0);
	}
	hf_stop();
}
END_TEST

START_TEST(an_incomplete_request_is_answered)
{
	static const char *const in[] = { "GET /he",
		"POST /echo HTTP/1.1" E H "Content-Length: 5" E E "ab", E };
	static const char *const want[] = {
		ERROR("400 Bad Request", "32", "incomplete request"),
		ERROR("400 Bad Request", "38", "request body ended early"),
		"" };
	size_t i;

	hf_start_plain();
	for (i = 0; i < 3; i++) {
		struct hf_text t = { 0 };
		int fd = hf_dial();

		hf_put(fd, in[i], strlen(in[i]));
		hf_pass(0);
		shutdown(fd, SHUT_WR);
		hf_settle(&t, fd);
		ck_assert_str_eq(hf_plain(t.p), want[i]);
		ck_assert_int_eq(t.eof, 1);
		free(t.p);
		close(fd);
		ck_assert_uint_eq(hf_worker()->n_conns, 0);
	}
	hf_stop();
}
END_TEST

START_TEST(a_client_that_is_gone_cancels_its_handler)
{
	int fd;

	hf_start_plain();
	fd = hf_dial();
	hf_put_text(fd, "GET /forever HTTP/1.1" E H E);
	hf_pass(0);
	ck_assert_int_eq(hf_last_rc(), 1);
	close(fd);
	while (hf_worker()->n_conns > 0)
		hf_pass(1);
	ck_assert_int_eq(hf_last_rc(), -ECANCELED);
	ck_assert_uint_eq(hf_worker()->tasks.n_live, 0);
	hf_stop();
}
END_TEST

START_TEST(a_client_that_is_gone_is_seen_behind_pipelined_requests)
{
	int fd, i;

	hf_start_plain();
	fd = hf_dial();
	hf_put_text(fd, "GET /forever HTTP/1.1" E H E);
	hf_pass(0);
	/* More than is kept of it. */
	for (i = 0; i < 30; i++) {
		hf_put(fd, hf_big(), 1000);
		hf_pass(0);
	}
	close(fd);
	while (hf_worker()->n_conns > 0)
		hf_pass(1);
	ck_assert_int_eq(hf_last_rc(), -ECANCELED);
	ck_assert_uint_eq(hf_worker()->tasks.n_live, 0);
	hf_stop();
}
END_TEST

START_TEST(draining_hands_idle_connections_over)
{
	struct region *r = shmfix_region(NULL);
	struct hf_text t = { 0 };
	int idle, partial, busy;

	hf_start_plain();
	hf_worker()->self = shmfix_attach(r, 0, SLOT_ROLE_WORKER, "web");
	/* Never looked into. */
	hf_worker()->handover = (struct handover *)hf_worker();
	idle = hf_dial();
	partial = hf_dial();
	busy = hf_dial();
	hf_put_text(partial, "GET /hel");
	hf_put(busy,
	    "GET /slow HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E "GE",
	    31 + 32 + 2);
	hf_pass(0);
	hf_pass(0);
	hf_worker()->drain = WORKER_HANDOVER;
	hf_worker()->front->drain(hf_worker());
	ck_assert_uint_eq(hf_worker()->n_conns, 1);
	ck_assert_int_gt(hf_handed()->fd, 0);
	ck_assert_uint_eq(hf_handed()->n, 8);
	ck_assert_mem_eq(hf_handed()->bytes, "GET /hel", 8);
	hf_handed()->n = 0;
	hf_settle(&t, busy);
	ck_assert_str_eq(hf_plain(t.p), HELLO HELLO);
	ck_assert_int_eq(t.eof, 0);
	ck_assert_uint_eq(hf_worker()->n_conns, 0);
	ck_assert_uint_eq(hf_handed()->n, 2);
	ck_assert_mem_eq(hf_handed()->bytes, "GE", 2);
	/* That is counted by handover_put(). */
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_HANDED), 0);
	/* It goes on where it was, in another worker. */
	hf_worker()->drain = WORKER_SERVING;
	t.n = 0;
	hf_worker()->n_conns++;
	hf_worker()->front->take(hf_worker(), hf_handed()->fd, NULL, 0,
	    hf_handed()->bytes, hf_handed()->n);
	hf_put_text(busy, "T /hello HTTP/1.1" E H E);
	hf_settle(&t, busy);
	ck_assert_str_eq(hf_plain(t.p), HELLO);
	free(t.p);
	close(idle);
	close(partial);
	close(busy);
	hf_pass(0);
	slot_detach(&hf_worker()->self);
	hf_stop();
	region_close(&r);
}
END_TEST

START_TEST(stopping_says_close_with_the_last_answer)
{
	struct hf_text a = { 0 }, b = { 0 };
	int idle, busy;

	hf_start(HF_CONF("linger_timeout = 50ms"));
	idle = hf_dial();
	busy = hf_dial();
	hf_put(busy, "GET /slow HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    31 + 32);
	hf_pass(0);
	hf_worker()->drain = WORKER_CLOSING;
	hf_worker()->front->drain(hf_worker());
	hf_put_text(idle, "GET /hello HTTP/1.1" E H E);
	hf_until_end(&a, busy);
	hf_text_read(&b, idle);
	if (b.eof == 0)
		hf_until_end(&b, idle);
	ck_assert_str_eq(hf_plain(a.p),
	    HELLO ANSWER("200 OK", TEXT, "5", CLOSE, "hello"));
	ck_assert_str_eq(hf_plain(b.p),
	    ANSWER("200 OK", TEXT, "5", CLOSE, "hello"));
	free(a.p);
	free(b.p);
	close(idle);
	close(busy);
	idle = hf_dial();
	a = (struct hf_text){ 0 };
	hf_until_end(&a, idle);		/* without a request: a half-close */
	ck_assert_int_eq(a.eof, 1);
	free(a.p);
	close(idle);
	while (hf_worker()->n_conns > 0)
		hf_pass(1);
	hf_stop();
}
END_TEST

TCase *
http_conn_end_case(void)
{
	return SUITE_CASE("end", NULL, NULL,
	    half_closed_clients_get_their_answers,
	    an_incomplete_request_is_answered,
	    a_client_that_is_gone_cancels_its_handler,
    a_client_that_is_gone_is_seen_behind_pipelined_requests,
	    draining_hands_idle_connections_over,
	    stopping_says_close_with_the_last_answer);
}
