/*
 * master - what skepd promises about its processes, tried on it.
 */
#include <check.h>
#include <stdlib.h>

#include "sight.h"

int
main(void)
{
	Suite *s = suite_create("master");
	SRunner *r;
	int failed;

	cell_prefix();
	suite_add_tcase(s, master_kill_case());
	suite_add_tcase(s, master_ops_case());
	suite_add_tcase(s, master_start_case());
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	cell_sweep(failed > 0);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
