#include "accept.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "fds.h"
#include "log.h"
#include "metric.h"
#include "worker.h"

#define BATCH	  8	/* taken by one wake-up: a burst is spread over the workers */
#define SWEEP_MAX 4096	/* of the largest backlog shipped */
#define PAUSE_MS  50	/* before trying again when descriptors are out */

struct accept {
	struct worker *w;
	int ep;			/* holds the listeners */
	unsigned n, next;	/* listeners; the one to begin with */
	struct event *ready, *again;
	int paused;
};

static void
pause_full(struct accept *a)
{
	if (!a->paused)
		(void)event_del(a->ready);
	a->paused = 1;
}

static void
pause_trouble(struct accept *a, int error)
{
	static const struct timeval tv = { 0, PAUSE_MS * 1000 };

	log_warn("accept", "paused error=\"%s\" connections=%u",
	    strerror(error), a->w->n_conns);
	pause_full(a);
	(void)event_add(a->again, &tv);
}

__attribute__((noreturn)) static void
lost(const struct accept *a, int listener, int error)
{
	char what[40];

	(void)snprintf(what, sizeof what, "listener (descriptor %d)", listener);
	worker_broken(a->w, what, error);
}

/* One connection of the listener.  1 taken, 0 none, -errno worth a pause. */
static int
take(struct accept *a, int listener)
{
	struct worker *w = a->w;
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	int fd, one = 1;

	do
		fd = accept4(listener, (struct sockaddr *)&peer, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED ||
	    errno == EPROTO));
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			return -errno;
		/* No network does this: it is our listener no more. */
		if (errno == EBADF || errno == ENOTSOCK || errno == EINVAL)
			lost(a, listener, errno);
		return 0;	/* another worker was faster, or a network error of its own */
	}
	if (peer.ss_family == AF_INET || peer.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof one);	/* only slower without */
	w->n_conns++;
	if (w->self != NULL)
		metric_add(w->self, METRIC_HTTP_ACCEPTED, 1);
	w->front->take(w, fd, (struct sockaddr *)&peer, len, NULL, 0);
	return 1;
}

/* Up to max connections, from the listeners in turn. */
static void
take_some(struct accept *a, unsigned max)
{
	unsigned empty = 0;
	int rc;

	while (max > 0 && empty < a->n) {
		if (a->w->n_conns >= a->w->conns_max) {
			pause_full(a);
			return;
		}
		rc = take(a, FD_LISTEN + (int)(a->next++ % a->n));
		if (rc < 0) {
			pause_trouble(a, -rc);
			return;
		}
		if (rc > 0) {
			max--;
			empty = 0;
		} else {
			empty++;
		}
	}
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct accept *a = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&a->w->loop);
	take_some(a, BATCH);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct accept *a = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&a->w->loop);
	accept_room(a);
}

void
accept_room(struct accept *a)
{
	if (a == NULL || !a->paused || evtimer_pending(a->again, NULL) ||
	    a->w->n_conns >= a->w->conns_max)
		return;
	if (event_add(a->ready, NULL) == 0)
		a->paused = 0;
}

void
accept_sweep(struct accept *a)
{
	if (a != NULL)
		take_some(a, SWEEP_MAX);
}

/* 0; -EEXIST when it is held already; another -errno. */
static int
hold(struct accept *a, int listener)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };

	return epoll_ctl(a->ep, EPOLL_CTL_ADD, listener, &ev) < 0 ? -errno : 0;
}

static int
hold_listeners(struct accept *a)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < a->n && rc == 0; i++)
		rc = hold(a, FD_LISTEN + (int)i);
	return rc;
}

/*
 * The kernel knows a listener by its number and the socket behind it: if either
 * is another than at the start, or our epoll descriptor is, it can be added.
 */
void
accept_check(struct accept *a)
{
	unsigned i;
	int rc;

	for (i = 0; a != NULL && i < a->n; i++) {
		rc = hold(a, FD_LISTEN + (int)i);
		if (rc != -EEXIST)
			lost(a, FD_LISTEN + (int)i, rc == 0 ? ENOTSOCK : -rc);
	}
}

int
accept_open(struct accept **out, struct worker *w, unsigned n)
{
	struct accept *a = calloc(1, sizeof *a);
	int rc = -ENOMEM;

	*out = NULL;
	if (a == NULL)
		return rc;
	a->w = w;
	a->n = n;
	a->next = w->number;	/* workers begin with different listeners */
	if ((a->ep = epoll_create1(EPOLL_CLOEXEC)) < 0) {
		rc = -errno;
		goto out;
	}
	if ((rc = hold_listeners(a)) < 0)
		goto out;
	rc = -ENOMEM;
	a->ready = event_new(w->loop.base, a->ep, EV_READ | EV_PERSIST,
	    on_ready, a);
	a->again = evtimer_new(w->loop.base, on_again, a);
	if (a->ready == NULL || a->again == NULL ||
	    event_add(a->ready, NULL) < 0)
		goto out;
	*out = a;
	a = NULL;
	rc = 0;
out:
	accept_close(&a);
	return rc;
}

void
accept_close(struct accept **ap)
{
	struct accept *a = *ap;

	*ap = NULL;
	if (a == NULL)
		return;
	if (a->ready != NULL)
		event_free(a->ready);
	if (a->again != NULL)
		event_free(a->again);
	if (a->ep >= 0)
		(void)close(a->ep);
	free(a);
}
