/*
 * crowd.h - many connections that ask for the same thing at the same time.
 */
#ifndef E2E_CROWD_H
#define E2E_CROWD_H

#include <stddef.h>

#define CROWD_BODY 128

struct crowd_one {
	int fd;			/* -1: closed */
	int status;		/* of the answer; 0 none (yet) */
	int lost;		/* the connection ended without one */
	char body[CROWD_BODY];	/* cut, with a NUL */
	char worker[64];	/* X-Skep-Worker */
	char buf[4096];
	size_t n;
};

struct crowd {
	struct crowd_one *one;
	int n, port;
};

/* n connections to the port.  0, -errno.  Close it in any case. */
int crowd_open(struct crowd *, int n, int port);
void crowd_close(struct crowd *);

/* All send GET target, those that have lost their connection on a new one. */
int crowd_ask(struct crowd *, const char *target);

/* Read until each has its answer or has lost its connection, or ms are over:
 * how many have neither. */
int crowd_hear(struct crowd *, int ms);

/* How many have an answer of this status and body. */
int crowd_count(const struct crowd *, int status, const char *body);
int crowd_lost(const struct crowd *);
/* How many workers have answered. */
int crowd_workers(const struct crowd *);

#endif
