/* fsck_seg.c - segments: state words, fill marks, records, leaks */
#include "crash.h"
#include "fsck_int.h"
#include "index.h"
#include "item.h"
#include "look.h"
#include "seg.h"

/* Whether records of such a segment may be in the index. */
static int
has_records(uint64_t word)
{
	unsigned s = seg_state(word);

	return (s == SEG_OPEN || s == SEG_PARTIAL || s == SEG_SEALED ||
	    s == SEG_EVICTING) && seg_queue(word) != SEG_CHUNKS;
}

static const char *
word_wrong(const struct fsck *f, uint64_t word)
{
	unsigned state = seg_state(word), owner = seg_owner(word);
	unsigned chunk = seg_queue(word) == SEG_CHUNKS;
	int owned = state == SEG_OPEN || state == SEG_EVICTING;

	if (state >= SEG_STATES || state == SEG_ABSENT || state == SEG_LEAVING)
		return "no such state";
	if (seg_queue(word) >= SEG_QUEUES)
		return "no such queue";
	if (owner > f->m.n_slots)
		return "no such owner";
	if (owned && owner == 0)
		return "owned by nobody";
	if (!owned && state != SEG_CHUNK && owner != 0)
		return "owned";
	if (state == SEG_CHUNK && !chunk)
		return "a chunk in a queue";
	if (chunk && (state == SEG_OPEN || state == SEG_PARTIAL ||
		state == SEG_SEALED))
		return "records among the chunks";
	if (owner != 0 && SLOT_STATE(ld_acq(
		&f->r->slots[owner - 1].state)) == SLOT_FREE)
		return "owned by a slot that is free";
	return NULL;
}

/* The word as it is to be: a chunk stays one, everything else is SEALED with
 * the records that the walk finds good. */
static void
word_repair(struct fsck *f, uint32_t n, uint64_t word)
{
	int chunk = seg_queue(word) == SEG_CHUNKS &&
	    (seg_state(word) == SEG_CHUNK || seg_state(word) == SEG_EVICTING);
	unsigned queue = seg_queue(word) == SEG_MAIN ? SEG_MAIN : SEG_PROBATION;

	st_rel(&f->m.state[n], seg_word(chunk ? SEG_CHUNK : SEG_SEALED,
	    chunk ? SEG_CHUNKS : queue, 0, 0, seg_generation(word) + 1));
}

/* Nothing in it is worth keeping, and nobody is in it. */
static void
make_free(struct fsck *f, uint32_t n, uint64_t word)
{
	st_rlx(&f->m.side[n].fill, 0u);
	CRASH_POINT("fsck.half");
	st_rel(&f->m.state[n], seg_word(SEG_FREE, 0, 0, 0,
	    seg_generation(word) + 1));
}

static void
mark_start(struct fsck *f, uint32_t seg, uint32_t at)
{
	uint64_t bit = (((uint64_t)seg << f->m.seg_shift) + at) / 4;

	f->starts[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* Walk the records; they end where the first bad one is. */
static void
walk(struct fsck *f, uint32_t n)
{
	const struct cmap *m = &f->m;
	const char *base = seg_data(m, n);
	uint32_t fill = seg_fill(m, n), at = 0;
	struct item_view v;

	while (at < fill) {
		if (item_load32(base + at) == 0) {
			at += ITEM_ALIGN;
			continue;
		}
		if (look_parse(m, (const void *)(base + at), fill - at,
			&v) != 0) {
			if (fsck_say(f, "segment %u: no record at %u", n, at)) {
				st_rel(&m->side[n].fill, at);
				CRASH_POINT("fsck.half");
				st_rel(&m->side[n].walked, 0u);
			}
			return;
		}
		mark_start(f, n, at);
		f->out->records++;
		at += v.size;
	}
}

/* Whether what was read beside the word belongs to it: the word has a
 * generation, so it has not changed and back. */
static int
still(const struct fsck *f, uint32_t n, uint64_t word)
{
	fence_full();
	return fsck_quiet(f) || seg_load(&f->m, n) == word;
}

/* Of what holds no records. */
static void
check_empty(struct fsck *f, uint32_t n, uint64_t word)
{
	uint32_t fill = ld_acq(&f->m.side[n].fill);

	if (fill != 0 && still(f, n, word) &&
	    fsck_say(f, "segment %u: %s, and filled to %u", n,
		seg_state_name(seg_state(word)), fill))
		st_rel(&f->m.side[n].fill, 0u);
}

static void
check_retired(struct fsck *f, uint32_t n, uint64_t word)
{
	/* In this order: the epoch only grows, and is beyond every stamp. */
	uint64_t stamp = ld_acq(&f->m.side[n].stamp);

	if (stamp < ld_acq(&f->r->hot->epoch) || !still(f, n, word))
		return;
	/* It would never come free. */
	if (fsck_say(f, "segment %u: retired in the future", n))
		make_free(f, n, word);
}

/* A birth was drawn from `births` and is below, or was read there. */
static void
check_birth(struct fsck *f, uint32_t n)
{
	uint64_t birth = ld_acq(&f->m.side[n].birth);

	if (birth > ld_acq(&f->m.head->births) &&
	    fsck_say(f, "segment %u: its birth is in the future", n))
		st_rel(&f->m.side[n].birth, UINT64_C(0));
}

static void
check_fill(struct fsck *f, uint32_t n, uint64_t word)
{
	uint32_t fill = ld_acq(&f->m.side[n].fill);

	if ((fill > f->m.seg_bytes || fill % 4 != 0) && still(f, n, word) &&
	    fsck_say(f, "segment %u: fill mark %u", n, fill))
		st_rel(&f->m.side[n].fill, seg_fill(&f->m, n));
}

static void
check_segment(struct fsck *f, uint32_t n)
{
	uint64_t word = seg_load(&f->m, n);
	const char *wrong = word_wrong(f, word);

	f->out->segments++;
	check_birth(f, n);
	if (wrong != NULL && still(f, n, word)) {
		if (!fsck_say(f, "segment %u: %s, %s (word %016llx)", n,
			seg_state_name(seg_state(word)), wrong,
			(unsigned long long)word))
			return;
		word_repair(f, n, word);
		word = seg_load(&f->m, n);
	}
	if (has_records(word))
		check_fill(f, n, word);
	if (has_records(word) && fsck_quiet(f))
		walk(f, n);
	if (seg_state(word) == SEG_FREE || seg_state(word) == SEG_RETIRED)
		check_empty(f, n, word);
	if (seg_state(word) == SEG_RETIRED)
		check_retired(f, n, word);
}

/* An invalidation draws its time, then stores it in its cell. */
void
fsck_clocks(struct fsck *f)
{
	static const char *const name[] = { "flush", "ban" };
	_Atomic uint64_t *clock = &f->m.hot[CMAP_CLOCK];

	if (ld_acq(clock) == 0 && fsck_say(f, "the invalidation clock is 0"))
		st_rel(clock, UINT64_C(1));
	for (unsigned i = CMAP_FLUSHED; i <= CMAP_BANNED; i++) {
		uint64_t cell = ld_acq(&f->m.hot[i]);

		/* Then everything is older: a cache may forget. */
		if (cell > ld_acq(clock) &&
		    fsck_say(f, "the last %s is in the future", name[i]))
			st_rel(clock, cell);
	}
}

void
fsck_segments(struct fsck *f)
{
	for (uint32_t n = 0; n < f->m.n_segs; n++)
		check_segment(f, n);
}

static void
leaked_chunk(struct fsck *f, uint32_t n, uint64_t word)
{
	if (fsck_say(f, "segment %u: a chunk of nothing", n))
		make_free(f, n, word);
}

static void
check_counters(struct fsck *f)
{
	const struct cmap *m = &f->m;
	uint64_t items = 0, bytes = 0;

	for (uint32_t i = 0; i < m->n_slots; i++) {
		items += ld_rlx(&m->cell[i].items);
		bytes += ld_rlx(&m->cell[i].bytes);
	}
	if (items == f->items && bytes == f->bytes)
		return;
	if (!fsck_say(f, "counters say %lld items of %lld bytes, there are "
	    "%llu of %llu", (long long)items, (long long)bytes,
		(unsigned long long)f->items, (unsigned long long)f->bytes))
		return;
	/* One cell takes the difference. */
	st_rlx(&m->cell[0].items, ld_rlx(&m->cell[0].items) + f->items - items);
	CRASH_POINT("fsck.half");
	st_rlx(&m->cell[0].bytes, ld_rlx(&m->cell[0].bytes) + f->bytes - bytes);
}

void
fsck_leaks(struct fsck *f)
{
	const struct cmap *m = &f->m;

	for (uint32_t n = 0; n < m->n_segs; n++) {
		uint64_t word = seg_load(m, n);

		if (seg_state(word) != SEG_CHUNK)
			continue;
		f->out->chunks++;
		/* A writer that lives may be about to name it. */
		if (!f->chunk_used[n] && seg_owner(word) == 0)
			leaked_chunk(f, n, word);
	}
	for (uint32_t n = 0; n < m->n_lines; n++) {
		_Atomic uint64_t *c = &m->line[m->n_buckets + n].control;

		if (!f->line_used[n] && ld_acq(c) != 0 &&
		    fsck_say(f, "overflow line %u: in no chain", n))
			st_rel(c, UINT64_C(0));
	}
	check_counters(f);
}
