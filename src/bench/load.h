/*
 * load.h - a closed-loop HTTP/1.1 load: keep-alive connections with one request
 * out on each, one thread, epoll, each answer checked.
 *
 * The client never sleeps while it measures: it spins on epoll, so that the
 * server does not pay for waking it (a wake-up across processors costs as much
 * as several requests), and so that it can tell when it was stopped itself.
 *
 * A chunk is LOAD_CHUNK answers.  It counts as seen at once when the client ran
 * through all of it (never 200 us between two looks at the clock) and the
 * server was never silent for 2 ms: of its answers, all but one a connection
 * are then to requests that were sent in the chunk, so the server ran while the
 * client did.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "harness.h"

#define LOAD_CHUNK 200

struct load;

struct load_conf {
	int port;		/* on the loopback address */
	const char *path;
	int connections;
	const char *body;	/* every answer must be a 200 with exactly this body */
};

/*
 * Connect and get one answer on each connection.  0, -errno; -EPROTO with the
 * reason in load_why() when an answer is not as it should be.  *out is set
 * either way, unless -ENOMEM.
 */
int load_open(struct load **out, const struct load_conf *);
void load_close(struct load **);

/* One round, as struct line wants it; arg is the load.  Values are requests/s. */
int load_round(void *load, struct chunks *);

/*
 * Percent of the time in rounds that it looked for answers in vain: near 0, the
 * client was the limit, not the server.  -1 before any round.
 */
int load_idle_percent(const struct load *);

/* Why it failed, "" if it did not. */
const char *load_why(const struct load *);

#endif
