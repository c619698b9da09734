/*
 * ids.h - names for what has none yet, such as requests: 32 hex digits.
 *
 * 64 bits are drawn when the worker starts, 64 bits are a counter.  No other
 * worker has the one, nothing else of this worker the other.
 */
#ifndef WORKER_IDS_H
#define WORKER_IDS_H

#define IDS_LEN 32

struct ids {
	char next[IDS_LEN];
};

/* After the fork.  0, -EIO. */
int ids_init(struct ids *);
/* The next one, without a NUL. */
void ids_take(struct ids *, char id_out[IDS_LEN]);

#endif
