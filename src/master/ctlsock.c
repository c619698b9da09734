/* ctlsock.c - see ctlsock.h */
#include "ctlsock.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "crew.h"
#include "ctlcmd.h"
#include "fdio.h"
#include "line.h"
#include "log.h"
#include "priv.h"

#define READ_MAX 65536
#define GROUPS_MAX 256

struct ctlsock_client {
	LIST_ENTRY(ctlsock_client) link;
	struct ctlsock *sock;
	uint64_t id;
	int fd;
	struct event *readable, *writable;
	enum ctl_role role;
	struct buf in, out;
	int json;		/* of the command at work */
	int lent;		/* with the keeper */
	int closing;		/* when all has been written */
	enum ctlsock_wait wait;
	char what[CONF_NAME_MAX + 1];
	pid_t pid;
	uint64_t seen_ns;	/* when something last happened */
};

struct ctlsock {
	struct master *m;
	struct listen_sock *listener;
	struct event *acceptable;
	LIST_HEAD(, ctlsock_client) clients;
	unsigned n_clients;
	uint64_t last_id;
	gid_t gid;		/* of control.group */
	int has_group;
};

static void serve_lines(struct ctlsock_client *);

static void
client_drop(struct ctlsock_client *c)
{
	LIST_REMOVE(c, link);
	c->sock->n_clients--;
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
flush(struct ctlsock_client *c)
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
idle(const struct ctlsock_client *c)
{
	return !c->lent && c->wait == CTLSOCK_NOTHING && !c->closing &&
	    buf_len(&c->out) == 0;
}

/* Send, then see whether it goes on, waits or ends. */
static void
go_on(struct ctlsock_client *c)
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
one_line(struct ctlsock_client *c, const char *text, size_t n)
{
	struct ctl_line line;
	int rc;

	rc = ctl_parse(text, n, &line);
	c->json = line.json;
	if (rc < 0)
		ctl_err(&c->out, line.json, CTL_EXIT_USAGE, "%s", line.error);
	else if (line.n_args > 0)
		ctlcmd_run(c->sock->m, c, c->role, &line, text, n, &c->out);
	ctl_line_fini(&line);
}

/* The lines that have come, until one has to wait. */
static void
serve_lines(struct ctlsock_client *c)
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
	go_on(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ctlsock_client *c = arg;
	struct master *m = c->sock->m;
	char *room;
	ssize_t n;

	(void)what;
	room = buf_room(&c->in, READ_MAX);
	n = room != NULL ? recv(fd, room, READ_MAX, MSG_DONTWAIT) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_drop(c);
		return;
	}
	buf_added(&c->in, (size_t)n);
	c->seen_ns = master_now();
	/* One that waits may be heard hanging up, but not talk without end. */
	if (c->wait != CTLSOCK_NOTHING && buf_len(&c->in) > CTL_LINE_MAX) {
		client_drop(c);
		return;
	}
	serve_lines(c);
	master_settle(m);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct ctlsock_client *c = arg;

	(void)fd;
	(void)what;
	if (flush(c) < 0)
		client_drop(c);
	else
		serve_lines(c);
}

/* --- who they are --- */

static int
in_group(const struct ctlsock *s, int fd, const struct ucred *peer)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof groups;
	size_t i;

	if (!s->has_group)
		return 0;
	if (peer->gid == s->gid)
		return 1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return 0;
	for (i = 0; i < len / sizeof groups[0]; i++)
		if (groups[i] == s->gid)
			return 1;
	return 0;
}

/* 0 and the role, -EACCES. */
static int
role_of(const struct ctlsock *s, int fd, enum ctl_role *role_out)
{
	const struct conf *conf = s->m->gen->conf;
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -EACCES;
	if (peer.uid == 0 || peer.uid == s->m->priv.uid) {
		*role_out = CTL_ADMINISTER;
		return 0;
	}
	if (!in_group(s, fd, &peer))
		return -EACCES;
	*role_out = (enum ctl_role)conf_num(conf, OPT_control_group_role);
	return 0;
}

static void
turn_away(int fd, int code, const char *why)
{
	struct buf out = BUF_INIT;

	ctl_err(&out, 0, code, "%s", why);
	if (buf_ok(&out)) /* what does not fit a fresh socket is lost */
		(void)!send(fd, buf_head(&out), buf_len(&out),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_fini(&out);
	close(fd);
}

static int
client_make(struct ctlsock *s, int fd, enum ctl_role role)
{
	struct ctlsock_client *c = calloc(1, sizeof *c);

	if (c == NULL)
		return -ENOMEM;
	LIST_INSERT_HEAD(&s->clients, c, link);
	s->n_clients++;
	c->sock = s;
	c->id = ++s->last_id;
	c->fd = fd;
	c->role = role;
	c->seen_ns = master_now();
	buf_init(&c->in);
	buf_init(&c->out);
	c->readable = event_new(s->m->base, fd, EV_READ | EV_PERSIST,
	    on_readable, c);
	c->writable = event_new(s->m->base, fd, EV_WRITE, on_writable, c);
	if (c->readable == NULL || c->writable == NULL ||
	    event_add(c->readable, NULL) < 0)
		client_drop(c);
	return 0;
}

static void
on_acceptable(evutil_socket_t lfd, short what, void *arg)
{
	struct ctlsock *s = arg;
	enum ctl_role role;
	int fd;

	(void)what;
	fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return; /* gone again, or out of descriptors: later */
	if (role_of(s, fd, &role) < 0)
		turn_away(fd, CTL_EXIT_DENIED, "not permitted");
	else if (s->n_clients >=
	    (unsigned)conf_num(s->m->gen->conf, OPT_control_clients_max))
		turn_away(fd, CTL_EXIT_UNAVAILABLE,
		    "too many control connections (control.clients_max)");
	else if (client_make(s, fd, role) < 0)
		close(fd);
}

/* --- the socket --- */

static int
bind_path(struct ctlsock *s, const char *path, int *code)
{
	const struct master *m = s->m;
	struct listen_plan plan = { .owner = "control.socket",
		.stamp = UINT_MAX,
		.backlog = 64,
		.mode = s->has_group ? 0660 : 0600 };
	char text[PATH_MAX + 8];
	gid_t gid = s->has_group ? s->gid : m->priv.gid;

	snprintf(text, sizeof text, "unix:%s", path);
	*code = listen_take(&s->m->listeners, text, &plan, &s->listener);
	if (*code < 0)
		return *code;
	if (!s->listener->inherited && chown(path, m->priv.uid, gid) < 0)
		*code = -errno;
	return *code;
}

/* Addresses hold 107 bytes: an absolute path, for one's own directory too. */
static int
socket_path(const struct conf *conf, char *path, size_t cap)
{
	char given[PATH_MAX], cwd[PATH_MAX];
	int n, rc;

	rc = conf_control_path(conf, given, sizeof given);
	if (rc < 0)
		return rc;
	if (given[0] == '/' || getcwd(cwd, sizeof cwd) == NULL)
		cwd[0] = '\0';
	n = snprintf(path, cap, "%s%s%s", cwd, cwd[0] != '\0' ? "/" : "",
	    given);
	return n > 0 && (size_t)n < cap ? 0 : -ENAMETOOLONG;
}

int
ctlsock_open(struct master *m)
{
	const char *group = conf_str(m->gen->conf, OPT_control_group);
	struct ctlsock *s = calloc(1, sizeof *s);
	char path[PATH_MAX] = "";
	int rc = s != NULL ? 0 : -ENOMEM;

	m->ctl = s;
	if (rc == 0) {
		s->m = m;
		LIST_INIT(&s->clients);
		s->has_group = *group != '\0';
	}
	if (rc == 0 && s->has_group && priv_group(group, &s->gid) < 0) {
		log_error("control", "no such group=%s (control.group)",
		    group);
		return -EINVAL;
	}
	if (rc == 0)
		rc = socket_path(m->gen->conf, path, sizeof path);
	if (rc == 0)
		(void)bind_path(s, path, &rc);
	if (rc == 0) {
		s->acceptable = event_new(m->base, s->listener->fd,
		    EV_READ | EV_PERSIST, on_acceptable, s);
		if (s->acceptable == NULL || event_add(s->acceptable, NULL) < 0)
			rc = -ENOMEM;
	}
	if (rc < 0)
		log_error("control", "cannot make socket=%s: %s "
		    "(control.socket)", path, strerror(-rc));
	return rc;
}

void
ctlsock_close(struct master *m)
{
	struct ctlsock *s = m->ctl;
	struct ctlsock_client *c;

	if (s == NULL)
		return;
	while ((c = LIST_FIRST(&s->clients)) != NULL) {
		if (c->wait == CTLSOCK_STOP || c->wait == CTLSOCK_DRAIN)
			ctlcmd_done(c->json, "stopped", &c->out);
		(void)flush(c); /* as much as it takes now */
		client_drop(c);
	}
	if (s->acceptable != NULL)
		event_free(s->acceptable);
	if (s->listener != NULL)
		listen_drop(&m->listeners, s->listener);
	free(s);
	m->ctl = NULL;
}

/* --- waiting --- */

void
ctlsock_wait(struct ctlsock_client *c, enum ctlsock_wait wait,
    const char *what, pid_t pid)
{
	c->wait = wait;
	c->pid = pid;
	snprintf(c->what, sizeof c->what, "%s", what != NULL ? what : "");
}

int
ctlsock_json(const struct ctlsock_client *c)
{
	return c->json;
}

static void
wait_over(struct ctlsock_client *c)
{
	c->wait = CTLSOCK_NOTHING;
	c->seen_ns = master_now();
	serve_lines(c);
}

void
ctlsock_reload_done(struct master *m)
{
	struct ctlsock_client *c, *after;

	if (m->ctl == NULL)
		return;
	for (c = LIST_FIRST(&m->ctl->clients); c != NULL; c = after) {
		after = LIST_NEXT(c, link);
		if (c->wait != CTLSOCK_RELOAD)
			continue;
		ctlcmd_reload_result(m, c->json, &c->out);
		wait_over(c);
	}
}

/* 1: has come; -1: never will. */
static int
has_come(const struct master *m, const struct ctlsock_client *c)
{
	const struct crew *crew;
	unsigned i;

	if (c->wait == CTLSOCK_DRAIN && c->pid != 0)
		return roster_find(&m->roster, c->pid) == NULL;
	if (c->wait == CTLSOCK_DRAIN) {
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
		if (crew->state == CREW_FAILED)
			return -1;
		return roster_workers(&m->roster, crew, CST_SERVING) ==
		    crew_target(crew) &&
		    roster_workers(&m->roster, crew, CST_DRAINING) == 0;
	}
	return -1;
}

static void
settle_one(struct master *m, struct ctlsock_client *c)
{
	uint64_t limit = (uint64_t)conf_num(m->gen->conf,
	    OPT_control_idle_timeout);
	int rc;

	if (c->wait == CTLSOCK_SCALE || c->wait == CTLSOCK_DRAIN) {
		rc = has_come(m, c);
		if (rc > 0)
			ctlcmd_done(c->json, "done", &c->out);
		else if (rc < 0)
			ctl_err(&c->out, c->json, CTL_EXIT_FAILED,
			    "it did not come to that: see status");
		if (rc != 0) {
			wait_over(c);
			return;
		}
	}
	if (c->wait == CTLSOCK_NOTHING && !c->lent &&
	    master_now() - c->seen_ns > limit)
		client_drop(c);
}

void
ctlsock_settle(struct master *m)
{
	struct ctlsock_client *c, *after;

	if (m->ctl == NULL)
		return;
	for (c = LIST_FIRST(&m->ctl->clients); c != NULL; c = after) {
		after = LIST_NEXT(c, link);
		settle_one(m, c);
	}
}

/* --- lending --- */

int
ctlsock_lend(struct master *m, struct ctlsock_client *c, const char *line,
    size_t n)
{
	const struct msg_control ctl = { .id = c->id };
	struct child *k = m->keeper.child;
	int rc;

	if (k == NULL || k->state != CST_SERVING)
		return -EAGAIN;
	rc = line_send(k, MSG_CONTROL, &ctl, line, n, &c->fd, 1);
	if (rc == 0)
		c->lent = 1;
	return rc;
}

void
ctlsock_returned(struct master *m, uint64_t id)
{
	struct ctlsock_client *c;

	if (m->ctl == NULL)
		return;
	LIST_FOREACH(c, &m->ctl->clients, link)
		if (c->id == id && c->lent)
			break;
	if (c == NULL)
		return;
	c->lent = 0;
	c->seen_ns = master_now();
	serve_lines(c);
}

void
ctlsock_keeper_died(struct master *m)
{
	struct ctlsock_client *c, *after;

	if (m->ctl == NULL)
		return;
	for (c = LIST_FIRST(&m->ctl->clients); c != NULL; c = after) {
		after = LIST_NEXT(c, link);
		if (c->lent)
			client_drop(c);
	}
}
