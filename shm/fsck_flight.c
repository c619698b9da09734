/* fsck_flight.c - flights: words, who owns and awaits them, masks */
#include "crash.h"
#include "flight.h"
#include "fsck_int.h"

/* Whether a load is under way. */
static int
loads(unsigned state)
{
	return state == FLIGHT_OPENING || state == FLIGHT_FILLING ||
	    state == FLIGHT_VOID;
}

static int
is_free(const struct fsck *f, unsigned slot)
{
	return SLOT_STATE(ld_acq(&f->r->slots[slot].state)) == SLOT_FREE;
}

static const char *
word_wrong(const struct fsck *f, uint64_t word)
{
	unsigned state = flight_state(word), owner = flight_owner(word);

	if (state >= FLIGHT_STATES)
		return "no such state";
	if (owner > f->m.n_slots)
		return "no such owner";
	if (loads(state) != (owner != 0))
		return owner == 0 ? "owned by nobody" : "owned";
	if (state == FLIGHT_FREE && flight_turn(word) != 0)
		return "free with an error";
	if (owner != 0 && is_free(f, owner - 1))
		return "owned by a slot that is free";
	if (owner != 0 && fsck_quiet(f))
		return "a load is under way";
	return NULL;
}

static void
entry_clear(struct flight_entry *e, uint64_t word)
{
	for (unsigned i = 0; i < SLOT_MAX / 64; i++)
		st_rlx(&e->waiter[i], UINT64_C(0));
	st_rlx(&e->since, UINT64_C(0));
	CRASH_POINT("fsck.half");
	st_rel(&e->word, flight_word(FLIGHT_FREE, 0, 0,
	    flight_generation(word) + 1));
}

static int
waits(const struct flight_entry *e, unsigned slot)
{
	return (ld_acq(&e->waiter[slot / 64]) >> slot % 64 & 1) != 0;
}

/* A slot's bits are cleared before it is free, and set by its owner.  Those of
 * a flight that is over stay for a while. */
static const char *
waiters_wrong(const struct fsck *f, const struct flight_entry *e, int orphan)
{
	for (unsigned i = 0; i < SLOT_MAX; i++) {
		if (!waits(e, i))
			continue;
		if (i >= f->m.n_slots)
			return "awaited by nobody";
		if (is_free(f, i) && waits(e, i))
			return "awaited by a slot that is free";
		if (orphan && fsck_quiet(f))
			return "awaited";
	}
	return NULL;
}

/* The clock is read last: it only grows. */
static const char *
entry_wrong(const struct fsck *f, const struct flight_entry *e, uint64_t word)
{
	const char *wrong = word_wrong(f, word);

	if (wrong == NULL)
		wrong = waiters_wrong(f, e,
		    flight_state(word) == FLIGHT_ORPHAN);
	if (wrong == NULL && ld_acq(&e->since) >
	    ld_acq(&f->m.hot[CMAP_CLOCK]))
		wrong = "began in the future";
	return wrong;
}

static void
check_entry(struct fsck *f, uint32_t n)
{
	struct flight_entry *e = &f->m.flight->entry[n];
	const char *wrong = NULL;
	uint64_t word = 0;

	/* What is wrong under one word is wrong: it has a generation. */
	for (unsigned i = 0; i < FSCK_AGAIN; i++) {
		word = ld_acq(&e->word);
		wrong = entry_wrong(f, e, word);
		fence_full();
		if (wrong == NULL || ld_acq(&e->word) == word)
			break;
		wrong = NULL;
	}
	if (wrong != NULL && fsck_say(f, "flight %u: %s (%016llx)", n, wrong,
	    (unsigned long long)word))
		entry_clear(e, word);
}

void
fsck_flights(struct fsck *f)
{
	for (uint32_t n = 0; n < FLIGHT_ENTRIES; n++)
		check_entry(f, n);
	for (uint32_t n = 0; n < FLIGHT_SETS; n++) {
		_Atomic uint8_t *mask = &f->m.flight->mask[n];

		if (ld_acq(mask) >> FLIGHT_WAYS != 0 &&
		    fsck_say(f, "flights: the mask of set %u", n))
			st_rel(mask, (uint8_t)(ld_acq(mask) &
			    ((1u << FLIGHT_WAYS) - 1)));
	}
}
