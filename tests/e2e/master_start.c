/*
 * master_start - how skepd is started: by whom, from where, with what passed
 * on, and what is refused.
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
	sight_nothing_left();
}
END_TEST

START_TEST(a_region_is_made_where_it_is_wanted_or_not_at_all)
{
	snprintf(cell.region, sizeof cell.region, "%s/none/region", cell.dir);
	cell_configure(&cell, "", "");
	cell_start(&cell);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 73);
	ck_assert(cell_logged(&cell, "No such file or directory "
	    "(region.path)", 1, 0));
	sight_nothing_left();
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

/* Can that user come to the programs of this build tree? */
static int
reachable_as(uid_t uid)
{
	char path[512];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(path, sizeof path, "%s/skep-worker", cell.lib);
		_exit(setuid(uid) < 0 || access(path, X_OK) < 0);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

START_TEST(root_is_given_up_after_binding)
{
	const struct passwd *nobody = getpwnam("nobody");
	char path[96], text[160];
	struct stat st;
	pid_t v[16];
	int i, n;

	if (geteuid() != 0 || nobody == NULL || !reachable_as(nobody->pw_uid))
		return;
	cell.user = "nobody";
	snprintf(path, sizeof path, "%s/web.sock", cell.dir);
	snprintf(text, sizeof text,
	    "\tlisten = {\"127.0.0.1:1017\", \"unix:%s\"}\n", path);
	cell_configure(&cell, text, "");
	cell_start(&cell);
	/* Somebody may have that port: then this says nothing. */
	if (cell_logged(&cell, "cannot listen on", 1, 200))
		return;
	ck_assert(cell_logged(&cell, "serving", 1, SOON_MS));
	ck_assert_int_eq(cell_uid_of(cell.pid), (int)nobody->pw_uid);
	n = cell_children(cell.pid, v, 16);
	ck_assert_int_eq(n, 5);
	for (i = 0; i < n; i++)
		ck_assert_int_eq(cell_uid_of(v[i]), (int)nobody->pw_uid);
	ck_assert_int_eq(stat(cell.region, &st), 0);
	ck_assert_uint_eq(st.st_uid, nobody->pw_uid);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, nobody->pw_uid);
	ck_assert_uint_eq(st.st_gid, nobody->pw_gid);
	/* Its mode can be changed without privileges. */
	strcat(text, "\tsocket_mode = \"0600\"\n");
	cell_configure(&cell, text, "");
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	kill(cell.pid, SIGTERM);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	sight_nothing_left();
}
END_TEST

START_TEST(strangers_cannot_use_the_control_socket)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char text[256] = "";
	int status, fd;
	pid_t pid;

	if (geteuid() != 0)
		return;
	cell_configure(&cell, "",
	    "control { group = \"nogroup\"  group_role = read }\n");
	cell_serve(&cell);
	snprintf(sa.sun_path, sizeof sa.sun_path, "%s/control.sock", cell.run);
	pid = fork();
	if (pid == 0) {
		/* Not of the group: not even the socket. */
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (setgroups(0, NULL) < 0 || setgid(12345) < 0 ||
		    setuid(65534) < 0)
			_exit(1);
		_exit(connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	pid = fork();
	if (pid == 0) {
		/* Of the group: what its role allows. */
		const struct group *gr = getgrnam("nogroup");

		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (gr == NULL || setgroups(1, &gr->gr_gid) < 0 ||
		    setgid(12345) < 0 || setuid(65534) < 0 ||
		    connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0)
			_exit(2);
		if (send(fd, "stop\n", 5, 0) != 5 ||
		    recv(fd, text, sizeof text - 1, 0) <= 0)
			_exit(3);
		_exit(strncmp(text, "ERR 77 ", 7) != 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	sight_expect("ping --json", "pong");
}
END_TEST

static int
terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	cell.tty = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(cell.tty, 0);
	return master;
}

START_TEST(on_a_terminal_resizing_does_nothing_and_ctrl_c_stops_in_order)
{
	int master = terminal();

	cell_serve(&cell);
	kill(cell.pid, SIGWINCH);
	ck_assert(cell_logged(&cell, "signal=SIGWINCH", 1, SOON_MS));
	ck_assert_int_ne(cell_worker(&cell, 0), 0);
	/* To the terminal's foreground group: no child may be of it. */
	ck_assert_int_eq(write(master, "\003", 1), 1);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	ck_assert_int_eq(cell_logged(&cell, "sig=2", 1, 0), 0);
	sight_nothing_left();
	close(master);
}
END_TEST

START_TEST(on_a_terminal_hangup_stops)
{
	int master = terminal();

	cell_serve(&cell);
	kill(cell.pid, SIGHUP);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	sight_nothing_left();
	close(master);
}
END_TEST

START_TEST(it_works_as_the_first_process_of_a_container)
{
	if (geteuid() != 0)
		return;
	cell.as_pid_1 = 1;
	cell_start(&cell);
	if (!cell_logged(&cell, "serving", 1, SOON_MS) &&
	    cell_wait(&cell, 100) == 77)
		return; /* no namespaces here */
	ck_assert(cell_logged(&cell, "start version=", 1, 0));
	ck_assert(cell_logged(&cell, "skepd[1]", 1, 0));
	sight_expect("drain web.1 --wait --json", "done");
	ck_assert(cell_until(sight_group_is, &cell, (void *)(uintptr_t) "ready",
	    SOON_MS));
	kill(cell.pid, SIGTERM);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	sight_nothing_left();
}
END_TEST

START_TEST(the_access_log_is_opened_again_on_request)
{
	char more[160], old[96];

	snprintf(more, sizeof more, "log { access = \"%s/access\" }\n",
	    cell.dir);
	cell_configure(&cell, "", more);
	cell_serve(&cell);
	snprintf(more, sizeof more, "%s/access", cell.dir);
	snprintf(old, sizeof old, "%s/access.1", cell.dir);
	ck_assert_int_eq(rename(more, old), 0);
	kill(cell.pid, SIGUSR1);
	ck_assert(cell_logged(&cell, "signal=SIGUSR1", 1, SOON_MS));
	sight_expect("ping --json", "pong");
	ck_assert_int_eq(access(more, F_OK), 0);
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

TCase *
master_start_case(void)
{
	return SUITE_CASE("master_start", sight_open, sight_close,
	    a_taken_port_is_named_with_its_option,
    a_region_is_made_where_it_is_wanted_or_not_at_all,
	    root_has_to_be_asked_for_by_name,
	    a_wrong_configuration_is_refused_with_its_line,
	    the_service_manager_is_told, root_is_given_up_after_binding,
	    strangers_cannot_use_the_control_socket,
	    on_a_terminal_resizing_does_nothing_and_ctrl_c_stops_in_order,
	    on_a_terminal_hangup_stops,
	    it_works_as_the_first_process_of_a_container,
	    the_access_log_is_opened_again_on_request,
	    a_passed_socket_is_served);
}
