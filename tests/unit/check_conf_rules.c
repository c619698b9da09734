/* What must hold between the values of a configuration, and how it is said. */
#include <stdio.h>

#include "conffix.h"
#include "suite.h"

START_TEST(a_group_without_plugins_is_refused_with_its_place)
{
	refused("group web { }", "text:1: group web: no plugin");
	refused(GROUP "plugin web { file = /x }\n\ngroup\nother {\n}\n",
	    "text:4: group other: no plugin");
	refused("group web { plugin = {} }", "text:1: group web: no plugin");
}
END_TEST

START_TEST(a_group_has_a_plugin_once)
{
	refused("group web {\nplugin = {a, b, a} }",
	    "text:2: group.web.plugin: \"a\" is named twice");
	ck_assert_int_eq(load("group web { plugin = {a, b} }\n"
	    "group other { plugin = {b, a} }"), 0);
}
END_TEST

START_TEST(one_address_serves_one_group)
{
	refused("group a { plugin = x listen = \":80\" }\n"
	    "group b { plugin = x\nlisten = {\":81\", \":80\"} }",
	    "text:3: group.b.listen: address :80 is already that of"
	    " group.a.listen (text:1)");
	refused("group a { plugin = x listen = \"127.0.0.1:8081\" }",
	    "text:1: group.a.listen: address 127.0.0.1:8081 is already that of"
	    " admin.listen (default)");
	ck_assert_int_eq(load("group a { plugin = x listen = \":0\" }\n"
	    "group b { plugin = x listen = \":0\" }"), 0);
}
END_TEST

START_TEST(directories_are_named)
{
	static const char *const dirs[] = { "run_dir", "state_dir",
		"plugin_dir", "libexec_dir" };
	char text[128], want[64];
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		(void)snprintf(text, sizeof(text), GROUP "skepd { %s = \"\" }",
		    dirs[i]);
		(void)snprintf(want, sizeof(want),
		    "text:2: skepd.%s: a directory is needed", dirs[i]);
		refused(text, want);
	}
}
END_TEST

/* The number in the message is the least that is taken. */
START_TEST(files_are_enough_for_the_slots)
{
	char text[160];
	const char *at;
	int need;

	refused(GROUP "workers {\nfiles_max = 180\n}\n",
	    "text:3: workers.files_max: 180 is too few: at least ");
	ck_assert_ptr_nonnull(strstr(rep.errors[0], "region.slots 128"
	    " (default)"));
	at = strstr(rep.errors[0], "at least ");
	ck_assert_int_eq(sscanf(at, "at least %d", &need), 1);
	/* All events and their copies, beside the numbers in ipc/fds.h. */
	ck_assert_int_ge(need, 64 + 3 * 128);
	(void)snprintf(text, sizeof(text), GROUP "workers { files_max = %d }",
	    need - 1);
	refused(text, "too few");
	(void)snprintf(text, sizeof(text), GROUP "workers { files_max = %d }",
	    need);
	ck_assert_int_eq(load(text), 0);
	(void)snprintf(text, sizeof(text), GROUP "workers { files_max = %d }"
	    "region { slots = 129 }", need);
	refused(text, "region.slots 129 (text:2)");
}
END_TEST

SUITE_MAIN("conf_rules", conf_begin, conf_end,
    a_group_without_plugins_is_refused_with_its_place,
    a_group_has_a_plugin_once, one_address_serves_one_group,
    directories_are_named, files_are_enough_for_the_slots)
