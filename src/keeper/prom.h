/*
 * prom.h - metrics in Prometheus' text format.
 *
 * What is counted comes from the region's tables, what the server is like from
 * the master's status document, the process_ family from /proc of the master.
 * Families stand together, with HELP and TYPE before them.
 */
#ifndef KEEPER_PROM_H
#define KEEPER_PROM_H

#include <jansson.h>

#include "buf.h"
#include "cache.h"
#include "metric.h"

struct prom_input {
	const struct metric_snap *snap;	/* NULL: none */
	const struct cache_stats *cache;	/* NULL: none */
	const json_t *status;		/* NULL: none yet */
	int pid;			/* of the master, 0: no process_ family */
};

void prom_write(const struct prom_input *, struct buf *out);

/* Families that do not come from the tables, for the man page. */
struct prom_doc {
	const char *family, *type, *labels, *doc;
};
extern const struct prom_doc prom_docs[];	/* ends with family == NULL */

#endif
