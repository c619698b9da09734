/*
 * aim.h - what a ratio is meant to reach, as the tables write it: "<=1.25" for
 * costs, ">=1.1" for rates.
 */
#ifndef BENCH_AIM_H
#define BENCH_AIM_H

#include <stdbool.h>

struct aim {
	bool least;	/* >=: the ratio must reach the limit; else it must stay below */
	double limit;
};

/* 0, or -EINVAL: anything but "<=" or ">=", and a positive decimal number, with no blank. */
int aim_parse(const char *text, struct aim *out);

bool aim_met(const struct aim *, double ratio);

/*
 * Whether a ratio is worse than twice its aim: what continuous integration
 * fails at.  The machines it runs on are shared, so it does not gate on the
 * aim itself.
 */
bool aim_far_off(const struct aim *, double ratio);

#endif
