#include "arena.h"

#include <stdlib.h>
#include <string.h>

struct arena_chunk {
	struct arena_chunk *next;
	size_t n;		/* bytes behind this head */
};

#define CHUNK_HEAD ((sizeof(struct arena_chunk) + 15) & ~(size_t)15)

static char *
chunk_data(struct arena_chunk *c)
{
	return (char *)c + CHUNK_HEAD;
}

void
arena_pool_init(struct arena_pool *p, unsigned keep_max)
{
	p->idle = NULL;
	p->n_idle = 0;
	p->keep_max = keep_max;
}

void
arena_pool_fini(struct arena_pool *p)
{
	struct arena_chunk *c;

	while ((c = p->idle) != NULL) {
		p->idle = c->next;
		free(c);
	}
	p->n_idle = 0;
}

void
arena_init(struct arena *a, struct arena_pool *pool, void *first, size_t n,
    size_t limit)
{
	a->p = a->first = first;
	a->end = a->first_end = (char *)first + n;
	a->chunks = NULL;
	a->pool = pool;
	a->used = n;
	a->limit = limit;
	a->failed = 0;
}

/* All ordinary chunks are alike, so that any of them serves any arena. */
static void
chunk_give(struct arena_pool *pool, struct arena_chunk *c)
{
	if (c->n != ARENA_CHUNK || pool->n_idle >= pool->keep_max) {
		free(c);
		return;
	}
	c->next = pool->idle;
	pool->idle = c;
	pool->n_idle++;
}

static struct arena_chunk *
chunk_take(struct arena_pool *pool, size_t n)
{
	struct arena_chunk *c = pool->idle;

	if (n == ARENA_CHUNK && c != NULL) {
		pool->idle = c->next;
		pool->n_idle--;
		return c;
	}
	if ((c = malloc(CHUNK_HEAD + n)) != NULL)
		c->n = n;
	return c;
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *c;

	while ((c = a->chunks) != NULL) {
		a->chunks = c->next;
		chunk_give(a->pool, c);
	}
	a->p = a->first;
	a->end = a->first_end;
	a->used = (size_t)(a->first_end - a->first);
	a->failed = 0;
}

void *
arena_more(struct arena *a, size_t n)
{
	size_t need = (n + 15) & ~(size_t)15;
	struct arena_chunk *c;
	size_t take;

	if (a->failed)
		return NULL;
	/* Something large gets a piece of its own, and the present one goes on. */
	take = need > ARENA_CHUNK / 2 ? need : ARENA_CHUNK;
	if (need < n || take > a->limit || a->used > a->limit - take)
		goto failed;
	if ((c = chunk_take(a->pool, take)) == NULL)
		goto failed;
	a->used += take;
	c->next = a->chunks;
	a->chunks = c;
	if (take != ARENA_CHUNK)
		return chunk_data(c);
	a->p = chunk_data(c) + need;
	a->end = chunk_data(c) + ARENA_CHUNK;
	return chunk_data(c);
failed:
	a->failed = 1;
	return NULL;
}
