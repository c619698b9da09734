/*
 * suite.h - the end of a unit test: main() for a list of tests.
 *
 *	SUITE_MAIN("buf", setup, teardown, first_promise, second_promise)
 *
 * setup and teardown may be NULL.  Where there is more than one case, or loop
 * tests:
 *
 *	TCase *t = SUITE_CASE("text", setup, teardown, first_promise);
 *
 *	tcase_add_loop_test(t, each_row_is_read, 0, n_rows);
 *	return SUITE_RUN("conf", t, files_case());
 */
#ifndef TESTLIB_SUITE_H
#define TESTLIB_SUITE_H

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

/* Ends a test that hangs.  No test takes so long, whatever the machine does. */
#define SUITE_LIMIT_S 60

static inline TCase *
suite_case(const char *name, SFun before, SFun after,
    const TTest *const *tests, size_t n)
{
	TCase *t = tcase_create(name);

	tcase_set_timeout(t, SUITE_LIMIT_S);
	if (before != NULL)
		tcase_add_checked_fixture(t, before, after);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(t, tests[i]);
	return t;
}

/* What main() returns. */
static inline int
suite_run(const char *name, TCase *const *cases, size_t n)
{
	Suite *s = suite_create(name);
	SRunner *r;
	int failed;

	for (size_t i = 0; i < n; i++)
		suite_add_tcase(s, cases[i]);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define SUITE_CASE(name, setup, teardown, ...)                                 \
	suite_case(name, setup, teardown,                                      \
	    (const TTest *const[]){ __VA_ARGS__ },                             \
	    sizeof((const TTest *const[]){ __VA_ARGS__ }) / sizeof(TTest *))

#define SUITE_RUN(name, ...)                                                   \
	suite_run(name, (TCase *const[]){ __VA_ARGS__ },                       \
	    sizeof((TCase *const[]){ __VA_ARGS__ }) / sizeof(TCase *))

#define SUITE_MAIN(name, setup, teardown, ...)                                 \
	int main(void)                                                         \
	{                                                                      \
		return SUITE_RUN(name,                                         \
		    SUITE_CASE(name, setup, teardown, __VA_ARGS__));           \
	}

#endif
