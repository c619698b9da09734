/* cache_get.c - reading: copied out, in place, many at once */
#include "cache_int.h"

#include <errno.h>
#include <string.h>

#include "epoch.h"
#include "index.h"

#define ALLOC_TRIES 8		/* a value that grows each time we look */
#define STAGE 16u		/* keys whose memory is fetched together */

void
cache_tell(const struct cache *c, const struct item *it,
    const struct item_view *v, struct cache_info *out)
{
	uint64_t left = 0;

	if (v->expires)
		left = item_left(v, tick_now(c->m.region));
	out->cas = item_view_cas(it, v);
	out->len = item_value_len(v);
	out->flags = v->flags;
	/* A hint. */
	out->freq = ld_rlx(&it->freq);
	out->ttl_left_ns = left > INT64_MAX / TICK_NS ? INT64_MAX
						      : (int64_t)left * TICK_NS;
}

/* Count a hit at the record: a hint for eviction, stored only while it is
 * small, so that a hot record's line stays shared.  Races miscount. */
static inline void
touch(struct item *it)
{
	uint8_t n = ld_rlx(&it->freq);

	if (n < ITEM_FREQ_MAX)
		st_rlx(&it->freq, (uint8_t)(n + 1));
}

static inline int
copy_value(const struct cmap *m, const struct item_view *v, void *to)
{
	if (__builtin_expect(v->n_chunks != 0, 0))
		return cache_chunks_copy(m, v, to);
	if (v->len != 0)	/* else `to` may be NULL */
		memcpy(to, v->val, v->len);
	return 0;
}

/* One look-up: 1 copied, 0 absent, -ENOSPC with room->len, -errno. */
static inline int
get_once(struct cache *c, const void *key, size_t key_len, uint64_t hash,
    struct cache_room *room, struct cache_info *info)
{
	struct look f;
	int rc = epoch_enter(c->me);

	if (__builtin_expect(rc != 0, 0))
		return rc;
	if (look_find(&c->m, key, key_len, hash, &f) &&
	    cache_valid(c, f.item, &f.v)) {
		room->len = item_value_len(&f.v);
		if (room->len > room->cap) {
			rc = -ENOSPC;
		} else {
			rc = copy_value(&c->m, &f.v, room->buf);
			rc = rc == 0 ? 1 : rc;
			touch(f.item);
			if (info != NULL)
				cache_tell(c, f.item, &f.v, info);
		}
	}
	epoch_leave(c->me);
	return rc;
}

/*
 * Without a slot nothing keeps the segment from being used anew while we
 * copy: the index word and the segment's state word must be the same after it.
 *
 * And the index word must be there when the state has been read: else the
 * segment may have gone round since the word was, the state be that of its new
 * life, and a writer be at our place with the same key.  When it has stored its
 * record the word is as it was, and so is the state.
 */
static int
get_ro_once(struct cache *c, const void *key, size_t key_len, uint64_t hash,
    struct cache_room *room, struct cache_info *info)
{
	const struct cmap *m = &c->m;
	uint64_t state;
	struct look f;
	int rc = 1;

	if (!look_find(m, key, key_len, hash, &f))
		return 0;
	state = seg_load(m, look_seg(m, f.word));
	if (ld_acq(f.place) != f.word ||
	    !look_match(m, f.word, key, key_len, &f))
		return -EAGAIN;
	if (!cache_valid(c, f.item, &f.v))
		rc = 0;
	room->len = item_value_len(&f.v);
	if (rc == 1 && room->len > room->cap)
		rc = -ENOSPC;
	else if (rc == 1 && copy_value(m, &f.v, room->buf) != 0)
		rc = -EUCLEAN;
	if (rc == 1 && info != NULL)
		cache_tell(c, f.item, &f.v, info);
	fence_full();	/* what was copied before what is read again */
	if (ld_acq(f.place) != f.word ||
	    seg_load(m, look_seg(m, f.word)) != state)
		return -EAGAIN;
	return rc;
}

static int
get_ro(struct cache *c, const void *key, size_t key_len, uint64_t hash,
    struct cache_room *room, struct cache_info *info)
{
	int rc = -EAGAIN;

	for (unsigned i = 0; i < 8 && rc == -EAGAIN; i++)
		rc = get_ro_once(c, key, key_len, hash, room, info);
	return rc == -EAGAIN ? 0 : rc;
}

/* The value was longer than the buffer: ask for room outside of the section
 * and look again. */
static int
get_alloc(struct cache *c, const void *key, size_t key_len, uint64_t hash,
    struct cache_room *room, struct cache_info *info)
{
	int rc = -ENOSPC;

	for (unsigned i = 0; rc == -ENOSPC && i < ALLOC_TRIES; i++) {
		if (room->alloc == NULL)
			return rc;
		room->buf = room->alloc(room->arg, room->len);
		if (room->buf == NULL)
			return -ENOMEM;
		room->cap = room->len;
		rc = c->me == NULL ?
		    get_ro(c, key, key_len, hash, room, info) :
		    get_once(c, key, key_len, hash, room, info);
	}
	return rc;
}

static inline int
get_any(struct cache *c, const void *key, size_t key_len, uint64_t hash,
    struct cache_room *room, struct cache_info *info)
{
	int rc;

	if (c->me == NULL)
		rc = get_ro(c, key, key_len, hash, room, info);
	else
		rc = get_once(c, key, key_len, hash, room, info);
	if (__builtin_expect(rc == -ENOSPC, 0))
		rc = get_alloc(c, key, key_len, hash, room, info);
	return rc;
}

static inline int
get_hashed(struct cache *c, const void *key, size_t key_len, uint64_t hash,
    struct cache_room *room, struct cache_info *info)
{
	int rc = get_any(c, key, key_len, hash, room, info);

	/* A failure is neither; above all, a forked child must not count: the
	 * cell is its parent's. */
	if (c->me != NULL && rc >= 0)
		cache_count(rc == 1 ? &c->cell->hits : &c->cell->misses);
	return rc;
}

int
cache_get(struct cache *c, const void *key, size_t key_len,
    struct cache_room *room, struct cache_info *info)
{
	int rc = cache_key_bad(key_len);

	if (rc < 0)
		return rc;
	return get_hashed(c, key, key_len, index_hash(&c->m, key, key_len),
	    room, info);
}

int
cache_get_again(struct cache *c, const void *key, size_t key_len,
    struct cache_room *room, struct cache_info *info)
{
	return get_any(c, key, key_len, index_hash(&c->m, key, key_len), room,
	    info);
}

/* The pieces of a value; how many, or -EUCLEAN. */
static int
pieces(const struct cmap *m, const struct item_view *v, struct iovec *iov)
{
	unsigned n = 0;

	if (v->n_chunks > m->chunks_max)
		return -EUCLEAN;
	for (uint32_t i = 0; i < v->n_chunks; i++) {
		uint32_t seg = item_chunk(v, i);

		if (seg >= m->n_segs)
			return -EUCLEAN;
		iov[n].iov_base = seg_data(m, seg);
		iov[n++].iov_len = item_chunk_len(v, i, m->seg_bytes);
	}
	if (v->len != 0 || n == 0) {
		iov[n].iov_base = (void *)(uintptr_t)v->val;
		iov[n++].iov_len = v->len;
	}
	return (int)n;
}

/* The many pieces lie in the view: the caller may be on a fiber's stack. */
static int
look_chunked(struct cache *c, const struct look *f, cache_look_fn *look,
    void *arg)
{
	struct cache_info info;
	int n = pieces(&c->m, &f->v, c->iov);

	if (n < 0)
		return n;
	cache_tell(c, f->item, &f->v, &info);
	return look(c->iov, (unsigned)n, &info, arg);
}

static int
look_whole(struct cache *c, const struct look *f, cache_look_fn *look,
    void *arg)
{
	struct iovec iov = { (void *)(uintptr_t)f->v.val, f->v.len };
	struct cache_info info;

	cache_tell(c, f->item, &f->v, &info);
	return look(&iov, 1, &info, arg);
}

int
cache_look(struct cache *c, const void *key, size_t key_len,
    cache_look_fn *look, void *arg)
{
	int rc = cache_key_bad(key_len), hit = 0;
	struct look f;
	uint64_t hash;

	if (rc == 0 && c->me == NULL)
		rc = -EROFS;
	if (rc < 0)
		return rc;
	hash = index_hash(&c->m, key, key_len);
	rc = epoch_enter(c->me);
	if (rc != 0)
		return rc;
	if (look_find(&c->m, key, key_len, hash, &f) &&
	    cache_valid(c, f.item, &f.v)) {
		hit = 1;
		touch(f.item);
		rc = f.v.n_chunks != 0 ? look_chunked(c, &f, look, arg)
				       : look_whole(c, &f, look, arg);
	}
	epoch_leave(c->me);
	cache_count(hit ? &c->cell->hits : &c->cell->misses);
	return rc;
}

/* The first record that the bucket's own line has for the hash: a guess which
 * line of memory will be wanted next. */
static void
fetch_record(const struct cmap *m, uint64_t hash)
{
	struct index_line *l = &m->line[index_bucket(m, hash)];
	uint32_t want = index_want(INDEX_ITEM, hash);

	for (unsigned i = 0; i < INDEX_WORDS; i++) {
		/* Only a prefetch: it may be anything. */
		uint64_t word = ld_rlx(&l->word[i]);

		if (index_word_want(word) == want &&
		    index_offset(word) < m->data_size)
			__builtin_prefetch(m->data + index_offset(word));
	}
}

static int
mget_stage(struct cache *c, struct cache_mget *v, size_t n)
{
	uint64_t hash[STAGE];
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		v[i].rc = cache_key_bad(v[i].key_len);
		if (v[i].rc < 0)
			continue;
		hash[i] = index_hash(&c->m, v[i].key, v[i].key_len);
		__builtin_prefetch(&c->m.line[index_bucket(&c->m, hash[i])]);
	}
	for (size_t i = 0; i < n; i++)
		if (v[i].rc == 0)
			fetch_record(&c->m, hash[i]);
	for (size_t i = 0; i < n; i++) {
		if (v[i].rc < 0)
			continue;
		v[i].rc = get_hashed(c, v[i].key, v[i].key_len, hash[i],
		    &v[i].room, &v[i].info);
		if (v[i].rc == -ECHILD)
			return -ECHILD;
		found += v[i].rc == 1;
	}
	return found;
}

int
cache_mget(struct cache *c, struct cache_mget *v, size_t n)
{
	int found = 0, rc;

	for (size_t i = 0; i < n; i += STAGE) {
		rc = mget_stage(c, v + i, n - i < STAGE ? n - i : STAGE);
		if (rc < 0)
			return rc;
		found += rc;
	}
	return found;
}
