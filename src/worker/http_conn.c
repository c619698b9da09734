#include "http_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "handover.h"
#include "http_count.h"
#include "log.h"
#include "must.h"

static void on_read(evutil_socket_t fd, short what, void *arg);
static void on_write(evutil_socket_t fd, short what, void *arg);

static struct http_conn *
conn_new(struct http *h, int fd, const struct sockaddr *peer,
    socklen_t peer_len)
{
	struct http_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->http = h;
	c->fd = fd;
	c->read_off = 1;
	if (peer != NULL && peer_len <= sizeof(c->peer)) {
		memcpy(&c->peer, peer, peer_len);
		c->peer_len = peer_len;
	}
	(void)event_assign(&c->read_ev, h->w->loop.base, fd, h->read_flags,
	    on_read, c);
	(void)event_assign(&c->write_ev, h->w->loop.base, fd, h->write_flags,
	    on_write, c);
	TAILQ_INSERT_TAIL(&h->conns, c, link);
	http_io_reading(c, 1);
	return c;
}

/* Take all events and the timer away; the descriptor is not touched. */
static void
conn_detach(struct http_conn *c)
{
	http_io_reading(c, 0);
	(void)event_del(&c->read_ev);
	if (c->blocked)
		(void)event_del(&c->write_ev);
	c->blocked = 0;
	http_conn_limit(c, NULL);
}

static void
conn_free(struct http_conn *c)
{
	struct http *h = c->http;

	must(c->req == NULL && c->fd < 0);
	TAILQ_REMOVE(&h->conns, c, link);
	http_buf_drop(&h->bufs, &c->in);
	http_buf_drop(&h->bufs, &c->out);
	http_count(h, METRIC_HTTP_OPEN, -1);
	worker_conn_over(h->w);
	free(c);
}

void
http_conn_adopt(struct http *h, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n)
{
	struct http_conn *c = conn_new(h, fd, peer, peer_len);
	int one = 1;
	char *p;

	if (c == NULL) {
		close(fd);
		worker_conn_over(h->w);
		return;
	}
	http_count(h, METRIC_HTTP_OPEN, 1);
	/* Answers leave whole: nothing is gained by holding a part back. */
	if (peer_len == 0 || c->peer.ss_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
	if (n > 0 && n < UINT32_MAX) {
		p = http_buf_room(&h->bufs, &c->in, (uint32_t)n);
		if (p == NULL) {
			http_conn_gone(c);
		} else {
			memcpy(p, bytes, n);
			c->in.end += (uint32_t)n;
		}
	}
	http_conn_run(c);
}

void
http_conn_gone(struct http_conn *c)
{
	static const struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	if (c->state == HTTP_GONE)
		return;
	conn_detach(c);
	if (c->reset)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard,
		    sizeof(hard));
	close(c->fd);
	c->fd = -1;
	c->state = HTTP_GONE;
	c->tail.n = 0;
	if (c->req != NULL && c->req->t != NULL)
		task_cancel(c->req->t);
	wait_wake(c->out_wait, -ECANCELED);
}

void
http_conn_limit(struct http_conn *c, struct lane *lane)
{
	if (c->lane != NULL)
		lane_disarm(c->lane, &c->timer);
	c->lane = lane;
	if (lane != NULL)
		lane_arm(lane, &c->timer);
}

/* --- serving --- */

/* More is wanted of a head: is there room for what may still come? */
static int
head_step(struct http_conn *c, struct http_req *r)
{
	uint32_t n = http_buf_len(&c->in);
	int rc;

	r->base = c->in.p + c->in.at;
	rc = http_head_parse(&r->head, r->base, n);
	if (rc == 0)
		return 0;
	if (rc < 0) {
		http_answer_refusal(r, r->head.status, r->head.why);
		return 1;
	}
	c->in.at += r->head.len;
	c->pin = c->in.at;
	http_req_run(r);
	return 1;
}

/* Whether answers must leave before another request is begun. */
static int
is_full(const struct http_conn *c)
{
	return http_buf_len(&c->out) >= HTTP_OUT_FLUSH || c->tail.n > 0 ||
	    c->unsent >= c->http->pipeline_max;
}

static int
next_request(struct http_conn *c)
{
	if (c->last || c->in.at == c->in.end)
		return 0;
	c->req = http_req_new(c);
	if (c->req == NULL) {
		http_conn_gone(c);
		return 0;
	}
	return 1;
}

/*
 * Go on until something has to come first: input, a handler's end, or room for
 * output (then 1).
 */
static int
serve(struct http_conn *c)
{
	struct http_req *r;
	int rc;

	while (c->state == HTTP_OPEN) {
		if ((r = c->req) == NULL) {
			if (is_full(c))
				return 1;
			if (!next_request(c))
				return 0;
			continue;
		}
		switch (r->stage) {
		case HTTP_STAGE_HEAD:
			if (!head_step(c, r))
				return 0;
			break;
		case HTTP_STAGE_RUN:
			return 0;
		case HTTP_STAGE_SEND:
			return 1;
		default:
			rc = http_body_skip(r);
			if (rc == 0 && !c->eof)
				return 0;
			if (rc <= 0)	/* its end will not be found */
				c->last = 1;
			http_req_free(r);
			break;
		}
	}
	return 0;
}

/* Everything has been said: half-close, and wait for the client's end. */
static void
say_goodbye(struct http_conn *c)
{
	if (c->reset || c->eof || shutdown(c->fd, SHUT_WR) < 0) {
		http_conn_gone(c);
		return;
	}
	c->state = HTTP_LINGER;
	http_buf_drop(&c->http->bufs, &c->in);
	http_io_reading(c, 1);
	event_active(&c->read_ev, EV_READ, 1);	/* of what is there already */
	http_conn_limit(c, &c->http->linger);
	if (c->http->linger.len_ns <= 0)
		http_conn_gone(c);
}

/* An incomplete request is worth an answer: the client may read it yet. */
static void
end_of_input(struct http_conn *c)
{
	struct http_req *r = c->req;

	if (r == NULL) {
		c->last = 1;
	} else if (r->stage == HTTP_STAGE_HEAD) {
		if (http_head_begun(&r->head)) {
			http_answer_refusal(r, 400, "incomplete request");
		} else {
			http_req_free(r);
			c->last = 1;
		}
	} else if (r->stage == HTTP_STAGE_RUN && r->body.reading) {
		http_body_fail(r, 400, "request body ended early");
	}
}

/* Nothing of a request is being served. */
static int
is_between(const struct http_conn *c)
{
	return c->req == NULL || c->req->stage == HTTP_STAGE_HEAD;
}

/* Whether there is a use, and room, for what may come. */
static int
wants_input(const struct http_conn *c)
{
	if (is_between(c))
		return http_buf_len(&c->in) < c->http->in_max;
	return c->req->stage == HTTP_STAGE_SKIP || c->req->body.reading ||
	    c->in.cap > c->in.end;
}

/* Give an idle connection to the next generation, with what was read of it. */
static int
hand_over(struct http_conn *c)
{
	struct http *h = c->http;

	if (h->w->handover == NULL || http_buf_len(&c->in) > HANDOVER_BYTES_MAX)
		return 0;
	conn_detach(c);
	if (handover_put(h->w->handover, c->fd, (struct sockaddr *)&c->peer,
		c->peer_len, c->in.p + c->in.at, http_buf_len(&c->in)) < 0) {
		http_io_reading(c, 1);
		return 0;
	}
	c->fd = -1;
	c->state = HTTP_GONE;
	return 1;
}

static void
limit_between(struct http_conn *c)
{
	struct http *h = c->http;

	if (c->req != NULL && http_head_begun(&c->req->head)) {
		if (c->lane != &h->header)	/* from its first byte */
			http_conn_limit(c, &h->header);
		return;
	}
	if (h->w->drain == WORKER_CLOSING) {
		/* A client that is about to send gets its answer yet. */
		if (h->linger.len_ns <= 0)
			say_goodbye(c);
		else if (c->lane != &h->linger)
			http_conn_limit(c, &h->linger);
		return;
	}
	http_conn_limit(c, &h->idle);
}

static void
limit_busy(struct http_conn *c)
{
	struct http_req *r = c->req;

	if (r->stage == HTTP_STAGE_SKIP ||
	    (r->stage == HTTP_STAGE_RUN && r->body.reading)) {
		if (c->lane != &c->http->body)
			http_conn_limit(c, &c->http->body);
	} else if (c->lane != NULL) {
		http_conn_limit(c, NULL);
	}
}

static void
settle_open(struct http_conn *c)
{
	if (c->last && c->req == NULL && !c->blocked) {
		say_goodbye(c);
		return;
	}
	if (c->read_off && !c->eof)
		http_io_reading(c, wants_input(c));
	if (c->blocked)
		return;			/* the write limit runs */
	if (!is_between(c)) {
		limit_busy(c);
		return;
	}
	if (c->http->w->drain == WORKER_HANDOVER && !c->last && hand_over(c))
		return;
	if (c->req == NULL && c->in.at == c->in.end)
		http_buf_drop(&c->http->bufs, &c->in);
	limit_between(c);
}

void
http_conn_settle(struct http_conn *c)
{
	if (c->state == HTTP_OPEN)
		settle_open(c);
	if (c->state != HTTP_GONE || c->running)
		return;
	/* A handler that still runs unwinds first, and comes back here. */
	if (c->req != NULL && c->req->stage == HTTP_STAGE_RUN &&
	    c->req->t != NULL)
		return;
	if (c->req != NULL)
		http_req_free(c->req);
	conn_free(c);
}

void
http_conn_run(struct http_conn *c)
{
	int more, rc;

	if (c->running)
		return;
	c->running = 1;
	do {
		more = serve(c);
		if (!more && c->eof && c->state == HTTP_OPEN) {
			end_of_input(c);
			more = c->req != NULL &&
			    c->req->stage == HTTP_STAGE_SEND;
		}
		rc = http_io_flush(c);
		if (rc == 1 && c->req != NULL &&
		    c->req->stage == HTTP_STAGE_SEND) {
			http_answer_over(c->req);
			more = 1;
		}
	} while (rc == 1 && more);
	c->running = 0;
	http_conn_settle(c);
}

/* --- events --- */

static void
drop_input(struct http_conn *c)
{
	static char sink[16384];
	ssize_t n = recv(c->fd, sink, sizeof(sink), 0);

	if (n > 0)
		http_io_again(c);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		http_conn_gone(c);
}

/* Whether what comes goes to a handler that waits for its body. */
static int
reads_body(const struct http_conn *c)
{
	const struct http_req *r = c->req;

	return r != NULL && r->stage == HTTP_STAGE_RUN && r->body.reading &&
	    !r->body.whole && r->body.status == 0;
}

/*
 * The client has shut down its side, which is no reason to drop the answer, or
 * has sent more than there is room for.  A reset, or the end of both sides, is a
 * reason; edge-triggered, the known end does not tell of itself again, but these
 * do.
 */
static void
look_for_reset(struct http_conn *c)
{
	struct pollfd p = { .fd = c->fd };

	if (poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)))
		http_conn_gone(c);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct http_conn *c = arg;

	(void)fd;
	(void)loop_now(&c->http->w->loop);
	if (what & EV_CLOSED)
		c->hup = 1;
	if (c->eof || (c->read_off && c->state == HTTP_OPEN)) {
		look_for_reset(c);
		http_conn_settle(c);
	} else if (c->state == HTTP_LINGER) {
		drop_input(c);
		http_conn_settle(c);
	} else {
		if (reads_body(c))
			http_body_input(c->req);
		else
			(void)http_io_fill(c);
		http_conn_run(c);
	}
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct http_conn *c = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&c->http->w->loop);
	http_conn_run(c);
}

/* The one limit that runs is over: which one it was says what to do. */
void
http_conn_expire(struct lane_item *item, void *arg)
{
	struct http_conn *c = (struct http_conn *)(void *)((char *)item -
	    offsetof(struct http_conn, timer));
	struct http *h = c->http;

	c->lane = NULL;
	if (arg == &h->write && c->state == HTTP_OPEN && http_io_taken(c)) {
		http_conn_limit(c, &h->write);	/* slow, but alive */
		return;
	}
	if (arg == &h->write || c->state != HTTP_OPEN) {
		http_conn_gone(c);
	} else if (arg == &h->header && c->req != NULL) {
		http_answer_refusal(c->req, 408,
		    "the request did not arrive in time");
	} else if (arg == &h->body && c->req != NULL &&
	    c->req->stage == HTTP_STAGE_RUN) {
		http_body_fail(c->req, 408,
		    "the request body did not arrive in time");
	} else if (arg == &h->body && c->req != NULL) {
		http_req_free(c->req);	/* answered, but its body never ends */
		c->last = 1;
	} else if (is_between(c) && http_io_waiting(c)) {
		(void)http_io_fill(c);	/* it came in this very moment */
	} else if (is_between(c)) {
		say_goodbye(c);
	}
	http_conn_run(c);
}
