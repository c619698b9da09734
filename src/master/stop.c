/* stop.c - see stop.h */
#include "stop.h"

#include <event2/event.h>

#include "crew.h"
#include "line.h"
#include "log.h"
#include "notify.h"

/* The keeper, the mender and zygotes have nothing to finish. */
#define HELPER_NS 1000000000ULL

void
stop_begin(struct master *m, int exit_status, const char *why)
{
	uint64_t limit = (uint64_t)conf_num(m->gen->conf, OPT_stop_timeout);
	char q[MASTER_WHY];
	struct gen *gen;

	if (exit_status != 0 && m->exit_status == 0)
		m->exit_status = exit_status;
	if (m->phase == PHASE_STOPPING)
		return;
	if (why != NULL)
		log_error("master", "stopping status=%d reason=\"%s\"",
		    m->exit_status, log_quote(q, sizeof q, why));
	else
		log_info("master", "stopping limit_ms=%llu",
		    (unsigned long long)limit / 1000000);
	notify_send("STOPPING=1");
	m->phase = PHASE_STOPPING;
	m->next = NULL;
	/* The last part is for the helpers, and for killing. */
	m->stop_deadline_ns = master_now() + limit;
	limit -= limit > 4 * HELPER_NS ? 2 * HELPER_NS : limit / 2;
	LIST_FOREACH(gen, &m->gens, link)
		crew_retire(m, gen, NULL, limit);
}

static void
kill_all(struct master *m)
{
	struct child *c;

	LIST_FOREACH(c, &m->roster, link) {
		line_close(c);
		roster_kill(c, DEATH_ASKED);
	}
	m->stop_killed = 1;
}

void
stop_now(struct master *m)
{
	stop_begin(m, 0, NULL);
	log_warn("master", "stopping at once processes=%u",
	    roster_count(&m->roster));
	kill_all(m);
}

static void
dismiss(struct child *c)
{
	if (c == NULL || c->state == CST_DRAINING || c->state == CST_EXITING)
		return;
	line_close(c);
	roster_step(c, CEV_DRAIN);
	c->kill_ns = master_now() + HELPER_NS;
}

/* A worker whose pid we were never told cannot be killed: let go of it. */
static void
let_go(struct master *m)
{
	struct child *c, *after;

	for (c = LIST_FIRST(&m->roster); c != NULL; c = after) {
		after = LIST_NEXT(c, link);
		if (c->pid == 0)
			roster_drop(c);
	}
}

void
stop_settle(struct master *m)
{
	struct child *c;
	unsigned workers = 0;

	if (m->phase != PHASE_STOPPING)
		return;
	if (master_now() >= m->stop_deadline_ns && !m->stop_killed) {
		log_warn("master", "stop is late, killing processes=%u",
		    roster_count(&m->roster));
		kill_all(m);
	}
	if (m->stop_killed)
		let_go(m);
	LIST_FOREACH(c, &m->roster, link)
		workers += c->kind == CHILD_WORKER || c->kind == CHILD_ZYGOTE;
	if (workers == 0) {
		dismiss(m->keeper.child);
		dismiss(m->mender.child);
	}
	if (roster_count(&m->roster) == 0)
		event_base_loopbreak(m->base);
}
