/*
 * task.h - a unit of work: one request, connection or job.
 *
 * Life: task_new() by the front that owns it (http, stream), task_start() runs
 * the handler in a fiber at once, on the caller's time.  When the handler has
 * returned, kind->done(t, rc) is called on the loop's stack; a handler that
 * never waits is done before task_start() returns.  The task's memory lives
 * until its owner calls task_end(), which runs the defers: not before the last
 * byte of the answer that lies in it has been sent.
 *
 *	NEW -> RUNNING <-> WAITING -> (READY) -> RUNNING -> DONE -> ENDING -> (pool)
 *
 * task_cancel() makes the present wait and all later ones fail with -ECANCELED;
 * the handler unwinds by itself, done() comes as usual.
 *
 * Tasks, their first piece of memory and fibers are pooled: a request costs no
 * malloc in the steady state.  Everything here belongs to the loop's thread.
 */
#ifndef WORKER_TASK_H
#define WORKER_TASK_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <skep/task.h>

#include "arena.h"
#include "fiber.h"
#include "loop.h"

struct plugin;
struct wait;
struct worker;

#define TASK_FIRST 4096		/* first piece of the arena, in the task itself */
#define TASK_ID_MAX 64		/* longest request id kept */
#define TASK_NEVER INT64_MAX	/* no deadline */

enum task_state { TASK_NEW, TASK_RUNNING, TASK_WAITING, TASK_READY, TASK_DONE,
	TASK_ENDING		/* its defers run */
};

struct task_kind {
	const char *name;	/* "http", "stream", "job" */
	/* The handler returned rc.  On the loop's stack; may call task_end(). */
	void (*done)(struct skep_task *, int rc);
	/* The request id is wanted and not set: make one (task_set_id), or NULL. */
	void (*name_it)(struct skep_task *);
	/* It is about to wait, on its own fiber; must not wait itself.  Or NULL. */
	void (*waits)(struct skep_task *);
	/* Whose connection it serves; length 0: unknown.  Or NULL. */
	const struct sockaddr *(*peer)(struct skep_task *, socklen_t *len_out);
};

struct task_defer {
	struct task_defer *next;
	void (*fn)(void *);
	void *arg;
};

struct task_pool;

struct skep_task {
	const struct task_kind *kind;
	void *owner;		/* the front's: its request or connection */
	struct task_pool *pool;
	struct loop *loop;
	struct worker *worker;
	struct plugin *plugin;	/* whose handler it is */
	const char *what;	/* route pattern or "conn": for the log; borrowed */
	skep_fn *fn;
	struct fiber *fiber;
	struct wait *wait;	/* what it waits for */
	int64_t deadline_ns;	/* CLOCK_MONOTONIC, TASK_NEVER for none */
	int64_t own_deadline_ns; /* of skep_deadline(): deadline_ns is no later */
	int64_t breath_ns;	/* wait_breathe(): the first since it went on, or 0 */
	size_t breath_n;	/* ... bytes since then */
	struct arena arena;
	struct task_defer *defers;
	TAILQ_ENTRY(skep_task) ready;	/* loop.ready */
	TAILQ_ENTRY(skep_task) all;	/* task_pool.live */
	uint8_t state;
	uint8_t canceled;
	uint8_t id_len;
	int rc;			/* what the handler returned */
	char id[TASK_ID_MAX];
	_Alignas(16) char first[TASK_FIRST];
};

struct task_pool {
	struct loop *loop;
	struct worker *worker;
	struct fiber_pool *fibers;
	struct arena_pool chunks;
	size_t memory_max;
	TAILQ_HEAD(task_list, skep_task) live;
	TAILQ_HEAD(, skep_task) idle;
	unsigned n_live, n_idle, keep_max;
};

struct task_limits {
	size_t stack_bytes;	/* task.stack */
	size_t memory_max;	/* task.memory_max */
	unsigned keep_max;	/* idle tasks, fibers and chunks kept */
};

int task_pool_init(struct task_pool *, struct loop *, struct worker *,
    const struct task_limits *);
/* All tasks have ended. */
void task_pool_fini(struct task_pool *);

/* A task in state NEW, without deadline, plugin and id.  NULL: no memory. */
struct skep_task *task_new(struct task_pool *, const struct task_kind *,
    void *owner);

/*
 * Run fn(t) in a fiber, now, until it returns or waits.  0: it has been run (and
 * kind->done() may already have ended the task: do not touch t any more).
 * -ENOMEM: no fiber could be made, nothing was run, end the task.
 */
int task_start(struct skep_task *, skep_fn *fn);

/* See above.  Fine for a task that is done; takes effect at its next wait. */
void task_cancel(struct skep_task *);
/* Cancel all that are not done. */
void task_cancel_all(struct task_pool *);

/* Run the defers in reverse order and give the memory back.  State NEW or DONE. */
void task_end(struct skep_task *);

/* The id that log lines and skep_request_id() show; cut at TASK_ID_MAX. */
void task_set_id(struct skep_task *, const char *p, size_t n);

/* 0 or the sticky -ENOMEM; every call of the plugin API begins with it. */
static inline int
task_error(const struct skep_task *t)
{
	return t->arena.failed ? -12 /* ENOMEM */ : 0;
}

/* As skep_alloc(), not zeroed. */
static inline void *
task_take(struct skep_task *t, size_t n)
{
	return arena_take(&t->arena, n);
}

/* Called by wait.c and loop.c: go on with a task that waits. */
void task_resume(struct skep_task *);

#endif
