/*
 * must.h - we are wrong: a condition that only a bug of ours can break.
 *
 * must(cond) writes one line to standard error and ends the process with
 * status 70 (EX_SOFTWARE) without running any handler: whatever the process
 * held is repaired like that of any dead one.  It stays in release builds.
 * Bytes read from the region are input and answer -EUCLEAN instead.
 *
 * must_debug() is checked only under --enable-debug: for what costs time.
 */
#ifndef SHM_MUST_H
#define SHM_MUST_H

#include "config.h"

__attribute__((noreturn, cold, noinline)) void must_fail(const char *cond,
    const char *file, int line);

#define must(cond)							\
	(__builtin_expect(!!(cond), 1) ? (void)0			\
	    : must_fail(#cond, __FILE__, __LINE__))

#ifdef SKEP_DEBUG
#define must_debug(cond) must(cond)
#else
#define must_debug(cond) ((void)sizeof(!!(cond)))
#endif

#endif
