/* check_reap.c - the order of repair, waking, what is missing */
#include <sys/eventfd.h>

#include "../lib/shmfix.h"
#include "reap.h"
#include "wake.h"

static unsigned order[8], n_order;

static int
step(struct slot_self *me, unsigned dead, void *arg)
{
	ck_assert_uint_eq(dead, 3);
	ck_assert_uint_ne(me->number, dead);
	order[n_order++] = (unsigned)(uintptr_t)arg;
	return (int)(uintptr_t)arg == 30 ? 2 : 0;
}

static int
step_fails(struct slot_self *me, unsigned dead, void *arg)
{
	(void)me;
	(void)dead;
	return *(int *)arg;
}

START_TEST(steps_run_in_the_order_of_their_rank)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);

	reap_step(r, REAP_CLAIMS, 0, step, (void *)40);
	reap_step(r, REAP_SEGMENTS, 0, step, (void *)20);
	reap_step(r, REAP_LEASES, 0, step, (void *)30);
	shmfix_kill(shmfix_child(r, 3, NULL, NULL));
	ck_assert_int_eq(slot_reap(me, 3), 2);
	ck_assert_uint_eq(n_order, 3);
	ck_assert(order[0] == 20 && order[1] == 30 && order[2] == 40);
	r->n_steps = 0;
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(failed_step_leaves_the_slot_for_the_next_try)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	int rc = -EUCLEAN;

	reap_step(r, REAP_OTHER, 0, step_fails, &rc);
	shmfix_kill(shmfix_child(r, 3, NULL, NULL));
	ck_assert_int_eq(slot_reap(me, 3), -EUCLEAN);
	ck_assert_int_eq(slot_dead(r, 3), 1);
	rc = 0;
	ck_assert_int_eq(slot_reap(me, 3), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(who_cannot_repair_a_section_repairs_nothing)
{
	const struct region_section want = {
		.kind = REGION_TEST, .size = 1, .flags = REGION_SEC_REPAIR
	};
	struct region *r = shmfix_region(&(struct region_plan){ .n_slots = 8,
	    .sections = &want, .n_sections = 1 });
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	int rc = 0;

	shmfix_kill(shmfix_child(r, 3, NULL, NULL));
	ck_assert_int_eq(slot_reap(me, 3), -EPROTO);
	reap_step(r, REAP_OTHER, REGION_TEST, step_fails, &rc);
	ck_assert_int_eq(slot_reap(me, 3), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(waker_rings_only_who_sleeps)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);

	ck_assert_int_eq(wake_slot(r, 0), 0);
	ck_assert_int_eq(wake_arm(me, WAKE_FUTEX), 0);
	ck_assert_int_eq(wake_slot(r, 0), 1);
	ck_assert_int_eq(wake_slot(r, 0), 0);
	ck_assert_int_eq(wake_sleep(me, 100), 0);
	wake_disarm(me);
	wake_arm(me, WAKE_FUTEX);
	ck_assert_int_eq(wake_sleep(me, 1), -ETIMEDOUT);
	wake_disarm(me);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

static void
wake_zero(struct slot_self *me, void *arg)
{
	(void)arg;
	while (wake_slot(me->region, 0) == 0)
		;
}

START_TEST(another_process_wakes_a_sleeper)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid;
	int rc;

	wake_arm(me, WAKE_FUTEX);
	pid = shmfix_child(r, 1, wake_zero, NULL);
	rc = wake_sleep(me, 100);
	ck_assert_int_eq(rc, 0);
	shmfix_kill(pid);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(eventfd_of_a_sleeper_becomes_readable)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 1, SLOT_ROLE_WORKER, NULL);
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t n = 0;

	/* As if slot 0 had the descriptor below it. */
	region_events(r, fd - 1, 2);
	wake_arm(me, WAKE_EVENT);
	ck_assert_int_eq(wake_slot(r, 1), 1);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_uint_eq(n, 1);
	close(fd);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(repair_wakes_everyone_once)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct slot_self *b = shmfix_attach(r, 1, SLOT_ROLE_WORKER, NULL);

	wake_arm(b, WAKE_FUTEX);
	shmfix_kill(shmfix_child(r, 3, NULL, NULL));
	ck_assert_int_eq(slot_reap(me, 3), 0);
	ck_assert_uint_eq(ld_acq(&r->slots[1].sleeping), WAKE_NONE);
	ck_assert_int_eq(wake_sleep(b, 100), 0);
	slot_detach(&me);
	slot_detach(&b);
	region_close(&r);
}
END_TEST

SUITE_MAIN("reap", NULL, NULL, steps_run_in_the_order_of_their_rank,
    failed_step_leaves_the_slot_for_the_next_try,
    who_cannot_repair_a_section_repairs_nothing, waker_rings_only_who_sleeps,
    another_process_wakes_a_sleeper, eventfd_of_a_sleeper_becomes_readable,
    repair_wakes_everyone_once)
