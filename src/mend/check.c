/* check.c - see check.h */
#include "check.h"

#include <stdio.h>

#include "fds.h"
#include "fsck.h"
#include "region.h"
#include "slot.h"

/* Slots of the living and the dead. */
static void
count(struct region *r, unsigned *live, unsigned *dead)
{
	unsigned n;

	*live = *dead = 0;
	for (n = 0; n < r->n_slots; n++) {
		struct slot_info info;

		if (slot_info(r, n, &info) < 0 || info.state != SLOT_LIVE)
			continue;
		if (slot_dead(r, n) == 1)
			++*dead;
		else
			++*live;
	}
}

static enum check_status
status_of(const struct region *r, int rc, const struct fsck_report *f)
{
	if (rc < 0 || f->verdict == FSCK_SPOILED)
		return CHECK_UNUSABLE;
	return f->verdict == FSCK_CLEAN && !region_condemned(r) ?
	    CHECK_SOUND :
	    CHECK_DAMAGED;
}

int
check_run(void)
{
	struct region_why why = { .text = "" };
	struct fsck_report f = { .verdict = FSCK_SPOILED };
	struct region *r;
	unsigned live, dead;
	int status, rc;

	if (region_map(FD_REGION, REGION_RDONLY, &r, &why) < 0) {
		printf("not usable: %s\n", why.text);
		return CHECK_UNUSABLE;
	}
	count(r, &live, &dead);
	/* What must hold at any moment: the dead are not repaired yet, and
	 * some of the old processes may still be finishing. */
	rc = fsck_region(r, 0, NULL, NULL, &f);
	status = status_of(r, rc, &f);
	printf("%s%s, made by pid %d, alive %u, dead %u, items %llu, "
	       "findings %llu%s%s\n",
	    rc < 0 ? "cannot be checked" : fsck_verdict_name(f.verdict),
	    region_condemned(r) ? ", condemned" : "",
	    (int)r->head->creator_pid, live, dead,
	    (unsigned long long)f.items, (unsigned long long)f.found,
	    f.found > 0 ? ": " : "", f.found > 0 ? f.first : "");
	region_close(&r);
	return status;
}
