#include "bench.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
bench_fail(struct bench *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(b->why, sizeof b->why, fmt, ap); /* cut short is fine */
	va_end(ap);
	return -EPROTO;
}

int
bench_missing(struct bench *b, const char *what, const char *package)
{
	(void)bench_fail(b, "%s is not installed: it is in the Debian package %s",
	    what, package);
	return -ENOENT;
}

int
bench_run(struct bench *b, struct line *l, size_t n, int iterations)
{
	struct plan p = b->plan;
	int rc;

	if (p.iterations == 0)
		p.iterations = iterations;
	rc = harness_run(&p, l, n);
	if (rc == -EAGAIN)
		(void)bench_fail(b, "the machine hardly ever ran both processes"
				    " at once: no figure");
	else if (rc == -ETIMEDOUT)
		(void)bench_fail(b, "not done within the time limit");
	else if (rc < 0 && b->why[0] == '\0')
		(void)bench_fail(b, "%s", strerror(-rc));
	for (size_t i = 0; i < n; i++)
		if (harness_both_percent(&l[i]) >= 0)
			fprintf(stderr, "%s: %s: both processes ran at once in"
					" %d%% of %zu chunks\n",
			    b->name, l[i].name, harness_both_percent(&l[i]),
			    l[i].n_chunks);
	return rc;
}

int
bench_row(struct bench *b, const struct line *l, const struct line *against,
    const char *aim)
{
	if (against == NULL)
		return harness_row(&b->rows, b->name, l);
	return harness_row_against(&b->rows, b->name, l, against, aim);
}
