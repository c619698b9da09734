/*
 * crash.h - named places at which a process can be killed.
 *
 * CRASH_POINT("seg.publish.before") stands between two stores of a write path.
 * Without --enable-crash-points it is nothing.  With it:
 *
 *	SKEP_CRASH=name[:nth]	the nth (first) time this process comes by the
 *				point, it kills itself with SIGKILL
 *	SKEP_CRASH_LOG=file	each point that is passed is appended to the
 *				file, once a process, as a line
 *
 * crash_arm() does in a test, after fork, what the variable does.  Points are
 * found in a section of the program, so crash_each() knows also those that no
 * run has come by.  A name that stands at several places is one point.
 */
#ifndef SHM_CRASH_H
#define SHM_CRASH_H

#include "config.h"

struct crash_point {
	const char *name;
	const char *file;
	int line;
	unsigned hits;		/* of this process; races only miscount */
};

/* Kill this process at the nth passage of name, counted from now; a NULL name
 * disarms.  Returns 0, -ENOENT when no such point is compiled in. */
int crash_arm(const char *name, unsigned nth);

/* Calls fn for every point in the program (several times for a name that
 * stands at several places).  Returns how many there are: 0 without
 * --enable-crash-points. */
unsigned crash_each(void (*fn)(const struct crash_point *, void *arg),
    void *arg);

#ifdef SKEP_CRASH_POINTS
void crash_pass(struct crash_point *);

#define CRASH_POINT(text) do {						\
	static struct crash_point crash_here_ = {			\
		text, __FILE__, __LINE__, 0				\
	};								\
	static struct crash_point *const crash_ref_			\
	    __attribute__((section("skep_crash"), used)) = &crash_here_;\
	crash_pass(crash_ref_);						\
} while (0)
#else
#define CRASH_POINT(text) ((void)0)
#endif

#endif
