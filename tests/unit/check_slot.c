/* check_slot.c - who owns a slot, and when it may be taken over */
#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "../lib/metricfix.h"
#include "../lib/shmfix.h"
#include "epoch.h"
#include "reap.h"

static int
attach_rc(struct region *r, unsigned number, enum slot_role role)
{
	struct slot_self *me = NULL;

	return slot_attach(r, &(struct slot_plan){ .number = number,
	    .role = role }, &me);
}

START_TEST(attach_says_who_and_detach_frees_with_next_generation)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 3, SLOT_ROLE_WORKER, "web");
	struct slot_info in;
	uint64_t gen = me->generation;

	ck_assert_int_eq(slot_info(r, 3, &in), 0);
	ck_assert_uint_eq(in.state, SLOT_LIVE);
	ck_assert_int_eq(in.pid, getpid());
	ck_assert_str_eq(in.group, "web");
	ck_assert_str_eq(slot_role_name(in.role), "worker");
	slot_detach(&me);
	ck_assert_ptr_null(me);
	slot_info(r, 3, &in);
	ck_assert_uint_eq(in.state, SLOT_FREE);
	ck_assert_uint_eq(in.generation, gen + 1);
	region_close(&r);
}
END_TEST

START_TEST(two_slots_are_kept_for_menders)
{
	struct region *r = shmfix_region(&(struct region_plan){ .n_slots = 4 });
	struct slot_self *a, *b, *m, *n;

	a = shmfix_attach(r, SLOT_ANY, SLOT_ROLE_CLIENT, NULL);
	b = shmfix_attach(r, SLOT_ANY, SLOT_ROLE_CLIENT, NULL);
	ck_assert_int_eq(attach_rc(r, SLOT_ANY, SLOT_ROLE_CLIENT), -ENOLCK);
	ck_assert_int_eq(attach_rc(r, 3, SLOT_ROLE_CLIENT), -ENOLCK);
	m = shmfix_attach(r, SLOT_ANY, SLOT_ROLE_MENDER, NULL);
	n = shmfix_attach(r, SLOT_ANY, SLOT_ROLE_MENDER, NULL);
	ck_assert_uint_ge(m->number, 2);
	ck_assert_uint_ge(n->number, 2);
	slot_detach(&a);
	slot_detach(&b);
	slot_detach(&m);
	slot_detach(&n);
	region_close(&r);
}
END_TEST

START_TEST(slot_of_another_thread_of_ours_is_busy_and_not_dead)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 2, SLOT_ROLE_WORKER, NULL);
	struct slot_self *b = shmfix_attach(r, 4, SLOT_ROLE_WORKER, NULL);

	ck_assert_int_eq(attach_rc(r, 2, SLOT_ROLE_WORKER), -EBUSY);
	ck_assert_int_eq(slot_dead(r, 2), 0);
	ck_assert_int_eq(slot_reap(b, 2), -EBUSY);
	ck_assert_int_eq(slot_reap(me, 2), -EINVAL);
	ck_assert_int_eq(slot_reap(me, 9), -ENOENT);
	slot_detach(&me);
	slot_detach(&b);
	region_close(&r);
}
END_TEST

START_TEST(killed_owner_is_dead_and_reaped_once)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid = shmfix_child(r, 5, NULL, NULL);

	ck_assert_int_eq(slot_dead(r, 5), 0);
	ck_assert_int_eq(slot_reap(me, 5), -EBUSY);
	shmfix_kill(pid);
	ck_assert_int_eq(slot_dead(r, 5), 1);
	ck_assert_int_eq(attach_rc(r, 5, SLOT_ROLE_WORKER), -EOWNERDEAD);
	ck_assert_int_eq(slot_reap(me, 5), 0);
	ck_assert_int_eq(slot_reap(me, 5), -ENOENT);
	shmfix_kill(shmfix_child(r, 5, NULL, NULL));
	ck_assert_int_eq(reap_all(me), 1);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(stopped_owner_is_not_dead)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid = shmfix_child(r, 5, NULL, NULL);
	int st;

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(pid, &st, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(st));
	ck_assert_int_eq(slot_dead(r, 5), 0);
	ck_assert_int_eq(slot_reap(me, 5), -EBUSY);
	shmfix_kill(pid);
	ck_assert_int_eq(slot_reap(me, 5), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(zombie_is_dead)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid = shmfix_child(r, 5, NULL, NULL);
	siginfo_t si;
	int st;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(slot_reap(me, 5), 0);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

/* Closing any descriptor of the file drops every record lock of a process. */
static void
lose_locks(struct slot_self *me, void *arg)
{
	(void)arg;
	close(dup(me->region->fd));
}

START_TEST(owner_that_lost_its_record_lock_but_lives_is_not_robbed)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid = shmfix_child(r, 5, lose_locks, NULL);

	ck_assert_int_eq(slot_dead(r, 5), 0);
	ck_assert_int_eq(slot_reap(me, 5), -EBUSY);
	ck_assert_int_eq(attach_rc(r, 5, SLOT_ROLE_WORKER), -EBUSY);
	shmfix_kill(pid);
	ck_assert_int_eq(slot_reap(me, 5), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

/* Where its mappings may not be read, it counts as alive as well. */
static void
hide(struct slot_self *me, void *arg)
{
	lose_locks(me, arg);
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		_exit(1);
}

START_TEST(owner_that_hides_its_mappings_is_not_robbed)
{
	struct region *r = shmfix_region(NULL);
	pid_t pid = shmfix_child(r, 5, hide, NULL);

	ck_assert_int_eq(slot_dead(r, 5), 0);
	shmfix_kill(pid);
	ck_assert_int_eq(slot_dead(r, 5), 1);
	region_close(&r);
}
END_TEST

/* cat, instead of the program that attached; it answers when it runs. */
static void
run_cat(struct slot_self *me, void *arg)
{
	int *end = arg;

	if (epoch_enter(me) != 0 || dup2(end[0], 0) < 0 || dup2(end[1], 1) < 0)
		_exit(1);
	execlp("cat", "cat", (char *)NULL);
	_exit(2);
}

START_TEST(owner_that_runs_another_program_is_dead)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	int to[2], from[2], st;
	char c = 'x';
	pid_t pid;

	ck_assert(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0)
		run_cat(shmfix_attach(r, 5, SLOT_ROLE_WORKER, NULL),
		    (int[]){ to[0], from[1] });
	close(from[1]);
	ck_assert_int_eq(write(to[1], &c, 1), 1);
	ck_assert_int_eq(read(from[0], &c, 1), 1);
	ck_assert_int_eq(slot_dead(r, 5), 1);
	/* The word of its reader, who is no more. */
	ck_assert_int_eq(slot_reap(me, 5), 1);
	ck_assert_uint_eq(ld_acq(&r->slots[5].word), 0);
	close(to[1]);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
	close(to[0]);
	close(from[0]);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

static void
unmap(struct slot_self *me, void *arg)
{
	struct region *r = me->region;

	(void)arg;
	region_close(&r);
}

START_TEST(slot_left_behind_by_region_close_is_dead)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	pid_t pid = shmfix_child(r, 5, unmap, NULL);

	ck_assert_int_eq(slot_dead(r, 5), 1);
	ck_assert_int_eq(slot_reap(me, 5), 0);
	shmfix_kill(pid);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(who_is_short_of_descriptors_declares_nobody_dead)
{
	struct region *r = shmfix_region(NULL);
	pid_t pid = shmfix_child(r, 2, lose_locks, NULL);
	struct rlimit old, none;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(slot_dead(r, 2), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	shmfix_kill(pid);
	ck_assert_int_eq(slot_dead(r, 2), 1);
	region_close(&r);
}
END_TEST

START_TEST(forked_child_of_an_attached_process_has_no_slot)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 1, SLOT_ROLE_WORKER, NULL);
	pid_t pid;
	int st;

	metric_add(me, METRIC_HTTP_2XX, 7);
	pid = fork();
	if (pid == 0) {
		int bad = epoch_enter(me) != -ECHILD ||
		    slot_reap(me, 3) != -ECHILD;

		metric_add(me, METRIC_HTTP_2XX, 100);
		slot_beat(me, 5);
		/* It can attach for itself, but not our slot. */
		bad |= attach_rc(r, 1, SLOT_ROLE_WORKER) != -EBUSY;
		bad |= attach_rc(r, 2, SLOT_ROLE_WORKER) != 0;
		slot_detach(&me);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_msg(WIFEXITED(st) && WEXITSTATUS(st) == 0, "%x", st);
	ck_assert_int_eq(slot_dead(r, 1), 0);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 7);
	ck_assert_int_eq(epoch_enter(me), 0);
	epoch_leave(me);
	ck_assert_int_eq(slot_reap(me, 2), 0);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(full_table_of_the_dead_opens_to_a_newcomer)
{
	struct region *r = shmfix_region(&(struct region_plan){ .n_slots = 4 });
	struct slot_self *me;

	for (unsigned i = 0; i < 2; i++)
		shmfix_kill(shmfix_child(r, i, NULL, NULL));
	me = shmfix_attach(r, SLOT_ANY, SLOT_ROLE_CLIENT, NULL);
	ck_assert_uint_eq(me->generation, 2);
	ck_assert_int_eq(reap_all(me), 1);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(only_menders_repair_where_the_region_says_so)
{
	struct region *r = shmfix_region(&(struct region_plan){
	    .n_slots = 8, .reapers = REGION_REAP_MENDER });
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);
	struct slot_self *m = shmfix_attach(r, 7, SLOT_ROLE_MENDER, NULL);

	shmfix_kill(shmfix_child(r, 3, NULL, NULL));
	ck_assert_int_eq(slot_reap(me, 3), -EPERM);
	ck_assert_int_eq(slot_reap(m, 3), 0);
	slot_detach(&me);
	slot_detach(&m);
	region_close(&r);
}
END_TEST

START_TEST(read_only_and_condemned_regions_give_no_slot)
{
	struct region *r = shmfix_region(NULL), *ro;
	struct region_why why;
	int fd = dup(r->fd);

	ck_assert_int_eq(region_map(fd, REGION_RDONLY, &ro, &why), 0);
	ck_assert_int_eq(attach_rc(ro, SLOT_ANY, SLOT_ROLE_CLIENT), -EROFS);
	region_condemn(r);
	ck_assert(region_condemned(ro));
	ck_assert_int_eq(attach_rc(r, SLOT_ANY, SLOT_ROLE_CLIENT), -ESTALE);
	region_close(&ro);
	region_close(&r);
}
END_TEST

SUITE_MAIN("slot", NULL, NULL,
    attach_says_who_and_detach_frees_with_next_generation,
    two_slots_are_kept_for_menders,
    slot_of_another_thread_of_ours_is_busy_and_not_dead,
    killed_owner_is_dead_and_reaped_once, stopped_owner_is_not_dead,
    zombie_is_dead, owner_that_lost_its_record_lock_but_lives_is_not_robbed,
    owner_that_hides_its_mappings_is_not_robbed,
    owner_that_runs_another_program_is_dead,
    slot_left_behind_by_region_close_is_dead,
    who_is_short_of_descriptors_declares_nobody_dead,
    forked_child_of_an_attached_process_has_no_slot,
    full_table_of_the_dead_opens_to_a_newcomer,
    only_menders_repair_where_the_region_says_so,
    read_only_and_condemned_regions_give_no_slot)
