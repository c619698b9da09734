#include "http_buf.h"

#include <stdlib.h>
#include <string.h>

void
http_pool_fini(struct http_pool *pool)
{
	while (pool->n_idle > 0)
		free(pool->idle[--pool->n_idle]);
}

static char *
take(struct http_pool *pool, uint32_t cap)
{
	if (cap == HTTP_BUF_SIZE && pool->n_idle > 0)
		return pool->idle[--pool->n_idle];
	return malloc(cap);
}

static void
give(struct http_pool *pool, char *p, uint32_t cap)
{
	if (cap == HTTP_BUF_SIZE && pool->n_idle < HTTP_BUF_KEEP)
		pool->idle[pool->n_idle++] = p;
	else
		free(p);
}

char *
http_buf_grow(struct http_pool *pool, struct http_buf *b, uint32_t n)
{
	uint32_t len = b->end - b->at;
	uint64_t cap = HTTP_BUF_SIZE;
	char *p;

	if (b->p == NULL && n <= HTTP_BUF_SIZE && pool->n_idle > 0) {
		b->cap = HTTP_BUF_SIZE;
		return b->p = pool->idle[--pool->n_idle];
	}
	if (b->p != NULL && b->at > 0 && b->cap - len >= n) {
		memmove(b->p, b->p + b->at, len);
		b->at = 0;
		b->end = len;
		return b->p + len;
	}
	while (cap < (uint64_t)len + n)
		cap *= 2;
	if (cap > UINT32_MAX || (p = take(pool, (uint32_t)cap)) == NULL)
		return NULL;
	if (b->p != NULL) {
		memcpy(p, b->p + b->at, len);
		give(pool, b->p, b->cap);
	}
	b->p = p;
	b->at = 0;
	b->end = len;
	b->cap = (uint32_t)cap;
	return p + len;
}

void
http_buf_drop(struct http_pool *pool, struct http_buf *b)
{
	if (b->p != NULL)
		give(pool, b->p, b->cap);
	b->p = NULL;
	b->at = b->end = b->cap = 0;
}
