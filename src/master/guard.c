/* guard.c - see guard.h */
#include "guard.h"

#include "crew.h"
#include "epoch.h"
#include "log.h"
#include "maint.h"
#include "slot.h"

static void
in_the_way(struct child *c, const char *how, uint64_t ns)
{
	log_error(roster_kind_name(c->kind), "in the way name=%s pid=%d slot=%u "
	    "ms=%llu holds=%s action=killed", c->name, (int)c->pid, c->slot,
	    (unsigned long long)ns / 1000000, how);
	roster_kill(c, DEATH_LATE);
}

/* A section: its age is at least what the marks say for sure. */
static uint64_t
section_ns(const struct region *r, const struct slot_info *info, uint64_t now)
{
	uint64_t least, most;

	if (epoch_age(r, info->word, now, &least, &most) < 0)
		return 0;
	return least;
}

/* The same lock held at each look since when? */
static uint64_t
held_ns(struct child *c, const struct slot_info *info, uint64_t now)
{
	if (info->held == 0 || info->held != c->held) {
		c->held = info->held;
		c->held_ns = now;
	}
	return info->held != 0 ? now - c->held_ns : 0;
}

static void
look(struct master *m, struct child *c, uint64_t limit, uint64_t now)
{
	struct slot_info info;
	uint64_t in, lock;

	if (slot_info(m->area.region, c->slot, &info) < 0 ||
	    info.state != SLOT_LIVE)
		return;
	in = section_ns(m->area.region, &info, now);
	lock = held_ns(c, &info, now);
	if (in < GUARD_WARN_NS)
		c->warned = 0;
	else if (!c->warned) {
		c->warned = 1;
		log_warn(roster_kind_name(c->kind), "long section name=%s "
		    "pid=%d slot=%u ms=%llu", c->name, (int)c->pid, c->slot,
		    (unsigned long long)in / 1000000);
	}
	if (in >= limit)
		in_the_way(c, "section", in);
	else if (lock >= limit)
		in_the_way(c, "lock", lock);
}

static void
look_at_maint(struct master *m, uint64_t limit, uint64_t now)
{
	const struct region *r = m->area.region;
	uint64_t idle = maint_idle_ns(r, now);
	uint32_t slot = slot_of_owner(ld_rlx(&r->hot->maint));
	struct child *c;

	if (idle < limit)
		return;
	LIST_FOREACH(c, &m->roster, link)
		if (c->slot == slot && slot != CHILD_NO_SLOT && c->pid != 0 &&
		    !c->doomed)
			in_the_way(c, "maintenance", idle);
}

void
guard_beat(struct master *m, uint64_t now)
{
	uint64_t limit = (uint64_t)conf_num(m->gen->conf,
	    OPT_workers_section_max);
	struct child *c;

	if (m->area.region == NULL || m->phase == PHASE_REBUILDING)
		return;
	LIST_FOREACH(c, &m->roster, link)
		if (c->slot != CHILD_NO_SLOT && c->pid != 0 && !c->doomed)
			look(m, c, limit, now);
	look_at_maint(m, limit, now);
}

void
guard_memory(struct child *c, uint64_t private_bytes)
{
	const struct conf *conf = c->crew->gen->conf;
	uint64_t limit = (uint64_t)conf_num(conf, OPT_workers_memory_max);

	if (limit == 0 || private_bytes <= limit || c->state != CST_SERVING)
		return;
	log_warn("worker", "too large worker=%s pid=%d private=%llu "
	    "limit=%llu action=retired", c->name, (int)c->pid,
	    (unsigned long long)private_bytes, (unsigned long long)limit);
	crew_drain(c, DRAIN_HANDOVER,
	    (uint64_t)conf_num(conf, OPT_drain_timeout));
}
