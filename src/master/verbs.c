/* verbs.c - see verbs.h */
#include "verbs.h"

#include <errno.h>
#include <string.h>

#include "crew.h"
#include "group.h"
#include "log.h"

static struct crew *
crew_named(const struct master *m, const char *name)
{
	unsigned i;

	for (i = 0; i < m->gen->n_crews; i++)
		if (strcmp(m->gen->crews[i].group->name, name) == 0)
			return &m->gen->crews[i];
	return NULL;
}

unsigned
verbs_room(const struct master *m, const struct crew *crew)
{
	/* The keeper has one, and the last ones are for menders. */
	unsigned i, all = m->slots.n - m->slots.first, n = SLOTS_FOR_MENDERS + 1;

	for (i = 0; i < m->gen->n_crews; i++)
		if (&m->gen->crews[i] != crew)
			n += crew_target(&m->gen->crews[i]);
	return n < all ? all - n : 0;
}

int
verbs_scale(struct master *m, const char *name, unsigned n)
{
	struct crew *c = crew_named(m, name);

	if (c == NULL)
		return -ENOENT;
	if (n != 0 && (n < c->min || n > c->max))
		return -ERANGE;
	if (n > verbs_room(m, c))
		return -ENOSPC;
	c->group->manual = n;
	c->drained = 0;
	log_info("master", "scale group=%s workers=%u by=%s", name,
	    crew_target(c), n != 0 ? "hand" : "configuration");
	return 0;
}

void
verbs_scale_all(struct master *m, enum verbs_step step)
{
	struct crew *c;
	unsigned i, n;

	for (i = 0; i < m->gen->n_crews; i++) {
		c = &m->gen->crews[i];
		n = crew_target(c);
		n = step == VERBS_MORE ? n + 1 : n > 0 ? n - 1 : 0;
		if (n == 0 || verbs_scale(m, c->group->name, n) < 0)
			log_warn("master", "scale refused group=%s workers=%u "
			    "min=%u max=%u", c->group->name, n, c->min,
			    c->max);
	}
}

void
verbs_drain_all(struct master *m)
{
	unsigned i;

	for (i = 0; i < m->gen->n_crews; i++)
		(void)verbs_drain(m, m->gen->crews[i].group->name);
}

static struct child *
worker_named(const struct master *m, const char *name)
{
	struct child *c;

	LIST_FOREACH(c, &m->roster, link)
		if (c->kind == CHILD_WORKER && strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

int
verbs_drain(struct master *m, const char *name)
{
	struct crew *c = crew_named(m, name);
	struct child *w;

	if (c != NULL) {
		c->drained = 1;
		log_info("master", "drain group=%s", name);
		return 0;
	}
	w = worker_named(m, name);
	if (w == NULL)
		return -ENOENT;
	log_info("master", "drain worker=%s pid=%d", name, (int)w->pid);
	crew_drain(w, DRAIN_HANDOVER,
	    (uint64_t)conf_num(w->crew->gen->conf, OPT_drain_timeout));
	return 0;
}
