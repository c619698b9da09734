#include "drain.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "accept.h"
#include "clock.h"
#include "handover.h"
#include "link.h"
#include "log.h"

/*
 * Before the deadline the tasks are told, so that their handlers unwind and
 * their clients get an answer: this share of the time, and at most so much.
 */
#define UNWIND_SHARE  10
#define UNWIND_MAX_MS 500

struct drain {
	struct worker *w;
	struct event *cancel, *end, *check;
	int64_t end_ns;		/* of the deadline */
};

static void
on_cancel(evutil_socket_t fd, short what, void *arg)
{
	struct drain *d = arg;

	(void)fd;
	(void)what;
	(void)loop_now(&d->w->loop);
	if (d->w->tasks.n_live > 0)
		log_warn("drain", "cancelling tasks=%u", d->w->tasks.n_live);
	task_cancel_all(&d->w->tasks);
}

static void
finish(struct worker *w)
{
	link_state(w->link, 2);
	loop_stop(&w->loop);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	struct drain *d = arg;

	(void)fd;
	(void)what;
	log_warn("drain", "deadline connections=%u tasks=%u", d->w->n_conns,
	    d->w->tasks.n_live);
	finish(d->w);
}

static int
is_empty(const struct worker *w)
{
	return w->n_conns == 0 && w->tasks.n_live == 0 &&
	    handover_pending(w->handover) == 0;
}

/* Not from within who ended something: it may still use what we would free. */
static void
on_check(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = ((struct drain *)arg)->w;

	(void)fd;
	(void)what;
	if (!is_empty(w))
		return;
	if (w->drain == WORKER_CLOSING)
		handover_sweep(w->handover);
	if (is_empty(w))
		finish(w);
}

int
drain_open(struct drain **out, struct worker *w)
{
	struct drain *d = calloc(1, sizeof *d);

	*out = NULL;
	if (d == NULL)
		return -ENOMEM;
	d->w = w;
	d->end_ns = INT64_MAX;
	d->cancel = evtimer_new(w->loop.base, on_cancel, d);
	d->end = evtimer_new(w->loop.base, on_end, d);
	d->check = evtimer_new(w->loop.base, on_check, d);
	if (d->cancel == NULL || d->end == NULL || d->check == NULL) {
		drain_close(&d);
		return -ENOMEM;
	}
	*out = d;
	return 0;
}

void
drain_close(struct drain **dp)
{
	struct drain *d = *dp;

	*dp = NULL;
	if (d == NULL)
		return;
	if (d->cancel != NULL)
		event_free(d->cancel);
	if (d->end != NULL)
		event_free(d->end);
	if (d->check != NULL)
		event_free(d->check);
	free(d);
}

static void
set_timer(struct event *ev, int64_t ms)
{
	struct timeval tv;

	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	(void)event_add(ev, &tv);
}

static void
set_deadline(struct drain *d, uint32_t ms)
{
	int64_t end = clock_mono_ns() + (int64_t)ms * CLOCK_NS_PER_MS;
	int64_t unwind = ms / UNWIND_SHARE;

	if (end >= d->end_ns)
		return;
	d->end_ns = end;
	if (unwind > UNWIND_MAX_MS)
		unwind = UNWIND_MAX_MS;
	set_timer(d->cancel, ms - unwind);
	set_timer(d->end, ms);
}

void
drain_begin(struct worker *w, enum worker_drain mode, uint32_t deadline_ms)
{
	if (mode == WORKER_SERVING)
		return;
	set_deadline(w->draining, deadline_ms);
	if (w->drain >= mode)
		return;
	log_info("drain", "begin mode=%s connections=%u tasks=%u ms=%u",
	    mode == WORKER_HANDOVER ? "handover" : "close", w->n_conns,
	    w->tasks.n_live, deadline_ms);
	/* CLOSING: those that took what was handed over are about to end, too. */
	(void)handover_listen(w->handover, mode == WORKER_CLOSING);
	/* Nobody else will take them: the listeners are about to close. */
	if (mode == WORKER_CLOSING && w->drain == WORKER_SERVING)
		accept_sweep(w->accept);
	accept_close(&w->accept);
	w->drain = mode;
	link_state(w->link, 1);
	if (w->front != NULL)
		w->front->drain(w);
	if (mode == WORKER_CLOSING)
		handover_recall(w->handover);
	drain_check(w);
}

void
drain_check(struct worker *w)
{
	if (w->drain == WORKER_SERVING || w->draining == NULL)
		return;
	if (!evtimer_pending(w->draining->check, NULL))
		event_active(w->draining->check, EV_TIMEOUT, 1);
}
