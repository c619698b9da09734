/*
 * cache_change.c - put in all its forms, and what reads before it writes.
 *
 * append, prepend, incr, decr and touch copy the value out, make the new one
 * and store it on the condition that the record is still the one that was read
 * (by its cas); if not, they start again.  Whoever made it change has made
 * progress.
 */
#include "cache_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "epoch.h"
#include "index.h"

#define CHANGE_TRIES 10000	/* lost races; far beyond what fairness gives */
#define DIGITS 20u		/* of 2^64 - 1 */

static int
begin(struct cache *c, struct cache_want *w, const void *key, size_t key_len)
{
	int rc = cache_key_bad(key_len);

	if (rc == 0)
		rc = c->me == NULL ? -EROFS : slot_check(c->me);
	if (rc < 0)
		return rc;
	memset(w, 0, sizeof(*w));
	w->key = key;
	w->key_len = key_len;
	w->hash = index_hash(&c->m, key, key_len);
	__builtin_prefetch(&c->m.line[index_bucket(&c->m, w->hash)], 1);
	return 0;
}

/* What a change starts from. */
struct seen {
	uint64_t cas;
	size_t len;
	uint32_t flags;
	uint64_t expiry;	/* tick, 0 never */
	uint64_t now;
	uint32_t born;
};

static int
scratch_grow(struct cache *c, size_t n)
{
	char *p;

	if (n <= c->scratch_size)
		return 0;
	p = realloc(c->scratch, n);
	if (p == NULL)
		return -ENOMEM;
	c->scratch = p;
	c->scratch_size = n;
	return 0;
}

static void *
scratch_alloc(void *arg, size_t n)
{
	struct cache *c = arg;

	return scratch_grow(c, n) == 0 ? c->scratch : NULL;
}

static int
read_once(struct cache *c, const struct cache_want *w, struct seen *s)
{
	struct look f;
	int rc = epoch_enter(c->me);

	if (rc != 0)
		return rc;
	if (look_find(&c->m, w->key, w->key_len, w->hash, &f) &&
	    cache_valid(c, f.item, &f.v)) {
		s->len = item_value_len(&f.v);
		s->cas = item_cas(f.item);
		s->flags = f.v.flags;
		s->expiry = f.v.expires ? s->now + item_left(&f.v, s->now) : 0;
		rc = s->len > c->scratch_size ? -ENOSPC
		    : cache_chunks_copy(&c->m, &f.v, c->scratch);
		rc = rc == 0 ? 1 : rc;
	}
	epoch_leave(c->me);
	return rc;
}

/* The value into c->scratch: 1, 0 absent, -errno. */
static int
read_value(struct cache *c, const struct cache_want *w, struct seen *s)
{
	int rc;

	if (scratch_grow(c, 1) < 0)	/* an empty value has a place, too */
		return -ENOMEM;
	s->now = tick_now(c->m.region);
	s->born = (uint32_t)ld_acq(&c->m.hot[CMAP_CLOCK]);
	while ((rc = read_once(c, w, s)) == -ENOSPC)
		if (scratch_alloc(c, s->len) == NULL)
			return -ENOMEM;
	return rc;
}

/* Makes the new value from c->scratch: *w and *s may be changed.  1 or what the
 * call is to return. */
typedef int change_fn(struct cache *, struct cache_want *w, struct seen *s,
    void *arg);

static int
change_value(struct cache *c, struct cache_want *w, change_fn *fn, void *arg,
    uint64_t *cas_out)
{
	struct seen s;
	int rc;

	for (unsigned i = 0; i < CHANGE_TRIES; i++) {
		rc = read_value(c, w, &s);
		if (rc != 1)
			return rc;
		w->op = CACHE_SET;
		w->expect = s.cas;
		rc = fn(c, w, &s, arg);
		if (rc != 1)
			return rc;
		w->plan.flags = s.flags;
		w->plan.born = s.born;
		w->plan.now = s.now;
		w->plan.expiry = s.expiry;
		rc = cache_store(c, w, cas_out);
		if (rc != -EAGAIN)
			return rc;
	}
	return -EBUSY;
}

struct extension {
	const void *p;
	size_t n;
	int front;
};

static int
change_extend(struct cache *c, struct cache_want *w, struct seen *s, void *arg)
{
	const struct extension *e = arg;

	if (e->n > c->m.value_max || s->len + e->n > c->m.value_max)
		return -EMSGSIZE;
	if (scratch_grow(c, s->len + e->n) < 0)
		return -ENOMEM;
	if (e->front) {
		memmove(c->scratch + e->n, c->scratch, s->len);
		memcpy(c->scratch, e->p, e->n);
	} else {
		memcpy(c->scratch + s->len, e->p, e->n);
	}
	w->val = c->scratch;
	w->val_len = s->len + e->n;
	return 1;
}

static int
put(struct cache *c, enum cache_op op, struct cache_want *w, const void *val,
    size_t val_len, const struct cache_opt *opt, uint64_t *cas_out)
{
	static const struct cache_opt none;
	struct extension e = { val, val_len, op == CACHE_PREPEND };

	if (opt == NULL)
		opt = &none;
	/* memcpy() may not be given NULL, not even for nothing. */
	if (val_len == 0)
		e.p = val = "";
	if (opt->ttl_ns < 0 || op > CACHE_PREPEND)
		return -EINVAL;
	if (op == CACHE_APPEND || op == CACHE_PREPEND)
		return change_value(c, w, change_extend, &e, cas_out);
	w->op = op;
	w->cas = opt->cas;
	w->val = val;
	w->val_len = val_len;
	w->plan.flags = opt->flags;
	/* Of when the value was made, not of when it is stored: what was
	 * invalidated in between stays invalid.  Never of the future, which no
	 * invalidation would meet. */
	w->plan.born = (uint32_t)cache_now(c);
	if (opt->since != 0 && opt->since < cache_now(c))
		w->plan.born = (uint32_t)opt->since;
	if (opt->ttl_ns != 0) {
		w->plan.now = tick_now(c->m.region);
		w->plan.expiry = cache_expiry(w->plan.now, opt->ttl_ns);
	} else {
		w->plan.now = tick_hint(c->m.region);
	}
	return cache_store(c, w, cas_out);
}

int
cache_put(struct cache *c, enum cache_op op, const void *key, size_t key_len,
    const void *val, size_t val_len, const struct cache_opt *opt,
    uint64_t *cas_out)
{
	struct cache_want w;
	int rc = begin(c, &w, key, key_len);

	return rc < 0 ? rc : put(c, op, &w, val, val_len, opt, cas_out);
}

int
cache_put_flight(struct cache *c, const struct flight *f, const void *key,
    size_t key_len, const void *val, size_t val_len,
    const struct cache_opt *opt, struct flight_wake *wake)
{
	struct cache_opt o = { 0 };
	struct cache_want w;
	int rc = begin(c, &w, key, key_len);

	if (rc < 0)
		return rc;
	if (opt != NULL)
		o = *opt;
	o.since = f->since;
	w.flight = f;
	w.wake = wake;
	return put(c, CACHE_SET, &w, val, val_len, &o, NULL);
}

int
cache_mset(struct cache *c, struct cache_mset *v, size_t n)
{
	int stored = 0;

	for (size_t i = 0; i < n; i++) {
		v[i].rc = cache_put(c, CACHE_SET, v[i].key, v[i].key_len,
		    v[i].val, v[i].val_len, &v[i].opt, NULL);
		if (v[i].rc == -ECHILD)
			return -ECHILD;
		stored += v[i].rc == 1;
	}
	return stored;
}

struct sum {
	uint64_t by, now;
	int down;
	char text[DIGITS];
};

static int
number(const char *p, size_t n, uint64_t *out)
{
	uint64_t v = 0;

	if (n == 0 || n > DIGITS)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		unsigned d = (unsigned)(unsigned char)p[i] - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return -EINVAL;
		v = v * 10 + d;
	}
	*out = v;
	return 0;
}

static int
change_sum(struct cache *c, struct cache_want *w, struct seen *s, void *arg)
{
	struct sum *sum = arg;
	size_t at = DIGITS;
	uint64_t v;

	if (number(c->scratch, s->len, &v) < 0)
		return -EINVAL;
	if (sum->down)
		v = v > sum->by ? v - sum->by : 0;
	else
		v += sum->by;
	sum->now = v;
	do
		sum->text[--at] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	w->val = sum->text + at;
	w->val_len = DIGITS - at;
	return 1;
}

static int
add(struct cache *c, const void *key, size_t key_len, uint64_t by, int down,
    uint64_t *now_out)
{
	struct sum sum = { .by = by, .down = down };
	struct cache_want w;
	int rc = begin(c, &w, key, key_len);

	if (rc < 0)
		return rc;
	rc = change_value(c, &w, change_sum, &sum, NULL);
	if (rc == 1 && now_out != NULL)
		*now_out = sum.now;
	return rc;
}

int
cache_incr(struct cache *c, const void *key, size_t key_len, uint64_t by,
    uint64_t *now_out)
{
	return add(c, key, key_len, by, 0, now_out);
}

int
cache_decr(struct cache *c, const void *key, size_t key_len, uint64_t by,
    uint64_t *now_out)
{
	return add(c, key, key_len, by, 1, now_out);
}

static int
change_ttl(struct cache *c, struct cache_want *w, struct seen *s, void *arg)
{
	const int64_t *ttl_ns = arg;

	s->expiry = cache_expiry(s->now, *ttl_ns);
	w->val = c->scratch;
	w->val_len = s->len;
	return 1;
}

int
cache_touch(struct cache *c, const void *key, size_t key_len, int64_t ttl_ns)
{
	struct cache_want w;
	int rc = begin(c, &w, key, key_len);

	if (rc == 0 && ttl_ns < 0)
		rc = -EINVAL;
	if (rc < 0)
		return rc;
	return change_value(c, &w, change_ttl, &ttl_ns, NULL);
}
