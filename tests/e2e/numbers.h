/*
 * numbers.h - the market service's answers against those that
 * market_expect.awk works out from the CSV files.
 *
 * What stands in a file must come out as the same double.  Where the two sum
 * in another order (indicators, summary, portfolio, dcf), a difference of
 * 1e-12 of the value is allowed.
 */
#ifndef E2E_NUMBERS_H
#define E2E_NUMBERS_H

struct numbers {
	/*
	 * Ask the service; body is NULL for a GET.  0 with the status and the
	 * answer's body (free it), -errno.
	 */
	int (*ask)(void *arg, const char *method, const char *target,
	    const char *body, int *status_out, char **body_out);
	void *arg;

	long asked, wrong;
};

/*
 * Ask all that the script foretells and print what is wrong, at most 20 lines
 * of it.  0 when nothing is and there was something to ask, else 1.
 */
int numbers_run(struct numbers *);

#endif
