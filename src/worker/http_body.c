/*
 * http_body.c - request bodies.
 *
 * Nothing is read of a body before the handler asks for it, but for what came
 * together with the head.  A body that lies in the input buffer as a whole is
 * not copied.  A longer one is read straight into memory of its own, which is
 * bounded by http.body_max (not by task.memory_max) and grows only with what
 * has really come.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http_conn.h"

/* Beyond this a body's memory grows as it comes, whatever its length says. */
#define MEM_FIRST (1u << 20)
/* A chunked body is read through the input buffer: at least so much of it. */
#define CHUNK_ROOM 4096u

void
http_body_begin(struct http_req *r)
{
	struct http_body *b = &r->body;

	if (r->head.flags & HTTP_CHUNKED) {
		b->kind = HTTP_BODY_CHUNKED;
		http_chunk_init(&b->chunk, &r->head);
	} else if (r->head.length > 0) {
		b->kind = HTTP_BODY_LENGTH;
		b->left = r->head.length;
	} else {
		b->kind = HTTP_BODY_NONE;
		b->whole = 1;
	}
	b->asked = !(r->head.flags & HTTP_EXPECTS);
}

void
http_body_fini(struct http_req *r)
{
	free(r->body.mem);
	r->body.mem = NULL;
}

void
http_body_fail(struct http_req *r, unsigned status, const char *why)
{
	r->body.status = (uint16_t)status;
	r->body.why = why;
	wait_wake(r->body.waiter, 0);
}

/* Memory for at least n more bytes.  0, -1 (and the body has failed). */
static int
mem_room(struct http_req *r, size_t n)
{
	struct http_body *b = &r->body;
	size_t cap = b->cap > 0 ? b->cap : 16384;
	char *p;

	if (b->cap - b->got.n >= n && b->mem != NULL)
		return 0;
	while (cap - b->got.n < n)
		cap *= 2;
	p = realloc(b->mem, cap);
	if (p == NULL) {
		http_body_fail(r, 503, "out of memory");
		return -1;
	}
	b->mem = p;
	b->cap = cap;
	b->got.p = p;
	return 0;
}

static void
mem_add(struct http_req *r, const char *p, size_t n)
{
	if (mem_room(r, n) < 0)
		return;
	memcpy(r->body.mem + r->body.got.n, p, n);
	r->body.got.n += n;
}

static void
took_all(struct http_req *r)
{
	r->body.whole = 1;
	wait_wake(r->body.waiter, 0);
}

/* --- known length --- */

/* What lies in the input buffer. */
static void
length_take(struct http_req *r)
{
	struct http_body *b = &r->body;
	struct http_conn *c = r->c;
	uint64_t n = http_buf_len(&c->in);

	if (b->got.n == 0 && n >= b->left) {
		b->got = skep_strn(c->in.p + c->in.at, (size_t)b->left);
		c->in.at += (uint32_t)b->left;
		c->pin = c->in.at;
		b->left = 0;
	} else if (n > 0) {
		if (n > b->left)
			n = b->left;
		mem_add(r, c->in.p + c->in.at, (size_t)n);
		c->in.at += (uint32_t)n;
		b->left -= n;
	}
	if (b->left == 0)
		took_all(r);
}

static void
length_read(struct http_req *r)
{
	struct http_body *b = &r->body;
	struct http_conn *c = r->c;
	size_t n = b->left < MEM_FIRST ? (size_t)b->left : MEM_FIRST;
	ssize_t got;

	if (b->cap - b->got.n > n)
		n = b->cap - b->got.n;
	if (n > b->left)
		n = (size_t)b->left;
	if (mem_room(r, n) < 0)
		return;
	got = recv(c->fd, b->mem + b->got.n, n, 0);
	if (got > 0) {
		b->got.n += (size_t)got;
		b->left -= (size_t)got;
		http_conn_limit(c, &c->http->body);
	}
	(void)http_io_came(c, got, n);
	if (b->left == 0)
		took_all(r);
}

/* --- chunked --- */

/* What has come: into memory, or nowhere. */
static int
chunked_take(struct http_req *r, int keep)
{
	struct http_body *b = &r->body;
	struct http_buf *in = &r->c->in;
	const char *p = in->p + in->at;
	struct http_piece d;
	int rc;

	if (in->at == in->end)
		return 0;
	while ((rc = http_chunk_next(&b->chunk, &p, in->p + in->end, &d)) > 0 &&
	    d.n > 0)
		if (keep)
			mem_add(r, d.p, d.n);
	in->at = (uint32_t)(p - in->p);
	if (rc < 0)
		http_body_fail(r, b->chunk.status, b->chunk.why);
	else if (rc > 0)
		took_all(r);
	return rc;
}

static void
chunked_read(struct http_req *r)
{
	struct http_conn *c = r->c;
	uint32_t room = c->in.at == c->in.end ? c->in.cap - c->pin :
						c->in.cap - c->in.end;

	if (room < CHUNK_ROOM && http_io_hold(c) < 0) {
		http_body_fail(r, 503, "out of memory");
		return;
	}
	if (http_io_fill(c) > 0) {
		http_conn_limit(c, &c->http->body);
		(void)chunked_take(r, 1);
	}
}

/* --- for the handler --- */

void
http_body_input(struct http_req *r)
{
	if (r->body.kind == HTTP_BODY_LENGTH)
		length_read(r);
	else
		chunked_read(r);
}

static int
ask_for_it(struct http_req *r)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http_conn *c = r->c;
	char *p;

	if (r->body.asked)
		return 0;
	r->body.asked = 1;
	if (c->in.at < c->in.end)
		return 0;	/* it did not wait for us */
	if (r->begun)
		return 0;	/* nothing may stand within an answer */
	p = http_io_room(c, sizeof(line) - 1);
	if (p == NULL)
		return -EPIPE;
	memcpy(p, line, sizeof(line) - 1);
	c->out.end += sizeof(line) - 1;
	return http_io_flush(c) < 0 ? -EPIPE : 0;
}

/* The time between the client's writes is what is limited here. */
static void
wait_for_it(struct http_req *r)
{
	struct wait w;

	wait_init(&w, r->t);
	r->body.waiter = &w;
	r->body.reading = 1;
	if (r->c->eof)
		http_body_fail(r, 400, "request body ended early");
	http_io_reading(r->c, 1);
	if (!r->c->blocked)
		http_conn_limit(r->c, &r->c->http->body);
	(void)wait_for_client(&w);	/* what has come says how it ended */
	r->body.reading = 0;
	r->body.waiter = NULL;
	if (r->c->lane == &r->c->http->body)
		http_conn_limit(r->c, NULL);
}

struct skep_str
http_body_get(struct http_req *r)
{
	struct http_body *b = &r->body;
	struct skep_str absent = { NULL, 0 };

	if (!b->whole && b->status == 0) {
		if (b->kind == HTTP_BODY_LENGTH)
			length_take(r);
		else
			(void)chunked_take(r, 1);
	}
	if (!b->whole && b->status == 0 && r->c->state == HTTP_OPEN &&
	    ask_for_it(r) == 0)
		wait_for_it(r);
	if (!b->whole || b->status != 0)
		return absent;
	if (b->got.p == NULL)
		b->got.p = "";
	return b->got;
}

/* --- what the handler did not read --- */

int
http_body_can_skip(struct http_req *r)
{
	struct http_body *b = &r->body;

	if (b->whole)
		return 1;
	if (b->status != 0)
		return 0;
	if (b->kind == HTTP_BODY_CHUNKED) {
		/* Only one that is already here is known to end; and one whose
		 * answer has begun may still be asked for. */
		if (!r->begun)
			(void)chunked_take(r, 0);
		return b->whole && b->status == 0;
	}
	if (!b->asked && r->c->in.at == r->c->in.end)
		return 0;	/* the client may send it, or not */
	return b->left <= HTTP_SKIP_MAX + http_buf_len(&r->c->in);
}

int
http_body_skip(struct http_req *r)
{
	struct http_body *b = &r->body;
	struct http_conn *c = r->c;
	struct http_buf *in = &c->in;
	uint64_t n = http_buf_len(in);

	if (n > 0 && c->lane == &c->http->body)
		http_conn_limit(c, &c->http->body);	/* it goes on coming */
	if (b->kind == HTTP_BODY_CHUNKED)
		return b->whole ? 1 : chunked_take(r, 0);
	if (n > b->left)
		n = b->left;
	in->at += (uint32_t)n;
	b->left -= n;
	if (b->left == 0)
		b->whole = 1;
	return b->whole;
}
