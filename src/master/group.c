/* group.c - see group.h */
#include "group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fdio.h"

struct group *
group_find(const struct master *m, const char *name)
{
	struct group *g;

	LIST_FOREACH(g, &m->groups, link)
		if (strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

int
group_take(struct master *m, const char *name, struct group **out)
{
	struct group *g = group_find(m, name);

	if (g == NULL) {
		g = calloc(1, sizeof *g);
		if (g == NULL)
			return -ENOMEM;
		snprintf(g->name, sizeof g->name, "%s", name);
		if (socketpair(AF_UNIX,
			SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			g->handover) < 0) {
			free(g);
			return -errno;
		}
		LIST_INSERT_HEAD(&m->groups, g, link);
	}
	*out = g;
	return 0;
}

unsigned
group_number(const struct master *m, struct group *g)
{
	uint8_t used[GROUP_NUMBERS] = { 0 };
	const struct child *c;
	unsigned n, lowest = 0;

	LIST_FOREACH(c, &m->roster, link)
		if (c->kind == CHILD_WORKER && c->crew->group == g)
			used[c->number] = 1;
	for (n = GROUP_NUMBERS - 1; n > 0; n--) {
		if (used[n])
			continue;
		lowest = n;
		if (g->bereft[n])
			break;
	}
	g->bereft[lowest] = 0;
	return lowest;
}

static void
group_drop(struct group *g)
{
	LIST_REMOVE(g, link);
	fdio_close(&g->handover[0]);
	fdio_close(&g->handover[1]);
	free(g);
}

static int
in_use(const struct master *m, const struct group *g)
{
	const struct gen *gen;
	unsigned i;

	LIST_FOREACH(gen, &m->gens, link)
		for (i = 0; i < gen->n_crews; i++)
			if (gen->crews[i].group == g)
				return 1;
	return 0;
}

void
group_sweep(struct master *m)
{
	struct group *g = LIST_FIRST(&m->groups), *after;

	for (; g != NULL; g = after) {
		after = LIST_NEXT(g, link);
		if (!in_use(m, g))
			group_drop(g);
	}
}

void
group_fini(struct master *m)
{
	while (!LIST_EMPTY(&m->groups))
		group_drop(LIST_FIRST(&m->groups));
}
