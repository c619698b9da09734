#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "conf.h"
#include "log.h"
#include "plugin.h"
#include "task.h"
#include "worker.h"

static void on_done(struct skep_task *, int rc);
static void on_wait(struct skep_task *);
static void name_it(struct skep_task *);
static const struct sockaddr *peer_of(struct skep_task *, socklen_t *len_out);

static const struct task_kind stream_kind = { "stream", on_done, name_it,
	on_wait, peer_of };

struct stream *
stream_of(struct skep_task *t)
{
	return t->kind == &stream_kind ? t->owner : NULL;
}

/* --- what its task asks for --- */

static void
name_it(struct skep_task *t)
{
	struct stream *s = t->owner;
	char id[IDS_LEN];

	ids_take(&s->front->ids, id);
	task_set_id(t, id, sizeof id);
}

static const struct sockaddr *
peer_of(struct skep_task *t, socklen_t *len_out)
{
	const struct stream *s = t->owner;

	*len_out = s->peer_len;
	return (const struct sockaddr *)&s->peer;
}

/*
 * The handler waits, for whatever: its answers must not.  Should both be ended,
 * the client and its input, no event tells of it any more.
 */
static void
on_wait(struct skep_task *t)
{
	struct stream *s = t->owner;

	if (buf_len(&s->output) > 0)
		(void)stream_push(s);
	if (s->hup && stream_is_gone(s))
		task_cancel(t);
	stream_settle(s);
}

void
stream_settle(struct stream *s)
{
	if (s->front->w->drain == WORKER_CLOSING && s->reader != NULL &&
	    buf_len(&s->output) == 0 && buf_len(&s->input) == s->borrowed &&
	    !stream_has_input(s))
		task_cancel(s->task);
}

/* --- the end --- */

void
stream_limit(struct stream *s, struct lane *lane)
{
	if (s->lane != NULL)
		lane_disarm(s->lane, &s->timer);
	s->lane = lane;
	if (lane != NULL)
		lane_arm(lane, &s->timer);
}

/* The limit that runs is over; arg is its lane. */
static void
on_limit(struct lane_item *i, void *arg)
{
	struct stream *s = (struct stream *)(void *)((char *)i -
	    offsetof(struct stream, timer));

	s->lane = NULL;
	if (arg == &s->front->write)
		stream_late(s);
	else
		stream_free(s);
}

void
stream_free(struct stream *s)
{
	struct worker *w = s->front->w;

	stream_limit(s, NULL);
	(void)event_del(&s->in);
	(void)event_del(&s->out);
	(void)close(s->fd);
	LIST_REMOVE(s, link);
	buf_fini(&s->input);
	buf_fini(&s->output);
	free(s);
	worker_conn_over(w);
}

void
stream_finish(struct stream *s)
{
	struct stream_front *f = s->front;

	if (stream_push(s) == 0 && buf_len(&s->output) > 0)
		return;		/* on_out() comes back, or stream_late() */
	if (s->error != 0 || s->eof || shutdown(s->fd, SHUT_WR) < 0 ||
	    f->linger.len_ns <= 0 || (!s->in_on && event_add(&s->in, NULL) < 0)) {
		stream_free(s);
		return;
	}
	s->lingering = 1;
	stream_limit(s, &f->linger);
	stream_drop_input(s);	/* of what is there already */
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
	stream_finish(s);
}

/* --- the front --- */

static void
flags_init(struct stream_front *f)
{
	int can = event_base_get_features(f->w->loop.base);

	f->in_flags = EV_READ | EV_PERSIST;
	f->out_flags = EV_WRITE | EV_PERSIST;
	/* Edges without the early news of a client's end could hide it. */
	if ((can & EV_FEATURE_ET) && (can & EV_FEATURE_EARLY_CLOSE)) {
		f->in_flags |= EV_ET | EV_CLOSED;
		f->out_flags |= EV_ET;
	}
}

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
	flags_init(f);
	if ((rc = ids_init(&f->ids)) < 0 ||
	    (rc = lane_init(&f->write, &w->loop,
		 conf_num(w->conf, OPT_stream_write_timeout), on_limit,
		 &f->write)) < 0 ||
	    (rc = lane_init(&f->linger, &w->loop,
		 conf_num(w->conf, OPT_http_linger_timeout), on_limit,
		 &f->linger)) < 0) {
		lane_fini(&f->write);
		free(f);
		return rc;
	}
	w->front_state = f;
	return 0;
}

static struct stream *
stream_new(struct stream_front *f, int fd, const struct sockaddr *peer,
    socklen_t peer_len)
{
	struct stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->front = f;
	s->fd = fd;
	if (peer != NULL && peer_len <= sizeof s->peer) {
		memcpy(&s->peer, peer, peer_len);
		s->peer_len = peer_len;
	}
	s->task = task_new(&f->w->tasks, &stream_kind, s);
	if (s->task == NULL) {
		free(s);
		return NULL;
	}
	LIST_INSERT_HEAD(&f->all, s, link);
	return s;
}

static void
stream_take(struct worker *w, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n)
{
	struct stream *s = stream_new(w->front_state, fd, peer, peer_len);
	struct skep_task *t;

	if (s == NULL) {
		(void)close(fd);
		worker_conn_over(w);
		return;
	}
	t = s->task;
	t->plugin = w->plugins->conn;
	t->what = "conn";
	if (stream_watch(s) < 0 ||
	    (n > 0 && buf_add(&s->input, bytes, n) < 0) ||
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
	/* The others when they come so far. */
	LIST_FOREACH(s, &f->all, link)
		stream_settle(s);
}

static void
stream_close(struct worker *w)
{
	struct stream_front *f = w->front_state;
	struct stream *s, *next;

	if (f == NULL)
		return;
	for (s = LIST_FIRST(&f->all); s != NULL; s = next) {
		next = LIST_NEXT(s, link);
		if (s->task == NULL)
			stream_free(s);
	}
	if (!LIST_EMPTY(&f->all))
		return;		/* what handlers hold stays: the process ends */
	lane_fini(&f->write);
	lane_fini(&f->linger);
	free(f);
	w->front_state = NULL;
}

const struct front stream_front = { "stream", stream_open, stream_take,
	stream_drain, stream_close };
