#include "buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 256

void
buf_init(struct buf *b)
{
	memset(b, 0, sizeof(*b));
}

void
buf_fini(struct buf *b)
{
	free(b->p);
	buf_init(b);
}

void
buf_clear(struct buf *b)
{
	b->off = b->len = 0;
	b->failed = 0;
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t cap, need;
	char *p;

	if (b->failed)
		return NULL;
	/* No memory yet is no room, also for nothing: NULL says failure. */
	if (b->p != NULL && b->off + b->len + n <= b->cap && n <= b->cap)
		return b->p + b->off + b->len;
	/* Move the content down where that alone makes the room. */
	if (b->off > 0) {
		memmove(b->p, b->p + b->off, b->len);
		b->off = 0;
	}
	if (n > SIZE_MAX / 2 - b->len)
		goto failed;
	need = b->len + n;
	if (b->p != NULL && need <= b->cap)
		return b->p + b->len;
	for (cap = b->cap < CAP_MIN ? CAP_MIN : b->cap; cap < need; cap *= 2)
		;
	p = realloc(b->p, cap);
	if (p == NULL)
		goto failed;
	b->p = p;
	b->cap = cap;
	return b->p + b->len;
failed:
	b->failed = 1;
	return NULL;
}

void
buf_added(struct buf *b, size_t n)
{
	b->len += n;
}

int
buf_add(struct buf *b, const void *data, size_t n)
{
	char *to = buf_room(b, n);

	if (to == NULL)
		return -ENOMEM;
	if (n > 0)
		memcpy(to, data, n);
	b->len += n;
	return 0;
}

int
buf_addz(struct buf *b, const char *z)
{
	return buf_add(b, z, strlen(z));
}

int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *to;
	int n;

	to = buf_room(b, 128);
	if (to == NULL)
		return -ENOMEM;
	va_copy(again, ap);
	n = vsnprintf(to, 128, fmt, ap);
	if (n >= 128) {
		to = buf_room(b, (size_t)n + 1);
		if (to != NULL)
			(void)vsnprintf(to, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	if (n < 0)
		b->failed = 1;
	if (n < 0 || to == NULL)
		return -ENOMEM;
	b->len += (size_t)n;
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return rc;
}

void
buf_eat(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->off = b->len = 0;
		return;
	}
	b->off += n;
	b->len -= n;
}

char *
buf_str(struct buf *b)
{
	char *end = buf_room(b, 1);

	if (end == NULL)
		return NULL;
	*end = '\0';
	return b->p + b->off;
}

char *
buf_steal(struct buf *b)
{
	char *p;

	if (buf_str(b) == NULL) {
		buf_fini(b);
		return NULL;
	}
	if (b->off > 0)
		memmove(b->p, b->p + b->off, b->len + 1);
	p = b->p;
	buf_init(b);
	return p;
}
