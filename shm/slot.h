/*
 * slot.h - the table of who is attached: one slot a thread.
 *
 * Life cycle: slot_attach() finds or takes a slot and gives a handle bound to
 * the calling thread; slot_detach() gives it back.  A process that exits
 * without detaching leaves its slot LIVE; reap.h repairs and frees it.
 *
 *	FREE --attach--> LIVE --detach--> FREE	(generation + 1)
 *			  |
 *			  +--process exits--> (still LIVE) --slot_reap--> FREE
 *
 * WHO OWNS A SLOT is decided by a POSIX record lock on the byte `slot number`
 * of the region file.  The kernel drops it when the process has exited and its
 * address space is gone, and not when it is stopped: nobody can still store
 * through a mapping once the lock is free.  A slot is never taken from a
 * process that lives, for no store in shared memory can be fenced (see
 * doc/design/epochs.md).  A plugin that closes every descriptor drops the locks of its process
 * while alive; so, where it can be seen (same pid namespace), pid and start
 * time must be gone as well.  These outlive execve(), the mapping does not: a
 * process that is there is dead to us when its lock is free and /proc/PID/maps
 * can be read and does not show the region.  (So a program that replaces
 * itself and maps the region again keeps its old slots from being repaired.)
 *
 * FORK.  The handle lies in a page that the kernel wipes in a child: there
 * every call that takes it answers -ECHILD.
 */
#ifndef SHM_SLOT_H
#define SHM_SLOT_H

#include <errno.h>
#include <stdint.h>

#include "atomic.h"
#include "must.h"
#include "region.h"

struct hist;

#define SLOT_SIZE	4096u
#define SLOT_MAX	256u	/* the lock word has room for 4,094 */
#define SLOT_DEFAULT	128u
#define SLOT_MENDERS	2u	/* the last ones are kept for menders */
#define SLOT_PINS	32u
#define SLOT_COUNTERS	320u
#define SLOT_INTENT	6u
#define SLOT_NAME	24u
#define SLOT_ANY	UINT32_MAX

enum slot_role {
	SLOT_ROLE_NONE, SLOT_ROLE_WORKER, SLOT_ROLE_KEEPER, SLOT_ROLE_MENDER,
	SLOT_ROLE_CLIENT	/* an outside program with the library */
};

/* slot.state = state 8 | generation 56 */
enum slot_state { SLOT_FREE = 0, SLOT_LIVE = 1 };
#define SLOT_STATE(word)	((unsigned)((word) & 0xff))
#define SLOT_GENERATION(word)	((uint64_t)(word) >> 8)
#define SLOT_WORD(state, gen)	((uint64_t)(gen) << 8 | (state))

/* What a slot is about to take, has taken or has just given back. */
struct slot_held {
	/* kind 8 | offset of the lock word 56; 0 nothing.  Stored after the
	 * intent and before the lock; erased after the unlock. */
	_Atomic uint64_t what;
	_Atomic uint64_t intent[SLOT_INTENT];
	uint64_t pad;
};

/* Two places: a worker's ordinary lock, and the maint word, which is held
 * across ordinary ones. */
enum slot_hand { SLOT_HAND_WORK, SLOT_HAND_MAINT, SLOT_HANDS };

/*
 * A slot.  Writer: the owning thread, but for the mailbox line (any process)
 * and, once the owner is proven dead, whoever holds its record lock.
 */
struct slot {
	/* Line 0.  Readers: reclaimers.  word: the epoch at which the owner
	 * entered its read section, 0 outside. */
	_Atomic uint64_t word;
	uint64_t pad0[7];
	/* Lines 1-4.  Segments whose values the owner uses outside a section:
	 * number + 1, 0 none.  Stored inside a section.  Readers: reclaimers. */
	_Atomic uint64_t pin[SLOT_PINS];
	/* Lines 5, 6.  Readers: who repairs. */
	struct slot_held held[SLOT_HANDS];
	/* Line 7, the mailbox.  Writers: anyone (wake.h). */
	_Atomic uint32_t sleeping;
	_Atomic uint32_t rings;
	uint64_t pad7[7];
	/* Lines 8, 9: who it is.  Readers: anyone, for display; decisions use
	 * the record lock. */
	_Atomic uint64_t state;
	_Atomic int32_t pid;
	_Atomic int32_t tid;
	_Atomic uint64_t started;	/* start time from /proc, clock ticks */
	_Atomic uint64_t pidns;		/* inode of the pid namespace, 0 unknown */
	_Atomic uint32_t role;
	_Atomic uint32_t reload;	/* generation of configuration and plugins */
	_Atomic uint64_t heartbeat_ns;	/* CLOCK_MONOTONIC of the last slot_beat() */
	_Atomic uint64_t attached_ns;
	char group[SLOT_NAME];		/* NUL-terminated, "" none */
	_Atomic uint64_t folded;	/* generation whose counters are in totals */
	uint64_t pad9[5];
	/* At 640: the cache's own words: open segments, its counter. */
	_Atomic uint64_t cache[64];
	/* At 1152: the queue's own words. */
	_Atomic uint64_t queue[48];
	/* At 1536: counters and gauges (metric.h). */
	_Atomic uint64_t counter[SLOT_COUNTERS];
};
static_assert(sizeof(struct slot_held) == 64, "region format");
static_assert(sizeof(struct slot) == SLOT_SIZE, "region format");
static_assert(offsetof(struct slot, held) == 320, "region format");
static_assert(offsetof(struct slot, sleeping) == 448, "region format");
static_assert(offsetof(struct slot, state) == 512, "region format");
static_assert(offsetof(struct slot, cache) == 640, "region format");
static_assert(offsetof(struct slot, counter) == 1536, "region format");

/*
 * The handle of an attached thread.  One page of its own, wiped in a child, so
 * slot is NULL there.  Private to the thread; callers only pass it on.
 */
struct slot_self {
	struct slot *slot;	/* NULL: this is a child of who attached */
	_Atomic uint64_t *epoch;
	uint32_t depth;		/* of the read section */
	uint32_t fence;		/* readers need a fence of their own */
	uint32_t owner;		/* slot_owner_word(): names us in lock words */
	uint32_t number;
	struct region *region;
	struct hist *hists;	/* this slot's (hist.h) */
	uint64_t thread;	/* pthread_self(), compared in debug builds */
	uint64_t generation;
	uint32_t hand;		/* bits of enum slot_hand in use */
};

struct slot_plan {
	uint32_t number;	/* SLOT_ANY, or the one to take */
	uint32_t role;		/* enum slot_role */
	uint32_t reload;
	const char *group;	/* NULL none */
};

/*
 * Attach the calling thread.  Registers the process for membarrier where the
 * region asks for that (4 us before the first thread is made, 20 ms later).
 * Returns 0; -ENOLCK when none is free (the last two are for menders); -EBUSY
 * when the wanted one is alive, or the free ones are just being taken, or all
 * of the region is being repaired (fsck.h): try again; -EOWNERDEAD when the
 * wanted one is dead and not repaired (see slot_reap()); -ENOTSUP when the
 * process cannot register; -EROFS on a read-only mapping; -ESTALE when the
 * region is condemned.
 */
int slot_attach(struct region *, const struct slot_plan *,
    struct slot_self **out);

/*
 * Give the slot back: repairs what is still held like that of a dead one, then
 * frees it.  Frees the handle; in a forked child only the handle.
 */
void slot_detach(struct slot_self **);

/* Note that the owner is alive; anyone may show it, nothing is decided by it. */
void slot_beat(struct slot_self *, uint64_t now_ns);

/* Whether the owner of a slot is proven dead: LIVE, its record lock free, its
 * process gone.  1 dead, 0 not (or free, or ours), -errno cannot tell. */
int slot_dead(struct region *, unsigned number);

/* What may be shown of a slot. */
struct slot_info {
	unsigned number, state, role, reload;
	int pid, tid;
	uint64_t generation, word, held, heartbeat_ns, attached_ns;
	unsigned n_pins;
	char group[SLOT_NAME];
};
int slot_info(const struct region *, unsigned number, struct slot_info *out);
const char *slot_role_name(unsigned role);

/* --- naming slots in lock words and claims --- */

/* slot + 1 in 12 bits, low 19 bits of the generation; never 0. */
static inline uint32_t
slot_owner_word(uint32_t number, uint64_t generation)
{
	return (number + 1) << 19 | ((uint32_t)generation & 0x7ffff);
}

/* The slot that an owner word names, SLOT_ANY when it names none. */
static inline uint32_t
slot_of_owner(uint32_t owner)
{
	return ((owner >> 19) & 0xfff) - 1;
}

/* --- holding --- */

/* Say what is about to be taken: kind (1..REGION_LOCK_KINDS-1), the word's
 * offset, up to SLOT_INTENT words of intent.  A kill after it leaves a note
 * about a lock that is not held: repair compares and drops it. */
void slot_hold(struct slot_self *, enum slot_hand, unsigned kind, off_ref off,
    const uint64_t *intent, unsigned n);
/* Change one word of the intent while holding (release order). */
void slot_intend(struct slot_self *, enum slot_hand, unsigned i, uint64_t);
/* Erase it: after the unlock. */
void slot_unhold(struct slot_self *, enum slot_hand);

/* 0, or -ECHILD in a forked child; in debug builds also that the thread is the
 * one that attached. */
static inline int
slot_check(const struct slot_self *me)
{
	if (__builtin_expect(me->slot == NULL, 0))
		return -ECHILD;
	must_debug(me->thread == (uint64_t)pthread_self());
	return 0;
}

/* --- for reap.c --- */

/* Take the record lock of a slot for this thread: 0, -EBUSY when a living
 * process or another thread of ours has it. */
int slot_byte_lock(struct region *, unsigned number);
void slot_byte_unlock(struct region *, unsigned number);
/* The same for all slots but ours: 0, then no other thread is in the region,
 * slots that are LIVE are of the dead, and nobody attaches before the unlock;
 * -EBUSY when someone is there or is about to be. */
int slot_others_lock(struct slot_self *);
void slot_others_unlock(struct slot_self *);
/* Whether the process written in the slot, whose record lock is free or ours,
 * is seen to be alive and in the region: 1, 0 gone, or 0 also when it cannot be
 * seen from here. */
int slot_process_seen(const struct region *, unsigned number);
/* Erase who it was and set it FREE with the next generation: the last step. */
void slot_free(struct region *, unsigned number);

#endif
