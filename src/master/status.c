/* status.c - see status.h */
#include "status.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "cache.h"
#include "crew.h"
#include "line.h"
#include "log.h"

/* The keeper takes nothing: the next second has a newer document anyhow. */
#define BEHIND 4

const char *
status_phase(const struct master *m)
{
	switch (m->phase) {
	case PHASE_STARTING:
		return "starting";
	case PHASE_SERVING:
		return m->next != NULL ? "reloading" : "serving";
	case PHASE_REBUILDING:
		return "rebuilding";
	case PHASE_STOPPING:
		return "stopping";
	}
	return "unknown";
}

static json_t *
worker_json(const struct child *c)
{
	return json_pack("{s:s, s:i, s:s, s:I, s:i, s:f, s:I, s:I, s:i, s:i, "
			 "s:I}",
	    "id", c->name, "pid", (int)c->pid, "state",
	    roster_state_name(c->state), "requests", (json_int_t)c->requests,
	    "connections", (int)c->connections, "busy",
	    (double)c->busy_permille / 1000, "pss_bytes",
	    (json_int_t)c->pss_bytes, "restarts",
	    (json_int_t)c->crew->group->restarts[c->number], "generation",
	    (int)c->generation, "slot", (int)c->slot, "ready_us",
	    (json_int_t)c->ready_us);
}

/* Of all generations: what drains is still there. */
static json_t *
group_workers(const struct master *m, const struct group *g)
{
	json_t *list = json_array();
	const struct child *c;
	unsigned n;

	/* In the order of their numbers; the roster has the newest first. */
	for (n = 1; n < GROUP_NUMBERS; n++)
		LIST_FOREACH(c, &m->roster, link)
			if (c->kind == CHILD_WORKER && c->number == n &&
			    c->crew->group == g)
				json_array_append_new(list, worker_json(c));
	return list;
}

json_t *
status_workers(const struct master *m, const char *group)
{
	json_t *list = json_array(), *part;
	unsigned i, found = 0;

	for (i = 0; i < m->gen->n_crews; i++) {
		const struct group *g = m->gen->crews[i].group;

		if (group != NULL && strcmp(group, g->name) != 0)
			continue;
		part = group_workers(m, g);
		json_array_extend(list, part);
		json_decref(part);
		found++;
	}
	if (group == NULL || found > 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *
bound(struct listen_sock *const *v, unsigned n)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_string(v[i]->bound));
	return list;
}

static json_t *
crew_json(const struct master *m, const struct crew *c)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:b, s:s, s:o, s:o}",
	    "name", c->group->name, "state", crew_state_name(c->state), "min",
	    (int)c->min, "max", (int)c->max, "target", (int)crew_target(c),
	    "scale", c->group->manual != 0 ? "manual" : "auto", "draining",
	    c->drained, "reason", c->why, "listen",
	    bound(c->listen, c->n_listen), "workers",
	    group_workers(m, c->group));
}

static json_t *
cache_json(const struct master *m)
{
	const struct region *r = m->area.region;
	struct cache_stats st = { 0 };

	if (r == NULL)
		return json_object();
	if (m->area.cache != NULL)
		cache_stats(m->area.cache, &st);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "items",
	    (json_int_t)st.items, "bytes", (json_int_t)st.bytes,
	    "capacity_bytes", (json_int_t)st.capacity_bytes, "hits",
	    (json_int_t)st.hits, "misses", (json_int_t)st.misses);
}

static json_t *
helper_json(const struct helper *h)
{
	const struct child *c = h->child;

	return json_pack("{s:i, s:s}", "pid", c != NULL ? (int)c->pid : 0,
	    "state", c != NULL ? roster_state_name(c->state) : "absent");
}

static json_t *
reload_json(const struct master *m)
{
	return json_pack("{s:I, s:I, s:s, s:i}", "done",
	    (json_int_t)m->reloads, "refused", (json_int_t)m->reloads_refused,
	    "reason", m->reload_why, "bringing_up",
	    m->next != NULL ? (int)m->next->number : 0);
}

static json_t *
region_json(const struct master *m)
{
	char path[PATH_MAX];

	/* One without a name can be opened through us while we live. */
	if (m->area.path[0] == '\0' && m->area.region != NULL)
		(void)snprintf(path, sizeof path, "/proc/%d/fd/%d",
		    (int)getpid(), m->area.region->fd);
	else
		(void)snprintf(path, sizeof path, "%s", m->area.path);
	return json_pack("{s:s, s:I, s:i, s:i, s:i}", "path", path,
	    "bytes", (json_int_t)m->area.size_bytes, "slots",
	    (int)m->area.n_slots, "slots_free",
	    (int)slots_count(&m->slots, SLOTS_FREE), "slots_dead",
	    (int)(slots_count(&m->slots, SLOTS_DEAD) +
		slots_count(&m->slots, SLOTS_REAPING)));
}

json_t *
status_json(const struct master *m)
{
	json_t *groups = json_array();
	unsigned i;

	for (i = 0; i < m->gen->n_crews; i++)
		json_array_append_new(groups,
		    crew_json(m, &m->gen->crews[i]));
	return json_pack("{s:s, s:i, s:s, s:f, s:i, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:[]}",
	    "version", PACKAGE_VERSION, "pid", (int)getpid(), "state",
	    status_phase(m), "uptime_s",
	    (double)((master_now() - m->started_ns) / 1000000) / 1000,
	    "generation", (int)m->gen->number, "groups", groups, "admin",
	    bound(m->gen->admin, m->gen->n_admin), "keeper",
	    helper_json(&m->keeper), "mender", helper_json(&m->mender),
	    "region", region_json(m), "cache", cache_json(m), "reload",
	    reload_json(m), "alerts");
}

void
status_send(struct master *m)
{
	struct child *k = m->keeper.child;
	json_t *doc;
	char *text;

	if (k == NULL || k->state != CST_SERVING || k->chan == NULL ||
	    chan_pending(k->chan) > BEHIND)
		return;
	doc = status_json(m);
	text = json_dumps(doc, STATUS_DUMP);
	json_decref(doc);
	if (text == NULL)
		return;
	(void)line_send(k, MSG_STATUS, NULL, text, strlen(text), NULL, 0);
	free(text);
}

static uint64_t
mix(uint64_t print, uint64_t n)
{
	print = (print ^ n) * 0x9e3779b97f4a7c15u;
	return print ^ print >> 32;
}

/* Of what makes a change; counters are not in it. */
static uint64_t
fingerprint(const struct master *m)
{
	const struct child *c;
	uint64_t p = 1;
	unsigned i;

	p = mix(p, m->phase);
	p = mix(p, m->gen->number);
	p = mix(p, m->next != NULL ? m->next->number : 0);
	p = mix(p, m->reloads);
	p = mix(p, m->reloads_refused);
	LIST_FOREACH(c, &m->roster, link)
		p = mix(mix(p, (uint64_t)c->pid), c->state);
	for (i = 0; i < m->gen->n_crews; i++) {
		p = mix(p, m->gen->crews[i].state);
		p = mix(p, (uint64_t)m->gen->crews[i].drained);
		p = mix(p, m->gen->crews[i].group->manual);
	}
	return p;
}

void
status_send_changes(struct master *m)
{
	uint64_t print = fingerprint(m);

	if (print == m->status_print)
		return;
	m->status_print = print;
	status_send(m);
}
