/*
 * cache.h - the cache that all processes share: the face of it.
 *
 * Life cycle: cache_sizes() says which sections a region needs for a budget;
 * the creator of the region passes them to region_create() and then calls
 * cache_format() once.  Each attached thread opens a view with cache_open(),
 * calls what it likes, and closes it with cache_close() before it detaches.
 * A tool without a slot opens a read-only view (cache_open_ro()) and may only
 * cache_get(), cache_stats() and check.
 *
 *	cache_get	copied out		cache_look	in place
 *	cache_put	set add replace cas append prepend
 *	cache_incr cache_decr cache_touch cache_del cache_flush
 *	cache_mget cache_mset
 *
 * A view belongs to the thread of its slot.  No call waits for a reader; a
 * writer may wait up to 100 ms for another writer of the same bucket.
 *
 * Failures that every call may return: -ECHILD (a forked child), -EUCLEAN (the
 * region makes no sense at this place: fsck), -EINVAL (key of 0 or over
 * CACHE_KEY_MAX bytes is -EMSGSIZE).  Writers also: -EMSGSIZE (value over the
 * limit), -ENOBUFS (no segment could be freed), -EBUSY (a bucket's lock was not
 * to be had), -ESTALE (the region is condemned), -EROFS (a read-only view).
 */
#ifndef SHM_CACHE_H
#define SHM_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "region.h"
#include "slot.h"

#define CACHE_KEY_MAX 250u
#define CACHE_VALUE_MAX (8u << 20)	/* default of value_max */
#define CACHE_VALUE_TOP (64u << 20)	/* the greatest value_max */
#define CACHE_TTL_MIN_NS INT64_C(1000000)

/* --- making one --- */

/* What the creator wants.  Zero is the default of every field but budget. */
struct cache_plan {
	uint64_t budget_bytes;	/* segments, index and tag cells; from 1 MiB */
	uint32_t item_bytes;	/* expected record, header included: 128 */
	uint32_t seg_bytes;	/* 0: from the budget; else a power of two, 16k..1M */
	uint32_t value_max;	/* longest value: CACHE_VALUE_MAX */
	uint64_t keys_max;	/* 0: none */
};

#define CACHE_SECTIONS 6

/*
 * The sections for a plan, to be passed to region_create().  value_max is
 * lowered to what the budget can hold (a quarter).  Returns their number
 * (CACHE_SECTIONS), or -EINVAL when the budget is under 1 MiB or a field makes
 * no sense.
 */
int cache_sizes(const struct cache_plan *, struct region_section *sections_out);

/* Write the first words into a fresh region that was made with those
 * sections, before anyone else can attach.  0 or -EINVAL. */
int cache_format(struct region *, const struct cache_plan *);

/* --- opening --- */

struct cache;

/*
 * Once a process and region, before a second thread: registers the repair of
 * the cache's locks and segments and its maintenance (reap.h, maint.h).
 * cache_open() does it too when it was not done; a mender needs only this.
 * 0, -ENOENT when the region has no cache, -EUCLEAN, -ENOSPC.
 */
int cache_register(struct region *);

/* A view for this slot.  Borrows it.  0, -ENOMEM, or as cache_register(). */
int cache_open(struct slot_self *, struct cache **out);

/* A view without a slot, on any mapping.  Copies and re-checks. */
int cache_open_ro(struct region *, struct cache **out);

/* Give back the open segments, free the view.  NULL is fine. */
void cache_close(struct cache **);

/*
 * Each tick of a loop (100 ms): notes the time, gives back open segments that
 * were idle for a second, does up to 200 us of maintenance; and each second,
 * where no daemon owns the region, repairs what the dead left.  Returns as
 * maint_run(), or the -errno of reap_all().
 */
int cache_tick(struct cache *);

/* --- reading --- */

/* What is known of a stored value. */
struct cache_info {
	uint64_t cas;		/* changes with every change of the value */
	uint64_t len;
	int64_t ttl_left_ns;	/* 0: does not expire */
	uint32_t flags;
	uint32_t freq;
};

/*
 * Where a value is to go.  It is copied to buf when it fits into cap bytes.
 * Else, outside of the section, alloc(arg, n) is asked for room (its result
 * becomes buf), and the key is looked up again.  alloc may be NULL.
 */
struct cache_room {
	void *buf;
	size_t cap;
	void *(*alloc)(void *arg, size_t n);
	void *arg;
	size_t len;		/* out: of the value, also with -ENOSPC */
};

/*
 * 1 found: room->buf holds room->len bytes and *info_out (may be NULL) is
 * filled; 0 absent; -ENOSPC too long for buf and there is no alloc; -ENOMEM
 * alloc gave NULL.  Costs no shared write but the frequency hint.
 */
int cache_get(struct cache *, const void *key, size_t key_len,
    struct cache_room *room, struct cache_info *info_out);

/*
 * look() gets the value in place, in n pieces (one, but for values longer than
 * a segment), inside the read section: it may not wait, allocate, call into the
 * cache or keep the pointers.  Returns what look() returned, 0 absent.
 */
typedef int cache_look_fn(const struct iovec *iov, unsigned n,
    const struct cache_info *, void *arg);
int cache_look(struct cache *, const void *key, size_t key_len,
    cache_look_fn *look, void *arg);

struct cache_mget {
	const void *key;
	size_t key_len;
	struct cache_room room;
	struct cache_info info;
	int rc;			/* out: as cache_get() */
};

/* Many keys, their cache misses overlapped.  Returns how many were found,
 * -ECHILD.  Failures are in each rc. */
int cache_mget(struct cache *, struct cache_mget *v, size_t n);

/* --- writing --- */

enum cache_op {
	CACHE_SET,		/* always */
	CACHE_ADD,		/* only if absent */
	CACHE_REPLACE,		/* only if present */
	CACHE_CAS,		/* only if its cas is opt->cas */
	CACHE_APPEND,		/* behind the present value; flags and ttl stay */
	CACHE_PREPEND
};

struct cache_opt {
	int64_t ttl_ns;		/* 0: none; less than 1 ms counts as 1 ms */
	uint64_t cas;		/* of CACHE_CAS */
	uint64_t since;		/* cache_now() when the filling began; 0 and what
				 * is later than now: now */
	uint32_t flags;		/* the caller's own */
	uint32_t reserved;
};

/*
 * 1 stored, 0 not (ADD: present; REPLACE, CAS, APPEND, PREPEND: absent),
 * -EEXIST CAS: changed, -errno.  opt may be NULL but for CAS.  cas_out, if not
 * NULL, gets the cas of what was stored.
 */
int cache_put(struct cache *, enum cache_op, const void *key, size_t key_len,
    const void *val, size_t val_len, const struct cache_opt *opt,
    uint64_t *cas_out);

struct cache_mset {
	const void *key, *val;
	size_t key_len, val_len;
	struct cache_opt opt;
	int rc;			/* out: as cache_put() of CACHE_SET */
};

/* Returns how many were stored, -ECHILD. */
int cache_mset(struct cache *, struct cache_mset *v, size_t n);

/* Decimal numbers: incr wraps at 2^64, decr stops at 0.  1 and the new value,
 * 0 absent, -EINVAL the value is no number of at most 20 digits. */
int cache_incr(struct cache *, const void *key, size_t key_len, uint64_t by,
    uint64_t *now_out);
int cache_decr(struct cache *, const void *key, size_t key_len, uint64_t by,
    uint64_t *now_out);

/* A new time to live, 0 none: 1, 0 absent. */
int cache_touch(struct cache *, const void *key, size_t key_len,
    int64_t ttl_ns);

/* 1 removed, 0 absent. */
int cache_del(struct cache *, const void *key, size_t key_len);

/* From its return no process serves what was stored before the call.  What is
 * stored now is reclaimed by maintenance.  0. */
int cache_flush(struct cache *);

/* The invalidation clock, for cache_opt.since. */
uint64_t cache_now(const struct cache *);

/* --- what goes on --- */

enum cache_seg_state {
	CACHE_SEG_FREE, CACHE_SEG_OPEN, CACHE_SEG_PARTIAL, CACHE_SEG_SEALED,
	CACHE_SEG_EVICTING, CACHE_SEG_RETIRED, CACHE_SEG_ABSENT,
	CACHE_SEG_LEAVING, CACHE_SEG_CHUNK, CACHE_SEG_STATES
};

struct cache_stats {
	uint64_t items;		/* in the index, expired ones included */
	uint64_t bytes;		/* their records and chunks */
	uint64_t capacity_bytes;	/* all segments */
	uint64_t budget_bytes;
	uint64_t used_bytes;	/* segments that are not free */
	uint64_t keys_max, value_max;
	uint64_t hits, misses, sets, deletes;
	uint64_t evictions;	/* live records that eviction dropped */
	uint64_t promoted;	/* records that eviction copied on */
	uint64_t expired;	/* expired records that were reclaimed */
	uint64_t ghosts_hit;
	uint64_t full;		/* sets refused with -ENOBUFS */
	uint64_t crowded;	/* records dropped from a full bucket */
	uint64_t clock, flushed;	/* invalidation clock, of the last flush */
	uint32_t seg_bytes, n_segs, n_reserve;
	uint32_t n_buckets, n_lines;	/* index lines, overflow lines */
	uint32_t lines_used;
	uint32_t seg[CACHE_SEG_STATES];	/* segments by state; exact */
	uint32_t n_main;	/* of them in the main queue */
};

/* Sums over slots and segment words: not a snapshot.  Any view.  Look-ups that
 * failed are neither hits nor misses. */
void cache_stats(const struct cache *, struct cache_stats *out);

#endif
