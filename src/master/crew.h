/*
 * crew.h - one group of one generation: its zygote and its workers.
 *
 *	STARTING  fewer than min workers serve
 *	READY     at least min do
 *	FAILED    its workers or its zygote die of their own doing as fast as they
 *	          are started; one try each respawn.delay, until one holds
 */
#ifndef MASTER_CREW_H
#define MASTER_CREW_H

#include "master.h"

/* Start what is missing, retire what is too much, note its state. */
void crew_settle(struct master *, struct crew *);

/* How many workers it is to have now. */
unsigned crew_target(const struct crew *);

/* Events of its children; the child is still on the roster. */
void crew_worker_ready(struct master *, struct child *);
void crew_worker_died(struct master *, struct child *, const struct death *);
/* It never came to be: its channel closed before we were told a pid. */
void crew_worker_lost(struct master *, struct child *);
void crew_zygote_ready(struct master *, struct child *);
void crew_zygote_died(struct master *, struct child *, const struct death *);

/* Tell a worker to finish.  mode: enum msg_drain_mode. */
void crew_drain(struct child *, unsigned mode, uint64_t limit_ns);

/*
 * No more of this generation: zygotes end, workers drain, listeners are given
 * back.  HANDOVER where the group lives on in heir (may be NULL).
 */
void crew_retire(struct master *, struct gen *, const struct gen *heir,
    uint64_t limit_ns);

/* "ready" */
const char *crew_state_name(enum crew_state);

#endif
