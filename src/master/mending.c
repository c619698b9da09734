/* mending.c - see mending.h */
#include "mending.h"

#include <stdio.h>
#include <string.h>

#include "ctlclient.h"
#include "launch.h"
#include "line.h"
#include "log.h"
#include "rebuild.h"

#define PAUSE_BASE_NS 100000000ULL
#define PAUSE_CAP_NS  5000000000ULL
#define EARLY_NS      1000000000ULL	/* as for workers */

static void
keep(struct master *m, struct helper *h,
    int (*launch)(struct master *, struct child **))
{
	uint64_t now = master_now();

	if (h->child != NULL || now < h->retry_ns)
		return;
	if (launch(m, &h->child) < 0)
		h->retry_ns = now +
		    crash_loop_backoff(++h->lost, PAUSE_BASE_NS, PAUSE_CAP_NS);
}

static void
ask(struct master *m)
{
	struct msg_reap reap;
	unsigned slot;
	pid_t pid;

	if (m->reaping || m->mender.child == NULL ||
	    m->mender.child->state != CST_SERVING)
		return;
	if (slots_next_dead(&m->slots, master_now(), &slot, &pid) != 1)
		return;
	m->reaping = 1;
	m->reaping_slot = slot;
	m->reaping_until_ns = master_now() + MENDING_LIMIT_NS;
	reap = (struct msg_reap) { .slot = slot, .pid = (int32_t)pid };
	/* One that cannot be asked is about to be found dead. */
	(void)line_send(m->mender.child, MSG_REAP, &reap, NULL, 0, NULL, 0);
}

void
mending_settle(struct master *m)
{
	/* At the end nothing is replaced: the region goes as well. */
	if (m->phase == PHASE_STARTING || m->phase == PHASE_SERVING) {
		keep(m, &m->mender, launch_mender);
		keep(m, &m->keeper, launch_keeper);
	}
	ask(m);
}

void
mending_dead(struct master *m, uint32_t slot, pid_t pid)
{
	slots_dead(&m->slots, slot, pid, master_now());
	ask(m);
}

static void
repaired(struct master *m, int ok)
{
	unsigned fails;

	m->reaping = 0;
	fails = slots_reaped(&m->slots, m->reaping_slot, ok, master_now());
	if (fails >= SLOTS_FAILS_MAX)
		rebuild_begin(m, m->reaping_slot);
}

void
mending_done(struct master *m, const struct msg_reaped *r)
{
	unsigned long long us = (master_now() + MENDING_LIMIT_NS -
				    m->reaping_until_ns) / 1000;

	if (!m->reaping || r->slot != m->reaping_slot)
		return;
	if (r->rc < 0)
		log_error("mender", "repair failed slot=%u: %s", r->slot,
		    strerror(-r->rc));
	else if (r->n_repairs > 0)
		log_info("mender", "repaired slot=%u found=%u us=%llu", r->slot,
		    r->n_repairs, us);
	else
		log_debug("mender", "nothing held slot=%u us=%llu", r->slot,
		    us);
	repaired(m, r->rc == 0);
}

void
mending_helper_died(struct master *m, struct child *c, const struct death *d)
{
	struct helper *h = c->kind == CHILD_MENDER ? &m->mender : &m->keeper;
	uint64_t now = master_now();
	int early = c->ready_ns == 0 || now - c->ready_ns < EARLY_NS;

	if (h->child == c)
		h->child = NULL;
	if (c->kind == CHILD_KEEPER)
		ctlclient_keeper_died(m);
	if (early && d->kind != DEATH_ASKED && d->kind != DEATH_OUTSIDE)
		h->retry_ns = now +
		    crash_loop_backoff(++h->lost, PAUSE_BASE_NS, PAUSE_CAP_NS);
	else if (!early)
		h->lost = 0;
	if (c->kind != CHILD_MENDER || !m->reaping)
		return;
	/* Killed from outside says nothing about the slot: ask another. */
	if (d->kind == DEATH_OUTSIDE) {
		m->reaping = 0;
		slots_unasked(&m->slots, m->reaping_slot);
		return;
	}
	repaired(m, 0);
}

void
mending_beat(struct master *m, uint64_t now)
{
	if (!m->reaping || now < m->reaping_until_ns)
		return;
	log_error("mender", "too slow slot=%u pid=%d action=killed",
	    m->reaping_slot,
	    m->mender.child != NULL ? (int)m->mender.child->pid : 0);
	m->reaping_until_ns = now + MENDING_LIMIT_NS;
	if (m->mender.child != NULL)
		roster_kill(m->mender.child, DEATH_LATE);
}
