#include "task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "wait.h"

int
task_pool_init(struct task_pool *p, struct loop *l, struct worker *w,
    const struct task_limits *lim)
{
	memset(p, 0, sizeof *p);
	p->loop = l;
	p->worker = w;
	p->memory_max = lim->memory_max;
	p->keep_max = lim->keep_max;
	TAILQ_INIT(&p->live);
	TAILQ_INIT(&p->idle);
	arena_pool_init(&p->chunks, lim->keep_max);
	return fiber_pool_open(&p->fibers, lim->stack_bytes, lim->keep_max);
}

void
task_pool_fini(struct task_pool *p)
{
	struct skep_task *t;

	must(TAILQ_EMPTY(&p->live));
	while ((t = TAILQ_FIRST(&p->idle)) != NULL) {
		TAILQ_REMOVE(&p->idle, t, all);
		free(t);
	}
	arena_pool_fini(&p->chunks);
	fiber_pool_close(&p->fibers);
}

struct skep_task *
task_new(struct task_pool *p, const struct task_kind *kind, void *owner)
{
	struct skep_task *t = TAILQ_FIRST(&p->idle);

	if (t != NULL) {
		TAILQ_REMOVE(&p->idle, t, all);
		p->n_idle--;
	} else {
		if ((t = malloc(sizeof *t)) == NULL)
			return NULL;
		t->pool = p;
		t->loop = p->loop;
		t->worker = p->worker;
		arena_init(&t->arena, &p->chunks, t->first, sizeof t->first,
		    p->memory_max);
	}
	t->kind = kind;
	t->owner = owner;
	t->plugin = NULL;
	t->what = kind->name;
	t->fn = NULL;
	t->fiber = NULL;
	t->wait = NULL;
	t->deadline_ns = t->own_deadline_ns = TASK_NEVER;
	t->defers = NULL;
	t->state = TASK_NEW;
	t->canceled = 0;
	t->id_len = 0;
	t->rc = 0;
	TAILQ_INSERT_TAIL(&p->live, t, all);
	p->n_live++;
	return t;
}

static void
task_main(void *arg)
{
	struct skep_task *t = arg;

	t->rc = t->fn(t);
}

/* Let it run until it waits or is done. */
static void
run(struct skep_task *t)
{
	struct loop *l = t->loop;

	must(l->running == NULL);
	t->state = TASK_RUNNING;
	t->breath_ns = 0;
	l->running = t;
	l->n_runs++;
	if (fiber_resume(t->fiber)) {
		l->running = NULL;
		return;
	}
	l->running = NULL;
	t->fiber = NULL;
	t->state = TASK_DONE;
	t->kind->done(t, t->rc);
}

int
task_start(struct skep_task *t, skep_fn *fn)
{
	must(t->state == TASK_NEW);
	t->fn = fn;
	t->fiber = fiber_new(t->pool->fibers, task_main, t);
	if (t->fiber == NULL)
		return -ENOMEM;
	run(t);
	return 0;
}

void
task_resume(struct skep_task *t)
{
	must(t->state == TASK_READY);
	TAILQ_REMOVE(&t->loop->ready, t, ready);
	run(t);
}

void
task_cancel(struct skep_task *t)
{
	if (t->state == TASK_DONE || t->state == TASK_ENDING)
		return;
	t->canceled = 1;
	if (t->wait != NULL)
		wait_wake(t->wait, -ECANCELED);
}

void
task_cancel_all(struct task_pool *p)
{
	struct skep_task *t;

	/* Nothing runs here: the woken ones have their turn later. */
	TAILQ_FOREACH(t, &p->live, all)
		task_cancel(t);
}

/* On the caller's stack, but in the task's name: a defer may loop or crash. */
static void
run_defers(struct skep_task *t)
{
	struct skep_task *outer = t->loop->running;
	struct task_defer *d;

	t->state = TASK_ENDING;
	t->loop->running = t;
	t->loop->n_runs++;
	while ((d = t->defers) != NULL) {
		t->defers = d->next;
		d->fn(d->arg);
	}
	t->loop->running = outer;
}

void
task_end(struct skep_task *t)
{
	struct task_pool *p = t->pool;

	must(t->state == TASK_NEW || t->state == TASK_DONE);
	if (t->defers != NULL)
		run_defers(t);
	arena_reset(&t->arena);
	TAILQ_REMOVE(&p->live, t, all);
	p->n_live--;
	if (p->n_idle >= p->keep_max) {
		free(t);
		return;
	}
	TAILQ_INSERT_HEAD(&p->idle, t, all);
	p->n_idle++;
}

void
task_set_id(struct skep_task *t, const char *p, size_t n)
{
	if (n > TASK_ID_MAX)
		n = TASK_ID_MAX;
	memcpy(t->id, p, n);
	t->id_len = (uint8_t)n;
}
