/*
 * How a worker ends: by a crash, by its watchdog, in order when it is drained
 * or has lost its master.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "../lib/suite.h"
#include "check_worker.h"
#include "clock.h"
#include "fds.h"

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
	dies(_i == 0 ? "overflow\n" : "leap\n", SIGSEGV,
	    "stack overflow: see task.stack", NULL);
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

START_TEST(a_defer_that_loops_is_named)
{
	int fd, st;

	start(CONF("watchdog { limit = 200ms warn = 50ms }"), 1);
	fd = dial();
	say(fd, "deferloop\nquit\n");
	ck_assert_int_eq(fm_expect(&m, m.worker[0].chan, MSG_STUCK), 1);
	ck_assert_msg(strstr(m.msg.text,
	    "plugin=talk kind=stream handler=\"conn\" in=defer") != NULL, "%s",
	    m.msg.text);
	st = fm_wait_exit(m.worker[0].pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 71);
	m.worker[0].pid = 0;
	close(fd);
}
END_TEST

/* The worker ends with status 70, and both master and log are told of what. */
static void
breaks(const char *command, const char *what)
{
	int fd, st;

	start(CONF(""), 1);
	fd = dial();
	say(fd, command);
	ck_assert_int_eq(fm_expect(&m, m.worker[0].chan, MSG_FAIL), 1);
	ck_assert_msg(strstr(m.msg.text, what) != NULL, "%s", m.msg.text);
	st = fm_wait_exit(m.worker[0].pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 70);
	m.worker[0].pid = 0;
	ck_assert_ptr_nonnull(strstr(fm_read_log(&m), what));
	close(fd);
}

START_TEST(a_worker_without_its_listener_ends)
{
	char command[32];

	(void)snprintf(command, sizeof command, "close %d\n", FD_LISTEN);
	breaks(command, "listener (descriptor 16)");
}
END_TEST

START_TEST(a_worker_without_its_loop_ends)
{
	breaks("deafen\n", "event loop");
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
	say(fd, "sleep 60000\n");
	until_they_wait();
	t0 = clock_mono_ns();
	ck_assert_int_eq(fm_drain(&m, 0, DRAIN_HANDOVER, 400), 0);
	ends_in_order(0);	/* long before the sleep is over */
	ck_assert_int_ge(clock_mono_ns() - t0, 400 * CLOCK_NS_PER_MS);
	close(fd);
}
END_TEST

START_TEST(without_a_master_a_worker_ends_in_order)
{
	int fd;

	start(CONF(""), 1);
	fd = dial();
	say(fd, "sleep 200\n");
	until_they_wait();
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

TCase *
worker_end_case(void)
{
	TCase *tc = SUITE_CASE("end", setup, teardown,
	    a_handler_that_loops_is_named_and_its_worker_ends,
    a_defer_that_loops_is_named,
    a_worker_without_its_listener_ends,
    a_worker_without_its_loop_ends,
	    a_wait_inside_a_read_section_stops_the_worker,
	    a_drained_worker_finishes_what_it_has_begun,
	    a_drain_ends_at_its_deadline,
	    without_a_master_a_worker_ends_in_order,
	    without_a_master_the_zygote_ends, the_log_level_can_be_changed);

#ifndef SKEP_SANITIZED
	tcase_add_test(tc, a_crash_is_named_and_takes_only_its_worker);
	tcase_add_test(tc, an_abort_is_named);
	tcase_add_loop_test(tc, a_stack_overflow_is_named, 0, 2);
#endif
	return tc;
}
