/*
 * skep_cache_fill(): look into the cache; on a miss load, or wait for who does
 * (once.h, shm/cache_fill.h).
 */
#include <errno.h>
#include <string.h>

#include <skep/cache.h>

#include "cache_fill.h"
#include "clock.h"
#include "keep.h"
#include "metric.h"
#include "once.h"
#include "room.h"
#include "task.h"
#include "worker.h"

/* One call. */
struct fill {
	struct skep_task *t;
	struct worker *w;
	struct skep_str key, arg;
	const struct skep_keep *keep;
	skep_fill_fn *load;
	struct skep_str *val_out;
	struct once_part part;
};

static void
count(const struct fill *x, enum metric_id id)
{
	metric_add(x->w->self, id, 1);
}

/* Run the loader.  0 and *val_out, -errno. */
static int
load(struct fill *x)
{
	int rc;

	count(x, METRIC_FILL_LOADS);
	rc = x->load(x->t, x->arg, x->val_out);
	if (rc >= 0)
		return 0;
	count(x, METRIC_FILL_ERRORS);
	return rc;
}

/* What a flight has left: 1 and *val_out, 0, -errno. */
static int
result(struct fill *x, const struct flight *f)
{
	struct cache_room room = room_of(x->t);
	int rc = cache_fill_result(x->w->cache, f, x->key.p, x->key.n, &room,
	    NULL);

	if (rc == 1)
		*x->val_out = room_claim(x->t, &room);
	return rc;
}

/* The error is this task's alone: it says nothing of the key. */
static int
is_own(const struct skep_task *t, int64_t now)
{
	return t->canceled || task_error(t) < 0 || now >= t->deadline_ns;
}

static void
failed(struct fill *x, int rc)
{
	struct once_entry *e = x->part.e;
	int64_t now = clock_mono_ns();

	if (is_own(x->t, now)) {
		cache_fill_pass(x->w->cache, once_flight(e));
		once_over(x->w->once, e, ONCE_OVER, 0);
		return;
	}
	cache_fill_fail(x->w->cache, once_flight(e), -rc, (uint64_t)now);
	once_over(x->w->once, e, ONCE_ERROR, -rc);
}

static void
loaded(struct fill *x)
{
	struct once_entry *e = x->part.e;
	struct cache_opt opt = keep_opt(x->t, x->keep);
	int rc;

	rc = cache_fill_done(x->w->cache, once_flight(e), x->key.p, x->key.n,
	    x->val_out->p, x->val_out->n, &opt, once_awaited(e),
	    (uint64_t)clock_mono_ns());
	if (rc == 0 || rc == -ECANCELED)
		count(x, METRIC_FILL_VOID);
	once_over(x->w->once, e, rc < 0 && rc != -ECANCELED ? ONCE_ALONE
							    : ONCE_OVER, 0);
}

/* The load is ours, unless it was done since we looked. */
static int
lead(struct fill *x)
{
	struct once_entry *e = x->part.e;
	struct flight f = *once_flight(e);
	int rc;

	f.early = 0;
	rc = result(x, &f);
	if (rc != 0) {
		cache_fill_end(x->w->cache, &f);
		once_over(x->w->once, e, ONCE_OVER, 0);
		return rc < 0 ? rc : 0;
	}
	metric_add(x->w->self, METRIC_FILL_TAKEN, x->part.taken);
	rc = load(x);
	if (rc < 0)
		failed(x, rc);
	else
		loaded(x);
	return rc;
}

static int
alone(struct fill *x)
{
	count(x, METRIC_FILL_ALONE);
	return load(x);
}

static int
miss(struct fill *x)
{
	int rc;

	for (;;) {
		rc = once_come(x->w->once, x->t, x->key, &x->part);
		if (rc < 0)
			return rc;
		switch (rc) {
		case ONCE_LEAD:
			return lead(x);
		case ONCE_OVER:
			rc = result(x, &x->part.f);
			if (rc != 0)
				return rc < 0 ? rc : 0;
			break;		/* invalidated since: again */
		case ONCE_ERROR:
			return -x->part.error;
		default:
			return alone(x);
		}
	}
}

int
skep_cache_fill(struct skep_task *t, struct skep_str key,
    const struct skep_keep *keep, skep_fill_fn *fn, struct skep_str arg,
    struct skep_str *val_out)
{
	int rc = skep_cache_get(t, key, val_out);
	struct fill x;

	if (rc != 0 && rc != -ENOTSUP)
		return rc;
	memset(&x, 0, sizeof x);
	x.t = t;
	x.w = t->worker;
	x.key = key;
	x.arg = arg;
	x.keep = keep;
	x.load = fn;
	x.val_out = val_out;
	/* -ENOTSUP: there is no cache, and nothing to share. */
	rc = rc == 0 ? miss(&x) : alone(&x);
	if (rc < 0)
		*val_out = skep_strn(NULL, 0);
	return rc;
}
