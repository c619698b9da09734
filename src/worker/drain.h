/*
 * drain.h - the orderly end of a worker.
 *
 *	SERVING --DRAIN handover--> HANDOVER --+--> nothing left: STATE 2, exit 0
 *	   |                           |       |
 *	   +--DRAIN close, or the      |       +--> deadline: tasks cancelled, then
 *	      master is gone--> CLOSING <+          exit with what is left
 *
 * HANDOVER: no more accepting; idle connections go to the next generation, busy
 * ones when their requests are answered.  CLOSING: what waits in the listeners
 * is still taken, and so are connections on their way to a next generation that
 * closes as well; every last answer says that the connection closes.
 */
#ifndef WORKER_DRAIN_H
#define WORKER_DRAIN_H

#include <stdint.h>

#include "worker.h"

#define DRAIN_ORPHAN_MS 5000	/* after the master's end: design of death */

struct drain;

int drain_open(struct drain **out, struct worker *);
void drain_close(struct drain **);

/* Begin, or go on from HANDOVER to CLOSING; the earlier deadline counts. */
void drain_begin(struct worker *, enum worker_drain mode, uint32_t deadline_ms);

/* Ends the loop when nothing is left.  Called when something may have ended. */
void drain_check(struct worker *);

#endif
