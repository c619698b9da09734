/* check_fsck.c - what fsck finds, repairs and leaves alone */
#include "../lib/cachefix.h"
#include "fsck.h"
#include "index.h"
#include "look.h"
#include "seg.h"

static char lines[100][FSCK_LINE];
static unsigned n_lines;

static void
keep(void *arg, const char *line)
{
	(void)arg;
	if (n_lines < 100)
		strcpy(lines[n_lines++], line);
}

static int
said(const char *what)
{
	for (unsigned i = 0; i < n_lines; i++)
		if (strstr(lines[i], what) != NULL)
			return 1;
	return 0;
}

/* A cache with 100 keys and a long value, and nobody in it. */
static struct region *
filled(struct cmap *m)
{
	struct cachefix f = cachefix_open(NULL);
	char *big = calloc(1, 100000), key[16];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		ck_assert_int_eq(cachefix_set(f.c, key, key), 1);
	}
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, "big", 3, big, 100000, NULL,
	    NULL), 1);
	free(big);
	cache_close(&f.c);
	slot_detach(&f.me);
	ck_assert_int_eq(cmap_open(f.r, m), 0);
	n_lines = 0;
	return f.r;
}

static struct fsck_report
check(struct region *r, unsigned flags)
{
	struct fsck_report rep;

	n_lines = 0;
	ck_assert_int_eq(fsck_region(r, flags, keep, NULL, &rep), 0);
	return rep;
}

/* Found without repair, repaired, clean afterwards. */
static void
found_and_repaired(struct region *r, const char *what)
{
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_FOUND);
	ck_assert_msg(said(what), "not said: %s; but %s", what, lines[0]);
	ck_assert_int_eq(check(r, FSCK_QUIET | FSCK_REPAIR).verdict,
	    FSCK_REPAIRED);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
}

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

static void
leave_mess(struct slot_self *me, void *arg)
{
	struct cache *c;

	(void)arg;
	if (cache_open(me, &c) != 0 || cachefix_set(c, "key1", "new") != 1)
		_exit(1);
}

START_TEST(an_opener_recovers_what_the_dead_left)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct fsck_report rep;
	struct slot_self *me;

	shmfix_kill(shmfix_child(r, 2, leave_mess, NULL));
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
	st_rel(&m.cell[3].items, UINT64_C(77));
	me = shmfix_attach(r, SLOT_ANY, SLOT_ROLE_CLIENT, "");
	ck_assert_int_eq(fsck_recover(me, &rep), 0);
	ck_assert_int_eq(rep.verdict, FSCK_REPAIRED);
	ck_assert_uint_eq(cmap_items(&m), 101);
	slot_detach(&me);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
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

SUITE_MAIN("fsck", NULL, NULL, a_good_region_is_clean_and_counted,
    a_word_that_leads_nowhere_is_dropped, a_key_in_two_words_is_found,
    a_lock_and_a_lost_line_are_freed,
    segments_and_chunks_that_make_no_sense_are_put_right,
    rubbish_in_a_segment_ends_it_there, wrong_counters_are_made_right,
    an_opener_recovers_what_the_dead_left, repair_needs_quiet_and_write_access)
