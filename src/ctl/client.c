#include "client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

#define CHUNK	  65536
#define REPLY_MAX (256u << 20)	/* a value and what JSON makes of it */

int
client_open(struct client *c, const char *path, int timeout_ms)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int rc;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->timeout_ms = timeout_ms;
	if (strlen(path) >= sizeof(un.sun_path))
		return -ENAMETOOLONG;
	memcpy(un.sun_path, path, strlen(path) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	if (connect(c->fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		rc = -errno;
		client_close(c);
		return rc;
	}
	return 0;
}

void
client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_fini(&c->in);
}

int
client_send(struct client *c, const char *line, size_t n)
{
	struct buf b = BUF_INIT;
	ssize_t k;
	int rc = 0;

	c->sent_ns = clock_mono_ns();
	(void)buf_add(&b, line, n);
	(void)buf_addc(&b, '\n');
	if (!buf_ok(&b))
		rc = -ENOMEM;
	while (rc == 0 && buf_len(&b) > 0) {
		k = send(c->fd, buf_head(&b), buf_len(&b), MSG_NOSIGNAL);
		if (k > 0)
			buf_eat(&b, (size_t)k);
		else if (errno != EINTR)
			rc = -errno;
	}
	buf_fini(&b);
	return rc;
}

/* Wait for more input.  0, -errno. */
static int
more(struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	ssize_t n;
	char *to;
	int rc;

	if (buf_len(&c->in) > REPLY_MAX)
		return -EPROTO;
	rc = poll(&p, 1, c->timeout_ms);
	if (rc == 0)
		return -ETIMEDOUT;
	if (rc < 0)
		return errno == EINTR ? 0 : -errno;
	to = buf_room(&c->in, CHUNK);
	if (to == NULL)
		return -ENOMEM;
	n = recv(c->fd, to, CHUNK, 0);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return -EPIPE;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	buf_added(&c->in, (size_t)n);
	return 0;
}

int
client_reply(struct client *c, struct ctl_reply *out)
{
	int rc;

	buf_eat(&c->in, c->used);
	c->used = 0;
	for (;;) {
		rc = buf_len(&c->in) == 0 ? 0 :
		    ctl_reply_parse(buf_head(&c->in), buf_len(&c->in), out);
		if (rc != 0)
			break;
		rc = more(c);
		if (rc < 0)
			return rc;
	}
	if (rc == 1)
		c->used = out->used;
	return rc;
}

int
client_line(struct client *c, const char **line_out, size_t *n_out)
{
	const char *nl;
	int rc;

	buf_eat(&c->in, c->used);
	c->used = 0;
	for (;;) {
		nl = buf_len(&c->in) == 0 ? NULL :
		    memchr(buf_head(&c->in), '\n', buf_len(&c->in));
		if (nl != NULL)
			break;
		rc = more(c);
		if (rc < 0)
			return rc;
	}
	*line_out = buf_head(&c->in);
	*n_out = (size_t)(nl - *line_out);
	c->used = *n_out + 1;
	return 1;
}
