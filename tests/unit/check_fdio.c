/* Descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fdio.h"
#include "suite.h"

START_TEST(whole_files_are_read)
{
	char *data;
	size_t n;
	int fd = fdio_memfd("x");

	ck_assert_int_eq(fdio_write_all(fd, "hello", 5), 0);
	ck_assert_int_eq(fdio_slurp(fd, 5, &data, &n), 0);
	ck_assert_uint_eq(n, 5);
	ck_assert_str_eq(data, "hello");
	free(data);
	ck_assert_int_eq(fdio_slurp(fd, 4, &data, &n), -EFBIG);
	close(fd);
	ck_assert_int_eq(fdio_slurp_path("/", 10, &data, &n), -EISDIR);
	ck_assert_int_eq(fdio_slurp_path("/dev/null", 10, &data, &n), -EINVAL);
	ck_assert_int_eq(fdio_slurp_path("/nowhere", 10, &data, &n), -ENOENT);
}
END_TEST

START_TEST(a_cut_read_is_seen)
{
	char buf[4];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fdio_write_all(ends[1], "abc", 3), 0);
	close(ends[1]);
	ck_assert_int_eq(fdio_read_all(ends[0], buf, 2), 0);
	ck_assert_int_eq(fdio_read_all(ends[0], buf, 2), -EPIPE);
	close(ends[0]);
}
END_TEST

START_TEST(sealed_memory_cannot_be_changed)
{
	int fd = fdio_memfd_sealed("x", "abc", 3);
	char *data;
	size_t n;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, "z", 1), -1);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
	ck_assert_int_eq(fdio_slurp(fd, 10, &data, &n), 0);
	ck_assert_str_eq(data, "abc");
	free(data);
	close(fd);
}
END_TEST

static int
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(only_what_is_kept_stays_open)
{
	int keep[2] = { 41, 43 }, fd = dup(0);

	ck_assert_int_eq(dup2(0, 41), 41);
	ck_assert_int_eq(dup2(0, 42), 42);
	ck_assert_int_eq(dup2(0, 43), 43);
	ck_assert_int_eq(dup2(0, 44), 44);
	fdio_close_from(40, keep, 2);
	ck_assert(is_open(41) && !is_open(42) && is_open(43) && !is_open(44));
	ck_assert(is_open(fd) || fd >= 40);
	fdio_close_from(40, NULL, 0);
	ck_assert(!is_open(41) && !is_open(43));
	close(fd);
}
END_TEST

START_TEST(placed_descriptors_survive_exec)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 50);

	ck_assert_int_eq(fdio_place(fd, 60), 0);
	ck_assert(!is_open(fd) && is_open(60));
	ck_assert_int_eq(fcntl(60, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fdio_set_cloexec(60, 1), 0);
	ck_assert_int_eq(fdio_place(60, 60), 0);
	ck_assert_int_eq(fcntl(60, F_GETFD) & FD_CLOEXEC, 0);
	close(60);
}
END_TEST

START_TEST(too_many_descriptors_are_closed)
{
	int sv[2], fds[4] = { 0, 1, 2, 0 }, got[2], before, after;
	size_t n = 2;
	char byte;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
	before = dup(0);
	close(before);
	ck_assert_int_eq((int)fdio_send(sv[0], "x", 1, fds, 4), 1);
	ck_assert_int_eq((int)fdio_recv(sv[1], &byte, 1, got, &n), -EMSGSIZE);
	ck_assert_uint_eq(n, 0);
	after = dup(0);
	ck_assert_int_eq(before, after);
	close(after);
	close(sv[0]);
	close(sv[1]);
}
END_TEST

START_TEST(a_cut_packet_is_refused)
{
	int sv[2], fds[1], fd = dup(0);
	size_t n = 1;
	char buf[4];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
	ck_assert_int_eq((int)fdio_send(sv[0], "12345", 5, &fd, 1), 5);
	ck_assert_int_eq((int)fdio_recv(sv[1], buf, 4, fds, &n), -EMSGSIZE);
	ck_assert_uint_eq(n, 0);
	close(fd);
	close(sv[0]);
	close(sv[1]);
}
END_TEST

START_TEST(every_byte_that_a_peer_takes_is_seen)
{
	static const char text[300];
	char some[300];
	int sv[2], unsent;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	ck_assert_int_eq(fdio_unsent(sv[0]), 0);
	ck_assert_int_eq(write(sv[0], text, 200), 200);
	ck_assert_int_eq(write(sv[0], text, 100), 100);
	ck_assert_int_gt(unsent = fdio_unsent(sv[0]), 0);
	ck_assert_int_eq(fdio_taken(sv[0], &unsent), 0);
	ck_assert_int_eq(read(sv[1], some, 200), 200);
	ck_assert_int_eq(fdio_taken(sv[0], &unsent), 1);
	ck_assert_int_eq(fdio_taken(sv[0], &unsent), 0);
	ck_assert_int_eq(fdio_unsent(-1), -1);
	close(sv[0]);
	close(sv[1]);
}
END_TEST

SUITE_MAIN("fdio", NULL, NULL, every_byte_that_a_peer_takes_is_seen,
    whole_files_are_read, a_cut_read_is_seen,
    sealed_memory_cannot_be_changed, only_what_is_kept_stays_open,
    placed_descriptors_survive_exec, too_many_descriptors_are_closed,
    a_cut_packet_is_refused)
