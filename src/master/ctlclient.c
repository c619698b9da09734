/* ctlclient.c - see ctlclient.h */
#include "ctlclient.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "crew.h"
#include "ctlcmd.h"
#include "fdio.h"
#include "line.h"

#define READ_MAX 65536

struct ctlclient {
	LIST_ENTRY(ctlclient) link;
	struct master *master;
	uint64_t id;
	int fd;
	struct event *readable, *writable;
	struct ctlclient_peer peer;
	struct buf in, out;
	int json;		/* of the command at work */
	int lent;		/* with the keeper */
	int closing;		/* when all has been written */
	int ended;		/* it says no more, and may still listen */
	enum ctlclient_wait wait;
	char what[CONF_NAME_MAX + 1];
	pid_t pid;
	uint64_t seen_ns;	/* when something last happened */
};

static void serve_lines(struct ctlclient *);

static void
client_drop(struct ctlclient *c)
{
	LIST_REMOVE(c, link);
	c->master->n_ctl_clients--;
	c->master->n_ctl_guests -= c->peer.guest != 0;
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	fdio_close(&c->fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c);
}

/* Write what there is.  0; -errno and the client is to go. */
static int
flush(struct ctlclient *c)
{
	ssize_t n;

	if (!buf_ok(&c->out))
		return -ENOMEM;
	while (buf_len(&c->out) > 0) {
		n = send(c->fd, buf_head(&c->out), buf_len(&c->out),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return event_add(c->writable, NULL) < 0 ? -ENOMEM : 0;
		if (n < 0)
			return -errno;
		buf_eat(&c->out, (size_t)n);
		c->seen_ns = master_now();
	}
	return 0;
}

static int
idle(const struct ctlclient *c)
{
	return !c->lent && c->wait == CTLCLIENT_NOTHING && !c->closing &&
	    buf_len(&c->out) == 0;
}

/* Send, then see whether it goes on, waits or ends. */
static void
go_on(struct ctlclient *c)
{
	if (flush(c) < 0 || (c->closing && buf_len(&c->out) == 0)) {
		client_drop(c);
		return;
	}
	/* Not reading is how a client that does not take answers is held. */
	if (idle(c))
		event_add(c->readable, NULL);
	else if (c->lent || buf_len(&c->out) > 0)
		event_del(c->readable);
}

static void
one_line(struct ctlclient *c, const char *text, size_t n)
{
	struct ctl_line line;
	int rc;

	rc = ctl_parse(text, n, &line);
	c->json = line.json;
	if (rc < 0)
		ctl_err(&c->out, line.json, CTL_EXIT_USAGE, "%s", line.error);
	else if (line.n_args > 0)
		ctlcmd_run(c->master, c, c->peer.role, &line, text, n, &c->out);
	ctl_line_fini(&line);
}

/* The lines that have come, until one has to wait. */
static void
serve_lines(struct ctlclient *c)
{
	char *start, *end, *text;
	size_t n;

	while (idle(c) && buf_len(&c->in) > 0) {
		start = buf_head(&c->in);
		end = memchr(start, '\n', buf_len(&c->in));
		if (end == NULL)
			break;
		n = (size_t)(end - start);
		text = malloc(n + 1);
		if (text == NULL) {
			c->closing = 1;
			break;
		}
		memcpy(text, start, n);
		text[n] = '\0';
		buf_eat(&c->in, n + 1);
		one_line(c, text, n);
		free(text);
		if (flush(c) < 0)
			c->closing = 1;
	}
	if (idle(c) && buf_len(&c->in) > CTL_LINE_MAX) {
		ctl_err(&c->out, 0, CTL_EXIT_USAGE, "the line is too long");
		c->closing = 1;
	}
	if (idle(c) && c->ended)
		c->closing = 1;
	go_on(c);
}

/* It has closed both directions: nobody would read an answer. */
static int
hung_up(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ctlclient *c = arg;
	struct master *m = c->master;
	char *room;
	ssize_t n;

	(void)what;
	room = buf_room(&c->in, READ_MAX);
	n = room != NULL ? recv(fd, room, READ_MAX, MSG_DONTWAIT) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 0 && c->wait != CTLCLIENT_NOTHING && !hung_up(fd)) {
		c->ended = 1;
		event_del(c->readable);
		return;
	}
	if (n <= 0) {
		client_drop(c);
		return;
	}
	buf_added(&c->in, (size_t)n);
	c->seen_ns = master_now();
	/* One that waits may be heard hanging up, but not talk without end. */
	if (c->wait != CTLCLIENT_NOTHING && buf_len(&c->in) > CTL_LINE_MAX) {
		client_drop(c);
		return;
	}
	serve_lines(c);
	master_settle(m);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct ctlclient *c = arg;

	(void)fd;
	(void)what;
	if (flush(c) < 0)
		client_drop(c);
	else
		serve_lines(c);
}

int
ctlclient_open(struct master *m, int fd, const struct ctlclient_peer *peer)
{
	struct ctlclient *c = calloc(1, sizeof *c);

	if (c == NULL)
		return -ENOMEM;
	LIST_INSERT_HEAD(&m->ctl_clients, c, link);
	m->n_ctl_clients++;
	m->n_ctl_guests += peer->guest != 0;
	c->master = m;
	c->id = ++m->last_ctl_client;
	c->fd = fd;
	c->peer = *peer;
	c->seen_ns = master_now();
	buf_init(&c->in);
	buf_init(&c->out);
	c->readable = event_new(m->base, fd, EV_READ | EV_PERSIST,
	    on_readable, c);
	c->writable = event_new(m->base, fd, EV_WRITE, on_writable, c);
	if (c->readable == NULL || c->writable == NULL ||
	    event_add(c->readable, NULL) < 0)
		client_drop(c);
	return 0;
}

void
ctlclient_close_all(struct master *m)
{
	struct ctlclient *c;

	while ((c = LIST_FIRST(&m->ctl_clients)) != NULL) {
		if (c->wait == CTLCLIENT_STOP || c->wait == CTLCLIENT_DRAIN)
			ctlcmd_done(c->json, "stopped", &c->out);
		(void)flush(c); /* as much as it takes now */
		client_drop(c);
	}
}

/* --- waiting --- */

void
ctlclient_wait(struct ctlclient *c, enum ctlclient_wait wait,
    const char *what, pid_t pid)
{
	c->wait = wait;
	c->pid = pid;
	snprintf(c->what, sizeof c->what, "%s", what != NULL ? what : "");
}

int
ctlclient_json(const struct ctlclient *c)
{
	return c->json;
}

static void
wait_over(struct ctlclient *c)
{
	c->wait = CTLCLIENT_NOTHING;
	c->seen_ns = master_now();
	/* Lines may have come behind it: they are served when all is written. */
	if (flush(c) < 0)
		c->closing = 1;
	serve_lines(c);
}

void
ctlclient_reload_done(struct master *m)
{
	struct ctlclient *c, *after;

	for (c = LIST_FIRST(&m->ctl_clients); c != NULL; c = after) {
		after = LIST_NEXT(c, link);
		if (c->wait != CTLCLIENT_RELOAD)
			continue;
		ctlcmd_reload_result(m, c->json, &c->out);
		wait_over(c);
	}
}

/* 1: has come; -1: never will, and why may say more. */
static int
has_come(const struct master *m, const struct ctlclient *c, const char **why)
{
	const struct crew *crew;
	unsigned i;

	if (c->wait == CTLCLIENT_DRAIN && c->pid != 0)
		return roster_find(&m->roster, c->pid) == NULL;
	if (c->wait == CTLCLIENT_DRAIN) {
		for (i = 0; i < m->gen->n_crews; i++)
			if (!m->gen->crews[i].drained)
				return -1;
		for (i = CST_STARTING; i < CST_N; i++)
			if (roster_workers(&m->roster, NULL,
				(enum child_state)i) > 0)
				return 0;
		return 1;
	}
	for (i = 0; i < m->gen->n_crews; i++) {
		crew = &m->gen->crews[i];
		if (strcmp(crew->group->name, c->what) != 0)
			continue;
		if (crew->state == CREW_FAILED || crew->starved) {
			*why = crew->why;
			return -1;
		}
		return roster_workers(&m->roster, crew, CST_SERVING) ==
		    crew_target(crew) &&
		    roster_workers(&m->roster, crew, CST_DRAINING) == 0;
	}
	return -1;
}

static void
settle_one(struct master *m, struct ctlclient *c)
{
	uint64_t limit = (uint64_t)conf_num(m->gen->conf,
	    OPT_control_idle_timeout);
	const char *why = "it did not come to that: see status";
	int rc;

	if (c->ended && hung_up(c->fd)) {
		client_drop(c);
		return;
	}
	if (c->wait == CTLCLIENT_SCALE || c->wait == CTLCLIENT_DRAIN) {
		rc = has_come(m, c, &why);
		if (rc > 0)
			ctlcmd_done(c->json, "done", &c->out);
		else if (rc < 0)
			ctl_err(&c->out, c->json, CTL_EXIT_FAILED, "%s", why);
		if (rc != 0) {
			wait_over(c);
			return;
		}
	}
	if (c->wait == CTLCLIENT_NOTHING && !c->lent &&
	    master_now() - c->seen_ns > limit)
		client_drop(c);
}

void
ctlclient_settle(struct master *m)
{
	struct ctlclient *c, *after;

	for (c = LIST_FIRST(&m->ctl_clients); c != NULL; c = after) {
		after = LIST_NEXT(c, link);
		settle_one(m, c);
	}
}

/* --- lending --- */

/* Whether the keeper is to be lent one more of this kind. */
static int
may_lend(const struct master *m, int guest)
{
	unsigned n = 0, max = guest ? CTL_GUESTS(CTL_LENT_MAX) : CTL_LENT_MAX;
	const struct ctlclient *c;

	LIST_FOREACH(c, &m->ctl_clients, link)
		n += c->lent && (!guest || c->peer.guest);
	return n < max;
}

int
ctlclient_lend(struct master *m, struct ctlclient *c, const char *line,
    size_t n)
{
	const struct msg_control ctl = { .id = c->id };
	struct child *k = m->keeper.child;
	int rc;

	if (k == NULL || k->state != CST_SERVING)
		return -EAGAIN;
	if (!may_lend(m, c->peer.guest))
		return -EBUSY;
	rc = line_send(k, MSG_CONTROL, &ctl, line, n, &c->fd, 1);
	if (rc == 0)
		c->lent = 1;
	return rc;
}

void
ctlclient_returned(struct master *m, uint64_t id)
{
	struct ctlclient *c;

	LIST_FOREACH(c, &m->ctl_clients, link)
		if (c->id == id && c->lent)
			break;
	if (c == NULL)
		return;
	c->lent = 0;
	c->seen_ns = master_now();
	serve_lines(c);
}

void
ctlclient_keeper_died(struct master *m)
{
	struct ctlclient *c, *after;

	for (c = LIST_FIRST(&m->ctl_clients); c != NULL; c = after) {
		after = LIST_NEXT(c, link);
		if (c->lent)
			client_drop(c);
	}
}
