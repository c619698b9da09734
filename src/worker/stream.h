/*
 * stream.h - raw connections: the front for a plugin's conn handler.
 *
 * One task a connection, from its beginning to its end.  Output is gathered and
 * sent when the handler waits for whatever it is; input is read when the
 * handler asks for more than is here.  When the handler has returned, what is
 * left of the output is sent, then the connection is closed in both steps
 * (half-close, bounded read), so that the last answer is not lost to a reset.
 *
 * While draining, a connection goes on until its handler ends or the deadline
 * cancels it; with CLOSING those are cancelled at once that have nothing under
 * way: no input read and unused, no output unsent, waiting for input.
 */
#ifndef WORKER_STREAM_H
#define WORKER_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "buf.h"
#include "lane.h"
#include "wait.h"

struct skep_task;
struct stream_front;

struct stream {
	struct stream_front *front;
	LIST_ENTRY(stream) link;
	struct skep_task *task;		/* NULL: the handler has ended */
	int fd;
	struct event in, out;
	int in_on, out_on;		/* are pending */
	struct buf input, output;
	size_t borrowed;		/* of input, by the last read: gone with the next */
	int maybe_more;			/* the kernel may have input: a read has not said no */
	int eof, error;			/* of input; -errno of output: sticky */
	struct wait *reader, *writer;
	struct lane_item linger;
};

/* The stream of the task; NULL for another kind. */
struct stream *stream_of(struct skep_task *);

/* Read once what is there.  1 some, 0 end of input, -EAGAIN, -errno. */
int stream_fill(struct stream *, size_t want);
/* Until there is input to read: 0, -errno.  Waits. */
int stream_wait_in(struct stream *);
/* Send what the kernel takes now; the rest follows by itself.  0, -errno (sticky). */
int stream_push(struct stream *);
/* Until at most max bytes of output are left.  0, -errno.  Waits. */
int stream_wait_out(struct stream *, size_t max);

#endif
