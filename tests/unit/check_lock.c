/* check_lock.c - owner-naming locks: contention, stopped and dead holders */
#include "../lib/shmfix.h"
#include "lock.h"
#include "maint.h"
#include "reap.h"
#include "tick.h"

struct pair {
	_Atomic uint32_t lock;
	uint32_t pad[15];
	_Atomic uint64_t a, b;
	_Atomic uint64_t n_repairs;
};

static struct pair *
pair_of(struct region *r)
{
	return region_section(r, REGION_TEST, NULL);
}

static int
pair_repair(struct slot_self *me, unsigned dead, off_ref off,
    const uint64_t *intent, void *arg)
{
	struct pair *p = pair_of(me->region);

	(void)dead;
	(void)off;
	(void)arg;
	st_rlx(&p->b, intent[0]);
	st_rlx(&p->a, intent[0]);
	add_rlx(&p->n_repairs, UINT64_C(1));
	return 0;
}

static struct region *
pair_region(uint32_t reapers)
{
	static const struct region_section want = {
		.kind = REGION_TEST, .size = sizeof(struct pair)
	};
	struct region *r = shmfix_region(&(struct region_plan){ .n_slots = 8,
	    .reapers = reapers, .sections = &want, .n_sections = 1 });

	lock_repair(r, LOCK_TEST, LOCK_FORM_WORD, pair_repair, NULL);
	return r;
}

static void
take(struct slot_self *me, void *arg)
{
	const uint64_t intent = 42;

	(void)arg;
	if (lock_take(me, &pair_of(me->region)->lock, LOCK_TEST, &intent, 1))
		_exit(1);
	st_rlx(&pair_of(me->region)->a, UINT64_C(42));
}

static void
note_only(struct slot_self *me, void *arg)
{
	(void)arg;
	slot_hold(me, SLOT_HAND_WORK, LOCK_TEST,
	    region_off(me->region, &pair_of(me->region)->lock), NULL, 0);
}

START_TEST(lock_names_its_holder_and_is_noted_in_its_slot)
{
	struct region *r = pair_region(0);
	struct slot_self *me = shmfix_attach(r, 4, SLOT_ROLE_WORKER, NULL);
	struct slot_self *other = shmfix_attach(r, 2, SLOT_ROLE_WORKER, NULL);
	struct pair *p = pair_of(r);
	struct slot_info in;

	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0), 0);
	ck_assert_uint_eq(lock_holder(&p->lock), 4);
	slot_info(r, 4, &in);
	ck_assert_uint_eq(in.held, (uint64_t)LOCK_TEST << 56 |
	    region_off(r, &p->lock));
	ck_assert_int_eq(lock_try(other, SLOT_HAND_WORK, &p->lock, LOCK_TEST,
	    NULL, 0), -EBUSY);
	lock_give(me, SLOT_HAND_WORK, &p->lock);
	slot_info(r, 4, &in);
	ck_assert_uint_eq(in.held, 0);
	ck_assert_uint_eq(lock_holder(&p->lock), SLOT_ANY);
	slot_detach(&me);
	slot_detach(&other);
	region_close(&r);
}
END_TEST

START_TEST(stopped_holder_is_not_robbed_and_nobody_waits_for_ever)
{
	struct region *r = pair_region(0);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct pair *p = pair_of(r);
	pid_t pid = shmfix_child(r, 3, take, NULL);
	uint64_t before;
	int st;

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(pid, &st, WUNTRACED), pid);
	before = tick_clock(CLOCK_MONOTONIC);
	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0), -EBUSY);
	ck_assert_uint_ge(tick_clock(CLOCK_MONOTONIC) - before,
	    UINT64_C(99000000));
	ck_assert_uint_eq(lock_holder(&p->lock), 3);
	shmfix_kill(pid);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(dead_holder_is_repaired_by_the_next_taker)
{
	struct region *r = pair_region(0);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct pair *p = pair_of(r);
	struct slot_info in;

	shmfix_kill(shmfix_child(r, 3, take, NULL));
	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0), 0);
	ck_assert_uint_eq(ld_rlx(&p->a), 42);
	ck_assert_uint_eq(ld_rlx(&p->b), 42);
	ck_assert_uint_eq(ld_rlx(&p->n_repairs), 1);
	slot_info(r, 3, &in);
	ck_assert_uint_eq(in.state, SLOT_FREE);
	lock_give(me, SLOT_HAND_WORK, &p->lock);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(where_menders_repair_a_worker_only_waits)
{
	struct region *r = pair_region(REGION_REAP_MENDER);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct slot_self *m = shmfix_attach(r, 7, SLOT_ROLE_MENDER, NULL);
	struct pair *p = pair_of(r);

	shmfix_kill(shmfix_child(r, 3, take, NULL));
	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0), -EBUSY);
	ck_assert_int_eq(slot_reap(m, 3), 1);
	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0), 0);
	lock_give(me, SLOT_HAND_WORK, &p->lock);
	slot_detach(&me);
	slot_detach(&m);
	region_close(&r);
}
END_TEST

START_TEST(note_without_lock_repairs_nothing_of_the_holder)
{
	struct region *r = pair_region(0);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct pair *p = pair_of(r);

	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0), 0);
	shmfix_kill(shmfix_child(r, 3, note_only, NULL));
	lock_give(me, SLOT_HAND_WORK, &p->lock);
	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0), 0);
	lock_give(me, SLOT_HAND_WORK, &p->lock);
	ck_assert_int_eq(slot_reap(me, 3), 0);
	ck_assert_uint_eq(ld_rlx(&p->n_repairs), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(words_that_make_no_sense_are_unclean_not_fatal)
{
	struct region *r = pair_region(0);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct pair *p = pair_of(r);

	st_rlx(&p->lock, slot_owner_word(700, 1));
	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0),
	    -EUCLEAN);
	st_rlx(&p->lock, me->owner);
	ck_assert_int_eq(lock_take(me, &p->lock, LOCK_TEST, NULL, 0),
	    -EDEADLK);
	shmfix_kill(shmfix_child(r, 3, NULL, NULL));
	st_rlx(&r->slots[3].held[0].what, UINT64_MAX);
	ck_assert_int_eq(slot_reap(me, 3), -EUCLEAN);
	st_rlx(&r->slots[3].held[0].what, (uint64_t)LOCK_TEST << 56 |
	    (r->size + 8));
	ck_assert_int_eq(slot_reap(me, 3), -EUCLEAN);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(condemned_region_ends_every_wait)
{
	struct region *r = pair_region(0);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid = shmfix_child(r, 3, take, NULL);

	region_condemn(r);
	ck_assert_int_eq(lock_take(me, &pair_of(r)->lock, LOCK_TEST, NULL, 0),
	    -ESTALE);
	shmfix_kill(pid);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

#define ROUNDS 2000

static void
count(struct slot_self *me, void *arg)
{
	struct pair *p = pair_of(me->region);

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		while (lock_take(me, &p->lock, LOCK_TEST, NULL, 0) != 0)
			;
		st_rlx(&p->a, ld_rlx(&p->a) + 1);
		lock_give(me, SLOT_HAND_WORK, &p->lock);
	}
}

START_TEST(lock_excludes)
{
	struct region *r = pair_region(0);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid[3];
	int st;

	for (int i = 0; i < 3; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			struct slot_self *self;

			if (slot_attach(r, &(struct slot_plan){
			    .number = SLOT_ANY }, &self) == 0)
				count(self, NULL);
			_exit(0);
		}
	}
	count(me, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(waitpid(pid[i], &st, 0), pid[i]);
	ck_assert_uint_eq(ld_rlx(&pair_of(r)->a), 4 * ROUNDS);
	ck_assert_uint_eq(ld_rlx(&pair_of(r)->lock), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

/* --- the maint word --- */

static void
step(struct slot_self *me, uint64_t until, void *arg)
{
	(void)until;
	/* Held across the step, and an ordinary lock beside it. */
	ck_assert_uint_eq(lock_holder(&me->region->hot->maint), me->number);
	ck_assert_int_eq(lock_try(me, SLOT_HAND_WORK,
	    &pair_of(me->region)->lock, LOCK_TEST, NULL, 0), 0);
	lock_give(me, SLOT_HAND_WORK, &pair_of(me->region)->lock);
	++*(int *)arg;
}

static void
hold_maint(struct slot_self *me, void *arg)
{
	(void)arg;
	if (lock_try(me, SLOT_HAND_MAINT, &me->region->hot->maint, LOCK_MAINT,
	    NULL, 0) != 0)
		_exit(1);
}

START_TEST(maintenance_is_done_by_one_and_survives_its_death)
{
	struct region *r = pair_region(0);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	uint64_t epoch = ld_acq(&r->hot->epoch);
	int n = 0;
	pid_t pid;

	ck_assert_int_eq(maint_step(r, step, &n), 0);
	ck_assert_int_eq(maint_run(me), 1);
	ck_assert_int_eq(n, 1);
	ck_assert_uint_eq(ld_acq(&r->hot->epoch), epoch + 1);
	ck_assert_uint_lt(maint_idle_ns(r, tick_clock(CLOCK_MONOTONIC)),
	    UINT64_C(60000000000));
	pid = shmfix_child(r, 2, hold_maint, NULL);
	ck_assert_int_eq(maint_run(me), 0);
	shmfix_kill(pid);
	ck_assert_int_eq(slot_reap(me, 2), 1);
	ck_assert_int_eq(maint_run(me), 1);
	ck_assert_int_eq(n, 2);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

/* Without a daemon there is nobody else to free the word. */
START_TEST(dead_maintainer_is_repaired_by_who_comes_by)
{
	struct region *r = pair_region(REGION_REAP_ANY);
	struct region *owned = pair_region(REGION_REAP_MENDER);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_CLIENT, NULL);
	struct slot_self *worker = shmfix_attach(owned, 0, SLOT_ROLE_WORKER,
	    NULL);
	pid_t pid = shmfix_child(r, 2, hold_maint, NULL);

	ck_assert_int_eq(maint_run(me), 0);	/* alive, however long it takes */
	shmfix_kill(pid);
	ck_assert_int_eq(maint_run(me), 1);
	ck_assert_uint_eq(lock_holder(&r->hot->maint), SLOT_ANY);
	shmfix_kill(shmfix_child(owned, 2, hold_maint, NULL));
	ck_assert_int_eq(maint_run(worker), 0);
	ck_assert_uint_eq(lock_holder(&owned->hot->maint), 2);
	slot_detach(&me);
	slot_detach(&worker);
	region_close(&r);
	region_close(&owned);
}
END_TEST

#define HOUR_TICKS 900000u

START_TEST(ticks_go_forward_only)
{
	struct region *r = pair_region(0);
	uint32_t t;

	tick_update(r);
	t = tick_hint(r);
	ck_assert_uint_le(t, tick_now(r));
	st_rlx(&r->hot->tick, t + HOUR_TICKS);
	tick_update(r);
	ck_assert_uint_eq(tick_hint(r), t + HOUR_TICKS);
	region_close(&r);
}
END_TEST

/* Exactly, however long the machine pauses between the readings: the second is
 * an hour ahead, and lies between the others.  (The coarse clock may be behind
 * the creation, hence the first hour.) */
START_TEST(an_hour_asleep_is_an_hour_gone)
{
	const int64_t hour_ns = (int64_t)HOUR_TICKS * TICK_NS;
	struct region *r = pair_region(0);
	uint64_t before, ahead, after;

	st_rlx(&r->hot->suspended_ns, hour_ns);
	before = tick_now(r);
	st_rlx(&r->hot->suspended_ns, 2 * hour_ns);
	ahead = tick_now(r);
	st_rlx(&r->hot->suspended_ns, hour_ns);
	after = tick_now(r);
	ck_assert_uint_ge(ahead, before + HOUR_TICKS);
	ck_assert_uint_le(ahead, after + HOUR_TICKS);
	region_close(&r);
}
END_TEST

SUITE_MAIN("lock", NULL, NULL, lock_names_its_holder_and_is_noted_in_its_slot,
    stopped_holder_is_not_robbed_and_nobody_waits_for_ever,
    dead_holder_is_repaired_by_the_next_taker,
    where_menders_repair_a_worker_only_waits,
    note_without_lock_repairs_nothing_of_the_holder,
    words_that_make_no_sense_are_unclean_not_fatal,
    condemned_region_ends_every_wait, lock_excludes,
    maintenance_is_done_by_one_and_survives_its_death,
    dead_maintainer_is_repaired_by_who_comes_by, ticks_go_forward_only,
    an_hour_asleep_is_an_hour_gone)
