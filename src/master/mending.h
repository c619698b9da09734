/*
 * mending.h - the keeper and the mender: one of each, replaced when they die;
 * and the repairs that the mender is asked for, one at a time.
 *
 * A mender that takes longer than MENDING_LIMIT_NS for one slot is killed.  A
 * slot whose repair failed SLOTS_FAILS_MAX times condemns the region: then
 * everything is started anew in a fresh one.
 */
#ifndef MASTER_MENDING_H
#define MASTER_MENDING_H

#include "master.h"

#define MENDING_LIMIT_NS 2000000000ULL

/* Start the helpers that are missing; ask for the next repair. */
void mending_settle(struct master *);

/* A slot's user is known to be dead. */
void mending_dead(struct master *, uint32_t slot, pid_t);

/* REAPED has come. */
void mending_done(struct master *, const struct msg_reaped *);

/* The keeper or the mender died; the child is still on the roster. */
void mending_helper_died(struct master *, struct child *,
    const struct death *);

/* Deadlines: call each beat. */
void mending_beat(struct master *, uint64_t now_ns);

#endif
