/*
 * serve.h - control commands that the master hands over with their connection.
 *
 * The connection is ours from MSG_CONTROL to MSG_CONTROL_DONE, which is sent
 * when the whole answer has been taken or the client is gone.  Nothing waits: an
 * answer that the client does not take stays here, up to SERVE_BACKLOG for a
 * stream and for control.idle_timeout; then the connection is ended.
 */
#ifndef KEEPER_SERVE_H
#define KEEPER_SERVE_H

#include "keeper.h"

struct serve;

#define SERVE_BACKLOG (1 << 20)	/* of a stream that is not read: then it ends */

int serve_open(struct keeper *, struct serve **out);
void serve_close(struct serve **);

/* A MSG_CONTROL: takes the descriptor. */
void serve_command(struct serve *, uint64_t id, int fd, const char *line,
    size_t len);
/* Ten times a second: new events for those who follow. */
void serve_tick(struct serve *);

#endif
