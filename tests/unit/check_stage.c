/* What the end-to-end suites and the benchmark know a server by: log, control socket, kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>


#include "../lib/suite.h"
#include "hclient.h"
#include "owner.h"
#include "pauses.h"
#include "server.h"

static const char ready[] = "2026-11-20T23:01:02.000250Z info skepd[7] master:"
			    " ready name=\"web.2\" pid=812 slot=9"
			    " start_us=1890";

START_TEST(values_are_found_by_their_whole_key)
{
	char v[32];

	ck_assert_int_eq(server_line_value(ready, "name", v, sizeof v), 1);
	ck_assert_str_eq(v, "web.2");
	ck_assert_int_eq(server_line_value(ready, "start_us", v, sizeof v), 1);
	ck_assert_str_eq(v, "1890");
	ck_assert_int_eq(server_line_value(ready, "us", v, sizeof v), 0);
	ck_assert_int_eq(server_line_value(ready, "pi", v, sizeof v), 0);
	ck_assert_int_eq(server_line_value(ready, "pid", v, 3), 1);
	ck_assert_str_eq(v, "81");
}
END_TEST

START_TEST(times_are_read_to_the_microsecond)
{
	/* 1795215662 is that second, by date -u +%s */
	ck_assert_uint_eq(server_line_time_ns(ready), 1795215662000250000u);
	ck_assert_uint_eq(server_line_time_ns("no time"), 0);
}
END_TEST

static struct server s;
static char dir[] = "/tmp/check_stage.XXXXXX";

static void
make_dir(void)
{
	strcpy(dir + sizeof dir - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	s = (struct server){ .log_at = 0 };
	snprintf(s.dir, sizeof s.dir, "%s", dir);
	snprintf(s.log, sizeof s.log, "%s/log", dir);
}

static void
remove_dir(void)
{
	char path[300];

	(void)unlink(s.log);
	snprintf(path, sizeof path, "%s/run/control.sock", dir);
	(void)unlink(path);
	snprintf(path, sizeof path, "%s/run", dir);
	(void)rmdir(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
log_write(const char *text)
{
	FILE *f = fopen(s.log, "ae");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(the_log_is_read_line_by_line)
{
	char line[64];

	ck_assert_int_eq(server_log_next(&s, line, sizeof line), 0);
	log_write("one\ntwo\nhal");
	ck_assert_int_eq(server_log_next(&s, line, sizeof line), 1);
	ck_assert_str_eq(line, "one");
	ck_assert_int_eq(server_log_next(&s, line, sizeof line), 1);
	ck_assert_str_eq(line, "two");
	ck_assert_int_eq(server_log_next(&s, line, sizeof line), 0);
	log_write("f\n");
	ck_assert_int_eq(server_log_next(&s, line, sizeof line), 1);
	ck_assert_str_eq(line, "half");
}
END_TEST

START_TEST(waiting_takes_note_of_ports)
{
	const char *const words[] = { "group ready", "group=web ", NULL };
	char line[256];

	log_write("x listen: listening address=127.0.0.1:4711"
		  " option=group.web.listen\n"
		  "x listen: listening address=127.0.0.1:4712"
		  " option=admin.listen\n"
		  "x master: group ready group=jobs n=1\n"
		  "x master: group ready group=web n=1\nmore\n");
	ck_assert_int_eq(
	    server_log_wait(&s, words, 0, line, sizeof line), 1);
	ck_assert_int_eq(s.port, 4711);
	ck_assert_int_eq(s.admin_port, 4712);
	ck_assert_int_eq(server_log_next(&s, line, sizeof line), 1);
	ck_assert_str_eq(line, "more");
	/* nothing runs: waiting for more is over at once */
	ck_assert_int_eq(server_log_wait(&s, words, 10000, line, sizeof line),
	    -ECHILD);
}
END_TEST

/* Answers one command line with a reply. */
static int
answer(void *arg)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *reply = arg;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), c;
	char buf[256];
	ssize_t n;

	snprintf(a.sun_path, sizeof a.sun_path, "%s/run/control.sock", dir);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1) < 0)
		return 1;
	c = accept(fd, NULL, NULL);
	n = read(c, buf, sizeof buf);
	if (n != 16 || memcmp(buf, "status x --json\n", 16) != 0)
		reply = "{\"ok\":false,\"error\":\"not what was sent\"}\n";
	return write(c, reply, strlen(reply)) < 0;
}

static int
ask(const char *reply, json_t **data, char *why)
{
	char path[300];
	int rc;

	snprintf(path, sizeof path, "%s/run", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(
	    proc_fork(&s.proc, answer, (void *)(uintptr_t)reply, -1), 0);
	do
		rc = server_ctl(&s, "status x", data, why, 64);
	while (rc == -ENOENT || rc == -ECONNREFUSED);
	(void)proc_stop(&s.proc, 1000);
	return rc;
}

START_TEST(a_reply_is_its_data)
{
	char why[64] = "";
	json_t *data;

	ck_assert_int_eq(ask("{\"ok\":true,\"data\":{\"a\":3}}\n", &data, why),
	    0);
	ck_assert_int_eq(
	    (int)json_integer_value(json_object_get(data, "a")), 3);
	json_decref(data);
}
END_TEST

START_TEST(a_refusal_says_why)
{
	char why[64] = "";
	json_t *data;

	ck_assert_int_eq(ask("{\"ok\":false,\"code\":1,\"error\":\"no\"}\n",
			     &data, why), -ECANCELED);
	ck_assert_str_eq(why, "no");
}
END_TEST

START_TEST(half_a_reply_is_none)
{
	char why[64] = "";
	json_t *data;

	ck_assert_int_eq(ask("{\"ok\":true,\"data\":1}", &data, why), -EPROTO);
}
END_TEST

/* Accepts for ever. */
static int
hold(void *arg)
{
	int fd = *(int *)arg;

	while (accept(fd, NULL, NULL) >= 0)
		;
	return 1;
}

static int
dial(int port, int *local_out)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*local_out = ntohs(a.sin_port);
	return fd;
}

START_TEST(the_kernel_tells_who_holds_a_connection)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), mine, status;
	socklen_t len = sizeof a;
	static struct owner o;
	struct proc p;

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	(void)dial(ntohs(a.sin_port), &mine);
	ck_assert_int_eq(proc_fork(&p, hold, &fd, -1), 0);
	do { /* it may not have accepted yet */
		ck_assert_int_eq(kill(p.pid, SIGCONT), 0);
		ck_assert_int_eq(owner_look(&o, p.pid, ntohs(a.sin_port)), 0);
	} while (!owner_has(&o, mine));
	ck_assert(!owner_has(&o, mine == 65535 ? 1 : mine + 1));
	/* it was stopped; to be killed it need not go on */
	ck_assert_int_eq(kill(p.pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(p.pid, &status, 0), p.pid);
	ck_assert_int_eq(owner_look(&o, p.pid, ntohs(a.sin_port)), -ESRCH);
}
END_TEST

START_TEST(pauses_never_exceed_the_time)
{
	struct pauses *p;
	uint64_t from = hclient_now_ns(), to;

	ck_assert_int_eq(pauses_start(&p), 0);
	for (to = from; to < from + 30000000u; to = hclient_now_ns())
		;
	ck_assert_uint_le(pauses_within(p, from, to), to - from);
	ck_assert_uint_eq(pauses_within(p, to, to), 0);
	ck_assert_uint_eq(pauses_within(p, from - 2000, from - 1000), 0);
	pauses_stop(&p);
	ck_assert_ptr_null(p);
}
END_TEST

SUITE_MAIN("stage", make_dir, remove_dir, values_are_found_by_their_whole_key,
    times_are_read_to_the_microsecond, the_log_is_read_line_by_line,
    waiting_takes_note_of_ports, a_reply_is_its_data, a_refusal_says_why,
    half_a_reply_is_none, the_kernel_tells_who_holds_a_connection,
    pauses_never_exceed_the_time)
