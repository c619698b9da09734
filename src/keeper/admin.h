/*
 * admin.h - the admin HTTP server: /healthz /readyz /metrics
 * /api/monitoring/health, by GET and HEAD; every other path is a 404 in JSON.
 */
#ifndef KEEPER_ADMIN_H
#define KEEPER_ADMIN_H

#include "keeper.h"

struct admin;

/* Serve on the descriptors FD_LISTEN on, n of them.  0, -errno. */
int admin_open(struct keeper *, unsigned n, struct admin **out);
void admin_close(struct admin **);

#endif
