/* roster.c - see roster.h */
#include "roster.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "must.h"

#define UNCLAIMED_NS 10000000000ULL

static const uint8_t next[CST_N][CEV_N] = {
	[CST_VACANT] = { [CEV_SPAWN] = CST_STARTING + 1 },
	[CST_STARTING] = { [CEV_READY] = CST_SERVING + 1,
	    [CEV_DRAIN] = CST_DRAINING + 1,
	    [CEV_KILL] = CST_EXITING + 1,
	    [CEV_EXIT] = CST_VACANT + 1 },
	[CST_SERVING] = { [CEV_DRAIN] = CST_DRAINING + 1,
	    [CEV_KILL] = CST_EXITING + 1,
	    [CEV_EXIT] = CST_VACANT + 1 },
	/* READY crosses our DRAIN on its way; it changes nothing. */
	[CST_DRAINING] = { [CEV_READY] = CST_DRAINING + 1,
	    [CEV_DRAIN] = CST_DRAINING + 1,
	    [CEV_KILL] = CST_EXITING + 1,
	    [CEV_EXIT] = CST_VACANT + 1 },
	[CST_EXITING] = { [CEV_READY] = CST_EXITING + 1,
	    [CEV_DRAIN] = CST_EXITING + 1,
	    [CEV_KILL] = CST_EXITING + 1,
	    [CEV_EXIT] = CST_VACANT + 1 },
};

int
roster_next(enum child_state state, enum child_event ev)
{
	return (int)next[state][ev] - 1;
}

void
roster_step(struct child *c, enum child_event ev)
{
	int to = roster_next(c->state, ev);

	must(to >= 0);
	c->state = (enum child_state)to;
}

struct child *
roster_add(struct roster *r, enum child_kind kind, const char *name)
{
	struct child *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->kind = kind;
	c->slot = CHILD_NO_SLOT;
	snprintf(c->name, sizeof c->name, "%s", name);
	LIST_INSERT_HEAD(r, c, link);
	return c;
}

void
roster_drop(struct child *c)
{
	LIST_REMOVE(c, link);
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	chan_close(&c->chan);
	free(c);
}

struct child *
roster_find(const struct roster *r, pid_t pid)
{
	struct child *c;

	LIST_FOREACH(c, r, link)
		if (c->pid == pid && pid != 0)
			return c;
	return NULL;
}

unsigned
roster_count(const struct roster *r)
{
	const struct child *c;
	unsigned n = 0;

	LIST_FOREACH(c, r, link)
		n++;
	return n;
}

unsigned
roster_workers(const struct roster *r, const struct crew *crew,
    enum child_state state)
{
	const struct child *c;
	unsigned n = 0;

	LIST_FOREACH(c, r, link)
		n += c->kind == CHILD_WORKER && c->state == state &&
		    (crew == NULL || c->crew == crew);
	return n;
}

const char *
roster_state_name(enum child_state state)
{
	static const char *const names[CST_N] = { "vacant", "starting",
		"ready", "draining", "draining" };

	return (unsigned)state < CST_N ? names[state] : "unknown";
}

const char *
roster_kind_name(enum child_kind kind)
{
	static const char *const names[] = { "worker", "zygote", "keeper",
		"mender" };

	return names[kind];
}

void
roster_kill(struct child *c, enum death_kind doom)
{
	if (c->doomed || c->pid <= 0)
		return;
	/* Ours and not reaped: the pid cannot have been given to another. */
	(void)kill(c->pid, SIGKILL);
	c->doomed = 1;
	c->doom = doom;
	c->kill_ns = 0;
	roster_step(c, CEV_KILL);
}

void
roster_unclaimed_put(struct roster_unclaimed *u, pid_t pid, int status,
    uint64_t now_ns)
{
	u->v[u->next].pid = pid;
	u->v[u->next].status = status;
	u->v[u->next].at_ns = now_ns;
	u->next = (u->next + 1) % ROSTER_UNCLAIMED;
}

int
roster_unclaimed_take(struct roster_unclaimed *u, pid_t pid, uint64_t now_ns,
    int *status_out)
{
	unsigned i;

	for (i = 0; i < ROSTER_UNCLAIMED; i++) {
		if (u->v[i].pid != pid || pid == 0)
			continue;
		u->v[i].pid = 0;
		*status_out = u->v[i].status;
		return now_ns - u->v[i].at_ns < UNCLAIMED_NS;
	}
	return 0;
}
