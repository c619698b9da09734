/* plugin: what of a struct is accepted, whatever headers it was built with. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "../lib/suite.h"
#include "plugin.h"

/* A definition as newer headers would make it: fields that we do not know. */
struct newer {
	struct skep_plugin def;
	void *more[4];
};

static struct plugin_why why;
static struct skep_plugin copy;
static const struct skep_plugin good = { SKEP_PLUGIN_HEAD, .name = "shop" };

static int
check(const struct skep_plugin *def)
{
	memset(&why, 0, sizeof why);
	return plugin_check(def, "shop", &copy, &why);
}

START_TEST(a_good_struct_is_copied)
{
	ck_assert_int_eq(check(&good), 0);
	ck_assert_str_eq(copy.name, "shop");
}
END_TEST

START_TEST(a_longer_struct_is_good_while_its_new_fields_are_unused)
{
	struct newer n = { .def = good };

	n.def.size = sizeof n;
	ck_assert_int_eq(check(&n.def), 0);
	n.more[2] = &n;
	ck_assert_int_eq(check(&n.def), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why.text, "built with newer headers"));
	ck_assert_int_eq(why.phase, FAIL_ABI);
}
END_TEST

START_TEST(a_struct_without_its_head_is_refused)
{
	struct skep_plugin p = good;

	p.size = 0;
	ck_assert_int_eq(check(&p), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why.text, "SKEP_PLUGIN_HEAD"));
	p.abi = SKEP_ABI + 1;
	ck_assert_int_eq(check(&p), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why.text, "was built for plugin interface"));
}
END_TEST

START_TEST(a_name_has_its_form)
{
	static const char *const bad[] = { NULL, "", "Shop", "1shop", "sh op",
		"-shop", "a234567890123456789012345678901234567890" };
	struct skep_plugin p = good;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		p.name = bad[i];
		ck_assert_int_eq(check(&p), -EINVAL);
		ck_assert_ptr_nonnull(strstr(why.text, "name"));
	}
	p.name = "other";
	ck_assert_int_eq(check(&p), -EINVAL);
	ck_assert_str_eq(why.text, "plugin shop: the file holds plugin other");
}
END_TEST

START_TEST(jobs_are_refused_until_there_is_a_queue)
{
	static const struct skep_job_kind none[] = { { 0 } };
	static const struct skep_job_kind some[] = { { .name = "mail" }, { 0 } };
	static const struct skep_job_kind half[] = { { .attempts = 3 }, { 0 } };
	struct skep_plugin p = good;

	p.jobs = none;
	ck_assert_int_eq(check(&p), 0);
	p.jobs = some;
	ck_assert_int_eq(check(&p), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(why.text, "no job queue yet"));
	p.jobs = half;
	ck_assert_int_eq(check(&p), -EINVAL);
	ck_assert_str_eq(why.text, "plugin shop: jobs[0]: the name is missing");
}
END_TEST

SUITE_MAIN("plugin", NULL, NULL, a_good_struct_is_copied,
    a_longer_struct_is_good_while_its_new_fields_are_unused,
    a_struct_without_its_head_is_refused, a_name_has_its_form,
    jobs_are_refused_until_there_is_a_queue)
