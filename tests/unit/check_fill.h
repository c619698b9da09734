/*
 * check_fill.h - two workers of one region, played by one thread, calls of
 * skep_cache_fill() in them, and loaders that wait to be let go on: for the
 * files of this program.  check_fill.c has the usual course, check_fill_fail.c
 * what goes wrong.
 */
#ifndef CHECK_FILL_H
#define CHECK_FILL_H

#include <check.h>

#include <skep/cache.h>

#include "../lib/suite.h"
#include "cache.h"
#include "fsck.h"
#include "once.h"
#include "task.h"
#include "worker.h"

#define FF_KEY "price:1"

struct ff_arg {
	char value[16];
	int rc;			/* of the loader */
};

/* One call. */
struct ff_call {
	const char *key;
	const struct skep_keep *keep;
	skep_fill_fn *load;
	struct ff_arg arg;
	int64_t deadline_ms;	/* 0: none */
	struct skep_task *t;	/* while it runs */
	int done, rc;
	struct skep_str val;	/* its length outlives the task */
	char text[32];
};

static const struct skep_keep ff_keep = { .ttl = SKEP_MINUTE };

#define FF_CALL(fn, value)						\
	(struct ff_call){ .key = FF_KEY, .keep = &ff_keep, .load = (fn), \
		.arg = { value, 0 } }

void ff_setup(void);
void ff_teardown(void);
struct worker *ff_worker(unsigned i);

/* Begin a call in a worker; it is done, or waits. */
void ff_start(struct ff_call *, unsigned worker);
/* Let both loops do what there is to do. */
void ff_pass(void);
/* The same after a tick. */
void ff_tick(void);
/* Until it is set; a test that hangs is ended by Check. */
void ff_until(const int *flag);

/* Loaders: the one gives arg's value and rc at once, the other when released. */
int ff_quick(struct skep_task *, struct skep_str arg, struct skep_str *val);
int ff_slow(struct skep_task *, struct skep_str arg, struct skep_str *val);
void ff_release(void);
int ff_parked(void);		/* how many wait for that */
int ff_loads(void);		/* how many have run to their end */
void ff_loads_reset(void);

TCase *fill_fail_case(void);

#endif
