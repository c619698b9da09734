/*
 * accept.h - taking connections from the group's listeners.
 *
 * All workers of a group share the listeners, so a connection that waits in one
 * is never lost with a worker.  An inner epoll descriptor holds them; the loop
 * watches that one.  A wake-up takes a few connections at most: what is left
 * wakes this worker again after its other events, or another one before.
 * At w->conns_max, or when descriptors are out, it stops until one has ended.
 */
#ifndef WORKER_ACCEPT_H
#define WORKER_ACCEPT_H

struct accept;
struct worker;

/* Begin with descriptors FD_LISTEN .. FD_LISTEN + n - 1; to w->front.  0, -errno. */
int accept_open(struct accept **out, struct worker *, unsigned n);
/* Take no more; the listeners stay open for the other workers. */
void accept_close(struct accept **);

/*
 * Take what waits now, up to a bound: before a worker stops for good, so that
 * what was queued before the stop is answered.
 */
void accept_sweep(struct accept *);

/*
 * Whether the listeners are still what they were; if not, no connection would
 * ever come: worker_broken().  Once a second.  NULL is fine.
 */
void accept_check(struct accept *);

/* A connection has ended: go on if we stopped for their number.  NULL is fine. */
void accept_room(struct accept *);

#endif
