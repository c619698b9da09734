/*
 * http_conn.h - a connection, and the one request that it carries at a time.
 * Shared by the files of the HTTP front only:
 *
 *	http_front.c	what the worker calls; configuration, the shared state
 *	http_conn.c	serving, time limits, the end of a connection
 *	http_io.c	reading and writing
 *	http_req.c	from a request's head to the handler
 *	http_answer.c	its answer
 *	http_body.c	request bodies
 *	http_piece.c	answers in pieces
 *	api_http.c	what handlers call
 *
 * Requests on one connection are served one after the other: the next is parsed
 * when the answer to the one before lies in the output buffer.  Handlers that
 * do not wait are thus served in one go, and their answers leave with one write.
 *
 *	          bytes          head whole        handler done
 *	(no req) -----> HEAD -----------------> RUN -----------> SEND -> SKIP -> (no req)
 *	                 |  refused                               |
 *	                 +----------------------------------------+
 *
 * SEND: the content is sent from the task's memory.  SKIP: what the handler left
 * of the request body is read and dropped.  Both are passed over when there is
 * nothing to do.
 *
 *	OPEN --last answer sent--> LINGER --end of input, time--> GONE
 *	  +-----------------error, idle time---------------------> GONE
 *
 * LINGER: our side is shut down, what still comes is read and dropped, for a
 * close with unread input would send a reset, and that can take the answer from
 * the client.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/event_struct.h>

#include "http_buf.h"
#include "http_chunk.h"
#include "http_head.h"
#include "http_log.h"
#include "http_query.h"
#include "http_reply.h"
#include "ids.h"
#include "lane.h"
#include "route.h"
#include "task.h"
#include "wait.h"
#include "worker.h"

/* Content up to this is copied behind its head; more is sent from where it is. */
#define HTTP_COPY_MAX 16384u
/* Output is written when there is so much of it, at the latest. */
#define HTTP_OUT_FLUSH 65536u
/* With so much unsent, no further request of the connection is begun. */
#define HTTP_OUT_MAX 262144u
/* Input that is kept while requests wait, or what the largest head takes if that
 * is more; then reading stops. */
#define HTTP_IN_MAX 262144u
/* A body that the handler did not read is read and dropped up to this size;
 * a longer one costs the connection. */
#define HTTP_SKIP_MAX 65536u
#define HTTP_ID_MAX TASK_ID_MAX

struct http_conn;

/* One for each worker. */
struct http {
	struct worker *w;
	struct http_limits limits;
	int64_t request_timeout_ns;
	int64_t slow_ns;	/* requests that took longer are logged; 0: none */
	uint32_t pipeline_max;
	uint32_t in_max;	/* HTTP_IN_MAX, or more */
	uint32_t n_idle_reqs;
	short read_flags, write_flags;	/* of the events of connections */
	struct http_pool bufs;
	struct lane idle, header, body, write, linger;
	struct http_stamp stamp;
	struct http_log log;
	TAILQ_HEAD(http_conns, http_conn) conns;
	struct http_req *idle_reqs;
	struct ids ids;		/* of requests that bring none */
};

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

struct http_body {
	uint8_t kind;
	uint8_t whole;		/* all of it has been taken from the input */
	uint8_t reading;	/* the handler waits in skep_body() */
	uint8_t asked;		/* 100 Continue was sent, or is not wanted */
	uint16_t status;	/* it failed: what to answer, and why */
	const char *why;
	uint64_t left;		/* of Content-Length */
	struct http_chunk chunk;
	char *mem;		/* malloc, where it did not fit the input buffer */
	size_t cap;
	struct skep_str got;	/* what has been put together so far */
	struct wait *waiter;
};

enum http_stage {
	HTTP_STAGE_HEAD,
	HTTP_STAGE_RUN,
	HTTP_STAGE_SEND,
	HTTP_STAGE_SKIP
};

struct http_req {
	struct http_req *next;	/* idle ones */
	struct http_conn *c;
	struct skep_task *t;
	const char *base;	/* what the spans of head count from */
	uint8_t stage;		/* enum http_stage */
	uint8_t replied;	/* the handler gave a whole answer */
	uint8_t begun, ended;	/* ... an answer in pieces */
	uint8_t want_etag;
	uint8_t own_etag;	/* the handler has given a tag itself */
	uint8_t id_n;
	int64_t start_ns;
	uint64_t sent;		/* bytes of content */
	struct http_reply reply;
	struct skep_str content;
	struct http_line **lines_end;
	struct http_pair *pairs;	/* of the query, once asked for */
	int n_pairs;			/* -1: not asked yet */
	struct http_buf held;	/* an input buffer that was outgrown */
	struct http_body body;
	struct http_head head;
	char id[HTTP_ID_MAX];
	char etag[40];
	struct route_match match;	/* match.route NULL: none found */
	struct http_field fields[];	/* limits.fields_max */
};

enum http_state { HTTP_OPEN, HTTP_LINGER, HTTP_GONE };

#define HTTP_PENDING 4

struct http_conn {
	struct http *http;
	TAILQ_ENTRY(http_conn) link;
	int fd;
	uint8_t state;		/* enum http_state */
	uint8_t running;	/* http_conn_run() is below us on the stack */
	uint8_t last;		/* nothing is served after what is in out */
	uint8_t eof;		/* the client has shut down its side */
	uint8_t hup;		/* its end is behind what we have not read yet */
	uint8_t read_off;	/* nothing is read: see http_io_reading() */
	uint8_t blocked;	/* the write event is pending */
	uint8_t reset;		/* close so that the client sees an error */
	uint32_t unsent;	/* answers in out */
	int queued;		/* bytes in the kernel's hands, when blocked */
	uint32_t pin;		/* input below it belongs to the request */
	struct http_req *req;
	struct http_buf in, out;
	struct skep_str tail;	/* content to send behind out */
	struct lane *lane;	/* where timer is armed, NULL */
	struct lane_item timer;
	struct event read_ev, write_ev;
	struct wait *out_wait;	/* a handler waits for room in out */
	struct {
		int64_t start_ns;
		uint32_t n;
	} pending[HTTP_PENDING];	/* answers in out, by their start */
	socklen_t peer_len;
	struct sockaddr_storage peer;
};

/* --- http_conn.c --- */

/* Take the descriptor and n bytes that were already read from it. */
void http_conn_adopt(struct http *, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n);
/* Serve what there is to serve, send, set the time limit.  May free it. */
void http_conn_run(struct http_conn *);
/*
 * It failed: no more input or output, its handler is cancelled.  It is freed by
 * the http_conn_run() that follows, or by the caller with http_conn_settle().
 */
void http_conn_gone(struct http_conn *);
/* What comes next: wait for what, how long; or the end.  May free it. */
void http_conn_settle(struct http_conn *);
/* The lanes' expire function; arg is the lane. */
void http_conn_expire(struct lane_item *, void *arg);
/* Arm its timer in a lane (NULL: in none). */
void http_conn_limit(struct http_conn *, struct lane *);

/* --- http_io.c --- */

/*
 * Read once into the input buffer.  1: bytes came; 0: none now, or the end, or
 * no room (then the read event is off); -EPIPE: gone.
 */
int http_io_fill(struct http_conn *);
/* Count what a read of room bytes gave, n as recv(2) returned it.  As above. */
int http_io_came(struct http_conn *, ssize_t n, size_t room);
/* Whether a read would find bytes at once. */
int http_io_waiting(const struct http_conn *);
/*
 * Whether the client has taken anything since it blocked us or since this was
 * last asked.  The write event does not tell of every byte: it waits until a
 * third of the kernel's buffer is free, which takes a slow client minutes.
 */
int http_io_taken(struct http_conn *);
/*
 * Be told once more of input that is there.  In the next pass: event_active()
 * would let one client that sends without end keep all others waiting.
 */
void http_io_again(struct http_conn *);
/* Read what comes, or leave it to the kernel. */
void http_io_reading(struct http_conn *, int on);
/* Send out and tail: 1 all, 0 the client has to take some first, -EPIPE gone. */
int http_io_flush(struct http_conn *);
/* Room for n bytes in out; NULL: no memory, and the connection is gone. */
char *http_io_room(struct http_conn *, size_t n);
/* Move unread input to a new buffer; the request keeps the old one.  0, -ENOMEM. */
int http_io_hold(struct http_conn *);

/* --- http_req.c --- */

extern const struct task_kind http_task;
struct http_req *http_req_new(struct http_conn *);
/* Also ends its task. */
void http_req_free(struct http_req *);
/* The head is whole: find the handler and run it. */
void http_req_run(struct http_req *);
/* The bytes of a span of the head. */
struct skep_str http_req_str(const struct http_req *, struct http_span);
/* What answers and log lines call it: the client's, else one of ours. */
struct skep_str http_req_id(struct http_req *);

/* --- http_answer.c --- */

/* The handler has returned rc: put the answer into out, go to SEND or SKIP. */
void http_answer(struct http_req *, int rc);
/* Answer with an error of our own; parse nothing behind it. */
void http_answer_refusal(struct http_req *, unsigned status, const char *why);
/* Say how the connection goes on, and fill what all heads have in common. */
void http_answer_prepare(struct http_req *);
/* The head of reply into out, with room for so many bytes behind it.  0, -EPIPE. */
int http_answer_head(struct http_req *, size_t behind);
/* It is complete in out: counters and access log. */
void http_answer_count(struct http_req *);
/* The answer has been given to out or the kernel: SKIP, or the end of the request. */
void http_answer_over(struct http_req *);
/* What errors that no reply tells of are answered with. */
unsigned http_answer_status(int rc);

/* --- http_body.c --- */

void http_body_begin(struct http_req *);
void http_body_fini(struct http_req *);
/* As skep_body(). */
struct skep_str http_body_get(struct http_req *);
/* There is input, and the handler waits for the body. */
void http_body_input(struct http_req *);
/* The handler waits in vain: time (408), end of input (400). */
void http_body_fail(struct http_req *, unsigned status, const char *why);
/* Whether the rest of the body will be dropped rather than the connection. */
int http_body_can_skip(struct http_req *);
/* Drop what has come of it: 1 all, 0 more to come, -EBADMSG. */
int http_body_skip(struct http_req *);

/* --- http_piece.c --- */

/* As skep_reply_begin() with reply.status and reply.type set. */
int http_piece_begin(struct http_req *);
int http_piece_write(struct http_req *, struct skep_str);
/* The end of the content; http_answer() does the rest. */
int http_piece_end(struct http_req *);

#endif
