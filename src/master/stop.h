/*
 * stop.h - the end: no new connections, workers finish what they have begun,
 * then the others go, then the region and the sockets.
 */
#ifndef MASTER_STOP_H
#define MASTER_STOP_H

#include "master.h"

/* Begin; a second call only may worsen the exit status.  why may be NULL. */
void stop_begin(struct master *, int exit_status, const char *why);

/* At once: everything is killed. */
void stop_now(struct master *);

/* Who is next to go; ends the loop when nobody is left. */
void stop_settle(struct master *);

#endif
