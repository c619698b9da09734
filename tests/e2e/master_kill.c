/*
 * master_kill - whichever process is killed, it comes back or all end in order,
 * and nothing is ever left behind.
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

/* --- kill and replace --- */

START_TEST(a_killed_worker_is_replaced_however_often)
{
	int i;

	cell_serve(&cell);
	for (i = 0; i < 20; i++) {
		struct sight_other o = { .index = i % 2,
			.than = cell_worker(&cell, i % 2) };

		ck_assert_int_ne(o.than, 0);
		ck_assert_int_eq(kill(o.than, SIGKILL), 0);
		ck_assert_msg(cell_until(sight_another_worker, &cell, &o, SOON_MS),
		    "round %d", i);
	}
	ck_assert_int_eq(cell_logged(&cell, "group failed", 1, 0), 0);
	ck_assert_int_eq(cell_logged(&cell, "kind=outside", 20, SOON_MS), 1);
}
END_TEST

/* After a reload the workers are web.3 and web.4; 1 and 2 are free again. */
START_TEST(a_successor_has_its_predecessors_name)
{
	struct sight_other o = { .index = 1 };
	int two = 2;

	cell_serve(&cell);
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert(cell_until(sight_has_workers, &cell, &two, SOON_MS));
	ck_assert(cell_until(sight_another_worker, &cell, &o, SOON_MS));
	o.than = cell_worker(&cell, 1);
	ck_assert_int_eq(kill(o.than, SIGKILL), 0);
	ck_assert(cell_until(sight_another_worker, &cell, &o, SOON_MS));
	sight_expect("workers --json", "web.4");
	sight_expect("workers --json", "\"restarts\":1");
}
END_TEST

START_TEST(a_killed_keeper_or_mender_is_replaced)
{
	static const char *const names[] = { "keeper", "mender" };
	struct sight_other o = { .name = names[_i] };

	cell_serve(&cell);
	o.than = cell_helper(&cell, o.name);
	ck_assert_int_ne(o.than, 0);
	kill(o.than, SIGKILL);
	ck_assert(cell_until(sight_another_helper, &cell, &o, SOON_MS));
}
END_TEST

START_TEST(a_killed_zygote_is_replaced_and_its_workers_serve_on)
{
	struct sight_other z, w;

	cell_serve(&cell);
	z.than = cell_zygote(&cell);
	w.index = 0;
	w.than = cell_worker(&cell, 0);
	kill(z.than, SIGKILL);
	ck_assert(cell_until(sight_another_zygote, &cell, &z, SOON_MS));
	ck_assert_int_eq(cell_worker(&cell, 0), w.than);
	/* The new one clones as well. */
	kill(w.than, SIGKILL);
	ck_assert(cell_until(sight_another_worker, &cell, &w, SOON_MS));
}
END_TEST

START_TEST(zygote_and_workers_killed_at_once_come_back)
{
	struct sight_other o = { .index = 1 };

	cell_serve(&cell);
	o.than = cell_worker(&cell, 1);
	kill(cell_zygote(&cell), SIGKILL);
	kill(cell_worker(&cell, 0), SIGKILL);
	kill(o.than, SIGKILL);
	ck_assert(cell_until(sight_another_worker, &cell, &o, SOON_MS));
}
END_TEST

START_TEST(a_worker_that_stops_being_forked_does_not_hang_the_group)
{
	struct sight_other o = { .index = 0 };

	cell_serve(&cell);
	o.than = cell_worker(&cell, 0);
	cell_flag(&cell, "fork_fail");
	kill(o.than, SIGKILL);
	ck_assert(cell_logged(&cell, "not forked", 2, SOON_MS));
	cell_unflag(&cell, "fork_fail");
	ck_assert(cell_until(sight_another_worker, &cell, &o, 2 * SOON_MS));
}
END_TEST

/* --- the master's own death --- */

START_TEST(a_killed_master_leaves_no_process)
{
	cell_serve(&cell);
	kill(cell.pid, SIGKILL);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 128 + SIGKILL);
	/* We are their subreaper: all of them come to us. */
	ck_assert(cell_until(sight_none_left, &cell, NULL, 6000));
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

START_TEST(a_stop_leaves_nothing)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGQUIT };

	cell_serve(&cell);
	kill(cell.pid, sigs[_i]);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	sight_nothing_left();
}
END_TEST

START_TEST(a_stop_ends_in_its_time_when_workers_do_not)
{
	cell_configure(&cell, "", "stop { timeout = 1s }\n");
	cell_flag(&cell, "drain_hang");
	cell_serve(&cell);
	kill(cell.pid, SIGTERM);
	ck_assert_int_eq(cell_wait(&cell, 3000), 0);
	sight_nothing_left();
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
	sight_nothing_left();
}
END_TEST

START_TEST(a_stop_during_the_start_ends_in_order)
{
	cell_flag(&cell, "open_hang");
	cell_start(&cell);
	ck_assert(cell_logged(&cell, "ready zygote=", 1, SOON_MS));
	kill(cell.pid, SIGTERM);
	ck_assert_int_ge(cell_wait(&cell, 9500), 0);
	sight_nothing_left();
}
END_TEST

/* --- crash loops --- */

START_TEST(a_crash_loop_is_a_failed_state_and_is_left_again)
{
	static const char *const how[] = { "open_crash", "open_exit",
		"late_crash", "warm_crash", "open_hang", "warm_hang",
		"open_quit", "warm_quit", "quit" };

	cell_configure(&cell, "", "respawn { delay = 300ms  early = 500ms }\n"
	    "reload { timeout = 300ms }\n");
	cell_flag(&cell, how[_i]);
	cell_start(&cell);
	ck_assert(cell_logged(&cell, "group failed", 1, SOON_MS));
	ck_assert_str_eq(sight_group_state(&cell), "failed");
	cell_unflag(&cell, how[_i]);
	ck_assert(cell_until(sight_group_is, &cell, (void *)(uintptr_t) "ready",
	    2 * SOON_MS));
	ck_assert_int_ne(cell_worker(&cell, 1), 0);
}
END_TEST

START_TEST(an_end_that_nobody_asked_for_is_warned_of)
{
	int two = 2;

	/* What is no warning is not written. */
	cell_configure(&cell, "", "respawn { early = 0s }\n"
	    "log { level = {\"worker=warn\"} }\n");
	cell_serve(&cell);
	cell_flag(&cell, "quit");
	ck_assert(cell_logged(&cell,
	    "status=0 meaning=\"ended without being asked\"", 1, SOON_MS));
	cell_unflag(&cell, "quit");
	ck_assert(cell_until(sight_has_workers, &cell, &two, SOON_MS));
}
END_TEST

START_TEST(a_plugin_that_cannot_be_loaded_ends_the_start)
{
	cell_flag(&cell, "abi");
	cell_start(&cell);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 78);
	ck_assert(cell_logged(&cell, "ABI 9, this is 1", 1, 0));
	sight_nothing_left();
}
END_TEST

/* --- the mender and the region --- */

START_TEST(a_region_beyond_repair_is_condemned_and_made_anew)
{
	struct stat before, after;
	struct sight_other o = { .index = 0 };

	cell_flag(&cell, "mend_crash");
	cell_serve(&cell);
	ck_assert_int_eq(stat(cell.region, &before), 0);
	o.than = cell_worker(&cell, 0);
	kill(o.than, SIGKILL);
	ck_assert(cell_logged(&cell, "condemned slot=", 1, SOON_MS));
	cell_unflag(&cell, "mend_crash");
	ck_assert(cell_logged(&cell, "rebuilt", 1, SOON_MS));
	ck_assert(cell_until(sight_another_worker, &cell, &o, SOON_MS));
	ck_assert(cell_until(sight_group_is, &cell, (void *)(uintptr_t) "ready",
	    SOON_MS));
	ck_assert_int_eq(stat(cell.region, &after), 0);
	ck_assert(before.st_ino != after.st_ino);
	kill(cell.pid, SIGTERM);
	ck_assert_int_eq(cell_wait(&cell, SOON_MS), 0);
	sight_nothing_left();
}
END_TEST

START_TEST(a_mender_that_hangs_is_killed_after_two_seconds)
{
	struct sight_other o = { .index = 0 };

	cell_flag(&cell, "mend_hang");
	cell_serve(&cell);
	o.than = cell_worker(&cell, 0);
	kill(o.than, SIGKILL);
	/* The successor does not wait for the repair. */
	ck_assert(cell_until(sight_another_worker, &cell, &o, 1000));
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
	ck_assert(cell_until(sight_group_is, &cell, (void *)(uintptr_t) "ready",
	    SOON_MS));
}
END_TEST

/* A stopped one is not dead: it is neither killed nor replaced. */
START_TEST(who_says_nothing_any_more_is_killed_unless_it_is_stopped)
{
	struct sight_other o = { .index = 1 };
	pid_t stopped;
	char text[64];

	cell_configure(&cell, "", "watchdog { limit = 50ms  warn = 20ms }\n");
	cell_serve(&cell);
	stopped = cell_worker(&cell, 0);
	o.than = cell_worker(&cell, 1);
	kill(stopped, SIGSTOP);
	cell_flag(&cell, "mute");
	snprintf(text, sizeof text, "no beat name=web.2 pid=%d", (int)o.than);
	ck_assert(cell_logged(&cell, text, 1, 2 * SOON_MS));
	cell_unflag(&cell, "mute");
	ck_assert(cell_logged(&cell, "kind=watchdog", 1, SOON_MS));
	ck_assert(cell_until(sight_another_worker, &cell, &o, SOON_MS));
	ck_assert_int_eq(cell_logged(&cell, "no beat name=web.1", 1, 1000), 0);
	kill(stopped, SIGCONT);
	ck_assert_int_eq(cell_worker(&cell, 0), stopped);
}
END_TEST

START_TEST(a_worker_that_is_too_large_is_retired)
{
	struct sight_other o = { .index = 0 };

	cell_configure(&cell, "", "workers { memory_max = 4k }\n");
	cell_serve(&cell);
	o.than = cell_worker(&cell, 0);
	ck_assert(cell_logged(&cell, "too large worker=web.", 2, SOON_MS));
	ck_assert(cell_until(sight_another_worker, &cell, &o, SOON_MS));
	ck_assert_int_eq(cell_logged(&cell, "group failed", 1, 0), 0);
}
END_TEST

TCase *
master_kill_case(void)
{
	TCase *tc = SUITE_CASE("master_kill", sight_open, sight_close,
	    a_killed_worker_is_replaced_however_often,
	    a_successor_has_its_predecessors_name,
	    a_killed_zygote_is_replaced_and_its_workers_serve_on,
	    zygote_and_workers_killed_at_once_come_back,
	    a_worker_that_stops_being_forked_does_not_hang_the_group,
	    a_killed_master_leaves_no_process,
	    what_a_killed_master_left_is_examined_and_replaced,
	    what_is_no_region_is_refused_and_replaced,
	    a_second_master_names_the_first,
	    a_stop_ends_in_its_time_when_workers_do_not,
	    a_second_interrupt_stops_at_once,
	    a_stop_during_the_start_ends_in_order,
	    an_end_that_nobody_asked_for_is_warned_of,
	    a_plugin_that_cannot_be_loaded_ends_the_start,
	    a_region_beyond_repair_is_condemned_and_made_anew,
	    a_mender_that_hangs_is_killed_after_two_seconds,
	    who_stays_in_a_section_is_killed,
    who_says_nothing_any_more_is_killed_unless_it_is_stopped,
	    a_worker_that_is_too_large_is_retired);

	tcase_add_loop_test(tc,
	    a_killed_keeper_or_mender_is_replaced, 0,
	    2);
	tcase_add_loop_test(tc,
	    a_stop_leaves_nothing, 0,
	    3);
	tcase_add_loop_test(tc,
	    a_crash_loop_is_a_failed_state_and_is_left_again, 0,
	    9);
	return tc;
}
