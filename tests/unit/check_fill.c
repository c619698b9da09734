/* skep_cache_fill() in two workers that one thread plays: who loads, who waits,
 * what each gets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <skep/skep.h>

#include "../lib/cachefix.h"
#include "check_fill.h"
#include "clock.h"
#include "wake.h"

#define BELLS 200	/* descriptors of the slots' eventfds */

static struct worker w[2];
static struct region *r;
static int n_done;

struct worker *
ff_worker(unsigned i)
{
	return &w[i];
}

static void
on_done(struct skep_task *t, int rc)
{
	struct ff_call *x = t->owner;

	x->rc = rc;
	x->done = 1;
	n_done++;
	if (x->val.n < sizeof x->text) {
		memcpy(x->text, x->val.n == 0 ? "" : x->val.p, x->val.n);
		x->text[x->val.n] = '\0';
	}
	x->t = NULL;
	task_end(t);
}

static const struct task_kind kind = { .name = "test", .done = on_done };

static int
handler(struct skep_task *t)
{
	struct ff_call *x = t->owner;

	return skep_cache_fill(t, skep_str(x->key), x->keep, x->load,
	    skep_strn((const char *)&x->arg, sizeof x->arg), &x->val);
}

void
ff_start(struct ff_call *x, unsigned worker)
{
	x->t = task_new(&w[worker].tasks, &kind, x);
	ck_assert_ptr_nonnull(x->t);
	if (x->deadline_ms != 0)
		skep_deadline(x->t, x->deadline_ms * SKEP_MILLISECOND);
	ck_assert_int_eq(task_start(x->t, handler), 0);
}

void
ff_pass(void)
{
	for (unsigned i = 0; i < 8; i++)
		for (unsigned k = 0; k < 2; k++)
			loop_pass(&w[k].loop, 0);
}

void
ff_tick(void)
{
	for (unsigned k = 0; k < 2; k++)
		once_tick(w[k].once);
	ff_pass();
}

void
ff_until(const int *flag)
{
	for (unsigned i = 0; !*flag; i++) {
		ff_pass();
		(void)usleep(1000);
		if (i % 100 == 99)
			ff_tick();
	}
}

static void
worker_open(unsigned i)
{
	const struct task_limits lim = { 65536, 4 << 20, 64 };

	memset(&w[i], 0, sizeof w[i]);
	w[i].region = r;
	w[i].slot = i;
	w[i].self = shmfix_attach(r, i, SLOT_ROLE_WORKER, "web");
	ck_assert_int_eq(cache_open(w[i].self, &w[i].cache), 0);
	ck_assert_int_eq(loop_init(&w[i].loop), 0);
	ck_assert_int_eq(task_pool_init(&w[i].tasks, &w[i].loop, &w[i], &lim),
	    0);
	ck_assert_int_eq(once_open(&w[i].once, &w[i]), 0);
}

static void
worker_close(unsigned i)
{
	ck_assert_uint_eq(w[i].tasks.n_live, 0);
	once_close(&w[i].once);
	task_pool_fini(&w[i].tasks);
	loop_fini(&w[i].loop);
	cache_close(&w[i].cache);
	slot_detach(&w[i].self);
}

void
ff_setup(void)
{
	r = cachefix_region(NULL);
	for (int i = 0; i < 2; i++) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		ck_assert_int_eq(dup2(fd, BELLS + i), BELLS + i);
		(void)close(fd);
	}
	region_events(r, BELLS, 2);
	worker_open(0);
	worker_open(1);
	n_done = 0;
	ff_loads_reset();
}

void
ff_teardown(void)
{
	struct fsck_report rep;

	worker_close(0);
	worker_close(1);
	ck_assert_int_eq(fsck_region(r, FSCK_QUIET, NULL, NULL, &rep), 0);
	ck_assert_msg(rep.verdict == FSCK_CLEAN, "%s", rep.first);
	region_close(&r);
}

/* --- loaders --- */

static struct {
	int n;			/* runs */
	struct wait *parked[8];	/* those that wait to be let go on */
	struct skep_task *by[8];
	int n_parked;
} loads;

void
ff_loads_reset(void)
{
	memset(&loads, 0, sizeof loads);
}

int
ff_loads(void)
{
	return loads.n;
}

int
ff_quick(struct skep_task *t, struct skep_str arg, struct skep_str *val)
{
	struct ff_arg a;

	memcpy(&a, arg.p, sizeof a);
	loads.n++;
	*val = skep_fmt(t, "%s", a.value);
	return a.rc;
}

int
ff_slow(struct skep_task *t, struct skep_str arg, struct skep_str *val)
{
	struct wait wait;
	int rc, i = loads.n_parked++;

	wait_init(&wait, t);
	loads.parked[i] = &wait;
	loads.by[i] = t;
	rc = wait_for(&wait, WAIT_NO_LIMIT);
	loads.parked[i] = NULL;
	if (rc < 0) {
		loads.n++;
		return rc;
	}
	return ff_quick(t, arg, val);
}

int
ff_parked(void)
{
	int n = 0;

	for (int i = 0; i < 8; i++)
		n += loads.parked[i] != NULL;
	return n;
}

void
ff_release(void)
{
	for (int i = 0; i < 8; i++)
		wait_wake(loads.parked[i], 0);
	ff_pass();
}

/* --- the usual course --- */

START_TEST(a_hit_runs_no_loader)
{
	struct ff_call a = FF_CALL(ff_quick, "7");

	ck_assert_int_eq(cachefix_set(w[1].cache, FF_KEY, "5"), 1);
	ff_start(&a, 0);
	ck_assert_int_eq(a.rc, 1);
	ck_assert_str_eq(a.text, "5");
	ck_assert_int_eq(ff_loads(), 0);
}
END_TEST

START_TEST(a_miss_loads_and_stores)
{
	const struct skep_keep keep = { .ttl = SKEP_MINUTE, .flags = 9 };
	struct ff_call a = FF_CALL(ff_quick, "7"), b = FF_CALL(ff_quick, "8");
	char buf[8];
	struct cache_room room = { .buf = buf, .cap = sizeof buf };
	struct cache_info info;

	a.keep = &keep;
	ff_start(&a, 0);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_str_eq(a.text, "7");
	ff_start(&b, 1);
	ck_assert_int_eq(b.rc, 1);
	ck_assert_str_eq(b.text, "7");
	ck_assert_int_eq(cache_get(w[0].cache, FF_KEY, strlen(FF_KEY), &room,
	    &info), 1);
	ck_assert_uint_eq(info.flags, 9);
	ck_assert_int_gt(info.ttl_left_ns, 59 * SKEP_SECOND);
	ck_assert_int_le(info.ttl_left_ns, 61 * SKEP_SECOND);
}
END_TEST

/* All but the first wait, wherever they are. */
START_TEST(many_tasks_of_two_workers_load_once)
{
	struct ff_call x[60];

	for (unsigned i = 0; i < 60; i++) {
		x[i] = FF_CALL(ff_slow, "7");
		ff_start(&x[i], i % 2);
	}
	ff_pass();
	ck_assert_int_eq(ff_parked(), 1);
	ck_assert_int_eq(n_done, 0);
	ff_release();
	for (unsigned i = 0; i < 60; i++) {
		ff_until(&x[i].done);
		ck_assert_int_eq(x[i].rc, 0);
		ck_assert_str_eq(x[i].text, "7");
	}
	ck_assert_int_eq(ff_loads(), 1);
}
END_TEST

/* Its own eventfd, not the next tick. */
START_TEST(waiters_of_other_workers_are_woken)
{
	struct ff_call a = FF_CALL(ff_slow, "7"), b = FF_CALL(ff_slow, "8");

	ff_start(&a, 0);
	ff_start(&b, 1);
	ck_assert_uint_eq(ld_rlx(&w[1].self->slot->sleeping), WAKE_EVENT);
	ff_release();
	ck_assert_int_eq(b.done, 1);
	ck_assert_str_eq(b.text, "7");
	ck_assert_uint_eq(ld_rlx(&w[1].self->slot->sleeping), WAKE_NONE);
}
END_TEST

/* The waker died before it rang. */
START_TEST(a_lost_wake_up_is_made_good_by_the_tick)
{
	struct ff_call a = FF_CALL(ff_slow, "7"), b = FF_CALL(ff_slow, "8");

	ff_start(&a, 0);
	ff_start(&b, 1);
	wake_disarm(w[1].self);
	ff_release();
	ck_assert_int_eq(b.done, 0);
	ff_tick();
	ck_assert_int_eq(b.done, 1);
	ck_assert_str_eq(b.text, "7");
}
END_TEST

START_TEST(different_keys_load_side_by_side)
{
	struct ff_call a = FF_CALL(ff_slow, "7"), b = FF_CALL(ff_slow, "8");

	b.key = "other";
	ff_start(&a, 0);
	ff_start(&b, 0);
	ck_assert_int_eq(ff_parked(), 2);
	ff_release();
	ck_assert_str_eq(a.text, "7");
	ck_assert_str_eq(b.text, "8");
}
END_TEST

static int
load_big(struct skep_task *t, struct skep_str arg, struct skep_str *val)
{
	size_t n = 300000;	/* longer than a segment */
	char *p = skep_alloc(t, n);
	struct skep_str rest;
	int rc = ff_slow(t, arg, &rest);

	if (p == NULL)
		return -ENOMEM;
	memset(p, 'b', n);
	*val = skep_strn(p, n);
	return rc;
}

START_TEST(long_values_reach_all_who_wait)
{
	struct ff_call a = FF_CALL(load_big, ""), b = a, c = a;

	ff_start(&a, 0);
	ff_start(&b, 0);
	ff_start(&c, 1);
	ff_release();
	ff_until(&c.done);
	ck_assert_uint_eq(a.val.n, 300000);
	ck_assert_uint_eq(b.val.n, 300000);
	ck_assert_uint_eq(c.val.n, 300000);
	ck_assert_int_eq(ff_loads(), 1);
}
END_TEST

START_TEST(keys_are_checked)
{
	struct ff_call a = FF_CALL(ff_quick, "7");

	a.key = "";
	ff_start(&a, 0);
	ck_assert_int_eq(a.rc, -EINVAL);
	ck_assert_int_eq(ff_loads(), 0);
}
END_TEST

static int
load_itself(struct skep_task *t, struct skep_str arg, struct skep_str *val)
{
	return skep_cache_fill(t, skep_str(FF_KEY), NULL, load_itself, arg,
	    val);
}

START_TEST(a_loader_may_not_ask_for_its_own_key)
{
	struct ff_call a = FF_CALL(load_itself, "");

	ff_start(&a, 0);
	ck_assert_int_eq(a.rc, -EDEADLK);
}
END_TEST

static int
load_through(struct skep_task *t, struct skep_str arg, struct skep_str *val)
{
	static const struct skep_keep keep = { .ttl = SKEP_MINUTE };

	return skep_cache_fill(t, skep_str("inner"), &keep, ff_quick, arg, val);
}

START_TEST(a_loader_may_fill_other_keys)
{
	struct ff_call a = FF_CALL(load_through, "7");

	ff_start(&a, 0);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_str_eq(a.text, "7");
	ck_assert_str_eq(cachefix_get(w[1].cache, "inner"), "7");
	ck_assert_str_eq(cachefix_get(w[1].cache, FF_KEY), "7");
}
END_TEST

int
main(void)
{
	TCase *t = SUITE_CASE("course", ff_setup, ff_teardown,
	    a_hit_runs_no_loader, a_miss_loads_and_stores,
	    many_tasks_of_two_workers_load_once,
	    waiters_of_other_workers_are_woken,
	    a_lost_wake_up_is_made_good_by_the_tick,
	    different_keys_load_side_by_side, long_values_reach_all_who_wait,
	    keys_are_checked, a_loader_may_not_ask_for_its_own_key,
	    a_loader_may_fill_other_keys);

	return SUITE_RUN("fill", t, fill_fail_case());
}
