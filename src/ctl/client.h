/*
 * client.h - one connection to the control socket.  Waits, with a limit.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <stddef.h>

#include "buf.h"
#include "ctl.h"

struct client {
	int fd;
	int timeout_ms;		/* for each read; -1 none */
	struct buf in;
	int64_t sent_ns;	/* when client_send() began, by clock_mono_ns() */
	size_t used;		/* of the last reply, still in front */
};

/* Connect.  0, -ENOENT, -ECONNREFUSED (no daemon), -EACCES, -ENAMETOOLONG, -errno. */
int client_open(struct client *, const char *path, int timeout_ms);
void client_close(struct client *);

/* Send a command line; its newline is added.  0, -errno. */
int client_send(struct client *, const char *line, size_t n);

/*
 * The next reply to a text command, borrowed until the next call.  1, -EPIPE
 * when the daemon hung up, -ETIMEDOUT, -EPROTO, -errno.
 */
int client_reply(struct client *, struct ctl_reply *out);
/* The next line, of a JSON command, without its newline.  The same returns. */
int client_line(struct client *, const char **line_out, size_t *n_out);

#endif
