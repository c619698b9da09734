/* The calls of skep/cache.h: the region's cache, with the task's memory. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <skep/cache.h>

#include "cache.h"
#include "conf.h"
#include "keep.h"
#include "room.h"
#include "task.h"
#include "worker.h"

#define MGET_GUESS 256	/* room given to each value before its size is known */

/* The view, or -errno in *rc. */
static struct cache *
view(struct skep_task *t, int *rc)
{
	*rc = task_error(t);
	if (*rc == 0 && t->worker->cache == NULL)
		*rc = -ENOTSUP;
	return *rc == 0 ? t->worker->cache : NULL;
}

int
skep_cache_get_info(struct skep_task *t, struct skep_str key,
    struct skep_str *val_out, struct skep_cache_info *info_out)
{
	struct cache_info info;
	struct cache_room room;
	struct cache *c;
	int rc;

	*val_out = skep_strn(NULL, 0);
	if ((c = view(t, &rc)) == NULL)
		return rc;
	room = room_of(t);
	rc = cache_get(c, key.p, key.n, &room, info_out != NULL ? &info : NULL);
	if (rc <= 0)
		return rc;
	*val_out = room_claim(t, &room);
	if (info_out != NULL) {
		memset(info_out, 0, sizeof *info_out);
		info_out->cas = info.cas;
		info_out->flags = info.flags;
		info_out->ttl_left = info.ttl_left_ns;
		info_out->size = room.len;
	}
	return 1;
}

int
skep_cache_get(struct skep_task *t, struct skep_str key,
    struct skep_str *val_out)
{
	return skep_cache_get_info(t, key, val_out, NULL);
}

struct look {
	int (*fn)(struct skep_str val, void *arg);
	void *arg;
	int in_pieces;
};

static int
look_here(const struct iovec *iov, unsigned n, const struct cache_info *info,
    void *arg)
{
	struct look *l = arg;

	(void)info;
	if (n == 1)
		return l->fn(skep_strn(iov->iov_base, iov->iov_len), l->arg);
	l->in_pieces = 1;
	return 0;
}

int
skep_cache_look(struct skep_task *t, struct skep_str key,
    int (*fn)(struct skep_str val, void *arg), void *arg)
{
	struct look l = { fn, arg, 0 };
	struct skep_str val;
	struct cache *c;
	int rc;

	if ((c = view(t, &rc)) == NULL)
		return rc;
	rc = cache_look(c, key.p, key.n, look_here, &l);
	if (!l.in_pieces)
		return rc;
	/* Longer than a segment: it has to be put together first. */
	rc = skep_cache_get(t, key, &val);
	return rc <= 0 ? rc : fn(val, arg);
}

int
skep_cache_mget(struct skep_task *t, const struct skep_str *keys, size_t n,
    struct skep_str *vals_out)
{
	struct cache_mget *v;
	struct cache *c;
	size_t i;
	int rc, n_hits = 0;

	memset(vals_out, 0, n * sizeof *vals_out);
	if ((c = view(t, &rc)) == NULL)
		return rc;
	if (n == 0)
		return 0;
	if (n > SIZE_MAX / sizeof *v || n > INT32_MAX ||
	    (v = skep_alloc(t, n * sizeof *v)) == NULL)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		v[i].key = keys[i].p;
		v[i].key_len = keys[i].n;
		v[i].room.buf = task_take(t, MGET_GUESS);
		v[i].room.cap = v[i].room.buf != NULL ? MGET_GUESS : 0;
		v[i].room.alloc = room_alloc;
		v[i].room.arg = t;
	}
	if ((rc = task_error(t)) < 0 || (rc = cache_mget(c, v, n)) < 0)
		return rc;
	for (i = 0; i < n; i++) {
		if (v[i].rc <= 0)
			continue;
		vals_out[i] = skep_strn(v[i].room.buf, v[i].room.len);
		n_hits++;
	}
	rc = task_error(t);
	return rc < 0 ? rc : n_hits;
}

struct cache_opt
keep_opt(const struct skep_task *t, const struct skep_keep *keep)
{
	struct cache_opt o = { 0 };

	if (keep == NULL) {
		o.ttl_ns = conf_num(t->worker->conf, OPT_cache_ttl);
	} else {
		o.ttl_ns = keep->ttl;
		o.flags = keep->flags;
		o.since = keep->since;
	}
	return o;
}

static int
put(struct skep_task *t, enum cache_op op, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val, uint64_t cas)
{
	struct cache_opt opt;
	struct cache *c;
	int rc;

	if ((c = view(t, &rc)) == NULL)
		return rc;
	opt = keep_opt(t, keep);
	opt.cas = cas;
	return cache_put(c, op, key.p, key.n, val.p, val.n, &opt, NULL);
}

int
skep_cache_put(struct skep_task *t, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val)
{
	int rc = put(t, CACHE_SET, key, keep, val, 0);

	return rc > 0 ? 0 : rc;
}

int
skep_cache_mput(struct skep_task *t, const struct skep_str *keys,
    const struct skep_str *vals, size_t n, const struct skep_keep *keep)
{
	struct cache_mset *v;
	struct cache *c;
	size_t i;
	int rc;

	if ((c = view(t, &rc)) == NULL)
		return rc;
	if (n == 0)
		return 0;
	if (n > SIZE_MAX / sizeof *v || n > INT32_MAX ||
	    (v = skep_alloc(t, n * sizeof *v)) == NULL)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		v[i].key = keys[i].p;
		v[i].key_len = keys[i].n;
		v[i].val = vals[i].p;
		v[i].val_len = vals[i].n;
		v[i].opt = keep_opt(t, keep);
	}
	rc = cache_mset(c, v, n);
	return rc == 0 ? v[0].rc : rc;	/* none: the first one's reason */
}

int
skep_cache_add(struct skep_task *t, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val)
{
	return put(t, CACHE_ADD, key, keep, val, 0);
}

int
skep_cache_replace(struct skep_task *t, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val)
{
	return put(t, CACHE_REPLACE, key, keep, val, 0);
}

int
skep_cache_cas(struct skep_task *t, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val, uint64_t cas)
{
	return put(t, CACHE_CAS, key, keep, val, cas);
}

int
skep_cache_append(struct skep_task *t, struct skep_str key,
    struct skep_str more)
{
	return put(t, CACHE_APPEND, key, NULL, more, 0);
}

int
skep_cache_prepend(struct skep_task *t, struct skep_str key,
    struct skep_str more)
{
	return put(t, CACHE_PREPEND, key, NULL, more, 0);
}

int
skep_cache_incr(struct skep_task *t, struct skep_str key, uint64_t by,
    uint64_t *now_out)
{
	struct cache *c;
	int rc;

	if ((c = view(t, &rc)) == NULL)
		return rc;
	return cache_incr(c, key.p, key.n, by, now_out);
}

int
skep_cache_decr(struct skep_task *t, struct skep_str key, uint64_t by,
    uint64_t *now_out)
{
	struct cache *c;
	int rc;

	if ((c = view(t, &rc)) == NULL)
		return rc;
	return cache_decr(c, key.p, key.n, by, now_out);
}

int
skep_cache_touch(struct skep_task *t, struct skep_str key, int64_t ttl)
{
	struct cache *c;
	int rc;

	if ((c = view(t, &rc)) == NULL)
		return rc;
	return cache_touch(c, key.p, key.n, ttl);
}

int
skep_cache_del(struct skep_task *t, struct skep_str key)
{
	struct cache *c;
	int rc;

	if ((c = view(t, &rc)) == NULL)
		return rc;
	return cache_del(c, key.p, key.n);
}
