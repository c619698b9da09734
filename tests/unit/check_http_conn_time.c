/* The HTTP front: who is too slow, and who only looks so. */
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "check_http_conn.h"
#include "clock.h"
#include "httpfix.h"

START_TEST(time_limits_end_what_does_not_arrive)
{
	static const char *const in[] = { "", "GET / HT",
		"POST /echo HTTP/1.1" E H "Content-Length: 5" E E "ab",
		"POST /ignore HTTP/1.1" E H "Content-Length: 5" E E "ab" };
	static const char *const want[] = { "",
		ERROR("408 Request Timeout", "48",
		    "the request did not arrive in time"),
		ERROR("408 Request Timeout", "53",
		    "the request body did not arrive in time"),
		ANSWER("200 OK", "", "7", "", "ignored") };
	size_t i;

	hf_start(HF_CONF("idle_timeout = 30ms\n header_timeout = 30ms\n"
			 "body_timeout = 30ms\n linger_timeout = 30ms"));
	for (i = 0; i < 4; i++) {
		struct hf_text t = { 0 };
		int fd = hf_dial();

		hf_put(fd, in[i], strlen(in[i]));
		hf_until_end(&t, fd);
		ck_assert_str_eq(hf_plain(t.p), want[i]);
		free(t.p);
		/* The lingering has a limit too. */
		while (hf_worker()->n_conns > 0)
			hf_pass(1);
		close(fd);
	}
	hf_stop();
}
END_TEST

START_TEST(who_sends_without_end_does_not_hold_the_loop)
{
	struct hf_text t = { 0 };
	int fd, left, i;

	hf_start_plain();
	fd = hf_dial();
	hf_put_text(fd, "GET\n");
	for (i = 0; i < 150; i++)	/* nobody wants it any more */
		hf_put(fd, hf_big(), 1000);
	hf_pass(0);
	ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &left), 0);
	ck_assert_int_gt(left, 50000);	/* others have their turn first */
	hf_until_end(&t, fd);
	ck_assert_str_eq(hf_plain(t.p),
	    ERROR("400 Bad Request", "41", "bare LF in the request line"));
	free(t.p);
	close(fd);
	while (hf_worker()->n_conns > 0)
		hf_pass(1);
	hf_stop();
}
END_TEST

/*
 * The lanes of limits read our clock; another connection, which does what must
 * not be done and ends, shows that they have looked.
 */
START_TEST(each_request_has_its_own_time)
{
	struct hf_text t = { 0 }, u = { 0 };
	int fd, other, i;

	clock_fake(CLOCK_NS_PER_S, CLOCK_NS_PER_S);
	hf_start(HF_CONF("header_timeout = 30ms"));
	fd = hf_dial();
	other = hf_dial();
	hf_put_text(fd, "GE");
	hf_put_text(other, "GE");
	/* Some part of a request is always there, for 48 ms. */
	for (i = 0; i < 8; i++) {
		hf_pass(0);
		clock_fake_advance(6 * CLOCK_NS_PER_MS);
		hf_put_text(fd, "T /hello HTTP/1.1" E H E "GE");
		hf_settle(&t, fd);
		ck_assert_str_eq(hf_plain(t.p), HELLO);
		t.n = 0;
	}
	hf_until_end(&u, other);
	hf_put_text(fd, "T /hello HTTP/1.1" E H E "GE");
	hf_settle(&t, fd);
	ck_assert_int_eq(t.eof, 0);
	ck_assert_str_eq(hf_plain(t.p), HELLO);
	free(t.p);
	free(u.p);
	close(fd);
	close(other);
	hf_stop();
	clock_real();
}
END_TEST

START_TEST(a_client_that_takes_nothing_is_disconnected)
{
	int fd;

	hf_start(HF_CONF("write_timeout = 30ms"));
	fd = hf_dial();
	hf_put_text(fd, "GET /big HTTP/1.1" E H E);
	while (hf_worker()->n_conns > 0)
		hf_pass(1);
	ck_assert_uint_eq(hf_worker()->tasks.n_live, 0);
	close(fd);
	fd = hf_dial();
	hf_put_text(fd, "GET /flood HTTP/1.1" E H E);
	while (hf_worker()->n_conns > 0)
		hf_pass(1);
	ck_assert_uint_eq(hf_worker()->tasks.n_live, 0);
	close(fd);
	hf_stop();
}
END_TEST

/* Slower than the write event tells, which waits for much room at once. */
START_TEST(a_client_that_takes_little_is_kept)
{
	char some[8192];
	int fd, other, i;

	clock_fake(CLOCK_NS_PER_S, CLOCK_NS_PER_S);
	hf_start(HF_CONF("write_timeout = 30ms"));
	fd = hf_dial();
	other = hf_dial();	/* takes nothing: shows that the limit is on */
	hf_put_text(fd, "GET /big HTTP/1.1" E H E);
	hf_put_text(other, "GET /big HTTP/1.1" E H E);
	for (i = 0; i < 17; i++) {
		hf_pass(0);
		ck_assert_int_gt(read(fd, some, sizeof(some)), 0);
		clock_fake_advance(2 * CLOCK_NS_PER_MS);
	}
	while (hf_worker()->n_conns > 1)
		hf_pass(1);
	ck_assert_int_gt(write(fd, "x", 1), 0);
	ck_assert_int_lt(write(other, "x", 1), 0);
	close(fd);
	close(other);
	while (hf_worker()->n_conns > 0)
		hf_pass(1);
	hf_stop();
	clock_real();
}
END_TEST

/* As each_request_has_its_own_time: the pauses together are longer than the limit. */
START_TEST(a_body_that_is_dropped_may_come_slowly)
{
	static const char head[] = "POST /ignore HTTP/1.1" E H
				   "Content-Length: 8" E E;
	struct hf_text t = { 0 }, u = { 0 };
	int fd, other, i;

	clock_fake(CLOCK_NS_PER_S, CLOCK_NS_PER_S);
	hf_start(HF_CONF("body_timeout = 30ms"));
	fd = hf_dial();
	other = hf_dial();
	hf_put_text(fd, head);
	hf_put_text(other, head);
	for (i = 0; i < 7; i++) {
		hf_pass(0);
		clock_fake_advance(6 * CLOCK_NS_PER_MS);
		hf_put_text(fd, "x");
		hf_settle(&t, fd);
	}
	hf_until_end(&u, other);
	hf_put_text(fd, "xGET /hello HTTP/1.1" E H E);
	hf_settle(&t, fd);
	ck_assert_str_eq(hf_plain(t.p),
	    ANSWER("200 OK", "", "7", "", "ignored") HELLO);
	free(t.p);
	free(u.p);
	close(fd);
	close(other);
	hf_stop();
	clock_real();
}
END_TEST

START_TEST(the_handlers_own_deadline_counts_while_the_body_comes)
{
	hf_start(HF_CONF("body_timeout = 50ms"));
	hf_expect("POST /hasty HTTP/1.1" E H "Content-Length: 5" E E,
	    ANSWER("504 Gateway Timeout", JSON, "39", "",
		"{\"error\": \"the request took too long\"}\n"));
	hf_stop();
}
END_TEST

TCase *
http_conn_time_case(void)
{
	return SUITE_CASE("time", NULL, NULL,
	    time_limits_end_what_does_not_arrive,
	    who_sends_without_end_does_not_hold_the_loop,
    a_body_that_is_dropped_may_come_slowly,
    the_handlers_own_deadline_counts_while_the_body_comes,
	    each_request_has_its_own_time,
	    a_client_that_takes_nothing_is_disconnected,
	    a_client_that_takes_little_is_kept);
}
