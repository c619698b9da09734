/* cache_fill.c - flights of the cache's keys; results for those who waited */
#include "cache_fill.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cache_int.h"
#include "crash.h"
#include "index.h"

/* Long enough for a waiter that looks each 100 ms, on a busy machine. */
#define LEFT_NS INT64_C(1000000000)

/* The key of what a flight leaves to its waiters: longer than any caller's may
 * be.  Two keys of one hash share a flight, but not this. */
#define LEFT_KEY (CACHE_KEY_MAX + 1)
static_assert(LEFT_KEY <= ITEM_KEY_MAX, "a record has room for it");

struct left {
	uint32_t entry, generation;
	uint64_t hash, other[2];
};

static void
left_key(const struct cache *c, const struct flight *f, const void *key,
    size_t key_len, char out[LEFT_KEY])
{
	XXH128_hash_t h = XXH3_128bits_withSecret(key, key_len, c->m.secret,
	    REGION_SECRET);
	const struct left l = { f->entry, flight_generation(f->word), f->hash,
		{ h.low64, h.high64 } };

	memset(out, 0, LEFT_KEY);
	memcpy(out, &l, sizeof(l));
}

uint64_t
cache_fill_hash(const struct cache *c, const void *key, size_t key_len)
{
	return index_hash(&c->m, key, key_len);
}

int
cache_fill_begin(struct cache *c, const void *key, size_t key_len,
    const struct flight_ask *ask, struct flight *f)
{
	int rc = cache_key_bad(key_len);

	if (rc == 0 && c->me == NULL)
		rc = -EROFS;
	if (rc < 0)
		return rc;
	return flight_begin(&c->m, c->me, index_hash(&c->m, key, key_len), ask,
	    f);
}

int
cache_fill_look(struct cache *c, struct flight *f,
    const struct flight_ask *ask)
{
	return flight_look(&c->m, c->me, f, ask);
}

int
cache_fill_up(const struct cache *c, uint64_t hash, uint64_t now)
{
	return flight_up(&c->m, hash, now);
}

int
cache_fill_open(const struct cache *c, const struct flight *f, int *early)
{
	return flight_open(&c->m, f, early);
}

void
cache_fill_leave(struct cache *c, const struct flight *f)
{
	flight_leave(&c->m, c->me, f);
}

int
cache_fill_mine(const struct cache *c, const struct flight *f)
{
	return flight_mine(&c->m, f);
}

int
cache_fill_result(struct cache *c, const struct flight *f, const void *key,
    size_t key_len, struct cache_room *room, struct cache_info *info)
{
	char left[LEFT_KEY];
	int rc = cache_get_again(c, key, key_len, room, info);

	if (rc != 0 || !f->early)
		return rc;
	left_key(c, f, key, key_len, left);
	return cache_get_again(c, left, LEFT_KEY, room, info);
}

/* Lay the result down for those who waited.  As cache_store(). */
static int
leave(struct cache *c, const struct flight *f, const void *key, size_t key_len,
    const void *val, size_t val_len, const struct cache_opt *opt)
{
	char left[LEFT_KEY];
	struct cache_want w;

	left_key(c, f, key, key_len, left);
	memset(&w, 0, sizeof(w));
	w.op = CACHE_SET;
	w.key = left;
	w.key_len = LEFT_KEY;
	w.hash = index_hash(&c->m, left, LEFT_KEY);
	w.val = val_len == 0 ? "" : val;
	w.val_len = val_len;
	w.plan.flags = opt == NULL ? 0 : opt->flags;
	w.plan.born = (uint32_t)cache_now(c);
	w.plan.now = tick_now(c->m.region);
	w.plan.expiry = cache_expiry(w.plan.now, LEFT_NS);
	return cache_store(c, &w, NULL);
}

int
cache_fill_done(struct cache *c, const struct flight *f, const void *key,
    size_t key_len, const void *val, size_t val_len,
    const struct cache_opt *opt, int keep, uint64_t now)
{
	struct flight_wake wake;
	int rc = cache_put_flight(c, f, key, key_len, val, val_len, opt, &wake);

	if (rc == 1) {
		flight_wake(&c->m, &wake);
		return 1;
	}
	if (rc == -ECHILD || flight_mine(&c->m, f) < 0)
		return rc == -ECHILD ? rc : -ECANCELED;
	/* Who comes now is late for it, or the value cannot be stored at all. */
	if (rc == -ECANCELED || rc == 0) {
		rc = 0;
		if (keep || flight_awaited(&c->m, f))
			rc = leave(c, f, key, key_len, val, val_len, opt);
		CRASH_POINT("cache.fill.left");
		rc = rc < 0 ? rc : 0;
	}
	if (rc == 0)
		flight_end(&c->m, c->me, f);
	else
		flight_fail(&c->m, c->me, f, 0, now);
	return rc;
}

void
cache_fill_end(struct cache *c, const struct flight *f)
{
	flight_end(&c->m, c->me, f);
}

void
cache_fill_fail(struct cache *c, const struct flight *f, int error,
    uint64_t now)
{
	flight_fail(&c->m, c->me, f, error, now);
}

void
cache_fill_pass(struct cache *c, const struct flight *f)
{
	flight_pass(&c->m, c->me, f);
}
