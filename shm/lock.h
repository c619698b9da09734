/*
 * lock.h - writers' locks: one 32-bit word that names its holder.
 *
 *	word = waiters 1 | slot + 1 (12) | low bits of its generation (19)
 *
 * Taking: what is about to be done is noted in our slot (kind, offset, intent),
 * then one compare-and-swap.  Giving: the word, then the note.  So whoever
 * repairs a dead slot reads from the slot which word to look at, and the word
 * says whether it was held.
 *
 * A holder that is stopped is not robbed: the caller gets -EBUSY after 100 ms.
 * A holder that is dead is repaired by slot_reap(), from within lock_take()
 * where the region allows anyone to reap, by the mender otherwise.
 *
 * At most one lock a thread (SLOT_HAND_WORK), never across a call into another
 * module, a callback or a wait.  The maint word is the exception (maint.h).
 */
#ifndef SHM_LOCK_H
#define SHM_LOCK_H

#include <stdint.h>

#include "slot.h"

/* Kinds: which repair belongs to a lock.  Numbers are part of the format. */
enum lock_kind {
	LOCK_MAINT = 1,		/* nothing to repair */
	LOCK_TOTALS = 2,	/* metric.c */
	LOCK_BUCKET = 3,	/* the cache's; a word of its own form */
	LOCK_BANS = 4,
	LOCK_CACHE = 5,
	LOCK_FSCK = 6,		/* no lock: a repair of everything is under way */
	LOCK_QUEUE = 8,
	LOCK_TEST = 14,		/* 14 and 15 for tests */
};

#define LOCK_WAITERS	0x80000000u
#define LOCK_SPIN_NS	1000u		/* longer than any section is */
#define LOCK_SLICE_MS	20		/* a wake-up lost with its sender costs this */
#define LOCK_LIMIT_MS	100		/* then the caller hears -EBUSY */

/*
 * Take the lock.  Waits up to 100 ms.  0; -EBUSY; -ESTALE when the region is
 * condemned; -EUCLEAN when the word names nobody who could hold it; -EDEADLK
 * when it names us; -ECHILD.  With 0 the caller must lock_give() soon.
 */
int lock_take(struct slot_self *, _Atomic uint32_t *word, unsigned kind,
    const uint64_t *intent, unsigned n_intent);

/* The same without waiting: 0 or -EBUSY. */
int lock_try(struct slot_self *, enum slot_hand, _Atomic uint32_t *word,
    unsigned kind, const uint64_t *intent, unsigned n_intent);

void lock_give(struct slot_self *, enum slot_hand, _Atomic uint32_t *word);

/* Slot that holds it now, SLOT_ANY when free: for display and repair. */
static inline uint32_t
lock_holder(_Atomic uint32_t *word)
{
	return slot_of_owner(ld_rlx(word) & ~LOCK_WAITERS);
}

/*
 * What to do for a lock of this kind whose holder died with it held: fn makes
 * the structure valid from its named truth, by the intent words; the lock is
 * released after it.  fn may run again after a kill in its middle, and takes
 * no other lock.  Returns 0 or -EUCLEAN.  Kinds without a fn are just released.
 *
 * LOCK_FORM_OWN is for words of another form (a bucket's control word), noted
 * with slot_hold(): fn is called whatever the word says, compares it with
 * slot `dead` (slot_of_owner()), and releases it.  It returns 1 when it was
 * held, 0 when not.
 */
enum lock_form { LOCK_FORM_WORD, LOCK_FORM_OWN };
void lock_repair(struct region *, unsigned kind, enum lock_form,
    int (*fn)(struct slot_self *me, unsigned dead, off_ref off,
	const uint64_t *intent, void *arg), void *arg);

/* For reap.c: repair and release what the dead slot notes in one hand.
 * Returns 1 something was held, 0 nothing, -errno; -EUCLEAN, too, when it died
 * in fsck_recover(), which the next one has to do again. */
int lock_reap(struct slot_self *me, unsigned dead, enum slot_hand);

#endif
