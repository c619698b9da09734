#include "hclient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 512
#define BUF_MAX	    (1 << 20)

struct request {
	uint64_t id, sent_ns;
	bool repeated;
	size_t len;
	char text[REQUEST_MAX];
};

struct conn {
	int fd, port, number;
	struct hclient_style style;
	uint64_t due_ns;	/* when to send next; 0: requests are out */
	uint64_t quiet_ns;
	struct request out[HCLIENT_PIPELINE];	/* in the order sent; n_out of them wait */
	int n_out;
	char worker[80];
	char *buf;
	size_t have, cap;
};

struct hclient {
	struct hclient_conf conf;
	struct sockaddr_in addr;
	struct conn *conn;
	int n, ep;
	bool stopping;
	uint64_t tick_ns, rng;
	struct hclient_counts counts;
};

uint64_t
hclient_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const char *
hclient_kind_name(enum hclient_kind k)
{
	static const char *const name[HC_KINDS] = { "refused", "reset",
		"closed", "dropped", "short", "idle", "malformed", "wrong",
		"surplus", "hang" };

	return name[k];
}

static uint64_t
draw(struct hclient *h)
{
	h->rng ^= h->rng << 13;
	h->rng ^= h->rng >> 7;
	h->rng ^= h->rng << 17;
	return h->rng;
}

static void
hang_up(struct conn *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	c->port = 0;
	c->have = 0;
	c->worker[0] = '\0';
}

/*
 * Connects at once: on the loopback address the kernel answers by itself, and
 * a full queue is a failure that should be seen.
 */
static int
dial(struct hclient *h, struct conn *c)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1, e;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&h->addr, sizeof h->addr) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
	    fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0 ||
	    getsockname(c->fd, (struct sockaddr *)&a, &len) < 0 ||
	    epoll_ctl(h->ep, EPOLL_CTL_ADD, c->fd, &ev) < 0) {
		e = errno;
		hang_up(c);
		return -e;
	}
	c->port = ntohs(a.sin_port);
	c->quiet_ns = hclient_now_ns();
	h->counts.connects++;
	return 0;
}

/* When to send again: now, or after the style's pause. */
static void
pause_after(struct hclient *h, struct conn *c, uint64_t now)
{
	int span = c->style.pause_max_ms - c->style.pause_min_ms;
	uint64_t ms = (uint64_t)c->style.pause_min_ms;

	if (span > 0)
		ms += draw(h) % (uint64_t)(span + 1);
	c->due_ns = now + ms * 1000000u;
}

static void
fail(struct hclient *h, struct conn *c, enum hclient_kind kind,
    const char *why)
{
	struct hclient_failure f = { .conn = c->number, .kind = kind,
		.quiet_ns = c->quiet_ns, .now_ns = hclient_now_ns(),
		.worker = c->worker, .why = why };
	bool again;

	if (c->n_out > 0) {
		f.id = c->out[0].id;
		f.repeated = c->out[0].repeated;
		f.sent_ns = c->out[0].sent_ns;
	}
	h->counts.failures[kind]++;
	again = h->conf.failed(h->conf.arg, &f);
	hang_up(c);
	/* One failure a connection: what was pipelined behind fails with it. */
	if (!again || kind == HC_WRONG || kind == HC_MALFORMED)
		c->n_out = 0;
	for (int i = 0; i < c->n_out; i++)
		c->out[i].repeated = true;
	if (kind == HC_REFUSED)
		c->due_ns = f.now_ns + 10000000u; /* or it would fill the log */
	else if (c->n_out > 0)
		c->due_ns = f.now_ns;
	else
		pause_after(h, c, f.now_ns);
}

static int
write_out(struct conn *c)
{
	char text[HCLIENT_PIPELINE * REQUEST_MAX];
	uint64_t now = hclient_now_ns();
	size_t n = 0;
	ssize_t k;

	for (int i = 0; i < c->n_out; i++) {
		memcpy(text + n, c->out[i].text, c->out[i].len);
		n += c->out[i].len;
		c->out[i].sent_ns = now;
	}
	k = send(c->fd, text, n, MSG_NOSIGNAL);
	if (k == (ssize_t)n)
		return 0;
	return k < 0 ? -errno : -ENOBUFS;
}

static void
send_next(struct hclient *h, struct conn *c)
{
	int rc;

	if (c->fd < 0 && (rc = dial(h, c)) < 0) {
		fail(h, c, HC_REFUSED, strerror(-rc));
		return;
	}
	for (; c->n_out < c->style.pipeline && !h->stopping; c->n_out++) {
		struct request *r = &c->out[c->n_out];

		if (c->n_out > 0 && c->out[0].repeated)
			break; /* first what failed */
		*r = (struct request){ 0 };
		r->len = h->conf.request(h->conf.arg, c->number, r->text,
		    sizeof r->text, &r->id);
	}
	c->due_ns = 0;
	if (c->n_out == 0)
		return;
	h->counts.requests += (uint64_t)c->n_out;
	rc = write_out(c);
	if (rc == -EPIPE || rc == -ECONNRESET)
		fail(h, c, HC_RESET, "seen when sending");
	else if (rc < 0)
		fail(h, c, HC_RESET, strerror(-rc));
}

static void
answered(struct hclient *h, struct conn *c, const struct answer *a, long len)
{
	const char *why = h->conf.check(h->conf.arg, c->out[0].id, a);

	answer_field(a, "X-Skep-Worker", c->worker, sizeof c->worker);
	if (why != NULL) {
		fail(h, c, HC_WRONG, why);
		return;
	}
	h->counts.answers++;
	c->quiet_ns = hclient_now_ns();
	c->n_out--;
	memmove(c->out, c->out + 1, (size_t)c->n_out * sizeof *c->out);
	c->have -= (size_t)len;
	if (a->close) {
		h->counts.closes++;
		if (c->n_out > 0) {
			fail(h, c, HC_DROPPED, "Connection: close");
			return;
		}
		hang_up(c);
	} else {
		memmove(c->buf, c->buf + len, c->have);
	}
	if (c->n_out == 0)
		pause_after(h, c, c->quiet_ns);
}

/* Whole answers in the buffer, one by one; each may end the connection. */
static void
take_answers(struct hclient *h, struct conn *c)
{
	while (c->fd >= 0 && c->have > 0) {
		struct answer a;
		const char *why;
		long len;

		if (c->n_out == 0) {
			fail(h, c, HC_SURPLUS, "bytes without a request");
			return;
		}
		len = answer_parse(c->buf, c->have, &a, &why);
		if (len == 0)
			return;
		if (len < 0)
			fail(h, c, HC_MALFORMED, why);
		else
			answered(h, c, &a, len);
	}
}

static void
lost(struct hclient *h, struct conn *c, const char *why, bool reset)
{
	if (c->n_out == 0)
		fail(h, c, HC_IDLE, why);
	else if (c->have > 0)
		fail(h, c, HC_SHORT, why);
	else
		fail(h, c, reset ? HC_RESET : HC_CLOSED, why);
}

static int
read_some(struct hclient *h, struct conn *c)
{
	ssize_t n;

	if (c->cap - c->have < 4096) {
		size_t cap = c->cap == 0 ? 16384 : c->cap * 2;
		char *buf = cap > BUF_MAX ? NULL : realloc(c->buf, cap);

		if (buf == NULL)
			return -ENOMEM;
		c->buf = buf;
		c->cap = cap;
	}
	n = read(c->fd, c->buf + c->have, c->cap - c->have);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		lost(h, c, strerror(errno), true);
	} else if (n == 0) {
		lost(h, c, "end of file", false);
	} else {
		c->have += (size_t)n;
		take_answers(h, c);
	}
	return 0;
}

static void
look_for_hangs(struct hclient *h, uint64_t now)
{
	uint64_t limit = (uint64_t)h->conf.hang_ms * 1000000u;

	for (int i = 0; i < h->n; i++) {
		struct conn *c = &h->conn[i];

		if (c->fd >= 0 && c->n_out > 0 && c->due_ns == 0 &&
		    now - c->out[0].sent_ns > limit)
			fail(h, c, HC_HANG, "no answer");
	}
}

/* Send what is due, and say for how many ms nothing will be. */
static int
send_due(struct hclient *h, uint64_t until)
{
	uint64_t now = hclient_now_ns(), next = until;

	if (h->conf.tick != NULL && now >= h->tick_ns)
		h->tick_ns = h->conf.tick(h->conf.arg, now);
	if (h->conf.tick != NULL && h->tick_ns < next)
		next = h->tick_ns;
	look_for_hangs(h, now);
	for (int i = 0; i < h->n; i++) {
		struct conn *c = &h->conn[i];

		if (c->due_ns != 0 && c->due_ns <= now)
			send_next(h, c);
		if (c->due_ns != 0 && c->due_ns < next)
			next = c->due_ns;
	}
	now = hclient_now_ns();
	if (next <= now)
		return 0;
	return next - now > 100000000u ? 100 : (int)((next - now) / 1000000u);
}

static int
turn(struct hclient *h, uint64_t until)
{
	struct epoll_event ev[64];
	int n = epoll_wait(h->ep, ev, 64, send_due(h, until)), rc = 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n && rc == 0; i++) {
		struct conn *c = ev[i].data.ptr;

		if (c->fd >= 0)
			rc = read_some(h, c);
	}
	return rc;
}

int
hclient_run(struct hclient *h, uint64_t until_ns)
{
	int rc = 0;

	while (rc == 0 && hclient_now_ns() < until_ns)
		rc = turn(h, until_ns);
	return rc;
}

static bool
any_out(const struct hclient *h)
{
	for (int i = 0; i < h->n; i++)
		if (h->conn[i].n_out > 0)
			return true;
	return false;
}

int
hclient_finish(struct hclient *h)
{
	int rc = 0;

	h->stopping = true;
	for (int i = 0; i < h->n; i++)
		if (h->conn[i].n_out == 0)
			h->conn[i].due_ns = 0;
	while (rc == 0 && any_out(h))
		rc = turn(h, hclient_now_ns() + 10000000u);
	return rc;
}

int
hclient_open(struct hclient **out, const struct hclient_conf *conf,
    const struct hclient_style *style, int n)
{
	struct hclient *h = calloc(1, sizeof *h);

	if (h == NULL)
		return -ENOMEM;
	h->conf = *conf;
	h->rng = conf->seed * 2 + 1;
	h->addr = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)conf->port) };
	h->conn = calloc((size_t)n, sizeof *h->conn);
	h->ep = epoll_create1(EPOLL_CLOEXEC);
	*out = h;
	if (h->conn == NULL || h->ep < 0 ||
	    inet_pton(AF_INET, conf->host, &h->addr.sin_addr) != 1)
		return -EINVAL;
	for (h->n = 0; h->n < n; h->n++)
		h->conn[h->n] = (struct conn){ .fd = -1, .number = h->n,
			.style = style[h->n], .due_ns = 1 };
	return 0;
}

void
hclient_close(struct hclient **hp)
{
	struct hclient *h = *hp;

	if (h == NULL)
		return;
	for (int i = 0; i < h->n; i++) {
		hang_up(&h->conn[i]);
		free(h->conn[i].buf);
	}
	if (h->ep >= 0)
		(void)close(h->ep);
	free(h->conn);
	free(h);
	*hp = NULL;
}

const struct hclient_counts *
hclient_counts(const struct hclient *h)
{
	return &h->counts;
}

int
hclient_local_port(const struct hclient *h, int conn)
{
	return h->conn[conn].port;
}

const char *
hclient_worker(const struct hclient *h, int conn)
{
	return h->conn[conn].worker;
}
