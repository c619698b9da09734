/* fsck.c - checking a region: the course of it, the report */
#include "fsck.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "crash.h"
#include "fsck_int.h"
#include "index.h"
#include "lock.h"
#include "reap.h"

#define SAY_MAX 100u

static const char *const verdicts[] = {
	"clean", "found", "repaired", "spoiled"
};

const char *
fsck_verdict_name(enum fsck_verdict v)
{
	return (unsigned)v < sizeof(verdicts) / sizeof(verdicts[0]) ?
	    verdicts[v] : "?";
}

__attribute__((format(printf, 2, 0))) static void
note(struct fsck *f, const char *fmt, va_list ap)
{
	char line[FSCK_LINE];

	if (f->out->found++ >= SAY_MAX)
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	if (f->out->found == 1)
		memcpy(f->out->first, line, sizeof(line));
	if (f->say != NULL)
		f->say(f->arg, line);
}

int
fsck_say(struct fsck *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(f, fmt, ap);
	va_end(ap);
	if ((f->flags & FSCK_REPAIR) == 0)
		return 0;
	f->out->repaired++;
	CRASH_POINT("fsck.mend");
	return 1;
}

void
fsck_spoiled(struct fsck *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(f, fmt, ap);
	va_end(ap);
	f->out->verdict = FSCK_SPOILED;
}

/* Before anything is changed: so -ENOMEM leaves things as they are. */
static int
tables_make(struct fsck *f)
{
	f->starts = calloc(f->m.data_size / 4 / 64 + 1, sizeof(uint64_t));
	f->chunk_used = calloc(f->m.n_segs, 1);
	f->line_used = calloc(f->m.n_lines + 1, 1);
	return f->starts == NULL || f->chunk_used == NULL ||
	    f->line_used == NULL ? -ENOMEM : 0;
}

static void
tables_free(struct fsck *f)
{
	free(f->starts);
	free(f->chunk_used);
	free(f->line_used);
}

static void
check_cache(struct fsck *f)
{
	fsck_clocks(f);
	fsck_segments(f);
	fsck_index(f);
	fsck_flights(f);
	if (fsck_quiet(f))
		fsck_leaks(f);
}

static int
check_all(struct fsck *f)
{
	struct fsck_report *out = f->out;
	int cache, rc = 0;

	memset(out, 0, sizeof(*out));
	cache = cmap_open(f->r, &f->m);
	if (cache == 0)
		rc = tables_make(f);
	if (rc == 0) {
		fsck_shared(f);
		fsck_slots(f);
		if (cache == 0)
			check_cache(f);
		else if (cache != -ENOENT)
			fsck_spoiled(f, "cache: sizes make no sense");
	}
	tables_free(f);
	if (out->verdict != FSCK_SPOILED && out->found != 0)
		out->verdict = out->repaired == out->found ? FSCK_REPAIRED
							   : FSCK_FOUND;
	return rc;
}

int
fsck_region(struct region *r, unsigned flags, fsck_say_fn *say, void *arg,
    struct fsck_report *out)
{
	struct fsck f = { .r = r, .flags = flags, .say = say, .arg = arg,
		.out = out };

	memset(out, 0, sizeof(*out));
	if ((flags & ~(FSCK_QUIET | FSCK_REPAIR)) != 0 ||
	    (flags & (FSCK_QUIET | FSCK_REPAIR)) == FSCK_REPAIR)
		return -EINVAL;
	if ((flags & FSCK_REPAIR) != 0 && r->read_only)
		return -EROFS;
	return check_all(&f);
}

/* --- the same for who opens a region --- */

/* What they held is sound now, so that the usual steps end; FREE comes last. */
static int
free_dead(struct slot_self *me)
{
	const struct region *r = me->region;
	int rc;

	for (uint32_t i = 0; i < r->n_slots; i++) {
		if (i == me->number ||
		    SLOT_STATE(ld_acq(&r->slots[i].state)) == SLOT_FREE)
			continue;
		rc = reap_locked(me, i);
		if (rc < 0)
			return rc;
		CRASH_POINT("fsck.freed");
	}
	return 0;
}

/*
 * Nobody else is in the region.  What is half repaired may look whole to
 * slot_reap(): so our slot says what we are at until all is done, and if we
 * die, or cannot finish, whoever repairs it has to begin here again.
 */
static int
recover_alone(struct slot_self *me, struct fsck_report *out)
{
	struct fsck f = { .r = me->region, .me = me, .out = out,
		.flags = FSCK_QUIET | FSCK_REPAIR };
	int rc;

	slot_hold(me, SLOT_HAND_MAINT, LOCK_FSCK,
	    region_off(me->region, me->slot), NULL, 0);
	CRASH_POINT("fsck.noted");
	rc = check_all(&f);
	CRASH_POINT("fsck.mended");
	if (rc == 0 && out->verdict != FSCK_SPOILED)
		rc = free_dead(me);
	if (rc == 0 && out->verdict != FSCK_SPOILED)
		slot_unhold(me, SLOT_HAND_MAINT);
	return rc;
}

int
fsck_recover(struct slot_self *me, struct fsck_report *out)
{
	int rc = slot_check(me), busy;

	if (rc < 0)
		return rc;
	rc = cache_register(me->region);
	if (rc == -EUCLEAN)
		return fsck_region(me->region, 0, NULL, NULL, out);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	/* What cannot be repaired slot by slot shows below. */
	(void)reap_all(me);
	rc = slot_others_lock(me);
	if (rc == 0) {
		rc = recover_alone(me, out);
		slot_others_unlock(me);
		return rc;
	}
	busy = rc;
	rc = fsck_region(me->region, 0, NULL, NULL, out);
	return rc < 0 ? rc : busy;
}
