/*
 * cache_fill.h - filling on a miss, once for all who ask: flights (flight.h)
 * of the cache's keys, and what becomes of the result.
 *
 *	cache_get()			a miss
 *	cache_fill_begin()
 *	  LEAD:	cache_fill_result()	it may be there by now
 *		load it
 *		cache_fill_done(), or cache_fill_fail(), or cache_fill_pass()
 *	  WAIT:	wake_arm(); cache_fill_look(); sleep, at most 100 ms; look again
 *		until it says OVER; then cache_fill_result(), and on a miss
 *		begin again
 *
 * WHAT IS STORED.  The result of a load, unless the key was changed or deleted
 * since the flight began, or its tags, its namespace or everything were
 * invalidated, or the flight was taken over: then it is not.  Nothing is ever
 * found under the key that was loaded before an invalidation.
 *
 * WHO GETS IT all the same: those who asked before the invalidation.  For them
 * it lies a second under a key that no caller can have, made of the flight and
 * theirs.  Who asked after it finds no flight, or a record that is not served,
 * and begins anew.
 *
 * All calls return at once, but for the lock of a bucket (cache.h).  A view's
 * thread calls them.
 */
#ifndef SHM_CACHE_FILL_H
#define SHM_CACHE_FILL_H

#include "cache.h"
#include "flight.h"

/* By which its flight is found. */
uint64_t cache_fill_hash(const struct cache *, const void *key,
    size_t key_len);

/* A key that was not found.  As flight_begin(); -EINVAL, -EMSGSIZE key. */
int cache_fill_begin(struct cache *, const void *key, size_t key_len,
    const struct flight_ask *, struct flight *out);

/* As flight_look(). */
int cache_fill_look(struct cache *, struct flight *, const struct flight_ask *);

/* As flight_up(). */
int cache_fill_up(const struct cache *, uint64_t hash, uint64_t now_ns);

/* As flight_open(): whether one more may wait with us. */
int cache_fill_open(const struct cache *, const struct flight *,
    int *early_out);

/* As flight_leave(). */
void cache_fill_leave(struct cache *, const struct flight *);

/* As flight_mine(). */
int cache_fill_mine(const struct cache *, const struct flight *);

/*
 * The value, from the cache, or from the flight for who was early.  1, 0,
 * -errno as cache_get(); counts as neither hit nor miss.
 */
int cache_fill_result(struct cache *, const struct flight *, const void *key,
    size_t key_len, struct cache_room *, struct cache_info *);

/*
 * The load is done: store its result (opt->since is the flight's), end the
 * flight, wake who waits.  keep: others of our own process wait, too.
 *
 * 1 stored; 0 not, since it is not what the key stands for any more, or is not
 * to be kept: who waited early finds it; -ECANCELED another has taken over,
 * and nothing was done; -errno as cache_put(): who waits will load alone.  In
 * all cases the flight is over.
 */
int cache_fill_done(struct cache *, const struct flight *, const void *key,
    size_t key_len, const void *val, size_t val_len, const struct cache_opt *,
    int keep, uint64_t now_ns);

/* It was there already: the flight is over. */
void cache_fill_end(struct cache *, const struct flight *);

/* As flight_fail(), flight_pass(). */
void cache_fill_fail(struct cache *, const struct flight *, int error,
    uint64_t now_ns);
void cache_fill_pass(struct cache *, const struct flight *);

#endif
