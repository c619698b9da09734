/*
 * bench.h - what a case gets, and the list of cases.
 *
 * A case runs in a process of its own, with a directory that is removed
 * afterwards; a case that hangs is killed, and the servers it started die with
 * it.  It measures lines (harness.h) and leaves rows.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>

#include "harness.h"
#include "row.h"

struct bench {
	const char *name;	/* of the case */
	struct plan plan;	/* iterations 0: the case's own choice */
	bool curves;		/* --long: also how figures change with load or size */
	char dir[256];		/* for files and logs */
	struct rows rows;
	char why[512];		/* the reason of a failure, for people */
};

struct bench_case {
	const char *name;
	const char *what;	/* one line, for `skep-bench list` */
	int (*run)(struct bench *);	/* 0; -errno, with why set where errno does not say it */
};

int case_cache(struct bench *);
int case_fiber(struct bench *);
int case_http(struct bench *);
int case_spawn(struct bench *);

/* Say why, and return -EPROTO. */
__attribute__((format(printf, 2, 3))) int bench_fail(struct bench *,
    const char *fmt, ...);

/* A peer or tool is not there: names the Debian package that has it.  Returns -ENOENT. */
int bench_missing(struct bench *, const char *what, const char *package);

/* harness_run() with the case's plan; says why it failed. */
int bench_run(struct bench *, struct line *, size_t n, int iterations);

/* A row as the harness calls make them; against and aim may be NULL. */
int bench_row(struct bench *, const struct line *, const struct line *against,
    const char *aim);

#endif
