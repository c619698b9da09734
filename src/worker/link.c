#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "chan.h"
#include "clock.h"
#include "drain.h"
#include "fds.h"
#include "log.h"
#include "logfd.h"
#include "worker.h"

struct link {
	struct worker *w;
	struct chan *chan;	/* NULL: the master is gone */
	struct event *in, *out;
	int64_t last_ns;	/* of the last STATE, and the busy time then */
	uint64_t last_busy;
};

static void
orphaned(struct link *l, const char *why)
{
	if (l->chan == NULL)
		return;
	log_warn("link", "master is gone reason=\"%s\"", why);
	(void)event_del(l->in);
	(void)event_del(l->out);
	chan_close(&l->chan);
	drain_begin(l->w, WORKER_CLOSING, DRAIN_ORPHAN_MS);
}

static void
tell(struct link *l, unsigned type, const void *body)
{
	int rc;

	if (l->chan == NULL)
		return;
	rc = chan_send(l->chan, type, body, NULL, 0, NULL, 0);
	if (rc == -EPIPE)
		orphaned(l, strerror(EPIPE));
	else if (rc == 0 && chan_pending(l->chan) > 0)
		(void)event_add(l->out, NULL);
	/* A master that reads nothing loses states, not us our place. */
}

static void
told(struct link *l, struct chan_msg *m)
{
	const struct msg_drain *d = m->body;
	int rc;

	switch (m->head.type) {
	case MSG_DRAIN:
		drain_begin(l->w, d->mode == DRAIN_HANDOVER ? WORKER_HANDOVER :
		    WORKER_CLOSING, d->deadline_ms);
		break;
	case MSG_LOG_LEVEL:
		rc = log_set_level(m->text);
		if (rc < 0)
			log_warn("link", "log level refused error=\"%s\"",
			    strerror(-rc));
		break;
	case MSG_REOPEN:
		logfd_take(m);
		break;
	default:
		log_warn("link", "unexpected message type=%s",
		    msg_name(m->head.type));
		break;
	}
}

static void
on_in(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	struct chan_msg m;
	int rc = 0;

	(void)fd;
	(void)what;
	(void)loop_now(&l->w->loop);
	while (l->chan != NULL && (rc = chan_recv(l->chan, &m)) > 0) {
		told(l, &m);
		chan_msg_fini(&m);
	}
	if (rc < 0)
		orphaned(l, rc == -EPIPE ? "end of file" : strerror(-rc));
}

static void
on_out(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	int rc;

	(void)fd;
	(void)what;
	rc = chan_flush(l->chan);
	if (rc < 0)
		orphaned(l, strerror(-rc));
	else if (chan_pending(l->chan) > 0)
		(void)event_add(l->out, NULL);
}

int
link_open(struct link **out, struct worker *w, struct chan *chan)
{
	struct link *l = calloc(1, sizeof *l);
	int fd = chan_fd(chan);

	*out = NULL;
	if (l == NULL)
		return -ENOMEM;
	l->w = w;
	l->chan = chan;
	l->last_ns = clock_mono_ns();
	l->in = event_new(w->loop.base, fd, EV_READ | EV_PERSIST, on_in, l);
	l->out = event_new(w->loop.base, fd, EV_WRITE, on_out, l);
	if (l->in == NULL || l->out == NULL || event_add(l->in, NULL) < 0) {
		l->chan = NULL;		/* still the caller's */
		link_close(&l);
		return -ENOMEM;
	}
	*out = l;
	return 0;
}

void
link_close(struct link **lp)
{
	struct link *l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	if (l->in != NULL)
		event_free(l->in);
	if (l->out != NULL)
		event_free(l->out);
	chan_close(&l->chan);
	free(l);
}

void
link_ready(struct link *l, uint64_t asked_ns)
{
	struct msg_ready r = { l->w->slot, 0, asked_ns };

	tell(l, MSG_READY, &r);
}

void
link_state(struct link *l, uint32_t draining)
{
	struct msg_state s;
	uint64_t busy;
	int64_t now = clock_mono_ns(), span;

	if (l == NULL)
		return;
	busy = loop_busy(&l->w->loop);
	span = now - l->last_ns;
	memset(&s, 0, sizeof s);
	s.draining = draining;
	s.connections = l->w->n_conns;
	s.requests = l->w->n_requests;
	if (span > 0)
		s.busy_permille = (uint32_t)((busy - l->last_busy) * 1000 /
		    (uint64_t)span);
	if (s.busy_permille > 1000)
		s.busy_permille = 1000;
	l->last_ns = now;
	l->last_busy = busy;
	tell(l, MSG_STATE, &s);
}

void
link_tick(struct link *l)
{
	link_state(l, l->w->drain != WORKER_SERVING);
}
