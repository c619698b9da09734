/*
 * fiber.h - stackful coroutines of one thread.
 *
 * The loop's own stack resumes a fiber; the fiber runs until it suspends itself
 * or its function returns, and then the loop's stack goes on.  A fiber never
 * resumes another one: there are only these two directions, so a switch needs
 * no scheduler.  Stacks are mapped, each with a guard of 256 KiB below, and
 * pooled.
 *
 * Nothing may be held across a suspension: fiber_suspend() calls the check set
 * by fiber_set_check() and stops the process (must) when it says that an epoch
 * section or a lock is held.
 *
 * A switch keeps the registers that a called function must keep, and the
 * rounding and exception modes of both floating-point units.  Signal masks
 * belong to the thread and are not switched.
 */
#ifndef BASE_FIBER_H
#define BASE_FIBER_H

#include <stddef.h>
#include <stdint.h>

struct fiber;
struct fiber_pool;

typedef void fiber_fn(void *arg);

/*
 * A pool of the calling thread, whose fibers have stack_bytes (rounded up to
 * pages) each; at most keep_max idle ones are kept.  0, -errno.
 */
int fiber_pool_open(struct fiber_pool **out, size_t stack_bytes,
    unsigned keep_max);
/* Unmap the idle ones.  No fiber of the pool may be alive. */
void fiber_pool_close(struct fiber_pool **);

/* A fiber that will run fn(arg) when first resumed.  NULL: no memory. */
struct fiber *fiber_new(struct fiber_pool *, fiber_fn *fn, void *arg);

/*
 * Run it, from the loop's stack.  1: it has suspended itself; 0: fn has
 * returned and the fiber is gone (back in its pool).
 */
int fiber_resume(struct fiber *);

/* Let the loop's stack go on until the next fiber_resume() of this fiber. */
void fiber_suspend(void);

/* The fiber that runs, NULL on the loop's stack. */
struct fiber *fiber_self(void);

/* Whether addr lies in the fiber's stack or its guard (for crash reports): 1 stack, 2 guard, 0 neither. */
int fiber_holds_addr(const struct fiber *, const void *addr);

/* Called at each suspension; returns what is held ("epoch section"), NULL when nothing is. */
void fiber_set_check(const char *(*held)(void));

struct fiber_stats {
	uint64_t made;		/* stacks mapped since the start */
	uint32_t alive;
	uint32_t idle;
};

void fiber_pool_stats(const struct fiber_pool *, struct fiber_stats *out);

#endif
