/*
 * loop.h - the worker's event loop: libevent's, with a clock that is read once
 * a pass, a queue of tasks that are ready to go on, and the share of time that
 * the loop did not wait.
 *
 * One pass: wait for events, run their callbacks, then run the tasks that
 * became ready.  Callbacks run on the loop's stack and must not wait.
 *
 * Every callback that is put on loop_base() by hand calls loop_now() (or
 * loop_wake()) before it does anything long: this is how the loop learns when
 * its wait ended.
 */
#ifndef WORKER_LOOP_H
#define WORKER_LOOP_H

#include <stdint.h>
#include <sys/queue.h>

struct event_base;
struct skep_task;

struct loop {
	struct event_base *base;
	int64_t now_ns;		/* of this pass; 0: not read yet */
	TAILQ_HEAD(loop_ready, skep_task) ready;
	struct skep_task *running;	/* whose fiber or defers run, else NULL */
	uint64_t n_runs;	/* of such runs: the watchdog sees a change */
	uint64_t n_passes;
	uint64_t busy_ns;	/* time spent outside the wait */
	int stop;
};

/* Made after the fork, never before.  0, -errno. */
int loop_init(struct loop *);
void loop_fini(struct loop *);

/*
 * Pass after pass until loop_stop(): 0.  -EIO when no pass can be made any more,
 * because libevent's own descriptor has been closed, say.
 */
int loop_run(struct loop *);
void loop_stop(struct loop *);
/* One pass; wait: whether it may wait for events.  0, -EIO. */
int loop_pass(struct loop *, int wait);

/* CLOCK_MONOTONIC in ns as it was when this pass began. */
int64_t loop_now_slow(struct loop *);

static inline int64_t
loop_now(struct loop *l)
{
	return l->now_ns != 0 ? l->now_ns : loop_now_slow(l);
}

/* busy_ns up to this instant. */
uint64_t loop_busy(struct loop *);

#endif
