/*
 * The front for raw connections, in this process: who is slow and who is gone,
 * how a connection ends, and that one client does not keep the loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <skep/skep.h>

#include <linux/sockios.h>

#include "../lib/suite.h"
#include "clock.h"
#include "conf.h"
#include "log.h"
#include "plugin.h"
#include "worker.h"

#define CONF(rest)                                                             \
	"group web { plugin = test protocol = stream "                         \
	"listen = \"127.0.0.1:0\" }\n" rest

#define PIECE 65536

static struct worker w;
static struct plugin plugin = { .name = "test" };
static struct plugin_set plugins = { .conn = &plugin };
static int n_lines, last_rc;
static char piece[PIECE], id[80], peer[160];

/* --- the handler --- */

static void
keep(char *to, size_t size, struct skep_str s)
{
	ck_assert_uint_lt(s.n, size);
	memcpy(to, s.p, s.n);
	to[s.n] = '\0';
}

/* One command a line; 1 ends. */
static int
command(struct skep_task *t, struct skep_str line)
{
	long n = line.n > 2 ? strtol(skep_copy(t, line).p + 2, NULL, 10) : 0;
	int rc = 0;

	n_lines++;
	switch (line.n > 0 ? line.p[0] : '\0') {
	case 's':
		rc = skep_sleep(t, n * SKEP_MILLISECOND);
		break;
	case 'w':
		for (; n > 0 && rc == 0; n--)
			rc = skep_write(t, skep_strn(piece, PIECE));
		break;
	case 'f':
		rc = skep_flush(t);
		break;
	case 'i':
		keep(id, sizeof id, skep_request_id(t));
		keep(peer, sizeof peer, skep_peer(t));
		break;
	case 'q':
		return 1;
	default:
		return skep_write(t, skep_str("ok\n"));
	}
	last_rc = rc;
	return rc;
}

static int
serve(struct skep_task *t)
{
	struct skep_str line;
	int rc;

	while ((rc = skep_read_line(t, 200, &line)) > 0)
		if ((rc = command(t, line)) != 0)
			break;
	if (rc < 0)
		last_rc = rc;
	return rc < 0 ? rc : 0;
}

/* --- the worker --- */

void
worker_conn_over(struct worker *x)
{
	x->n_conns--;
}

static void
start(const char *settings)
{
	static const struct task_limits limits = { .stack_bytes = 131072,
		.memory_max = 1 << 20,
		.keep_max = 64 };
	struct conf_source src = { .text = settings };
	struct conf_report report;

	(void)signal(SIGPIPE, SIG_IGN);
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	memset(&w, 0, sizeof w);
	strcpy(w.name, "web.1");
	if (conf_load(&src, &w.conf, &report) < 0)
		ck_abort_msg("%s", report.errors[0]);
	conf_report_fini(&report);
	ck_assert_int_eq(loop_init(&w.loop), 0);
	ck_assert_int_eq(task_pool_init(&w.tasks, &w.loop, &w, &limits), 0);
	plugin.def.conn = serve;
	w.plugins = &plugins;
	w.front = &stream_front;
	ck_assert_int_eq(w.front->open(&w), 0);
	n_lines = 0;
	last_rc = 1;
}

static void
pass(int wait)
{
	loop_pass(&w.loop, wait);
}

/* All connections have ended; a test that hangs is ended by Check. */
static void
until_none(void)
{
	while (w.n_conns > 0)
		pass(1);
}

static void
stop(void)
{
	task_cancel_all(&w.tasks);
	pass(0);
	pass(0);
	w.front->close(&w);
	ck_assert_uint_eq(w.tasks.n_live, 0);
	ck_assert_uint_eq(w.n_conns, 0);
	task_pool_fini(&w.tasks);
	conf_close(&w.conf);
	loop_fini(&w.loop);
}

/* --- clients --- */

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

static int
dial_tcp(void)
{
	int l = socket(AF_INET, SOCK_STREAM, 0), fd, c;
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(l, (struct sockaddr *)&a, len), 0);
	ck_assert_int_eq(listen(l, 1), 0);
	ck_assert_int_eq(getsockname(l, (struct sockaddr *)&a, &len), 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, len), 0);
	c = accept4(l, (struct sockaddr *)&a, &len, SOCK_NONBLOCK);
	ck_assert_int_ge(c, 0);
	close(l);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	w.n_conns++;
	w.front->take(&w, c, (struct sockaddr *)&a, len, NULL, 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
}

static void
lines(int n)
{
	while (n_lines < n)
		pass(1);
}

static void
reset(int fd)
{
	static const struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard,
	    sizeof hard), 0);
	close(fd);
}

/* Read a little, seldom, for n times 20 ms; the bytes. */
static size_t
sip(int fd, int n)
{
	const struct timespec pause = { 0, 20000000 };
	char some[8192];
	size_t sum = 0;
	ssize_t k;

	for (; n > 0; n--) {
		pass(0);
		k = read(fd, some, sizeof some);
		ck_assert_int_gt(k, 0);
		sum += (size_t)k;
		(void)nanosleep(&pause, NULL);
	}
	pass(0);
	return sum;
}

static size_t
drain(int fd)
{
	static char some[PIECE];
	size_t sum = 0;
	ssize_t k;

	while ((k = read(fd, some, sizeof some)) != 0) {
		if (k > 0)
			sum += (size_t)k;
		else if (errno == EAGAIN)
			pass(1);
		else
			ck_abort_msg("%s", strerror(errno));
	}
	return sum;
}

/* What has come is exactly this. */
static void
hears(int fd, const char *text)
{
	char some[100];
	ssize_t k = read(fd, some, sizeof some - 1);

	some[k > 0 ? k : 0] = '\0';
	ck_assert_str_eq(some, text);
}

/* --- slow clients --- */

START_TEST(the_last_output_has_its_own_time)
{
	size_t n;
	int fd;

	start(CONF("http { linger_timeout = 30ms }"));
	fd = dial();
	say(fd, "w 8\nq\n");
	while (w.tasks.n_live > 0) {	/* until the rest is buffered */
		pass(0);
		ck_assert_int_gt(n = (size_t)sip(fd, 1), 0);
		if (w.tasks.n_live == 0)
			break;
	}
	ck_assert_int_eq(w.n_conns, 1);
	(void)sip(fd, 10);
	ck_assert_int_gt(drain(fd), 0);
	until_none();
	close(fd);
	stop();
}
END_TEST

START_TEST(who_takes_little_is_kept)
{
	int fd;

	start(CONF("stream { idle_timeout = 100ms\nwrite_timeout = 400ms }"));
	fd = dial();
	say(fd, "w 20\nf\n");
	(void)sip(fd, 30);
	ck_assert_int_eq(w.n_conns, 1);
	ck_assert_uint_eq(w.tasks.n_live, 1);
	close(fd);
	until_none();
	stop();
}
END_TEST

static const char *const stuck[] = { "w 20\n", "w 6\nf\n", "w 6\nq\n",
	"w 6\ns 3600000\n" };

/* Whatever the handler does meanwhile, or if it has returned. */
START_TEST(who_takes_nothing_is_disconnected)
{
	int fd;

	start(CONF("stream { write_timeout = 30ms }"));
	fd = dial();
	say(fd, stuck[_i]);
	until_none();
	ck_assert_uint_eq(w.tasks.n_live, 0);
	if (_i < 2)
		ck_assert_int_eq(last_rc, -ETIMEDOUT);
	close(fd);
	stop();
}
END_TEST

START_TEST(without_lingering_the_end_is_at_once)
{
	int fd;

	start(CONF("http { linger_timeout = 0s }"));
	fd = dial();
	say(fd, "a\nq\n");
	lines(2);
	ck_assert_int_eq(w.n_conns, 0);
	hears(fd, "ok\n");
	close(fd);
	stop();
}
END_TEST

START_TEST(lingering_drops_what_comes_and_ends)
{
	int fd;

	start(CONF("http { linger_timeout = 30ms }"));
	fd = dial();
	say(fd, "a\nq\nrest\n");
	lines(2);
	hears(fd, "ok\n");
	say(fd, "and more\n");
	pass(1);
	ck_assert_int_eq(w.n_conns, 1);
	until_none();	/* by its time */
	close(fd);
	fd = dial();
	say(fd, "q\n");
	lines(3);
	close(fd);
	until_none();	/* by the client */
	stop();
}
END_TEST

/* --- clients that are gone --- */

START_TEST(a_handler_learns_that_its_client_is_gone)
{
	int fd;

	start(CONF(""));
	fd = dial_tcp();
	say(fd, "s 3600000\n");
	lines(1);
	say(fd, "that nobody reads\n");
	pass(1);
	reset(fd);
	until_none();
	ck_assert_int_eq(last_rc, -ECANCELED);
	last_rc = 1;
	fd = dial();
	say(fd, "s 3600000\n");
	lines(2);
	close(fd);
	until_none();
	ck_assert_int_eq(last_rc, -ECANCELED);
	stop();
}
END_TEST

START_TEST(a_half_closed_client_gets_its_answers)
{
	int fd;

	start(CONF(""));
	fd = dial_tcp();
	say(fd, "s 20\na\n");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	lines(2);
	ck_assert_int_eq(last_rc, 0);
	ck_assert_int_eq(drain(fd), 3);
	until_none();
	/* Having shut down, it may still go away altogether. */
	close(fd);
	fd = dial_tcp();
	say(fd, "s 3600000\n");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	lines(3);
	pass(0);
	ck_assert_int_eq(w.n_conns, 1);
	reset(fd);
	until_none();
	ck_assert_int_eq(last_rc, -ECANCELED);
	stop();
}
END_TEST

START_TEST(what_a_client_sent_before_it_left_is_done)
{
	int fd;

	start(CONF(""));
	fd = dial();
	say(fd, "s 20\n");
	lines(1);
	say(fd, "s 1\ni\ns 3600000\n");
	close(fd);
	until_none();
	ck_assert_int_eq(n_lines, 4);
	/* The last one is what nobody waits for any more. */
	ck_assert_int_eq(last_rc, -ECANCELED);
	stop();
}
END_TEST

/* --- stopping --- */

START_TEST(what_becomes_idle_while_closing_is_ended)
{
	int busy, idle, coming, part;

	start(CONF(""));
	busy = dial();
	idle = dial();
	coming = dial();
	part = dial();
	say(busy, "s 20\na\n");
	say(part, "unfini");
	lines(1);
	pass(0);
	say(coming, "b\n");	/* is there, and nobody has looked yet */
	w.drain = WORKER_CLOSING;
	w.front->drain(&w);
	pass(0);
	pass(0);
	hears(idle, "");
	hears(coming, "ok\n");
	ck_assert_int_eq(drain(coming), 0);
	lines(3);
	ck_assert_int_eq(last_rc, -ECANCELED);
	ck_assert_int_eq(drain(busy), 3);
	close(busy);
	close(idle);
	close(coming);
	while (w.n_conns > 1)
		pass(1);
	say(part, "shed\n");
	ck_assert_int_eq(drain(part), 3);
	close(part);
	until_none();
	stop();
}
END_TEST

/* --- sharing the loop --- */

/* As many lines as go in; many at once, for the kernel counts writes, too. */
static void
fill(int fd)
{
	char text[6400];

	memset(text, 'i', sizeof text);
	for (size_t i = 63; i < sizeof text; i += 64)
		text[i] = '\n';
	while (write(fd, text, sizeof text) == (ssize_t)sizeof text)
		;
	ck_assert_int_eq(errno, EAGAIN);
}

START_TEST(a_client_that_sends_without_end_does_not_hold_the_loop)
{
	int flood, other, left;

	start(CONF(""));
	clock_fake(1, 1);	/* by bytes: time stands still */
	flood = dial();
	other = dial();
	fill(flood);
	say(other, "a\n");
	pass(0);
	pass(0);
	hears(other, "ok\n");
	ck_assert_int_eq(ioctl(flood, SIOCOUTQ, &left), 0);
	ck_assert_int_gt(left, 0);
	close(flood);
	close(other);
	clock_real();
	stop();
}
END_TEST

/* Nor one that takes without end what a handler writes. */
START_TEST(a_handler_that_writes_without_end_does_not_hold_the_loop)
{
	int fd, other;

	start(CONF("stream { buffer_max = 1GiB }"));
	clock_fake(1, 1);
	fd = dial();
	other = dial();
	say(fd, "w 100\n");
	pass(0);
	say(other, "a\n");
	pass(0);
	pass(0);
	hears(other, "ok\n");
	ck_assert_int_eq(last_rc, 1);	/* not done yet */
	close(fd);
	close(other);
	clock_real();
	stop();
}
END_TEST

/* --- names --- */

START_TEST(a_connection_has_an_id_and_a_peer)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	char first[80], want[32];
	int fd;

	start(CONF(""));
	fd = dial();
	say(fd, "i\n");
	lines(1);
	ck_assert_str_eq(peer, "");
	strcpy(first, id);
	ck_assert_uint_eq(strlen(first), 32);
	close(fd);
	fd = dial_tcp();
	say(fd, "i\n");
	lines(2);
	ck_assert_uint_eq(strlen(id), 32);
	ck_assert_str_ne(id, first);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	(void)snprintf(want, sizeof want, "127.0.0.1:%u", ntohs(a.sin_port));
	ck_assert_str_eq(peer, want);
	close(fd);
	until_none();
	stop();
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("stream", NULL, NULL,
	    the_last_output_has_its_own_time,
	    who_takes_little_is_kept,
	    without_lingering_the_end_is_at_once,
	    lingering_drops_what_comes_and_ends,
	    a_handler_learns_that_its_client_is_gone,
	    a_half_closed_client_gets_its_answers,
	    what_a_client_sent_before_it_left_is_done,
	    what_becomes_idle_while_closing_is_ended,
	    a_client_that_sends_without_end_does_not_hold_the_loop,
	    a_handler_that_writes_without_end_does_not_hold_the_loop,
	    a_connection_has_an_id_and_a_peer);

	tcase_add_loop_test(tc, who_takes_nothing_is_disconnected, 0,
	    (int)(sizeof stuck / sizeof *stuck));
	return SUITE_RUN("stream", tc);
}
