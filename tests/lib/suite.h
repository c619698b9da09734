/*
 * suite.h - the end of a unit test: main() for a list of tests.
 *
 *	SUITE_MAIN("buf", setup, teardown, first_promise, second_promise)
 *
 * setup and teardown may be NULL.
 */
#ifndef TESTLIB_SUITE_H
#define TESTLIB_SUITE_H

#include <check.h>
#include <stddef.h>

static int
suite_run(const char *name, SFun setup, SFun teardown,
    const TTest *const *tests, size_t n)
{
	Suite *s = suite_create(name);
	TCase *t = tcase_create(name);
	SRunner *r;
	size_t i;
	int failed;

	if (setup != NULL)
		tcase_add_checked_fixture(t, setup, teardown);
	for (i = 0; i < n; i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}

#define SUITE_MAIN(name, setup, teardown, ...)                                 \
	int main(void)                                                         \
	{                                                                      \
		const TTest *const tests[] = { __VA_ARGS__ };                  \
                                                                               \
		return suite_run(name, setup, teardown, tests,                 \
		    sizeof(tests) / sizeof(*tests));                           \
	}

#endif
