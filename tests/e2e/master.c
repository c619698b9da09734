/*
 * master - what skepd promises about its processes, tried on it.
 */
#include <stdlib.h>

#include "../lib/suite.h"
#include "sight.h"

int
main(void)
{
	int rc;

	cell_prefix();
	rc = SUITE_RUN("master", master_kill_case(), master_ops_case(),
	    master_start_case());
	cell_sweep(rc != EXIT_SUCCESS);
	return rc;
}
