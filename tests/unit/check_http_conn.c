/*
 * The HTTP front over socket pairs, in one process with its own loop: what is
 * sent in, what comes out, and what becomes of the connection.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <skep/http.h>
#include <skep/task.h>

#include "conf.h"
#include "fds.h"
#include "handover.h"
#include "log.h"
#include "route.h"
#include "worker.h"

#define E "\r\n"
#define H "Host: a" E

static struct worker w;
static int n_over;		/* connections that have ended */
static int last_rc;		/* what the last handler's wait gave */
static struct {
	int fd;
	size_t n;
	char bytes[1000];
} handed;

void
worker_conn_over(struct worker *x)
{
	x->n_conns--;
	n_over++;
}

int
handover_put(struct handover *h, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n)
{
	(void)h;
	(void)peer;
	(void)peer_len;
	ck_assert_uint_lt(n, sizeof(handed.bytes));
	handed.fd = fd;
	handed.n = n;
	if (n > 0)
		memcpy(handed.bytes, bytes, n);
	return 0;
}

/* --- handlers --- */

static int
hello(struct skep_task *t)
{
	return skep_reply(t, 200, "text/plain", skep_str("hello"));
}

static int
echo(struct skep_task *t)
{
	struct skep_str body = skep_body(t);

	if (body.p == NULL)
		return -EIO;
	return skep_reply(t, 200, "text/plain", body);
}

static int
ignore(struct skep_task *t)
{
	return skep_reply(t, 200, NULL, skep_str("ignored"));
}

#define BIG (3u << 20)
static char big_bytes[BIG];

static int
big(struct skep_task *t)
{
	return skep_reply(t, 200, "text/plain", skep_strn(big_bytes, BIG));
}

static int
tagged(struct skep_task *t)
{
	int rc = skep_reply_etag(t);

	if (rc == 0)
		rc = skep_reply_header(t, "X-Cache", skep_str("HIT"));
	return rc < 0 ? rc : hello(t);
}

static int
slow(struct skep_task *t)
{
	last_rc = skep_sleep(t, 20 * SKEP_MILLISECOND);
	return last_rc < 0 ? last_rc : hello(t);
}

static int
forever(struct skep_task *t)
{
	last_rc = 1;
	last_rc = skep_sleep(t, SKEP_HOUR);
	return last_rc;
}

static int
pieces(struct skep_task *t)
{
	int rc = skep_reply_begin(t, 200, "text/plain");

	if (rc == 0)
		rc = skep_reply_write(t, skep_str("one"));
	if (rc == 0)
		rc = skep_sleep(t, SKEP_MILLISECOND);
	if (rc == 0)
		rc = skep_reply_write(t, skep_str("seventeen bytes.."));
	if (rc == 0)
		rc = skep_reply_write(t, skep_str(""));
	return rc < 0 ? rc : skep_reply_end(t);
}

static int
flood(struct skep_task *t)
{
	int rc = skep_reply_begin(t, 200, NULL), i;

	for (i = 0; i < 30 && rc == 0; i++)
		rc = skep_reply_write(t, skep_strn(big_bytes, BIG / 30));
	return rc < 0 ? rc : skep_reply_end(t);
}

static int
torn(struct skep_task *t)
{
	(void)skep_reply_begin(t, 200, NULL);
	(void)skep_reply_write(t, skep_str("half"));
	return -EIO;
}

static int
fails(struct skep_task *t)
{
	static const struct {
		const char *name;
		int rc;
	} errors[] = { { "enoent", -ENOENT }, { "einval", -EINVAL },
		{ "eacces", -EACCES }, { "ebusy", -EBUSY },
		{ "enospc", -ENOSPC }, { "etimedout", -ETIMEDOUT },
		{ "eio", -EIO }, { "nothing", 0 } };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (skep_str_eq(skep_param(t, "what"), errors[i].name))
			return errors[i].rc;
	return skep_reply_error(t, 422, "no \"%.*s\"",
	    SKEP_PR(skep_param(t, "what")));
}

static int
show(struct skep_task *t)
{
	struct skep_str x = skep_query(t, "x"), n, v;
	struct skep_str s = skep_fmt(t, "%.*s %.*s %.*s x=%.*s/%d h=%.*s",
	    SKEP_PR(skep_method(t)), SKEP_PR(skep_path(t)),
	    SKEP_PR(skep_route_path(t)), SKEP_PR(x), skep_query_count(t, "x"),
	    SKEP_PR(skep_header(t, "X-H")));
	int i;

	for (i = 0; skep_query_at(t, i, &n, &v); i++)
		s = skep_fmt(t, "%.*s [%.*s=%.*s]", SKEP_PR(s), SKEP_PR(n),
		    SKEP_PR(v));
	return skep_reply(t, 200, NULL, s);
}

static int
fields(struct skep_task *t)
{
	const char *evil = "a\r\nX-Evil: 1";

	ck_assert_int_eq(skep_reply_header(t, "X-A", skep_str(evil)), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, evil, skep_str("a")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "", skep_str("a")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "Content-Length",
	    skep_str("1")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "transfer-encoding",
	    skep_str("chunked")), -EINVAL);
	ck_assert_int_eq(skep_reply(t, 200, evil, skep_str("")), -EINVAL);
	ck_assert_int_eq(skep_reply(t, 99, NULL, skep_str("")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "X-A", skep_str("1")), 0);
	ck_assert_int_eq(skep_reply_header(t, "X-B", skep_str("")), 0);
	ck_assert_int_eq(skep_reply(t, 200, NULL, skep_str("")), 0);
	ck_assert_int_eq(skep_reply(t, 200, NULL, skep_str("")), -EALREADY);
	ck_assert_int_eq(skep_reply_header(t, "X-C", skep_str("")), -EALREADY);
	return 0;
}

static int
no_content(struct skep_task *t)
{
	return skep_reply(t, 204, NULL, skep_str("not sent"));
}

static const struct skep_route routes[] = {
	{ "GET", "/", hello, 0, { 0 } },
	{ "GET", "/hello", hello, 0, { 0 } },
	{ "POST", "/echo", echo, 0, { 0 } },
	{ "POST", "/ignore", ignore, 0, { 0 } },
	{ "GET", "/ignore", ignore, 0, { 0 } },
	{ "GET", "/big", big, 0, { 0 } },
	{ "GET", "/tagged", tagged, 0, { 0 } },
	{ "POST", "/tagged", tagged, 0, { 0 } },
	{ "GET", "/slow", slow, 0, { 0 } },
	{ "GET", "/forever", forever, 0, { 0 } },
	{ "GET", "/late", forever, 20 * SKEP_MILLISECOND, { 0 } },
	{ "GET", "/pieces", pieces, 0, { 0 } },
	{ "GET", "/flood", flood, 0, { 0 } },
	{ "GET", "/torn", torn, 0, { 0 } },
	{ "GET", "/fails/:what", fails, 0, { 0 } },
	{ "GET", "/show/:id", show, 0, { 0 } },
	{ "GET", "/fields", fields, 0, { 0 } },
	{ "DELETE", "/hello", no_content, 0, { 0 } },
	{ NULL, NULL, NULL, 0, { 0 } },
};

/* --- the worker --- */

static void
start(const char *settings)
{
	static const struct task_limits limits = { .stack_bytes = 131072,
		.memory_max = 64 << 20,
		.keep_max = 64 };
	struct conf_source src = { .text = settings };
	struct conf_report report;
	char err[256];

	(void)signal(SIGPIPE, SIG_IGN);
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	memset(&w, 0, sizeof(w));
	strcpy(w.name, "web.1");
	if (conf_load(&src, &w.conf, &report) < 0)
		ck_abort_msg("%s", report.errors[0]);
	conf_report_fini(&report);
	ck_assert_int_eq(loop_init(&w.loop), 0);
	ck_assert_int_eq(task_pool_init(&w.tasks, &w.loop, &w, &limits), 0);
	ck_assert_int_eq(route_table_new(&w.routes), 0);
	ck_assert_int_eq(route_table_add(w.routes, NULL, "test", routes, err,
			     sizeof(err)), 0);
	w.front = &http_front;
	ck_assert_int_eq(w.front->open(&w), 0);
	n_over = 0;
	memset(big_bytes, 'x', BIG);
}

#define CONF_TEXT(http)                                                        \
	"group web {\n  plugin = test\n  listen = 127.0.0.1:0\n}\n"            \
	"skepd {\n run_dir = /tmp\n}\n"                                        \
	"http {\n" http "\n}\n"

static void
start_plain(void)
{
	start(CONF_TEXT(""));
}

static void
stop(void)
{
	w.front->close(&w);
	task_cancel_all(&w.tasks);
	loop_pass(&w.loop, 0);
	loop_pass(&w.loop, 0);
	ck_assert_uint_eq(w.tasks.n_live, 0);
	task_pool_fini(&w.tasks);
	route_table_free(&w.routes);
	conf_close(&w.conf);
	loop_fini(&w.loop);
}

/* A client's end of a new connection. */
static int
dial(void)
{
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s),
	    0);
	w.n_conns++;
	w.front->take(&w, s[1], NULL, 0, NULL, 0);
	return s[0];
}

struct text {
	char *p;
	size_t n, cap;
	int eof;		/* 1 end, -1 reset */
};

static void
text_read(struct text *t, int fd)
{
	ssize_t n;

	do {
		if (t->cap - t->n < 65536) {
			t->cap = t->cap * 2 + 131072;
			t->p = realloc(t->p, t->cap);
		}
		n = read(fd, t->p + t->n, t->cap - t->n - 1);
		if (n > 0)
			t->n += (size_t)n;
	} while (n > 0);
	t->p[t->n] = '\0';
	if (n == 0)
		t->eof = 1;
	else if (errno != EAGAIN)
		t->eof = -1;
}

/* Run the loop until nothing more comes out and no handler waits. */
static void
settle(struct text *t, int fd)
{
	int quiet = 0, i;
	size_t before;

	for (i = 0; i < 20000 && quiet < 4; i++) {
		before = t->n;
		text_read(t, fd);	/* first: it may wait for us to read */
		loop_pass(&w.loop, w.tasks.n_live > 0);
		text_read(t, fd);
		quiet = t->n == before && w.tasks.n_live == 0 ? quiet + 1 : 0;
	}
}

static void
put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EAGAIN) {
			loop_pass(&w.loop, 0);
			continue;
		}
		ck_assert_int_gt(k, 0);
		p += k;
		n -= (size_t)k;
	}
}

static void
put_text(int fd, const char *text)
{
	put(fd, text, strlen(text));
}

/* Cut the lines that differ from run to run, check that they are there. */
static char *
plain(char *p)
{
	static const char *const names[] = { "Date: ", "X-Request-Id: ",
		"Server: skep" };
	char *out = p, *to = p, *line, *end;
	size_t i;
	int cut;

	for (line = p; *line != '\0'; line = end) {
		end = strchr(line, '\n');
		end = end == NULL ? line + strlen(line) : end + 1;
		cut = 0;
		for (i = 0; i < 3; i++)
			cut |= strncmp(line, names[i], strlen(names[i])) == 0;
		if (!cut) {
			memmove(to, line, (size_t)(end - line));
			to += end - line;
		}
	}
	*to = '\0';
	return out;
}

/* What the server says to these bytes on a new connection. */
static void
expect_n(const char *in, size_t n, const char *want, int eof)
{
	struct text t = { 0 };
	int fd = dial();

	put(fd, in, n);
	settle(&t, fd);
	if (strcmp(plain(t.p), want) != 0)
		ck_abort_msg("%.*s\n-> %s\nwant %s", (int)n, in, t.p, want);
	if (t.eof != eof)
		ck_abort_msg("%.*s\nends %d, want %d", (int)n, in, t.eof, eof);
	free(t.p);
	close(fd);
	while (w.n_conns > 0)		/* or the test's time limit */
		loop_pass(&w.loop, 1);
}

static void
expect(const char *in, const char *want)
{
	expect_n(in, strlen(in), want, 0);
}

static void
expect_end(const char *in, const char *want)
{
	expect_n(in, strlen(in), want, 1);
}

#define ANSWER(line, type, len, more, body)                                    \
	"HTTP/1.1 " line E type "Content-Length: " len E more E body
#define TEXT "Content-Type: text/plain" E
#define JSON "Content-Type: application/json" E
#define CLOSE "Connection: close" E
#define HELLO ANSWER("200 OK", TEXT, "5", "", "hello")
#define ERROR(line, len, text)                                                 \
	ANSWER(line, JSON, len, CLOSE, "{\"error\": \"" text "\"}\n")

START_TEST(answers_and_keeps_the_connection)
{
	start_plain();
	expect("GET /hello HTTP/1.1" E H E, HELLO);
	expect("GET http://x/hello HTTP/1.1" E H E, HELLO);
	expect("GET http://x HTTP/1.1" E H E, HELLO);
	expect(E E "GET /hello HTTP/1.1" E H E, HELLO);
	expect("GET /hello HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    HELLO HELLO);
	expect("HEAD /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", TEXT, "5", "", ""));
	expect("DELETE /hello HTTP/1.1" E H E, "HTTP/1.1 204 No Content" E E);
	expect_end("GET /hello HTTP/1.1" E H "Connection: close" E E,
	    ANSWER("200 OK", TEXT, "5", CLOSE, "hello"));
	expect_end("GET /hello HTTP/1.0" E E,
	    ANSWER("200 OK", TEXT, "5", CLOSE, "hello"));
	expect("GET /hello HTTP/1.0" E "Connection: keep-alive" E E,
	    ANSWER("200 OK", TEXT, "5", "Connection: keep-alive" E, "hello"));
	stop();
}
END_TEST

START_TEST(says_which_methods_there_are)
{
	start_plain();
	expect("GET /nowhere HTTP/1.1" E H E,
	    ANSWER("404 Not Found", JSON, "30", "",
		"{\"error\": \"no such resource\"}\n"));
	expect("POST /hello HTTP/1.1" E H "Content-Length: 3" E E "abc",
	    ANSWER("405 Method Not Allowed",
		JSON "Allow: GET, DELETE, HEAD, OPTIONS" E, "46", "",
		"{\"error\": \"this resource has no such method\"}\n"));
	expect("OPTIONS /echo HTTP/1.1" E H E,
	    "HTTP/1.1 204 No Content" E "Allow: POST, OPTIONS" E E);
	expect("OPTIONS * HTTP/1.1" E H E,
	    "HTTP/1.1 204 No Content" E
	    "Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS" E E);
	expect("BREW /hello HTTP/1.1" E H E,
	    ANSWER("501 Not Implemented", JSON, "28", "",
		"{\"error\": \"unknown method\"}\n"));
	expect("TRACE /hello HTTP/1.1" E H E,
	    ANSWER("501 Not Implemented", JSON, "36", "",
		"{\"error\": \"TRACE is not supported\"}\n"));
	expect_end("CONNECT x:1 HTTP/1.1" E H E "GET / HTTP/1.1" E H E,
	    ERROR("501 Not Implemented", "38", "CONNECT is not supported"));
	stop();
}
END_TEST

START_TEST(a_refusal_ends_the_connection)
{
	start_plain();
	expect_end("GET / HTTP/1.1" E E "GET / HTTP/1.1" E H E,
	    ERROR("400 Bad Request", "32", "missing Host field"));
	expect_end("GET /hello HTTP/1.1" E H E "G@T / HTTP/1.1" E H E
		   "GET /hello HTTP/1.1" E H E,
	    HELLO ERROR("400 Bad Request", "30", "malformed method"));
	expect_end("POST /echo HTTP/1.1" E H "Content-Length: 99999999" E E,
	    ERROR("413 Content Too Large", "36", "request body too large"));
	expect_end("POST /echo HTTP/1.1" E H "Transfer-Encoding: chunked" E E
		   "3" E "abcX",
	    ERROR("400 Bad Request", "40", "chunk longer than its size"));
	expect_end("POST /echo HTTP/1.1" E H "Expect: tea" E
		   "Content-Length: 3" E E,
	    ERROR("417 Expectation Failed", "33", "unknown expectation"));
	stop();
}
END_TEST

START_TEST(bodies_are_read_when_the_handler_asks)
{
	start_plain();
	expect("POST /echo HTTP/1.1" E H "Content-Length: 3" E E "abc"
	       "GET /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", TEXT, "3", "", "abc") HELLO);
	expect("POST /echo HTTP/1.1" E H "Content-Length: 0" E E,
	    ANSWER("200 OK", TEXT, "0", "", ""));
	expect("POST /echo HTTP/1.1" E H E,
	    ANSWER("200 OK", TEXT, "0", "", ""));
	expect("POST /echo HTTP/1.1" E H "Transfer-Encoding: chunked" E E
	       "3;x=y" E "abc" E "2" E "de" E "0" E "T: v" E E
	       "GET /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", TEXT, "5", "", "abcde") HELLO);
	expect("POST /echo HTTP/1.1" E H "Content-Length: 3" E
	       "Expect: 100-continue" E E "abc",
	    ANSWER("200 OK", TEXT, "3", "", "abc"));
	stop();
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

	start_plain();
	for (i = 0; i < 2; i++) {
		for (cut = 0; cut <= strlen(in[i]); cut++) {
			struct text t = { 0 };
			int fd = dial();

			put(fd, in[i], cut);
			loop_pass(&w.loop, 0);
			loop_pass(&w.loop, 0);
			put(fd, in[i] + cut, strlen(in[i]) - cut);
			put(fd, next, strlen(next));
			settle(&t, fd);
			ck_assert_str_eq(plain(t.p), want);
			free(t.p);
			close(fd);
		}
	}
	stop();
}
END_TEST

START_TEST(continue_is_sent_when_the_body_is_wanted)
{
	const char *in = "POST /echo HTTP/1.1" E H "Content-Length: 3" E
			 "Expect: 100-continue" E E;
	struct text t = { 0 };
	int fd;

	start_plain();
	fd = dial();
	put(fd, in, strlen(in));
	loop_pass(&w.loop, 0);
	loop_pass(&w.loop, 0);
	text_read(&t, fd);
	ck_assert_str_eq(t.p, "HTTP/1.1 100 Continue" E E);
	put_text(fd, "abc");
	settle(&t, fd);
	ck_assert_str_eq(plain(t.p), "HTTP/1.1 100 Continue" E E ANSWER(
	    "200 OK", TEXT, "3", "", "abc"));
	free(t.p);
	close(fd);
	/* Not wanted: the answer comes at once, and the connection ends. */
	expect_end("POST /ignore HTTP/1.1" E H "Content-Length: 3" E
		   "Expect: 100-continue" E E,
	    ANSWER("200 OK", "", "7", CLOSE, "ignored"));
	stop();
}
END_TEST

START_TEST(an_unread_body_is_dropped_or_costs_the_connection)
{
	char *in = malloc(300000);
	struct text t = { 0 };
	int n, fd;

	start_plain();
	expect("POST /ignore HTTP/1.1" E H "Content-Length: 3" E E "abc"
	       "GET /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", "", "7", "", "ignored") HELLO);
	expect("GET /ignore HTTP/1.1" E H "Transfer-Encoding: chunked" E E
	       "3" E "abc" E "0" E E "GET /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", "", "7", "", "ignored") HELLO);
	/* 60000 bytes: read and dropped. */
	n = sprintf(in, "POST /ignore HTTP/1.1" E H "Content-Length: 60000"
			E E);
	memset(in + n, 'x', 60000);
	n += 60000;
	n += sprintf(in + n, "GET /hello HTTP/1.1" E H E);
	expect_n(in, (size_t)n, ANSWER("200 OK", "", "7", "", "ignored") HELLO,
	    0);
	/* 200000 bytes: the answer says close, and reaches the client that
	 * goes on sending. */
	n = sprintf(in, "POST /ignore HTTP/1.1" E H "Content-Length: 200000"
			E E);
	memset(in + n, 'x', 200000);
	fd = dial();
	put(fd, in, (size_t)n + 200000);
	settle(&t, fd);
	ck_assert_str_eq(plain(t.p), ANSWER("200 OK", "", "7", CLOSE,
	    "ignored"));
	ck_assert_int_eq(t.eof, 1);
	free(t.p);
	close(fd);
	/* A chunked one whose end is not here. */
	expect_end("POST /ignore HTTP/1.1" E H "Transfer-Encoding: chunked" E E
		   "3" E "ab",
	    ANSWER("200 OK", "", "7", CLOSE, "ignored"));
	free(in);
	stop();
}
END_TEST

START_TEST(large_bodies_go_both_ways)
{
	char *in = malloc(BIG + 1000), *at;
	struct text t = { 0 };
	int n, fd;

	start_plain();
	fd = dial();
	put_text(fd, "GET /big HTTP/1.1" E H E);
	settle(&t, fd);
	at = strstr(t.p, E E);
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(t.n - (size_t)(at + 4 - t.p), BIG);
	t.n = 0;
	n = sprintf(in, "POST /echo HTTP/1.1" E H "Content-Length: %u" E E,
	    BIG);
	memset(in + n, 'y', BIG);
	put(fd, in, (size_t)n + BIG);
	settle(&t, fd);
	at = strstr(t.p, E E);
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(t.n - (size_t)(at + 4 - t.p), BIG);
	ck_assert_mem_eq(at + 4, in + n, BIG);
	free(t.p);
	free(in);
	close(fd);
	stop();
}
END_TEST

START_TEST(a_large_chunked_body_is_put_together)
{
	char *in = malloc(2 * BIG), *at;
	struct text t = { 0 };
	size_t n = 0, i, sum = 0;
	int fd;

	start_plain();
	n = (size_t)sprintf(in, "POST /echo HTTP/1.1" E H
		"Transfer-Encoding: chunked" E E);
	for (i = 1; sum < BIG; i = i * 7 % 30011) {
		n += (size_t)sprintf(in + n, "%zx" E, i);
		memset(in + n, (int)('a' + i % 26), i);
		n += i;
		n += (size_t)sprintf(in + n, E);
		sum += i;
	}
	n += (size_t)sprintf(in + n, "0" E E);
	fd = dial();
	put(fd, in, n);
	settle(&t, fd);
	at = strstr(t.p, E E);
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(t.n - (size_t)(at + 4 - t.p), sum);
	at += 4;
	for (i = 1, sum = 0; sum < BIG; sum += i, i = i * 7 % 30011)
		ck_assert_int_eq(at[sum], (int)('a' + i % 26));
	free(t.p);
	free(in);
	close(fd);
	stop();
}
END_TEST

START_TEST(a_thousand_pipelined_requests_get_their_answers_in_order)
{
	char *in = malloc(200000), *at;
	struct text t = { 0 };
	size_t n = 0;
	int i, fd;

	start_plain();
	for (i = 0; i < 1000; i++)
		n += (size_t)sprintf(in + n, "GET /show/%d HTTP/1.1" E H E, i);
	fd = dial();
	put(fd, in, n);
	settle(&t, fd);
	at = t.p;
	for (i = 0; i < 1000; i++) {
		char want[100];

		sprintf(want, "GET /show/%d /show/:id x=/0 h=", i);
		at = strstr(at, "GET ");
		ck_assert_ptr_nonnull(at);
		ck_assert_int_eq(strncmp(at, want, strlen(want)), 0);
		at += strlen(want);
	}
	ck_assert_uint_eq(strlen(at), 0);
	free(t.p);
	free(in);
	close(fd);
	stop();
}
END_TEST

START_TEST(slow_handlers_keep_the_order)
{
	start_plain();
	expect("GET /slow HTTP/1.1" E H E "GET /fails/x HTTP/1.1" E H E
	       "GET /slow HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    HELLO ANSWER("422 Unprocessable Content", JSON, "22", "",
		"{\"error\": \"no \\\"x\\\"\"}\n") HELLO HELLO);
	stop();
}
END_TEST

START_TEST(errors_are_mapped_to_statuses)
{
	start_plain();
	expect("GET /fails/enoent HTTP/1.1" E H E,
	    ANSWER("404 Not Found", JSON, "23", "",
		"{\"error\": \"not found\"}\n"));
	expect("GET /fails/einval HTTP/1.1" E H E,
	    ANSWER("400 Bad Request", JSON, "25", "",
		"{\"error\": \"bad request\"}\n"));
	expect("GET /fails/eacces HTTP/1.1" E H E,
	    ANSWER("403 Forbidden", JSON, "25", "",
		"{\"error\": \"not allowed\"}\n"));
	expect("GET /fails/ebusy HTTP/1.1" E H E,
	    ANSWER("503 Service Unavailable", JSON, "31", "",
		"{\"error\": \"not available now\"}\n"));
	expect("GET /fails/enospc HTTP/1.1" E H E,
	    ANSWER("503 Service Unavailable", JSON, "31", "",
		"{\"error\": \"not available now\"}\n"));
	expect("GET /fails/etimedout HTTP/1.1" E H E,
	    ANSWER("504 Gateway Timeout", JSON, "39", "",
		"{\"error\": \"the request took too long\"}\n"));
	expect("GET /fails/eio HTTP/1.1" E H E,
	    ANSWER("500 Internal Server Error", JSON, "28", "",
		"{\"error\": \"internal error\"}\n"));
	expect("GET /fails/nothing HTTP/1.1" E H E,
	    ANSWER("500 Internal Server Error", JSON, "28", "",
		"{\"error\": \"internal error\"}\n"));
	expect("GET /late HTTP/1.1" E H E,
	    ANSWER("504 Gateway Timeout", JSON, "39", "",
		"{\"error\": \"the request took too long\"}\n"));
	ck_assert_int_eq(last_rc, -ETIMEDOUT);
	stop();
}
END_TEST

START_TEST(answers_in_pieces)
{
	start_plain();
	expect("GET /pieces HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    "HTTP/1.1 200 OK" E TEXT "Transfer-Encoding: chunked" E E
	    "3" E "one" E "11" E "seventeen bytes.." E "0" E E HELLO);
	expect("HEAD /pieces HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    "HTTP/1.1 200 OK" E TEXT "Transfer-Encoding: chunked" E E HELLO);
	expect_end("GET /pieces HTTP/1.0" E "Connection: keep-alive" E E,
	    "HTTP/1.1 200 OK" E TEXT CLOSE E "oneseventeen bytes..");
	expect_end("GET /torn HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    "HTTP/1.1 200 OK" E "Transfer-Encoding: chunked" E E "4" E
	    "half" E);
	stop();
}
END_TEST

START_TEST(a_flood_waits_for_its_reader)
{
	struct text t = { 0 };
	size_t sum = 0;
	char *at, *end;
	int fd, i;

	start_plain();
	fd = dial();
	put_text(fd, "GET /flood HTTP/1.1" E H E);
	for (i = 0; i < 10; i++)
		loop_pass(&w.loop, 0);
	ck_assert_uint_eq(w.tasks.n_live, 1);	/* it has not all been taken */
	settle(&t, fd);
	at = strstr(t.p, E E) + 4;
	for (;;) {
		unsigned long n = strtoul(at, &end, 16);

		at = end + 2 + n + 2;
		sum += n;
		if (n == 0)
			break;
	}
	ck_assert_uint_eq(sum, BIG / 30 * 30);
	ck_assert_ptr_eq(at, t.p + t.n);
	free(t.p);
	close(fd);
	stop();
}
END_TEST

START_TEST(tags_and_conditions)
{
	char tag[100], in[400], want[400];
	struct text t = { 0 };
	char *at;
	int fd;

	start_plain();
	fd = dial();
	put_text(fd, "GET /tagged HTTP/1.1" E H E);
	settle(&t, fd);
	at = strstr(t.p, "ETag: \"");
	ck_assert_ptr_nonnull(at);
	sscanf(at, "ETag: %99[^\r]", tag);
	ck_assert_uint_eq(strlen(tag), 34);
	free(t.p);
	close(fd);
	sprintf(want, "HTTP/1.1 304 Not Modified" E "ETag: %s" E
		      "X-Cache: HIT" E E HELLO, tag);
	sprintf(in, "GET /tagged HTTP/1.1" E H "If-None-Match: \"x\", W/%s" E E
		    "GET /hello HTTP/1.1" E H E, tag);
	expect(in, want);
	sprintf(in, "HEAD /tagged HTTP/1.1" E H "If-None-Match: \"x\"" E
		    "If-None-Match: %s" E E "GET /hello HTTP/1.1" E H E, tag);
	expect(in, want);
	expect("GET /tagged HTTP/1.1" E H "If-None-Match: *" E E
	       "GET /hello HTTP/1.1" E H E, want);
	sprintf(want, "HTTP/1.1 200 OK" E TEXT "ETag: %s" E "X-Cache: HIT" E
		      "Content-Length: 5" E E "hello", tag);
	expect("GET /tagged HTTP/1.1" E H "If-None-Match: \"x\"" E E, want);
	expect("POST /tagged HTTP/1.1" E H "If-None-Match: *" E E,
	    "HTTP/1.1 200 OK" E TEXT "X-Cache: HIT" E "Content-Length: 5" E E
	    "hello");
	stop();
}
END_TEST

START_TEST(what_the_handler_sees)
{
	start_plain();
	expect("GET /show/a%20b?x=1&y=%5Ez&x&&=e HTTP/1.1" E H
	       "x-h: 1" E "X-H: 2" E E,
	    ANSWER("200 OK", "", "61", "",
		"GET /show/a%20b /show/:id x=1/2 h=1, 2 [x=1] [y=^z] [x=] "
		"[=e]"));
	stop();
}
END_TEST

START_TEST(a_handler_cannot_forge_lines)
{
	start_plain();
	expect("GET /fields HTTP/1.1" E H E,
	    ANSWER("200 OK", "X-A: 1" E "X-B: " E, "0", "", ""));
	stop();
}
END_TEST

START_TEST(request_ids_come_back_or_are_made)
{
	struct text t = { 0 };
	char a[100], b[100];
	int fd;
	const char *in = "GET /hello HTTP/1.1" E H "X-Request-Id: my-id.1" E E
			 "GET /hello HTTP/1.1" E H "X-Request-Id: a b" E E
			 "GET /hello HTTP/1.1" E H E;
	char *at;

	start(CONF_TEXT("worker_header = true"));
	fd = dial();
	put(fd, in, strlen(in));
	settle(&t, fd);
	at = strstr(t.p, "X-Request-Id: my-id.1" E);
	ck_assert_ptr_nonnull(at);
	at = strstr(at + 5, "X-Request-Id: ");
	sscanf(at, "X-Request-Id: %99[0-9a-f]\r", a);
	at = strstr(at + 5, "X-Request-Id: ");
	sscanf(at, "X-Request-Id: %99[0-9a-f]\r", b);
	ck_assert_uint_eq(strlen(a), 32);
	ck_assert_uint_eq(strlen(b), 32);
	ck_assert_str_ne(a, b);
	ck_assert_ptr_nonnull(strstr(t.p, "X-Skep-Worker: web.1/"));
	ck_assert_ptr_nonnull(strstr(t.p, "Server: skep" E));
	ck_assert_ptr_nonnull(strstr(t.p, "Date: "));
	free(t.p);
	close(fd);
	stop();
}
END_TEST

START_TEST(half_closed_clients_get_their_answers)
{
	static const char *const in[] = { "GET /hello HTTP/1.1" E H E,
		"GET /slow HTTP/1.1" E H E,
		"GET /slow HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E };
	static const char *const want[] = {
		HELLO, ANSWER("200 OK", TEXT, "5", CLOSE, "hello"),
		HELLO ANSWER("200 OK", TEXT, "5", CLOSE, "hello") };
	size_t i;

	start_plain();
	for (i = 0; i < 3; i++) {
		struct text t = { 0 };
		int fd = dial();

		put(fd, in[i], strlen(in[i]));
		if (i > 0)
			loop_pass(&w.loop, 0);
		shutdown(fd, SHUT_WR);
		settle(&t, fd);
		ck_assert_str_eq(plain(t.p), want[i]);
		ck_assert_int_eq(t.eof, 1);
		free(t.p);
		close(fd);
		ck_assert_uint_eq(w.n_conns, 0);
	}
	stop();
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

	start_plain();
	for (i = 0; i < 3; i++) {
		struct text t = { 0 };
		int fd = dial();

		put(fd, in[i], strlen(in[i]));
		loop_pass(&w.loop, 0);
		shutdown(fd, SHUT_WR);
		settle(&t, fd);
		ck_assert_str_eq(plain(t.p), want[i]);
		ck_assert_int_eq(t.eof, 1);
		free(t.p);
		close(fd);
		ck_assert_uint_eq(w.n_conns, 0);
	}
	stop();
}
END_TEST

START_TEST(a_client_that_is_gone_cancels_its_handler)
{
	int fd;

	start_plain();
	fd = dial();
	put_text(fd, "GET /forever HTTP/1.1" E H E);
	loop_pass(&w.loop, 0);
	ck_assert_int_eq(last_rc, 1);
	close(fd);
	while (w.n_conns > 0)
		loop_pass(&w.loop, 1);
	ck_assert_int_eq(last_rc, -ECANCELED);
	ck_assert_uint_eq(w.tasks.n_live, 0);
	stop();
}
END_TEST

/* Run until the server has ended the connection. */
static void
until_end(struct text *t, int fd)
{
	while (t->eof == 0) {
		loop_pass(&w.loop, 1);
		text_read(t, fd);
	}
}

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

	start(CONF_TEXT("idle_timeout = 30ms\n header_timeout = 30ms\n"
			"body_timeout = 30ms\n linger_timeout = 30ms"));
	for (i = 0; i < 4; i++) {
		struct text t = { 0 };
		int fd = dial();

		put(fd, in[i], strlen(in[i]));
		until_end(&t, fd);
		ck_assert_str_eq(plain(t.p), want[i]);
		free(t.p);
		while (w.n_conns > 0)	/* the lingering has a limit too */
			loop_pass(&w.loop, 1);
		close(fd);
	}
	stop();
}
END_TEST

START_TEST(who_sends_without_end_does_not_hold_the_loop)
{
	struct text t = { 0 };
	int fd, left, i;

	start_plain();
	fd = dial();
	put_text(fd, "GET\n");
	for (i = 0; i < 150; i++)	/* nobody wants it any more */
		put(fd, big_bytes, 1000);
	loop_pass(&w.loop, 0);
	ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &left), 0);
	ck_assert_int_gt(left, 50000);	/* others have their turn first */
	until_end(&t, fd);
	ck_assert_str_eq(plain(t.p),
	    ERROR("400 Bad Request", "41", "bare LF in the request line"));
	free(t.p);
	close(fd);
	while (w.n_conns > 0)
		loop_pass(&w.loop, 1);
	stop();
}
END_TEST

START_TEST(each_request_has_its_own_time)
{
	struct timespec pause = { 0, 60000000 };
	struct text t = { 0 };
	int fd, i;

	start(CONF_TEXT("header_timeout = 300ms"));
	fd = dial();
	put_text(fd, "GE");
	/* Some part of a request is always there, for 480 ms. */
	for (i = 0; i < 8; i++) {
		nanosleep(&pause, NULL);
		put_text(fd, "T /hello HTTP/1.1" E H E "GE");
		settle(&t, fd);
		ck_assert_int_eq(t.eof, 0);
		ck_assert_str_eq(plain(t.p), HELLO);
		t.n = 0;
	}
	free(t.p);
	close(fd);
	stop();
}
END_TEST

START_TEST(a_client_that_takes_nothing_is_disconnected)
{
	int fd;

	start(CONF_TEXT("write_timeout = 30ms"));
	fd = dial();
	put_text(fd, "GET /big HTTP/1.1" E H E);
	while (w.n_conns > 0)
		loop_pass(&w.loop, 1);
	ck_assert_uint_eq(w.tasks.n_live, 0);
	close(fd);
	fd = dial();
	put_text(fd, "GET /flood HTTP/1.1" E H E);
	while (w.n_conns > 0)
		loop_pass(&w.loop, 1);
	ck_assert_uint_eq(w.tasks.n_live, 0);
	close(fd);
	stop();
}
END_TEST

/* Slower than the write event tells, which waits for much room at once. */
START_TEST(a_client_that_takes_little_is_kept)
{
	const struct timespec pause = { 0, 20000000 };
	char some[8192];
	int fd, i;

	start(CONF_TEXT("write_timeout = 300ms"));
	fd = dial();
	put_text(fd, "GET /big HTTP/1.1" E H E);
	for (i = 0; i < 17; i++) {
		loop_pass(&w.loop, 0);
		ck_assert_int_gt(read(fd, some, sizeof(some)), 0);
		(void)nanosleep(&pause, NULL);
	}
	loop_pass(&w.loop, 0);
	ck_assert_int_eq(w.n_conns, 1);
	close(fd);
	while (w.n_conns > 0)
		loop_pass(&w.loop, 1);
	stop();
}
END_TEST

START_TEST(draining_hands_idle_connections_over)
{
	struct text t = { 0 };
	int idle, partial, busy;

	start_plain();
	w.handover = (struct handover *)&w;	/* never looked into */
	idle = dial();
	partial = dial();
	busy = dial();
	put_text(partial, "GET /hel");
	put(busy, "GET /slow HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E "GE",
	    31 + 32 + 2);
	loop_pass(&w.loop, 0);
	loop_pass(&w.loop, 0);
	w.drain = WORKER_HANDOVER;
	w.front->drain(&w);
	ck_assert_uint_eq(w.n_conns, 1);
	ck_assert_int_gt(handed.fd, 0);
	ck_assert_uint_eq(handed.n, 8);
	ck_assert_mem_eq(handed.bytes, "GET /hel", 8);
	handed.n = 0;
	settle(&t, busy);
	ck_assert_str_eq(plain(t.p), HELLO HELLO);
	ck_assert_int_eq(t.eof, 0);
	ck_assert_uint_eq(w.n_conns, 0);
	ck_assert_uint_eq(handed.n, 2);
	ck_assert_mem_eq(handed.bytes, "GE", 2);
	/* It goes on where it was, in another worker. */
	w.drain = WORKER_SERVING;
	t.n = 0;
	w.n_conns++;
	w.front->take(&w, handed.fd, NULL, 0, handed.bytes, handed.n);
	put_text(busy, "T /hello HTTP/1.1" E H E);
	settle(&t, busy);
	ck_assert_str_eq(plain(t.p), HELLO);
	free(t.p);
	close(idle);
	close(partial);
	close(busy);
	loop_pass(&w.loop, 0);
	stop();
}
END_TEST

START_TEST(stopping_says_close_with_the_last_answer)
{
	struct text a = { 0 }, b = { 0 };
	int idle, busy;

	start(CONF_TEXT("linger_timeout = 50ms"));
	idle = dial();
	busy = dial();
	put(busy, "GET /slow HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    31 + 32);
	loop_pass(&w.loop, 0);
	w.drain = WORKER_CLOSING;
	w.front->drain(&w);
	put_text(idle, "GET /hello HTTP/1.1" E H E);
	until_end(&a, busy);
	text_read(&b, idle);
	if (b.eof == 0)
		until_end(&b, idle);
	ck_assert_str_eq(plain(a.p),
	    HELLO ANSWER("200 OK", TEXT, "5", CLOSE, "hello"));
	ck_assert_str_eq(plain(b.p),
	    ANSWER("200 OK", TEXT, "5", CLOSE, "hello"));
	free(a.p);
	free(b.p);
	close(idle);
	close(busy);
	idle = dial();
	a = (struct text){ 0 };
	until_end(&a, idle);		/* without a request: a half-close */
	ck_assert_int_eq(a.eof, 1);
	free(a.p);
	close(idle);
	while (w.n_conns > 0)
		loop_pass(&w.loop, 1);
	stop();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("http_conn");
	TCase *t = tcase_create("conn");
	SRunner *r;
	int failed, fd = open("/dev/null", O_WRONLY);

	/* The front writes its access log here: no socket may have the number. */
	if (dup2(fd, FD_ACCESS_LOG) < 0)
		return 1;
	tcase_set_timeout(t, 60);
	tcase_add_test(t, answers_and_keeps_the_connection);
	tcase_add_test(t, says_which_methods_there_are);
	tcase_add_test(t, a_refusal_ends_the_connection);
	tcase_add_test(t, bodies_are_read_when_the_handler_asks);
	tcase_add_test(t, a_body_may_come_in_any_pieces);
	tcase_add_test(t, continue_is_sent_when_the_body_is_wanted);
	tcase_add_test(t, an_unread_body_is_dropped_or_costs_the_connection);
	tcase_add_test(t, large_bodies_go_both_ways);
	tcase_add_test(t, a_large_chunked_body_is_put_together);
	tcase_add_test(t,
	    a_thousand_pipelined_requests_get_their_answers_in_order);
	tcase_add_test(t, slow_handlers_keep_the_order);
	tcase_add_test(t, errors_are_mapped_to_statuses);
	tcase_add_test(t, answers_in_pieces);
	tcase_add_test(t, a_flood_waits_for_its_reader);
	tcase_add_test(t, tags_and_conditions);
	tcase_add_test(t, what_the_handler_sees);
	tcase_add_test(t, a_handler_cannot_forge_lines);
	tcase_add_test(t, request_ids_come_back_or_are_made);
	tcase_add_test(t, half_closed_clients_get_their_answers);
	tcase_add_test(t, an_incomplete_request_is_answered);
	tcase_add_test(t, a_client_that_is_gone_cancels_its_handler);
	tcase_add_test(t, time_limits_end_what_does_not_arrive);
	tcase_add_test(t, who_sends_without_end_does_not_hold_the_loop);
	tcase_add_test(t, each_request_has_its_own_time);
	tcase_add_test(t, a_client_that_takes_nothing_is_disconnected);
	tcase_add_test(t, a_client_that_takes_little_is_kept);
	tcase_add_test(t, draining_hands_idle_connections_over);
	tcase_add_test(t, stopping_says_close_with_the_last_answer);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
