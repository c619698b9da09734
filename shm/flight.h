/*
 * flight.h - one filler a key: who loads what is missing, and who waits for it.
 *
 * A key that is not in the cache is loaded by one thread of all processes; the
 * others wait for it.  A flight is that load: an entry of a table in the
 * region, found by the key's hash, four to a set.
 *
 *	flight_begin()	LEAD	load it, then cache_fill_done() or flight_fail()
 *			WAIT	somebody does; wake.h, flight_look(), flight_leave()
 *
 * The state is one word; every change of it is one compare-and-swap.
 *
 *	        claimed             fields written
 *	FREE -----------> OPENING -----------------> FILLING --+
 *	 ^                   ^                       ^  | |    | taken over:
 *	 |                   |          next who looks  | |<---+ owner late
 *	 |                   |                       |  | |
 *	 |                   +<---- long since --- ORPHAN | given up, owner died
 *	 |                   |                            |
 *	 |                   +<---- 100 ms later - FAILED +-- loader failed
 *	 |                                                |
 *	 |<--------- ended, owner died ------------- VOID +-- key changed
 *	 |                                                |
 *	 |<--------- stored, or nobody waits -------------+
 *	 |
 *	 +<--------- claimer died, in OPENING
 *
 *	FREE	 nobody's; bits of the set's mask may be left
 *	OPENING	 a claimer writes the fields: not to be found yet
 *	FILLING	 its owner loads, the others wait
 *	ORPHAN	 its owner has gone: the next who looks is the owner
 *	VOID	 as FILLING, but the key was changed or deleted since: the result
 *		 goes to who waited already, and is not stored; who asks from
 *		 now on does not find it
 *	FAILED	 for 100 ms: who asks gets the loader's error
 *
 * THE KEY'S BUCKET LOCK is held by who looks for a flight and claims one (so
 * there are never two of a key), by who takes one over, by who stores a result
 * (the state says that nothing has changed, and nothing can), and by who
 * changes or deletes the key and makes its flight void.  What ends without
 * storing needs no lock, nor does a repair.
 *
 * A WRITER PAYS one load of a byte when no flight of its set is up: the set's
 * mask has a bit for each entry whose load may be under way.  The owner sets it
 * before it begins to load, and clears it with the lock held, when it has seen
 * that it is still the owner, right before it ends the flight; nobody else
 * ever clears it but who has claimed the entry.  So while a load is under way
 * whose result could be stored its bit is set, whoever is killed where; a bit
 * too many costs a look at four entries and goes with the entry's next use, or
 * with flight_sweep().
 *
 * AN OWNER THAT DIES: its repair (flight_reap()) makes an ORPHAN of each of its
 * flights that someone waits for, and wakes them.  ONE THAT IS LATE, stopped or
 * slow, is overtaken by whoever waits: the word has a number of turns, so it
 * finds out and does not store.  A CHILD of a fork owns nothing.  A flight is
 * the thread's of the slot; a repair ends its flights before the slot is used
 * again.
 */
#ifndef SHM_FLIGHT_H
#define SHM_FLIGHT_H

#include <assert.h>
#include <stdint.h>

#include "cmap.h"

#define FLIGHT_WAYS	4u
#define FLIGHT_SETS	1024u
#define FLIGHT_ENTRIES	(FLIGHT_SETS * FLIGHT_WAYS)
#define FLIGHT_ERROR_NS	100000000u	/* an error is everybody's so long */
#define FLIGHT_LOOK_NS	100000000u	/* how often waiters look at least */
#define FLIGHT_LIMIT_NS	UINT64_C(600000000000)	/* no load is given more */

/* Numbers are part of the format. */
enum flight_state {
	FLIGHT_FREE, FLIGHT_OPENING, FLIGHT_FILLING, FLIGHT_ORPHAN, FLIGHT_VOID,
	FLIGHT_FAILED, FLIGHT_STATES
};

/*
 * One flight.  word: anyone, along the picture.  hash: the claimer, OPENING.
 * since, late_ns: the claimer, OPENING; the owner, FILLING; a reader that meets
 * those of the owner before decides a moment early or late.  waiter: a bit a
 * slot, set by its owner with the bucket locked, cleared by it or its repair
 * at any time, all by the claimer.
 */
struct flight_entry {
	_Atomic uint64_t word;
	_Atomic uint64_t hash;
	_Atomic uint64_t since;		/* invalidation clock when the load began */
	_Atomic uint64_t late_ns;	/* CLOCK_MONOTONIC; FAILED: the end of it */
	_Atomic uint64_t waiter[SLOT_MAX / 64];
};
static_assert(sizeof(struct flight_entry) == 64, "region format");

/* The section: the masks, then the entries. */
struct flight_table {
	_Atomic uint8_t mask[FLIGHT_SETS];	/* a bit a way; see above */
	uint8_t pad[REGION_PAGE - FLIGHT_SETS];
	struct flight_entry entry[FLIGHT_ENTRIES];
};
static_assert(offsetof(struct flight_table, entry) == REGION_PAGE,
    "region format");

/* state 4 | owner slot + 1 (12) | turn, or errno of FAILED (16) | generation 32
 * The generation is the flight's, advanced by who claims the entry. */
static inline uint64_t
flight_word(unsigned state, unsigned owner, unsigned turn, uint32_t generation)
{
	return (uint64_t)state | (uint64_t)owner << 4 | (uint64_t)turn << 16 |
	    (uint64_t)generation << 32;
}

static inline unsigned
flight_state(uint64_t word)
{
	return word & 15;
}

/* Slot number + 1, 0 nobody. */
static inline unsigned
flight_owner(uint64_t word)
{
	return word >> 4 & 0xfff;
}

static inline unsigned
flight_turn(uint64_t word)
{
	return word >> 16 & 0xffff;
}

static inline uint32_t
flight_generation(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static inline unsigned
flight_set(uint64_t hash)
{
	return (unsigned)(hash >> 32) % FLIGHT_SETS;
}

/* Whether the picture has it. */
int flight_may(unsigned from, unsigned to);

const char *flight_state_name(unsigned state);

/* --- for who misses --- */

enum flight_what {
	FLIGHT_LEAD,	/* the load is yours */
	FLIGHT_WAIT,	/* it is another's; you are noted as waiting */
	FLIGHT_OVER,	/* it has ended: look, else begin again */
	FLIGHT_ERROR,	/* it has failed less than 100 ms ago: flight.error */
	FLIGHT_ALONE,	/* load without a flight, and do not store */
	FLIGHT_BUSY	/* another's, and you did not want to wait */
};

/* A caller's hold on a flight, its own.  After LEAD until it has ended, after
 * WAIT until OVER, ERROR, ALONE or flight_leave(). */
struct flight {
	uint64_t hash;
	uint64_t word;		/* FILLING, as it was when we came or took it */
	uint64_t since;		/* LEAD: invalidation clock; for cache_opt */
	uint64_t looked_ns;	/* WAIT: when the owner was last asked after */
	uint32_t entry;
	int error;		/* a positive errno */
	/* What is loaded is what we asked for, whatever is invalidated
	 * meanwhile: nothing was between its beginning and our coming. */
	int early;
	int taken;		/* LEAD: from an owner that died or was late */
};

struct flight_ask {
	uint64_t now_ns;	/* CLOCK_MONOTONIC */
	uint64_t late_ns;	/* when our own load would be late; FLIGHT_LIMIT_NS
				 * from now at the most */
	int no_wait;		/* BUSY instead of WAIT */
};

/*
 * A key with this hash is missing.  After LEAD look into the cache once more:
 * a flight may have ended since the first look.  LEAD, WAIT, ERROR, ALONE (the
 * table is full, or results cannot be stored at the moment), BUSY; -EBUSY,
 * -ESTALE, -EUCLEAN, -ECHILD.  Waits for the bucket's lock only.
 */
int flight_begin(const struct cmap *, struct slot_self *, uint64_t hash,
    const struct flight_ask *, struct flight *out);

/* Whether a flight of the hash is up, or has failed just now: a guess without
 * a lock, for who has something to do meanwhile. */
int flight_up(const struct cmap *, uint64_t hash, uint64_t now_ns);

/*
 * A waiter looks again: after each wake-up, and every 100 ms.  WAIT, OVER,
 * ERROR, ALONE, or LEAD: the owner is dead or late and the load is yours.
 * Where anyone may repair the dead it asks after the owner every 100 ms.
 * -ECHILD.
 */
int flight_look(const struct cmap *, struct slot_self *, struct flight *,
    const struct flight_ask *);

/* Whether such a flight can still be joined: by another waiter of this thread
 * that asked just now.  1 and *early_out, 0. */
int flight_open(const struct cmap *, const struct flight *, int *early_out);

/* The waiter does not wait any more.  Never fails. */
void flight_leave(const struct cmap *, struct slot_self *,
    const struct flight *);

/* --- for the owner --- */

/* Whether it still is: 1; 0 void; -1 it was taken over. */
int flight_mine(const struct cmap *, const struct flight *);

/* With the bucket locked, once the result is linked: ends the flight, if it
 * still is ours, and notes who waits.  Then, without the lock, flight_wake(). */
struct flight_wake {
	uint64_t slot[SLOT_MAX / 64];
	int one;		/* of them is enough */
};
int flight_end_locked(const struct cmap *, const struct flight *,
    struct flight_wake *);
void flight_wake(const struct cmap *, const struct flight_wake *);

/* Whether any other slot waits: a guess that may miss who comes just now. */
int flight_awaited(const struct cmap *, const struct flight *);

/* Ends it without anything stored (it was already, or must not be). */
void flight_end(const struct cmap *, struct slot_self *,
    const struct flight *);

/* The loader failed: everybody gets the error (positive, 0: everybody loads
 * alone) for 100 ms.  A void flight just ends: who waits begins another. */
void flight_fail(const struct cmap *, struct slot_self *,
    const struct flight *, int error, uint64_t now_ns);

/* The owner gives up, for reasons of its own: one who waits is woken and takes
 * it over. */
void flight_pass(const struct cmap *, struct slot_self *,
    const struct flight *);

/* --- for who changes or deletes a key, with its bucket locked --- */

void flight_void_set(const struct cmap *, uint64_t hash);

/* Before the change: what is being loaded must not be stored behind it. */
static inline void
flight_void(const struct cmap *m, uint64_t hash)
{
	/* Relaxed: set with the same lock held, if it matters to us. */
	if (__builtin_expect(ld_rlx(&m->flight->mask[flight_set(hash)]) != 0, 0))
		flight_void_set(m, hash);
}

/* --- repair and upkeep --- */

/* The step of reap.h: hands on what the dead slot loaded, and forgets that it
 * waited. */
int flight_reap(struct slot_self *me, unsigned dead, void *arg);

/* The step of maint.h: entries that failed, or that nobody took over, are free;
 * bits of masks that nothing stands behind go. */
void flight_sweep(struct slot_self *me, uint64_t until_ns, void *arg);

#endif
