/*
 * pauses.h - when the machine itself stood still.
 *
 * On each processor that we may use a thread wakes every millisecond, with
 * real-time priority where that is allowed, so that no load of ours delays it.
 * Whenever it comes late by more than PAUSES_LATE_NS, the time from when it was
 * due is a pause of that processor.
 */
#ifndef TESTS_PAUSES_H
#define TESTS_PAUSES_H

#include <stdint.h>

#define PAUSES_LATE_NS 1500000	/* a timer's own lateness stays well under 1 ms */

struct pauses;

/* 0, -errno. */
int pauses_start(struct pauses **out);
void pauses_stop(struct pauses **);

/* Nanoseconds between two times (CLOCK_MONOTONIC) during which at least one processor stood still. */
uint64_t pauses_within(struct pauses *, uint64_t from_ns, uint64_t to_ns);

/* Whether the threads run with real-time priority: else our own load counts as pauses too. */
int pauses_realtime(const struct pauses *);

#endif
