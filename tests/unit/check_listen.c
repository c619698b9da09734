/* check_listen - addresses, taken ports, stale sockets, activation */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "listen.h"

static char dir[64], path[96];
static struct listen_set set;
static struct listen_plan plan = { .owner = "group.web.listen",
	.stamp = 1,
	.backlog = 16,
	.mode = 0600 };
static struct listen_plan next;	/* of the next generation */

static void
setup(void)
{
	strcpy(dir, "/tmp/check_listen.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "unix:%s/a sock", dir);
	memset(&set, 0, sizeof set);
	plan.uid = geteuid();
	plan.gid = getegid();
	next = plan;
	next.stamp = 2;
}

static void
teardown(void)
{
	listen_fini(&set);
	unlink(path + 5);
	rmdir(dir);
}

START_TEST(what_is_no_address_is_refused)
{
	struct listen_sock *s;
	char text[200];

	ck_assert_int_eq(listen_take(&set, "8080", &plan, &s), -EINVAL);
	memset(text, 'x', sizeof text);
	memcpy(text, "unix:/", 6);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(listen_take(&set, text, &plan, &s), -ENAMETOOLONG);
	ck_assert_uint_eq(set.n, 0);
}
END_TEST

START_TEST(a_path_gets_the_mode_asked_for)
{
	struct listen_sock *s;
	struct stat st;

	ck_assert_int_eq(listen_take(&set, path, &plan, &s), 0);
	ck_assert_int_eq(stat(path + 5, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_path_belongs_to_the_user_of_the_service)
{
	struct listen_sock *s;
	struct stat st;

	if (geteuid() == 0)
		plan.uid = plan.gid = 65534;
	ck_assert_int_eq(listen_take(&set, path, &plan, &s), 0);
	ck_assert_int_eq(stat(path + 5, &st), 0);
	ck_assert_uint_eq(st.st_uid, plan.uid);
	ck_assert_uint_eq(st.st_gid, plan.gid);
}
END_TEST

START_TEST(a_socket_that_is_kept_can_be_changed)
{
	struct listen_sock *s;
	struct stat st;

	ck_assert_int_eq(listen_take(&set, path, &plan, &s), 0);
	next.mode = 0660;
	ck_assert_int_eq(listen_adjust(s, &next), 0);
	ck_assert_int_eq(stat(path + 5, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
}
END_TEST

START_TEST(a_taken_port_is_an_error)
{
	struct listen_set other = { 0 };
	struct listen_sock *a, *b;

	ck_assert_int_eq(listen_take(&set, "127.0.0.1:0", &plan, &a), 0);
	ck_assert_str_ne(a->bound, "127.0.0.1:0");
	ck_assert_int_eq(listen_take(&other, a->bound, &plan, &b), -EADDRINUSE);
	listen_fini(&other);
}
END_TEST

START_TEST(an_address_that_stays_keeps_its_socket)
{
	struct listen_sock *a, *b;
	int fd;

	ck_assert_int_eq(listen_take(&set, "127.0.0.1:0", &plan, &a), 0);
	fd = a->fd;
	ck_assert_int_eq(listen_take(&set, "127.0.0.1:0", &next, &b), 0);
	ck_assert_ptr_eq(a, b);
	listen_drop(&set, a);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	listen_drop(&set, b);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(port_0_is_another_port_each_time_and_stays_with_its_owner)
{
	struct listen_plan admin = next;
	struct listen_sock *a, *b, *c;

	admin.owner = "admin.listen";
	ck_assert_int_eq(listen_take(&set, "127.0.0.1:0", &plan, &a), 0);
	ck_assert_int_eq(listen_take(&set, "127.0.0.1:0", &plan, &b), 0);
	ck_assert_ptr_ne(a, b);
	ck_assert_int_eq(listen_take(&set, "127.0.0.1:0", &admin, &c), 0);
	ck_assert_ptr_ne(c, a);
	ck_assert_ptr_ne(c, b);
}
END_TEST

START_TEST(an_address_can_be_taken_once_and_may_move)
{
	struct listen_plan moved = next;
	struct listen_sock *a, *b;

	moved.owner = "group.api.listen";
	ck_assert_int_eq(listen_take(&set, path, &plan, &a), 0);
	ck_assert_int_eq(listen_take(&set, path, &plan, &b), -EADDRINUSE);
	ck_assert_int_eq(listen_take(&set, path, &moved, &b), 0);
	ck_assert_ptr_eq(a, b);
}
END_TEST

START_TEST(a_socket_whose_owner_is_gone_is_taken_over)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct listen_sock *s;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, path + 5);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	close(fd);
	ck_assert_int_eq(listen_take(&set, path, &plan, &s), 0);
	ck_assert_int_eq(access(path + 5, F_OK), 0);
	listen_drop(&set, s);
	ck_assert_int_lt(access(path + 5, F_OK), 0);
}
END_TEST

START_TEST(a_socket_that_answers_is_left_alone)
{
	struct listen_set other = { 0 };
	struct listen_sock *a, *b;

	ck_assert_int_eq(listen_take(&set, path, &plan, &a), 0);
	ck_assert_int_eq(listen_take(&other, path, &plan, &b), -EADDRINUSE);
	listen_fini(&other);
	ck_assert_int_eq(access(path + 5, F_OK), 0);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_never_removed)
{
	struct listen_sock *s;
	int fd = open(path + 5, O_CREAT | O_WRONLY, 0600);

	close(fd);
	ck_assert_int_eq(listen_take(&set, path, &plan, &s), -EADDRINUSE);
	ck_assert_int_eq(access(path + 5, F_OK), 0);
}
END_TEST

START_TEST(a_path_that_somebody_replaced_stays)
{
	struct listen_sock *s;
	struct stat st;
	int fd;

	ck_assert_int_eq(listen_take(&set, path, &plan, &s), 0);
	unlink(path + 5);
	fd = open(path + 5, O_CREAT | O_WRONLY, 0600);
	close(fd);
	listen_drop(&set, s);
	ck_assert_int_eq(stat(path + 5, &st), 0);
}
END_TEST

/* In a process of its own: descriptor 3 belongs to the test library here. */
static int
activated_child(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	struct listen_sock *s;
	char text[32];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 ||
	    listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0 ||
	    dup2(fd, 3) != 3)
		return 1;
	if (fd != 3)
		close(fd);
	snprintf(text, sizeof text, "%ld", (long)getpid());
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", "1", 1);
	if (listen_activated(&set) != 1 || getenv("LISTEN_FDS") != NULL)
		return 2;
	snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(sa.sin_port));
	if (listen_take(&set, text, &plan, &s) != 0)
		return 3;
	return s->fd == 3 && s->inherited ? 0 : 4;
}

START_TEST(sockets_passed_by_the_service_manager_are_claimed_by_address)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(activated_child());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

SUITE_MAIN("listen", setup, teardown, what_is_no_address_is_refused,
    a_path_gets_the_mode_asked_for,
    a_path_belongs_to_the_user_of_the_service,
    a_socket_that_is_kept_can_be_changed, a_taken_port_is_an_error,
    an_address_that_stays_keeps_its_socket,
    port_0_is_another_port_each_time_and_stays_with_its_owner,
    an_address_can_be_taken_once_and_may_move,
    a_socket_whose_owner_is_gone_is_taken_over,
    a_socket_that_answers_is_left_alone,
    a_file_that_is_no_socket_is_never_removed,
    a_path_that_somebody_replaced_stays,
    sockets_passed_by_the_service_manager_are_claimed_by_address)
