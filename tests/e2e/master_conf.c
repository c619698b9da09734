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

#include "../lib/suite.h"
#include "sight.h"

/* For cell_until(): the first worker has that file as its access log.  Until
 * the old generation is gone it may be one of that. */
static int
logs_access_to(struct cell *c, void *path)
{
	char name[256], link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%d/fd/8", (int)cell_worker(c, 0));
	n = readlink(link, name, sizeof name - 1);
	name[n < 0 ? 0 : n] = '\0';
	return strcmp(name, path) == 0;
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
	ck_assert(cell_until(logs_access_to, &cell, path, SOON_MS));
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
	TCase *tc = SUITE_CASE("master_conf", sight_open, sight_close,
	    a_reload_takes_the_log_section,
	    levels_set_at_run_time_reach_those_who_start_later);

	tcase_add_loop_test(tc, what_only_a_restart_can_change_is_told, 0,
	    (int)(sizeof fixed / sizeof fixed[0]));
	return tc;
}
