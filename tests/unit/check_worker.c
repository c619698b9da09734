/* skep-worker as the master sees it: protocol, refusals, crashes, drain. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "clock.h"
#include "fakemaster.h"
#include "handover.h"

#define CONF(rest) \
	"group web { plugin = \"talk\" protocol = stream " \
	"listen = \"127.0.0.1:0\" }\n" rest

static struct fm m;

static void
setup(void)
{
	memset(&m, 0, sizeof m);
}

static void
teardown(void)
{
	fm_close(&m);
}

/* A zygote and n workers that are ready. */
static void
start(const char *conf, unsigned n)
{
	unsigned i;

	ck_assert_int_eq(fm_open(&m, conf, "web"), 0);
	ck_assert_msg(fm_expect(&m, m.chan, MSG_ZYGOTE_READY) == 1, "%s",
	    fm_read_log(&m));
	for (i = 0; i < n; i++) {
		ck_assert_int_eq(fm_clone(&m, i), 0);
		ck_assert_msg(fm_expect(&m, m.worker[i].chan, MSG_READY) == 1,
		    "%s", fm_read_log(&m));
	}
}

static int
dial(void)
{
	int fd = fm_connect(&m);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    strlen(text));
}

/* One line of the answer, without its end; "" at the end of the connection. */
static const char *
hear(int fd)
{
	static char line[256];
	size_t n = 0;

	while (n < sizeof line - 1 && recv(fd, line + n, 1, 0) == 1) {
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	return line;
}

static const char *
ask(int fd, const char *text)
{
	say(fd, text);
	return hear(fd);
}

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
	char first[64];
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
	say(a, "sleep 300\n");
	ck_assert_str_eq(ask(b, "echo first\n"), "first");
	ck_assert_int_eq(recv(a, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	ck_assert_str_eq(hear(a), "slept");
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
	usleep(50000);
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

/* A sanitizer has its own words for a crash, and its own end. */
#ifndef SKEP_SANITIZED
/* The worker dies of sig; the log holds all of the given words. */
static void
dies(const char *command, int sig, ...)
{
	const char *word, *log;
	va_list ap;
	int fd, st;

	start(CONF(""), 1);
	fd = dial();
	ck_assert_str_eq(ask(fd, command), "");
	st = fm_wait_exit(m.worker[0].pid);
	log = fm_read_log(&m);
	ck_assert_msg(WIFSIGNALED(st) && WTERMSIG(st) == sig, "%x %s", st, log);
	m.worker[0].pid = 0;
	va_start(ap, sig);
	while ((word = va_arg(ap, const char *)) != NULL)
		ck_assert_msg(strstr(log, word) != NULL, "no %s in\n%s", word,
		    log);
	va_end(ap);
	close(fd);
	/* The zygote is well: the next worker serves. */
	ck_assert_int_eq(fm_clone(&m, 1), 0);
	ck_assert_int_eq(fm_expect(&m, m.worker[1].chan, MSG_READY), 1);
	fd = dial();
	ck_assert_str_eq(ask(fd, "echo again\n"), "again");
	close(fd);
}

START_TEST(a_crash_is_named_and_takes_only_its_worker)
{
	dies("crash\n", SIGSEGV, "signal=SIGSEGV", "address=0x8",
	    "plugin=talk", "handler=\"conn\"", "talk.so+0x", " name=serve",
	    NULL);
}
END_TEST

START_TEST(an_abort_is_named)
{
	dies("abort\n", SIGABRT, "signal=SIGABRT", "plugin=talk", NULL);
}
END_TEST

START_TEST(a_stack_overflow_is_named)
{
	dies("overflow\n", SIGSEGV, "stack overflow: see task.stack", NULL);
}
END_TEST
#endif

START_TEST(a_handler_that_loops_is_named_and_its_worker_ends)
{
	const char *log;
	int fd, st;

	start(CONF("watchdog { limit = 200ms warn = 50ms }"), 1);
	fd = dial();
	say(fd, "loop\n");
	ck_assert_int_eq(fm_expect(&m, m.worker[0].chan, MSG_STUCK), 1);
	ck_assert_ptr_nonnull(strstr(m.msg.text, "plugin=talk"));
	ck_assert_uint_ge(((const struct msg_stuck *)m.msg.body)->stuck_ms, 200);
	st = fm_wait_exit(m.worker[0].pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 71);
	m.worker[0].pid = 0;
	log = fm_read_log(&m);
	ck_assert_msg(strstr(log, "watchdog: slow") != NULL &&
	    strstr(log, "watchdog: stuck") != NULL &&
	    strstr(log, "name=loop_for_ever") != NULL, "%s", log);
	close(fd);
}
END_TEST

START_TEST(a_wait_inside_a_read_section_stops_the_worker)
{
	int fd, st;

	start(CONF(""), 1);
	fd = dial();
	say(fd, "put value\n");
	ck_assert_str_eq(ask(fd, "lookwait\n"), "");
	st = fm_wait_exit(m.worker[0].pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 70);
	m.worker[0].pid = 0;
	ck_assert_ptr_nonnull(strstr(fm_read_log(&m),
	    "suspended while holding an epoch section"));
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

/* Exit status 0 within its time. */
static void
ends_in_order(unsigned i)
{
	int st = fm_wait_exit(m.worker[i].pid);

	ck_assert_msg(WIFEXITED(st) && WEXITSTATUS(st) == 0, "%x %s", st,
	    fm_read_log(&m));
	m.worker[i].pid = 0;
}

START_TEST(a_drained_worker_finishes_what_it_has_begun)
{
	const struct msg_state *s;
	int busy, idle;

	start(CONF(""), 1);
	busy = dial();
	idle = dial();
	ck_assert_str_eq(ask(idle, "echo x\n"), "x");
	say(busy, "sleep 300\n");
	ck_assert_str_eq(ask(idle, "echo y\n"), "y");
	ck_assert_int_eq(fm_drain(&m, 0, DRAIN_CLOSE, 4000), 0);
	ck_assert_str_eq(hear(idle), "");
	ck_assert_str_eq(hear(busy), "slept");
	close(busy);
	close(idle);
	do
		ck_assert_int_eq(fm_expect(&m, m.worker[0].chan, MSG_STATE), 1);
	while ((s = m.msg.body)->draining < 2);
	ends_in_order(0);
	ck_assert_ptr_nonnull(strstr(fm_read_log(&m), "closing talk"));
}
END_TEST

START_TEST(a_drain_ends_at_its_deadline)
{
	int64_t t0;
	int fd;

	start(CONF(""), 1);
	fd = dial();
	ck_assert_str_eq(ask(fd, "echo x\n"), "x");
	say(fd, "sleep 60000\n");
	usleep(20000);
	t0 = clock_mono_ns();
	ck_assert_int_eq(fm_drain(&m, 0, DRAIN_HANDOVER, 400), 0);
	ends_in_order(0);
	ck_assert_int_lt((clock_mono_ns() - t0) / CLOCK_NS_PER_MS, 2000);
	close(fd);
}
END_TEST

START_TEST(without_a_master_a_worker_ends_in_order)
{
	int fd;

	start(CONF(""), 1);
	fd = dial();
	ck_assert_str_eq(ask(fd, "echo x\n"), "x");
	say(fd, "sleep 200\n");
	usleep(20000);
	chan_close(&m.worker[0].chan);
	ck_assert_str_eq(hear(fd), "slept");
	close(fd);
	ends_in_order(0);
}
END_TEST

START_TEST(without_a_master_the_zygote_ends)
{
	int st;

	start(CONF(""), 0);
	chan_close(&m.chan);
	st = fm_wait_exit(m.zygote);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	m.zygote = 0;
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
		.n_bytes = (uint32_t)strlen(bytes) };
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

START_TEST(the_log_level_can_be_changed)
{
	int fd;

	start(CONF(""), 1);
	ck_assert_int_eq(chan_send(m.worker[0].chan, MSG_LOG_LEVEL, NULL,
	    "error", 5, NULL, 0), 0);
	fd = dial();
	ck_assert_str_eq(ask(fd, "echo x\n"), "x");
	close(fd);
	ck_assert_int_eq(fm_drain(&m, 0, DRAIN_CLOSE, 4000), 0);
	ends_in_order(0);
	ck_assert_ptr_null(strstr(fm_read_log(&m), "closing talk"));
}
END_TEST

/* Plugins that are refused: what FAIL says. */
static const struct refusal {
	const char *name, *conf;
	uint32_t phase;
	const char *why;
} refusals[] = {
	{ "talk_abi", "", FAIL_ABI, "was built for plugin interface 8" },
	{ "talk_symbol", "", FAIL_ABI, "exports no skep_plugin" },
	{ "talk_name", "", FAIL_CONF, "the file holds plugin other" },
	{ "talk_jobs", "", FAIL_ABI, "has job kinds (letter)" },
	{ "talk_warm", "", FAIL_WARM, "the table has no rows" },
	{ "talk_thread", "", FAIL_WARM, "started a thread" },
	{ "talk_socket", "", FAIL_WARM, "opened a socket" },
	{ "talk_option", "", FAIL_CONF, "option needed must be given" },
	{ "talk", "plugin talk { greting = \"x\" }", FAIL_CONF,
	    "did you mean \"greeting\"?" },
	{ "talk", "plugin talk { wait = \"soon\" }", FAIL_CONF,
	    "wait = \"soon\" is not a duration" },
	{ "nowhere", "", FAIL_LOAD, "nowhere.so: No such file" },
	{ "nowhere", "plugin nowhere { file = \"/etc/passwd\" }", FAIL_LOAD,
	    "/etc/passwd: not a shared object" },
};

START_TEST(a_bad_plugin_is_refused_with_the_reason)
{
	const struct refusal *r = &refusals[_i];
	char conf[512];
	int st;

	(void)snprintf(conf, sizeof conf, "group web { plugin = \"%s\" "
	    "protocol = stream listen = \"127.0.0.1:0\" }\n%s", r->name,
	    r->conf);
	ck_assert_int_eq(fm_open(&m, conf, "web"), 0);
	ck_assert_msg(fm_expect(&m, m.chan, MSG_FAIL) == 1, "%s",
	    fm_read_log(&m));
	ck_assert_msg(strstr(m.msg.text, r->why) != NULL, "%s", m.msg.text);
	ck_assert_uint_eq(((const struct msg_fail *)m.msg.body)->phase,
	    r->phase);
	st = fm_wait_exit(m.zygote);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 78);
	m.zygote = 0;
}
END_TEST

START_TEST(an_open_that_fails_is_told)
{
	ck_assert_int_eq(fm_open(&m, "group web { plugin = \"talk_open\" "
	    "protocol = stream listen = \"127.0.0.1:0\" }", "web"), 0);
	ck_assert_int_eq(fm_expect(&m, m.chan, MSG_ZYGOTE_READY), 1);
	ck_assert_int_eq(fm_clone(&m, 0), 0);
	ck_assert_int_eq(fm_expect(&m, m.worker[0].chan, MSG_FAIL), 1);
	ck_assert_uint_eq(((const struct msg_fail *)m.msg.body)->phase,
	    FAIL_OPEN);
	ck_assert_ptr_nonnull(strstr(m.msg.text, "open() failed"));
}
END_TEST

#ifndef SKEP_SANITIZED
START_TEST(a_crash_in_warm_ends_the_zygote_with_words)
{
	int st;

	ck_assert_int_eq(fm_open(&m, "group web { plugin = \"talk_crash\" "
	    "protocol = stream listen = \"127.0.0.1:0\" }", "web"), 0);
	st = fm_wait_exit(m.zygote);
	ck_assert(WIFSIGNALED(st) && WTERMSIG(st) == SIGSEGV);
	m.zygote = 0;
	ck_assert_ptr_nonnull(strstr(fm_read_log(&m), "signal=SIGSEGV"));
}
END_TEST
#endif

START_TEST(protocol_and_plugin_must_agree)
{
	ck_assert_int_eq(fm_open(&m, "group web { plugin = \"talk\" "
	    "listen = \"127.0.0.1:0\" }", "web"), 0);
	ck_assert_int_eq(fm_expect(&m, m.chan, MSG_FAIL), 1);
	ck_assert_ptr_nonnull(strstr(m.msg.text, "protocol = stream"));
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

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, a_worker_serves_and_says_who_it_is);
	tcase_add_test(tc, options_come_from_the_configuration);
	tcase_add_test(tc, workers_share_the_cache);
	tcase_add_test(tc, a_handler_that_waits_holds_up_nobody);
	tcase_add_test(tc, reads_take_what_they_ask_for);
	tcase_add_test(tc, a_slow_reader_gets_all_its_bytes);
	tcase_add_test(tc, task_memory_has_its_limit_and_defers_run);
#ifndef SKEP_SANITIZED
	tcase_add_test(tc, a_crash_is_named_and_takes_only_its_worker);
	tcase_add_test(tc, an_abort_is_named);
	tcase_add_test(tc, a_stack_overflow_is_named);
	tcase_add_test(tc, a_crash_in_warm_ends_the_zygote_with_words);
#endif
	tcase_add_test(tc, a_handler_that_loops_is_named_and_its_worker_ends);
	tcase_add_test(tc, a_wait_inside_a_read_section_stops_the_worker);
	tcase_add_test(tc, signals_are_left_to_the_master);
	tcase_add_test(tc, a_drained_worker_finishes_what_it_has_begun);
	tcase_add_test(tc, a_drain_ends_at_its_deadline);
	tcase_add_test(tc, without_a_master_a_worker_ends_in_order);
	tcase_add_test(tc, without_a_master_the_zygote_ends);
	tcase_add_test(tc, connections_over_the_limit_wait_for_room);
	tcase_add_test(tc,
	    a_connection_that_is_handed_over_is_served_with_its_bytes);
	tcase_add_test(tc, a_bad_packet_is_dropped);
	tcase_add_test(tc, the_log_level_can_be_changed);
	tcase_add_loop_test(tc, a_bad_plugin_is_refused_with_the_reason, 0,
	    sizeof refusals / sizeof *refusals);
	tcase_add_test(tc, an_open_that_fails_is_told);
	tcase_add_test(tc, protocol_and_plugin_must_agree);
	tcase_add_test(tc, a_worker_is_ready_soon);
}

int
main(void)
{
	Suite *s = suite_create("worker");
	TCase *tc = tcase_create("worker");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, setup, teardown);
	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
