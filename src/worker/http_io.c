/*
 * http_io.c - one read a wake-up, one write for all answers that are ready.
 * recv and send rather than read and write: they spare the file layer's part.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <event2/event.h>

#include "clock.h"
#include "fdio.h"
#include "http_conn.h"
#include "http_count.h"

/* Reads shorter than this would only add system calls. */
#define READ_MIN 2048u

/*
 * An edge-triggered event stays while nothing is read: it costs at most a look
 * for each packet until the kernel's buffer is full, and tells when the client is
 * gone.  Added anew it tells of what has come meanwhile.
 */
void
http_io_reading(struct http_conn *c, int on)
{
	if (on == !c->read_off || c->fd < 0)
		return;
	if (!on) {
		if (!(c->http->read_flags & EV_ET))
			(void)event_del(&c->read_ev);
		c->read_off = 1;
		return;
	}
	(void)event_del(&c->read_ev);
	if (event_add(&c->read_ev, NULL) == 0)
		c->read_off = 0;
}

/*
 * Where to read to.  Bytes of a request that runs must stay where they are, so
 * only what lies behind them can be used then.
 */
static char *
in_room(struct http_conn *c, uint32_t *n_out)
{
	struct http_buf *b = &c->in;
	int pinned = c->req != NULL && (c->req->stage == HTTP_STAGE_RUN ||
	    c->req->stage == HTTP_STAGE_SEND);

	if (pinned) {
		if (b->at == b->end && c->pin < b->end)
			b->at = b->end = c->pin;
	} else {
		c->pin = 0;
		if (b->at == b->end)
			b->at = b->end = 0;
		if (b->p == NULL || b->cap - b->end < READ_MIN) {
			if (b->end - b->at >= c->http->in_max ||
			    http_buf_grow(&c->http->bufs, b, READ_MIN) == NULL)
				return NULL;
		}
	}
	if (b->p == NULL || b->cap == b->end)
		return NULL;
	*n_out = b->cap - b->end;
	return b->p + b->end;
}

void
http_io_again(struct http_conn *c)
{
	if (c->read_off || c->fd < 0)
		return;
	c->read_off = 1;
	http_io_reading(c, 1);
}

/*
 * Events are edge-triggered: the kernel need not look at the socket again each
 * time the loop waits, which is a good part of what a request costs.  In return
 * we ask again where a read may have left something: it filled its room, or the
 * client's end has been told together with its bytes.
 */
int
http_io_came(struct http_conn *c, ssize_t n, size_t room)
{
	if (n > 0) {
		http_count(c->http, METRIC_HTTP_IN, n);
		if ((size_t)n == room || c->hup)
			http_io_again(c);
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		http_conn_gone(c);
		return -EPIPE;
	}
	c->eof = 1;
	if (!(c->http->read_flags & EV_ET))
		http_io_reading(c, 0);
	/* Is the other side over, too?  After what came before is served. */
	event_active(&c->read_ev, EV_READ, 1);
	return 0;
}

int
http_io_fill(struct http_conn *c)
{
	uint32_t room;
	char *p = in_room(c, &room);
	ssize_t n;

	if (p == NULL) {
		http_io_reading(c, 0);
		return 0;
	}
	n = recv(c->fd, p, room, 0);
	if (n > 0)
		c->in.end += (uint32_t)n;
	return http_io_came(c, n, room);
}

int
http_io_waiting(const struct http_conn *c)
{
	int n = 0;

	return !c->eof && ioctl(c->fd, FIONREAD, &n) == 0 && n > 0;
}

int
http_io_hold(struct http_conn *c)
{
	struct http_buf b = { 0 };
	uint32_t n = http_buf_len(&c->in);
	char *p;

	if (c->req->held.p != NULL) {
		/* The request's own bytes are safe: this one is only ours. */
		p = http_buf_grow(&c->http->bufs, &c->in, READ_MIN);
		return p == NULL ? -ENOMEM : 0;
	}
	p = http_buf_grow(&c->http->bufs, &b, n > READ_MIN ? n : READ_MIN);
	if (p == NULL)
		return -ENOMEM;
	if (n > 0)
		memcpy(p, c->in.p + c->in.at, n);
	b.end = n;
	c->req->held = c->in;
	c->in = b;
	c->pin = 0;
	return 0;
}

/* All is sent: what it took, for each of the answers. */
static void
count_pending(struct http_conn *c)
{
	int64_t now = clock_mono_ns();
	int i;

	for (i = 0; i < HTTP_PENDING && c->pending[i].n > 0; i++) {
		for (; c->pending[i].n > 0; c->pending[i].n--)
			http_time(c->http, METRIC_HTTP_DURATION,
			    now - c->pending[i].start_ns);
	}
	c->unsent = 0;
}

int
http_io_taken(struct http_conn *c)
{
	return fdio_taken(c->fd, &c->queued);
}

static void
block(struct http_conn *c, int took)
{
	if (!c->blocked && event_add(&c->write_ev, NULL) == 0)
		c->blocked = 1;
	/* Only what the client takes starts the limit anew. */
	if (took || c->lane != &c->http->write) {
		c->queued = fdio_unsent(c->fd);
		http_conn_limit(c, &c->http->write);
	}
}

static void
unblock(struct http_conn *c)
{
	if (!c->blocked)
		return;
	(void)event_del(&c->write_ev);
	c->blocked = 0;
	http_conn_limit(c, NULL);
}

static void
out_took(struct http_conn *c, size_t n)
{
	uint32_t len = http_buf_len(&c->out), part = len;

	if (n < len)
		part = (uint32_t)n;
	c->out.at += part;
	n -= part;
	if (n > 0) {
		c->tail.p += n;
		c->tail.n -= n;
	}
}

static ssize_t
send_some(struct http_conn *c)
{
	struct iovec v[2];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };

	if (c->tail.n == 0)
		return send(c->fd, c->out.p + c->out.at, http_buf_len(&c->out),
		    MSG_NOSIGNAL);
	v[0].iov_base = c->out.p + c->out.at;
	v[0].iov_len = http_buf_len(&c->out);
	v[1].iov_base = (void *)(uintptr_t)c->tail.p;
	v[1].iov_len = c->tail.n;
	return sendmsg(c->fd, &m, MSG_NOSIGNAL);
}

/* 1 all has been sent, 0 the client has to take some first, -EPIPE gone. */
static int
send_all(struct http_conn *c)
{
	int took = 0;
	ssize_t n;

	while (http_buf_len(&c->out) > 0 || c->tail.n > 0) {
		n = send_some(c);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			block(c, took);
			return 0;
		}
		if (n < 0) {
			http_conn_gone(c);
			return -EPIPE;
		}
		http_count(c->http, METRIC_HTTP_OUT, n);
		out_took(c, (size_t)n);
		took = 1;
	}
	http_buf_drop(&c->http->bufs, &c->out);
	unblock(c);
	if (c->unsent > 0)
		count_pending(c);
	return 1;
}

/*
 * Whoever sends, be it the write event, input that came, or a drain: the handler
 * that waits for room has no other waker.
 */
int
http_io_flush(struct http_conn *c)
{
	int rc;

	if (c->state == HTTP_GONE)
		return -EPIPE;
	rc = send_all(c);
	if (c->out_wait != NULL && http_buf_len(&c->out) < HTTP_OUT_MAX / 2)
		wait_wake(c->out_wait, 0);
	return rc;
}

char *
http_io_room(struct http_conn *c, size_t n)
{
	char *p = NULL;

	if (c->state != HTTP_GONE && n < UINT32_MAX / 2)
		p = http_buf_room(&c->http->bufs, &c->out, (uint32_t)n);
	if (p == NULL)
		http_conn_gone(c);
	return p;
}
