/*
 * evring.h - the last 4,096 events, written by any process, read by sequence.
 *
 * A writer draws a ticket, claims the place it names, fills it, publishes it.
 * A writer killed in between leaves a place that is never published: readers
 * pass over it after EVRING_HOLE_NS, the next lap claims it again.  A writer
 * that is stopped in between, overtaken by a lap and continued scribbles over
 * a newer event: each carries a hash of its bytes and its number, so a reader
 * never shows such a mixture, it counts the event as lost.
 *
 * Nothing is ever waited for: a slow reader loses old events and is told how
 * many.
 */
#ifndef SHM_EVRING_H
#define SHM_EVRING_H

#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "region.h"

#define EVRING_EVENTS	4096u
#define EVRING_ENTRY	256u
#define EVRING_TEXT	212u
#define EVRING_SIZE	((uint64_t)EVRING_EVENTS * EVRING_ENTRY)
#define EVRING_HOLE_NS	UINT64_C(100000000)	/* to fill 256 bytes takes 1 us */

enum evring_level {
	EVRING_DEBUG, EVRING_INFO, EVRING_WARN, EVRING_ERROR
};

/* An entry.  Writer: who claimed it. */
struct evring_entry {
	/* ticket + 1, shifted left by one; low bit: published */
	_Atomic uint64_t seq;
	_Atomic uint64_t word[31];	/* struct evring_event, as words */
};
static_assert(sizeof(struct evring_entry) == EVRING_ENTRY, "region format");

/* What an event says.  248 bytes. */
struct evring_event {
	uint64_t check;		/* XXH3 of the rest, seeded with the number */
	uint64_t number;	/* counted from 0 since the region was made */
	uint64_t wall_ns;
	uint16_t slot;		/* whose, 65535 nobody's */
	uint16_t level;
	uint16_t len;
	uint16_t pad;
	uint32_t pid;
	char text[EVRING_TEXT];	/* key=value as in the log; NUL-terminated */
};
static_assert(sizeof(struct evring_event) == 248, "region format");

/*
 * Add an event; a text that is too long is cut.  slot is the writer's number
 * (SLOT_ANY none).  Never waits.  Returns 0, -EROFS on a read-only mapping,
 * -EAGAIN when a stopped writer was in the way (the event is lost).
 */
__attribute__((format(printf, 4, 5)))
int evring_put(struct region *, unsigned slot, enum evring_level,
    const char *fmt, ...);

/* A reader's place; private. */
struct evring_reader {
	uint64_t next;		/* number it wants to see */
	uint64_t hole_ns;	/* since when that one is missing, 0 not */
	uint64_t n_lost;	/* overwritten, torn or never published */
};

/* Start with the oldest event still there (from_start) or the next one. */
enum evring_from { EVRING_OLDEST, EVRING_NEXT };
void evring_open(const struct region *, enum evring_from,
    struct evring_reader *);

/*
 * The next event: 1 and *out filled, 0 none for now.  now_ns is any monotonic
 * clock, to give up on holes.  Works on a read-only mapping.
 */
int evring_read(const struct region *, struct evring_reader *,
    uint64_t now_ns, struct evring_event *out);

/* For fsck.c: whether a place in the ring has a number that it cannot have, or
 * that nobody has drawn yet (then its writers would go on losing events); and
 * empty it. */
int evring_wrong(const struct region *, unsigned place);
void evring_clear(struct region *, unsigned place);

#endif
