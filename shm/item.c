/* item.c - records: reading what may be rubbish, writing what is not */
#include "item.h"

struct cursor {
	const char *p;
	uint32_t left;
	int bad;
};

static const char *
take(struct cursor *c, uint32_t n)
{
	const char *p = c->p;

	if (n > c->left) {
		c->bad = 1;
		return NULL;
	}
	c->p += n;
	c->left -= n;
	return p;
}

static uint32_t
take32(struct cursor *c)
{
	const char *p = take(c, 4);

	return p == NULL ? 0 : item_load32(p);
}

static uint64_t
take64(struct cursor *c)
{
	const char *p = take(c, 8);
	uint64_t v = 0;

	if (p != NULL)
		memcpy(&v, p, sizeof(v));
	return v;
}

static void
parse_chunks(struct cursor *c, uint32_t seg_bytes, struct item_view *v)
{
	v->n_chunks = take32(c);
	v->chunk_bytes = take32(c);
	if (v->n_chunks == 0 || v->n_chunks > c->left / 4 ||
	    v->chunk_bytes > (uint64_t)v->n_chunks * seg_bytes ||
	    v->chunk_bytes <= (uint64_t)(v->n_chunks - 1) * seg_bytes) {
		c->bad = 1;
		return;
	}
	v->chunks = take(c, 4 * v->n_chunks);
}

static void
parse_more(struct cursor *c, uint32_t seg_bytes, struct item_view *v)
{
	uint32_t word = take32(c), bits = word & 255;

	v->n_tags = word >> 8 & 255;
	if (word >> 16 != 0 || (bits & ~ITEM_MORE_ALL) != 0 ||
	    v->n_tags > ITEM_TAGS_MAX ||
	    (v->n_tags != 0) != ((bits & ITEM_MORE_TAGS) != 0)) {
		c->bad = 1;
		return;
	}
	if (bits & ITEM_MORE_CAS) {
		v->has_cas = 1;
		v->cas = take64(c);
	}
	if (bits & ITEM_MORE_TAGS)
		v->tags = take(c, 4 * v->n_tags);
	if (bits & ITEM_MORE_SOFT)
		(void)take32(c);	/* for stale answers; none yet */
	if (bits & ITEM_MORE_SCHEMA)
		(void)take32(c);	/* likewise */
	if (bits & ITEM_MORE_EXPIRY64) {
		v->expires = v->expires64 = 1;
		v->expiry = take64(c);
	}
	if (bits & ITEM_MORE_CHUNKS)
		parse_chunks(c, seg_bytes, v);
}

int
item_parse(const struct item *it, uint32_t room, uint32_t seg_bytes,
    struct item_view *v)
{
	uint32_t meta, ext, used;
	struct cursor c;

	if (room < sizeof(*it))
		return -EUCLEAN;
	meta = it->meta;
	ext = item_ext(meta);
	memset(v, 0, sizeof(*v));
	v->key_len = item_key_len(meta);
	v->len = item_len(meta);
	c.p = (const char *)(it + 1);
	c.left = room - (uint32_t)sizeof(*it);
	c.bad = v->key_len == 0 || (ext & ITEM_SPARE) != 0;
	if (ext & ITEM_EXPIRY) {
		v->expires = 1;
		v->expiry = take32(&c);
	}
	if (ext & ITEM_FLAGS)
		v->flags = take32(&c);
	if (ext & ITEM_MORE)
		parse_more(&c, seg_bytes, v);
	v->key = take(&c, v->key_len);
	v->val = take(&c, v->len);
	if (c.bad)
		return -EUCLEAN;
	used = room - c.left;
	v->size = item_round(used);
	return v->size > room ? -EUCLEAN : 0;
}

uint64_t
item_left(const struct item_view *v, uint64_t now)
{
	if (!v->expires || item_expired(v, now))
		return 0;
	return v->expires64 ? v->expiry - now
			    : (uint32_t)v->expiry - (uint32_t)now;
}

static int
plan_far(const struct item_plan *p)
{
	return p->expiry != 0 && p->expiry - p->now > ITEM_TICKS_MAX;
}

static uint32_t
plan_more(const struct item_plan *p)
{
	return (plan_far(p) ? ITEM_MORE_EXPIRY64 : 0) |
	    (p->n_chunks != 0 ? ITEM_MORE_CHUNKS : 0);
}

static uint32_t
plan_ext(const struct item_plan *p)
{
	return (p->expiry != 0 && !plan_far(p) ? ITEM_EXPIRY : 0) |
	    (p->flags != 0 ? ITEM_FLAGS : 0) |
	    (plan_more(p) != 0 ? ITEM_MORE : 0);
}

uint32_t
item_size(const struct item_plan *p)
{
	uint32_t ext = plan_ext(p), more = plan_more(p);
	uint64_t n = sizeof(struct item);

	if (p->key_len == 0 || p->key_len > ITEM_KEY_MAX ||
	    p->len > ITEM_LEN_MAX)
		return 0;
	n += ext & ITEM_EXPIRY ? 4 : 0;
	n += ext & ITEM_FLAGS ? 4 : 0;
	n += ext & ITEM_MORE ? 4 : 0;
	n += more & ITEM_MORE_EXPIRY64 ? 8 : 0;
	n += more & ITEM_MORE_CHUNKS ? 8 + 4 * (uint64_t)p->n_chunks : 0;
	n += p->key_len + (uint64_t)p->len;
	n = (n + ITEM_ALIGN - 1) & ~(uint64_t)(ITEM_ALIGN - 1);
	return n > UINT32_MAX / 2 ? 0 : (uint32_t)n;
}

static char *
give(char *at, const void *p, size_t n)
{
	memcpy(at, p, n);
	return at + n;
}

static char *
give32(char *at, uint32_t v)
{
	return give(at, &v, sizeof(v));
}

static char *
fill_more(char *at, const struct item_plan *p)
{
	uint32_t more = plan_more(p);

	at = give32(at, more);
	if (more & ITEM_MORE_EXPIRY64)
		at = give(at, &p->expiry, 8);
	if (more & ITEM_MORE_CHUNKS) {
		at = give32(at, p->n_chunks);
		at = give32(at, p->chunk_bytes);
		at = give(at, p->chunks, 4 * (size_t)p->n_chunks);
	}
	return at;
}

char *
item_fill(struct item *it, const struct item_plan *p)
{
	uint32_t ext = plan_ext(p);
	char *at = (char *)(it + 1);

	it->meta = item_meta(p->len, ext, p->key_len);
	st_rlx(&it->born, p->born);
	st_rlx(&it->freq, (uint8_t)p->freq);
	memcpy(it->cas, &p->cas, sizeof(it->cas));
	if (ext & ITEM_EXPIRY)
		at = give32(at, (uint32_t)p->expiry);
	if (ext & ITEM_FLAGS)
		at = give32(at, p->flags);
	if (ext & ITEM_MORE)
		at = fill_more(at, p);
	return give(at, p->key, p->key_len);
}
