/* check_fsck_recover.c - fsck_recover(): when it repairs, whom it keeps out */
#include "check_fsck.h"
#include "../lib/metricfix.h"
#include "index.h"
#include "lock.h"
#include "metric.h"
#include "reap.h"
#include "seg.h"

static void
leave_mess(struct slot_self *me, void *arg)
{
	struct cache *c;

	(void)arg;
	metric_add(me, METRIC_HTTP_2XX, 5);
	if (cache_open(me, &c) != 0 || cachefix_set(c, "key1", "new") != 1)
		_exit(1);
}

/* A segment word with which slot_reap() of slot 2 can do nothing. */
static void
spoil(const struct cmap *m)
{
	uint32_t n = 0;

	while (seg_state(seg_load(m, n)) != SEG_FREE)
		n++;
	st_rel(&m->state[n], seg_word(SEG_FREE, 0, 0, 2 + 1, 7));
}

/* What attaching says in another process. */
static int
attach_elsewhere(struct region *r, unsigned number)
{
	const struct slot_plan plan = {
		.number = number, .role = SLOT_ROLE_CLIENT
	};
	struct slot_self *me;
	pid_t pid = fork();
	int st;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int rc = slot_attach(r, &plan, &me);

		if (rc == 0)
			slot_detach(&me);
		_exit(-rc);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFEXITED(st));
	return -WEXITSTATUS(st);
}

static struct slot_self *
attach_client(struct region *r)
{
	return shmfix_attach(r, SLOT_ANY, SLOT_ROLE_CLIENT, "");
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
	me = attach_client(r);
	ck_assert_int_eq(fsck_recover(me, &rep), 0);
	ck_assert_int_eq(rep.verdict, FSCK_REPAIRED);
	ck_assert_uint_eq(cmap_items(&m), 101);
	slot_detach(&me);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
	region_close(&r);
}
END_TEST

START_TEST(a_slot_that_cannot_be_reaped_is_freed)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct fsck_report rep;
	struct slot_self *me;

	shmfix_kill(shmfix_child(r, 2, leave_mess, NULL));
	spoil(&m);
	me = attach_client(r);
	ck_assert_int_eq(reap_all(me), -EUCLEAN);
	ck_assert_int_eq(fsck_recover(me, &rep), 0);
	ck_assert_int_eq(rep.verdict, FSCK_REPAIRED);
	ck_assert_uint_eq(SLOT_STATE(ld_rlx(&r->slots[2].state)), SLOT_FREE);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 5);
	ck_assert_int_eq(reap_all(me), 0);
	slot_detach(&me);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
	region_close(&r);
}
END_TEST

/* As after a kill when half was done: no slot shows it but the repairer's. */
static void
begin_repair(struct slot_self *me, void *arg)
{
	struct cmap *m = arg;

	slot_hold(me, SLOT_HAND_MAINT, LOCK_FSCK,
	    region_off(me->region, me->slot), NULL, 0);
	st_rel(&m->line[5].control, ld_rlx(&m->line[5].control) |
	    slot_owner_word(7, 1));
}

START_TEST(a_repair_that_was_cut_short_is_begun_anew)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct fsck_report rep;
	struct slot_self *me;

	shmfix_kill(shmfix_child(r, 2, begin_repair, &m));
	me = attach_client(r);
	ck_assert_int_eq(reap_all(me), -EUCLEAN);
	ck_assert_int_eq(fsck_recover(me, &rep), 0);
	ck_assert_int_eq(rep.verdict, FSCK_REPAIRED);
	slot_detach(&me);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
	for (unsigned i = 0; i < r->n_slots; i++)
		ck_assert_uint_eq(SLOT_STATE(ld_rlx(&r->slots[i].state)),
		    SLOT_FREE);
	region_close(&r);
}
END_TEST

START_TEST(a_spoiled_region_stays_marked)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct fsck_report rep;
	struct slot_self *me = attach_client(r);
	unsigned number = me->number;

	st_rel(&r->slots[4].state, SLOT_WORD(7, 1));
	ck_assert_int_eq(fsck_recover(me, &rep), 0);
	ck_assert_int_eq(rep.verdict, FSCK_SPOILED);
	slot_detach(&me);
	ck_assert_uint_eq(SLOT_STATE(ld_rlx(&r->slots[number].state)),
	    SLOT_LIVE);
	region_close(&r);
}
END_TEST

START_TEST(nobody_attaches_during_a_repair)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct slot_self *me, *other = NULL;

	shmfix_kill(shmfix_child(r, 2, leave_mess, NULL));
	me = attach_client(r);
	ck_assert_int_eq(slot_others_lock(me), 0);
	ck_assert_int_eq(attach_elsewhere(r, 3), -EBUSY);
	ck_assert_int_eq(attach_elsewhere(r, 2), -EBUSY);
	ck_assert_int_eq(attach_elsewhere(r, SLOT_ANY), -EBUSY);
	ck_assert_int_eq(slot_attach(r, &(struct slot_plan){
	    .number = SLOT_ANY, .role = SLOT_ROLE_CLIENT }, &other), -EBUSY);
	slot_others_unlock(me);
	ck_assert_int_eq(attach_elsewhere(r, 3), 0);
	ck_assert_int_eq(attach_elsewhere(r, 2), -EOWNERDEAD);
	ck_assert_int_eq(attach_elsewhere(r, SLOT_ANY), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

/* About to attach: has the record lock, is not LIVE yet. */
static void
begin_attach(struct slot_self *me, void *arg)
{
	unsigned number = *(unsigned *)arg;

	if (slot_byte_lock(me->region, number) != 0)
		_exit(1);
	slot_free(me->region, me->number);
}

static void
refused(struct region *r, pid_t pid)
{
	struct slot_self *me = attach_client(r);
	struct fsck_report rep;
	uint64_t state = ld_rlx(&r->slots[2].state);

	ck_assert_int_eq(slot_others_lock(me), -EBUSY);
	ck_assert_int_eq(fsck_recover(me, &rep), -EBUSY);
	ck_assert_uint_eq(ld_rlx(&r->slots[2].state), state);
	/* What was locked for it is free again, our own is not. */
	ck_assert_int_eq(attach_elsewhere(r, 1), 0);
	ck_assert_int_eq(attach_elsewhere(r, me->number), -EBUSY);
	shmfix_kill(pid);
	ck_assert_int_eq(fsck_recover(me, &rep), 0);
	slot_detach(&me);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
}

START_TEST(nothing_is_repaired_while_another_is_there)
{
	struct cmap m;
	struct region *r = filled(&m);

	refused(r, shmfix_child(r, 2, leave_mess, NULL));
	region_close(&r);
}
END_TEST

START_TEST(nothing_is_repaired_while_another_attaches)
{
	struct cmap m;
	struct region *r = filled(&m);
	unsigned number = 9;

	refused(r, shmfix_child(r, 2, begin_attach, &number));
	region_close(&r);
}
END_TEST

static void
close_all(struct slot_self *me, void *arg)
{
	(void)arg;
	(void)close(me->region->fd);
}

START_TEST(nothing_is_repaired_while_one_without_its_lock_is_there)
{
	struct cmap m;
	struct region *r = filled(&m);

	refused(r, shmfix_child(r, 2, close_all, NULL));
	region_close(&r);
}
END_TEST

/* Record locks do not part the threads of a process. */
START_TEST(nothing_is_repaired_while_another_of_us_is_there)
{
	struct cmap m;
	struct region *r = filled(&m);
	struct slot_self *me = attach_client(r), *too = attach_client(r);
	struct fsck_report rep;

	ck_assert_int_eq(fsck_recover(me, &rep), -EBUSY);
	slot_detach(&too);
	ck_assert_int_eq(fsck_recover(me, &rep), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

TCase *
fsck_recover_case(void)
{
	return SUITE_CASE("recover", NULL, NULL,
	    an_opener_recovers_what_the_dead_left,
	    a_slot_that_cannot_be_reaped_is_freed,
	    a_repair_that_was_cut_short_is_begun_anew,
	    a_spoiled_region_stays_marked, nobody_attaches_during_a_repair,
	    nothing_is_repaired_while_another_is_there,
	    nothing_is_repaired_while_another_attaches,
	    nothing_is_repaired_while_one_without_its_lock_is_there,
	    nothing_is_repaired_while_another_of_us_is_there);
}
