/* task, wait, loop, lane, arena: life, deadlines, cancellation, memory. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "config.h"
#include "../lib/suite.h"
#include "clock.h"
#include "lane.h"
#include "task.h"
#include "wait.h"

#define MS 1000000

static struct loop loop;
static struct task_pool pool;
static char seen[128];
static int n_done, last_rc;
static struct wait *parked;

static void
note(const char *s)
{
	strncat(seen, s, sizeof seen - strlen(seen) - 1);
}

static void
on_done(struct skep_task *t, int rc)
{
	ck_assert_ptr_null(fiber_self());
	n_done++;
	last_rc = rc;
	task_end(t);
}

static const struct task_kind kind = { .name = "test", .done = on_done };

static void
setup(void)
{
	struct task_limits lim = { 65536, 262144, 4 };

	ck_assert_int_eq(loop_init(&loop), 0);
	ck_assert_int_eq(task_pool_init(&pool, &loop, NULL, &lim), 0);
	seen[0] = '\0';
	n_done = last_rc = 0;
	parked = NULL;
}

static void
teardown(void)
{
	task_pool_fini(&pool);
	loop_fini(&loop);
}

static struct skep_task *
start(skep_fn *fn)
{
	struct skep_task *t = task_new(&pool, &kind, NULL);

	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(task_start(t, fn), 0);
	return t;
}

/* Until n tasks are done; a test that hangs is ended by Check. */
static void
until_done(int n)
{
	while (n_done < n)
		loop_pass(&loop, 1);
}

static int
quick(struct skep_task *t)
{
	ck_assert_ptr_nonnull(fiber_self());
	ck_assert_ptr_eq(loop.running, t);
	return 7;
}

START_TEST(a_task_that_does_not_wait_is_done_at_once)
{
	start(quick);
	ck_assert_int_eq(n_done, 1);
	ck_assert_int_eq(last_rc, 7);
	ck_assert_ptr_null(loop.running);
}
END_TEST

START_TEST(tasks_and_fibers_are_used_again)
{
	struct fiber_stats st;
	int i;

	for (i = 0; i < 100; i++)
		start(quick);
	fiber_pool_stats(pool.fibers, &st);
	ck_assert_uint_eq(st.made, 1);
	ck_assert_uint_eq(pool.n_idle, 1);
	ck_assert_uint_eq(pool.n_live, 0);
}
END_TEST

static int
park(struct skep_task *t)
{
	struct wait w;
	int rc;

	wait_init(&w, t);
	parked = &w;
	rc = wait_for(&w, WAIT_NO_LIMIT);
	parked = NULL;
	return rc;
}

START_TEST(a_wait_ends_with_the_wakers_answer)
{
	start(park);
	ck_assert_int_eq(n_done, 0);
	wait_wake(parked, 42);
	wait_wake(parked, 43);
	ck_assert_int_eq(n_done, 0);
	loop_pass(&loop, 0);
	ck_assert_int_eq(n_done, 1);
	ck_assert_int_eq(last_rc, 42);
}
END_TEST

static int
woken_before(struct skep_task *t)
{
	struct wait w;

	wait_init(&w, t);
	wait_wake(&w, 5);
	return wait_for(&w, WAIT_NO_LIMIT);
}

START_TEST(a_wake_before_the_wait_is_not_lost)
{
	start(woken_before);
	ck_assert_int_eq(n_done, 1);
	ck_assert_int_eq(last_rc, 5);
}
END_TEST

static int
park_limited(struct skep_task *t)
{
	struct wait w;

	wait_init(&w, t);
	return wait_for(&w, 5 * MS);
}

START_TEST(a_limit_ends_a_wait_and_never_early)
{
	int64_t t0 = clock_mono_ns();

	start(park_limited);
	until_done(1);
	ck_assert_int_eq(last_rc, -ETIMEDOUT);
	ck_assert_int_ge(clock_mono_ns() - t0, 5 * MS);
}
END_TEST

START_TEST(the_deadline_ends_a_wait_without_limit)
{
	struct skep_task *t = task_new(&pool, &kind, NULL);

	t->deadline_ns = clock_mono_ns() + 3 * MS;
	ck_assert_int_eq(task_start(t, park), 0);
	until_done(1);
	ck_assert_int_eq(last_rc, -ETIMEDOUT);
}
END_TEST

START_TEST(a_deadline_that_has_passed_fails_at_once)
{
	struct skep_task *t = task_new(&pool, &kind, NULL);

	t->deadline_ns = clock_mono_ns() - 1;
	ck_assert_int_eq(task_start(t, park), 0);
	ck_assert_int_eq(n_done, 1);
	ck_assert_int_eq(last_rc, -ETIMEDOUT);
}
END_TEST

static int
park_client(struct skep_task *t)
{
	struct wait w;
	int rc;

	wait_init(&w, t);
	parked = &w;
	rc = wait_for_client(&w);
	parked = NULL;
	ck_assert_int_eq(t->deadline_ns, rc == 3 ? 6 * MS : 4 * MS);
	return rc;
}

START_TEST(the_fronts_deadline_stands_still_in_a_wait_for_a_client)
{
	struct skep_task *t = task_new(&pool, &kind, NULL);

	clock_fake(MS, MS);
	t->deadline_ns = 3 * MS;
	t->own_deadline_ns = 20 * MS;
	ck_assert_int_eq(task_start(t, park_client), 0);
	clock_fake_advance(3 * MS);
	loop_pass(&loop, 0);
	ck_assert_int_eq(n_done, 0);
	wait_wake(parked, 3);
	loop_pass(&loop, 0);
	clock_real();
	ck_assert_int_eq(last_rc, 3);
}
END_TEST

START_TEST(the_handlers_own_deadline_ends_a_wait_for_a_client)
{
	struct skep_task *t = task_new(&pool, &kind, NULL);

	clock_fake(MS, MS);
	t->deadline_ns = t->own_deadline_ns = 4 * MS;
	ck_assert_int_eq(task_start(t, park_client), 0);
	clock_fake_advance(3 * MS);
	until_done(1);
	clock_real();
	ck_assert_int_eq(last_rc, -ETIMEDOUT);
}
END_TEST

static int
park_twice(struct skep_task *t)
{
	if (park(t) != -ECANCELED)
		return 1;
	note("1");
	if (park(t) != -ECANCELED || wait_sleep(t, MS) != -ECANCELED ||
	    wait_sleep(t, 0) != -ECANCELED ||
	    wait_fd(t, 0, EV_READ, MS) != -ECANCELED)
		return 2;
	return 0;
}

START_TEST(after_cancellation_every_wait_fails_at_once)
{
	struct skep_task *t = start(park_twice);

	task_cancel(t);
	task_cancel(t);
	ck_assert_str_eq(seen, "");
	loop_pass(&loop, 0);
	ck_assert_int_eq(n_done, 1);
	ck_assert_int_eq(last_rc, 0);
}
END_TEST

static int
yield_a(struct skep_task *t)
{
	int i;

	for (i = 0; i < 3; i++) {
		note("a");
		ck_assert_int_eq(wait_sleep(t, 0), 0);
	}
	return 0;
}

static int
yield_b(struct skep_task *t)
{
	int i;

	for (i = 0; i < 3; i++) {
		note("b");
		ck_assert_int_eq(wait_sleep(t, 0), 0);
	}
	return 0;
}

START_TEST(a_yield_lets_the_others_run)
{
	start(yield_a);
	start(yield_b);
	until_done(2);
	ck_assert_str_eq(seen, "ababab");
}
END_TEST

static int
breathe_bytes(struct skep_task *t)
{
	int i;

	for (i = 0; i < 5; i++) {
		note("a");
		ck_assert_int_eq(wait_breathe(t, WAIT_BREATH_BYTES / 2), 0);
	}
	return 0;
}

START_TEST(a_task_breathes_after_so_many_bytes)
{
	clock_fake(MS, MS);
	start(breathe_bytes);
	start(yield_b);
	until_done(2);
	clock_real();
	ck_assert_str_eq(seen, "aabaabab");
}
END_TEST

static int
breathe_time(struct skep_task *t)
{
	int i;

	for (i = 0; i < 5; i++) {
		note("a");
		ck_assert_int_eq(wait_breathe(t, 1), 0);
		clock_fake_advance(WAIT_BREATH_NS / 2);
	}
	return 0;
}

START_TEST(a_task_breathes_after_so_much_time)
{
	clock_fake(MS, MS);
	start(breathe_time);
	start(yield_b);
	until_done(2);
	clock_real();
	ck_assert_str_eq(seen, "aaabaabb");
}
END_TEST

static int
breathe_late(struct skep_task *t)
{
	t->deadline_ns = clock_mono_ns() - 1;
	if (wait_breathe(t, WAIT_BREATH_BYTES) != 0)
		return 1;
	task_cancel(t);
	return wait_breathe(t, WAIT_BREATH_BYTES);
}

START_TEST(cancellation_ends_a_breath_and_a_deadline_does_not)
{
	start(breathe_late);
	until_done(1);
	ck_assert_int_eq(last_rc, -ECANCELED);
}
END_TEST

static int pipe_fd[2];

static int
read_pipe(struct skep_task *t)
{
	char c = 0;
	int rc = wait_fd(t, pipe_fd[0], EV_READ, 1000 * MS);

	ck_assert_int_eq(read(pipe_fd[0], &c, 1), 1);
	return rc == 0 ? c : rc;
}

START_TEST(a_descriptor_that_is_ready_ends_the_wait)
{
	ck_assert_int_eq(pipe(pipe_fd), 0);
	start(read_pipe);
	loop_pass(&loop, 0);
	ck_assert_int_eq(n_done, 0);
	ck_assert_int_eq(write(pipe_fd[1], "x", 1), 1);
	until_done(1);
	ck_assert_int_eq(last_rc, 'x');
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}
END_TEST

static int
sleep_two(struct skep_task *t)
{
	int64_t t0 = clock_mono_ns();

	ck_assert_int_eq(wait_sleep(t, 2 * MS), 0);
	ck_assert_int_ge(clock_mono_ns() - t0, 2 * MS);
	return 0;
}

START_TEST(a_sleep_is_never_short)
{
	int i;

	for (i = 0; i < 5; i++)
		start(sleep_two);
	until_done(5);
}
END_TEST

static int
eat(struct skep_task *t)
{
	char *a = task_take(t, 3000), *b = task_take(t, 3000);
	char *c = task_take(t, 100000);

	ck_assert(a != NULL && b != NULL && c != NULL);
	ck_assert_uint_eq(((uintptr_t)a | (uintptr_t)b | (uintptr_t)c) & 15, 0);
	memset(a, 1, 3000);
	memset(b, 2, 3000);
	memset(c, 3, 100000);
	ck_assert(a[2999] == 1 && b[0] == 2 && b[2999] == 2);
	ck_assert_int_eq(task_error(t), 0);
	ck_assert_ptr_null(task_take(t, 200000));
	ck_assert_ptr_null(task_take(t, 1));
	return task_error(t);
}

START_TEST(running_out_of_task_memory_is_sticky_until_it_ends)
{
	start(eat);
	ck_assert_int_eq(last_rc, -ENOMEM);
	start(eat);	/* the same task: as new */
	ck_assert_int_eq(last_rc, -ENOMEM);
	ck_assert_int_eq(n_done, 2);
}
END_TEST

static int
eat_chunks(struct skep_task *t)
{
	int i;

	for (i = 0; i < 20; i++)
		ck_assert_ptr_nonnull(task_take(t, 1000));
	return 0;
}

START_TEST(chunks_are_kept_for_the_next_task)
{
	unsigned idle;

	start(eat_chunks);
	idle = pool.chunks.n_idle;
	ck_assert_uint_ge(idle, 1);
	start(eat_chunks);
	ck_assert_uint_eq(pool.chunks.n_idle, idle);
}
END_TEST

START_TEST(all_tasks_can_be_cancelled)
{
	start(park_twice);
	start(park_twice);
	start(park_twice);
	task_cancel_all(&pool);
	loop_pass(&loop, 0);
	ck_assert_int_eq(n_done, 3);
}
END_TEST

static void
on_expire(struct lane_item *i, void *arg)
{
	ck_assert_int_eq(i->end_ns, 0);
	++*(int *)arg;
}

/* The lane reads our clock; libevent's timer only makes it look. */
START_TEST(a_lane_ends_what_was_not_armed_again)
{
	struct lane lane;
	struct lane_item a = { .end_ns = 0 }, b = { .end_ns = 0 };
	int n_expired = 0;

	clock_fake(MS, 0);
	ck_assert_int_eq(lane_init(&lane, &loop, 8 * MS, on_expire,
			     &n_expired), 0);
	lane_arm(&lane, &a);
	lane_arm(&lane, &b);
	lane_disarm(&lane, &b);
	lane_disarm(&lane, &b);
	loop_pass(&loop, 0);
	clock_fake_advance(4 * MS);
	lane_arm(&lane, &a);
	loop_pass(&loop, 0);
	clock_fake_advance(8 * MS - 1);
	loop_pass(&loop, 1);	/* the first timer: too early now */
	ck_assert_int_eq(n_expired, 0);
	clock_fake_advance(1);
	while (n_expired == 0)
		loop_pass(&loop, 1);
	ck_assert_int_eq(n_expired, 1);
	lane_fini(&lane);
	clock_real();
}
END_TEST

/* However long the machine pauses, the time asleep is not in it. */
START_TEST(busy_time_is_what_was_not_waited)
{
	int64_t t0 = clock_mono_ns();
	uint64_t before = loop_busy(&loop);

	start(sleep_two);
	until_done(1);
	ck_assert_int_le((int64_t)(loop_busy(&loop) - before),
	    clock_mono_ns() - t0 - MS);
}
END_TEST

SUITE_MAIN("task", setup, teardown, a_task_that_does_not_wait_is_done_at_once,
    tasks_and_fibers_are_used_again, a_wait_ends_with_the_wakers_answer,
    a_wake_before_the_wait_is_not_lost, a_limit_ends_a_wait_and_never_early,
    the_deadline_ends_a_wait_without_limit,
    a_deadline_that_has_passed_fails_at_once,
    the_fronts_deadline_stands_still_in_a_wait_for_a_client,
    the_handlers_own_deadline_ends_a_wait_for_a_client,
    after_cancellation_every_wait_fails_at_once, a_yield_lets_the_others_run,
    a_task_breathes_after_so_many_bytes,
    a_task_breathes_after_so_much_time,
    cancellation_ends_a_breath_and_a_deadline_does_not,
    a_descriptor_that_is_ready_ends_the_wait, a_sleep_is_never_short,
    running_out_of_task_memory_is_sticky_until_it_ends,
    chunks_are_kept_for_the_next_task, all_tasks_can_be_cancelled,
    a_lane_ends_what_was_not_armed_again, busy_time_is_what_was_not_waited)
