/*
 * Programs whose master hangs up while they start, as it does when a start is
 * given up: that is an end in order, not a failure of theirs.
 */
#include <sys/wait.h>

#include "fakemaster.h"
#include "suite.h"

static struct fm m;

static void
setup(void)
{
	ck_assert_int_eq(fm_prepare(&m, "group web { plugin = \"talk\" "
	    "protocol = stream listen = \"127.0.0.1:0\" }", "web"), 0);
}

static void
teardown(void)
{
	fm_close(&m);
}

static void
ends_in_order(const char *const *argv)
{
	int st = fm_wait_exit(fm_orphan(&m, argv));

	ck_assert_msg(WIFEXITED(st) && WEXITSTATUS(st) == 0, "%x %s", st,
	    fm_read_log(&m));
}

START_TEST(a_zygote_ends_in_order)
{
	static const char *const argv[] = { "skep-worker", "--group", "web",
		"--generation", "1", "--listeners", "1", "--slots", "16",
		NULL };

	ends_in_order(argv);
}
END_TEST

START_TEST(a_keeper_ends_in_order)
{
	static const char *const argv[] = { "skep-keeper", "--generation", "1",
		"--slot", "1", "--listeners", "1", "--slots", "16", NULL };

	ends_in_order(argv);
}
END_TEST

START_TEST(a_mender_ends_in_order)
{
	static const char *const argv[] = { "skep-mend", "--slot", "1",
		"--slots", "16", NULL };

	ends_in_order(argv);
}
END_TEST

SUITE_MAIN("orphan", setup, teardown, a_zygote_ends_in_order,
    a_keeper_ends_in_order, a_mender_ends_in_order)
