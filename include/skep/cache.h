/*
 * cache.h - the cache that all workers share.
 *
 * Keys are 1 to 250 bytes, values up to cache.value_max.  Every call is done in
 * the calling process; none waits, but for skep_cache_fill().  Failures:
 * -EMSGSIZE (key or value too long), -ENOBUFS (no memory could be freed),
 * -EBUSY (a lock was not free in time), -ENOMEM (task memory).
 */
#ifndef SKEP_CACHE_H
#define SKEP_CACHE_H

#include <skep/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How to keep a value.  All zero: no expiry, no flags. */
struct skep_keep {
	int64_t ttl;		/* nanoseconds, at least 1 ms; 0: none */
	uint32_t flags;		/* the caller's own, given back with the value */
	uint32_t reserved0;
	const char *tag;	/* reserved for invalidation by tag */
	uint64_t since;		/* reserved for fills */
	void *reserved[4];
};

/* What is known of a stored value. */
struct skep_cache_info {
	uint64_t cas;		/* changes with every change of the value */
	uint32_t flags;
	uint32_t reserved0;
	int64_t ttl_left;	/* nanoseconds; 0: does not expire */
	size_t size;
};

/* get: 1 hit, 0 miss, -errno.  The value is copied into the task's memory. */
int skep_cache_get(struct skep_task *, struct skep_str key,
    struct skep_str *val_out);
int skep_cache_get_info(struct skep_task *, struct skep_str key,
    struct skep_str *val_out, struct skep_cache_info *info_out);

/*
 * The same without the copy: look() runs on the value in place, inside the read
 * section; it may not wait, allocate, log or keep the pointer.  Returns what
 * look() returned, else 0 miss, -errno.
 */
int skep_cache_look(struct skep_task *, struct skep_str key,
    int (*look)(struct skep_str val, void *arg), void *arg);

/* Several keys at once: fills vals_out[i] (absent where it missed); returns the number of hits, -errno. */
int skep_cache_mget(struct skep_task *, const struct skep_str *keys,
    size_t n, struct skep_str *vals_out);

/* put: 0 stored, -errno.  keep NULL: no flags, and cache.ttl of the configuration. */
int skep_cache_put(struct skep_task *, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val);
/* Several pairs with one keep; returns how many were stored, -errno when none was. */
int skep_cache_mput(struct skep_task *, const struct skep_str *keys,
    const struct skep_str *vals, size_t n, const struct skep_keep *keep);

/* Only if absent / only if present: 1 stored, 0 not, -errno. */
int skep_cache_add(struct skep_task *, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val);
int skep_cache_replace(struct skep_task *, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val);

/* Only if unchanged since cas was read: 1 stored, 0 absent, -EEXIST changed, -errno. */
int skep_cache_cas(struct skep_task *, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val, uint64_t cas);

/* Extend a present value, keeping its flags and expiry: 1, 0 absent, -errno. */
int skep_cache_append(struct skep_task *, struct skep_str key,
    struct skep_str more);
int skep_cache_prepend(struct skep_task *, struct skep_str key,
    struct skep_str more);

/* Add to a decimal number, wrapping at 2^64; or subtract, stopping at 0: 1, 0 absent, -EINVAL no number, -errno. */
int skep_cache_incr(struct skep_task *, struct skep_str key, uint64_t by,
    uint64_t *now_out);
int skep_cache_decr(struct skep_task *, struct skep_str key, uint64_t by,
    uint64_t *now_out);

/* A new time to live (0: none): 1, 0 absent, -errno. */
int skep_cache_touch(struct skep_task *, struct skep_str key, int64_t ttl);

/* 1 removed, 0 absent, -errno. */
int skep_cache_del(struct skep_task *, struct skep_str key);

/*
 * Makes the value of a key that is not in the cache, from arg.  0 and *val_out,
 * whose bytes live as long as the task's; or -errno.  May wait.
 */
typedef int skep_fill_fn(struct skep_task *, struct skep_str arg,
    struct skep_str *val_out);

/*
 * The value of key: from the cache, or made by load() and kept as keep says
 * (NULL: as for put).  May wait.
 *
 * Of all the tasks of all workers that miss a key at the same time one runs its
 * load(), in the calling task; the others wait for the result.  When that one
 * dies, gives up or takes longer than its deadline, another of them loads.
 * Deleting or changing the key while it is being loaded keeps the result out of
 * the cache, and so does an invalidation; those who had asked before get it all
 * the same, who asks after it has the key loaded anew.
 *
 * Returns 1 it was in the cache; 0 it was loaded, by this task or another; else
 * what load() failed with (for 100 ms everyone's answer, then it is tried
 * again), -ETIMEDOUT (the task's deadline), -ECANCELED, -EDEADLK (load() asks
 * for the very key it is loading), -errno as get.  That a value cannot be
 * stored is no failure.  The value's bytes live as long as the task.
 */
int skep_cache_fill(struct skep_task *, struct skep_str key,
    const struct skep_keep *keep, skep_fill_fn *load, struct skep_str arg,
    struct skep_str *val_out);

#ifdef __cplusplus
}
#endif
#endif
