/*
 * http_piece.c - answers in pieces: chunked for HTTP/1.1, up to the end of the
 * connection for HTTP/1.0.
 *
 * Pieces are gathered and sent when the handler waits, for whatever; one that is
 * faster than its client waits while HTTP_OUT_MAX bytes are unsent, and one whose
 * client is as fast lets others run in between.
 */
#include <errno.h>
#include <string.h>

#include "http_conn.h"

/* "ffffffff" CR LF in front of a piece, CR LF behind it. */
#define CHUNK_EXTRA 12u
/* A longer piece is cut, so that one copy of it bounds the buffer. */
#define PIECE_MAX 65536u

int
http_piece_begin(struct http_req *r)
{
	r->begun = 1;
	if (http_reply_bodiless(r->reply.status))
		r->reply.framing = HTTP_FRAME_NONE;
	else if (r->reply.status == 205)	/* RFC 9110, 15.3.6 */
		r->reply.framing = HTTP_FRAME_LENGTH;
	else if (r->head.minor == 0)
		r->reply.framing = HTTP_FRAME_CLOSE;
	else
		r->reply.framing = HTTP_FRAME_CHUNKED;
	if (r->reply.framing == HTTP_FRAME_CLOSE)
		r->c->last = 1;
	http_answer_prepare(r);
	if (http_answer_head(r, 0) < 0)
		return -ECANCELED;
	return 0;
}

/* Until the client has taken some of it: write_timeout says how long. */
static int
wait_for_room(struct http_req *r)
{
	struct http_conn *c = r->c;
	struct wait w;
	int rc = 0;

	while (rc == 0 && http_buf_len(&c->out) >= HTTP_OUT_MAX) {
		wait_init(&w, r->t);
		c->out_wait = &w;
		rc = wait_for_client(&w);
		c->out_wait = NULL;
	}
	return c->state == HTTP_GONE ? -ECANCELED : rc;
}

static int
put_piece(struct http_req *r, const char *p, uint32_t n)
{
	static const char digits[] = "0123456789abcdef";
	struct http_conn *c = r->c;
	char *to = http_io_room(c, n + CHUNK_EXTRA), *q = to;
	int shift = 28;

	if (to == NULL)
		return -ECANCELED;
	if (r->reply.framing == HTTP_FRAME_CHUNKED) {
		while (shift > 0 && (n >> shift) == 0)
			shift -= 4;
		for (; shift >= 0; shift -= 4)
			*q++ = digits[n >> shift & 15];
		*q++ = '\r';
		*q++ = '\n';
	}
	memcpy(q, p, n);
	q += n;
	if (r->reply.framing == HTTP_FRAME_CHUNKED) {
		*q++ = '\r';
		*q++ = '\n';
	}
	c->out.end += (uint32_t)(q - to);
	r->sent += n;
	return 0;
}

/* Whether pieces are sent, rather than dropped. */
static int
has_content(const struct http_req *r)
{
	return r->head.method_id != HTTP_HEAD &&
	    (r->reply.framing == HTTP_FRAME_CHUNKED ||
		r->reply.framing == HTTP_FRAME_CLOSE);
}

/* n bytes have been added: send what is much, and do not keep the loop. */
static int
make_room(struct http_req *r, uint32_t n)
{
	struct http_conn *c = r->c;

	if (http_buf_len(&c->out) >= HTTP_OUT_FLUSH && http_io_flush(c) < 0)
		return -ECANCELED;
	if (http_buf_len(&c->out) >= HTTP_OUT_MAX)
		return wait_for_room(r);
	return wait_breathe(r->t, n);
}

int
http_piece_write(struct http_req *r, struct skep_str s)
{
	uint32_t n;
	int rc;

	if (!has_content(r))
		return wait_breathe(r->t, s.n);
	for (; s.n > 0; s.p += n, s.n -= n) {
		n = s.n < PIECE_MAX ? (uint32_t)s.n : PIECE_MAX;
		rc = put_piece(r, s.p, n);
		if (rc == 0)
			rc = make_room(r, n);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int
http_piece_end(struct http_req *r)
{
	char *p;

	r->ended = 1;
	if (!has_content(r) || r->reply.framing == HTTP_FRAME_CLOSE)
		return 0;
	p = http_io_room(r->c, 5);
	if (p == NULL)
		return -ECANCELED;
	memcpy(p, "0\r\n\r\n", 5);
	r->c->out.end += 5;
	return 0;
}
