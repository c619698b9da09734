/*
 * crash_loop.h - when does a group that keeps dying stop being restarted at
 * full speed?  Pure functions of numbers; roster.c carries out what they say.
 *
 * A death counts when the worker brought it on itself and had not yet shown
 * that it works: before it was ready, or within the rule's early_ns after.
 * A SIGKILL from outside never counts, however early: an operator, a test or
 * a supervisor may kill at any rate, and the service has to come back.
 */
#ifndef MASTER_CRASH_LOOP_H
#define MASTER_CRASH_LOOP_H

#include <stdint.h>

#define CRASH_LOOP_MAX 64	/* attempts that can be remembered */

/* respawn.attempts, .window and .early of the configuration. */
struct crash_loop_rule {
	unsigned attempts;	/* so many counted deaths ... */
	uint64_t window_ns;	/* ... in so long: failed */
	uint64_t early_ns;	/* after ready: still early */
};

/* Why a process ended, as far as its status and our own doing tell. */
enum death_kind {
	DEATH_ORDERLY,	/* exit status 0: whether asked or not is to be seen */
	DEATH_STATUS,	/* another exit status, or 0 without being asked */
	DEATH_WATCHDOG,	/* its own watchdog ended it, or we, for want of a beat */
	DEATH_FAULT,	/* SIGSEGV BUS ABRT ILL FPE SYS */
	DEATH_LIMIT,	/* SIGXCPU, SIGXFSZ */
	DEATH_MEMORY,	/* the kernel, for want of memory */
	DEATH_LATE,	/* we, because it never became ready */
	DEATH_ASKED,	/* we, because it was to go */
	DEATH_OUTSIDE,	/* any other signal: somebody else's doing */
	DEATH_KINDS
};

struct crash_loop {
	uint64_t at_ns[CRASH_LOOP_MAX];	/* of the last counted, newest first */
	unsigned n;
};

/* 1 when this death counts: ready_ns 0 says that it never was ready. */
int crash_loop_counts(const struct crash_loop_rule *, enum death_kind,
    uint64_t died_ns, uint64_t ready_ns);

/*
 * Decide on one more death: 1 when the group has now failed.  Remembers the
 * death when it counts.
 */
int crash_loop_decide(struct crash_loop *, const struct crash_loop_rule *,
    enum death_kind, uint64_t died_ns, uint64_t ready_ns);

/* The workers of a failed group that serve and are past rule.early_ns. */
struct crash_loop_held {
	unsigned n;
	unsigned fresh;		/* of them: started after the last counted death */
};

/*
 * Whether the failure is over: a fresh worker has held, or all that are wanted
 * have, the last counted death (failed_ns) being early no more.  The second is
 * not in the first: a late one is killed and replaced before it is reaped, so
 * that its successor can be older than its death.
 */
int crash_loop_over(const struct crash_loop_rule *,
    const struct crash_loop_held *, unsigned wanted, uint64_t failed_ns,
    uint64_t now_ns);

/* A worker has proven itself: what was counted is forgotten. */
void crash_loop_forget(struct crash_loop *);

/*
 * Pause before the try after n failed ones (n from 1): base, doubled each
 * time, at most cap.
 */
uint64_t crash_loop_backoff(unsigned n, uint64_t base_ns, uint64_t cap_ns);

#endif
