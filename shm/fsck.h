/*
 * fsck.h - is what is in a region what should be, and making it so.
 *
 * fsck_region() reads everything, checks every reference, and says in words
 * what is wrong.  It trusts nothing it reads: whatever the bytes are, it ends
 * with a verdict.
 *
 * On a region in use (no flags) it looks only at what must hold at any moment,
 * and looks again before it complains (for 64 ms more at the worst); it needs
 * no slot and no write access.  Which invariant when: README.md.
 * With FSCK_QUIET the caller says that nobody else is in the region: then also
 * what writers pass through is wrong (leaks, counters, locks, claims).  With
 * FSCK_REPAIR, which needs QUIET, it is put right: what is doubtful is dropped,
 * for a cache may forget but not lie.
 *
 * fsck_recover() is for who opens a region that no daemon owns: it repairs the
 * slots of the dead and, when nobody else lives, checks and repairs the rest.
 * Meanwhile it has the record locks of all slots, so nobody comes in.  It may
 * be killed at any instruction: its slot notes what it was at, slot_reap() of
 * that slot says -EUCLEAN, and whoever opens the region next begins anew.
 */
#ifndef SHM_FSCK_H
#define SHM_FSCK_H

#include <stdint.h>

#include "region.h"
#include "slot.h"

#define FSCK_QUIET  1u
#define FSCK_REPAIR 2u

#define FSCK_LINE 160

enum fsck_verdict {
	FSCK_CLEAN,
	FSCK_FOUND,	/* something is wrong; not repaired */
	FSCK_REPAIRED,	/* was wrong and is right now */
	FSCK_SPOILED	/* cannot be repaired: make a new region */
};

struct fsck_report {
	enum fsck_verdict verdict;
	uint64_t found;		/* findings */
	uint64_t repaired;	/* of them put right */
	uint64_t segments, records, items, lines, chunks;	/* looked at */
	char first[FSCK_LINE];	/* the first finding, in words */
};

/* Called with each finding, one line without its end; at most 100 times. */
typedef void fsck_say_fn(void *arg, const char *line);

/*
 * Check.  0 and *out, whatever was found; -EINVAL flags, -EROFS repair of a
 * read-only mapping, -ENOMEM.  say may be NULL.
 */
int fsck_region(struct region *, unsigned flags, fsck_say_fn *say, void *arg,
    struct fsck_report *out);

/*
 * 0 and *out: no slot but ours is in use any more, unless it is SPOILED.
 * -EBUSY when others live in it or are just coming (slots of the dead are
 * repaired as far as that goes, *out is from a check without FSCK_QUIET);
 * -errno as fsck_region() and slot_reap().  Unless it returns 0 and a region
 * that is not SPOILED, or -EBUSY, the caller may only detach.
 */
int fsck_recover(struct slot_self *, struct fsck_report *out);

const char *fsck_verdict_name(enum fsck_verdict);

#endif
