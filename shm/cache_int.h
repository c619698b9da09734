/*
 * cache_int.h - what the parts of the cache's face share: the view.
 */
#ifndef SHM_CACHE_INT_H
#define SHM_CACHE_INT_H

#include "cache.h"
#include "cmap.h"
#include "evict.h"
#include "flight.h"
#include "item.h"
#include "look.h"
#include "tail.h"
#include "tick.h"

/* Private to the thread of its slot. */
struct cache {
	struct cmap m;
	struct slot_self *me;		/* NULL: read-only */
	struct cmap_cell *cell;
	struct tails tails;
	uint64_t reap_at;		/* tick at which to look for the dead */
	uint64_t swept;			/* as cmap_head.swept was a while ago */
	unsigned n_ticks;
	int scarce;			/* fewer segments than writers want open */
	uint32_t n_drop;
	uint32_t *drop;			/* chunks of a record just replaced */
	uint32_t *chunk;		/* of a value being stored */
	uint64_t *chunk_word;
	struct iovec *iov;		/* pieces of a value in place: chunks_max + 1 */
	char *scratch;			/* a value being changed */
	size_t scratch_size;
};

static inline void
cache_count(_Atomic uint64_t *counter)
{
	st_rlx(counter, ld_rlx(counter) + 1);
}

static inline int
cache_key_bad(size_t key_len)
{
	return key_len - 1 >= CACHE_KEY_MAX ? key_len == 0 ? -EINVAL
							    : -EMSGSIZE
					    : 0;
}

/* Whether its whole segment has expired, when that was not swept for long. */
int cache_overdue(const struct cache *, const struct item *, uint64_t now);

/* Whether the record is to be served.  A record that does not expire costs no
 * look at a clock. */
static inline int
cache_valid(const struct cache *c, const struct item *it,
    const struct item_view *v)
{
	uint64_t now;

	/* Acquire: who saw the flush in another way finds it here. */
	if (item_older(it, (uint32_t)ld_acq(&c->m.hot[CMAP_FLUSHED])))
		return 0;
	if (!v->expires)
		return 1;
	now = tick_now(c->m.region);
	if (item_expired(v, now))
		return 0;
	return now - c->swept < EVICT_SWEPT || !cache_overdue(c, it, now);
}

/* Fill what a caller may know of a record. */
void cache_tell(const struct cache *, const struct item *,
    const struct item_view *, struct cache_info *out);

/* Ticks for a time to live: the tick at which it has certainly passed. */
uint64_t cache_expiry(uint64_t now_tick, int64_t ttl_ns);

/* A change to be made. */
struct cache_want {
	enum cache_op op;
	const char *key;
	size_t key_len;
	uint64_t hash;
	const char *val;
	size_t val_len;
	uint64_t cas;			/* of CACHE_CAS */
	uint64_t expect;		/* cas of the record that must still be
					 * there, 0 any.  Not its index word, which
					 * may come again when the log has gone round */
	struct item_plan plan;		/* flags, born, expiry, now */
	uint32_t size;			/* of the record, when it is known */
	/* The result of this flight, NULL any other change, which makes flights
	 * of the key void.  Linked, it ends the flight; *wake has who waits. */
	const struct flight *flight;
	struct flight_wake *wake;
};

/*
 * Store: 1, 0 not, -EEXIST, -EAGAIN (the record of `expect` is not there any more),
 * -ECANCELED (the flight's result must not be stored), or as in cache.h.
 * *cas_out (may be NULL) is what the record got.
 */
int cache_store(struct cache *, struct cache_want *, uint64_t *cas_out);

/* A set of the flight's result, born when the flight began: as cache_store(). */
int cache_put_flight(struct cache *, const struct flight *, const void *key,
    size_t key_len, const void *val, size_t val_len, const struct cache_opt *,
    struct flight_wake *);

/* As cache_get(), for any key that a record can have; neither hit nor miss. */
int cache_get_again(struct cache *, const void *key, size_t key_len,
    struct cache_room *, struct cache_info *);

/* Retire the chunks in c->drop: after the lock is given. */
void cache_drop_chunks(struct cache *);
/* Under the lock, before the word of this record changes: take its chunks. */
void cache_take_chunks(struct cache *, const struct item_view *);

/* Segments for a long value, filled: 1 and want->plan has them, -errno.
 * cache_chunks_linked() when the head is in the index, _undo() when it is
 * not to be. */
int cache_chunks_fill(struct cache *, struct cache_want *);
void cache_chunks_linked(struct cache *, const struct cache_want *);
void cache_chunks_undo(struct cache *, const struct cache_want *);

/* Copy the value of a record with chunks, v->len and its chunks' bytes, to `to`:
 * 0, -EUCLEAN when it names a segment that there is not. */
int cache_chunks_copy(const struct cmap *, const struct item_view *, char *to);

/* Make a free segment: 1, or 0 when none is to be had. */
int cache_make_room(struct cache *);

/* How many segments this view may have open, by the number of live slots; gives
 * back what is over.  A view that has not stored anything yet has k 0. */
void cache_limit_tails(struct cache *);

#endif
