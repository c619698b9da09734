/*
 * buf.h - bytes that grow at the end and are eaten at the front.
 *
 *	struct buf b = BUF_INIT;
 *	buf_printf(&b, "%d", 1);
 *	write(fd, buf_head(&b), buf_len(&b));
 *	buf_fini(&b);
 *
 * Running out of memory is sticky: later appends do nothing and buf_ok() says
 * so, so that one check at the end is enough.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *p;
	size_t off, len, cap;	/* content: p + off, len bytes */
	int failed;
};

#define BUF_INIT { NULL, 0, 0, 0, 0 }

#ifdef __GNUC__
#define BUF_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define BUF_PRINTF(f, a)
#endif

void buf_init(struct buf *);
void buf_fini(struct buf *);	/* also of one never used */
void buf_clear(struct buf *);	/* empty, keeping its memory */

static inline size_t
buf_len(const struct buf *b)
{
	return b->len;
}

/* The content; NULL when nothing was ever appended. */
static inline char *
buf_head(const struct buf *b)
{
	return b->p == NULL ? NULL : b->p + b->off;
}

/* 1, or 0 when an append has failed since buf_init() or buf_clear(). */
static inline int
buf_ok(const struct buf *b)
{
	return !b->failed;
}

/* Room for n more bytes behind the content: NULL when there is no memory. */
char *buf_room(struct buf *, size_t n);
void buf_added(struct buf *, size_t n);	/* so many of them have been filled */

/* 0, -ENOMEM. */
int buf_add(struct buf *, const void *, size_t n);
int buf_addz(struct buf *, const char *);
int buf_addc(struct buf *, char);
int buf_printf(struct buf *, const char *fmt, ...) BUF_PRINTF(2, 3);
int buf_vprintf(struct buf *, const char *fmt, va_list) BUF_PRINTF(2, 0);

void buf_eat(struct buf *, size_t n);	/* drop n bytes at the front */

/* The content with a NUL behind it (not counted): NULL after a failure. */
char *buf_str(struct buf *);
/* As buf_str(), but hands the memory out: free() it.  The buf is empty then. */
char *buf_steal(struct buf *);

#endif
