/*
 * health.h - judging the server by the master's status document: pure
 * functions of the document and a few figures, so that tests make them up.
 */
#ifndef KEEPER_HEALTH_H
#define KEEPER_HEALTH_H

#include <jansson.h>
#include <stdint.h>

#include "buf.h"

/* A status document comes every second; without one for so long, the master is stuck. */
#define HEALTH_STALE_NS 5000000000LL

struct health_input {
	const json_t *status;	/* NULL: none came yet */
	int64_t status_age_ns;
	int condemned;		/* the region */
	int64_t maint_idle_ns;	/* since maintenance last ended */
};

/*
 * Every group has its minimum ready and none is failed or draining.  1, or 0;
 * *out gets {"ready":..., "reasons":[...]}.
 */
int health_ready(const struct health_input *, struct buf *out);

enum health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_FAILED };

/* {"status":"ok|degraded|failed","checks":[{"name","status","reason"}]} */
enum health health_report(const struct health_input *, struct buf *out);

#endif
