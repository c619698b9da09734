#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "conf.h"
#include "fdio.h"
#include "log.h"
#include "plugin.h"
#include "task.h"
#include "worker.h"

#define READ_MIN   4096
#define LINGER_MAX 65536	/* bytes dropped after the last answer: then a reset is deserved */

/* What all streams of the worker share. */
struct stream_front {
	struct worker *w;
	LIST_HEAD(, stream) all;
	struct lane linger;
	int64_t idle_ns;
};

static void on_done(struct skep_task *, int rc);
static void on_wait(struct skep_task *);

static const struct task_kind stream_kind = { "stream", on_done, NULL,
	on_wait };

struct stream *
stream_of(struct skep_task *t)
{
	return t->kind == &stream_kind ? t->owner : NULL;
}

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
	s->maybe_more = k == (ssize_t)n;
	if (k < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	s->eof = k == 0;
	buf_added(&s->input, (size_t)k);
	return k > 0;
}

/* Level-triggered and persistent: kept while the handler reads, taken out when
 * input comes that nobody waits for. */
static void
on_in(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&s->front->w->loop);
	s->maybe_more = 1;
	if (s->reader != NULL) {
		wait_wake(s->reader, 0);
		s->reader = NULL;
		return;
	}
	(void)event_del(&s->in);
	s->in_on = 0;
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

static void finish(struct stream *);

static void
out_failed(struct stream *s, int rc)
{
	s->error = rc;
	buf_clear(&s->output);
	/* Nobody reads the answers: the handler need not go on. */
	if (s->task != NULL)
		task_cancel(s->task);
}

int
stream_push(struct stream *s)
{
	ssize_t k;

	while (s->error == 0 && buf_len(&s->output) > 0) {
		k = send(s->fd, buf_head(&s->output), buf_len(&s->output),
		    MSG_NOSIGNAL);
		if (k >= 0) {
			buf_eat(&s->output, (size_t)k);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK) {
			out_failed(s, -errno);
		} else if (!s->out_on) {
			if (event_add(&s->out, NULL) < 0)
				out_failed(s, -ENOMEM);
			else
				s->out_on = 1;
		}
		break;
	}
	return s->error;
}

static void
on_out(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&s->front->w->loop);
	s->out_on = 0;
	(void)stream_push(s);
	wait_wake(s->writer, 0);
	s->writer = NULL;
	if (s->task == NULL)
		finish(s);
}

int
stream_wait_out(struct stream *s, size_t max)
{
	struct wait w;
	int rc = stream_push(s);

	while (rc == 0 && buf_len(&s->output) > max) {
		wait_init(&w, s->task);
		s->writer = &w;
		rc = wait_for(&w, s->front->idle_ns);
		s->writer = NULL;
		if (rc == 0)
			rc = s->error;
	}
	return rc;
}

/* The handler waits, for whatever: its answers must not. */
static void
on_wait(struct skep_task *t)
{
	struct stream *s = t->owner;

	if (buf_len(&s->output) > 0)
		(void)stream_push(s);
}

/* --- the end --- */

static void
stream_free(struct stream *s)
{
	struct worker *w = s->front->w;

	lane_disarm(&s->front->linger, &s->linger);
	(void)event_del(&s->in);
	(void)event_del(&s->out);
	(void)close(s->fd);
	LIST_REMOVE(s, link);
	buf_fini(&s->input);
	buf_fini(&s->output);
	free(s);
	worker_conn_over(w);
}

static void
on_linger_end(struct lane_item *i, void *arg)
{
	(void)arg;
	stream_free((struct stream *)((char *)i -
	    offsetof(struct stream, linger)));
}

/* Drop what still comes, until the peer has closed too. */
static void
on_linger(evutil_socket_t fd, short what, void *arg)
{
	static char sink[READ_MIN];
	struct stream *s = arg;
	ssize_t k;

	(void)what;
	(void)loop_now(&s->front->w->loop);
	while ((k = read(fd, sink, sizeof sink)) > 0) {
		s->borrowed += (size_t)k;	/* counts what was dropped */
		if (s->borrowed > LINGER_MAX)
			break;
	}
	if (k >= 0 || (errno != EAGAIN && errno != EINTR))
		stream_free(s);
}

/* The handler has ended: send the rest, then close in two steps. */
static void
finish(struct stream *s)
{
	if (s->error == 0 && buf_len(&s->output) > 0 && stream_push(s) == 0 &&
	    buf_len(&s->output) > 0)
		return;		/* on_out() comes back, or the lane ends it */
	if (s->error != 0 || s->eof || shutdown(s->fd, SHUT_WR) < 0) {
		stream_free(s);
		return;
	}
	(void)event_del(&s->in);
	s->borrowed = 0;
	(void)event_assign(&s->in, s->front->w->loop.base, s->fd,
	    EV_READ | EV_PERSIST, on_linger, s);
	if (event_add(&s->in, NULL) < 0) {
		stream_free(s);
		return;
	}
	lane_arm(&s->front->linger, &s->linger);
}

static void
on_done(struct skep_task *t, int rc)
{
	struct stream *s = t->owner;

	if (rc < 0 && rc != -ECANCELED && rc != -ETIMEDOUT && rc != -EPIPE &&
	    rc != -ECONNRESET)
		log_warn(t->plugin->name, "connection ended error=\"%s\"",
		    strerror(-rc));
	s->task = NULL;
	s->front->w->n_requests++;
	task_end(t);
	/* Should the peer take nothing, the lane ends it. */
	lane_arm(&s->front->linger, &s->linger);
	finish(s);
}

/* --- the front --- */

static int
stream_open(struct worker *w)
{
	struct stream_front *f = calloc(1, sizeof *f);
	int rc;

	if (f == NULL)
		return -ENOMEM;
	f->w = w;
	LIST_INIT(&f->all);
	f->idle_ns = conf_num(w->conf, OPT_stream_idle_timeout);
	rc = lane_init(&f->linger, &w->loop,
	    conf_num(w->conf, OPT_http_linger_timeout), on_linger_end, f);
	if (rc < 0) {
		free(f);
		return rc;
	}
	w->front_state = f;
	return 0;
}

static void
stream_take(struct worker *w, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n)
{
	struct stream_front *f = w->front_state;
	struct stream *s = calloc(1, sizeof *s);
	struct skep_task *t;

	(void)peer;
	(void)peer_len;
	t = s == NULL ? NULL : task_new(&w->tasks, &stream_kind, s);
	if (t == NULL) {
		free(s);
		(void)close(fd);
		worker_conn_over(w);
		return;
	}
	s->front = f;
	s->fd = fd;
	s->task = t;
	s->maybe_more = 1;
	LIST_INSERT_HEAD(&f->all, s, link);
	(void)event_assign(&s->in, w->loop.base, fd, EV_READ | EV_PERSIST,
	    on_in, s);
	(void)event_assign(&s->out, w->loop.base, fd, EV_WRITE, on_out, s);
	t->plugin = w->plugins->conn;
	t->what = "conn";
	if ((n > 0 && buf_add(&s->input, bytes, n) < 0) ||
	    task_start(t, t->plugin->def.conn) < 0) {
		s->task = NULL;
		task_end(t);
		stream_free(s);
	}
}

static void
stream_drain(struct worker *w)
{
	struct stream_front *f = w->front_state;
	struct stream *s;

	if (w->drain != WORKER_CLOSING)
		return;
	LIST_FOREACH(s, &f->all, link)
		if (s->task != NULL && s->reader != NULL &&
		    buf_len(&s->output) == 0 &&
		    buf_len(&s->input) == s->borrowed)
			task_cancel(s->task);
}

static void
stream_close(struct worker *w)
{
	struct stream_front *f = w->front_state;
	struct stream *s;

	if (f == NULL)
		return;
	/* Those whose handler still waits go with the process. */
	while ((s = LIST_FIRST(&f->all)) != NULL && s->task == NULL)
		stream_free(s);
	lane_fini(&f->linger);
	w->front_state = NULL;
}

const struct front stream_front = { "stream", stream_open, stream_take,
	stream_drain, stream_close };
