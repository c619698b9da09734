/* rebuild.c - see rebuild.h */
#include "rebuild.h"

#include "crew.h"
#include "line.h"
#include "log.h"
#include "reload.h"
#include "stop.h"

#define GRACE_NS 1000000000ULL	/* every wait in the region ends in 100 ms */

void
rebuild_begin(struct master *m, uint32_t slot)
{
	uint64_t until = master_now() + GRACE_NS;
	struct child *c;

	if (m->phase >= PHASE_REBUILDING)
		return;
	log_error("region", "condemned slot=%u: beyond repair, all processes "
	    "start anew in a fresh one", slot);
	if (m->next != NULL)
		reload_refuse(m, "the region was condemned");
	m->phase = PHASE_REBUILDING;
	region_condemn(m->area.region);
	LIST_FOREACH(c, &m->roster, link) {
		line_close(c);
		if (c->state != CST_EXITING) {
			roster_step(c, CEV_DRAIN);
			c->kill_ns = until;
		}
	}
}

void
rebuild_settle(struct master *m)
{
	const struct conf *conf = m->gen->conf;
	unsigned i;

	if (m->phase != PHASE_REBUILDING || roster_count(&m->roster) > 0)
		return;
	area_drop(&m->area);
	if (area_open(&m->area, conf, m->mend_path) < 0) {
		stop_begin(m, 1, "no region could be made");
		return;
	}
	slots_fini(&m->slots);
	if (slots_init(&m->slots, 0, m->area.n_slots) < 0) {
		stop_begin(m, 1, "out of memory");
		return;
	}
	m->reaping = 0;
	for (i = 0; i < m->gen->n_crews; i++) {
		m->gen->crews[i].retry_ns = 0;
		m->gen->crews[i].zygote_retry_ns = 0;
	}
	m->phase = PHASE_SERVING;
	log_info("region", "rebuilt generation=%u", m->gen->number);
}
