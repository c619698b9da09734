/*
 * wire.h - a client that sends raw bytes and takes answers apart strictly: the
 * bytes on the wire are what is tested, so nothing is corrected here.
 */
#ifndef E2E_WIRE_H
#define E2E_WIRE_H

#include <stddef.h>

enum wire_end {
	WIRE_OPEN,	/* no end yet */
	WIRE_END,	/* the server has shut down its side */
	WIRE_RESET
};

struct wire {
	int fd;
	char *buf;		/* what came and was not taken yet */
	size_t at, n, cap;
	enum wire_end end;
};

struct wire_answer {
	int status;
	int close;		/* it says Connection: close */
	size_t head_n, body_n;
	const char *head;	/* borrowed until the next wire_answer() */
	char *body;		/* without the chunked coding; NUL behind it */
};

/* Where to: a port of the loopback address, else a UNIX socket.  0, -errno. */
int wire_open(struct wire *, int port, const char *path);
void wire_close(struct wire *);
/* Close with a reset. */
void wire_abort(struct wire *);

/* All of it, taking in what comes meanwhile.  0, -EPIPE, -ETIMEDOUT. */
int wire_send(struct wire *, const char *bytes, size_t n);
int wire_send_text(struct wire *, const char *text);
/* Our side is over. */
void wire_half_close(struct wire *);

/*
 * The next final answer, within wait_ms; head_only for HEAD.  Interim ones (1xx)
 * are counted in *interim (may be NULL).  0; -ETIMEDOUT; -EPIPE: the connection
 * ended first; -EBADMSG with what is wrong in why.
 */
int wire_answer(struct wire *, int head_only, int wait_ms, int *interim,
    struct wire_answer *, const char **why);

/* Wait for the end: 0 with no byte more, -ETIMEDOUT, -EBADMSG (bytes), -ECONNRESET. */
int wire_ended(struct wire *, int wait_ms);

/* A header field of the answer into out; 1, 0 absent. */
int wire_field(const struct wire_answer *, const char *name, char *out,
    size_t size);

#endif
