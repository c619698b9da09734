/*
 * master_ops - what an operator does: reload, scale, drain, by command and by
 * signal; and that no client of the control socket holds the master up.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
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
#include "sight.h"

/* --- reload --- */

START_TEST(a_reload_brings_the_next_generation)
{
	unsigned gen;
	int port;

	cell_serve(&cell);
	port = cell_port(&cell, 0);
	ck_assert_int_ne(cell_ask(&cell, port, &gen), 0);
	ck_assert_uint_eq(gen, 1);
	sight_expect("reload --wait --json", "\"generation\":2");
	ck_assert_int_eq(cell_port(&cell, 0), port);
	ck_assert(cell_logged(&cell, "generation gone generation=1", 1,
	    SOON_MS));
	ck_assert_int_ne(cell_ask(&cell, port, &gen), 0);
	ck_assert_uint_eq(gen, 2);
	kill(cell.pid, SIGHUP);
	ck_assert(cell_logged(&cell, "reload: done generation=3", 1, SOON_MS));
}
END_TEST

static const struct {
	const char *flag, *reason;
} bad[] = {
	{ "warm_crash", "while loading and warming" },
	{ "warm_hang", "not ready in time" },
	{ "abi", "another ABI" },
	{ "warm_quit", "plugins: status=0 meaning=\\\"ended without being asked" },
	{ "open_quit", "ready: status=0 meaning=\\\"ended without being asked" },
	{ "open_crash", "before it was ready" },
	{ "open_exit", "open said no" },
	{ "open_hang", "not ready in time" },
};

START_TEST(a_generation_that_does_not_come_up_is_dropped)
{
	unsigned gen;
	int port;

	cell_configure(&cell, "", "reload { timeout = 500ms }\n");
	cell_serve(&cell);
	port = cell_port(&cell, 0);
	cell_flag(&cell, bad[_i].flag);
	sight_expect("reload --wait --json", bad[_i].reason);
	ck_assert_int_ne(cell_ask(&cell, port, &gen), 0);
	ck_assert_uint_eq(gen, 1);
	ck_assert_str_eq(sight_group_state(&cell), "ready");
	cell_unflag(&cell, bad[_i].flag);
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_ne(cell_ask(&cell, port, &gen), 0);
	ck_assert_uint_gt(gen, 1);
}
END_TEST

START_TEST(a_configuration_that_is_wrong_is_refused_with_its_line)
{
	cell_serve(&cell);
	cell_configure(&cell, "", "nonsense { x = 1 }\n");
	sight_expect("reload --json", "skepd.conf:");
	ck_assert_int_ne(cell_worker(&cell, 0), 0);
	sight_expect("status --json", "\"refused\":1");
}
END_TEST

START_TEST(listeners_come_and_go_with_a_reload)
{
	char text[160];
	int first, second;

	cell_serve(&cell);
	first = cell_port(&cell, 0);
	snprintf(text, sizeof text,
	    "\tlisten = {\"127.0.0.1:0\", \"unix:%s/web.sock\", "
	    "\"127.0.0.1:0\"}\n", cell.dir);
	cell_configure(&cell, text, "");
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_eq(cell_port(&cell, 0), first);
	second = cell_port(&cell, 2);
	ck_assert_int_ne(second, first);
	ck_assert_int_ne(cell_ask(&cell, second, NULL), 0);
	snprintf(text, sizeof text, "%s/web.sock", cell.dir);
	ck_assert_int_eq(access(text, F_OK), 0);
	cell_configure(&cell, "", "");
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_eq(cell_ask(&cell, second, NULL), 0);
	ck_assert_int_ne(cell_ask(&cell, first, NULL), 0);
	ck_assert_int_lt(access(text, F_OK), 0);
}
END_TEST

START_TEST(connections_are_not_given_to_another_protocol)
{
	cell_serve(&cell);
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert(cell_logged(&cell, "fake drain mode=handover", 2, SOON_MS));
	cell_configure(&cell, "\tprotocol = stream\n", "");
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert(cell_logged(&cell, "fake drain mode=close", 2, SOON_MS));
}
END_TEST

START_TEST(a_reload_ends_a_drain)
{
	int none = 0, two = 2;

	cell_serve(&cell);
	sight_expect("drain --wait --json", "done");
	ck_assert(cell_until(sight_has_workers, &cell, &none, SOON_MS));
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert(cell_until(sight_has_workers, &cell, &two, SOON_MS));
	ck_assert_int_ne(cell_ask(&cell, cell_port(&cell, 0), NULL), 0);
}
END_TEST

/* --- scale, drain, signals --- */

START_TEST(a_taken_port_refuses_the_reload_and_not_the_next)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	char text[160], reason[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cell_serve(&cell);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	snprintf(reason, sizeof reason, "127.0.0.1:%u", ntohs(sa.sin_port));
	snprintf(text, sizeof text,
	    "\tlisten = {\"127.0.0.1:0\", \"%s\"}\n", reason);
	cell_configure(&cell, text, "");
	sight_expect("reload --wait --json", reason);
	sight_expect("reload --wait --json", reason);
	close(fd);
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_ne(cell_ask(&cell, ntohs(sa.sin_port), NULL), 0);
}
END_TEST

START_TEST(workers_are_added_and_retired_on_request)
{
	int three = 3, two = 2;

	cell_serve(&cell);
	sight_expect("scale web 4 --wait --json", "done");
	ck_assert_int_eq(sight_n_workers(&cell), 4);
	kill(cell.pid, SIGTTOU);
	ck_assert(cell_until(sight_has_workers, &cell, &three, SOON_MS));
	sight_expect("scale web 5 --json", "from 2 to 4");
	sight_expect("scale web auto --wait --json", "done");
	ck_assert_int_eq(sight_n_workers(&cell), 2);
	kill(cell.pid, SIGTTIN);
	ck_assert(cell_until(sight_has_workers, &cell, &three, SOON_MS));
	kill(cell.pid, SIGTTOU);
	kill(cell.pid, SIGUSR2);
	ck_assert(cell_until(sight_has_workers, &cell, &two, SOON_MS));
	ck_assert(cell_logged(&cell, "upgrade is not available", 1, SOON_MS));
}
END_TEST

START_TEST(a_drained_worker_is_replaced_and_a_drained_server_is_not)
{
	struct sight_other o = { .index = 0 };
	int none = 0, two = 2;

	cell_serve(&cell);
	o.than = cell_worker(&cell, 0);
	sight_expect("drain web.1 --wait --json", "done");
	ck_assert(cell_until(sight_another_worker, &cell, &o, SOON_MS));
	sight_expect("drain", "draining: until scale GROUP auto");
	ck_assert(cell_until(sight_has_workers, &cell, &none, SOON_MS));
	sight_expect("scale web auto --wait --json", "\"ok\":true");
	kill(cell.pid, SIGWINCH);
	ck_assert(cell_until(sight_has_workers, &cell, &none, SOON_MS));
	sight_expect("scale web auto --json", "\"ok\":true");
	ck_assert(cell_until(sight_has_workers, &cell, &two, SOON_MS));
}
END_TEST

#define EIGHT_SLOTS "region { slots = 8 }\n" /* five are for workers */

START_TEST(more_workers_than_the_region_has_slots_for_are_refused)
{
	cell_configure(&cell, "\tmin = 2\n\tstart = 2\n\tmax = 20\n",
	    EIGHT_SLOTS);
	cell_serve(&cell);
	sight_expect("scale web 6 --wait --json", "region.slots");
	sight_expect("scale web 6", "slots for 5 workers of group web");
	sight_expect("scale web 5 --wait --json", "done");
	sight_expect("status", "5/5");
}
END_TEST

START_TEST(a_group_without_slots_says_so_and_nobody_waits_for_it)
{
	cell_configure(&cell, "\tmin = 2\n\tstart = 7\n\tmax = 20\n",
	    EIGHT_SLOTS);
	cell_serve(&cell);
	ck_assert(cell_logged(&cell, "no slot group=web workers=5 wanted=7", 1,
	    SOON_MS));
	ck_assert(cell_logged(&cell, "ready worker=web.", 5, SOON_MS));
	sight_expect("status", "5/7");
	sight_expect("status", "region.slots is 8");
	sight_expect("scale web auto --wait --json", "region.slots is 8");
	sight_expect("scale web 4 --wait --json", "done");
	sight_expect("status --json", "\"reason\":\"\"");
	ck_assert_int_eq(cell_logged(&cell, "no slot group=web", 2, 0), 0);
}
END_TEST

START_TEST(a_group_without_workers_shows_how_many_are_missing)
{
	cell_configure(&cell, "", "respawn { delay = 1h }\n");
	cell_flag(&cell, "open_crash");
	cell_start(&cell);
	ck_assert(cell_logged(&cell, "group failed", 1, SOON_MS));
	sight_expect("status", "0/2");
}
END_TEST

START_TEST(a_keeper_without_a_beat_is_replaced)
{
	struct sight_other o = { .name = "keeper" };

	cell_serve(&cell);
	o.than = cell_helper(&cell, o.name);
	cell_flag(&cell, "mute");
	ck_assert(cell_logged(&cell, "reason=\"no beat for 10000 ms\"",
	    1, 10000 + SOON_MS));
	cell_unflag(&cell, "mute");
	ck_assert(cell_until(sight_another_helper, &cell, &o, SOON_MS));
}
END_TEST

/* --- the control socket holds nobody up --- */

START_TEST(a_client_that_does_not_read_holds_nobody_up)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char lines[8192];
	size_t i;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	cell_serve(&cell);
	snprintf(sa.sun_path, sizeof sa.sun_path, "%s/control.sock", cell.run);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	for (i = 0; i + 7 <= sizeof lines; i += 7)
		memcpy(lines + i, "status\n", 7);
	for (i = 0; i < 1000; i++)
		if (send(fd, lines, sizeof lines / 7 * 7, MSG_NOSIGNAL) < 0)
			break;
	ck_assert_msg(i < 1000, "all of it was read");
	sight_expect("ping --json", "pong");
	close(fd);
	sight_expect("ping --json", "pong");
}
END_TEST

START_TEST(a_client_that_says_no_more_still_gets_its_answer)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 10 };
	char text[256] = "";
	size_t at = 0;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cell_serve(&cell);
	snprintf(sa.sun_path, sizeof sa.sun_path, "%s/control.sock", cell.run);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	ck_assert_int_eq(send(fd, "reload --wait\nping\n", 19, 0), 19);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	while ((n = recv(fd, text + at, sizeof text - 1 - at, 0)) > 0)
		at += (size_t)n;
	ck_assert_int_eq(n, 0);
	ck_assert_str_eq(text, "OK 9\nreloaded\nOK 5\npong\n");
	close(fd);
}
END_TEST

static int
answers_again(struct cell *c, void *unused)
{
	char *reply = cell_ctl(c, "ping --json");
	int yes = strstr(reply, "pong") != NULL;

	(void)unused;
	free(reply);
	return yes;
}

START_TEST(more_clients_than_allowed_are_turned_away)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char text[128] = "";
	int fd[3], i;

	cell_configure(&cell, "", "control { clients_max = 2 }\n");
	cell_serve(&cell);
	snprintf(sa.sun_path, sizeof sa.sun_path, "%s/control.sock", cell.run);
	for (i = 0; i < 3; i++) {
		fd[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(
		    connect(fd[i], (struct sockaddr *)&sa, sizeof sa), 0);
	}
	ck_assert_int_gt(recv(fd[2], text, sizeof text - 1, 0), 0);
	ck_assert_ptr_nonnull(strstr(text, "ERR 69 too many"));
	for (i = 0; i < 3; i++)
		close(fd[i]);
	/* The master sees that they are gone when it next looks. */
	ck_assert(cell_until(answers_again, &cell, NULL, SOON_MS));
}
END_TEST

TCase *
master_ops_case(void)
{
	TCase *tc = SUITE_CASE("master_ops", sight_open, sight_close,
	    a_reload_brings_the_next_generation,
	    a_configuration_that_is_wrong_is_refused_with_its_line,
	    listeners_come_and_go_with_a_reload,
	    connections_are_not_given_to_another_protocol, a_reload_ends_a_drain,
	    a_taken_port_refuses_the_reload_and_not_the_next,
	    workers_are_added_and_retired_on_request,
	    a_drained_worker_is_replaced_and_a_drained_server_is_not,
	    more_workers_than_the_region_has_slots_for_are_refused,
	    a_group_without_slots_says_so_and_nobody_waits_for_it,
	    a_group_without_workers_shows_how_many_are_missing,
	    a_keeper_without_a_beat_is_replaced,
	    a_client_that_does_not_read_holds_nobody_up,
	    a_client_that_says_no_more_still_gets_its_answer,
	    more_clients_than_allowed_are_turned_away);

	tcase_add_loop_test(tc,
	    a_generation_that_does_not_come_up_is_dropped, 0,
	    (int)(sizeof bad / sizeof bad[0]));
	return tc;
}
