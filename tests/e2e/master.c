/*
 * master - what skepd promises about its processes, tried on it: whichever is
 * killed comes back or ends in order, and nothing is ever left behind.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cell.h"

/* Far above what it takes, far below what would be a failure to notice. */
#define SOON_MS 5000

static struct cell cell;

static void
setup(void)
{
	cell_open(&cell);
}

static void
teardown(void)
{
	cell_close(&cell);
}

/* --- kill and replace --- */

struct other {
	const char *name;
	int index;
	pid_t than;
};

static int
another_worker(struct cell *c, void *arg)
{
	const struct other *o = arg;
	pid_t pid = cell_worker(c, o->index);

	return pid != 0 && pid != o->than;
}

static int
another_helper(struct cell *c, void *arg)
{
	const struct other *o = arg;
	pid_t pid = cell_helper(c, o->name);

	return pid != 0 && pid != o->than;
}

static int
another_zygote(struct cell *c, void *arg)
{
	const struct other *o = arg;
	pid_t pid = cell_zygote(c);

	return pid != 0 && pid != o->than;
}

START_TEST(a_killed_worker_is_replaced_however_often)
{
	int i;

	cell_serve(&cell);
	for (i = 0; i < 20; i++) {
		struct other o = { .index = i % 2,
			.than = cell_worker(&cell, i % 2) };

		ck_assert_int_ne(o.than, 0);
		ck_assert_int_eq(kill(o.than, SIGKILL), 0);
		ck_assert_msg(cell_until(another_worker, &cell, &o, SOON_MS),
		    "round %d", i);
	}
	ck_assert_int_eq(cell_logged(&cell, "group failed", 1, 0), 0);
	ck_assert_int_eq(cell_logged(&cell, "kind=outside", 20, SOON_MS), 1);
}
END_TEST

START_TEST(a_killed_keeper_or_mender_is_replaced)
{
	static const char *const names[] = { "keeper", "mender" };
	struct other o = { .name = names[_i] };

	cell_serve(&cell);
	o.than = cell_helper(&cell, o.name);
	ck_assert_int_ne(o.than, 0);
	kill(o.than, SIGKILL);
	ck_assert(cell_until(another_helper, &cell, &o, SOON_MS));
}
END_TEST

START_TEST(a_killed_zygote_is_replaced_and_its_workers_serve_on)
{
	struct other z, w;

	cell_serve(&cell);
	z.than = cell_zygote(&cell);
	w.index = 0;
	w.than = cell_worker(&cell, 0);
	kill(z.than, SIGKILL);
	ck_assert(cell_until(another_zygote, &cell, &z, SOON_MS));
	ck_assert_int_eq(cell_worker(&cell, 0), w.than);
	/* The new one clones as well. */
	kill(w.than, SIGKILL);
	ck_assert(cell_until(another_worker, &cell, &w, SOON_MS));
}
END_TEST

START_TEST(zygote_and_workers_killed_at_once_come_back)
{
	struct other o = { .index = 1 };

	cell_serve(&cell);
	o.than = cell_worker(&cell, 1);
	kill(cell_zygote(&cell), SIGKILL);
	kill(cell_worker(&cell, 0), SIGKILL);
	kill(o.than, SIGKILL);
	ck_assert(cell_until(another_worker, &cell, &o, SOON_MS));
}
END_TEST

START_TEST(a_worker_that_stops_being_forked_does_not_hang_the_group)
{
	struct other o = { .index = 0 };

	cell_serve(&cell);
	o.than = cell_worker(&cell, 0);
	cell_flag(&cell, "fork_fail");
	kill(o.than, SIGKILL);
	ck_assert(cell_logged(&cell, "not forked", 2, SOON_MS));
	cell_unflag(&cell, "fork_fail");
	ck_assert(cell_until(another_worker, &cell, &o, 2 * SOON_MS));
}
END_TEST

/* --- the master's own death --- */

static int
none_left(struct cell *c, void *arg)
{
	pid_t v[64];

	(void)c;
	(void)arg;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return cell_children(getpid(), v, 64) == 0;
}

START_TEST(a_killed_master_leaves_no_process)
{
	cell_serve(&cell);
	kill(cell.pid, SIGKILL);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 128 + SIGKILL);
	/* We are their subreaper: all of them come to us. */
	ck_assert(cell_until(none_left, &cell, NULL, 6000));
}
END_TEST

START_TEST(what_a_killed_master_left_is_examined_and_replaced)
{
	struct stat before, after;

	cell_serve(&cell);
	ck_assert_int_eq(stat(cell.region, &before), 0);
	kill(cell.pid, SIGKILL);
	cell_wait(&cell, SOON_MS);
	cell_start(&cell);
	ck_assert(cell_logged(&cell, "serving generation=1", 2, SOON_MS));
	ck_assert(cell_logged(&cell, "stale path=", 1, 0));
	ck_assert(cell_logged(&cell, "verdict=\"", 1, 0));
	ck_assert_int_eq(stat(cell.region, &after), 0);
	ck_assert(before.st_ino != after.st_ino);
}
END_TEST

START_TEST(what_is_no_region_is_refused_and_replaced)
{
	char line[4096];
	int fd = open(cell.region, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	memset(line, 'x', sizeof line);
	ck_assert_int_eq(write(fd, line, sizeof line), (int)sizeof line);
	close(fd);
	cell_serve(&cell);
	ck_assert(cell_logged(&cell, "exit=2 verdict=\"not usable", 1, 0));
}
END_TEST

START_TEST(a_second_master_names_the_first)
{
	struct cell second;
	char text[64];

	cell_serve(&cell);
	second = cell;
	second.pid = 0;
	cell_start(&second);
	ck_assert_int_eq(cell_wait(&second, SOON_MS), 73);
	snprintf(text, sizeof text, "already running pid=%d", (int)cell.pid);
	ck_assert(cell_logged(&cell, text, 1, 0));
	ck_assert_int_ne(cell_worker(&cell, 0), 0);
}
END_TEST

/* --- stopping --- */

static void
nothing_is_left(void)
{
	char path[256];
	struct stat st;

	ck_assert_int_eq(none_left(&cell, NULL), 1);
	ck_assert_int_lt(stat(cell.region, &st), 0);
	snprintf(path, sizeof path, "%s/control.sock", cell.run);
	ck_assert_int_lt(lstat(path, &st), 0);
}

START_TEST(a_stop_leaves_nothing)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGQUIT };

	cell_serve(&cell);
	kill(cell.pid, sigs[_i]);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	nothing_is_left();
}
END_TEST

START_TEST(a_stop_ends_in_its_time_when_workers_do_not)
{
	cell_configure(&cell, "", "stop { timeout = 1s }\n");
	cell_flag(&cell, "drain_hang");
	cell_serve(&cell);
	kill(cell.pid, SIGTERM);
	ck_assert_int_eq(cell_wait(&cell, 3000), 0);
	nothing_is_left();
}
END_TEST

START_TEST(a_second_interrupt_stops_at_once)
{
	cell_configure(&cell, "", "stop { timeout = 1h }\n");
	cell_flag(&cell, "drain_hang");
	cell_serve(&cell);
	kill(cell.pid, SIGINT);
	ck_assert(cell_logged(&cell, "stopping limit", 1, SOON_MS));
	kill(cell.pid, SIGINT);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	nothing_is_left();
}
END_TEST

START_TEST(a_stop_during_the_start_ends_in_order)
{
	cell_flag(&cell, "open_hang");
	cell_start(&cell);
	ck_assert(cell_logged(&cell, "ready zygote=", 1, SOON_MS));
	kill(cell.pid, SIGTERM);
	ck_assert_int_ge(cell_wait(&cell, 9500), 0);
	nothing_is_left();
}
END_TEST

/* --- crash loops --- */

static const char *
group_state(struct cell *c)
{
	static char state[32];
	json_t *doc = cell_status(c);

	snprintf(state, sizeof state, "%s",
	    json_string_value(json_object_get(
		json_array_get(json_object_get(doc, "groups"), 0), "state")));
	json_decref(doc);
	return state;
}

static int
group_is(struct cell *c, void *arg)
{
	return strcmp(group_state(c), arg) == 0;
}

START_TEST(a_crash_loop_is_a_failed_state_and_is_left_again)
{
	static const char *const how[] = { "open_crash", "open_exit",
		"late_crash", "warm_crash" };

	cell_configure(&cell, "", "respawn { delay = 300ms  early = 500ms }\n");
	cell_flag(&cell, how[_i]);
	cell_start(&cell);
	ck_assert(cell_logged(&cell, "group failed", 1, SOON_MS));
	ck_assert_str_eq(group_state(&cell), "failed");
	cell_unflag(&cell, how[_i]);
	ck_assert(cell_until(group_is, &cell, (void *)(uintptr_t) "ready",
	    2 * SOON_MS));
	ck_assert_int_ne(cell_worker(&cell, 1), 0);
}
END_TEST

START_TEST(a_plugin_that_cannot_be_loaded_ends_the_start)
{
	cell_flag(&cell, "abi");
	cell_start(&cell);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 78);
	ck_assert(cell_logged(&cell, "ABI 9, this is 1", 1, 0));
	nothing_is_left();
}
END_TEST

/* --- the mender and the region --- */

START_TEST(a_region_beyond_repair_is_condemned_and_made_anew)
{
	struct stat before, after;
	struct other o = { .index = 0 };

	cell_flag(&cell, "mend_crash");
	cell_serve(&cell);
	ck_assert_int_eq(stat(cell.region, &before), 0);
	o.than = cell_worker(&cell, 0);
	kill(o.than, SIGKILL);
	ck_assert(cell_logged(&cell, "condemned slot=", 1, SOON_MS));
	cell_unflag(&cell, "mend_crash");
	ck_assert(cell_logged(&cell, "rebuilt", 1, SOON_MS));
	ck_assert(cell_until(another_worker, &cell, &o, SOON_MS));
	ck_assert(cell_until(group_is, &cell, (void *)(uintptr_t) "ready",
	    SOON_MS));
	ck_assert_int_eq(stat(cell.region, &after), 0);
	ck_assert(before.st_ino != after.st_ino);
	kill(cell.pid, SIGTERM);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	nothing_is_left();
}
END_TEST

START_TEST(a_mender_that_hangs_is_killed_after_two_seconds)
{
	struct other o = { .index = 0 };

	cell_flag(&cell, "mend_hang");
	cell_serve(&cell);
	o.than = cell_worker(&cell, 0);
	kill(o.than, SIGKILL);
	/* The successor does not wait for the repair. */
	ck_assert(cell_until(another_worker, &cell, &o, 1000));
	cell_unflag(&cell, "mend_hang");
	ck_assert(cell_logged(&cell, "too slow slot=", 1, SOON_MS));
	ck_assert_int_eq(cell_logged(&cell, "condemned", 1, 500), 0);
}
END_TEST

START_TEST(who_stays_in_a_section_is_killed)
{
	cell_configure(&cell, "", "workers { section_max = 500ms }\n");
	cell_serve(&cell);
	cell_flag(&cell, "section_hang");
	ck_assert(cell_logged(&cell, "long section", 1, SOON_MS));
	cell_unflag(&cell, "section_hang");
	ck_assert(cell_logged(&cell, "holds=section action=killed", 1,
	    SOON_MS));
	ck_assert(cell_until(group_is, &cell, (void *)(uintptr_t) "ready",
	    SOON_MS));
}
END_TEST

START_TEST(a_worker_that_is_too_large_is_retired)
{
	struct other o = { .index = 0 };

	cell_configure(&cell, "", "workers { memory_max = 4k }\n");
	cell_serve(&cell);
	o.than = cell_worker(&cell, 0);
	ck_assert(cell_logged(&cell, "too large worker=web.", 2, SOON_MS));
	ck_assert(cell_until(another_worker, &cell, &o, SOON_MS));
	ck_assert_int_eq(cell_logged(&cell, "group failed", 1, 0), 0);
}
END_TEST

/* --- reload --- */

static void
expect(const char *command, const char *in_reply)
{
	char *reply = cell_ctl(&cell, command);

	ck_assert_msg(strstr(reply, in_reply) != NULL, "%s: %s", command,
	    reply);
	free(reply);
}

START_TEST(a_reload_brings_the_next_generation)
{
	unsigned gen;
	int port;

	cell_serve(&cell);
	port = cell_port(&cell, 0);
	ck_assert_int_ne(cell_ask(&cell, port, &gen), 0);
	ck_assert_uint_eq(gen, 1);
	expect("reload --wait --json", "\"generation\":2");
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
	expect("reload --wait --json", bad[_i].reason);
	ck_assert_int_ne(cell_ask(&cell, port, &gen), 0);
	ck_assert_uint_eq(gen, 1);
	ck_assert_str_eq(group_state(&cell), "ready");
	cell_unflag(&cell, bad[_i].flag);
	expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_ne(cell_ask(&cell, port, &gen), 0);
	ck_assert_uint_gt(gen, 1);
}
END_TEST

START_TEST(a_configuration_that_is_wrong_is_refused_with_its_line)
{
	cell_serve(&cell);
	cell_configure(&cell, "", "nonsense { x = 1 }\n");
	expect("reload --json", "skepd.conf:");
	ck_assert_int_ne(cell_worker(&cell, 0), 0);
	expect("status --json", "\"refused\":1");
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
	expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_eq(cell_port(&cell, 0), first);
	second = cell_port(&cell, 2);
	ck_assert_int_ne(second, first);
	ck_assert_int_ne(cell_ask(&cell, second, NULL), 0);
	snprintf(text, sizeof text, "%s/web.sock", cell.dir);
	ck_assert_int_eq(access(text, F_OK), 0);
	cell_configure(&cell, "", "");
	expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_eq(cell_ask(&cell, second, NULL), 0);
	ck_assert_int_ne(cell_ask(&cell, first, NULL), 0);
	ck_assert_int_lt(access(text, F_OK), 0);
}
END_TEST

/* --- scale, drain, signals --- */

static int
n_workers(struct cell *c)
{
	int i = 0;

	while (cell_worker(c, i) != 0)
		i++;
	return i;
}

static int
has_workers(struct cell *c, void *arg)
{
	return n_workers(c) == *(int *)arg;
}

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
	expect("reload --wait --json", reason);
	expect("reload --wait --json", reason);
	close(fd);
	expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_ne(cell_ask(&cell, ntohs(sa.sin_port), NULL), 0);
}
END_TEST

START_TEST(workers_are_added_and_retired_on_request)
{
	int three = 3, two = 2;

	cell_serve(&cell);
	expect("scale web 4 --wait --json", "done");
	ck_assert_int_eq(n_workers(&cell), 4);
	kill(cell.pid, SIGTTOU);
	ck_assert(cell_until(has_workers, &cell, &three, SOON_MS));
	expect("scale web 5 --json", "from 2 to 4");
	expect("scale web auto --wait --json", "done");
	ck_assert_int_eq(n_workers(&cell), 2);
	kill(cell.pid, SIGTTIN);
	ck_assert(cell_until(has_workers, &cell, &three, SOON_MS));
	kill(cell.pid, SIGTTOU);
	kill(cell.pid, SIGUSR2);
	ck_assert(cell_until(has_workers, &cell, &two, SOON_MS));
	ck_assert(cell_logged(&cell, "upgrade is not available", 1, SOON_MS));
}
END_TEST

START_TEST(a_drained_worker_is_replaced_and_a_drained_server_is_not)
{
	struct other o = { .index = 0 };
	int none = 0, two = 2;

	cell_serve(&cell);
	o.than = cell_worker(&cell, 0);
	expect("drain web.1 --wait --json", "done");
	ck_assert(cell_until(another_worker, &cell, &o, SOON_MS));
	kill(cell.pid, SIGWINCH);
	ck_assert(cell_until(has_workers, &cell, &none, SOON_MS));
	expect("scale web auto --json", "\"ok\":true");
	ck_assert(cell_until(has_workers, &cell, &two, SOON_MS));
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
	expect("ping --json", "pong");
	close(fd);
	expect("ping --json", "pong");
}
END_TEST

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
	expect("ping --json", "pong");
}
END_TEST

/* --- how it is started --- */

START_TEST(a_taken_port_is_named_with_its_option)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	char text[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	snprintf(text, sizeof text, "\tlisten = {\"127.0.0.1:%u\"}\n",
	    ntohs(sa.sin_port));
	cell_configure(&cell, text, "");
	cell_start(&cell);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 73);
	snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(sa.sin_port));
	ck_assert(cell_logged(&cell, text, 1, 0));
	ck_assert(cell_logged(&cell, "group.web.listen", 1, 0));
	close(fd);
	nothing_is_left();
}
END_TEST

START_TEST(root_has_to_be_asked_for_by_name)
{
	FILE *f;

	if (geteuid() != 0)
		return;
	f = fopen(cell.conf, "we");
	fprintf(f, "skepd { run_dir = \"%s\" }\ngroup web { plugin = {\"x\"} "
	    "listen = {\"127.0.0.1:0\"} }\n", cell.run);
	fclose(f);
	cell_start(&cell);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 78);
	ck_assert(cell_logged(&cell, "skepd.user", 1, 0));
}
END_TEST

START_TEST(a_wrong_configuration_is_refused_with_its_line)
{
	cell_configure(&cell, "", "cahce { size = 1 }\n");
	cell_start(&cell);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 78);
	ck_assert(cell_logged(&cell, "skepd.conf:", 1, 0));
}
END_TEST

START_TEST(the_service_manager_is_told)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char env[160], text[256] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct timeval limit = { .tv_sec = 5 };

	snprintf(sa.sun_path, sizeof sa.sun_path, "%s/notify", cell.dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	snprintf(env, sizeof env, "NOTIFY_SOCKET=%s", sa.sun_path);
	cell.set_env = env;
	cell_serve(&cell);
	ck_assert_int_gt(recv(fd, text, sizeof text - 1, 0), 0);
	ck_assert_ptr_nonnull(strstr(text, "READY=1"));
	kill(cell.pid, SIGHUP);
	memset(text, 0, sizeof text);
	ck_assert_int_gt(recv(fd, text, sizeof text - 1, 0), 0);
	ck_assert_ptr_nonnull(strstr(text, "RELOADING=1"));
	memset(text, 0, sizeof text);
	ck_assert_int_gt(recv(fd, text, sizeof text - 1, 0), 0);
	ck_assert_ptr_nonnull(strstr(text, "READY=1"));
	kill(cell.pid, SIGTERM);
	memset(text, 0, sizeof text);
	ck_assert_int_gt(recv(fd, text, sizeof text - 1, 0), 0);
	ck_assert_ptr_nonnull(strstr(text, "STOPPING=1"));
	close(fd);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
}
END_TEST

START_TEST(a_passed_socket_is_served)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	char text[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	snprintf(text, sizeof text, "\tlisten = {\"127.0.0.1:%u\"}\n",
	    ntohs(sa.sin_port));
	cell_configure(&cell, text, "");
	cell.keep_fd3 = fd;
	cell_serve(&cell);
	ck_assert(cell_logged(&cell, "inherited=yes", 1, 0));
	ck_assert_int_ne(cell_ask(&cell, ntohs(sa.sin_port), NULL), 0);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("master");
	TCase *tc = tcase_create("processes");
	SRunner *r;
	int failed;

	cell_prefix();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_killed_worker_is_replaced_however_often);
	tcase_add_loop_test(tc, a_killed_keeper_or_mender_is_replaced, 0, 2);
	tcase_add_test(tc, a_killed_zygote_is_replaced_and_its_workers_serve_on);
	tcase_add_test(tc, zygote_and_workers_killed_at_once_come_back);
	tcase_add_test(
	    tc, a_worker_that_stops_being_forked_does_not_hang_the_group);
	tcase_add_test(tc, a_killed_master_leaves_no_process);
	tcase_add_test(
	    tc, what_a_killed_master_left_is_examined_and_replaced);
	tcase_add_test(tc, what_is_no_region_is_refused_and_replaced);
	tcase_add_test(tc, a_second_master_names_the_first);
	tcase_add_loop_test(tc, a_stop_leaves_nothing, 0, 3);
	tcase_add_test(tc, a_stop_ends_in_its_time_when_workers_do_not);
	tcase_add_test(tc, a_second_interrupt_stops_at_once);
	tcase_add_test(tc, a_stop_during_the_start_ends_in_order);
	tcase_add_loop_test(
	    tc, a_crash_loop_is_a_failed_state_and_is_left_again, 0, 4);
	tcase_add_test(tc, a_plugin_that_cannot_be_loaded_ends_the_start);
	tcase_add_test(
	    tc, a_region_beyond_repair_is_condemned_and_made_anew);
	tcase_add_test(tc, a_mender_that_hangs_is_killed_after_two_seconds);
	tcase_add_test(tc, who_stays_in_a_section_is_killed);
	tcase_add_test(tc, a_worker_that_is_too_large_is_retired);
	tcase_add_test(tc, a_reload_brings_the_next_generation);
	tcase_add_loop_test(tc, a_generation_that_does_not_come_up_is_dropped,
	    0, (int)(sizeof bad / sizeof bad[0]));
	tcase_add_test(
	    tc, a_configuration_that_is_wrong_is_refused_with_its_line);
	tcase_add_test(tc, listeners_come_and_go_with_a_reload);
	tcase_add_test(
	    tc, a_taken_port_refuses_the_reload_and_not_the_next);
	tcase_add_test(tc, workers_are_added_and_retired_on_request);
	tcase_add_test(
	    tc, a_drained_worker_is_replaced_and_a_drained_server_is_not);
	tcase_add_test(tc, a_client_that_does_not_read_holds_nobody_up);
	tcase_add_test(tc, more_clients_than_allowed_are_turned_away);
	tcase_add_test(tc, a_taken_port_is_named_with_its_option);
	tcase_add_test(tc, root_has_to_be_asked_for_by_name);
	tcase_add_test(tc, a_wrong_configuration_is_refused_with_its_line);
	tcase_add_test(tc, the_service_manager_is_told);
	tcase_add_test(tc, a_passed_socket_is_served);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	cell_sweep(failed > 0);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
