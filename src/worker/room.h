/*
 * room.h - values of the cache straight into a task's memory: most are copied
 * once, to where its arena has free bytes.
 *
 *	struct cache_room r = room_of(t);
 *	if (cache_get(..., &r, ...) == 1)
 *		val = room_claim(t, &r);
 */
#ifndef WORKER_ROOM_H
#define WORKER_ROOM_H

#include "cache.h"
#include "task.h"

static inline void *
room_alloc(void *arg, size_t n)
{
	return task_take(arg, n);
}

/* What the arena has free at the moment, and more on request. */
static inline struct cache_room
room_of(struct skep_task *t)
{
	struct cache_room r = { .buf = t->arena.p,
		.cap = (size_t)(t->arena.end - t->arena.p),
		.alloc = room_alloc, .arg = t };

	return r;
}

/* Claim what was filled there.  A piece that was allocated is ours already. */
static inline struct skep_str
room_claim(struct skep_task *t, const struct cache_room *r)
{
	if (r->buf == t->arena.p && r->len > 0)
		(void)task_take(t, r->len);
	return skep_strn(r->buf, r->len);
}

#endif
