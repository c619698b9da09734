/* fsck_index.c - the index: chains, words, what they lead to */
#include "fsck_int.h"
#include "index.h"
#include "item.h"
#include "look.h"
#include "seg.h"
#include "tick.h"

#include <string.h>

#define CHAIN_WORDS (INDEX_WORDS * (INDEX_HOPS + 1))

/* One bucket at hand. */
struct chain {
	uint64_t bucket;
	unsigned n;
	uint64_t word[CHAIN_WORDS];		/* as read, those that are good */
};

static int
start_known(const struct fsck *f, uint64_t word)
{
	uint64_t bit = index_offset(word) / 4;

	return !fsck_quiet(f) ||
	    (f->starts[bit / 64] >> bit % 64 & 1) != 0;
}

static const char *
chunks_wrong(struct fsck *f, const struct item_view *v, uint64_t hash)
{
	for (uint32_t i = 0; i < v->n_chunks; i++) {
		uint32_t seg = item_chunk(v, i);
		uint64_t word;

		if (seg >= f->m.n_segs)
			return "names a chunk that is none";
		word = seg_load(&f->m, seg);
		if (seg_queue(word) != SEG_CHUNKS ||
		    (seg_state(word) != SEG_CHUNK &&
			seg_state(word) != SEG_EVICTING))
			return "names a segment that is no chunk";
		if (!fsck_quiet(f))
			continue;
		if (f->chunk_used[seg] != 0)
			return "names another's chunk";
		if (ld_rlx(&f->m.side[seg].key_hash) != hash)
			return "names a chunk of another key";
	}
	return NULL;
}

static int
outlives(const struct fsck *f, const struct item_view *v, uint64_t expiry)
{
	uint64_t now = tick_now(f->r);

	if (!v->expires)
		return expiry != SEG_NEVER;
	return !item_expired(v, now) && now + item_left(v, now) > expiry;
}

/* What evictors believe of a segment must not make them lose a record.  It is
 * the record that is right: then they look at more than they must. */
static void
check_side(struct fsck *f, uint64_t word, const struct item_view *v)
{
	uint32_t seg = look_seg(&f->m, word);
	struct seg_side *side = &f->m.side[seg];
	uint64_t at = index_offset(word) & (f->m.seg_bytes - 1);

	if (at < ld_rlx(&side->walked) && fsck_say(f, "segment %u: a record "
	    "is below what was evicted", seg))
		st_rel(&side->walked, 0u);
	if (outlives(f, v, ld_rlx(&side->expiry)) &&
	    fsck_say(f, "segment %u: a record outlives it", seg))
		st_rel(&side->expiry, SEG_NEVER);
}

/* cas = slot + 1 (12) | what that slot had counted to (44). */
static int
cas_known(const struct fsck *f, uint64_t cas)
{
	return cas >> 44 >= 1 && cas >> 44 <= f->m.n_slots;
}

/* A slot must not give the same cas again. */
static void
check_cas(struct fsck *f, uint64_t cas)
{
	struct cmap_cell *cell = &f->m.cell[(cas >> 44) - 1];
	uint64_t n = cas & ((UINT64_C(1) << 44) - 1);

	if (n > ld_rlx(&cell->cas) && fsck_say(f, "slot %u: cas %llu is "
	    "counted up to %llu", (unsigned)(cas >> 44) - 1,
		(unsigned long long)n, (unsigned long long)ld_rlx(&cell->cas)))
		st_rel(&cell->cas, n);
}

/* Of the future, no invalidation would meet it.  In this order: the clock only
 * goes on. */
static int
unborn(const struct fsck *f, const struct item *it)
{
	uint32_t born = ld_acq(&it->born);

	return (int32_t)((uint32_t)ld_acq(&f->m.hot[CMAP_CLOCK]) - born) < 0;
}

/* Why an ITEM word is wrong; NULL and *v when it is not. */
static const char *
item_wrong(struct fsck *f, uint64_t bucket, uint64_t word, struct item_view *v)
{
	const struct cmap *m = &f->m;
	const struct item *it = look_item(m, word);
	uint64_t hash, seg;
	unsigned state;

	if (it == NULL)
		return "leads outside";
	seg = seg_load(m, look_seg(m, word));
	state = seg_state(seg);
	if (seg_queue(seg) == SEG_CHUNKS || (state != SEG_OPEN &&
		state != SEG_PARTIAL && state != SEG_SEALED &&
		state != SEG_EVICTING))
		return "leads into a segment without records";
	if (!start_known(f, word))
		return "leads to no record";
	if (look_parse(m, it, look_room(m, index_offset(word)), v) != 0)
		return "leads to rubbish";
	hash = index_hash(m, v->key, v->key_len);
	if (index_bucket(m, hash) != bucket ||
	    index_want(INDEX_ITEM, hash) != index_word_want(word))
		return "leads to another key";
	if (unborn(f, it))
		return "leads to what was filled in the future";
	return chunks_wrong(f, v, hash);
}

/* In a region that is in use: wrong only if nothing changed while we looked
 * again and again. */
static int
changing(const struct fsck *f, _Atomic uint64_t *place, uint64_t word,
    uint64_t seg_before)
{
	uint32_t seg = look_seg(&f->m, word);

	return ld_acq(place) != word || (index_kind(word) == INDEX_ITEM &&
	    seg < f->m.n_segs && seg_load(&f->m, seg) != seg_before);
}

static const char *
word_judge(struct fsck *f, uint64_t bucket, uint64_t word, struct item_view *v)
{
	switch (index_kind(word)) {
	case INDEX_EMPTY:
		return word == 0 ? NULL : "is no word";
	case INDEX_ITEM:
		return item_wrong(f, bucket, word, v);
	case INDEX_GHOST:
		return (word & INDEX_OFFSET_MASK) >> 16 == 0 ? NULL :
							       "is no word";
	default:
		return "is no word";
	}
}

static const char *
word_wrong(struct fsck *f, uint64_t bucket, _Atomic uint64_t *place,
    uint64_t *word_out, struct item_view *v)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < FSCK_AGAIN; i++) {
		uint64_t word = ld_acq(place), seg = 0;
		uint32_t n = look_seg(&f->m, word);

		*word_out = word;
		if (index_kind(word) == INDEX_ITEM && n < f->m.n_segs)
			seg = seg_load(&f->m, n);
		wrong = word_judge(f, bucket, word, v);
		if (wrong == NULL || fsck_quiet(f))
			return wrong;
		if (changing(f, place, word, seg))
			wrong = NULL;	/* it was another's business */
	}
	return wrong;
}

static const char *
key_twice(const struct fsck *f, const struct chain *c, uint64_t word,
    const struct item_view *v)
{
	struct look l;

	for (unsigned i = 0; i < c->n; i++)
		if (index_word_want(c->word[i]) == index_word_want(word) &&
		    look_match(&f->m, c->word[i], v->key, v->key_len, &l))
			return "has the key a second time";
	return NULL;
}

static void
check_word(struct fsck *f, struct chain *c, _Atomic uint64_t *place)
{
	struct item_view v;
	const char *wrong;
	uint64_t word;

	wrong = word_wrong(f, c->bucket, place, &word, &v);
	if (wrong == NULL && index_kind(word) == INDEX_ITEM &&
	    fsck_quiet(f))
		wrong = !cas_known(f, item_cas(look_item(&f->m, word))) ?
		    "has a cas of nobody" : key_twice(f, c, word, &v);
	if (wrong != NULL) {
		if (fsck_say(f, "bucket %llu: word %016llx %s",
			(unsigned long long)c->bucket,
			(unsigned long long)word, wrong))
			st_rel(place, UINT64_C(0));
		return;
	}
	if (index_kind(word) != INDEX_ITEM)
		return;
	if (fsck_quiet(f)) {
		check_cas(f, item_cas(look_item(&f->m, word)));
		check_side(f, word, &v);
	}
	c->word[c->n++] = word;
	f->out->items++;
	f->items++;
	f->bytes += (uint64_t)v.size + v.chunk_bytes;
	for (uint32_t i = 0; i < v.n_chunks; i++) {
		/* Read again: in a region in use it may be another now. */
		uint32_t seg = item_chunk(&v, i);

		if (seg < f->m.n_segs)
			f->chunk_used[seg] = 1;
	}
}

/* The control word of a bucket's own line, but for the chain. */
static void
check_lock(struct fsck *f, uint64_t bucket)
{
	_Atomic uint64_t *control = &f->m.line[bucket].control;
	uint64_t seen = ld_acq(control);
	uint32_t owner = (uint32_t)(seen & INDEX_LOCK_MASK);
	const char *wrong = NULL;

	if ((seen & ~(INDEX_LOCK_MASK | INDEX_NEXT_MASK)) != 0)
		wrong = "control word makes no sense";
	else if (owner != 0)
		wrong = fsck_holder(f, control, owner);
	if (wrong != NULL && ld_acq(control) == seen &&
	    fsck_say(f, "bucket %llu: %s (%016llx)",
		(unsigned long long)bucket, wrong, (unsigned long long)seen))
		st_rel(control, seen & INDEX_NEXT_MASK);
}

/* The next line of a chain; cuts the chain where it is wrong. */
static struct index_line *
next_line(struct fsck *f, uint64_t bucket, struct index_line *l, unsigned hop)
{
	uint64_t seen = ld_acq(&l->control), control;
	uint32_t next = index_next(seen);
	const char *wrong = NULL;
	struct index_line *to = index_follow(&f->m, seen);

	if (next == 0)
		return NULL;
	if (to == NULL || hop >= INDEX_HOPS) {
		wrong = to == NULL ? "goes on outside" : "has no end";
	} else {
		control = ld_acq(&to->control);
		if ((control & ~INDEX_NEXT_MASK) !=
		    (INDEX_USED | (bucket & INDEX_LOCK_MASK)))
			wrong = "goes on with another's line";
		else if (f->line_used[next - 1])
			wrong = "has a line of another chain";
	}
	if (wrong == NULL) {
		f->line_used[next - 1] = 1;
		return to;
	}
	/* In use, the line may have been cut off while we looked, or have been
	 * another chain's when we came by it. */
	if (!fsck_quiet(f) && (ld_acq(&l->control) != seen || to != NULL))
		return NULL;
	if (fsck_say(f, "bucket %llu: chain %s (line %u)",
		(unsigned long long)bucket, wrong, next - 1))
		st_rel(&l->control, seen & ~INDEX_NEXT_MASK);
	return NULL;
}

static void
check_bucket(struct fsck *f, uint64_t bucket)
{
	struct index_line *l = &f->m.line[bucket];
	struct chain c = { .bucket = bucket };

	check_lock(f, bucket);
	for (unsigned hop = 0; l != NULL && hop <= INDEX_HOPS; hop++) {
		f->out->lines++;
		for (unsigned i = 0; i < INDEX_WORDS; i++)
			check_word(f, &c, &l->word[i]);
		l = next_line(f, bucket, l, hop);
	}
}

void
fsck_index(struct fsck *f)
{
	for (uint64_t b = 0; b < f->m.n_buckets; b++)
		check_bucket(f, b);
}
