#include "handover.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "drain.h"
#include "fdio.h"
#include "fds.h"
#include "log.h"
#include "metric.h"
#include "worker.h"

#define BATCH	 16	/* packets taken by one wake-up */
#define SWEEP_MAX 4096	/* more than a socket holds */
#define RETRY_MS 10	/* when too many descriptors are under way in the system */
#define PAUSE_MS 50	/* before looking again for a descriptor to spare */

struct packet {
	TAILQ_ENTRY(packet) link;
	int fd;
	size_t n;
	struct handover_head head;	/* the bytes follow */
};

struct handover {
	struct worker *w;
	struct event *room, *retry;	/* of sending */
	struct event *arrived, *again;	/* packets for us; may we take them now? */
	int spare;			/* a descriptor kept for the next packet's, -1 */
	TAILQ_HEAD(, packet) queue;
	unsigned n_queue;
	_Alignas(16) char in[sizeof(struct handover_head) + HANDOVER_BYTES_MAX];
};

/* --- giving --- */

/* 0 sent, -EAGAIN later, other: never. */
static int
send_one(const struct packet *p)
{
	ssize_t k = fdio_send(FD_HANDOVER_TX, &p->head, p->n, &p->fd, 1);

	return k < 0 ? (int)k : 0;
}

static void
packet_drop(struct handover *h, struct packet *p)
{
	TAILQ_REMOVE(&h->queue, p, link);
	h->n_queue--;
	(void)close(p->fd);	/* sent: the receiver has its own */
	free(p);
	if (h->n_queue == 0)
		drain_check(h->w);
}

static void
send_queue(struct handover *h)
{
	static const struct timeval tv = { 0, RETRY_MS * 1000 };
	struct packet *p;
	int rc;

	while ((p = TAILQ_FIRST(&h->queue)) != NULL) {
		rc = send_one(p);
		if (rc == -EAGAIN) {
			(void)event_add(h->room, NULL);
			return;
		}
		if (rc == -ETOOMANYREFS || rc == -ENOBUFS || rc == -ENOMEM) {
			(void)event_add(h->retry, &tv);
			return;
		}
		if (rc < 0)
			log_error("handover", "connection lost error=\"%s\"",
			    strerror(-rc));
		else if (h->w->self != NULL)
			metric_add(h->w->self, METRIC_HTTP_HANDED, 1);
		packet_drop(h, p);
	}
}

static void
on_room(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&h->w->loop);
	send_queue(h);
}

int
handover_put(struct handover *h, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n)
{
	struct packet *p;

	if (n > HANDOVER_BYTES_MAX)
		return -EMSGSIZE;
	if ((p = malloc(sizeof *p + n)) == NULL)
		return -ENOMEM;
	memset(&p->head, 0, sizeof p->head);
	p->fd = fd;
	p->n = sizeof p->head + n;
	p->head.magic = HANDOVER_MAGIC;
	p->head.n_bytes = (uint32_t)n;
	p->head.generation = h->w->generation;
	p->head.protocol = h->w->protocol;
	if (peer != NULL && peer_len <= sizeof p->head.peer) {
		p->head.peer_len = (uint16_t)peer_len;
		memcpy(&p->head.peer, peer, peer_len);
	}
	if (n > 0)
		memcpy((char *)(&p->head + 1), bytes, n);
	TAILQ_INSERT_TAIL(&h->queue, p, link);
	/* Only the first of a queue tries: order is kept, and a full socket is
	 * not asked again by each. */
	if (h->n_queue++ == 0)
		send_queue(h);
	return 0;
}

unsigned
handover_pending(const struct handover *h)
{
	return h == NULL ? 0 : h->n_queue;
}

/* --- taking --- */

static int
packet_good(const struct handover_head *head, size_t n, size_t n_fds)
{
	return n >= sizeof *head && head->magic == HANDOVER_MAGIC &&
	    n_fds == 1 && head->n_bytes == n - sizeof *head &&
	    head->peer_len <= sizeof head->peer;
}

/*
 * The kernel drops a descriptor that the process has no room for, and with it
 * the connection.  So one is kept in reserve, and free only while a packet is
 * received.
 */
static int
spare_get(struct handover *h)
{
	if (h->spare < 0)
		h->spare = fdio_dup_above(FD_HANDOVER_RX, 0);
	return h->spare < 0 ? -EMFILE : 0;
}

static void
adopt(struct handover *h, int fd, const struct handover_head *head)
{
	struct worker *w = h->w;

	if (head->protocol != w->protocol) {
		/* A reload has changed it.  The master has such connections
		 * drained where they are; this one was on its way. */
		log_warn("handover", "closed protocol=%u ours=%u",
		    head->protocol, w->protocol);
		(void)close(fd);
		return;
	}
	w->n_conns++;
	w->front->take(w, fd, (const struct sockaddr *)&head->peer,
	    head->peer_len, (const char *)(head + 1), head->n_bytes);
}

/* 1 took one, 0 none there, -errno: -EMFILE when there is no room for one. */
static int
take_one(struct handover *h)
{
	const struct handover_head *head = (const void *)h->in;
	size_t n_fds = 1;
	int fd = -1;
	ssize_t n;

	if (spare_get(h) < 0)
		return -EMFILE;
	fdio_close(&h->spare);
	n = fdio_recv(FD_HANDOVER_RX, h->in, sizeof h->in, &fd, &n_fds);
	(void)spare_get(h);	/* if it cannot be had, no further is taken */
	if (n == -EAGAIN)
		return 0;
	if (n == 0)
		return -EPIPE;
	if (n == -EMSGSIZE || (n > 0 && !packet_good(head, (size_t)n, n_fds))) {
		log_error("handover", "bad packet bytes=%zd fds=%zu", n, n_fds);
		if (n_fds > 0)
			fdio_close(&fd);
		return 1;
	}
	if (n < 0)
		return (int)n;
	(void)fdio_set_nonblock(fd, 1);	/* it was; the flag travels along */
	adopt(h, fd, head);
	return 1;
}

/* Not now.  Others of the group may take them meanwhile. */
static void
pause_taking(struct handover *h, int error)
{
	static const struct timeval tv = { 0, PAUSE_MS * 1000 };

	log_warn("handover", "paused error=\"%s\" connections=%u",
	    strerror(error), h->w->n_conns);
	(void)event_del(h->arrived);
	(void)event_add(h->again, &tv);
}

static void
take_some(struct handover *h, int max)
{
	int rc = 1;

	while (rc > 0 && max-- > 0)
		rc = take_one(h);
	if (rc == -EMFILE || rc == -ENOMEM || rc == -ENOBUFS) {
		pause_taking(h, -rc);
	} else if (rc < 0) {
		log_error("handover", "cannot receive error=\"%s\"",
		    strerror(-rc));
		(void)handover_listen(h, 0);
	}
}

static void
on_arrived(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&h->w->loop);
	/* Over connections_max they are kept by the kernel for the other workers,
	 * and this one would spin: some over it are better than either. */
	take_some(h, BATCH);
}

/* Quietly as long as nothing has changed. */
static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval tv = { 0, PAUSE_MS * 1000 };
	struct handover *h = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&h->w->loop);
	if (spare_get(h) < 0 || event_add(h->arrived, NULL) < 0)
		(void)event_add(h->again, &tv);
}

void
handover_sweep(struct handover *h)
{
	take_some(h, SWEEP_MAX);
}

void
handover_recall(struct handover *h)
{
	struct packet *p;

	while ((p = TAILQ_FIRST(&h->queue)) != NULL) {
		TAILQ_REMOVE(&h->queue, p, link);
		h->n_queue--;
		adopt(h, p->fd, &p->head);
		free(p);
	}
	(void)event_del(h->room);
	(void)event_del(h->retry);
}

int
handover_listen(struct handover *h, int on)
{
	if (on)
		return event_add(h->arrived, NULL) < 0 ? -ENOMEM : 0;
	(void)event_del(h->arrived);
	(void)event_del(h->again);
	return 0;
}

/* --- life --- */

int
handover_open(struct handover **out, struct worker *w)
{
	struct handover *h = malloc(sizeof *h);

	*out = NULL;
	if (h == NULL)
		return -ENOMEM;
	/* Not `in`: 16 pages that most workers never receive into. */
	memset(h, 0, offsetof(struct handover, in));
	h->w = w;
	h->spare = -1;
	TAILQ_INIT(&h->queue);
	(void)fdio_set_nonblock(FD_HANDOVER_RX, 1);
	(void)fdio_set_nonblock(FD_HANDOVER_TX, 1);
	h->room = event_new(w->loop.base, FD_HANDOVER_TX, EV_WRITE, on_room, h);
	h->retry = evtimer_new(w->loop.base, on_room, h);
	h->arrived = event_new(w->loop.base, FD_HANDOVER_RX,
	    EV_READ | EV_PERSIST, on_arrived, h);
	h->again = evtimer_new(w->loop.base, on_again, h);
	if (h->room == NULL || h->retry == NULL || h->arrived == NULL ||
	    h->again == NULL) {
		handover_close(&h);
		return -ENOMEM;
	}
	*out = h;
	return 0;
}

void
handover_close(struct handover **hp)
{
	struct handover *h = *hp;
	struct packet *p;

	*hp = NULL;
	if (h == NULL)
		return;
	while ((p = TAILQ_FIRST(&h->queue)) != NULL) {
		TAILQ_REMOVE(&h->queue, p, link);
		(void)close(p->fd);
		free(p);
	}
	if (h->room != NULL)
		event_free(h->room);
	if (h->retry != NULL)
		event_free(h->retry);
	if (h->arrived != NULL)
		event_free(h->arrived);
	if (h->again != NULL)
		event_free(h->again);
	fdio_close(&h->spare);
	free(h);
}
