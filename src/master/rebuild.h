/*
 * rebuild.h - the region is beyond repair: condemn it, let every process that
 * maps it end, make a new one and start again.  Listeners stay: clients that
 * connect meanwhile wait.
 */
#ifndef MASTER_REBUILD_H
#define MASTER_REBUILD_H

#include "master.h"

/* slot: whose repair failed. */
void rebuild_begin(struct master *, uint32_t slot);

/* When the last child has gone, begin anew. */
void rebuild_settle(struct master *);

#endif
