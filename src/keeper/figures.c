#include "figures.h"

#include "clock.h"
#include "maint.h"
#include "prom.h"

void
figures_prom(struct keeper *k, struct buf *out)
{
	struct prom_input in = { .status = k->status, .pid = k->master_pid };
	struct cache_stats stats;

	/* -EAGAIN: off by one slot; better than nothing, and it comes again. */
	(void)metric_snapshot(k->region, k->snap);
	in.snap = k->snap;
	if (k->cache != NULL) {
		cache_stats(k->cache, &stats);
		in.cache = &stats;
	}
	prom_write(&in, out);
}

int64_t
figures_maint_idle_ns(const struct region *r)
{
	return (int64_t)maint_idle_ns(r, (uint64_t)clock_mono_ns());
}
