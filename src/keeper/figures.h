/* figures.h - gathers what the exporter and the verbs show. */
#ifndef KEEPER_FIGURES_H
#define KEEPER_FIGURES_H

#include "buf.h"
#include "keeper.h"

/* The text of /metrics. */
void figures_prom(struct keeper *, struct buf *out);
/* Nanoseconds since maintenance of the region last ended. */
int64_t figures_maint_idle_ns(const struct region *);

#endif
