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

/* item_parse(), quick for records without the rare extensions. */
static inline int
look_parse(const struct cmap *m, const struct item *it, uint32_t room,
    struct item_view *v)
{
	uint32_t meta = it->meta, ext = item_ext(meta), head, used;
	const char *p = (const char *)(it + 1);

	if (__builtin_expect((ext & ~(ITEM_EXPIRY | ITEM_FLAGS)) != 0, 0))
		return item_parse(it, room, m->seg_bytes, v);
	v->key_len = item_key_len(meta);
	v->len = item_len(meta);
	head = (ext & ITEM_EXPIRY) * 4 + (ext & ITEM_FLAGS) * 2;
	used = (uint32_t)sizeof(*it) + head + v->key_len + v->len;
	if (used > room || v->key_len == 0)
		return -EUCLEAN;
	v->expires = ext & ITEM_EXPIRY;
	v->expires64 = 0;
	v->expiry = ext & ITEM_EXPIRY ? item_load32(p) : 0;
	v->flags = ext & ITEM_FLAGS ? item_load32(p + (ext & ITEM_EXPIRY) * 4)
				    : 0;
	v->key = p + head;
	v->val = v->key + v->key_len;
	v->n_chunks = v->chunk_bytes = v->n_tags = 0;
	v->size = item_round(used);
	v->cas = item_cas(it);
	return 0;
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

/* Whether the word's record has this key; fills out->item and out->v. */
static inline int
look_match(const struct cmap *m, uint64_t word, const void *key,
    size_t key_len, struct look *out)
{
	struct item *it = look_item(m, word);

	if (it == NULL || item_key_len(it->meta) != key_len ||
	    look_parse(m, it, look_room(m, index_offset(word)), &out->v) != 0 ||
	    !look_same(out->v.key, key, key_len))
		return 0;
	out->item = it;
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
