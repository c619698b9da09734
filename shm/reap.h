/*
 * reap.h - repairing what a dead process held, and freeing its slot.
 *
 * slot_reap() works while all others run.  It takes the dead slot's record
 * lock: that proves the death (slot.h), keeps a second repairer out, and frees
 * itself if this one dies.  Then, in this order:
 *
 *	locks it held		by kind, from the intents (lock.h)
 *	REAP_SEGMENTS ..	steps of modules, in the order of their rank
 *	reader word, pins	it reads nothing any more
 *	counters		folded into the totals of its group
 *	generation and FREE	last
 *
 * Each step may be cut short by a kill and is run again by the next one: every
 * step is idempotent, and every loop over region data has a bound.  At the end
 * every sleeping slot is woken once, which closes all holes of the form 'died
 * between making it true and waking'.
 *
 * In a region with REGION_REAP_MENDER only menders may (-EPERM): a spoiled
 * region then crashes only them.  Elsewhere whoever finds a dead slot does it:
 * who waits for its lock or for maintenance, who finds no room for a value, who
 * ticks (each second), who attaches.
 */
#ifndef SHM_REAP_H
#define SHM_REAP_H

#include <stdint.h>

#include "slot.h"

enum reap_rank {
	REAP_SEGMENTS = 20, REAP_LEASES = 30, REAP_CLAIMS = 40, REAP_OTHER = 50
};

/*
 * Register a module's step for this process: fn repairs, with me's slot as the
 * author of any lock it takes, what slot `dead` held of section `kind`.  It
 * returns the number of things found, or -errno, which leaves the slot as it
 * is.  Call after mapping, before a second thread.  -ENOSPC when full.
 */
int reap_step(struct region *, unsigned rank, uint32_t kind,
    int (*fn)(struct slot_self *me, unsigned dead, void *arg), void *arg);

/*
 * Repair and free a slot.  Returns the number of repairs (0 or more), -EBUSY
 * when its owner lives or another repairs it, -EPERM when only menders may,
 * -ENOENT when it is free, -EUCLEAN when its data makes no sense, -EINVAL for
 * our own process, -EPROTO when this program lacks the step of a section that
 * needs one.  Takes locks one after the other.
 */
int slot_reap(struct slot_self *me, unsigned number);

/* All dead slots; returns how many were freed, or the first -errno when one
 * could not be.  For who opens a region without a daemon. */
int reap_all(struct slot_self *me);

/* The same for who comes by: 0 at once where a daemon's menders do it. */
int reap_any(struct slot_self *me);

/* For slot_detach(): the steps on our own slot. */
int reap_own(struct slot_self *me);

/* For fsck: slot_reap() of a slot whose record lock we have, and whose owner is
 * dead. */
int reap_locked(struct slot_self *me, unsigned dead);

#endif
