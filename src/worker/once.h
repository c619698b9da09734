/*
 * once.h - one load a key: the flights that tasks of this worker lead, and those
 * that they wait for.
 *
 *	switch (once_come(w->once, t, key, &p)) {
 *	case ONCE_LEAD:		... load ...; cache_fill_done(c, once_flight(p.e)) ...
 *				once_over(w->once, p.e, ONCE_OVER, 0);
 *	case ONCE_OVER:		cache_fill_result(c, &p.f); if it is not there, again
 *	case ONCE_ERROR:	p.error
 *	case ONCE_ALONE:	load, and do not store
 *	}
 *
 * Between processes a flight is waited for by slot (flight.h); here by task: the
 * tasks of one worker that want a key join the one that leads it or waits for
 * it already, so a worker is one waiter a key.  It is woken through its slot's
 * eventfd, and looks again with each tick.
 */
#ifndef WORKER_ONCE_H
#define WORKER_ONCE_H

#include <sys/queue.h>

#include <skep/types.h>

#include "flight.h"
#include "wait.h"

struct once;
struct once_entry;
struct worker;

/* No load is given more, whatever time its task has. */
#define ONCE_LOAD_NS INT64_C(30000000000)

enum once_what { ONCE_LEAD = 1, ONCE_OVER, ONCE_ERROR, ONCE_ALONE };

/* A task's part in a flight: on its stack while it waits. */
struct once_part {
	TAILQ_ENTRY(once_part) link;
	struct wait wait;
	struct once_entry *e;	/* LEAD: to be ended by once_over() */
	struct flight f;	/* OVER: of which this was */
	int what;		/* enum once_what, 0 not yet */
	int error;		/* ERROR: a positive errno */
	int early;
	int taken;		/* LEAD: from another who could not */
	int waited;
};

/* The region's cache and slot must be there.  0, -ENOMEM. */
int once_open(struct once **, struct worker *);
/* No task may wait any more.  NULL is fine. */
void once_close(struct once **);

/* Each 100 ms: waiters look again. */
void once_tick(struct once *);

/*
 * The key is missing.  May wait.  enum once_what, or -ETIMEDOUT, -ECANCELED,
 * -EDEADLK (the task is loading this very key), -EINVAL, -EMSGSIZE (no key).
 * After ONCE_LEAD look into the cache once more.
 */
int once_come(struct once *, struct skep_task *, struct skep_str key,
    struct once_part *);

/*
 * The same for who does not want to wait, and will load in another task:
 * 1 and *e_out, which that task leads; 0 somebody is at it, or it cannot be.
 */
int once_try(struct once *, struct skep_task *leader, struct skep_str key,
    struct once_entry **e_out);

const struct flight *once_flight(const struct once_entry *);
/* Whether other tasks of this worker wait for it. */
int once_awaited(const struct once_entry *);

/* The leader has ended the flight (cache_fill.h): those who wait here go on
 * with ONCE_OVER, ONCE_ALONE, or ONCE_ERROR and the error.  Frees the entry. */
void once_over(struct once *, struct once_entry *, enum once_what, int error);

#endif
