/* http_answer.c - the answer to a request. */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "addr.h"
#include "http_conn.h"
#include "http_count.h"
#include "http_etag.h"
#include "http_json.h"
#include "log.h"

#define TEXT_MAX 1024u /* of an error's text */

static const char json_type[] = "application/json";

/* What errors mean that a handler returns without having replied. */
unsigned
http_answer_status(int rc)
{
	switch (rc) {
	case -ENOENT:
		return 404;
	case -EINVAL:
		return 400;
	case -EACCES:
		return 403;
	case -EBUSY:
	case -ENOSPC:
		return 503;
	case -ETIMEDOUT:
		return 504;
	default:
		return 500;
	}
}

static const char *
status_text(unsigned status)
{
	switch (status) {
	case 400:
		return "bad request";
	case 403:
		return "not allowed";
	case 404:
		return "not found";
	case 503:
		return "not available now";
	case 504:
		return "the request took too long";
	default:
		return "internal error";
	}
}

/* --- the head --- */

/* Something that was received behind this request still waits for an answer. */
static int
more_waits(struct http_conn *c)
{
	return c->in.at < c->in.end || http_io_waiting(c);
}

static int
must_close(struct http_req *r)
{
	struct http_conn *c = r->c;

	if (c->last || !http_head_keeps(&r->head))
		return 1;
	if (!http_body_can_skip(r))
		return 1;
	if (c->eof && c->in.at == c->in.end)
		return 1;
	return c->http->w->drain == WORKER_CLOSING && !more_waits(c);
}

void
http_answer_prepare(struct http_req *r)
{
	struct http *h = r->c->http;

	r->reply.id = http_req_id(r);
	if (must_close(r)) {
		r->reply.persist = HTTP_PERSIST_NOT;
		r->c->last = 1;
	} else {
		r->reply.persist = r->head.minor == 0 ? HTTP_PERSIST_SAID :
							HTTP_PERSIST;
	}
	http_stamp_refresh(&h->stamp, loop_now(&h->w->loop));
}

int
http_answer_head(struct http_req *r, size_t behind)
{
	char *p = http_io_room(r->c, http_reply_room(&r->reply) + behind);

	if (p == NULL)
		return -EPIPE;
	r->c->out.end += (uint32_t)http_reply_head(p, &r->reply,
	    &r->c->http->stamp);
	return 0;
}

/* --- counting --- */

static void
pending_add(struct http_conn *c, int64_t start_ns)
{
	int i = 0;

	while (i < HTTP_PENDING - 1 && c->pending[i].n > 0 &&
	    c->pending[i].start_ns != start_ns)
		i++;
	if (c->pending[i].n++ == 0)
		c->pending[i].start_ns = start_ns;
	c->unsent++;
}

static void
log_it(struct http_req *r)
{
	struct http_conn *c = r->c;
	struct http_log_line line = { 0 };
	char peer[ADDR_LEN];
	struct addr a;

	memset(&a, 0, sizeof(a));
	memcpy(&a.u, &c->peer, c->peer_len);
	a.len = c->peer_len;
	line.peer = skep_str(addr_str(peer, &a));
	if (r->head.target.n > 0) {
		line.method = http_req_str(r, r->head.method);
		line.target = http_req_str(r, r->head.target);
	}
	line.id = http_req_id(r);
	line.why = r->body.status != 0 ? r->body.why : r->head.why;
	line.minor = r->head.minor;
	line.status = r->reply.status;
	line.bytes = r->sent;
	line.us = (clock_mono_ns() - r->start_ns) / 1000;
	http_log_put(&c->http->log, &line);
}

/* The coarse clock does: it is cheap, and behind by 4 ms at most. */
static void
log_if_slow(struct http_req *r)
{
	struct http *h = r->c->http;
	int64_t took;
	struct skep_str id;

	if (h->slow_ns == 0)
		return;
	took = clock_coarse_ns() - r->start_ns;
	if (__builtin_expect(took <= h->slow_ns, 1))
		return;
	id = http_req_id(r);
	log_warn("http", "slow request route=%s status=%u ms=%lld id=%.*s",
	    r->t != NULL ? r->t->what : "none", (unsigned)r->reply.status,
	    (long long)(took / CLOCK_NS_PER_MS), SKEP_PR(id));
}

void
http_answer_count(struct http_req *r)
{
	struct http *h = r->c->http;
	unsigned class = r->reply.status / 100;

	h->w->n_requests++;
	if (class >= 1 && class <= 5)
		http_count(h, METRIC_HTTP_1XX + (class - 1), 1);
	pending_add(r->c, r->start_ns);
	log_if_slow(r);
	if (http_log_wanted(&h->log, loop_now(&h->w->loop)))
		log_it(r);
}

/* --- the content --- */

/* The object {"error": text} as the content; buf must last until it is sent. */
static void
set_error(struct http_req *r, char *buf, unsigned status, const char *text)
{
	size_t n = strlen(text);

	r->reply.status = (uint16_t)status;
	r->reply.type = skep_strn(json_type, sizeof(json_type) - 1);
	r->reply.etag = skep_strn(NULL, 0);
	r->reply.lines = NULL;
	r->want_etag = 0;
	r->content.p = buf;
	r->content.n = http_json_error(buf, text, n < TEXT_MAX ? n : TEXT_MAX);
}

/* Whether one of the lines of a field (If-None-Match, If-Match) names the tag. */
static int
names_tag(struct http_req *r, const char *field,
    int (*listed)(const char *, size_t, const char *, size_t))
{
	uint32_t n = (uint32_t)strlen(field);
	struct http_head *h = &r->head;
	struct skep_str v;
	int i = -1;

	while ((i = http_head_find(h, r->base, field, n, (uint32_t)(i + 1))) >=
	    0) {
		v = http_req_str(r, h->fields[i].value);
		if (listed(v.p, v.n, r->reply.etag.p, r->reply.etag.n))
			return 1;
	}
	return 0;
}

/* If-Match names another content. */
static void
set_failed(struct http_req *r)
{
	r->reply.status = 412;
	r->reply.type = skep_strn(json_type, sizeof(json_type) - 1);
	r->reply.etag = skep_strn(NULL, 0);
	r->reply.lines = NULL;
	r->content = skep_str("{\"error\": \"precondition failed\"}\n");
}

static void
set_etag(struct http_req *r)
{
	if (r->reply.status != 200 ||
	    (r->head.method_id != HTTP_GET && r->head.method_id != HTTP_HEAD))
		return;
	http_etag_make(r->etag, r->content.p, r->content.n);
	r->reply.etag = skep_strn(r->etag, HTTP_ETAG_LEN);
	/* In this order: RFC 9110, 13.2.2. */
	if ((r->head.flags & HTTP_HAS_MATCH) &&
	    !names_tag(r, "if-match", http_etag_listed_strong)) {
		set_failed(r);
	} else if ((r->head.flags & HTTP_HAS_NONE_MATCH) &&
	    names_tag(r, "if-none-match", http_etag_listed)) {
		r->reply.status = 304;
		r->reply.type = skep_strn(NULL, 0);
	}
}

/* Whole answer, known length: into out, what is large behind it. */
static void
send_whole(struct http_req *r)
{
	struct http_conn *c = r->c;
	struct skep_str body;

	if (r->want_etag)
		set_etag(r);
	body = r->content;
	r->reply.framing = HTTP_FRAME_LENGTH;
	if (http_reply_bodiless(r->reply.status)) {
		r->reply.framing = HTTP_FRAME_NONE;
		body.n = 0;
	} else if (r->reply.status == 205) {
		body.n = 0;
	}
	r->reply.length = body.n;
	if (r->head.method_id == HTTP_HEAD)
		body.n = 0;
	r->sent = body.n;
	if (body.n > HTTP_COPY_MAX) {
		c->tail = body;
		body.n = 0;
	}
	http_answer_prepare(r);
	if (http_answer_head(r, body.n) < 0)
		return;
	if (body.n > 0) {
		memcpy(c->out.p + c->out.end, body.p, body.n);
		c->out.end += (uint32_t)body.n;
	}
	http_answer_count(r);
}

void
http_answer_over(struct http_req *r)
{
	struct http_conn *c = r->c;

	if (c->last) {
		http_req_free(r);
		return;
	}
	if (r->body.kind == HTTP_BODY_NONE || r->body.whole) {
		http_req_free(r);
		return;
	}
	/* The handler is over, its memory may go; the rest is only read. */
	task_end(r->t);
	r->t = NULL;
	r->stage = HTTP_STAGE_SKIP;
}

void
http_answer_refusal(struct http_req *r, unsigned status, const char *why)
{
	char text[HTTP_JSON_ROOM(TEXT_MAX)];

	set_error(r, text, status, why);
	r->head.why = why;
	r->c->last = 1;
	send_whole(r);
	http_req_free(r);
}

/* The handler gave no reply, or one that the server cannot use. */
static void
log_failure(struct http_req *r, int rc)
{
	struct skep_str id = http_req_id(r);

	http_count(r->c->http, METRIC_HANDLER_ERRORS, 1);
	if (rc == 0)
		log_error("http", "handler gave no reply route=%s id=%.*s",
		    r->t->what, SKEP_PR(id));
	else
		log_warn("http", "handler failed route=%s error=%s status=%u",
		    r->t->what, strerrorname_np(-rc) != NULL ?
			strerrorname_np(-rc) : "unknown",
		    http_answer_status(rc));
}

/* An answer in pieces that the handler has left. */
static void
answer_begun(struct http_req *r, int rc)
{
	struct http_conn *c = r->c;

	if (rc >= 0 && r->body.status == 0 && !r->ended)
		(void)http_piece_end(r);
	if (!r->ended) {
		/* Cut off: the client must not take it for whole. */
		log_failure(r, rc < 0 ? rc : -EIO);
		c->last = 1;
		c->reset = r->reply.framing == HTTP_FRAME_CLOSE;
	}
	http_answer_count(r);
	http_answer_over(r);
}

void
http_answer(struct http_req *r, int rc)
{
	char text[HTTP_JSON_ROOM(TEXT_MAX)];
	struct http_conn *c = r->c;

	if (c->state == HTTP_GONE) {
		http_req_free(r);
		return;
	}
	if (r->begun) {
		answer_begun(r, rc);
		return;
	}
	/* A body that is malformed is refused even if nobody wanted it. */
	(void)http_body_can_skip(r);
	if (r->body.status != 0) {
		/* Whatever the handler made of it: the request was bad. */
		c->last = 1;
		r->head.why = r->body.why;
		set_error(r, text, r->body.status, r->body.why);
	} else if (!r->replied) {
		log_failure(r, rc);
		set_error(r, text, rc == 0 ? 500 : http_answer_status(rc),
		    status_text(http_answer_status(rc)));
	}
	send_whole(r);
	if (c->tail.n > 0)
		r->stage = HTTP_STAGE_SEND;
	else if (c->state != HTTP_GONE)
		http_answer_over(r);
	else
		http_req_free(r);
}
