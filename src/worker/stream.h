/*
 * stream.h - raw connections: the front for a plugin's conn handler.
 *
 *	stream.c	what the worker calls; a connection's end
 *	stream_io.c	input and output
 *	api_stream.c	what handlers call
 *
 * One task a connection, from its beginning to its end.  Output is gathered and
 * sent when the handler waits for whatever it is; input is read when the
 * handler asks for more than is here.
 *
 *	handler runs --returns--> FLUSH --all sent--> LINGER --end of input, time--> closed
 *
 * FLUSH: what is left of the output is sent.  LINGER: our side is shut down,
 * what still comes is read and dropped, so that the last answer is not lost to a
 * reset.  A client that takes nothing for stream.write_timeout is disconnected,
 * in FLUSH and before; one that is gone has its handler cancelled.
 *
 * While draining, a connection goes on until its handler ends or the deadline
 * cancels it; with CLOSING it is also cancelled once it has nothing under way:
 * no input unused, no output unsent, waiting for input.
 */
#ifndef WORKER_STREAM_H
#define WORKER_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/event_struct.h>

#include "buf.h"
#include "ids.h"
#include "lane.h"
#include "wait.h"

struct skep_task;
struct worker;

/* What all streams of the worker share. */
struct stream_front {
	struct worker *w;
	LIST_HEAD(, stream) all;
	struct lane write, linger;
	int64_t idle_ns;
	short in_flags, out_flags;	/* of the events of connections */
	struct ids ids;
};

struct stream {
	struct stream_front *front;
	LIST_ENTRY(stream) link;
	struct skep_task *task;		/* NULL: the handler has ended */
	int fd;
	struct event in, out;
	uint8_t in_on, out_on;		/* are pending; out: the client takes no more */
	uint8_t maybe_more;		/* the kernel may have input: a read has not said no */
	uint8_t hup;			/* the end of input is there, if not yet read */
	uint8_t eof;			/* it has been read */
	uint8_t lingering;
	int error;			/* -errno of output: sticky */
	struct buf input, output;
	size_t borrowed;		/* of input, by the last read: gone with the next */
	size_t dropped;			/* input while lingering */
	int unsent;			/* bytes in the kernel's hands when output blocked */
	struct wait *reader, *writer;
	struct lane *lane;		/* where timer is armed, NULL */
	struct lane_item timer;
	socklen_t peer_len;
	struct sockaddr_storage peer;
};

/* --- stream.c --- */

/* The stream of the task; NULL for another kind. */
struct stream *stream_of(struct skep_task *);
/* The handler has ended: what comes next.  May free it. */
void stream_finish(struct stream *);
void stream_free(struct stream *);
/* With CLOSING: cancel it if nothing is under way. */
void stream_settle(struct stream *);
/* Arm its timer in a lane (NULL: in none). */
void stream_limit(struct stream *, struct lane *);

/* --- stream_io.c --- */

/* Make the events and begin to look at the input.  0, -ENOMEM. */
int stream_watch(struct stream *);
/* Whether nobody is there any more who could read an answer. */
int stream_is_gone(const struct stream *);
/* Whether bytes wait in the kernel. */
int stream_has_input(const struct stream *);
/* Read once what is there.  1 some, 0 end of input, -EAGAIN, -errno. */
int stream_fill(struct stream *, size_t want);
/* Drop what is there.  Frees it at the end of the input, or after too much. */
void stream_drop_input(struct stream *);
/* Until there is input to read: 0, -errno.  Waits. */
int stream_wait_in(struct stream *);
/* Send what the kernel takes now; the rest follows by itself.  0, -errno (sticky). */
int stream_push(struct stream *);
/* Until at most max bytes of output are left.  0, -errno.  Waits. */
int stream_wait_out(struct stream *, size_t max);
/* The client has taken nothing for so long. */
void stream_late(struct stream *);

#endif
