/*
 * flight.c - flights: finding, joining, awaiting, taking over.
 *
 * What a kill leaves after each step:
 *
 *	claim: OPENING				flight_reap(): FREE
 *	fields, the mask's bit			the same; a bit too many
 *	FILLING					flight_reap(): ORPHAN or FREE
 *	a waiter's bit				a wake-up for nothing
 *	taken over: FILLING, another turn	flight_reap(), again
 *	... its bit, since, late_ns		the same: it has not begun to load
 *	end: the mask's bit cleared		a load whose owner is dead
 *	... FREE, ORPHAN, FAILED		waiters look again within 100 ms
 *	VOID					flight_reap(): FREE
 */
#include "flight_int.h"

#include <errno.h>

#include "crash.h"
#include "index.h"
#include "reap.h"
#include "tick.h"
#include "wake.h"

#define TRIES 8u	/* lost to a repair; two in a row are rare already */

/* [from] is the set of states that may follow: see the picture in flight.h. */
#define TO(s) (1u << FLIGHT_##s)
static const uint16_t follows[FLIGHT_STATES] = {
	[FLIGHT_FREE] = TO(OPENING),
	[FLIGHT_OPENING] = TO(FILLING) | TO(FREE),
	[FLIGHT_FILLING] = TO(FILLING) | TO(FREE) | TO(ORPHAN) | TO(VOID) |
	    TO(FAILED),
	[FLIGHT_ORPHAN] = TO(FILLING) | TO(OPENING),
	[FLIGHT_VOID] = TO(FREE),
	[FLIGHT_FAILED] = TO(OPENING),
};

static const char *const names[FLIGHT_STATES] = {
	"free", "opening", "filling", "orphan", "void", "failed",
};

int
flight_may(unsigned from, unsigned to)
{
	return from < FLIGHT_STATES && to < FLIGHT_STATES &&
	    (follows[from] >> to & 1) != 0;
}

const char *
flight_state_name(unsigned state)
{
	return state < FLIGHT_STATES ? names[state] : "?";
}

int
flight_change(struct flight_entry *e, uint64_t *word_io, uint64_t to)
{
	must(flight_may(flight_state(*word_io), flight_state(to)));
	/*
	 * Release: who finds the state sees the fields that were written for
	 * it.  Acquire: who takes an entry sees what its last owner did.
	 */
	CRASH_POINT("flight.change.before");
	if (!cas_ar(&e->word, word_io, to))
		return 0;
	CRASH_POINT("flight.change.after");
	*word_io = to;
	return 1;
}

static uint64_t
clock_now(const struct cmap *m)
{
	return ld_acq(&m->hot[CMAP_CLOCK]);
}

void
flight_mark(const struct cmap *m, uint32_t n)
{
	(void)or_ar(&m->flight->mask[n / FLIGHT_WAYS],
	    (uint8_t)(1u << n % FLIGHT_WAYS));
	CRASH_POINT("flight.marked");
}

void
flight_unmark(const struct cmap *m, uint32_t n)
{
	(void)and_ar(&m->flight->mask[n / FLIGHT_WAYS],
	    (uint8_t)~(1u << n % FLIGHT_WAYS));
	CRASH_POINT("flight.unmarked");
}

/* When a load that begins now is late. */
static uint64_t
late_at(const struct flight_ask *ask)
{
	uint64_t most = ask->now_ns + FLIGHT_LIMIT_NS;

	return ask->late_ns < most ? ask->late_ns : most;
}

/* A time that no owner can have set is over. */
static int
is_late(const struct flight_entry *e, uint64_t now)
{
	/* The owner that has just come may not have set its own yet: then it
	 * is a moment too late. */
	uint64_t late = ld_rlx(&e->late_ns);

	return now >= late || late - now > FLIGHT_LIMIT_NS;
}

/* Whether the slot that a word names is in use at all: a repair ends a slot's
 * flights before it frees it. */
static int
has_owner(const struct cmap *m, uint64_t word)
{
	unsigned owner = flight_owner(word);

	return owner != 0 && owner <= m->n_slots && SLOT_STATE(ld_acq(
	    &m->region->slots[owner - 1].state)) == SLOT_LIVE;
}

/* --- beginning --- */

static int
lead(const struct cmap *m, struct flight_entry *e, uint64_t word, int taken,
    struct flight *f)
{
	f->word = word;
	f->entry = (uint32_t)(e - m->flight->entry);
	f->since = ld_rlx(&e->since);	/* ours */
	f->taken = taken;
	return FLIGHT_LEAD;
}

static int
failed(uint64_t word, struct flight *f)
{
	f->error = (int)flight_turn(word);
	return f->error == 0 ? FLIGHT_ALONE : FLIGHT_ERROR;
}

/* Another's entry that is ours to have, in OPENING: the fields of a new flight.
 * Nobody finds it before the last store. */
static int
open_entry(const struct cmap *m, struct slot_self *me, struct flight_entry *e,
    uint64_t word, const struct flight_ask *ask, struct flight *f)
{
	for (unsigned i = 0; i < SLOT_MAX / 64; i++)
		st_rlx(&e->waiter[i], UINT64_C(0));
	st_rlx(&e->hash, f->hash);
	st_rlx(&e->late_ns, late_at(ask));
	/* Before the load begins: what is invalidated from here on is newer
	 * than what is loaded. */
	st_rlx(&e->since, clock_now(m));
	flight_mark(m, (uint32_t)(e - m->flight->entry));
	if (!flight_change(e, &word, flight_word(FLIGHT_FILLING,
		me->number + 1, 0, flight_generation(word))))
		return FLIGHT_ALONE;	/* rubbish was written over it */
	return lead(m, e, word, 0, f);
}

static int
claim(const struct cmap *m, struct slot_self *me, struct flight_entry *e,
    uint64_t word, const struct flight_ask *ask, struct flight *f)
{
	if (!flight_change(e, &word, flight_word(FLIGHT_OPENING,
		me->number + 1, 0, flight_generation(word) + 1)))
		return -EAGAIN;
	return open_entry(m, me, e, word, ask, f);
}

/* With the bucket locked: another turn, its owner is us. */
static int
take(const struct cmap *m, struct slot_self *me, struct flight_entry *e,
    uint64_t word, const struct flight_ask *ask, struct flight *f)
{
	/* Of an orphan the turns went on in its word. */
	if (!flight_change(e, &word, flight_word(FLIGHT_FILLING, me->number + 1,
		(flight_turn(word) + 1) & 0xffff, flight_generation(word))))
		return -EAGAIN;
	/* Our load begins below: a change of the key before these stores is
	 * older than it, one after them finds the bit. */
	flight_mark(m, (uint32_t)(e - m->flight->entry));
	st_rlx(&e->since, clock_now(m));
	st_rlx(&e->late_ns, late_at(ask));
	(void)and_ar(&e->waiter[me->number / 64], ~flight_bit(me->number));
	CRASH_POINT("flight.taken");
	return lead(m, e, word, 1, f);
}

static int
join(const struct cmap *m, struct slot_self *me, struct flight_entry *e,
    uint64_t word, uint64_t now, struct flight *f)
{
	(void)or_ar(&e->waiter[me->number / 64], flight_bit(me->number));
	CRASH_POINT("flight.joined");
	/* The bit before the second look; pairs with the fence in ended(). */
	fence_full();
	if (ld_acq(&e->word) != word)
		return -EAGAIN;		/* a repair was faster */
	f->word = word;
	f->entry = (uint32_t)(e - m->flight->entry);
	f->looked_ns = now;
	f->early = ld_rlx(&e->since) >= clock_now(m);
	return FLIGHT_WAIT;
}

/* There is an entry of the hash, in this state, and the bucket is locked.
 * -EAGAIN: not any more. */
static int
meet(const struct cmap *m, struct slot_self *me, struct flight_entry *e,
    uint64_t word, const struct flight_ask *ask, struct flight *f)
{
	switch (flight_state(word)) {
	case FLIGHT_FILLING:
		if (is_late(e, ask->now_ns) || !has_owner(m, word))
			return take(m, me, e, word, ask, f);
		return ask->no_wait ? FLIGHT_BUSY
				    : join(m, me, e, word, ask->now_ns, f);
	case FLIGHT_ORPHAN:
		return take(m, me, e, word, ask, f);
	default:
		if (!is_late(e, ask->now_ns))
			return failed(word, f);
		return claim(m, me, e, word, ask, f);
	}
}

static int
can_meet(uint64_t word)
{
	unsigned state = flight_state(word);

	return state == FLIGHT_FILLING || state == FLIGHT_ORPHAN ||
	    state == FLIGHT_FAILED;
}

int
flight_spare(const struct flight_entry *e, uint64_t word, uint64_t now)
{
	switch (flight_state(word)) {
	case FLIGHT_FREE:
		return 3;
	case FLIGHT_FAILED:
		return is_late(e, now) ? 2 : 1;
	case FLIGHT_ORPHAN:
		/* Who waits looks every 100 ms, so nobody does any more. */
		return is_late(e, now) ? 2 : 0;
	default:
		return 0;
	}
}

static int
begin_locked(const struct cmap *m, struct slot_self *me,
    const struct flight_ask *ask, struct flight *f)
{
	struct flight_entry *e = flight_at(m, flight_set(f->hash) *
	    FLIGHT_WAYS), *best = NULL;
	uint64_t word, best_word = 0;
	int is, best_is = 0;

	for (unsigned i = 0; i < FLIGHT_WAYS; i++, e++) {
		word = ld_acq(&e->word);
		/*
		 * A hash that is ours belongs to this word: an entry gets
		 * another one in OPENING, ours only with our bucket locked.
		 */
		if (can_meet(word) && ld_rlx(&e->hash) == f->hash)
			return meet(m, me, e, word, ask, f);
		is = flight_spare(e, word, ask->now_ns);
		if (is > best_is) {
			best = e;
			best_word = word;
			best_is = is;
		}
	}
	if (best == NULL)
		return FLIGHT_ALONE;
	return claim(m, me, best, best_word, ask, f);
}

int
flight_begin(const struct cmap *m, struct slot_self *me, uint64_t hash,
    const struct flight_ask *ask, struct flight *f)
{
	uint64_t bucket = index_bucket(m, hash);
	int rc = index_lock(m, me, bucket);

	if (rc < 0)
		return rc;
	*f = (struct flight){ .hash = hash };
	rc = -EAGAIN;
	for (unsigned i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = begin_locked(m, me, ask, f);
	index_unlock(m, me, bucket);
	return rc == -EAGAIN ? FLIGHT_ALONE : rc;
}

int
flight_up(const struct cmap *m, uint64_t hash, uint64_t now)
{
	const struct flight_entry *e = flight_at(m, flight_set(hash) *
	    FLIGHT_WAYS);

	for (unsigned i = 0; i < FLIGHT_WAYS; i++, e++)
		if (can_meet(ld_acq(&e->word)) && ld_rlx(&e->hash) == hash &&
		    !is_late(e, now))
			return 1;
	return 0;
}

/* --- waiting --- */

/* The owner does not load any more, as far as a waiter can tell; repairs it
 * where anyone may (asking costs system calls). */
static int
owner_gone(const struct cmap *m, struct slot_self *me, uint64_t word,
    struct flight *f, uint64_t now)
{
	struct region *r = m->region;
	unsigned owner = flight_owner(word);

	if (!has_owner(m, word))
		return 1;
	if (r->head->reapers != REGION_REAP_ANY || owner == me->number + 1 ||
	    now - f->looked_ns < FLIGHT_LOOK_NS)
		return 0;
	f->looked_ns = now;
	if (slot_dead(r, owner - 1) == 1)
		(void)slot_reap(me, owner - 1);
	return 0;
}

/* Take over what is late or an orphan, unless it is another word by now. */
static int
take_over(const struct cmap *m, struct slot_self *me, uint64_t word,
    const struct flight_ask *ask, struct flight *f)
{
	struct flight_entry *e = flight_at(m, f->entry);
	uint64_t bucket = index_bucket(m, f->hash);
	int rc = index_lock(m, me, bucket);

	if (rc < 0)
		return rc == -ECHILD ? rc : FLIGHT_WAIT;
	rc = -EAGAIN;
	/* The hash, too: rubbish must not make two flights of one entry. */
	if (ld_acq(&e->word) == word && ld_rlx(&e->hash) == f->hash &&
	    (flight_state(word) == FLIGHT_ORPHAN || !has_owner(m, word) ||
		is_late(e, ask->now_ns)))
		rc = take(m, me, e, word, ask, f);
	index_unlock(m, me, bucket);
	return rc;
}

int
flight_look(const struct cmap *m, struct slot_self *me, struct flight *f,
    const struct flight_ask *ask)
{
	struct flight_entry *e = flight_at(m, f->entry);
	int rc = slot_check(me);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t word = ld_acq(&e->word);

		if (flight_generation(word) != flight_generation(f->word))
			return FLIGHT_OVER;
		switch (flight_state(word)) {
		case FLIGHT_FILLING:
			if (is_late(e, ask->now_ns) ||
			    owner_gone(m, me, word, f, ask->now_ns))
				break;
			if (ld_acq(&e->word) == word)
				return FLIGHT_WAIT;
			continue;
		case FLIGHT_ORPHAN:
			break;
		case FLIGHT_VOID:
			if (is_late(e, ask->now_ns) ||
			    owner_gone(m, me, word, f, ask->now_ns))
				return FLIGHT_OVER;
			if (ld_acq(&e->word) == word)
				return FLIGHT_WAIT;
			continue;
		case FLIGHT_FAILED:
			return failed(word, f);
		default:
			return FLIGHT_OVER;
		}
		rc = take_over(m, me, word, ask, f);
		if (rc != -EAGAIN)
			return rc;
	}
	return FLIGHT_WAIT;
}

int
flight_open(const struct cmap *m, const struct flight *f, int *early_out)
{
	const struct flight_entry *e = flight_at(m, f->entry);
	uint64_t word = ld_acq(&e->word);

	if (flight_generation(word) != flight_generation(f->word) ||
	    (flight_state(word) != FLIGHT_FILLING &&
		flight_state(word) != FLIGHT_ORPHAN))
		return 0;
	*early_out = ld_rlx(&e->since) >= clock_now(m);
	return 1;
}

void
flight_leave(const struct cmap *m, struct slot_self *me,
    const struct flight *f)
{
	struct flight_entry *e = flight_at(m, f->entry);

	/* Should the entry be another flight's in a moment: not one that we
	 * wait for, so its bit of ours is nobody's. */
	if (slot_check(me) == 0 && flight_generation(ld_acq(&e->word)) ==
	    flight_generation(f->word))
		(void)and_ar(&e->waiter[me->number / 64],
		    ~flight_bit(me->number));
}
