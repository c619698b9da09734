#include "http1.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BUF_MAX (1 << 20)

int
http1_open(struct http1 *h, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval wait = { .tv_sec = 10 };

	h->fd = -1;
	h->buf = malloc(BUF_MAX);
	if (h->buf == NULL)
		return -ENOMEM;
	h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (h->fd < 0 ||
	    setsockopt(h->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
	    connect(h->fd, (struct sockaddr *)&to, sizeof to) < 0)
		return -errno;
	return 0;
}

void
http1_close(struct http1 *h)
{
	if (h->fd >= 0)
		(void)close(h->fd);
	h->fd = -1;
	free(h->buf);
	h->buf = NULL;
}

/*
 * An answer to HEAD and a 304 end with their head, whatever Content-Length
 * says.  Its length; 0 when it is not complete.
 */
static long
parse_head(const char *buf, size_t n, struct answer *out)
{
	const char *end = memmem(buf, n, "\r\n\r\n", 4);

	if (end == NULL)
		return 0;
	*out = (struct answer){ .status = atoi(buf + strlen("HTTP/1.1 ")),
		.head = buf, .head_len = (size_t)(end + 4 - buf),
		.body = end + 4 };
	return (long)out->head_len;
}

static int
receive(struct http1 *h, int bodyless, struct answer *out)
{
	size_t have = 0;
	const char *why;
	ssize_t n;
	long len;

	for (;;) {
		n = recv(h->fd, h->buf + have, BUF_MAX - have, 0);
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			return -EPIPE;
		have += (size_t)n;
		if (bodyless || (have > 12 &&
			memcmp(h->buf, "HTTP/1.1 304", 12) == 0))
			len = parse_head(h->buf, have, out);
		else
			len = answer_parse(h->buf, have, out, &why);
		if (len > 0 && (size_t)len != have)
			return -EBADMSG;	/* more than was asked for */
		if (len != 0)
			return len < 0 ? (int)len : 0;
	}
}

int
http1_ask(struct http1 *h, const char *method, const char *target,
    const char *fields, const char *body, struct answer *out)
{
	char *request;
	int n, rc;

	if (body == NULL)
		n = asprintf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s"
		    "\r\n", method, target, fields);
	else
		n = asprintf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s"
		    "Content-Length: %zu\r\n\r\n%s", method, target, fields,
		    strlen(body), body);
	if (n < 0)
		return -ENOMEM;
	rc = send(h->fd, request, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -EPIPE;
	free(request);
	return rc < 0 ? rc : receive(h, strcmp(method, "HEAD") == 0, out);
}
