/*
 * http1.h - one keep-alive connection to the loopback address: send a request,
 * wait for its answer.
 */
#ifndef E2E_HTTP1_H
#define E2E_HTTP1_H

#include <stddef.h>

#include "answer.h"

struct http1 {
	int fd;			/* -1: not connected */
	char *buf;
};

/* 0, -errno.  Close it in any case. */
int http1_open(struct http1 *, int port);
void http1_close(struct http1 *);

/*
 * fields: further header lines, each with its CR LF, or "".  body may be NULL.
 * The answer points into the connection's buffer, until the next call.
 * 0; -ETIMEDOUT after 10 s; -EBADMSG; -EPIPE; -errno.
 */
int http1_ask(struct http1 *, const char *method, const char *target,
    const char *fields, const char *body, struct answer *);

#endif
