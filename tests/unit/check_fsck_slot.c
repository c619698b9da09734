/* check_fsck_slot.c - what fsck finds in shared words, slots, locks, events */
#include "check_fsck.h"
#include "evring.h"
#include "hist.h"
#include "index.h"
#include "lock.h"
#include "metric.h"

START_TEST(what_all_rests_on_cannot_be_repaired)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct region_head *head = (struct region_head *)(void *)r->base;
	uint64_t epoch = ld_rlx(&r->hot->epoch);

	head->created_ns++;
	beyond_repair(r, "header has changed");
	head->created_ns--;
	st_rel(&r->hot->epoch, UINT64_C(0));
	beyond_repair(r, "epoch is 0");
	st_rel(&r->hot->epoch, epoch);
	st_rel(&r->slots[4].state, SLOT_WORD(7, 1));
	beyond_repair(r, "slot 4: state 7");
	st_rel(&r->slots[4].state, SLOT_WORD(SLOT_FREE, 1));
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
	region_condemn(r);
	beyond_repair(r, "condemned");
	region_close(&r);
}
END_TEST

START_TEST(shared_words_are_not_of_the_future)
{
	struct cmap m;
	struct region *r = filled(&m);
	uint64_t epoch = ld_rlx(&r->hot->epoch);

	st_rel(&r->hot->safe, epoch);
	found_at_any_time(r, "grace periods are over up to the future");
	st_rel(&r->hot->suspended_ns, INT64_C(1) << 60);
	found_at_any_time(r, "time slept");
	st_rel(&r->hot->suspended_ns, INT64_C(-1));
	found_at_any_time(r, "time slept");
	st_rel(&r->hot->mark[9].epoch, epoch + 1);
	found_at_any_time(r, "mark 9 is of the future");
	st_rel(&m.hot[CMAP_FLUSHED], ld_rlx(&m.hot[CMAP_CLOCK]) + 1);
	found_at_any_time(r, "last flush is in the future");
	st_rel(&m.hot[CMAP_BANNED], ld_rlx(&m.hot[CMAP_CLOCK]) + 1);
	found_at_any_time(r, "last ban is in the future");
	st_rel(&m.hot[CMAP_FLUSHED], UINT64_C(0));
	st_rel(&m.hot[CMAP_BANNED], UINT64_C(0));
	st_rel(&m.hot[CMAP_CLOCK], UINT64_C(0));
	found_at_any_time(r, "invalidation clock is 0");
	region_close(&r);
}
END_TEST

START_TEST(a_free_slot_is_clean)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct hist *h = region_section(r, REGION_HISTS, NULL);
	struct slot *s = &r->slots[3];

	st_rel(&s->word, UINT64_C(1));
	found_at_any_time(r, "slot 3: free, and in a section");
	st_rel(&s->pin[31], UINT64_C(1));
	found_at_any_time(r, "slot 3: free, and with a pin");
	st_rel(&s->held[SLOT_HAND_MAINT].what, (uint64_t)LOCK_TEST << 56);
	found_at_any_time(r, "slot 3: free, and noting a lock");
	st_rel(&s->counter[SLOT_COUNTERS - 1], UINT64_C(1));
	found_at_any_time(r, "slot 3: free, and with counters");
	st_rel(&h[4 * HIST_MAX - 1].bucket[7], UINT64_C(1));
	found_at_any_time(r, "slot 3: free, and with histograms");
	region_close(&r);
}
END_TEST

START_TEST(a_slot_does_nothing_in_a_region_at_rest)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct slot *s = &r->slots[2];

	shmfix_kill(shmfix_child(r, 2, NULL, NULL));
	st_rel(&s->word, UINT64_C(1));
	found_at_rest(r, "slot 2: in a section");
	st_rel(&s->pin[0], UINT64_C(1));
	found_at_rest(r, "slot 2: with a pin");
	st_rel(&s->held[SLOT_HAND_WORK].what,
	    (uint64_t)LOCK_TOTALS << 56 | region_off(r, &r->hot->totals));
	found_at_rest(r, "slot 2: noting a lock");
	region_close(&r);
}
END_TEST

START_TEST(the_words_of_a_slot_are_possible)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct slot *s = &r->slots[2];

	shmfix_kill(shmfix_child(r, 2, NULL, NULL));
	st_rel(&s->word, ld_rlx(&r->hot->epoch) + 1);
	found_at_any_time(r, "slot 2: reads in the future");
	st_rel(&s->folded, SLOT_GENERATION(ld_rlx(&s->state)) + 1);
	found_at_any_time(r, "slot 2: its next counters are folded");
	st_rel(&s->sleeping, 3u);
	found_at_any_time(r, "slot 2: sleeps in no known way");
	st_rel(&s->role, 5u);
	found_at_any_time(r, "slot 2: role 5");
	s->group[SLOT_NAME - 1] = 'x';
	found_at_any_time(r, "slot 2: its group has no end");
	st_rel(&s->held[SLOT_HAND_WORK].what,
	    (uint64_t)LOCK_TOTALS << 56 | r->size);
	ck_assert_int_eq(check(r, 0).verdict, FSCK_FOUND);
	ck_assert(said("slot 2: notes a lock that cannot be"));
	region_close(&r);
}
END_TEST

/* Both words of that form, and a bucket's. */
START_TEST(a_lock_names_a_slot_that_notes_it)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct slot *s = &r->slots[2];
	uint32_t owner;

	st_rel(&r->hot->maint, slot_owner_word(700, 1));
	found_at_any_time(r, "maintenance: locked by nobody");
	st_rel(&r->hot->totals, slot_owner_word(3, 1) | LOCK_WAITERS);
	ck_assert_int_eq(check(r, 0).verdict, FSCK_FOUND);
	ck_assert(said("totals: locked by a slot that is not there"));
	found_and_repaired(r, "totals: locked");
	shmfix_kill(shmfix_child(r, 2, NULL, NULL));
	owner = slot_owner_word(2, SLOT_GENERATION(ld_rlx(&s->state)));
	st_rel(&m.line[5].control, ld_rlx(&m.line[5].control) | (owner + 1));
	ck_assert_int_eq(check(r, 0).verdict, FSCK_FOUND);
	ck_assert(said("bucket 5: locked by a slot that is not there"));
	found_and_repaired(r, "bucket 5: locked");
	st_rel(&r->hot->maint, owner);
	ck_assert_int_eq(check(r, 0).verdict, FSCK_FOUND);
	ck_assert(said("maintenance: locked by a slot that does not note it"));
	st_rel(&s->held[SLOT_HAND_MAINT].what,
	    (uint64_t)LOCK_MAINT << 56 | region_off(r, &r->hot->maint));
	found_at_rest(r, "maintenance: locked");
	region_close(&r);
}
END_TEST

START_TEST(totals_and_events_have_their_form)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct metric_total *t = region_section(r, REGION_TOTALS, NULL);
	struct evring_entry *e = region_section(r, REGION_EVENTS, NULL);

	st_rel(&t[1].cur, UINT64_C(200) << 51);
	found_at_any_time(r, "totals 1: count a slot that never was");
	st_rel(&t[1].cur, UINT64_C(3) << 51 | 9);
	found_at_any_time(r, "totals 1: count a slot that never was");
	st_rel(&t[2].used, UINT64_C(2));
	found_at_any_time(r, "totals 2: are used in no known way");
	st_rel(&t[2].used, UINT64_C(0));
	t[3].name[SLOT_NAME - 1] = 'x';
	found_at_any_time(r, "totals 3: have a name without an end");
	ck_assert_int_eq(evring_put(r, SLOT_ANY, EVRING_INFO, "one"), 0);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
	st_rel(&e[1].seq, UINT64_C(5));
	found_at_any_time(r, "event 1 has a number that was not drawn");
	st_rel(&e[7].seq, UINT64_C(3));
	found_at_any_time(r, "event 7 has a number that was not drawn");
	region_close(&r);
}
END_TEST

TCase *
fsck_slot_case(void)
{
	return SUITE_CASE("slot", NULL, NULL,
	    what_all_rests_on_cannot_be_repaired,
	    shared_words_are_not_of_the_future, a_free_slot_is_clean,
	    a_slot_does_nothing_in_a_region_at_rest,
	    the_words_of_a_slot_are_possible, a_lock_names_a_slot_that_notes_it,
	    totals_and_events_have_their_form);
}
