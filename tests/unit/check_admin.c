/* The admin server: it is bounded, and comes back when there is room again. */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin.h"
#include "fds.h"
#include "suite.h"

#define ASK "GET /healthz HTTP/1.1\r\nHost: x\r\n"

static struct keeper k;
static struct admin *admin;
static struct sockaddr_in at;
static char got[65536];

static void
setup(void)
{
	struct conf_source src = { .text = "admin { connections_max = 2 }\n"
	    "group web { plugin = market }\n" };
	struct conf_report rep;
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(conf_load(&src, &k.conf, &rep), 0);
	conf_report_fini(&rep);
	at.sin_family = AF_INET;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	ck_assert_int_lt(fcntl(FD_LISTEN, F_GETFD), 0);
	ck_assert_int_eq(dup2(fd, FD_LISTEN), FD_LISTEN);
	close(fd);
	k.base = event_base_new();
	ck_assert_int_eq(admin_open(&k, 1, &admin), 0);
}

static void
teardown(void)
{
	admin_close(&admin);
	event_base_free(k.base);
	conf_close(&k.conf);
}

static int
dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    (ssize_t)strlen(text));
}

/* Run the server until something comes here; -1 when it is a reset. */
static ssize_t
hear(int fd)
{
	ssize_t n;

	while ((n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT)) < 0 &&
	    errno == EAGAIN) {
		(void)event_base_loop(k.base, EVLOOP_NONBLOCK);
		admin_tick(admin);
	}
	got[n < 0 ? 0 : n] = '\0';
	return n;
}

static void
is_answered(int fd)
{
	ck_assert_int_gt(hear(fd), 0);
	ck_assert_ptr_eq(strstr(got, "HTTP/1.1 200 "), got);
}

static int
open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

START_TEST(one_more_than_allowed_waits_for_one_to_end)
{
	int one = dial(), two = dial(), three, i;

	say(one, ASK "\r\n");
	is_answered(one);
	say(two, ASK "\r\n");
	is_answered(two);
	three = dial();
	say(three, ASK "\r\n");
	/* What came before these is dealt with before they are answered. */
	for (i = 0; i < 20; i++) {
		say(one, ASK "\r\n");
		is_answered(one);
	}
	ck_assert_int_lt(recv(three, got, sizeof(got), MSG_DONTWAIT), 0);
	ck_assert_int_eq(errno, EAGAIN);
	close(two);
	is_answered(three);
	close(one);
	close(three);
}
END_TEST

START_TEST(many_at_once_are_served_one_after_the_other)
{
	int fd[10], before = open_files(), i;

	for (i = 0; i < 10; i++) {
		fd[i] = dial();
		say(fd[i], ASK "Connection: close\r\n\r\n");
	}
	for (i = 0; i < 10; i++) {
		is_answered(fd[i]);
		while (hear(fd[i]) > 0)
			;
		close(fd[i]);
	}
	ck_assert_int_eq(open_files(), before);
}
END_TEST

START_TEST(a_head_without_end_is_refused)
{
	char field[1025];
	int fd = dial(), i;

	memset(field, 'x', 1000);
	memcpy(field, "A: ", 3);
	memcpy(field + 1000, "\r\n", 3);
	say(fd, ASK);
	for (i = 0; i < 20; i++)
		say(fd, field);
	if (hear(fd) > 0)
		ck_assert_ptr_null(strstr(got, " 200 "));
	while (hear(fd) > 0)
		;
	close(fd);
}
END_TEST

SUITE_MAIN("admin", setup, teardown,
    one_more_than_allowed_waits_for_one_to_end,
    many_at_once_are_served_one_after_the_other, a_head_without_end_is_refused)
