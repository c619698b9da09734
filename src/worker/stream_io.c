/*
 * stream_io.c - input and output of raw connections.
 *
 * Events are edge-triggered where that can be had, and input is watched all the
 * time: while nobody reads, it is how we learn that the client is gone.
 */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "fdio.h"
#include "stream.h"
#include "task.h"
#include "worker.h"

#define READ_MIN   4096
#define LINGER_MAX 65536	/* bytes dropped after the last answer: then a reset is deserved */

/* --- input --- */

int
stream_fill(struct stream *s, size_t want)
{
	size_t n = want > READ_MIN ? want : READ_MIN;
	char *p = buf_room(&s->input, n);
	ssize_t k;

	if (p == NULL)
		return -ENOMEM;
	do
		k = read(s->fd, p, n);
	while (k < 0 && errno == EINTR);
	/* The end may have been told together with the bytes before it. */
	s->maybe_more = k == (ssize_t)n || (k > 0 && s->hup);
	if (k < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	s->eof = k == 0;
	buf_added(&s->input, (size_t)k);
	return k > 0;
}

void
stream_drop_input(struct stream *s)
{
	static char sink[READ_MIN];
	ssize_t k;

	do {
		k = read(s->fd, sink, sizeof sink);
		if (k > 0)
			s->dropped += (size_t)k;
	} while ((k > 0 && s->dropped <= LINGER_MAX) ||
	    (k < 0 && errno == EINTR));
	if (k >= 0 || errno != EAGAIN)
		stream_free(s);
}

int
stream_has_input(const struct stream *s)
{
	int n = 0;

	return !s->eof && ioctl(s->fd, FIONREAD, &n) == 0 && n > 0;
}

/*
 * That the client has shut down its side is no reason to end: it may wait for
 * its answers.  A reset is one, and so is the end of both sides, once all that
 * was sent before has been read.
 */
int
stream_is_gone(const struct stream *s)
{
	struct pollfd p = { .fd = s->fd };

	if (poll(&p, 1, 0) != 1)
		return 0;
	return (p.revents & POLLERR) || ((p.revents & POLLHUP) &&
	    buf_len(&s->input) <= s->borrowed && !stream_has_input(s));
}

/* Input that nobody waits for. */
static void
unasked(struct stream *s)
{
	if (!(s->front->in_flags & EV_ET)) {
		(void)event_del(&s->in);
		s->in_on = 0;
	}
	if (s->task != NULL && stream_is_gone(s))
		task_cancel(s->task);
}

static void
on_in(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)loop_now(&s->front->w->loop);
	if (what & EV_CLOSED)
		s->hup = 1;
	s->maybe_more = 1;
	if (s->lingering) {
		stream_drop_input(s);
	} else if (s->reader != NULL) {
		wait_wake(s->reader, 0);
		s->reader = NULL;
	} else {
		unasked(s);
	}
}

int
stream_wait_in(struct stream *s)
{
	struct wait w;
	int rc;

	if (!s->in_on) {
		if (event_add(&s->in, NULL) < 0)
			return -ENOMEM;
		s->in_on = 1;
	}
	wait_init(&w, s->task);
	s->reader = &w;
	rc = wait_for(&w, s->front->idle_ns);
	s->reader = NULL;
	return rc;
}

/* --- output --- */

static void
unblock(struct stream *s)
{
	if (!s->out_on)
		return;
	(void)event_del(&s->out);
	s->out_on = 0;
	stream_limit(s, NULL);
}

static void
out_failed(struct stream *s, int rc)
{
	s->error = rc;
	buf_clear(&s->output);
	unblock(s);
	wait_wake(s->writer, rc);
	s->writer = NULL;
	/* Nobody reads the answers: the handler need not go on. */
	if (s->task != NULL)
		task_cancel(s->task);
}

static void
block(struct stream *s, int took)
{
	if (!s->out_on && event_add(&s->out, NULL) < 0) {
		out_failed(s, -ENOMEM);
		return;
	}
	/* Only what the client takes starts the limit anew. */
	if (took || !s->out_on) {
		s->unsent = fdio_unsent(s->fd);
		stream_limit(s, &s->front->write);
	}
	s->out_on = 1;
}

int
stream_push(struct stream *s)
{
	int took = 0;
	ssize_t k;

	while (buf_len(&s->output) > 0) {
		k = send(s->fd, buf_head(&s->output), buf_len(&s->output),
		    MSG_NOSIGNAL);
		if (k >= 0) {
			buf_eat(&s->output, (size_t)k);
			took = 1;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			block(s, took);
			return s->error;
		} else if (errno != EINTR) {
			out_failed(s, -errno);
		}
	}
	unblock(s);
	return s->error;
}

static void
on_out(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&s->front->w->loop);
	(void)stream_push(s);
	wait_wake(s->writer, 0);
	s->writer = NULL;
	if (s->task == NULL)
		stream_finish(s);
	else
		stream_settle(s);
}

int
stream_wait_out(struct stream *s, size_t max)
{
	struct wait w;
	int rc = stream_push(s);

	/* The limit is the connection's: stream_late(). */
	while (rc == 0 && buf_len(&s->output) > max) {
		wait_init(&w, s->task);
		s->writer = &w;
		rc = wait_for(&w, WAIT_NO_LIMIT);
		s->writer = NULL;
		if (rc == 0)
			rc = s->error;
	}
	return rc;
}

void
stream_late(struct stream *s)
{
	if (fdio_taken(s->fd, &s->unsent)) {
		stream_limit(s, &s->front->write);	/* slow, but alive */
		return;
	}
	out_failed(s, -ETIMEDOUT);
	if (s->task == NULL)
		stream_free(s);
}

/* --- its events --- */

int
stream_watch(struct stream *s)
{
	struct event_base *base = s->front->w->loop.base;

	(void)event_assign(&s->in, base, s->fd, s->front->in_flags, on_in, s);
	(void)event_assign(&s->out, base, s->fd, s->front->out_flags, on_out,
	    s);
	s->maybe_more = 1;
	if (event_add(&s->in, NULL) < 0)
		return -ENOMEM;
	s->in_on = 1;
	return 0;
}
