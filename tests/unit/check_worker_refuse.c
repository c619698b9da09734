/* Plugins that the zygote or the worker refuses, and what it says then. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "config.h"
#include "../lib/suite.h"
#include "check_worker.h"

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
	{ "talk_load", "", FAIL_LOAD, "while loaded, it or a library of it "
	    "opened a socket" },
	{ "talk_child", "", FAIL_WARM, "left a child process behind" },
	{ "talk_daemon", "", FAIL_WARM, "left a child process behind" },
	{ "talk_row", "", FAIL_ABI, "options[2]: the name is missing" },
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
	/* What it had started came to us, the subreaper, and has been ended. */
	while (waitpid(-1, &st, 0) > 0)
		ck_assert(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
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

TCase *
worker_refuse_case(void)
{
	TCase *tc = SUITE_CASE("refuse", setup, teardown,
	    an_open_that_fails_is_told, protocol_and_plugin_must_agree);

	tcase_add_loop_test(tc, a_bad_plugin_is_refused_with_the_reason, 0,
	    sizeof refusals / sizeof *refusals);
#ifndef SKEP_SANITIZED
	tcase_add_test(tc, a_crash_in_warm_ends_the_zygote_with_words);
#endif
	return tc;
}
