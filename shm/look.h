/*
 * look.h - finding a key's record: the path of every get, so it is inline.
 *
 * The caller is in a read section, or holds the bucket's lock.  What is read
 * is checked against private sizes only, so a spoiled region gives a miss or
 * -EUCLEAN, never an address outside.
 */
#ifndef SHM_LOOK_H
#define SHM_LOOK_H

#include <stdint.h>
#include <string.h>

#include "index.h"
#include "item.h"
#include "seg.h"

/* Where a key was found. */
struct look {
	_Atomic uint64_t *place;	/* the index word */
	uint64_t word;			/* as it was read */
	struct item *item;
	struct item_view v;
};

static inline uint32_t
look_room(const struct cmap *m, uint64_t off)
{
	return m->seg_bytes - (uint32_t)(off & (m->seg_bytes - 1));
}

/* The record that a word names, NULL when there can be none. */
static inline struct item *
look_item(const struct cmap *m, uint64_t word)
{
	uint64_t off = index_offset(word);

	if (off >= m->data_size || look_room(m, off) < sizeof(struct item))
		return NULL;
	return (struct item *)(void *)(m->data + off);
}

static inline uint32_t
look_seg(const struct cmap *m, uint64_t word)
{
	return (uint32_t)(index_offset(word) >> m->seg_shift);
}

/* Keys are short: a call of memcmp() costs as much as comparing them. */
static inline int
look_same(const char *a, const char *b, size_t n)
{
	uint64_t x, y;

	if (n < 8)
		return memcmp(a, b, n) == 0;
	for (size_t i = 0; i + 8 < n; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return 0;
	}
	memcpy(&x, a + n - 8, 8);
	memcpy(&y, b + n - 8, 8);
	return x == y;
}

/* Whether the record has none of the rare extensions. */
static inline int
look_plain(uint32_t meta)
{
	return (item_ext(meta) & ~(ITEM_EXPIRY | ITEM_FLAGS)) == 0;
}

/* Bytes of a plain record before its key. */
static inline uint32_t
look_head(uint32_t meta)
{
	uint32_t ext = item_ext(meta);

	return (uint32_t)sizeof(struct item) + (ext & ITEM_EXPIRY) * 4 +
	    (ext & ITEM_FLAGS) * 2;
}

/* Fill the view of a plain record whose lengths have been checked. */
static inline void
look_view(const struct item *it, uint32_t meta, struct item_view *v)
{
	uint32_t ext = item_ext(meta), head = look_head(meta);
	const char *p = (const char *)(it + 1);

	v->key_len = item_key_len(meta);
	v->len = item_len(meta);
	v->size = item_round(head + v->key_len + v->len);
	v->key = (const char *)it + head;
	v->val = v->key + v->key_len;
	v->expires = ext & ITEM_EXPIRY;
	v->expires64 = v->has_cas = 0;
	v->expiry = ext & ITEM_EXPIRY ? item_load32(p) : 0;
	v->flags = ext & ITEM_FLAGS ? item_load32(p + (ext & ITEM_EXPIRY) * 4)
				    : 0;
	v->n_chunks = v->chunk_bytes = v->n_tags = 0;
}

/* item_parse(), quick for records without the rare extensions. */
static inline int
look_parse(const struct cmap *m, const struct item *it, uint32_t room,
    struct item_view *v)
{
	uint32_t meta = it->meta;

	if (__builtin_expect(!look_plain(meta), 0))
		return item_parse(it, room, m->seg_bytes, v);
	if (look_head(meta) + item_key_len(meta) + item_len(meta) > room ||
	    item_key_len(meta) == 0)
		return -EUCLEAN;
	look_view(it, meta, v);
	return 0;
}

static inline int
look_match_rare(const struct cmap *m, struct item *it, uint32_t room,
    const void *key, size_t key_len, struct item_view *v)
{
	return item_parse(it, room, m->seg_bytes, v) == 0 &&
	    v->key_len == key_len && memcmp(v->key, key, key_len) == 0;
}

/* Whether the word's record has this key; fills out->item and out->v. */
static inline int
look_match(const struct cmap *m, uint64_t word, const void *key,
    size_t key_len, struct look *out)
{
	struct item *it = look_item(m, word);
	uint32_t meta, room;

	if (it == NULL)
		return 0;
	meta = it->meta;
	room = look_room(m, index_offset(word));
	out->item = it;
	if (__builtin_expect(!look_plain(meta), 0))
		return look_match_rare(m, it, room, key, key_len, &out->v);
	if (item_key_len(meta) != key_len ||
	    look_head(meta) + key_len + item_len(meta) > room ||
	    !look_same((const char *)it + look_head(meta), key, key_len))
		return 0;
	look_view(it, meta, &out->v);
	return 1;
}

/* 1 and *out, or 0. */
static inline int
look_find(const struct cmap *m, const void *key, size_t key_len, uint64_t hash,
    struct look *out)
{
	uint32_t want = index_want(INDEX_ITEM, hash);
	struct index_line *l = &m->line[index_bucket(m, hash)];

	for (unsigned hop = 0; hop <= INDEX_HOPS; hop++) {
		/* Before the words: a line that is chained later holds only
		 * what was put later. */
		uint64_t control = ld_acq(&l->control);

		for (unsigned i = 0; i < INDEX_WORDS; i++) {
			/* Pairs with the release in index_store(). */
			uint64_t word = ld_acq(&l->word[i]);

			if (index_word_want(word) != want)
				continue;
			if (look_match(m, word, key, key_len, out)) {
				out->place = &l->word[i];
				out->word = word;
				return 1;
			}
		}
		l = index_follow(m, control);
		if (__builtin_expect(l == NULL, 1))
			break;
	}
	return 0;
}

#endif
