#include "once.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "cache_fill.h"
#include "clock.h"
#include "fds.h"
#include "metric.h"
#include "region.h"
#include "slot.h"
#include "task.h"
#include "wake.h"
#include "worker.h"

#define BUCKETS 256u

/*
 * A flight that tasks of this worker have a part in.  Either one of them leads
 * it (leader), or the worker is noted in the region as waiting for it.  Its
 * leader's entry leaves the table when the flight turns out to be lost: nobody
 * joins it any more.
 */
struct once_entry {
	LIST_ENTRY(once_entry) link;	/* once.bucket, while `listed` */
	TAILQ_ENTRY(once_entry) all;	/* once.all, the same */
	struct flight f;
	const struct skep_task *leader;	/* NULL: another worker's */
	TAILQ_HEAD(, once_part) parts;	/* who waits */
	int listed;
};

struct once {
	struct worker *w;
	struct event *bell;	/* our slot's eventfd; NULL: ticks only */
	unsigned n_waiting;	/* entries without a leader of ours */
	LIST_HEAD(, once_entry) bucket[BUCKETS];
	TAILQ_HEAD(once_list, once_entry) all;
};

/* --- entries --- */

static void
entry_list(struct once *o, struct once_entry *e)
{
	LIST_INSERT_HEAD(&o->bucket[e->f.hash % BUCKETS], e, link);
	TAILQ_INSERT_TAIL(&o->all, e, all);
	e->listed = 1;
}

static void
entry_unlist(struct once *o, struct once_entry *e)
{
	if (!e->listed)
		return;
	LIST_REMOVE(e, link);
	TAILQ_REMOVE(&o->all, e, all);
	e->listed = 0;
}

/* The worker waits for it in the region, from now on or no longer. */
static void
waiting(struct once *o, int by)
{
	o->n_waiting += (unsigned)by;
	if (o->n_waiting == 0)
		wake_disarm(o->w->self);
}

static void
entry_free(struct once *o, struct once_entry *e)
{
	entry_unlist(o, e);
	if (e->leader == NULL)
		waiting(o, -1);
	free(e);
}

/* The task goes on.  One whose wait has ended by itself finds it, too. */
static void
tell(struct once_entry *e, struct once_part *p, enum once_what what, int error)
{
	TAILQ_REMOVE(&e->parts, p, link);
	p->what = (int)what;
	p->error = error;
	p->f = e->f;
	p->f.early = p->early;
	wait_wake(&p->wait, 0);
}

static void
tell_all(struct once_entry *e, enum once_what what, int error)
{
	struct once_part *p;

	while ((p = TAILQ_FIRST(&e->parts)) != NULL)
		tell(e, p, what, error);
}

/* Who would lead it: the first whose wait goes on.  NULL: none. */
static struct once_part *
heir(const struct once_entry *e)
{
	struct once_part *p;

	TAILQ_FOREACH(p, &e->parts, link)
		if (!p->wait.woken)
			return p;
	return NULL;
}

static struct flight_ask
ask_of(const struct skep_task *t, int64_t now)
{
	int64_t late = now + ONCE_LOAD_NS;

	return (struct flight_ask){ .now_ns = (uint64_t)now,
		.late_ns = (uint64_t)(t->deadline_ns < late ? t->deadline_ns
							    : late) };
}

/* --- looking again --- */

static void
lead_by(struct once *o, struct once_entry *e, struct once_part *p)
{
	e->leader = p->wait.task;
	waiting(o, -1);
	p->e = e;
	p->taken = e->f.taken;
	tell(e, p, ONCE_LEAD, 0);
}

/* What a look at it says.  May free the entry. */
static void
settle(struct once *o, struct once_entry *e, struct once_part *p, int what)
{
	switch (what) {
	case FLIGHT_WAIT:
		return;
	case FLIGHT_LEAD:
		lead_by(o, e, p);
		return;
	case FLIGHT_ERROR:
		tell_all(e, ONCE_ERROR, e->f.error);
		break;
	case FLIGHT_OVER:
		tell_all(e, ONCE_OVER, 0);
		break;
	default:
		tell_all(e, ONCE_ALONE, 0);
		break;
	}
	entry_free(o, e);
}

static void
look(struct once *o, struct once_entry *e, int64_t now)
{
	struct flight_ask ask;
	struct once_part *p;

	if (e->leader != NULL) {
		/* Overtaken: who waits here waits for another now. */
		if (cache_fill_mine(o->w->cache, &e->f) < 0) {
			entry_unlist(o, e);
			tell_all(e, ONCE_OVER, 0);
		}
		return;
	}
	p = heir(e);
	if (p == NULL)
		return;		/* the last of them is about to leave */
	ask = ask_of(p->wait.task, now);
	settle(o, e, p, cache_fill_look(o->w->cache, &e->f, &ask));
}

/* Armed first, then looked: what is made true meanwhile rings (wake.h). */
static void
look_all(struct once *o)
{
	int64_t now = clock_mono_ns();
	struct once_entry *e, *next;

	if (o->n_waiting > 0)
		(void)wake_arm(o->w->self, WAKE_EVENT);
	for (e = TAILQ_FIRST(&o->all); e != NULL; e = next) {
		next = TAILQ_NEXT(e, all);
		look(o, e, now);
	}
}

void
once_tick(struct once *o)
{
	if (o != NULL && !TAILQ_EMPTY(&o->all))
		look_all(o);
}

static void
on_bell(evutil_socket_t fd, short what, void *arg)
{
	struct once *o = arg;
	uint64_t n;

	(void)what;
	(void)loop_now(&o->w->loop);
	/* Empty is fine: it rang for nothing. */
	if (read(fd, &n, sizeof n) < 0 && errno != EAGAIN && errno != EINTR)
		worker_broken(o->w, "eventfd", errno);
	look_all(o);
}

/* --- coming --- */

/* A flight of the hash that one more may join. */
static struct once_entry *
find(struct once *o, uint64_t hash, int *early)
{
	struct once_entry *e;

	LIST_FOREACH(e, &o->bucket[hash % BUCKETS], link)
		if (e->f.hash == hash &&
		    cache_fill_open(o->w->cache, &e->f, early) &&
		    (e->leader == NULL ||
			cache_fill_mine(o->w->cache, &e->f) == 1))
			return e;
	return NULL;
}

static int
wait_in(struct once *o, struct once_entry *e, struct skep_task *t,
    struct once_part *p)
{
	int rc;

	metric_add(o->w->self, METRIC_FILL_WAITS, !p->waited);
	p->waited = 1;
	p->what = 0;
	wait_init(&p->wait, t);
	TAILQ_INSERT_TAIL(&e->parts, p, link);
	if (e->leader == NULL && TAILQ_FIRST(&e->parts) == p) {
		/* The first: it may have ended before we were armed. */
		struct flight_ask ask = ask_of(t, clock_mono_ns());

		(void)wake_arm(o->w->self, WAKE_EVENT);
		settle(o, e, p, cache_fill_look(o->w->cache, &e->f, &ask));
	}
	rc = p->what != 0 ? 0 : wait_for(&p->wait, WAIT_NO_LIMIT);
	if (p->what != 0)
		return p->what;
	TAILQ_REMOVE(&e->parts, p, link);
	if (e->leader == NULL && TAILQ_EMPTY(&e->parts)) {
		cache_fill_leave(o->w->cache, &e->f);
		entry_free(o, e);
	}
	return rc;
}

/* A flight of the region's that no task of ours has a part in. */
static int
begin(struct once *o, struct skep_task *t, struct skep_str key,
    struct once_part *p)
{
	struct flight_ask ask = ask_of(t, clock_mono_ns());
	struct once_entry *e = calloc(1, sizeof *e);
	int what;

	if (e == NULL)
		return ONCE_ALONE;
	TAILQ_INIT(&e->parts);
	what = cache_fill_begin(o->w->cache, key.p, key.n, &ask, &e->f);
	switch (what) {
	case FLIGHT_LEAD:
		e->leader = t;
		entry_list(o, e);
		p->e = e;
		p->taken = e->f.taken;
		return ONCE_LEAD;
	case FLIGHT_WAIT:
		entry_list(o, e);
		waiting(o, 1);
		p->early = e->f.early;
		return wait_in(o, e, t, p);
	case FLIGHT_ERROR:
		p->error = e->f.error;
		break;
	default:
		break;
	}
	free(e);
	if (what == -EINVAL || what == -EMSGSIZE)
		return what;
	return what == FLIGHT_ERROR ? ONCE_ERROR : ONCE_ALONE;
}

int
once_come(struct once *o, struct skep_task *t, struct skep_str key,
    struct once_part *p)
{
	struct once_entry *e;

	if (t->canceled)
		return -ECANCELED;
	if (t->deadline_ns != TASK_NEVER && clock_mono_ns() >= t->deadline_ns)
		return -ETIMEDOUT;
	e = find(o, cache_fill_hash(o->w->cache, key.p, key.n), &p->early);
	if (e == NULL)
		return begin(o, t, key, p);
	if (e->leader == t)
		return -EDEADLK;
	return wait_in(o, e, t, p);
}

int
once_try(struct once *o, struct skep_task *leader, struct skep_str key,
    struct once_entry **e_out)
{
	int64_t now = clock_mono_ns();
	struct flight_ask ask = ask_of(leader, now);
	uint64_t hash = cache_fill_hash(o->w->cache, key.p, key.n);
	struct once_entry *e;
	int early;

	if (find(o, hash, &early) != NULL ||
	    cache_fill_up(o->w->cache, hash, (uint64_t)now) ||
	    (e = calloc(1, sizeof *e)) == NULL)
		return 0;
	TAILQ_INIT(&e->parts);
	ask.no_wait = 1;
	if (cache_fill_begin(o->w->cache, key.p, key.n, &ask, &e->f) !=
	    FLIGHT_LEAD) {
		free(e);
		return 0;
	}
	e->leader = leader;
	entry_list(o, e);
	*e_out = e;
	return 1;
}

const struct flight *
once_flight(const struct once_entry *e)
{
	return &e->f;
}

int
once_awaited(const struct once_entry *e)
{
	return !TAILQ_EMPTY(&e->parts);
}

void
once_over(struct once *o, struct once_entry *e, enum once_what what, int error)
{
	tell_all(e, what, error);
	entry_free(o, e);
}

/* --- life --- */

int
once_open(struct once **out, struct worker *w)
{
	struct once *o = calloc(1, sizeof *o);
	unsigned i;

	*out = NULL;
	if (o == NULL)
		return -ENOMEM;
	o->w = w;
	TAILQ_INIT(&o->all);
	for (i = 0; i < BUCKETS; i++)
		LIST_INIT(&o->bucket[i]);
	if (w->region->event_base >= 0 &&
	    w->self->number < w->region->n_events) {
		o->bell = event_new(w->loop.base,
		    w->region->event_base + (int)w->self->number,
		    EV_READ | EV_PERSIST, on_bell, o);
		if (o->bell == NULL || event_add(o->bell, NULL) < 0) {
			once_close(&o);
			return -ENOMEM;
		}
	}
	*out = o;
	return 0;
}

void
once_close(struct once **op)
{
	struct once *o = *op;
	struct once_entry *e;

	*op = NULL;
	if (o == NULL)
		return;
	if (o->bell != NULL)
		event_free(o->bell);
	/* Of tasks that the deadline has left behind: what they lead is handed
	 * on with the slot. */
	while ((e = TAILQ_FIRST(&o->all)) != NULL) {
		entry_unlist(o, e);
		free(e);
	}
	free(o);
}
