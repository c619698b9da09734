/*
 * arena.h - memory that is given back all at once.
 *
 * The first bytes come from a buffer that the owner lends, more from chunks of
 * the pool, so that in the steady state nothing is taken from malloc.  Over the
 * limit every later call fails too (sticky), until arena_reset().
 */
#ifndef WORKER_ARENA_H
#define WORKER_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_CHUNK 16384	/* holds the usual answer; larger pieces get their own */

struct arena_chunk;

/* Idle chunks, for all arenas of a thread. */
struct arena_pool {
	struct arena_chunk *idle;
	unsigned n_idle, keep_max;
};

struct arena {
	char *p, *end;		/* free bytes of the present piece */
	char *first, *first_end;
	struct arena_chunk *chunks;
	struct arena_pool *pool;
	size_t used, limit;	/* bytes taken from the first piece and chunks */
	int failed;		/* sticky */
};

void arena_pool_init(struct arena_pool *, unsigned keep_max);
void arena_pool_fini(struct arena_pool *);

/* first: n bytes lent until arena_reset(), aligned to 16. */
void arena_init(struct arena *, struct arena_pool *, void *first, size_t n,
    size_t limit);
/* Give all back; the arena is as new. */
void arena_reset(struct arena *);

void *arena_more(struct arena *, size_t n);

/* n bytes aligned to 16, not zeroed; NULL over the limit or when malloc has none. */
static inline void *
arena_take(struct arena *a, size_t n)
{
	size_t need = (n + 15) & ~(size_t)15;
	char *p = a->p;

	if (need < n || need > (size_t)(a->end - p) || a->failed)
		return arena_more(a, n);
	a->p = p + need;
	return p;
}

#endif
