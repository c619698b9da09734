/*
 * admin.h - the admin HTTP server: /healthz /readyz /metrics
 * /api/monitoring/health, by GET and HEAD; every other path is a 404 in JSON.
 *
 * It has at most admin.connections_max connections: while so many are open it
 * does not accept, and who comes waits in the listeners' backlogs until one has
 * ended, at the latest by admin.request_timeout when nothing is said on it.
 */
#ifndef KEEPER_ADMIN_H
#define KEEPER_ADMIN_H

#include "keeper.h"

struct admin;

/* Serve on the descriptors FD_LISTEN on, n of them.  0, -errno. */
int admin_open(struct keeper *, unsigned n, struct admin **out);
/* Several times a second: accept again after connections have ended. */
void admin_tick(struct admin *);
void admin_close(struct admin **);

#endif
