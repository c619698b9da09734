/* check.c - see check.h */
#include "check.h"

#include <stdio.h>

#include "fds.h"
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

int
check_run(void)
{
	struct region_why why = { .text = "" };
	struct region *r;
	unsigned live, dead;
	int status;

	if (region_map(FD_REGION, REGION_RDONLY, &r, &why) < 0) {
		printf("not usable: %s\n", why.text);
		return CHECK_UNUSABLE;
	}
	count(r, &live, &dead);
	status = region_condemned(r) ? CHECK_DAMAGED : CHECK_SOUND;
	printf("%s, made by pid %d, %u processes of it alive, %u dead\n",
	    status == CHECK_SOUND ? "sound header" : "condemned",
	    (int)r->head->creator_pid, live, dead);
	region_close(&r);
	return status;
}
