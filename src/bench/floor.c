#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
	int fd;
	size_t have;
	char buf[4096];
};

struct answer {
	char text[4096];
	size_t n;
};

int
floor_listen(int *port_out)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int e;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
	    listen(fd, 511) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &len) == 0) {
		*port_out = ntohs(a.sin_port);
		return fd;
	}
	e = errno;
	if (fd >= 0)
		(void)close(fd);
	return -e;
}

static int
welcome(int ep, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN };
	struct peer *p;
	int one = 1;

	if (fd < 0)
		return 0; /* gone again */
	p = malloc(sizeof *p);
	if (p == NULL)
		return -ENOMEM;
	p->fd = fd;
	p->have = 0;
	ev.data.ptr = p;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

/* 0, or -1 when the connection is over. */
static int
serve(struct peer *p, const struct answer *a)
{
	ssize_t n = read(p->fd, p->buf + p->have, sizeof p->buf - p->have);
	const char *end;

	if (n <= 0)
		return -1;
	p->have += (size_t)n;
	end = memmem(p->buf, p->have, "\r\n\r\n", 4);
	if (end == NULL)
		return p->have < sizeof p->buf ? 0 : -1;
	p->have = 0; /* the load never has two requests out */
	return send(p->fd, a->text, a->n, MSG_NOSIGNAL) == (ssize_t)a->n ? 0 :
									 -1;
}

int
floor_serve(void *arg)
{
	const struct floor_conf *conf = arg;
	struct epoll_event ev[64] = { { .events = EPOLLIN } };
	struct answer a;
	int ep = epoll_create1(EPOLL_CLOEXEC), n;

	a.n = (size_t)snprintf(a.text, sizeof a.text,
	    "HTTP/1.1 200 OK\r\nServer: floor\r\n"
	    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(conf->body), conf->body);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, conf->fd, ev) < 0)
		return 1;
	while ((n = epoll_wait(ep, ev, 64, -1)) >= 0 || errno == EINTR)
		for (int i = 0; i < n; i++) {
			struct peer *p = ev[i].data.ptr;

			if (p == NULL) {
				if (welcome(ep, conf->fd) < 0)
					return 1;
			} else if (serve(p, &a) < 0) {
				(void)close(p->fd);
				free(p);
			}
		}
	return 1;
}
