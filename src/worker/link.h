/* link.h - a worker's channel to the master: what it is told, what it tells. */
#ifndef WORKER_LINK_H
#define WORKER_LINK_H

#include <stdint.h>

struct chan;
struct link;
struct worker;

/*
 * Listen to FD_CHAN.  Takes the channel.  The end of file, or a message that no
 * master sends, begins the end: requests are finished within 5 s.
 */
int link_open(struct link **out, struct worker *, struct chan *);
/* Sends what is still queued, as far as the peer takes it. */
void link_close(struct link **);

/* Serving from now on. */
void link_ready(struct link *, uint64_t asked_ns);

/* STATE: draining as in struct msg_state.  Also sent each second by link_tick(). */
void link_state(struct link *, uint32_t draining);
void link_tick(struct link *);

#endif
