/*
 * The client of the end-to-end suites must see everything that can go wrong:
 * here each of it is done to it by a server that follows a script.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>


#include "../lib/suite.h"
#include "hclient.h"
#include "proc.h"

/*
 * What the server does with the n-th request that it reads, over all
 * connections; the last letter is repeated.
 *	a answers  w answers wrongly  c answers and closes, saying so
 *	s sends half an answer and closes  f closes  r resets
 *	i answers and closes without a word  2 answers twice  m sends no HTTP
 *	h says nothing
 */
struct server {
	int fd;
	const char *script;
};

static struct proc proc;
static int port;

static const char right[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
			    "X-Skep-Worker: web.1\r\n\r\nok";
static const char wrong[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";
static const char closing[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
			      "Connection: close\r\n\r\nok";

static void
say(int fd, const char *text, size_t n)
{
	(void)send(fd, text, n, MSG_NOSIGNAL); /* the client may have gone */
}

static void
reset(int fd)
{
	struct linger now = { 1, 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* Whether the connection goes on. */
static int
act(int fd, char what)
{
	switch (what) {
	case 'a': say(fd, right, sizeof right - 1); return 1;
	case 'w': say(fd, wrong, sizeof wrong - 1); return 1;
	case 'c': say(fd, closing, sizeof closing - 1); return 0;
	case 's': say(fd, right, 40); return 0;
	case 'r': reset(fd); return 0;
	case 'i': say(fd, right, sizeof right - 1); return 0;
	case '2':
		say(fd, right, sizeof right - 1);
		say(fd, right, sizeof right - 1);
		return 1;
	case 'm': say(fd, "nonsense\r\n\r\n", 12); return 1;
	case 'h': return 1;
	default: return 0;
	}
}

/* Requests are "GET / HTTP/1.1" and an empty line, so an empty line is one. */
static int
serve(void *arg)
{
	const struct server *s = arg;
	const char *at = s->script;

	for (;;) {
		int fd = accept(s->fd, NULL, NULL), go_on = fd >= 0;
		unsigned char c;
		int line = 0;

		while (go_on && read(fd, &c, 1) == 1) {
			line = c == '\n' ? line + 1 : c == '\r' ? line : 0;
			if (line < 2)
				continue;
			line = 0;
			go_on = act(fd, *at);
			at += at[1] != '\0';
		}
		if (fd >= 0)
			(void)close(fd);
	}
	return 0;
}

static void
start(const char *script)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	struct server s = { socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		script };

	ck_assert_int_eq(bind(s.fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(s.fd, 16), 0);
	ck_assert_int_eq(getsockname(s.fd, (struct sockaddr *)&a, &len), 0);
	port = ntohs(a.sin_port);
	ck_assert_int_eq(proc_fork(&proc, serve, &s, -1), 0);
	(void)close(s.fd);
}

static void
stop(void)
{
	(void)proc_stop(&proc, 1000);
}

/* What the test saw of it. */
struct seen {
	struct hclient *h;
	int n_requests, n_most;	/* the last ones are not sent */
	int n_failures;
	struct hclient_failure last;
	char worker[80];
	bool again;
};

static size_t
ask(void *arg, int conn, char *buf, size_t size, uint64_t *id_out)
{
	struct seen *s = arg;

	(void)conn;
	*id_out = (uint64_t)++s->n_requests;
	return (size_t)snprintf(buf, size, "GET / HTTP/1.1\r\n\r\n");
}

static const char *
check_body(void *arg, uint64_t id, const struct answer *a)
{
	(void)arg;
	(void)id;
	return a->body_len == 2 && memcmp(a->body, "ok", 2) == 0 ? NULL :
								   "body";
}

static bool
failed(void *arg, const struct hclient_failure *f)
{
	struct seen *s = arg;

	s->n_failures++;
	s->last = *f;
	snprintf(s->worker, sizeof s->worker, "%s", f->worker);
	return s->again;
}

/* Run until there was a failure, or some answers; at most 5 s. */
static void
run(struct seen *s, const struct hclient_style *style, uint64_t answers)
{
	struct hclient_conf conf = { .host = "127.0.0.1", .port = port,
		.hang_ms = 200, .seed = 7, .arg = s, .request = ask,
		.check = check_body, .failed = failed };
	uint64_t end = hclient_now_ns() + 5000000000u;

	ck_assert_int_eq(hclient_open(&s->h, &conf, style, 1), 0);
	while (s->n_failures == 0 && hclient_now_ns() < end &&
	    hclient_counts(s->h)->answers < answers)
		ck_assert_int_eq(
		    hclient_run(s->h, hclient_now_ns() + 2000000u), 0);
}

static const struct hclient_style one = { 1, 0, 0 }, four = { 4, 0, 0 };
static const struct hclient_style slow = { 1, 100, 100 };

static void
expect(const char *script, const struct hclient_style *style,
    enum hclient_kind kind)
{
	struct seen s = { 0 };

	start(script);
	run(&s, style, UINT64_MAX);
	ck_assert_msg(s.n_failures > 0, "%s: nothing seen", script);
	ck_assert_msg(s.last.kind == kind || s.n_failures > 1,
	    "%s: %s (%s)", script, hclient_kind_name(s.last.kind), s.last.why);
	ck_assert_uint_ge(hclient_counts(s.h)->failures[kind], 1);
	hclient_close(&s.h);
	stop();
}

START_TEST(a_good_server_has_no_failures)
{
	struct seen s = { 0 };

	start("a");
	run(&s, &four, 100);
	ck_assert_int_eq(hclient_finish(s.h), 0);
	ck_assert_int_eq(s.n_failures, 0);
	ck_assert_uint_eq(hclient_counts(s.h)->requests,
	    hclient_counts(s.h)->answers);
	ck_assert_uint_eq(hclient_counts(s.h)->connects, 1);
	ck_assert_str_eq(hclient_worker(s.h, 0), "web.1");
	hclient_close(&s.h);
	stop();
}
END_TEST

START_TEST(an_announced_close_is_no_failure)
{
	struct seen s = { 0 };

	start("aca");
	run(&s, &one, 10);
	ck_assert_int_eq(s.n_failures, 0);
	ck_assert_uint_eq(hclient_counts(s.h)->closes, 1);
	ck_assert_uint_eq(hclient_counts(s.h)->connects, 2);
	hclient_close(&s.h);
	stop();
}
END_TEST

START_TEST(every_failure_is_told_by_its_kind)
{
	expect("aaw", &one, HC_WRONG);
	expect("aas", &one, HC_SHORT);
	expect("aaf", &one, HC_CLOSED);
	expect("aar", &one, HC_RESET);
	expect("aam", &one, HC_MALFORMED);
	expect("aah", &one, HC_HANG);
	expect("aai", &slow, HC_IDLE);
	expect("2", &slow, HC_SURPLUS);
	expect("aacaa", &four, HC_DROPPED);
	expect("aas", &four, HC_SHORT);
}
END_TEST

START_TEST(nobody_there_is_refused)
{
	struct seen s = { 0 };

	start("a");
	stop();
	run(&s, &one, UINT64_MAX);
	ck_assert_int_eq(s.last.kind, HC_REFUSED);
	ck_assert_uint_eq(s.last.id, 0);
	hclient_close(&s.h);
}
END_TEST

START_TEST(a_failed_request_is_repeated_only_when_asked_for)
{
	struct seen s = { 0 };

	start("afa");
	run(&s, &one, UINT64_MAX);
	ck_assert_int_eq(s.n_failures, 1);
	ck_assert(!s.last.repeated);
	ck_assert_uint_eq(s.last.id, 2);
	ck_assert_str_eq(s.worker, "web.1");
	ck_assert_uint_ge(s.last.sent_ns, s.last.quiet_ns);
	ck_assert_int_eq(hclient_run(s.h, hclient_now_ns() + 2000000u), 0);
	ck_assert_int_eq(hclient_finish(s.h), 0);
	/* one request has no answer */
	ck_assert_uint_eq(hclient_counts(s.h)->requests,
	    hclient_counts(s.h)->answers + 1);
	hclient_close(&s.h);
	stop();
}
END_TEST

START_TEST(a_repeated_request_that_fails_says_so)
{
	struct seen s = { .again = true };

	start("affa");
	run(&s, &one, UINT64_MAX);
	while (s.n_failures < 2)
		ck_assert_int_eq(
		    hclient_run(s.h, hclient_now_ns() + 1000000u), 0);
	ck_assert(s.last.repeated);
	ck_assert_uint_eq(s.last.id, 2);
	ck_assert_int_eq(hclient_finish(s.h), 0);
	ck_assert_int_eq(s.n_failures, 2);
	hclient_close(&s.h);
	stop();
}
END_TEST

START_TEST(answers_are_read_strictly)
{
	static const char *const bad[] = { "HTTP/1.0 200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nA b: 1\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 0\r\n\r\n",
		"x" };
	struct answer a;
	const char *why;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(answer_parse(bad[i], strlen(bad[i]), &a, &why) ==
			-EBADMSG, "%zu: %s", i, bad[i]);
}
END_TEST

START_TEST(answers_come_in_pieces)
{
	struct answer a;
	const char *why;
	char name[8];

	for (size_t n = 0; n < sizeof right - 1; n++)
		ck_assert_int_eq(answer_parse(right, n, &a, &why), 0);
	ck_assert_int_eq(answer_parse(right, sizeof right - 1, &a, &why),
	    sizeof right - 1);
	ck_assert_int_eq(a.status, 200);
	ck_assert_int_eq(a.close, 0);
	answer_field(&a, "x-skep-worker", name, sizeof name);
	ck_assert_str_eq(name, "web.1");
	answer_field(&a, "X-None", name, sizeof name);
	ck_assert_str_eq(name, "");
	(void)answer_parse(closing, sizeof closing - 1, &a, &why);
	ck_assert_int_eq(a.close, 1);
}
END_TEST

SUITE_MAIN("hclient", NULL, NULL, a_good_server_has_no_failures,
    an_announced_close_is_no_failure, every_failure_is_told_by_its_kind,
    nobody_there_is_refused, a_failed_request_is_repeated_only_when_asked_for,
    a_repeated_request_that_fails_says_so, answers_are_read_strictly,
    answers_come_in_pieces)
