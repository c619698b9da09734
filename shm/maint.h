/*
 * maint.h - maintenance without an owner.
 *
 * Whoever comes by does a little: each tick of a loop, each writer that crosses
 * a low-water mark, the keeper most often.  One word names who is at it; it is
 * taken without waiting, for at most 200 us.  Its holder never waits for any
 * other lock: what is locked is left for another time.
 *
 * Always done: the epoch is advanced and noted at least every 100 ms (ages of
 * readers), the tick word is updated.  Then the modules' steps take turns.
 *
 * A holder that is stopped stops maintenance; the keeper sees it by
 * maint_idle_ns() and the daemon kills what is in the way.  A dead holder's
 * word is freed by the repair of its slot, which maint_run() does itself where
 * no daemon owns the region.
 */
#ifndef SHM_MAINT_H
#define SHM_MAINT_H

#include <stdint.h>

#include "slot.h"

#define MAINT_BUDGET_NS	200000u
#define MAINT_PERIOD_NS	100000000u	/* the epoch moves at least this often */

/*
 * Register a step of this process: fn works until CLOCK_MONOTONIC reaches
 * until_ns, taking other locks only by lock_try() or a bounded spin, and
 * returns.  -ENOSPC when full.
 */
int maint_step(struct region *,
    void (*fn)(struct slot_self *me, uint64_t until_ns, void *arg), void *arg);

/*
 * Do some maintenance if nobody else is at it.  1 done, 0 another has it,
 * -ECHILD.  Not inside a section, not with a lock held.
 */
int maint_run(struct slot_self *);

/* How long ago the last maintenance ended. */
uint64_t maint_idle_ns(const struct region *, uint64_t now_ns);

#endif
