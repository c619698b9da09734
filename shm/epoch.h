/*
 * epoch.h - read-copy-update across processes: the only grace period there is.
 *
 * Readers:	epoch_enter(me); ... use what is reachable ...; epoch_leave(me);
 * Reclaimers:	unlink a whole batch;
 *		stamp = epoch_stamp(me);	(once for the batch)
 *		later, any process: epoch_passed(region, stamp) -> may be reused
 *
 * The order that makes it true (tests/model/rcu.pml proves it with store
 * buffers, and finds the race when a step is left out):
 *
 *	reader				reclaimer
 *	R1 e = epoch (acquire)		W1 unlink the batch
 *	R2 slot.word = e (relaxed)	W2 membarrier, or a fence
 *	R3 compiler barrier, or fence	W3 stamp = epoch++
 *	R4 read the data		W4 each slot.word, read after W2,
 *	R5 slot.word = 0 (release)	   is 0 or > stamp: the batch is free
 *
 * A reader whose R2 lies before the barrier is seen by W4.  One whose R2 lies
 * after it has its R4 after it too, and cannot find what W1 unlinked.  One
 * that read an epoch > stamp at R1 sees W1 by acquire.  A stamp taken before
 * the barrier would let a reader in with a greater epoch that does not see the
 * unlink (doc/design/epochs.md).  An old epoch stored late only delays.
 *
 * Inside a section: no system call, no lock, no allocation, no fiber switch, no
 * call out.  Sections nest; only the outermost counts.  Writers hold a lock and
 * no section, readers a section and no lock, nobody both.
 */
#ifndef SHM_EPOCH_H
#define SHM_EPOCH_H

#include <stdint.h>

#include "slot.h"

/* Enter.  0, or -ECHILD in a forked child (then there is no section).  Never
 * waits; about 1 ns. */
static inline int
epoch_enter(struct slot_self *me)
{
	int rc = slot_check(me);

	if (__builtin_expect(rc != 0, 0))
		return rc;
	if (me->depth++ != 0)
		return 0;
	st_rlx(&me->slot->word, ld_acq(me->epoch));
	if (__builtin_expect(me->fence != 0, 0))
		fence_full();		/* pairs with that of epoch_stamp() */
	else
		compiler_barrier();	/* pairs with its membarrier */
	return 0;
}

/* Leave.  Every read above is done before the store is seen: pairs with the
 * acquire in epoch_safe(). */
static inline void
epoch_leave(struct slot_self *me)
{
	must(me->depth != 0);
	if (--me->depth == 0)
		st_rel(&me->slot->word, UINT64_C(0));
}

/* Whether this thread is in a section: the scheduler of fibers asks at each
 * switch. */
static inline int
epoch_inside(const struct slot_self *me)
{
	return me->depth != 0;
}

/*
 * The stamp of everything that this thread unlinked until now.  Call it once
 * for a batch: it costs a membarrier, about 20 us.  Not inside a section, not
 * with a lock held that readers' progress could need.  Returns the stamp (> 0).
 */
uint64_t epoch_stamp(struct slot_self *);

/* Whether no reader can hold anything of a batch with this stamp: 1 or 0.
 * Reads the slots only when nobody has found out before.  Never waits. */
int epoch_passed(struct region *, uint64_t stamp);

/* The greatest stamp whose batch no reader can hold any more, found out by
 * reading the slots: what is retired later has a greater stamp, so one call
 * decides for many batches.  Never waits. */
uint64_t epoch_safe(struct region *);

/* Advance the epoch and note the time, which the caller has read under the
 * maint word; the maintainer does it at least every 100 ms. */
void epoch_mark(struct region *, uint64_t now_ns);

/*
 * Between which bounds the age of a section lies that was entered at epoch
 * `word` (as read from a slot).  They lie two marks apart: 200 ms for 3 s back,
 * 2 s for 30 s back; what is older has only the lower bound.  *max_ns_out is
 * UINT64_MAX when nothing older is noted.  0, or -ENOENT for word 0 (outside).
 */
int epoch_age(const struct region *, uint64_t word, uint64_t now_ns,
    uint64_t *min_ns_out, uint64_t *max_ns_out);

/* Register this process for the expedited barrier: 0 or -errno.  Done by
 * slot_attach(); call it first thing in a program that will make threads. */
int epoch_register(void);

#endif
