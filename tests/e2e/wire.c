#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
dial_tcp(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		close(fd);
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static int
dial_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
wire_open(struct wire *w, int port, const char *path)
{
	memset(w, 0, sizeof *w);
	w->fd = port > 0 ? dial_tcp(port) : dial_unix(path);
	return w->fd < 0 ? -errno : 0;
}

void
wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	free(w->buf);
	w->buf = NULL;
}

void
wire_abort(struct wire *w)
{
	struct linger l = { 1, 0 };

	(void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	wire_close(w);
}

void
wire_half_close(struct wire *w)
{
	(void)shutdown(w->fd, SHUT_WR);
}

/* Take what is there now. */
static void
take_in(struct wire *w)
{
	ssize_t n;

	if (w->cap - w->n < 65536) {
		w->cap = w->cap * 2 + 131072;
		w->buf = realloc(w->buf, w->cap);
		if (w->buf == NULL)
			abort();
	}
	n = recv(w->fd, w->buf + w->n, w->cap - w->n - 1, MSG_DONTWAIT);
	if (n > 0)
		w->n += (size_t)n;
	else if (n == 0)
		w->end = WIRE_END;
	else if (errno != EAGAIN && errno != EINTR)
		w->end = WIRE_RESET;
	w->buf[w->n] = '\0';
}

int
wire_send(struct wire *w, const char *p, size_t n)
{
	long end = now_ms() + 20000;
	struct pollfd pf = { .fd = w->fd };
	ssize_t k;

	while (n > 0) {
		if (now_ms() > end)
			return -ETIMEDOUT;
		pf.events = (short)(POLLOUT | (w->end == WIRE_OPEN ? POLLIN : 0));
		(void)poll(&pf, 1, 1000);
		if (w->end == WIRE_OPEN && (pf.revents & POLLIN))
			take_in(w);
		k = send(w->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (k < 0 && errno != EAGAIN && errno != EINTR)
			return -EPIPE;
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

int
wire_send_text(struct wire *w, const char *text)
{
	return wire_send(w, text, strlen(text));
}

/* Wait for more, until end.  0, -ETIMEDOUT, -EPIPE. */
static int
more(struct wire *w, long end)
{
	struct pollfd pf = { .fd = w->fd, .events = POLLIN };
	long left = end - now_ms();

	if (w->end != WIRE_OPEN)
		return w->end == WIRE_END ? -EPIPE : -ECONNRESET;
	if (left <= 0 || poll(&pf, 1, (int)left) == 0)
		return -ETIMEDOUT;
	take_in(w);
	return 0;
}

int
wire_field(const struct wire_answer *a, const char *name, char *out,
    size_t size)
{
	const char *p = a->head, *end = a->head + a->head_n, *v;
	size_t n = strlen(name);

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if ((size_t)(end - p) <= n || strncasecmp(p, name, n) != 0 ||
		    p[n] != ':')
			continue;
		v = p + n + 1 + strspn(p + n + 1, " ");
		snprintf(out, size, "%.*s", (int)strcspn(v, "\r\n"), v);
		return 1;
	}
	return 0;
}

static const char *
check_head(const struct wire_answer *a)
{
	char v[200];
	size_t i;

	if (strncmp(a->head, "HTTP/1.1 ", 9) != 0 || a->status < 100 ||
	    a->status > 599)
		return "no status line";
	for (i = 0; i < a->head_n; i++)
		if ((a->head[i] == '\n') != (i > 0 && a->head[i - 1] == '\r'))
			return "bare CR or LF in the head";
	if (a->status < 200)
		return NULL;
	if (!wire_field(a, "Date", v, sizeof v) || strlen(v) != 29)
		return "no Date";
	if (!wire_field(a, "X-Request-Id", v, sizeof v) || v[0] == '\0')
		return "no X-Request-Id";
	return NULL;
}

/* Decode a chunked body from w->at on.  As wire_answer(). */
static int
chunked(struct wire *w, long end, struct wire_answer *a, const char **why)
{
	char *p, *stop;
	size_t n, at = w->at, cap = 1;
	int rc;

	for (;;) {
		while ((p = strstr(w->buf + at, "\r\n")) == NULL)
			if ((rc = more(w, end)) < 0)
				return rc;
		n = strtoul(w->buf + at, &stop, 16);
		if (stop == w->buf + at || stop != p) {
			*why = "bad chunk size";
			return -EBADMSG;
		}
		at = (size_t)(p + 2 - w->buf);
		while (w->n - at < n + 2)
			if ((rc = more(w, end)) < 0)
				return rc;
		if (memcmp(w->buf + at + n, "\r\n", 2) != 0) {
			*why = "chunk not ended by CR LF";
			return -EBADMSG;
		}
		if (n == 0)
			break;
		if (a->body_n + n + 1 > cap) {
			cap = (a->body_n + n + 1) * 2;
			a->body = realloc(a->body, cap);
			if (a->body == NULL)
				abort();
		}
		memcpy(a->body + a->body_n, w->buf + at, n);
		a->body_n += n;
		a->body[a->body_n] = '\0';
		at += n + 2;
	}
	w->at = at + 2;
	return 0;
}

static int
body(struct wire *w, int head_only, long end, struct wire_answer *a,
    const char **why)
{
	char v[200];
	size_t n = 0;
	int rc, has = wire_field(a, "Content-Length", v, sizeof v);
	int chunks = wire_field(a, "Transfer-Encoding", v + 100, 100);

	if (has && chunks) {
		*why = "Content-Length with Transfer-Encoding";
		return -EBADMSG;
	}
	if ((a->status == 204 || a->status == 304) && (has || chunks)) {
		*why = "framing fields with a status that has no body";
		return -EBADMSG;
	}
	a->body = calloc(1, 1);
	if (head_only || a->status == 204 || a->status == 304)
		return 0;
	if (chunks)
		return chunked(w, end, a, why);
	if (has)
		n = strtoul(v, NULL, 10);
	else if (!a->close) {
		*why = "a body without a length";
		return -EBADMSG;
	}
	while ((has && w->n - w->at < n) || (!has && w->end == WIRE_OPEN))
		if ((rc = more(w, end)) < 0)
			return rc;
	a->body_n = has ? n : w->n - w->at;
	a->body = realloc(a->body, a->body_n + 1);
	memcpy(a->body, w->buf + w->at, a->body_n);
	a->body[a->body_n] = '\0';
	w->at += a->body_n;
	return 0;
}

int
wire_answer(struct wire *w, int head_only, int wait_ms, int *interim,
    struct wire_answer *a, const char **why)
{
	long end = now_ms() + wait_ms;
	size_t start;
	char v[100], *p;
	int rc;

	memset(a, 0, sizeof *a);
	*why = "";
	for (;;) {
		while (w->buf == NULL ||
		    (p = strstr(w->buf + w->at, "\r\n\r\n")) == NULL)
			if ((rc = more(w, end)) < 0)
				return rc;
		start = w->at;
		a->head = w->buf + start;
		a->head_n = (size_t)(p + 4 - a->head);
		a->status = atoi(a->head + 9);
		w->at = start + a->head_n;
		if ((*why = check_head(a)) != NULL)
			return -EBADMSG;
		if (a->status >= 200)
			break;
		if (interim != NULL)
			++*interim;
	}
	a->close = wire_field(a, "Connection", v, sizeof v) &&
	    strcmp(v, "close") == 0;
	rc = body(w, head_only, end, a, why);
	a->head = w->buf + start;	/* the buffer may have moved */
	return rc;
}

int
wire_ended(struct wire *w, int wait_ms)
{
	long end = now_ms() + wait_ms;
	int rc = 0;

	while (w->end == WIRE_OPEN && rc == 0)
		rc = more(w, end);
	if (w->n > w->at)
		return -EBADMSG;
	if (w->end == WIRE_OPEN)
		return -ETIMEDOUT;
	return w->end == WIRE_END ? 0 : -ECONNRESET;
}
