/*
 * http_chunk.h - the chunked coding of request bodies (RFC 9112 7.1).
 *
 * Incremental and pure, as http_head.h: give it what came, in whatever pieces,
 * and take data from it until it wants more.  Extensions and trailers are
 * checked, counted and dropped.
 *
 *	while ((rc = http_chunk_next(&c, &p, end, &data)) > 0 && data.n > 0)
 *		use data
 *	rc == 1: the body is over, p stands behind it
 *	rc == 0: all bytes up to end are used, more are needed
 *	rc < 0:  answer c.status with c.why
 */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include <stdint.h>

#include "http_head.h"

struct http_chunk {
	uint64_t left;		/* of the present chunk (or its size so far) */
	uint64_t body_left;	/* that the body may still have: 413 */
	uint32_t head_left;	/* bytes that extensions and trailers may have: 431 */
	uint32_t fields_left;	/* trailer fields: 431 */
	uint8_t state;
	uint8_t digits;		/* of the chunk size */
	uint16_t status;
	const char *why;
};

struct http_piece {
	const char *p;
	uint32_t n;
};

/*
 * The body that follows this head.  What the head left of its limits is what
 * trailers and extensions may use.
 */
void http_chunk_init(struct http_chunk *, const struct http_head *);

/*
 * Go on at *p, no further than end.  1: a piece of the body (it lies in the
 * caller's buffer), or with data_out->n == 0 the end of the body; 0: more is
 * needed; -EBADMSG.  *p moves behind what was used.
 */
int http_chunk_next(struct http_chunk *, const char **p, const char *end,
    struct http_piece *data_out);

#endif
