#include "chan.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"

/* A packet that waits for a slow peer. */
struct wait {
	struct wait *next;
	size_t len;
	int fds[MSG_FDS];
	unsigned n_fds;
	char data[];
};

struct chan {
	int fd;
	uint32_t generation;
	size_t n_wait;
	struct wait *first, **last;
	/* One spare byte for the NUL behind a text. */
	_Alignas(8) char in[MSG_MAX + 8];
};

int
chan_pair(int sv_out[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, sv_out) < 0)
		return -errno;
	return 0;
}

int
chan_open(struct chan **out, int fd, uint32_t generation)
{
	struct chan *c;
	int rc;

	rc = fdio_set_nonblock(fd, 1);
	if (rc < 0)
		return rc;
	c = malloc(sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->fd = fd;
	c->generation = generation;
	c->n_wait = 0;
	c->first = NULL;
	c->last = &c->first;
	*out = c;
	return 0;
}

static void
drop_first(struct chan *c)
{
	struct wait *w = c->first;
	unsigned i;

	c->first = w->next;
	if (c->first == NULL)
		c->last = &c->first;
	c->n_wait--;
	for (i = 0; i < w->n_fds; i++)
		close(w->fds[i]);
	free(w);
}

void
chan_close(struct chan **cp)
{
	struct chan *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	while (c->first != NULL)
		drop_first(c);
	close(c->fd);
	free(c);
}

int
chan_fd(const struct chan *c)
{
	return c->fd;
}

/* Head, body and text, where they are: a buffer for the longest would be 16
 * pages of a stack that are touched for nothing. */
struct packet {
	struct msg_head head;
	struct iovec iov[3];
	size_t len;
};

/* 0, -EMSGSIZE, -EINVAL.  Borrows body and text. */
static int
encode(struct packet *p, uint32_t generation, unsigned type, const void *body,
    const char *text, size_t text_len)
{
	int body_len = msg_body_len(type);

	if (body_len < 0 || (body_len > 0 && body == NULL))
		return -EINVAL;
	if (text_len > MSG_MAX - sizeof(p->head) - (size_t)body_len)
		return -EMSGSIZE;
	p->head = (struct msg_head) { .generation = generation,
		.type = (uint16_t)type,
		.body_len = (uint16_t)body_len,
		.text_len = (uint32_t)text_len,
		.pid = (int32_t)getpid() };
	p->iov[0] = (struct iovec) { &p->head, sizeof(p->head) };
	p->iov[1] = (struct iovec) { (void *)(uintptr_t)body,
		(size_t)body_len };
	p->iov[2] = (struct iovec) { (void *)(uintptr_t)text, text_len };
	p->len = sizeof(p->head) + (size_t)body_len + text_len;
	return 0;
}

static void
gather(char *to, const struct packet *p)
{
	for (unsigned i = 0; i < 3; i++) {
		if (p->iov[i].iov_len == 0)
			continue;	/* its base may be NULL */
		memcpy(to, p->iov[i].iov_base, p->iov[i].iov_len);
		to += p->iov[i].iov_len;
	}
}

static int
queue(struct chan *c, const struct packet *p, const int *fds, unsigned n_fds)
{
	struct wait *w;

	if (c->n_wait >= CHAN_QUEUE_MAX)
		return -ENOBUFS;
	w = malloc(sizeof(*w) + p->len);
	if (w == NULL)
		return -ENOMEM;
	gather(w->data, p);
	w->len = p->len;
	w->next = NULL;
	for (w->n_fds = 0; w->n_fds < n_fds; w->n_fds++) {
		/* The caller keeps its own: it may close them at once. */
		w->fds[w->n_fds] = fdio_dup_above(fds[w->n_fds], 0);
		if (w->fds[w->n_fds] < 0)
			goto failed;
	}
	*c->last = w;
	c->last = &w->next;
	c->n_wait++;
	return 0;
failed:
	while (w->n_fds > 0)
		close(w->fds[--w->n_fds]);
	free(w);
	return -EMFILE;
}

int
chan_send(struct chan *c, unsigned type, const void *body, const char *text,
    size_t text_len, const int *fds, unsigned n_fds)
{
	struct packet p;
	ssize_t k;
	int rc;

	if (n_fds > MSG_FDS)
		return -EINVAL;
	rc = encode(&p, c->generation, type, body, text, text_len);
	if (rc < 0)
		return rc;
	/* What waits goes first: order is part of the contract. */
	if (c->first != NULL && (k = chan_flush(c)) < 0)
		return (int)k;
	if (c->first != NULL)
		return queue(c, &p, fds, n_fds);
	k = fdio_sendv(c->fd, p.iov, 3, fds, n_fds);
	if (k == -EAGAIN || k == -ENOBUFS || k == -ETOOMANYREFS)
		return queue(c, &p, fds, n_fds);
	if (k == -ECONNRESET)
		return -EPIPE;
	return k < 0 ? (int)k : 0;
}

size_t
chan_pending(const struct chan *c)
{
	return c->n_wait;
}

int
chan_flush(struct chan *c)
{
	struct wait *w;
	ssize_t k;

	while ((w = c->first) != NULL) {
		k = fdio_send(c->fd, w->data, w->len, w->fds, w->n_fds);
		if (k == -EAGAIN || k == -ENOBUFS || k == -ETOOMANYREFS)
			return 0;
		if (k < 0)
			return k == -ECONNRESET ? -EPIPE : (int)k;
		drop_first(c);
	}
	return 0;
}

int
chan_decode(char *data, size_t len, unsigned n_fds, struct chan_msg *m)
{
	int body_len;

	memset(m, 0, sizeof(*m));
	if (len < sizeof(m->head))
		return -EPROTO;
	memcpy(&m->head, data, sizeof(m->head));
	body_len = msg_body_len(m->head.type);
	if (body_len < 0 || m->head.body_len != body_len)
		return -EPROTO;
	if (len - sizeof(m->head) < (size_t)body_len ||
	    len - sizeof(m->head) - (size_t)body_len != m->head.text_len)
		return -EPROTO;
	if (n_fds < msg_fds_min(m->head.type) ||
	    n_fds > msg_fds_max(m->head.type))
		return -EPROTO;
	m->body = data + sizeof(m->head);
	m->text = data + sizeof(m->head) + body_len;
	data[len] = '\0';
	return 0;
}

int
chan_recv(struct chan *c, struct chan_msg *m)
{
	int fds[MSG_FDS];
	size_t n_fds = MSG_FDS;
	ssize_t k;
	int rc;

	memset(m, 0, sizeof(*m));
	k = fdio_recv(c->fd, c->in, MSG_MAX, fds, &n_fds);
	/* It ended with messages of ours unread; its last words come behind. */
	if (k == -ECONNRESET) {
		n_fds = MSG_FDS;
		k = fdio_recv(c->fd, c->in, MSG_MAX, fds, &n_fds);
	}
	if (k == -EAGAIN)
		return 0;
	if (k == 0 || k == -ECONNRESET)
		return -EPIPE;
	if (k < 0)
		return k == -EMSGSIZE ? -EPROTO : (int)k;
	rc = chan_decode(c->in, (size_t)k, (unsigned)n_fds, m);
	m->n_fds = (unsigned)n_fds;
	memcpy(m->fds, fds, sizeof(fds));
	if (rc < 0) {
		chan_msg_fini(m);
		return rc;
	}
	return 1;
}

int
chan_wait(struct chan *c, int timeout_ms, struct chan_msg *m)
{
	int64_t end_ns = clock_mono_ns() + timeout_ms * CLOCK_NS_PER_MS;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int64_t left_ns = 0;
	int rc;

	for (;;) {
		rc = chan_recv(c, m);
		if (rc != 0)
			return rc;
		if (timeout_ms >= 0) {
			left_ns = end_ns - clock_mono_ns();
			if (left_ns <= 0)
				return -ETIMEDOUT;
		}
		rc = poll(&p, 1, timeout_ms < 0 ? -1 :
		    (int)(left_ns / CLOCK_NS_PER_MS) + 1);
		if (rc < 0 && errno != EINTR)
			return -errno;
	}
}

void
chan_msg_fini(struct chan_msg *m)
{
	unsigned i;

	for (i = 0; i < m->n_fds; i++)
		fdio_close(&m->fds[i]);
	m->n_fds = 0;
}

int
chan_post(int fd, uint32_t generation, unsigned type, const void *body,
    const char *text, size_t text_len)
{
	struct packet p;
	ssize_t k;
	int rc;

	rc = encode(&p, generation, type, body, text, text_len);
	if (rc < 0)
		return rc;
	k = fdio_sendv(fd, p.iov, 3, NULL, 0);
	return k < 0 ? (int)k : 0;
}
