/* settle.c - master_settle(): see master.h */
#include "crew.h"
#include "ctlclient.h"
#include "gen.h"
#include "log.h"
#include "mending.h"
#include "notify.h"
#include "rebuild.h"
#include "reload.h"
#include "status.h"
#include "stop.h"

static void
settle_gen(struct master *m, struct gen *gen)
{
	unsigned i;

	if (gen == NULL || gen->retired)
		return;
	for (i = 0; i < gen->n_crews; i++)
		crew_settle(m, &gen->crews[i]);
}

static int
serves(const struct helper *h)
{
	return h->child != NULL && h->child->state == CST_SERVING;
}

static void
started(struct master *m)
{
	unsigned i;

	if (m->phase != PHASE_STARTING || !serves(&m->keeper) ||
	    !serves(&m->mender))
		return;
	for (i = 0; i < m->gen->n_crews; i++)
		if (m->gen->crews[i].state != CREW_READY)
			return;
	m->phase = PHASE_SERVING;
	log_info("master", "serving generation=%u start_ms=%llu",
	    m->gen->number,
	    (unsigned long long)(master_now() - m->started_ns) / 1000000);
	notify_send("READY=1\nSTATUS=serving");
}

void
master_settle(struct master *m)
{
	if (m->phase == PHASE_STARTING || m->phase == PHASE_SERVING) {
		settle_gen(m, m->gen);
		settle_gen(m, m->next);
		reload_settle(m);
		started(m);
	}
	mending_settle(m);
	rebuild_settle(m);
	gen_sweep(m);
	ctlclient_settle(m);
	stop_settle(m);
	status_send_changes(m);
}
