/* crew.c - see crew.h */
#include "crew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdio.h"
#include "gen.h"
#include "group.h"
#include "launch.h"
#include "line.h"
#include "log.h"
#include "reload.h"
#include "stop.h"

#define PAUSE_BASE_NS 100000000ULL	/* a fork that failed may succeed soon */
#define PAUSE_CAP_NS  5000000000ULL

const char *
crew_state_name(enum crew_state state)
{
	static const char *const names[] = { "starting", "ready", "failed" };

	return names[state];
}

static struct crash_loop_rule
rule_of(const struct crew *c)
{
	const struct conf *conf = c->gen->conf;

	return (struct crash_loop_rule) {
		.attempts = (unsigned)conf_num(conf, OPT_respawn_attempts),
		.window_ns = (uint64_t)conf_num(conf, OPT_respawn_window),
		.early_ns = (uint64_t)conf_num(conf, OPT_respawn_early),
	};
}

static uint64_t
delay_of(const struct crew *c)
{
	return (uint64_t)conf_num(c->gen->conf, OPT_respawn_delay);
}

unsigned
crew_target(const struct crew *c)
{
	unsigned n = c->group->manual;

	if (c->drained)
		return 0;
	if (n == 0)
		return c->start;
	return n < c->min ? c->min : n > c->max ? c->max : n;
}

/* --- its state --- */

static void
fail(struct crew *c, uint64_t now)
{
	if (c->state != CREW_FAILED)
		log_error("master", "group failed group=%s generation=%u "
		    "retry_ms=%llu", c->group->name, c->gen->number,
		    (unsigned long long)delay_of(c) / 1000000);
	c->state = CREW_FAILED;
	c->failed_ns = now;
	c->retry_ns = c->zygote_retry_ns = now + delay_of(c);
}

static int
recovered(const struct master *m, const struct crew *c, uint64_t now)
{
	const struct crash_loop_rule rule = rule_of(c);
	struct crash_loop_held held = { 0 };
	const struct child *w;

	LIST_FOREACH(w, &m->roster, link) {
		if (w->kind != CHILD_WORKER || w->crew != c ||
		    w->state != CST_SERVING ||
		    now - w->ready_ns <= rule.early_ns)
			continue;
		held.n++;
		held.fresh += w->asked_ns > c->failed_ns;
	}
	return crash_loop_over(&rule, &held, crew_target(c), c->failed_ns, now);
}

static void
note_state(struct master *m, struct crew *c, uint64_t now)
{
	unsigned n = roster_workers(&m->roster, c, CST_SERVING);
	enum crew_state before = c->state;

	if (c->state == CREW_FAILED) {
		if (!recovered(m, c, now))
			return;
		crash_loop_forget(&c->deaths);
		crash_loop_forget(&c->zygote_deaths);
		c->retry_ns = c->zygote_retry_ns = 0;
		c->why[0] = '\0';
	}
	c->state = n >= c->min ? CREW_READY : CREW_STARTING;
	if (c->state != before)
		log_info("master", "group %s group=%s generation=%u "
		    "workers=%u min=%u", crew_state_name(c->state),
		    c->group->name, c->gen->number, n, c->min);
}

/* --- the zygote --- */

static int
zygote_serves(struct master *m, struct crew *c, uint64_t now)
{
	if (c->zygote != NULL)
		return c->zygote->state == CST_SERVING;
	if (now < c->zygote_retry_ns)
		return 0;
	if (launch_zygote(m, c, &c->zygote) < 0)
		c->zygote_retry_ns = now +
		    crash_loop_backoff(++c->zygote_lost, PAUSE_BASE_NS,
			PAUSE_CAP_NS);
	return 0;
}

void
crew_zygote_ready(struct master *m, struct child *z)
{
	(void)m;
	z->crew->zygote_lost = 0;
}

static const char *
phase_words(uint32_t phase)
{
	static const char *const words[] = { [FAIL_LOAD] = "plugin not loaded",
		[FAIL_ABI] = "plugin of another ABI",
		[FAIL_WARM] = "warm failed", [FAIL_OPEN] = "open failed",
		[FAIL_ATTACH] = "region not attached",
		[FAIL_CONF] = "configuration refused", [FAIL_OTHER] = "failed" };

	return phase > 0 && phase <= FAIL_OTHER ? words[phase] : "failed";
}

/* What an operator is told of a death, in one line. */
static void
say_why(const struct child *c, const struct death *d, char *why, size_t cap)
{
	char end[128];

	death_words(d, end, sizeof end);
	if (c->fail_phase != 0)
		snprintf(why, cap, "%.55s: %s: %.500s", c->name,
		    phase_words(c->fail_phase), c->why);
	else if (d->kind == DEATH_LATE)
		snprintf(why, cap, "%s was not ready in time", c->name);
	else
		snprintf(why, cap, "%.55s ended %s: %.127s%s%.400s", c->name,
		    c->kind == CHILD_ZYGOTE && c->ready_ns == 0 ?
			"while loading and warming its plugins" :
			c->ready_ns == 0 ? "before it was ready" : "early",
		    end, c->why[0] != '\0' ? ": " : "", c->why);
}

static int
refuses(uint32_t phase)
{
	return phase == FAIL_LOAD || phase == FAIL_ABI || phase == FAIL_CONF;
}

void
crew_zygote_died(struct master *m, struct child *z, const struct death *d)
{
	const struct crash_loop_rule rule = rule_of(z->crew);
	struct crew *c = z->crew;
	uint64_t now = master_now();

	if (c->zygote == z)
		c->zygote = NULL;
	if (c->gen->retired || d->kind == DEATH_ASKED)
		return;
	if (!crash_loop_counts(&rule, d->kind, now, z->ready_ns))
		return;
	say_why(z, d, c->why, sizeof c->why);
	if (c->gen == m->next) {
		reload_refuse(m, c->why);
		return;
	}
	if (m->phase == PHASE_STARTING && refuses(z->fail_phase)) {
		stop_begin(m, 78, c->why);
		return;
	}
	if (crash_loop_decide(&c->zygote_deaths, &rule, d->kind, now,
		z->ready_ns) || c->state == CREW_FAILED)
		fail(c, now);
	else
		c->zygote_retry_ns = now +
		    crash_loop_backoff(++c->zygote_lost, PAUSE_BASE_NS,
			PAUSE_CAP_NS);
}

/* --- workers --- */

static int
worker_ask(struct master *m, struct crew *c, struct child *w, uint64_t now)
{
	struct msg_clone clone = { .worker = w->number, .slot = w->slot,
		.asked_ns = now };
	int sv[2], rc;

	rc = chan_pair(sv);
	if (rc < 0)
		return rc;
	rc = line_send(c->zygote, MSG_CLONE, &clone, NULL, 0, &sv[1], 1);
	fdio_close(&sv[1]);
	if (rc < 0)
		fdio_close(&sv[0]);
	else
		rc = line_open(m, w, sv[0]);
	return rc;
}

static int
worker_start(struct master *m, struct crew *c, uint64_t now)
{
	unsigned number = group_number(m, c->group), slot;
	struct child *w;
	char name[64];
	int rc;

	if (number == 0)
		return -ENOSPC;
	snprintf(name, sizeof name, "%s.%u", c->group->name, number);
	if (slots_take(&m->slots, SLOTS_ORDINARY, now, &slot) != 1)
		return -ENOLCK;
	w = roster_add(&m->roster, CHILD_WORKER, name);
	if (w == NULL) {
		slots_untake(&m->slots, slot);
		return -ENOMEM;
	}
	w->crew = c;
	w->generation = c->gen->number;
	w->number = number;
	w->slot = slot;
	w->asked_ns = now;
	w->kill_ns = now +
	    (uint64_t)conf_num(c->gen->conf, OPT_reload_timeout);
	roster_step(w, CEV_SPAWN);
	rc = worker_ask(m, c, w, now);
	if (rc < 0) {
		/* Perhaps it was asked for all the same: let it be repaired. */
		slots_dead(&m->slots, slot, 0, now);
		roster_drop(w);
	}
	return rc;
}

void
crew_drain(struct child *w, unsigned mode, uint64_t limit_ns)
{
	const struct msg_drain drain = { .mode = mode,
		.deadline_ms = (uint32_t)(limit_ns / 1000000) };
	uint64_t kill_ns = master_now() + limit_ns + 1000000000ULL;

	if (w->state == CST_EXITING)
		return;
	/* A second DRAIN may only shorten what the first allowed. */
	if (w->state != CST_DRAINING || w->kill_ns == 0 || kill_ns < w->kill_ns)
		w->kill_ns = kill_ns;
	roster_step(w, CEV_DRAIN);
	(void)line_send(w, MSG_DRAIN, &drain, NULL, 0, NULL, 0);
}

/* The youngest goes: it has the fewest connections and the coldest memory. */
static void
worker_retire_one(struct master *m, struct crew *c)
{
	uint64_t limit = (uint64_t)conf_num(c->gen->conf, OPT_drain_timeout);
	struct child *w, *last = NULL;

	LIST_FOREACH(w, &m->roster, link)
		if (w->kind == CHILD_WORKER && w->crew == c &&
		    (w->state == CST_STARTING || w->state == CST_SERVING) &&
		    (last == NULL || w->number > last->number))
			last = w;
	if (last == NULL)
		return;
	log_info("master", "retire name=%s pid=%d", last->name,
	    (int)last->pid);
	crew_drain(last, c->drained ? DRAIN_CLOSE : DRAIN_HANDOVER,
	    limit);
}

/* One that drains or is repaired gives its slot back: that is only a pause. */
static void
no_slot(struct master *m, struct crew *c, unsigned have)
{
	if (c->starved || slots_count(&m->slots, SLOTS_DEAD) > 0 ||
	    slots_count(&m->slots, SLOTS_REAPING) > 0 ||
	    roster_workers(&m->roster, NULL, CST_DRAINING) > 0)
		return;
	c->starved = 1;
	snprintf(c->why, sizeof c->why, "no slot of the region is free for "
	    "another worker: region.slots is %u", m->slots.n);
	log_error("master", "no slot group=%s workers=%u wanted=%u slots=%u "
	    "option=region.slots", c->group->name, have, crew_target(c),
	    m->slots.n);
}

static void
no_more_starved(struct crew *c)
{
	if (c->starved)
		c->why[0] = '\0';
	c->starved = 0;
}

static int
may_start(const struct crew *c, unsigned starting, uint64_t now)
{
	if (now < c->retry_ns)
		return 0;
	return c->state != CREW_FAILED || starting == 0;
}

void
crew_settle(struct master *m, struct crew *c)
{
	uint64_t now = master_now();
	unsigned target = crew_target(c), starting, serving;
	int rc;

	note_state(m, c, now);
	starting = roster_workers(&m->roster, c, CST_STARTING);
	serving = roster_workers(&m->roster, c, CST_SERVING);
	while (starting + serving > target) {
		worker_retire_one(m, c);
		if (serving > 0)
			serving--;
		else
			starting--;
	}
	if (!zygote_serves(m, c, now))
		return;
	while (starting + serving < target && may_start(c, starting, now)) {
		rc = worker_start(m, c, now);
		if (rc == -ENOLCK)
			no_slot(m, c, starting + serving);
		if (rc < 0) {
			c->retry_ns = now + PAUSE_BASE_NS;
			return;
		}
		starting++;
		if (c->state == CREW_FAILED)
			c->retry_ns = now + delay_of(c);
	}
	if (starting + serving >= target)
		no_more_starved(c);
}

void
crew_worker_ready(struct master *m, struct child *w)
{
	(void)m;
	w->crew->lost = 0;
}

void
crew_worker_died(struct master *m, struct child *w, const struct death *d)
{
	const struct crash_loop_rule rule = rule_of(w->crew);
	struct crew *c = w->crew;
	uint64_t now = master_now();

	if (w->state == CST_DRAINING || d->kind == DEATH_ASKED ||
	    c->gen->retired)
		return;
	c->group->restarts[w->number]++;
	c->group->bereft[w->number] = 1;
	if (!crash_loop_counts(&rule, d->kind, now, w->ready_ns))
		return;
	say_why(w, d, c->why, sizeof c->why);
	if (c->gen == m->next)
		reload_refuse(m, c->why);
	else if (c->state == CREW_FAILED ||
	    crash_loop_decide(&c->deaths, &rule, d->kind, now, w->ready_ns))
		fail(c, now);
}

void
crew_worker_lost(struct master *m, struct child *w)
{
	struct crew *c = w->crew;
	uint64_t now = master_now();

	log_warn("master", "not forked name=%s zygote=%d", w->name,
	    c->zygote != NULL ? (int)c->zygote->pid : 0);
	slots_dead(&m->slots, w->slot, 0, now);
	/* A dead zygote's fault is no reason to wait; its own failure is. */
	if (c->zygote != NULL)
		c->retry_ns = now +
		    crash_loop_backoff(++c->lost, PAUSE_BASE_NS, PAUSE_CAP_NS);
	roster_drop(w);
}

/* Connections can go to the same group, unless it speaks another protocol now. */
static int
has_heir(const struct crew *c, const struct gen *heir)
{
	const struct crew *h;
	unsigned i;

	for (i = 0; heir != NULL && i < heir->n_crews; i++) {
		h = &heir->crews[i];
		if (h->group == c->group)
			return conf_group_num(heir->conf, h->g,
				   OPT_group_protocol) ==
			    conf_group_num(c->gen->conf, c->g,
				OPT_group_protocol);
	}
	return 0;
}

void
crew_retire(struct master *m, struct gen *gen, const struct gen *heir,
    uint64_t limit_ns)
{
	struct child *c;

	gen->retired = 1;
	LIST_FOREACH(c, &m->roster, link) {
		if (c->crew == NULL || c->crew->gen != gen)
			continue;
		if (c->kind == CHILD_ZYGOTE) {
			line_close(c);
			c->crew->zygote = NULL;
			c->kill_ns = master_now() + 1000000000ULL;
			roster_step(c, CEV_DRAIN);
			continue;
		}
		crew_drain(c, has_heir(c->crew, heir) ? DRAIN_HANDOVER :
		    DRAIN_CLOSE, limit_ns);
	}
	gen_unlisten(m, gen);
}
