#include "fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "answer.h"

#define ANSWER_MAX (1 << 20)

static int
keep(const struct answer *a, struct fetched *out)
{
	out->body = malloc(a->body_len + 1);
	if (out->body == NULL)
		return -ENOMEM;
	memcpy(out->body, a->body, a->body_len);
	out->body[a->body_len] = '\0';
	out->len = a->body_len;
	out->status = a->status;
	return 0;
}

static int
read_answer(int fd, char *buf, struct fetched *out)
{
	size_t have = 0;

	for (;;) {
		ssize_t n = recv(fd, buf + have, ANSWER_MAX - have, 0);
		struct answer a;
		const char *why;
		long len;

		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			return -EPIPE;
		have += (size_t)n;
		len = answer_parse(buf, have, &a, &why);
		if (len < 0)
			return (int)len;
		if (len > 0)
			return keep(&a, out);
	}
}

static int
exchange(int fd, int port, const char *path, struct fetched *out)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval wait = { .tv_sec = 10 };
	char request[1024], *buf;
	int n, rc;

	n = snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
	    path);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
	    send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)
		return -errno;
	buf = malloc(ANSWER_MAX);
	if (buf == NULL)
		return -ENOMEM;
	rc = read_answer(fd, buf, out);
	free(buf);
	return rc;
}

int
fetch(int port, const char *path, struct fetched *out)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	*out = (struct fetched){ 0 };
	if (fd < 0)
		return -errno;
	rc = exchange(fd, port, path, out);
	(void)close(fd);
	return rc;
}
