/* flight_end.c - flights: ending, voiding, repairing, sweeping them */
#include "flight_int.h"

#include <errno.h>

#include "crash.h"
#include "index.h"
#include "tick.h"
#include "wake.h"

static uint64_t
void_of(uint64_t word)
{
	return flight_word(FLIGHT_VOID, flight_owner(word), flight_turn(word),
	    flight_generation(word));
}

int
flight_mine(const struct cmap *m, const struct flight *f)
{
	uint64_t word = ld_acq(&flight_at(m, f->entry)->word);

	return word == f->word ? 1 : word == void_of(f->word) ? 0 : -1;
}

static int
copy_waiters(const struct flight_entry *e, struct flight_wake *w)
{
	uint64_t any = 0;

	w->one = 0;
	/* Who joins or leaves just now is woken late, or for nothing. */
	for (unsigned i = 0; i < SLOT_MAX / 64; i++)
		any |= w->slot[i] = ld_rlx(&e->waiter[i]);
	return any != 0;
}

int
flight_awaited(const struct cmap *m, const struct flight *f)
{
	struct flight_wake w;

	return copy_waiters(flight_at(m, f->entry), &w);
}

/* How a load ends that stores nothing. */
struct end {
	unsigned state;		/* FREE, ORPHAN, FAILED */
	unsigned code;		/* of FAILED */
	uint64_t until_ns;	/* of FAILED */
};

/* The word that ends the flight, by what it is now. */
static uint64_t
end_word(const struct end *how, uint64_t word, int awaited)
{
	uint32_t generation = flight_generation(word);

	if (flight_state(word) == FLIGHT_VOID ||
	    (how->state == FLIGHT_ORPHAN && !awaited))
		return flight_word(FLIGHT_FREE, 0, 0, generation);
	return flight_word(how->state, 0, how->state == FLIGHT_ORPHAN ?
	    flight_turn(word) : how->code, generation);
}

/*
 * 1 it has ended, 0 it was not ours any more.  Without the lock, when that is
 * not to be had, the bit stays (one too many), and no error is left (its time
 * would be stored over a new owner's).
 */
static int
ended(const struct cmap *m, const struct flight *f, const struct end *how,
    int locked, struct flight_wake *w)
{
	static const struct end plain = { FLIGHT_FREE, 0, 0 };
	struct flight_entry *e = flight_at(m, f->entry);
	uint64_t word = ld_acq(&e->word);

	if (!locked && how->state == FLIGHT_FAILED)
		how = &plain;
	while (word == f->word || word == void_of(f->word)) {
		int awaited = copy_waiters(e, w);

		if (locked)
			flight_unmark(m, f->entry);
		if (how->state == FLIGHT_FAILED)
			st_rlx(&e->late_ns, how->until_ns);
		if (!flight_change(e, &word, end_word(how, word, awaited)))
			continue;
		/* The end before the look at who waits; pairs with the fence
		 * in join().  Whom it misses looks again in 100 ms. */
		fence_full();
		if (!locked && flight_generation(ld_acq(&e->word)) ==
		    flight_generation(word))
			(void)copy_waiters(e, w);
		w->one = flight_state(word) == FLIGHT_ORPHAN;
		return 1;
	}
	return 0;
}

int
flight_end_locked(const struct cmap *m, const struct flight *f,
    struct flight_wake *w)
{
	static const struct end plain = { FLIGHT_FREE, 0, 0 };

	return ended(m, f, &plain, 1, w);
}

void
flight_wake(const struct cmap *m, const struct flight_wake *w)
{
	CRASH_POINT("flight.wake");
	for (unsigned i = 0; i < m->n_slots; i++)
		if ((w->slot[i / 64] >> i % 64 & 1) != 0 &&
		    wake_slot(m->region, i) && w->one)
			return;
}

static void
end_flight(const struct cmap *m, struct slot_self *me, const struct flight *f,
    const struct end *how)
{
	uint64_t bucket = index_bucket(m, f->hash);
	struct flight_wake w;
	int locked, done;

	if (slot_check(me) < 0)
		return;
	locked = index_lock(m, me, bucket) == 0;
	done = ended(m, f, how, locked, &w);
	if (locked)
		index_unlock(m, me, bucket);
	if (done)
		flight_wake(m, &w);
}

void
flight_end(const struct cmap *m, struct slot_self *me, const struct flight *f)
{
	end_flight(m, me, f, &(struct end){ .state = FLIGHT_FREE });
}

void
flight_fail(const struct cmap *m, struct slot_self *me, const struct flight *f,
    int error, uint64_t now)
{
	end_flight(m, me, f, &(struct end){ FLIGHT_FAILED,
	    error < 0 || error > 0xffff ? EIO : (unsigned)error,
	    now + FLIGHT_ERROR_NS });
}

void
flight_pass(const struct cmap *m, struct slot_self *me, const struct flight *f)
{
	end_flight(m, me, f, &(struct end){ .state = FLIGHT_ORPHAN });
}

/* --- voiding --- */

void
flight_void_set(const struct cmap *m, uint64_t hash)
{
	struct flight_entry *e = flight_at(m, flight_set(hash) * FLIGHT_WAYS);

	for (unsigned i = 0; i < FLIGHT_WAYS; i++, e++) {
		uint64_t word = ld_acq(&e->word);

		/* Only a repair is at it besides us. */
		while (flight_state(word) == FLIGHT_FILLING &&
		    ld_rlx(&e->hash) == hash &&
		    !flight_change(e, &word, void_of(word)))
			;
	}
}

/* --- repair, upkeep --- */

/* What becomes of a flight whose owner is dead. */
static uint64_t
orphan_word(uint64_t word, int awaited)
{
	uint32_t generation = flight_generation(word);

	if (flight_state(word) == FLIGHT_FILLING && awaited)
		return flight_word(FLIGHT_ORPHAN, 0, flight_turn(word),
		    generation);
	return flight_word(FLIGHT_FREE, 0, 0, generation);
}

/* Others may take it over, void or join it meanwhile.  Who waits is woken: one
 * for an orphan, it takes over; all for a void one, they begin again. */
static int
reap_entry(const struct cmap *m, struct flight_entry *e, unsigned dead)
{
	uint64_t word = ld_acq(&e->word);
	struct flight_wake w;

	while (flight_owner(word) == dead + 1) {
		unsigned state = flight_state(word);
		int awaited = copy_waiters(e, &w);

		if (state != FLIGHT_OPENING && state != FLIGHT_FILLING &&
		    state != FLIGHT_VOID)
			return -EUCLEAN;
		CRASH_POINT("flight.reap");
		if (!flight_change(e, &word, orphan_word(word, awaited)))
			continue;
		w.one = flight_state(word) == FLIGHT_ORPHAN;
		flight_wake(m, &w);
		return 1;
	}
	return 0;
}

int
flight_reap(struct slot_self *me, unsigned dead, void *arg)
{
	struct cmap map, *m = &map;
	uint64_t bit = UINT64_C(1) << dead % 64;
	int n = 0, rc = cmap_open(me->region, m);

	(void)arg;
	if (rc != 0)
		return rc == -ENOENT ? 0 : rc;
	for (uint32_t i = 0; i < FLIGHT_ENTRIES; i++) {
		struct flight_entry *e = &m->flight->entry[i];

		if ((ld_rlx(&e->waiter[dead / 64]) & bit) != 0)
			(void)and_ar(&e->waiter[dead / 64], ~bit);
		rc = reap_entry(m, e, dead);
		if (rc < 0)
			return rc;
		n += rc;
	}
	return n;
}

/* Nothing is loaded for it, and nobody waits: it is ours for a moment. */
static void
sweep_entry(const struct cmap *m, struct slot_self *me, uint32_t n,
    uint64_t now)
{
	struct flight_entry *e = &m->flight->entry[n];
	uint64_t word = ld_acq(&e->word);

	if (flight_spare(e, word, now) < 2 ||
	    !flight_change(e, &word, flight_word(FLIGHT_OPENING,
		me->number + 1, 0, flight_generation(word) + 1)))
		return;
	CRASH_POINT("flight.sweep");
	flight_unmark(m, n);
	(void)flight_change(e, &word, flight_word(FLIGHT_FREE, 0, 0,
	    flight_generation(word)));
}

void
flight_sweep(struct slot_self *me, uint64_t until_ns, void *arg)
{
	uint64_t now = tick_clock(CLOCK_MONOTONIC);
	struct cmap map, *m = &map;

	(void)until_ns;		/* a look at a page; few bits are left as a rule */
	(void)arg;
	if (cmap_open(me->region, m) != 0)
		return;
	for (uint32_t n = 0; n < FLIGHT_SETS; n++) {
		/* A bit seen late is swept next time. */
		unsigned mask = ld_rlx(&m->flight->mask[n]);

		for (unsigned i = 0; mask != 0 && i < FLIGHT_WAYS; i++)
			if ((mask >> i & 1) != 0)
				sweep_entry(m, me, n * FLIGHT_WAYS + i, now);
	}
}
