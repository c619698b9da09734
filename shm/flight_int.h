/*
 * flight_int.h - what the parts of flight share: changing an entry's word, its
 * bit in the mask, when a load is late.
 */
#ifndef SHM_FLIGHT_INT_H
#define SHM_FLIGHT_INT_H

#include "flight.h"
#include "must.h"

static inline struct flight_entry *
flight_at(const struct cmap *m, uint32_t n)
{
	must(n < FLIGHT_ENTRIES);
	return &m->flight->entry[n];
}

/* Change a word from *word_io to `to`: 1 and *word_io is it; 0 it was another,
 * now in *word_io. */
int flight_change(struct flight_entry *, uint64_t *word_io, uint64_t to);

/* The mask's bit of an entry. */
void flight_mark(const struct cmap *, uint32_t n);
void flight_unmark(const struct cmap *, uint32_t n);

/* Whether a new flight may have the entry: the greater the better, 0 no, 1 at
 * the price of an error that is still young. */
int flight_spare(const struct flight_entry *, uint64_t word, uint64_t now_ns);

static inline uint64_t
flight_bit(unsigned slot)
{
	return UINT64_C(1) << slot % 64;
}

#endif
