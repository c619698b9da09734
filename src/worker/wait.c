#include "wait.h"

#include <errno.h>
#include <stddef.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "clock.h"
#include "must.h"
#include "task.h"

/* A wait that has a limit, or a descriptor, while its fiber is suspended. */
struct watch {
	struct wait *w;
	struct event ev;
	int64_t end_ns;		/* WAIT_NO_LIMIT: none */
};

void
wait_init(struct wait *w, struct skep_task *t)
{
	w->task = t;
	w->rc = 0;
	w->woken = 0;
}

void
wait_wake(struct wait *w, int rc)
{
	struct skep_task *t;

	if (w == NULL || w->woken)
		return;
	w->woken = 1;
	w->rc = rc;
	t = w->task;
	if (t->wait != w)
		return;		/* not suspended yet: wait_for() will see it */
	t->wait = NULL;
	must(t->state == TASK_WAITING);
	t->state = TASK_READY;
	TAILQ_INSERT_TAIL(&t->loop->ready, t, ready);
}

/*
 * libevent's clock is the coarse one, up to 4 ms behind: a timer may fire that
 * much early, and then waits for the rest.
 */
static int
watch_add(struct watch *x, int64_t now)
{
	int64_t left = x->end_ns - now;
	struct timeval tv;

	if (x->end_ns == WAIT_NO_LIMIT)
		return event_add(&x->ev, NULL);
	if (left < 0)
		left = 0;
	tv.tv_sec = left / 1000000000;
	tv.tv_usec = (left % 1000000000 + 999) / 1000;
	if (tv.tv_usec == 1000000) {
		tv.tv_sec++;
		tv.tv_usec = 0;
	}
	return event_add(&x->ev, &tv);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct watch *x = arg;
	int64_t now = loop_now(x->w->task->loop);

	(void)fd;
	if (what & (EV_READ | EV_WRITE))
		wait_wake(x->w, 0);
	else if (now >= x->end_ns || watch_add(x, now) < 0)
		wait_wake(x->w, -ETIMEDOUT);
}

static int
suspend(struct wait *w, int fd, short events, int64_t limit_ns)
{
	struct skep_task *t = w->task;
	struct watch x = { .w = w, .end_ns = t->deadline_ns };
	int64_t now;
	int watched;

	must(t->loop->running == t && t->state == TASK_RUNNING);
	must(t->wait == NULL);
	if (t->kind->waits != NULL)
		t->kind->waits(t);	/* first: it may cancel, or wake us */
	if (t->canceled)
		return -ECANCELED;
	if (w->woken)
		return w->rc;
	now = clock_mono_ns();
	if (limit_ns != WAIT_NO_LIMIT && limit_ns < x.end_ns - now)
		x.end_ns = now + (limit_ns > 0 ? limit_ns : 0);
	if (x.end_ns <= now && t->deadline_ns <= now)
		return -ETIMEDOUT;
	watched = fd >= 0 || x.end_ns != WAIT_NO_LIMIT;
	if (watched) {
		(void)event_assign(&x.ev, t->loop->base, fd, events, on_event,
		    &x);
		if (watch_add(&x, now) < 0)
			return -ENOMEM;
	}
	t->wait = w;
	t->state = TASK_WAITING;
	fiber_suspend();
	if (watched)
		(void)event_del(&x.ev);
	return w->rc;
}

int
wait_for(struct wait *w, int64_t limit_ns)
{
	return suspend(w, -1, 0, limit_ns);
}

int
wait_for_client(struct wait *w)
{
	struct skep_task *t = w->task;
	int64_t front_ns = t->deadline_ns, begin = clock_mono_ns();
	int rc;

	t->deadline_ns = t->own_deadline_ns;
	rc = wait_for(w, WAIT_NO_LIMIT);
	if (front_ns != TASK_NEVER)
		front_ns += clock_mono_ns() - begin;
	t->deadline_ns = front_ns < t->own_deadline_ns ? front_ns :
							 t->own_deadline_ns;
	return rc;
}

int
wait_fd(struct skep_task *t, int fd, short events, int64_t limit_ns)
{
	struct wait w;

	wait_init(&w, t);
	return suspend(&w, fd, events, limit_ns);
}

/* Ready at once, behind all others. */
static int
yield(struct skep_task *t)
{
	t->state = TASK_READY;
	TAILQ_INSERT_TAIL(&t->loop->ready, t, ready);
	fiber_suspend();
	return t->canceled ? -ECANCELED : 0;
}

int
wait_sleep(struct skep_task *t, int64_t ns)
{
	struct wait w;
	int rc;

	wait_init(&w, t);
	if (ns > 0) {
		rc = suspend(&w, -1, 0, ns);
		if (rc != -ETIMEDOUT)
			return rc;
		return clock_mono_ns() >= t->deadline_ns ? rc : 0;
	}
	if (t->kind->waits != NULL)
		t->kind->waits(t);
	if (t->canceled)
		return -ECANCELED;
	if (t->deadline_ns != TASK_NEVER && clock_mono_ns() >= t->deadline_ns)
		return -ETIMEDOUT;
	return yield(t);
}

int
wait_breathe(struct skep_task *t, size_t n)
{
	int64_t now = clock_coarse_ns();

	if (t->breath_ns == 0) {
		t->breath_ns = now;
		t->breath_n = 0;
	}
	t->breath_n += n;
	if (t->breath_n < WAIT_BREATH_BYTES &&
	    now - t->breath_ns < WAIT_BREATH_NS)
		return 0;
	if (t->kind->waits != NULL)
		t->kind->waits(t);
	return t->canceled ? -ECANCELED : yield(t);
}
