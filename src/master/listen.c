/* listen.c - see listen.h */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ACTIVATED_FIRST 3	/* sd_listen_fds(3) */

/* Does somebody answer there?  A socket file without an owner does not. */
static int
path_is_stale(const struct addr *a, const char *path)
{
	struct stat st;
	int fd, rc;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	rc = connect(fd, &a->u.sa, a->len);
	rc = rc < 0 && errno == ECONNREFUSED;
	close(fd);
	return rc;
}

/* Somebody may have replaced it. */
static int
path_is_ours(const struct listen_sock *s)
{
	struct stat st;

	return s->ino != 0 && lstat(s->addr.u.un.sun_path, &st) == 0 &&
	    st.st_dev == s->dev && st.st_ino == s->ino;
}

/* The service's own user has to change and remove it when root is given up. */
static int
set_path(const struct listen_sock *s, const struct listen_plan *plan)
{
	const char *path = s->addr.u.un.sun_path;

	if (!path_is_ours(s))
		return 0;
	if (chmod(path, plan->mode) < 0 ||
	    lchown(path, plan->uid, plan->gid) < 0)
		return -errno;
	return 0;
}

static int
bind_unix(struct listen_sock *s, const struct listen_plan *plan)
{
	const struct sockaddr_un *un = &s->addr.u.un;
	struct stat st;

	if (path_is_stale(&s->addr, un->sun_path) && unlink(un->sun_path) < 0)
		return -errno;
	if (bind(s->fd, &s->addr.u.sa, s->addr.len) < 0)
		return -errno;
	if (lstat(un->sun_path, &st) < 0)
		return -errno;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return set_path(s, plan);
}

/* ":PORT" is the IPv6 wildcard and stands for both families. */
static int
is_wildcard6(const struct addr *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->u.ss;

	return a->u.sa.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

static int
bind_tcp(struct listen_sock *s)
{
	int on = 1, only6 = s->text[0] == '[';

	if (setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return -errno;
	if (s->addr.u.sa.sa_family == AF_INET6 &&
	    setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only6,
		sizeof only6) < 0)
		return -errno;
	if (bind(s->fd, &s->addr.u.sa, s->addr.len) < 0)
		return -errno;
	return 0;
}

/* A machine without IPv6 still has the other half of ":PORT". */
static void
wildcard4(struct addr *a)
{
	in_port_t port = ((struct sockaddr_in6 *)&a->u.ss)->sin6_port;
	struct sockaddr_in *in = (struct sockaddr_in *)&a->u.ss;

	memset(a, 0, sizeof *a);
	in->sin_family = AF_INET;
	in->sin_port = port;
	a->len = sizeof *in;
}

static int
sock_new(const struct addr *a)
{
	return socket(a->u.sa.sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int
sock_open(struct listen_sock *s, const struct listen_plan *plan)
{
	int rc;

	s->fd = sock_new(&s->addr);
	if (s->fd < 0 && errno == EAFNOSUPPORT && is_wildcard6(&s->addr)) {
		wildcard4(&s->addr);
		s->fd = sock_new(&s->addr);
	}
	if (s->fd < 0)
		return -errno;
	rc = s->addr.u.sa.sa_family == AF_UNIX ? bind_unix(s, plan) :
						 bind_tcp(s);
	if (rc < 0)
		return rc;
	return listen(s->fd, plan->backlog) < 0 ? -errno : 0;
}

static int
same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family != b->ss_family)
		return 0;
	switch (a->ss_family) {
	case AF_INET:
		return a4->sin_port == b4->sin_port &&
		    a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	case AF_INET6:
		return a6->sin6_port == b6->sin6_port &&
		    memcmp(&a6->sin6_addr, &b6->sin6_addr, 16) == 0;
	case AF_UNIX:
		return strcmp(((const struct sockaddr_un *)a)->sun_path,
			   ((const struct sockaddr_un *)b)->sun_path) == 0;
	default:
		return 0;
	}
}

/* The passed socket of this address: 1 when there is one. */
static int
claim_given(struct listen_set *set, struct listen_sock *s)
{
	struct sockaddr_storage sa;
	socklen_t len;
	size_t i;

	for (i = 0; i < set->n_given; i++) {
		memset(&sa, 0, sizeof sa);
		len = sizeof sa;
		if (getsockname(set->given[i], (struct sockaddr *)&sa, &len) <
			0 ||
		    !same_address(&sa, &s->addr.u.ss))
			continue;
		s->fd = set->given[i];
		s->inherited = 1;
		set->given[i] = set->given[--set->n_given];
		return 1;
	}
	return 0;
}

int
listen_activated(struct listen_set *set)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	long count = 0, i;
	int fd, flags;

	if (pid != NULL && n != NULL && strtol(pid, NULL, 10) == (long)getpid())
		count = strtol(n, NULL, 10);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (i = 0; i < count && set->n_given < 16; i++) {
		fd = ACTIVATED_FIRST + (int)i;
		flags = fcntl(fd, F_GETFL);
		if (flags < 0)
			continue;
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		set->given[set->n_given++] = fd;
	}
	return (int)set->n_given;
}

static int
set_add(struct listen_set *set, struct listen_sock *s)
{
	struct listen_sock **v;

	v = realloc(set->v, (set->n + 1) * sizeof *v);
	if (v == NULL)
		return -ENOMEM;
	set->v = v;
	set->v[set->n++] = s;
	return 0;
}

static void
sock_close(struct listen_sock *s)
{
	if (path_is_ours(s))
		unlink(s->addr.u.un.sun_path);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

/*
 * The socket of that address that this generation has not taken yet.  An
 * address may move to another option, but not port 0, which is no address.
 */
static struct listen_sock *
find(const struct listen_set *set, const char *text,
    const struct listen_plan *plan)
{
	struct listen_sock *s, *other = NULL;
	char asked[ADDR_LEN];
	size_t i;

	for (i = 0; i < set->n; i++) {
		s = set->v[i];
		if (strcmp(s->text, text) != 0 || s->stamp == plan->stamp)
			continue;
		if (strcmp(s->owner, plan->owner) == 0)
			return s;
		if (strcmp(addr_str(asked, &s->addr), s->bound) == 0)
			other = s;
	}
	return other;
}

static void
own(struct listen_sock *s, const struct listen_plan *plan)
{
	s->used++;
	s->stamp = plan->stamp;
	snprintf(s->owner, sizeof s->owner, "%s", plan->owner);
}

int
listen_take(struct listen_set *set, const char *text,
    const struct listen_plan *plan, struct listen_sock **out)
{
	struct listen_sock *s = find(set, text, plan);
	int rc;

	if (s != NULL) {
		own(s, plan);
		*out = s;
		return 0;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return -ENOMEM;
	s->fd = -1;
	rc = strlen(text) < sizeof s->text ? 0 : -ENAMETOOLONG;
	if (rc == 0) {
		strcpy(s->text, text);
		rc = addr_parse(text, &s->addr);
	}
	if (rc == 0 && !claim_given(set, s))
		rc = sock_open(s, plan);
	if (rc == 0)
		rc = set_add(set, s);
	if (rc < 0) {
		sock_close(s);
		return rc;
	}
	own(s, plan);
	addr_sock_str(s->bound, s->fd);
	*out = s;
	return 0;
}

int
listen_adjust(struct listen_sock *s, const struct listen_plan *plan)
{
	if (s->inherited)
		return 0;
	if (listen(s->fd, plan->backlog) < 0)
		return -errno;
	return s->addr.u.sa.sa_family == AF_UNIX ? set_path(s, plan) : 0;
}

void
listen_drop(struct listen_set *set, struct listen_sock *s)
{
	size_t i;

	if (--s->used > 0)
		return;
	for (i = 0; i < set->n; i++)
		if (set->v[i] == s)
			set->v[i] = set->v[--set->n];
	sock_close(s);
}

void
listen_fini(struct listen_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		sock_close(set->v[i]);
	for (i = 0; i < set->n_given; i++)
		close(set->given[i]);
	free(set->v);
	memset(set, 0, sizeof *set);
}
