#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	(void)close(fd);
	return -errno;
}

int
crowd_open(struct crowd *c, int n, int port)
{
	struct rlimit lim;

	c->n = 0;
	c->port = port;
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
	c->one = calloc((size_t)n, sizeof *c->one);
	if (c->one == NULL)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		c->one[i].fd = dial(port);
		if (c->one[i].fd < 0)
			return c->one[i].fd;
		c->n++;
	}
	return 0;
}

void
crowd_close(struct crowd *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->one[i].fd >= 0)
			(void)close(c->one[i].fd);
	free(c->one);
	c->one = NULL;
	c->n = 0;
}

int
crowd_ask(struct crowd *c, const char *target)
{
	char text[512];
	int len = snprintf(text, sizeof text,
	    "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);

	for (int i = 0; i < c->n; i++) {
		struct crowd_one *o = &c->one[i];

		if (o->fd < 0)
			o->fd = dial(c->port);
		if (o->fd < 0)
			return o->fd;
		o->status = o->lost = 0;
		o->n = 0;
		if (send(o->fd, text, (size_t)len, MSG_NOSIGNAL) != len)
			return -EPIPE;
	}
	return 0;
}

static void
lose(struct crowd_one *o)
{
	(void)close(o->fd);
	o->fd = -1;
	o->lost = 1;
}

static void
hear_one(struct crowd_one *o)
{
	struct answer a;
	const char *why;
	ssize_t k = recv(o->fd, o->buf + o->n, sizeof o->buf - o->n, 0);
	size_t len;
	long rc;

	if (k <= 0) {
		lose(o);
		return;
	}
	o->n += (size_t)k;
	rc = answer_parse(o->buf, o->n, &a, &why);
	if (rc == 0)
		return;
	if (rc < 0) {
		lose(o);
		return;
	}
	o->status = a.status;
	len = a.body_len < CROWD_BODY ? a.body_len : CROWD_BODY - 1;
	memcpy(o->body, a.body, len);
	o->body[len] = '\0';
	answer_field(&a, "X-Skep-Worker", o->worker, sizeof o->worker);
}

int
crowd_hear(struct crowd *c, int ms)
{
	struct pollfd *p = calloc((size_t)c->n, sizeof *p);
	long until = now_ms() + ms, left;
	int open = c->n;

	while (p != NULL && open > 0 && (left = until - now_ms()) > 0) {
		open = 0;
		for (int i = 0; i < c->n; i++) {
			int waits = c->one[i].status == 0 && !c->one[i].lost;

			p[i].fd = waits ? c->one[i].fd : -1;
			p[i].events = POLLIN;
			open += waits;
		}
		if (open == 0 || poll(p, (nfds_t)c->n, (int)left) <= 0)
			continue;
		for (int i = 0; i < c->n; i++)
			if (p[i].fd >= 0 && p[i].revents != 0)
				hear_one(&c->one[i]);
	}
	free(p);
	return open;
}

int
crowd_count(const struct crowd *c, int status, const char *body)
{
	int n = 0;

	for (int i = 0; i < c->n; i++)
		n += c->one[i].status == status && (body == NULL ||
		    strcmp(c->one[i].body, body) == 0);
	return n;
}

int
crowd_lost(const struct crowd *c)
{
	int n = 0;

	for (int i = 0; i < c->n; i++)
		n += c->one[i].lost;
	return n;
}

int
crowd_workers(const struct crowd *c)
{
	const char *seen[64];
	int n = 0, k;

	for (int i = 0; i < c->n; i++) {
		if (c->one[i].status == 0)
			continue;
		for (k = 0; k < n; k++)
			if (strcmp(seen[k], c->one[i].worker) == 0)
				break;
		if (k == n && n < 64)
			seen[n++] = c->one[i].worker;
	}
	return n;
}
