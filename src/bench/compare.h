/*
 * compare.h - results saved in a file, and a later run held against them.
 *
 * A file holds the array that --json prints.  Ratios taken side by side in one
 * run hold from day to day, absolute figures do not; so rows are compared by
 * their ratio where they have one.
 */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include <stdio.h>

#include "row.h"

/* Write rows to path, whole or not at all.  0 or -errno. */
int compare_save(const struct rows *, const char *path);

/* Whether that can be done as things are now.  0 or -errno. */
int compare_may_save(const char *path);

/* 0, -errno; -EINVAL: the file is no saved result. */
int compare_load(struct rows *, const char *path);

enum compare_verdict {
	COMPARE_SAME,		/* within what the rounds of the two runs varied */
	COMPARE_CHANGED,	/* outside of it, and there is no aim to say which way is good */
	COMPARE_BETTER,
	COMPARE_WORSE,
	COMPARE_NEW		/* not in the saved results */
};

struct compare_line {
	enum compare_verdict verdict;
	double before, now;	/* ratios, or values where there is no ratio */
	double change;		/* now / before - 1; STATS_NONE for COMPARE_NEW */
};

/*
 * Hold one row against what was saved of it (NULL: nothing).  A difference
 * counts only when it is more than 5 % and more than the rounds spread: half of
 * (max - min) / value, of the wilder of the two runs.
 */
void compare_row(const struct row *now, const struct row *before,
    struct compare_line *out);

const char *compare_verdict_name(enum compare_verdict);

/* Print one line a row; returns how many are COMPARE_WORSE. */
int compare_print(const struct rows *now, const struct rows *before, FILE *);

#endif
