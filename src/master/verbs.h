/*
 * verbs.h - what an operator can have done, by signal or by control command.
 */
#ifndef MASTER_VERBS_H
#define MASTER_VERBS_H

#include "master.h"

enum verbs_step { VERBS_MORE, VERBS_LESS };

/* One worker more or less in each group, within its min and max. */
void verbs_scale_all(struct master *, enum verbs_step);

/* Workers a group can have beside those of the others, by region.slots. */
unsigned verbs_room(const struct master *, const struct crew *);

/*
 * A group's number of workers; 0: as the configuration says.  0; -ENOENT no
 * such group; -ERANGE outside of its min and max; -ENOSPC more than the region
 * has slots for.  Ends a drain of the group, as a reload does.
 */
int verbs_scale(struct master *, const char *group, unsigned n);

/* Finish what has begun and accept nothing new, everywhere. */
void verbs_drain_all(struct master *);

/* The same for a group, or for one worker, which is then replaced.  0,
 * -ENOENT. */
int verbs_drain(struct master *, const char *name);

#endif
