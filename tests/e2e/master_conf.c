/*
 * master_conf - what a reload makes of a changed configuration, and what of it
 * only a restart can change.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sight.h"

/* The file that a worker has as its access log. */
static const char *
access_log_of(pid_t worker)
{
	static char name[256];
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%d/fd/8", (int)worker);
	n = readlink(link, name, sizeof name - 1);
	name[n < 0 ? 0 : n] = '\0';
	return name;
}

START_TEST(a_reload_takes_the_log_section)
{
	char more[256], path[96], command[160];

	snprintf(path, sizeof path, "%s/access.log", cell.dir);
	snprintf(more, sizeof more, "log { format = json  "
	    "level = {\"warn\", \"reload=info\"}  access = \"%s\" }\n", path);
	cell_serve(&cell);
	cell_configure(&cell, "", more);
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert(cell_logged(&cell, "\"event\":\"done\"", 1, SOON_MS));
	ck_assert_str_eq(access_log_of(cell_worker(&cell, 0)), path);
	sight_expect("log level --json", "warn reload=info");
	/* What is no warning is not written any more. */
	kill(cell.pid, SIGUSR2);
	ck_assert(cell_logged(&cell, "upgrade is not available", 1, SOON_MS));
	ck_assert_int_eq(cell_logged(&cell, "signal=SIGUSR2", 1, 0), 0);
	ck_assert_int_eq(unlink(path), 0);
	sight_expect("log reopen --json", "reopened");
	ck_assert_int_eq(access(path, F_OK), 0);
	/* One that cannot be opened is no configuration. */
	snprintf(path, sizeof path, "%s/none/access.log", cell.dir);
	snprintf(command, sizeof command, "log { access = \"%s\" }\n", path);
	cell_configure(&cell, "", command);
	sight_expect("reload --wait --json", path);
	sight_expect("status --json", "\"generation\":2");
	ck_assert_str_eq(sight_group_state(&cell), "ready");
}
END_TEST

static const struct {
	const char *option, *line;
} fixed[] = {
	{ "control.group", "control { group = \"nogroup\" }\n" },
	{ "region.order", "region { order = fence }\n" },
	{ "workers.files_max", "workers { files_max = 4096 }\n" },
	{ "cache.keys_max", "cache { keys_max = 1000 }\n" },
};

START_TEST(what_only_a_restart_can_change_is_told)
{
	char told[64];

	cell_serve(&cell);
	cell_configure(&cell, "", fixed[_i].line);
	sight_expect("reload --wait --json", "\"ok\":true");
	snprintf(told, sizeof told, "needs a restart option=%s",
	    fixed[_i].option);
	ck_assert(cell_logged(&cell, told, 1, SOON_MS));
	ck_assert_int_eq(cell_logged(&cell, "needs a restart", 2, 0), 0);
}
END_TEST

START_TEST(levels_set_at_run_time_reach_those_who_start_later)
{
	pid_t zygote, keeper;

	cell_serve(&cell);
	keeper = cell_helper(&cell, "keeper");
	zygote = cell_zygote(&cell);
	sight_expect("log level cache=debug --json", "set");
	sight_expect("log level --json", "\"info cache=debug\"");
	ck_assert(cell_logged(&cell, "keeper told level cache=debug", 1,
	    SOON_MS));
	kill(keeper, SIGKILL);
	ck_assert(cell_logged(&cell, "keeper told level cache=debug", 2,
	    SOON_MS));
	/* A worker has the levels of its zygote. */
	kill(zygote, SIGKILL);
	ck_assert(cell_logged(&cell, "zygote told level cache=debug", 2,
	    SOON_MS));
	sight_expect("reload --wait --json", "\"ok\":true");
	ck_assert(cell_logged(&cell, "zygote told level cache=debug", 3,
	    SOON_MS));
	/* The configuration has the word again when it says something new. */
	cell_configure(&cell, "", "log { level = {\"cache=warn\"} }\n");
	sight_expect("reload --wait --json", "\"ok\":true");
	sight_expect("log level --json", "\"info cache=warn\"");
	ck_assert(cell_logged(&cell, "worker told level cache=warn", 1,
	    SOON_MS));
	ck_assert_int_eq(
	    cell_logged(&cell, "zygote told level cache=debug", 4, 0), 0);
}
END_TEST

TCase *
master_conf_case(void)
{
	TCase *tc = tcase_create("master_conf");

	tcase_add_checked_fixture(tc, sight_open, sight_close);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_reload_takes_the_log_section);
	tcase_add_loop_test(tc, what_only_a_restart_can_change_is_told, 0,
	    (int)(sizeof fixed / sizeof fixed[0]));
	tcase_add_test(tc, levels_set_at_run_time_reach_those_who_start_later);
	return tc;
}
