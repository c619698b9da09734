#include "serve.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "ctl.h"
#include "fdio.h"
#include "log.h"
#include "verbs.h"

struct client {
	LIST_ENTRY(client) link;
	struct serve *serve;
	uint64_t id;
	int fd;
	int json;
	struct event *writable, *closed;
	struct buf out;
	int64_t moved_ns;	/* when it last took something, or had all */
	struct verbs_follow follow;	/* .on: a stream */
};

struct serve {
	struct keeper *keeper;
	LIST_HEAD(, client) clients;
	unsigned n;
};

static void
finish(struct client *c)
{
	struct msg_control_done done = { c->id };
	struct keeper *k = c->serve->keeper;
	int rc;

	LIST_REMOVE(c, link);
	c->serve->n--;
	if (c->writable != NULL)
		event_free(c->writable);
	if (c->closed != NULL)
		event_free(c->closed);
	close(c->fd);
	buf_fini(&c->out);
	/* No chan: we are going down, and the master closes them all. */
	rc = k->chan == NULL ? 0 : chan_send(k->chan, MSG_CONTROL_DONE, &done,
	    NULL, 0, NULL, 0);
	if (rc < 0)
		log_warn("control", "done not said error=\"%s\"",
		    strerror(-rc));
	free(c);
}

/* In the middle of an answer: nothing more can be said on this connection. */
static void
cut(struct client *c)
{
	/* The master has it too, and sees its end. */
	(void)shutdown(c->fd, SHUT_RDWR);
	finish(c);
}

/* Write what the client takes; 1 when all is gone, 0 when some is left, -errno. */
static int
push(struct client *c)
{
	ssize_t n;

	while (buf_len(&c->out) > 0) {
		n = fdio_send(c->fd, buf_head(&c->out), buf_len(&c->out), NULL,
		    0);
		if (n == -EAGAIN) {
			(void)event_add(c->writable, NULL);
			return 0;
		}
		if (n < 0)
			return (int)n;
		buf_eat(&c->out, (size_t)n);
		c->moved_ns = clock_mono_ns();
	}
	return 1;
}

/* After new output: send, and be done unless it is a stream. */
static void
advance(struct client *c)
{
	int rc = buf_ok(&c->out) ? push(c) : -ENOMEM;

	if (rc < 0 || (c->follow.on && buf_len(&c->out) > SERVE_BACKLOG))
		cut(c);
	else if (rc == 1 && !c->follow.on)
		finish(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	advance(arg);
}

static void
on_closed(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg);
}

static void
run(struct client *c, const char *line, size_t len)
{
	struct keeper *k = c->serve->keeper;
	const struct ctl_command *cmd = NULL;
	struct ctl_line l;

	if (ctl_parse(line, len, &l) == 0)
		cmd = ctl_find(&l);
	c->json = l.json;
	if (cmd == NULL)
		ctl_err(&c->out, l.json, CTL_EXIT_USAGE, "%s", l.error);
	else
		verbs_run(k, cmd, &l, &c->out, &c->follow);
	ctl_line_fini(&l);
}

void
serve_command(struct serve *s, uint64_t id, int fd, const char *line,
    size_t len)
{
	struct client *c;

	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		struct msg_control_done done = { id };

		close(fd);
		(void)chan_send(s->keeper->chan, MSG_CONTROL_DONE, &done, NULL,
		    0, NULL, 0);
		return;
	}
	c->serve = s;
	c->id = id;
	c->fd = fd;
	c->moved_ns = clock_mono_ns();
	LIST_INSERT_HEAD(&s->clients, c, link);
	s->n++;
	(void)fdio_set_nonblock(fd, 1);
	c->writable = event_new(s->keeper->base, fd, EV_WRITE, on_writable, c);
	c->closed = event_new(s->keeper->base, fd, EV_CLOSED, on_closed, c);
	if (c->writable == NULL || c->closed == NULL) {
		finish(c);
		return;
	}
	if (s->n > CTL_LENT_MAX)
		ctl_err(&c->out, 0, CTL_EXIT_FAILED,
		    "too many commands at once");
	else
		run(c, line, len);
	if (c->follow.on)
		(void)event_add(c->closed, NULL);
	advance(c);
}

void
serve_tick(struct serve *s)
{
	int64_t now = clock_mono_ns(), limit = conf_num(s->keeper->conf,
	    OPT_control_idle_timeout);
	struct client *c, *next;

	for (c = LIST_FIRST(&s->clients); c != NULL; c = next) {
		next = LIST_NEXT(c, link);
		if (buf_len(&c->out) == 0)
			c->moved_ns = now; /* it waits for us, not we for it */
		else if (now - c->moved_ns > limit) {
			log_info("control", "an answer was not taken bytes=%zu",
			    buf_len(&c->out));
			cut(c);
			continue;
		}
		if (!c->follow.on)
			continue;
		if (verbs_follow(s->keeper, &c->follow, c->json, &c->out))
			advance(c);
	}
}

int
serve_open(struct keeper *k, struct serve **out)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->keeper = k;
	LIST_INIT(&s->clients);
	*out = s;
	return 0;
}

void
serve_close(struct serve **sp)
{
	struct serve *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	while (!LIST_EMPTY(&s->clients))
		finish(LIST_FIRST(&s->clients));
	free(s);
}
