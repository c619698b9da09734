/* check_fsck.c - what fsck finds in a cache, repairs and leaves alone */
#include "check_fsck.h"
#include "index.h"
#include "look.h"
#include "seg.h"

/* The index word of a key. */
static _Atomic uint64_t *
place_of(const struct cmap *m, const char *key)
{
	struct look l;

	ck_assert_int_eq(look_find(m, key, strlen(key),
	    index_hash(m, key, strlen(key)), &l), 1);
	return l.place;
}

START_TEST(a_good_region_is_clean_and_counted)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct fsck_report rep = check(r, FSCK_QUIET);

	ck_assert_int_eq(rep.verdict, FSCK_CLEAN);
	ck_assert_uint_eq(rep.items, 101);
	ck_assert_uint_eq(rep.records, 101);
	ck_assert_uint_eq(rep.chunks, 6);
	ck_assert_int_eq(check(r, 0).verdict, FSCK_CLEAN);
	region_close(&r);
}
END_TEST

START_TEST(a_word_that_leads_nowhere_is_dropped)
{
	struct cmap m;
	struct region *r = filled(&m);
	_Atomic uint64_t *place = place_of(&m, "key7");

	st_rel(place, ld_acq(place) + 1);
	found_and_repaired(r, "leads to no record");
	st_rel(place_of(&m, "key8"), ld_acq(place_of(&m, "key9")));
	found_and_repaired(r, "leads to another key");
	st_rel(place_of(&m, "key10"), index_word(INDEX_ITEM, 3,
	    INDEX_OFFSET_MASK));
	found_and_repaired(r, "leads outside");
	region_close(&r);
}
END_TEST

START_TEST(a_key_in_two_words_is_found)
{
	struct cmap m;
	struct region *r = filled(&m);
	_Atomic uint64_t *place = place_of(&m, "key7");
	struct index_line *l = &m.line[index_bucket(&m,
	    index_hash(&m, "key7", 4))];

	for (unsigned i = 0; i < INDEX_WORDS; i++)
		if (ld_rlx(&l->word[i]) == 0) {
			st_rel(&l->word[i], ld_rlx(place));
			break;
		}
	found_and_repaired(r, "second time");
	region_close(&r);
}
END_TEST

START_TEST(a_lock_and_a_lost_line_are_freed)
{
	struct cmap m;
	struct region *r = filled(&m);

	st_rel(&m.line[5].control, ld_acq(&m.line[5].control) |
	    slot_owner_word(3, 9));
	found_and_repaired(r, "locked");
	st_rel(&m.line[m.n_buckets + 2].control, INDEX_USED | 5);
	found_and_repaired(r, "in no chain");
	st_rel(&m.line[6].control, UINT64_C(3) << INDEX_NEXT_SHIFT);
	found_and_repaired(r, "another's line");
	st_rel(&m.line[6].control, UINT64_C(0xfffffff) << INDEX_NEXT_SHIFT);
	found_and_repaired(r, "goes on outside");
	region_close(&r);
}
END_TEST

START_TEST(segments_and_chunks_that_make_no_sense_are_put_right)
{
	struct cmap m;
	struct region *r = filled(&m);
	uint32_t n = 0;

	while (seg_state(seg_load(&m, n)) != SEG_FREE)
		n++;
	st_rel(&m.state[n], seg_word(SEG_CHUNK, SEG_CHUNKS, 0, 0, 9));
	found_and_repaired(r, "a chunk of nothing");
	st_rel(&m.state[n], seg_word(15, 0, 0, 0, 9));
	found_and_repaired(r, "no such state");
	st_rel(&m.state[n], seg_word(SEG_OPEN, 0, 0, 7, 9));
	found_and_repaired(r, "owned by a slot that is free");
	st_rel(&m.state[n], seg_word(SEG_RETIRED, 0, 0, 0, 9));
	st_rel(&m.side[n].stamp, UINT64_MAX / 2);
	found_and_repaired(r, "retired in the future");
	for (n = 0; seg_state(seg_load(&m, n)) != SEG_CHUNK; n++)
		;
	st_rel(&m.state[n], seg_word(SEG_FREE, 0, 0, 0, 9));
	found_and_repaired(r, "no chunk");
	region_close(&r);
}
END_TEST

START_TEST(rubbish_in_a_segment_ends_it_there)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct item *it = look_item(&m, ld_acq(place_of(&m, "key50")));

	it->meta = 0xffffff00;
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_FOUND);
	ck_assert(said("no record at"));
	ck_assert_int_eq(check(r, FSCK_QUIET | FSCK_REPAIR).verdict,
	    FSCK_REPAIRED);
	ck_assert_uint_lt(check(r, FSCK_QUIET).items, 60);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
	region_close(&r);
}
END_TEST

START_TEST(wrong_counters_are_made_right)
{
	struct cmap m;
	struct region *r = filled(&m);

	st_rel(&m.cell[3].items, UINT64_C(77));
	found_and_repaired(r, "counters say 178 items");
	ck_assert_uint_eq(cmap_items(&m), 101);
	region_close(&r);
}
END_TEST

START_TEST(repair_needs_quiet_and_write_access)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct fsck_report rep;

	ck_assert_int_eq(fsck_region(r, FSCK_REPAIR, NULL, NULL, &rep),
	    -EINVAL);
	r->read_only = 1;
	ck_assert_int_eq(fsck_region(r, FSCK_REPAIR | FSCK_QUIET, NULL, NULL,
	    &rep), -EROFS);
	region_close(&r);
}
END_TEST

START_TEST(what_stands_beside_a_segment_fits_it)
{
	struct cmap m;
	struct region *r = filled(&m);
	uint32_t n = 0, in = look_seg(&m, ld_acq(place_of(&m, "key7")));

	while (seg_state(seg_load(&m, n)) != SEG_FREE)
		n++;
	st_rel(&m.side[n].birth, ld_rlx(&m.head->births) + 1);
	found_at_any_time(r, "its birth is in the future");
	st_rel(&m.side[n].fill, 8u);
	found_at_any_time(r, "free, and filled to 8");
	st_rel(&m.state[n], seg_word(SEG_OPEN, 0, 0, 7, 9));
	found_at_any_time(r, "owned by a slot that is free");
	st_rel(&m.side[n].stamp, ld_rlx(&r->hot->epoch));
	st_rel(&m.state[n], seg_word(SEG_RETIRED, 0, 0, 0, 20));
	found_at_any_time(r, "retired in the future");
	st_rel(&m.side[n].stamp, UINT64_C(0));
	st_rel(&m.side[n].fill, 8u);
	st_rel(&m.state[n], seg_word(SEG_RETIRED, 0, 0, 0, 30));
	found_at_any_time(r, "retired, and filled to 8");
	st_rel(&m.side[in].fill, m.seg_bytes + 4);
	ck_assert_int_eq(check(r, 0).verdict, FSCK_FOUND);
	ck_assert(said("fill mark"));
	region_close(&r);
}
END_TEST

START_TEST(what_evictors_believe_keeps_records_alive)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct seg_side *side;

	side = &m.side[look_seg(&m, ld_acq(place_of(&m, "key7")))];
	st_rel(&side->walked, m.seg_bytes);
	found_at_rest(r, "a record is below what was evicted");
	ck_assert_uint_eq(ld_rlx(&side->walked), 0);
	st_rel(&side->expiry, SEG_NEVER - 1);
	found_at_rest(r, "a record outlives it");
	/* It was not the records that were wrong. */
	ck_assert_uint_eq(check(r, FSCK_QUIET).items, 101);
	region_close(&r);
}
END_TEST

START_TEST(a_value_that_expires_does_so_before_its_segment)
{
	struct cachefix f = cachefix_open(NULL);
	struct cache_opt opt = { .ttl_ns = INT64_C(3600000000000) };
	_Atomic uint64_t *expiry;
	struct cmap m;

	ck_assert_int_eq(cache_put(f.c, CACHE_SET, "k", 1, "v", 1, &opt,
	    NULL), 1);
	ck_assert_int_eq(cmap_open(f.r, &m), 0);
	expiry = &m.side[look_seg(&m, ld_acq(place_of(&m, "k")))].expiry;
	ck_assert_int_eq(check(f.r, FSCK_QUIET).verdict, FSCK_CLEAN);
	st_rel(expiry, ld_rlx(expiry) - 1);
	found_at_rest(f.r, "a record outlives it");
	ck_assert_uint_eq(check(f.r, FSCK_QUIET).items, 1);
	cachefix_close(&f);
}
END_TEST

START_TEST(a_record_and_its_chunks_name_their_own)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct item *it = look_item(&m, ld_acq(place_of(&m, "key7")));
	uint64_t cas = item_cas(it);
	uint32_t n = 0;

	st_rel(&m.cell[(cas >> 44) - 1].cas, UINT64_C(3));
	found_at_rest(r, "is counted up to 3");
	ck_assert_uint_eq(ld_rlx(&m.cell[(cas >> 44) - 1].cas), 101);
	memset(it->cas, 0, sizeof(it->cas));
	found_at_rest(r, "has a cas of nobody");
	while (seg_state(seg_load(&m, n)) != SEG_CHUNK)
		n++;
	st_rel(&m.side[n].key_hash, UINT64_C(1));
	found_at_rest(r, "names a chunk of another key");
	it = look_item(&m, ld_acq(place_of(&m, "key9")));
	st_rel(&it->born, (uint32_t)ld_rlx(&m.hot[CMAP_CLOCK]) + 1);
	found_at_any_time(r, "leads to what was filled in the future");
	st_rel(place_of(&m, "key8"), index_word(INDEX_GHOST, 8, 0x10000));
	found_at_any_time(r, "is no word");
	region_close(&r);
}
END_TEST

int
main(void)
{
	TCase *cache = SUITE_CASE("cache", NULL, NULL,
	    a_good_region_is_clean_and_counted,
	    a_word_that_leads_nowhere_is_dropped, a_key_in_two_words_is_found,
	    a_lock_and_a_lost_line_are_freed,
	    segments_and_chunks_that_make_no_sense_are_put_right,
	    rubbish_in_a_segment_ends_it_there, wrong_counters_are_made_right,
	    repair_needs_quiet_and_write_access,
	    what_stands_beside_a_segment_fits_it,
	    what_evictors_believe_keeps_records_alive,
	    a_value_that_expires_does_so_before_its_segment,
	    a_record_and_its_chunks_name_their_own);

	return SUITE_RUN("fsck", cache, fsck_slot_case(), fsck_recover_case(),
	    fsck_flight_case());
}
