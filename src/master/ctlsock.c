/* ctlsock.c - see ctlsock.h */
#include "ctlsock.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "ctl.h"
#include "ctlclient.h"
#include "log.h"
#include "priv.h"

#define GROUPS_MAX 256

struct ctlsock {
	struct master *m;
	struct listen_sock *listener;
	struct event *acceptable;
	gid_t gid;		/* of control.group */
	int has_group;
};

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

/* 0 and who it is, -EACCES. */
static int
who(const struct ctlsock *s, int fd, struct ctlclient_peer *out)
{
	const struct conf *conf = s->m->gen->conf;
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -EACCES;
	if (peer.uid == 0 || peer.uid == s->m->priv.uid) {
		*out = (struct ctlclient_peer) { .role = CTL_ADMINISTER };
		return 0;
	}
	if (!in_group(s, fd, &peer))
		return -EACCES;
	out->role = (enum ctl_role)conf_num(conf, OPT_control_group_role);
	out->guest = 1;
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
has_room(const struct master *m, const struct ctlclient_peer *peer)
{
	unsigned max = (unsigned)conf_num(m->gen->conf,
	    OPT_control_clients_max);

	return m->n_ctl_clients < max &&
	    (!peer->guest || m->n_ctl_guests < CTL_GUESTS(max));
}

static void
on_acceptable(evutil_socket_t lfd, short what, void *arg)
{
	struct ctlsock *s = arg;
	struct ctlclient_peer peer;
	int fd;

	(void)what;
	fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return; /* gone again, or out of descriptors: later */
	if (who(s, fd, &peer) < 0)
		turn_away(fd, CTL_EXIT_DENIED, "not permitted");
	else if (!has_room(s->m, &peer))
		turn_away(fd, CTL_EXIT_UNAVAILABLE,
		    "too many control connections (control.clients_max)");
	else if (ctlclient_open(s->m, fd, &peer) < 0)
		close(fd);
}

/* --- the socket --- */

static int
bind_path(struct ctlsock *s, const char *path)
{
	const struct master *m = s->m;
	struct listen_plan plan = { .owner = "control.socket",
		.stamp = UINT_MAX,
		.backlog = 64,
		.mode = s->has_group ? 0660 : 0600,
		.uid = m->priv.uid,
		.gid = s->has_group ? s->gid : m->priv.gid };
	char text[PATH_MAX + 8];

	snprintf(text, sizeof text, "unix:%s", path);
	return listen_take(&s->m->listeners, text, &plan, &s->listener);
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
		rc = bind_path(s, path);
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

	if (s == NULL)
		return;
	ctlclient_close_all(m);
	if (s->acceptable != NULL)
		event_free(s->acceptable);
	if (s->listener != NULL)
		listen_drop(&m->listeners, s->listener);
	free(s);
	m->ctl = NULL;
}
