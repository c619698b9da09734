/* fsck.c - checking a region: the course of it, the report */
#include "fsck.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "fsck_int.h"
#include "index.h"
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

static int
tables_make(struct fsck *f)
{
	f->starts = calloc(f->m.data_size / 4 / 64 + 1, sizeof(uint64_t));
	f->chunk_used = calloc(f->m.n_segs, 1);
	f->line_used = calloc(f->m.n_lines + 1, 1);
	return f->starts == NULL || f->chunk_used == NULL ||
	    f->line_used == NULL ? -ENOMEM : 0;
}

static int
check_cache(struct fsck *f)
{
	int rc = cmap_open(f->r, &f->m);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0) {
		fsck_spoiled(f, "cache: sizes make no sense");
		return 0;
	}
	rc = tables_make(f);
	if (rc == 0) {
		fsck_clocks(f);
		fsck_segments(f);
		fsck_index(f);
		if (fsck_quiet(f))
			fsck_leaks(f);
	}
	free(f->starts);
	free(f->chunk_used);
	free(f->line_used);
	return rc;
}

int
fsck_region(struct region *r, unsigned flags, fsck_say_fn *say, void *arg,
    struct fsck_report *out)
{
	struct fsck f = { .r = r, .flags = flags, .say = say, .arg = arg,
		.out = out };
	int rc;

	memset(out, 0, sizeof(*out));
	if ((flags & ~(FSCK_QUIET | FSCK_REPAIR)) != 0 ||
	    (flags & (FSCK_QUIET | FSCK_REPAIR)) == FSCK_REPAIR)
		return -EINVAL;
	if ((flags & FSCK_REPAIR) != 0 && r->read_only)
		return -EROFS;
	fsck_shared(&f);
	fsck_slots(&f);
	rc = check_cache(&f);
	if (rc < 0)
		return rc;
	if (out->verdict != FSCK_SPOILED && out->found != 0)
		out->verdict = out->repaired == out->found ? FSCK_REPAIRED
							   : FSCK_FOUND;
	return 0;
}

/* Whether no slot but ours is in use. */
static int
alone(const struct slot_self *me)
{
	const struct region *r = me->region;

	for (uint32_t i = 0; i < r->n_slots; i++)
		if (i != me->number &&
		    SLOT_STATE(ld_acq(&r->slots[i].state)) != SLOT_FREE)
			return 0;
	return 1;
}

int
fsck_recover(struct slot_self *me, struct fsck_report *out)
{
	int rc = slot_check(me);

	if (rc < 0)
		return rc;
	rc = cache_register(me->region);
	if (rc == -EUCLEAN)
		return fsck_region(me->region, 0, NULL, NULL, out);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	/* What cannot be repaired slot by slot shows below. */
	(void)reap_all(me);
	if (alone(me))
		return fsck_region(me->region, FSCK_QUIET | FSCK_REPAIR, NULL,
		    NULL, out);
	rc = fsck_region(me->region, 0, NULL, NULL, out);
	return rc < 0 ? rc : -EBUSY;
}
