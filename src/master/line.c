/* line.c - see line.h */
#include "line.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "ctlclient.h"
#include "deaths.h"
#include "log.h"
#include "mending.h"

static void
note_text(struct child *c, const struct chan_msg *msg)
{
	snprintf(c->why, sizeof c->why, "%.*s", (int)msg->head.text_len,
	    msg->text);
}

static void
said_ready(struct master *m, struct child *c)
{
	uint64_t now = master_now();

	if (c->pid == 0 || c->ready_ns != 0)
		return;
	c->ready_ns = now;
	c->kill_ns = c->state == CST_STARTING ? 0 : c->kill_ns;
	roster_step(c, CEV_READY);
	c->ready_us = (now - c->asked_ns) / 1000;
	log_info(roster_kind_name(c->kind),
	    "ready %s=%s pid=%d slot=%d ready_us=%llu",
	    roster_kind_name(c->kind), c->name, (int)c->pid, (int)c->slot,
	    (unsigned long long)c->ready_us);
	if (c->kind == CHILD_WORKER)
		crew_worker_ready(m, c);
	else if (c->kind == CHILD_ZYGOTE)
		crew_zygote_ready(m, c);
}

static void
said_fail(struct child *c, const struct chan_msg *msg)
{
	const struct msg_fail *f = msg->body;
	char q[CHILD_WHY_MAX];

	c->fail_phase = f->phase;
	note_text(c, msg);
	log_error(roster_kind_name(c->kind), "failed name=%s pid=%d phase=%u error=%d "
	    "reason=\"%s\"", c->name, (int)c->pid, f->phase, f->error,
	    log_quote(q, sizeof q, c->why));
}

static void
said_state(struct child *c, const struct msg_state *s)
{
	c->requests = s->requests;
	c->connections = s->connections;
	c->busy_permille = s->busy_permille;
}

static void
said_stuck(struct child *c, const struct chan_msg *msg)
{
	const struct msg_stuck *s = msg->body;
	char q[CHILD_WHY_MAX];

	note_text(c, msg);
	log_error(roster_kind_name(c->kind), "stuck name=%s pid=%d ms=%u where=\"%s\"",
	    c->name, (int)c->pid, s->stuck_ms, log_quote(q, sizeof q, c->why));
}

static int
said_spawned(struct child *c, const struct msg_spawned *s)
{
	if (c->kind != CHILD_WORKER || s->pid <= 0 ||
	    (c->pid != 0 && c->pid != s->pid))
		return -EPROTO;
	c->pid = s->pid;
	return 0;
}

/* What is not said in our direction, or not by its kind, is ignored: -EPROTO. */
static int
obey(struct master *m, struct child *c, const struct chan_msg *msg)
{
	c->silent = 0;
	/* A worker may be faster than the one in the middle that names it. */
	if (c->kind == CHILD_WORKER && c->pid == 0 &&
	    msg->head.type != MSG_SPAWNED && msg->head.pid > 0)
		c->pid = msg->head.pid;
	switch (msg->head.type) {
	case MSG_SPAWNED:
		return said_spawned(c, msg->body);
	case MSG_ZYGOTE_READY:
		if (c->kind != CHILD_ZYGOTE)
			return -EPROTO;
		said_ready(m, c);
		return 0;
	case MSG_READY:
		if (c->kind == CHILD_ZYGOTE)
			return -EPROTO;
		said_ready(m, c);
		return 0;
	case MSG_FAIL:
		said_fail(c, msg);
		return 0;
	case MSG_STATE:
		said_state(c, msg->body);
		return 0;
	case MSG_STUCK:
		said_stuck(c, msg);
		return 0;
	case MSG_REAPED:
		if (c->kind != CHILD_MENDER)
			return -EPROTO;
		mending_done(m, msg->body);
		return 0;
	case MSG_CONTROL_DONE:
		if (c->kind != CHILD_KEEPER)
			return -EPROTO;
		ctlclient_returned(m,
		    ((const struct msg_control_done *)msg->body)->id);
		return 0;
	default:
		return -EPROTO;
	}
}

void
line_close(struct child *c)
{
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	c->readable = c->writable = NULL;
	chan_close(&c->chan);
}

static void
broke_rules(struct child *c, unsigned type)
{
	log_error("master", "bad message name=%s pid=%d type=%u "
	    "action=killed", c->name, (int)c->pid, type);
	line_close(c);
	roster_kill(c, DEATH_STATUS);
}

void
line_drain(struct master *m, struct child *c)
{
	struct chan_msg msg;
	int rc = 0;

	while (c->chan != NULL && (rc = chan_recv(c->chan, &msg)) == 1) {
		rc = obey(m, c, &msg);
		if (rc < 0)
			broke_rules(c, msg.head.type);
		chan_msg_fini(&msg);
		if (rc < 0)
			return;
	}
	if (c->chan == NULL || rc == 0)
		return;
	if (rc == -EPROTO) {
		broke_rules(c, 0);
		return;
	}
	line_close(c);
	c->hangup_ns = master_now();
}

void
line_drain_unnamed(struct master *m)
{
	struct child *c;

	LIST_FOREACH(c, &m->roster, link)
		if (c->kind == CHILD_WORKER && c->pid == 0)
			line_drain(m, c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;
	struct master *m = c->master;

	(void)fd;
	(void)what;
	line_drain(m, c);
	deaths_after_talk(m, c);
	master_settle(m);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	(void)chan_flush(c->chan); /* a broken one is seen when reading */
	if (chan_pending(c->chan) == 0)
		event_del(c->writable);
}

int
line_open(struct master *m, struct child *c, int fd)
{
	int rc;

	c->master = m;
	rc = chan_open(&c->chan, fd, c->generation);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	c->readable = event_new(m->base, fd, EV_READ | EV_PERSIST,
	    on_readable, c);
	c->writable = event_new(m->base, fd, EV_WRITE | EV_PERSIST,
	    on_writable, c);
	if (c->readable == NULL || c->writable == NULL ||
	    event_add(c->readable, NULL) < 0) {
		line_close(c);
		return -ENOMEM;
	}
	return 0;
}

int
line_send(struct child *c, enum msg_type type, const void *body,
    const char *text, size_t text_len, const int *fds, unsigned n_fds)
{
	int rc;

	if (c->chan == NULL)
		return -EPIPE;
	rc = chan_send(c->chan, type, body, text, text_len, fds, n_fds);
	if (rc == -ENOBUFS)
		log_warn("master", "takes no messages name=%s pid=%d "
		    "type=%s", c->name, (int)c->pid, msg_name(type));
	if (rc == 0 && chan_pending(c->chan) > 0 &&
	    event_add(c->writable, NULL) < 0)
		rc = -ENOMEM;
	return rc;
}
