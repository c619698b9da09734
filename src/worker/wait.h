/*
 * wait.h - how a task waits.
 *
 *	struct wait w;
 *
 *	wait_init(&w, t);
 *	conn->waiter = &w;		where the waker finds it
 *	rc = wait_for(&w, limit_ns);
 *	conn->waiter = NULL;
 *
 * and elsewhere, in a callback or another task: wait_wake(conn->waiter, 0).
 *
 * Every wait ends: with the waker's rc, with -ETIMEDOUT at the limit or the
 * task's deadline, or with -ECANCELED.  Must be called on the task's own fiber.
 * A wait that has been woken before wait_for() returns at once.
 */
#ifndef WORKER_WAIT_H
#define WORKER_WAIT_H

#include <stddef.h>
#include <stdint.h>

struct skep_task;

#define WAIT_NO_LIMIT INT64_MAX

struct wait {
	struct skep_task *task;
	int rc;
	int woken;
};

void wait_init(struct wait *, struct skep_task *);

/* Suspend until woken, at most limit_ns (WAIT_NO_LIMIT: the task's deadline alone counts). */
int wait_for(struct wait *, int64_t limit_ns);

/*
 * As wait_for() without a limit, for what a client has to do.  The deadline that
 * the front set stands still meanwhile, for the front has limits of its own for
 * its clients; the one of skep_deadline() does not.
 */
int wait_for_client(struct wait *);

/* The task goes on in this pass of the loop; the first waker's rc counts.  NULL is fine. */
void wait_wake(struct wait *, int rc);

/* Until fd is ready for events (EV_READ, EV_WRITE): 0, -ETIMEDOUT, -ECANCELED. */
int wait_fd(struct skep_task *, int fd, short events, int64_t limit_ns);

/* As skep_sleep(). */
int wait_sleep(struct skep_task *, int64_t ns);

/*
 * For calls that may wait, where they need not: n bytes have been dealt with.
 * Lets others run once it has been WAIT_BREATH_BYTES, or about WAIT_BREATH_NS,
 * since the task went on: a handler whose client is as fast as itself must not
 * keep the loop.  0, -ECANCELED; no deadline ends it, as nothing is waited for.
 */
#define WAIT_BREATH_BYTES 65536u
#define WAIT_BREATH_NS	  1000000 /* seen up to 4 ms late: the coarse clock */
int wait_breathe(struct skep_task *, size_t n);

#endif
