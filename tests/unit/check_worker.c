/* skep-worker as the master sees it: it serves, and takes what it is given. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "../lib/suite.h"
#include "check_worker.h"
#include "clock.h"
#include "handover.h"

START_TEST(a_worker_serves_and_says_who_it_is)
{
	char pid[16], path[64], stat[512];
	const struct msg_ready *r;
	const struct msg_state *s;
	FILE *f;
	int fd, ppid = 0;

	start(CONF(""), 1);
	r = m.msg.body;
	ck_assert_uint_eq(r->slot, m.worker[0].slot);
	ck_assert_uint_ne(r->asked_ns, 0);
	ck_assert_int_eq(m.msg.head.pid, m.worker[0].pid);
	fd = dial();
	ck_assert_str_eq(ask(fd, "echo hi there\r\n"), "hi there");
	(void)snprintf(pid, sizeof pid, "%d", (int)m.worker[0].pid);
	ck_assert_str_eq(ask(fd, "pid\n"), pid);
	ck_assert_str_eq(ask(fd, "data\n"), "opened");
	ck_assert_str_eq(ask(fd, "opt\n"), "hello 1500000000");
	/* Ours, not the zygote's: forked twice. */
	(void)snprintf(path, sizeof path, "/proc/%s/stat", pid);
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	ck_assert_ptr_nonnull(fgets(stat, sizeof stat, f));
	(void)fclose(f);
	ck_assert_int_eq(sscanf(strrchr(stat, ')'), ") %*c %d", &ppid), 1);
	ck_assert_int_eq(ppid, getpid());
	do
		ck_assert_int_eq(fm_expect(&m, m.worker[0].chan, MSG_STATE), 1);
	while ((s = m.msg.body)->connections == 0);
	ck_assert_uint_eq(s->connections, 1);
	ck_assert_uint_eq(s->draining, 0);
	close(fd);
}
END_TEST

START_TEST(options_come_from_the_configuration)
{
	int fd;

	start(CONF("plugin talk { greeting = \"good day\" wait = \"2s\" }"), 1);
	fd = dial();
	ck_assert_str_eq(ask(fd, "opt\n"), "good day 2000000000");
	close(fd);
}
END_TEST

START_TEST(workers_share_the_cache)
{
	char first[256];
	int fd[16], i, other = -1;

	start(CONF(""), 2);
	for (i = 0; i < 16; i++)
		fd[i] = dial();
	(void)snprintf(first, sizeof first, "%s", ask(fd[0], "pid\n"));
	say(fd[0], "put value\n");
	ck_assert_str_eq(ask(fd[0], "get\n"), "value");
	for (i = 1; i < 16; i++)
		if (strcmp(ask(fd[i], "pid\n"), first) != 0)
			other = i;
	/* All may have gone to one worker; then there is nothing to see. */
	if (other > 0)
		ck_assert_str_eq(ask(fd[other], "get\n"), "value");
	for (i = 0; i < 16; i++)
		close(fd[i]);
}
END_TEST

START_TEST(a_handler_that_waits_holds_up_nobody)
{
	int a, b;

	start(CONF(""), 1);
	a = dial();
	b = dial();
	say(a, "await\n");
	ck_assert_str_eq(ask(b, "echo first\n"), "first");
	ck_assert_int_eq(recv(a, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	say(b, "put second\n");
	ck_assert_str_eq(hear(a), "second");
	close(a);
	close(b);
}
END_TEST

START_TEST(reads_take_what_they_ask_for)
{
	char line[300];
	int fd;

	start(CONF(""), 1);
	fd = dial();
	say(fd, "ex");
	say(fd, "act 6\nabc");
	ck_assert_str_eq(ask(fd, "de\necho a\necho b\n"), "got 6");
	ck_assert_str_eq(hear(fd), "a");
	ck_assert_str_eq(hear(fd), "b");
	memset(line, 'y', sizeof line);
	memcpy(line, "echo ", 5);
	line[200] = '\n';
	line[201] = '\0';
	say(fd, line);
	line[200] = '\0';
	ck_assert_str_eq(hear(fd), line + 5);
	line[200] = 'y';
	line[201] = '\n';
	line[202] = '\0';
	ck_assert_str_eq(ask(fd, line), "too long");
	ck_assert_str_eq(hear(fd), "");
	close(fd);
}
END_TEST

START_TEST(a_slow_reader_gets_all_its_bytes)
{
	static char buf[65536];
	size_t n = 0;
	ssize_t k;
	int fd;

	start(CONF(""), 1);
	fd = dial();
	say(fd, "bytes 8000000\nquit\n");
	ck_assert_int_eq(recv(fd, buf, 1, MSG_PEEK), 1);
	until_they_wait();	/* for room: it has more than the kernel takes */
	while ((k = recv(fd, buf, sizeof buf, 0)) > 0)
		n += (size_t)k;
	ck_assert_int_eq(k, 0);
	ck_assert_uint_eq(n, 8000001);
	close(fd);
}
END_TEST

START_TEST(task_memory_has_its_limit_and_defers_run)
{
	int fd;

	start(CONF("task { memory_max = 1MiB }"), 1);
	fd = dial();
	say(fd, "defer\n");
	ck_assert_str_eq(ask(fd, "alloc 500000\n"), "allocated");
	ck_assert_str_eq(ask(fd, "alloc 900000\n"), "");
	ck_assert_ptr_nonnull(strstr(fm_read_log(&m), "talk: out of memory"));
	ck_assert_ptr_nonnull(strstr(fm_read_log(&m), "talk: deferred"));
	close(fd);
	fd = dial();
	ck_assert_str_eq(ask(fd, "echo on\n"), "on");
	close(fd);
}
END_TEST

START_TEST(signals_are_left_to_the_master)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1,
		SIGUSR2, SIGPIPE, SIGWINCH };
	size_t i;
	int fd;

	start(CONF(""), 1);
	ck_assert_int_eq(getpgid(m.worker[0].pid), m.worker[0].pid);
	for (i = 0; i < sizeof sigs / sizeof *sigs; i++)
		ck_assert_int_eq(kill(m.worker[0].pid, sigs[i]), 0);
	fd = dial();
	ck_assert_str_eq(ask(fd, "echo alive\n"), "alive");
	close(fd);
}
END_TEST

START_TEST(connections_over_the_limit_wait_for_room)
{
	int a, b, c;

	start(CONF("workers { connections_max = 2 }"), 1);
	a = dial();
	b = dial();
	ck_assert_str_eq(ask(a, "echo a\n"), "a");
	ck_assert_str_eq(ask(b, "echo b\n"), "b");
	c = dial();
	say(c, "echo c\n");
	ck_assert_str_eq(ask(a, "echo a\n"), "a");
	ck_assert_int_eq(recv(c, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	close(b);
	ck_assert_str_eq(hear(c), "c");
	close(a);
	close(c);
}
END_TEST

/* What a draining worker of the generation before would send. */
static void
hand_over(int fd, const char *bytes)
{
	struct handover_head h = { .magic = HANDOVER_MAGIC,
		.n_bytes = (uint32_t)strlen(bytes),
		.protocol = PROTOCOL_STREAM };
	char packet[512];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { packet, sizeof h + strlen(bytes) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &c, .msg_controllen = sizeof c.room };

	memcpy(packet, &h, sizeof h);
	memcpy(packet + sizeof h, bytes, strlen(bytes));
	memcpy(CMSG_DATA(&c.head), &fd, sizeof fd);
	ck_assert_int_gt(sendmsg(m.handover[1], &msg, 0), 0);
}

START_TEST(a_connection_that_is_handed_over_is_served_with_its_bytes)
{
	int sv[2];

	start(CONF(""), 1);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv),
	    0);
	hand_over(sv[1], "echo ear");
	close(sv[1]);
	ck_assert_str_eq(ask(sv[0], "ly\n"), "early");
	close(sv[0]);
}
END_TEST

/* A stop that follows a reload at once. */
START_TEST(a_closing_worker_serves_what_was_on_its_way)
{
	const struct msg_state *s;
	int busy, sv[2];

	start(CONF(""), 1);
	busy = dial();
	ck_assert_str_eq(ask(busy, "echo x\n"), "x");
	say(busy, "sleep 500\n");
	ck_assert_int_eq(fm_drain(&m, 0, DRAIN_CLOSE, 4000), 0);
	do
		ck_assert_int_eq(fm_expect(&m, m.worker[0].chan, MSG_STATE), 1);
	while ((s = m.msg.body)->draining != 1);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv),
	    0);
	hand_over(sv[1], "echo late\n");
	close(sv[1]);
	ck_assert_str_eq(hear(sv[0]), "late");
	close(sv[0]);
	close(busy);
}
END_TEST

START_TEST(a_bad_packet_is_dropped)
{
	int sv[2];

	start(CONF(""), 1);
	ck_assert_int_eq(send(m.handover[1], "rubbish", 7, 0), 7);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv),
	    0);
	hand_over(sv[1], "");
	close(sv[1]);
	ck_assert_str_eq(ask(sv[0], "echo on\n"), "on");
	close(sv[0]);
	ck_assert_ptr_nonnull(strstr(fm_read_log(&m), "bad packet"));
}
END_TEST

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Not a bound: the machine is shared.  The figure is for the log. */
START_TEST(a_worker_is_ready_soon)
{
	int64_t us[FM_WORKERS - 1], t0;
	unsigned i;

	start(CONF(""), 1);
	for (i = 1; i < FM_WORKERS; i++) {
		t0 = clock_mono_ns();
		ck_assert_int_eq(fm_clone(&m, i), 0);
		ck_assert_int_eq(fm_expect(&m, m.worker[i].chan, MSG_READY), 1);
		us[i - 1] = (clock_mono_ns() - t0) / 1000;
	}
	qsort(us, FM_WORKERS - 1, sizeof *us, by_value);
	(void)printf("fork to ready: median %lld us, max %lld us\n",
	    (long long)us[(FM_WORKERS - 1) / 2],
	    (long long)us[FM_WORKERS - 2]);
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("worker", setup, teardown,
	    a_worker_serves_and_says_who_it_is,
	    options_come_from_the_configuration, workers_share_the_cache,
	    a_handler_that_waits_holds_up_nobody, reads_take_what_they_ask_for,
	    a_slow_reader_gets_all_its_bytes,
	    task_memory_has_its_limit_and_defers_run,
	    signals_are_left_to_the_master,
	    connections_over_the_limit_wait_for_room,
	    a_connection_that_is_handed_over_is_served_with_its_bytes,
    a_closing_worker_serves_what_was_on_its_way,
	    a_bad_packet_is_dropped, a_worker_is_ready_soon);

	return SUITE_RUN("worker", tc, worker_end_case(),
	    worker_refuse_case());
}
