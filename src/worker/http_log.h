/*
 * http_log.h - the access log: one line a request.
 *
 *	2026-11-20T22:58:30.123Z worker=web.1 peer=127.0.0.1:5123 method=GET
 *	target="/v1/quotes/AAPL" proto=1.1 status=200 bytes=131 us=57 id=3f...
 *
 * (on one line).  Lines are gathered and written when there are 8 KiB of them,
 * or after 100 ms, so that a request costs no system call.  The descriptor is
 * the caller's, opened for appending; while it is closed, or /dev/null, nothing is
 * logged.
 */
#ifndef HTTP_LOG_H
#define HTTP_LOG_H

#include <stdint.h>

#include <skep/types.h>

#define HTTP_LOG_FULL 8192u	/* bytes that are written at the latest */

struct event;
struct event_base;

struct http_log {
	int fd;
	int on;
	int armed;		/* the timer is pending */
	uint32_t n, cap;
	char *buf;
	int64_t check_ns;	/* when to look next whether fd is open */
	struct event *timer;
	const char *worker;
};

struct http_log_line {
	struct skep_str peer, method, target, id;	/* absent: "-" */
	const char *why;	/* of a refusal, NULL */
	unsigned minor, status;
	uint64_t bytes;		/* of content */
	int64_t us;		/* from the first byte of the request */
};

/* worker: its name, borrowed.  0, -ENOMEM. */
int http_log_open(struct http_log *, struct event_base *, int fd,
    const char *worker);
/* Writes what is left. */
void http_log_close(struct http_log *);

/* Whether lines are wanted; looks at the descriptor anew once a second. */
int http_log_wanted(struct http_log *, int64_t mono_ns);
void http_log_put(struct http_log *, const struct http_log_line *);
void http_log_flush(struct http_log *);

#endif
