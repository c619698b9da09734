/*
 * http_buf.h - the memory that bytes of connections pass through.
 *
 * Buffers of HTTP_BUF_SIZE are pooled, last in first out, so that a worker
 * with many connections that are served one after the other works in the same
 * few warm pages, and an idle connection has none.  Larger ones come from
 * malloc and go back to it.
 */
#ifndef HTTP_BUF_H
#define HTTP_BUF_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_BUF_SIZE 16384u /* holds a full default header block's usual half */
#define HTTP_BUF_KEEP 64u    /* idle ones kept: 1 MiB */

struct http_pool {
	char *idle[HTTP_BUF_KEEP];
	unsigned n_idle;
};

/* Bytes from at to end of cap; p is NULL as long as nothing is in it. */
struct http_buf {
	char *p;
	uint32_t at, end, cap;
};

void http_pool_fini(struct http_pool *);

/*
 * Room for n more bytes behind end.  Bytes may move to the front or to a larger
 * buffer.  NULL: no memory (the bytes stay).
 */
char *http_buf_grow(struct http_pool *, struct http_buf *, uint32_t n);

/* Give the memory back; the buffer is empty. */
void http_buf_drop(struct http_pool *, struct http_buf *);

static inline uint32_t
http_buf_len(const struct http_buf *b)
{
	return b->end - b->at;
}

static inline char *
http_buf_room(struct http_pool *pool, struct http_buf *b, uint32_t n)
{
	if (b->p != NULL && b->cap - b->end >= n)
		return b->p + b->end;
	return http_buf_grow(pool, b, n);
}

#endif
