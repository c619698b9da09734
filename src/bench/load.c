#include "load.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers between two looks at the clock, each of which costs 1.5 % of one. */
#define LOOK_EVERY 8
static_assert(LOAD_CHUNK % LOOK_EVERY == 0, "a chunk ends with a look");
#define GAP_NS	  200000u	/* two looks lie some 30 us apart: further, and we were stopped */
#define SILENT_NS 2000000u	/* 48 requests out and no answer: the slowest peer makes one in 120 us */
#define HANG_NS	  10000000000u	/* longer than the machine was ever seen to stop */
#define BUF	  8192

struct conn {
	int fd;
	size_t have;
	char buf[BUF];
};

struct load {
	struct conn *conn;
	int n_conn, ep;
	char request[512];
	size_t request_len;
	const char *body;
	size_t body_len;
	size_t length_at;	/* where Content-Length stood in the last head */
	int out;		/* requests without an answer */
	uint64_t last_ns;	/* when the clock was last looked at */
	uint64_t idle_ns, all_ns;
	char why[256];
};

__attribute__((format(printf, 2, 3))) static int
fail(struct load *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(l->why, sizeof l->why, fmt, ap); /* cut short is fine */
	va_end(ap);
	return -EPROTO;
}

const char *
load_why(const struct load *l)
{
	return l->why;
}

int
load_idle_percent(const struct load *l)
{
	return l->all_ns == 0 ? -1 : (int)(100 * l->idle_ns / l->all_ns);
}

static int
send_one(struct load *l, struct conn *c)
{
	ssize_t n = send(c->fd, l->request, l->request_len, MSG_NOSIGNAL);

	if (n != (ssize_t)l->request_len)
		return fail(l, "cannot send a request: %s",
		    n < 0 ? strerror(errno) : "socket buffer full");
	c->have = 0;
	l->out++;
	return 0;
}

/* The value of Content-Length; it mostly stands where it stood in the answer before. */
static long
content_length(struct load *l, const char *head, size_t len)
{
	static const char name[] = "\r\nContent-Length: ";
	const size_t n = sizeof name - 1;
	const char *p = head + l->length_at;

	if (l->length_at + n >= len || strncasecmp(p, name, n) != 0) {
		for (p = head; p + n < head + len; p++)
			if (*p == '\r' && strncasecmp(p, name, n) == 0)
				break;
		if (p + n >= head + len)
			return -1;
		l->length_at = (size_t)(p - head);
	}
	return strtol(p + n, NULL, 10);
}

/* 1 a whole answer, 0 not yet, -EPROTO. */
static int
check(struct load *l, struct conn *c)
{
	const char *end = memmem(c->buf, c->have, "\r\n\r\n", 4);
	size_t head;

	if (end == NULL)
		return c->have < BUF ? 0 : fail(l, "answer head over 8 KiB");
	head = (size_t)(end - c->buf) + 4;
	if (strncmp(c->buf, "HTTP/1.1 200", 12) != 0)
		return fail(l, "answered '%.40s'", c->buf);
	if (content_length(l, c->buf, head - 2) != (long)l->body_len)
		return fail(l, "answer without the Content-Length %zu",
		    l->body_len);
	if (c->have < head + l->body_len)
		return 0;
	if (c->have > head + l->body_len ||
	    memcmp(c->buf + head, l->body, l->body_len) != 0)
		return fail(l, "answer with another body");
	return 1;
}

/* 1 a whole answer was read, 0 not yet, -EPROTO. */
static int
read_some(struct load *l, struct conn *c)
{
	ssize_t n = recv(c->fd, c->buf + c->have, BUF - c->have, 0);
	int rc;

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return fail(l, "connection lost: %s", strerror(errno));
	if (n == 0)
		return fail(l, "connection closed by the server");
	c->have += (size_t)n;
	rc = check(l, c);
	l->out -= rc == 1;
	return rc;
}

struct progress {
	uint64_t begin_ns;	/* of the chunk */
	uint64_t answer_ns;	/* of the last answer */
	uint32_t answers;	/* in this chunk */
	int chunk;		/* the first of a round is left out: its requests start at once */
	enum chunk_seen seen;
};

static uint64_t
look_at_clock(struct load *l, struct progress *p)
{
	uint64_t now = harness_now_ns();

	l->all_ns += now - l->last_ns;
	if (now - l->last_ns > GAP_NS)
		p->seen = CHUNK_APART;
	l->last_ns = now;
	return now;
}

static uint64_t
look_in_vain(struct load *l, struct progress *p)
{
	uint64_t before = l->last_ns, now = look_at_clock(l, p);

	l->idle_ns += now - before;
	return now;
}

static void
count_answer(struct load *l, struct progress *p, struct chunks *c)
{
	uint64_t now;

	if (++p->answers % LOOK_EVERY != 0)
		return;
	now = look_at_clock(l, p);
	if (now - p->answer_ns > SILENT_NS)
		p->seen = CHUNK_APART;
	p->answer_ns = now;
	if (p->answers < LOAD_CHUNK)
		return;
	if (p->chunk++ > 0)
		chunks_add(c, LOAD_CHUNK * 1e9 / (double)(now - p->begin_ns),
		    p->seen);
	p->begin_ns = now;
	p->answers = 0;
	p->seen = CHUNK_BOTH;
}

/* One look at epoll; answers are answered with the next request while more is set. */
static int
turn(struct load *l, struct progress *p, struct chunks *c)
{
	struct epoll_event ev[64];
	int n = epoll_wait(l->ep, ev, 64, 0), rc;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0 && look_in_vain(l, p) - p->answer_ns > HANG_NS)
		return fail(l, "no answer for %llu s", HANG_NS / 1000000000llu);
	for (int i = 0; i < n; i++) {
		struct conn *k = ev[i].data.ptr;

		rc = read_some(l, k);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		if (c != NULL)
			count_answer(l, p, c);
		else
			p->answer_ns = harness_now_ns();
		if (c != NULL && chunks_want(c) && (rc = send_one(l, k)) < 0)
			return rc;
	}
	return 0;
}

static int
fire_all(struct load *l, struct progress *p)
{
	int rc = 0;

	for (int i = 0; i < l->n_conn && rc == 0; i++)
		rc = send_one(l, &l->conn[i]);
	p->begin_ns = p->answer_ns = l->last_ns = harness_now_ns();
	p->seen = CHUNK_BOTH;
	return rc;
}

int
load_round(void *arg, struct chunks *c)
{
	struct load *l = arg;
	struct progress p = { 0 };
	int rc = fire_all(l, &p);

	while (rc == 0 && l->out > 0)
		rc = turn(l, &p, c);
	return rc;
}

static int
dial(struct load *l, struct conn *c, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	/* Edges: the kernel need not look at each socket once more.  An answer
	 * never fills the buffer, so what is left of one comes with a new edge. */
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
	    fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0 ||
	    epoll_ctl(l->ep, EPOLL_CTL_ADD, c->fd, &ev) < 0) {
		fail(l, "cannot connect to port %d: %s", port, strerror(errno));
		return -EPROTO;
	}
	return 0;
}

/* One answer on each connection, so that none is new when it is measured. */
static int
greet(struct load *l)
{
	struct progress p = { 0 };
	int rc = fire_all(l, &p);

	while (rc == 0 && l->out > 0)
		rc = turn(l, &p, NULL);
	return rc;
}

int
load_open(struct load **out, const struct load_conf *conf)
{
	struct load *l = calloc(1, sizeof *l);
	int rc = 0;

	*out = l;
	if (l == NULL)
		return -ENOMEM;
	l->ep = epoll_create1(EPOLL_CLOEXEC);
	l->conn = calloc((size_t)conf->connections, sizeof *l->conn);
	if (l->ep < 0 || l->conn == NULL)
		return fail(l, "out of memory or descriptors");
	l->body = conf->body;
	l->body_len = strlen(conf->body);
	l->request_len = (size_t)snprintf(l->request, sizeof l->request,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", conf->path,
	    conf->port);
	for (; l->n_conn < conf->connections && rc == 0; l->n_conn++)
		rc = dial(l, &l->conn[l->n_conn], conf->port);
	return rc < 0 ? rc : greet(l);
}

void
load_close(struct load **lp)
{
	struct load *l = *lp;

	if (l == NULL)
		return;
	for (int i = 0; i < l->n_conn; i++)
		if (l->conn[i].fd >= 0)
			(void)close(l->conn[i].fd);
	if (l->ep >= 0)
		(void)close(l->ep);
	free(l->conn);
	free(l);
	*lp = NULL;
}
