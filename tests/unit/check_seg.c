/* check_seg.c - segment states, open segments, the index's locks and repair */
#include "../lib/cachefix.h"
#include "epoch.h"
#include "evict.h"
#include "index.h"
#include "lock.h"
#include "reap.h"
#include "seg.h"
#include "tail.h"

struct fix {
	struct region *r;
	struct slot_self *me;
	struct cmap m;
};

static struct fix
fix_open(void)
{
	struct fix f;

	f.r = cachefix_region(NULL);
	ck_assert_int_eq(cache_register(f.r), 0);
	f.me = shmfix_attach(f.r, SLOT_ANY, SLOT_ROLE_WORKER, "");
	ck_assert_int_eq(cmap_open(f.r, &f.m), 0);
	return f;
}

static void
fix_close(struct fix *f)
{
	slot_detach(&f->me);
	region_close(&f->r);
}

START_TEST(only_the_pictures_transitions_are_allowed)
{
	unsigned n = 0;

	for (unsigned a = 0; a < SEG_STATES; a++)
		for (unsigned b = 0; b < SEG_STATES; b++)
			n += (unsigned)seg_may(a, b);
	ck_assert_uint_eq(n, 15);
	ck_assert(!seg_may(SEG_FREE, SEG_SEALED));
	ck_assert(!seg_may(SEG_SEALED, SEG_FREE));
	ck_assert(!seg_may(SEG_RETIRED, SEG_OPEN));
	ck_assert(!seg_may(SEG_EVICTING, SEG_FREE));
	ck_assert(!seg_may(SEG_STATES, SEG_FREE));
}
END_TEST

START_TEST(geometry_stays_in_the_budget)
{
	for (uint64_t mib = 1; mib <= 4096; mib *= 2) {
		struct cache_plan p = { .budget_bytes = mib << 20 };
		struct region_section s[CACHE_SECTIONS];
		uint64_t sum;

		ck_assert_int_eq(cache_sizes(&p, s), CACHE_SECTIONS);
		sum = s[1].size + s[3].size + s[4].size;
		ck_assert_uint_le(sum, p.budget_bytes);
		/* Less than a segment and some pages are left over. */
		ck_assert_uint_ge(sum + (1u << 20) + 3 * REGION_PAGE,
		    p.budget_bytes);
	}
}
END_TEST

START_TEST(a_change_needs_the_word_that_was_seen)
{
	struct fix f = fix_open();
	uint64_t word, old;
	uint32_t seg;

	ck_assert_int_eq(seg_take_free(&f.m, SEG_OPEN, SEG_PROBATION, 3,
	    f.me->number, 0, &seg, &word), 1);
	ck_assert_uint_eq(seg_owner(word), f.me->number + 1);
	ck_assert_uint_eq(seg_bucket(word), 3);
	old = word;
	ck_assert_int_eq(seg_change(&f.m, seg, &word, SEG_SEALED, 0, 3, 0), 1);
	ck_assert_uint_gt(seg_generation(word), seg_generation(old));
	/* The same state again does not make the old word right. */
	ck_assert_int_eq(seg_change(&f.m, seg, &old, SEG_PARTIAL, 0, 3, 0), 0);
	ck_assert_uint_eq(old, word);
	fix_close(&f);
}
END_TEST

START_TEST(free_segments_are_taken_once_and_some_are_kept)
{
	struct fix f = fix_open();
	uint8_t seen[4096] = { 0 };
	uint32_t seg, n = 0;
	uint64_t word;

	while (seg_take_free(&f.m, SEG_OPEN, 0, 0, f.me->number, 5, &seg,
		&word)) {
		ck_assert_uint_eq(seen[seg]++, 0);
		n++;
	}
	ck_assert_uint_eq(n, f.m.n_segs - 5);
	while (seg_take_free(&f.m, SEG_OPEN, 0, 0, f.me->number, 0, &seg,
		&word))
		n++;
	ck_assert_uint_eq(n, f.m.n_segs);
	fix_close(&f);
}
END_TEST

START_TEST(chunks_make_no_segment_of_records_older)
{
	struct fix f = fix_open();
	uint64_t word, births = ld_rlx(&f.m.head->births);
	uint32_t seg;

	ck_assert_int_eq(seg_take_free(&f.m, SEG_CHUNK, SEG_CHUNKS, 0,
	    f.me->number, 0, &seg, &word), 1);
	ck_assert_uint_eq(ld_rlx(&f.m.head->births), births);
	ck_assert_int_eq(seg_take_free(&f.m, SEG_OPEN, SEG_MAIN, 0,
	    f.me->number, 0, &seg, &word), 1);
	ck_assert_uint_eq(ld_rlx(&f.m.head->births), births + 1);
	fix_close(&f);
}
END_TEST

START_TEST(retired_segments_wait_for_readers_and_pins)
{
	struct fix f = fix_open();
	struct slot_self *reader;
	uint64_t word;
	uint32_t seg;

	reader = shmfix_attach(f.r, SLOT_ANY, SLOT_ROLE_WORKER, "");
	(void)seg_take_free(&f.m, SEG_CHUNK, SEG_CHUNKS, 0, f.me->number, 0,
	    &seg, &word);
	(void)seg_change(&f.m, seg, &word, SEG_EVICTING, SEG_CHUNKS, 0,
	    f.me->number + 1);
	ck_assert_int_eq(epoch_enter(reader), 0);
	st_rel(&f.m.head->pinned, 1u);
	st_rel(&reader->slot->pin[3], (uint64_t)seg + 1);
	seg_retire(&f.m, f.me, &seg, &word, 1);
	ck_assert_uint_eq(seg_state(seg_load(&f.m, seg)), SEG_RETIRED);
	ck_assert_uint_eq(seg_reclaim(&f.m, 100), 0);
	epoch_leave(reader);
	ck_assert_uint_eq(seg_reclaim(&f.m, 100), 0);
	st_rel(&reader->slot->pin[3], UINT64_C(0));
	ck_assert_uint_eq(seg_reclaim(&f.m, 100), 1);
	ck_assert_uint_eq(seg_state(seg_load(&f.m, seg)), SEG_FREE);
	slot_detach(&reader);
	fix_close(&f);
}
END_TEST

START_TEST(a_writer_holds_few_segments_and_shares_what_it_gives_back)
{
	struct fix f = fix_open();
	struct tails a = { .k = 2 }, b = { .k = 1 };
	uint32_t state[SEG_STATES], queue[SEG_QUEUES];
	struct tail *t;
	uint32_t seg;
	void *at;

	for (unsigned bucket = 0; bucket < 5; bucket++) {
		ck_assert_int_eq(tail_reserve(&f.m, f.me, &a, 0, bucket, 100, 0,
		    &t, &at), 1);
		tail_commit(&f.m, t, 100, SEG_NEVER, 1);
	}
	seg_count(&f.m, state, queue);
	ck_assert_uint_eq(state[SEG_OPEN], 2);
	ck_assert_uint_eq(state[SEG_PARTIAL], 3);
	/* Another writer goes on where the first left. */
	ck_assert_int_eq(tail_reserve(&f.m, f.me, &b, 0, 0, 50, 0, &t, &at), 1);
	ck_assert_uint_eq(t->at, 100);
	seg = t->seg;
	tail_give_all(&f.m, &b);
	ck_assert_uint_eq(seg_state(seg_load(&f.m, seg)), SEG_PARTIAL);
	tail_give_all(&f.m, &a);
	seg_count(&f.m, state, queue);
	ck_assert_uint_eq(state[SEG_OPEN], 0);
	ck_assert_uint_eq(state[SEG_PARTIAL], 5);
	fix_close(&f);
}
END_TEST

START_TEST(an_undone_record_leaves_its_room)
{
	struct fix f = fix_open();
	struct tails ts = { .k = 2 };
	struct tail *t;
	void *a, *b;

	ck_assert_int_eq(tail_reserve(&f.m, f.me, &ts, 0, 0, 64, 0, &t, &a), 1);
	tail_commit(&f.m, t, 64, SEG_NEVER, 1);
	ck_assert_uint_eq(seg_fill(&f.m, t->seg), 64);
	tail_undo(&f.m, t);
	ck_assert_uint_eq(seg_fill(&f.m, t->seg), 0);
	ck_assert_int_eq(tail_reserve(&f.m, f.me, &ts, 0, 0, 64, 0, &t, &b), 1);
	ck_assert_ptr_eq(a, b);
	tail_give_all(&f.m, &ts);
	ck_assert_uint_eq(seg_count_free(&f.m, UINT32_MAX), f.m.n_segs);
	fix_close(&f);
}
END_TEST

START_TEST(undone_heads_of_long_values_seal_no_segment)
{
	struct fix f = fix_open();
	struct tails ts = { .k = 2 };
	struct tail *t;
	uint32_t seg;
	void *at;

	ck_assert_int_eq(tail_reserve(&f.m, f.me, &ts, 0, 0, 64, 0, &t, &at),
	    1);
	tail_commit(&f.m, t, 64, SEG_NEVER, 1);
	tail_weigh(&f.m, t, 1);
	seg = t->seg;
	for (unsigned i = 0; i < 2 * f.m.chunks_seg; i++) {
		ck_assert_int_eq(tail_reserve(&f.m, f.me, &ts, 0, 0, 64, 0, &t,
		    &at), 1);
		tail_commit(&f.m, t, 64, SEG_NEVER, 1);
		tail_weigh(&f.m, t, f.m.chunks_seg - 1);
		tail_undo(&f.m, t);
		ck_assert_uint_eq(t->seg, seg);
		ck_assert_uint_eq(ld_rlx(&f.m.side[seg].chunks), 1);
	}
	tail_give_all(&f.m, &ts);
	ck_assert_uint_eq(seg_state(seg_load(&f.m, seg)), SEG_PARTIAL);
	fix_close(&f);
}
END_TEST

START_TEST(records_of_a_kilobyte_begin_on_a_line)
{
	struct fix f = fix_open();
	struct tails ts = { .k = 2 };
	struct tail *t;
	void *at;

	(void)tail_reserve(&f.m, f.me, &ts, 0, 0, 20, 0, &t, &at);
	tail_commit(&f.m, t, 20, SEG_NEVER, 1);
	(void)tail_reserve(&f.m, f.me, &ts, 0, 0, 1024, 0, &t, &at);
	ck_assert_uint_eq((uintptr_t)at % 64, 0);
	tail_commit(&f.m, t, 1024, SEG_NEVER, 1);
	ck_assert_uint_eq(seg_fill(&f.m, t->seg), 64 + 1024);
	ck_assert_uint_eq(((uint32_t *)(void *)seg_data(&f.m, t->seg))[5], 0);
	/* What is between them is dead, unless the record is undone. */
	ck_assert_uint_eq(ld_rlx(&f.m.dead[t->seg]), 64 - 20);
	tail_undo(&f.m, t);
	ck_assert_uint_eq(ld_rlx(&f.m.dead[t->seg]), 0);
	tail_give_all(&f.m, &ts);
	fix_close(&f);
}
END_TEST

static void
hold_segments(struct slot_self *me, void *arg)
{
	struct cmap *m = arg;
	uint64_t word;
	uint32_t seg;

	/* One OPEN and empty, one OPEN with a record, one EVICTING, one CHUNK
	 * without a head. */
	(void)seg_take_free(m, SEG_OPEN, 0, 0, me->number, 0, &seg, &word);
	(void)seg_take_free(m, SEG_OPEN, 0, 0, me->number, 0, &seg, &word);
	st_rel(&m->side[seg].fill, 100u);
	(void)seg_take_free(m, SEG_OPEN, 1, 7, me->number, 0, &seg, &word);
	st_rel(&m->side[seg].fill, 100u);
	(void)seg_change(m, seg, &word, SEG_SEALED, 1, 7, 0);
	(void)seg_change(m, seg, &word, SEG_EVICTING, 1, 7, me->number + 1);
	(void)seg_take_free(m, SEG_CHUNK, SEG_CHUNKS, 0, me->number, 0, &seg,
	    &word);
}

START_TEST(segments_of_the_dead_are_given_back)
{
	struct fix f = fix_open();
	uint32_t state[SEG_STATES], queue[SEG_QUEUES];

	shmfix_kill(shmfix_child(f.r, 5, hold_segments, &f.m));
	seg_count(&f.m, state, queue);
	ck_assert_uint_eq(state[SEG_OPEN], 2);
	ck_assert_uint_eq(state[SEG_EVICTING], 1);
	ck_assert_int_eq(slot_reap(f.me, 5), 4);
	seg_count(&f.m, state, queue);
	ck_assert_uint_eq(state[SEG_OPEN], 0);
	ck_assert_uint_eq(state[SEG_PARTIAL], 1);
	ck_assert_uint_eq(state[SEG_SEALED], 1);
	ck_assert_uint_eq(state[SEG_RETIRED], 1);
	ck_assert_uint_eq(state[SEG_FREE], f.m.n_segs - 3);
	fix_close(&f);
}
END_TEST

static void
hold_bucket(struct slot_self *me, void *arg)
{
	struct cmap *m = arg;
	struct index_line *line;

	(void)index_lock(m, me, 3);
	(void)index_extend(m, me, 3, &line);
}

START_TEST(a_dead_holders_bucket_is_free_again_and_keeps_its_line)
{
	struct fix f = fix_open();

	shmfix_kill(shmfix_child(f.r, 5, hold_bucket, &f.m));
	ck_assert_int_eq(index_try(&f.m, f.me, 3), -EBUSY);
	/* Who waits for it may repair it in this region. */
	ck_assert_int_eq(index_lock(&f.m, f.me, 3), 0);
	index_unlock(&f.m, f.me, 3);
	ck_assert_uint_eq(index_lines_used(&f.m), 1);
	ck_assert_uint_eq(SLOT_STATE(ld_acq(&f.r->slots[5].state)), SLOT_FREE);
	fix_close(&f);
}
END_TEST

static void
die_between_store_and_count(struct slot_self *me, void *arg)
{
	struct cmap *m = arg;
	_Atomic uint64_t *intent = me->slot->held[SLOT_HAND_WORK].intent;
	uint64_t place;

	(void)index_lock(m, me, 4);
	index_store(m, me, &m->line[4].word[2], index_word(INDEX_ITEM, 1, 9),
	    100);
	/* As it was before the counters were stored. */
	place = (uint64_t)(&m->line[4].word[2] - (_Atomic uint64_t *)m->line);
	st_rlx(&m->cell[me->number].items, UINT64_C(0));
	st_rlx(&m->cell[me->number].bytes, UINT64_C(0));
	st_rel(&intent[0], UINT64_C(1) << 60 | place);
}

START_TEST(counters_of_the_dead_are_made_right_by_its_intent)
{
	struct fix f = fix_open();

	shmfix_kill(shmfix_child(f.r, 5, die_between_store_and_count, &f.m));
	ck_assert_uint_eq(cmap_items(&f.m), 0);
	ck_assert_int_gt(slot_reap(f.me, 5), 0);
	ck_assert_uint_eq(cmap_items(&f.m), 1);
	ck_assert_uint_eq(ld_rlx(&f.m.cell[5].bytes), 100);
	fix_close(&f);
}
END_TEST

START_TEST(a_bucket_takes_overflow_lines_up_to_its_limit)
{
	struct fix f = fix_open();
	struct index_line *line;

	ck_assert_int_eq(index_lock(&f.m, f.me, 9), 0);
	for (unsigned i = 0; i < INDEX_HOPS; i++)
		ck_assert_int_eq(index_extend(&f.m, f.me, 9, &line), 1);
	ck_assert_int_eq(index_extend(&f.m, f.me, 9, &line), 0);
	index_unlock(&f.m, f.me, 9);
	ck_assert_uint_eq(index_lines_used(&f.m), INDEX_HOPS);
	fix_close(&f);
}
END_TEST

SUITE_MAIN("seg", NULL, NULL, only_the_pictures_transitions_are_allowed,
    geometry_stays_in_the_budget, a_change_needs_the_word_that_was_seen,
    free_segments_are_taken_once_and_some_are_kept,
    chunks_make_no_segment_of_records_older,
    retired_segments_wait_for_readers_and_pins,
    a_writer_holds_few_segments_and_shares_what_it_gives_back,
    an_undone_record_leaves_its_room,
    undone_heads_of_long_values_seal_no_segment,
    records_of_a_kilobyte_begin_on_a_line,
    segments_of_the_dead_are_given_back,
    a_dead_holders_bucket_is_free_again_and_keeps_its_line,
    counters_of_the_dead_are_made_right_by_its_intent,
    a_bucket_takes_overflow_lines_up_to_its_limit)
