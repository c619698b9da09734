/* The HTTP load of skep-bench against the bare epoll server, both ours. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#include "../lib/suite.h"
#include "floor.h"
#include "load.h"
#include "proc.h"

static struct proc server;
static int port;

static void
serve(void)
{
	struct floor_conf conf = { .body = "{\"id\":1}" };

	conf.fd = floor_listen(&port);
	ck_assert_int_ge(conf.fd, 0);
	ck_assert_int_eq(proc_fork(&server, floor_serve, &conf, -1), 0);
	(void)close(conf.fd);
}

static void
stop(void)
{
	(void)proc_stop(&server, 1000);
}

static struct load *
dial(const char *body, int *rc_out)
{
	struct load_conf conf = { port, "/", 8, body };
	struct load *l;

	*rc_out = load_open(&l, &conf);
	return l;
}

/* Whether both processes run at once is up to the machine; that all is answered is not. */
START_TEST(rounds_are_answered)
{
	struct plan p = { .rounds = 9, .warmup = 0, .iterations = 3 };
	struct line l = { .name = "a", .unit = "requests/s",
		.round = load_round };
	int rc;

	l.arg = dial("{\"id\":1}", &rc);
	ck_assert_int_eq(rc, 0);
	rc = harness_run(&p, &l, 1);
	ck_assert_str_eq(load_why(l.arg), "");
	ck_assert(rc == 0 || rc == -EAGAIN);
	ck_assert_uint_ge(l.n_chunks, 9 * 3);
	for (size_t i = 0; i < l.n_figures; i++)
		ck_assert_double_gt(l.figure[i], 100);
	harness_fini(&l, 1);
	load_close((struct load **)&l.arg);
}
END_TEST

START_TEST(another_body_is_no_answer)
{
	struct load *l;
	int rc;

	l = dial("{\"id\":2}", &rc);
	ck_assert_int_eq(rc, -EPROTO);
	ck_assert_ptr_nonnull(strstr(load_why(l), "body"));
	load_close(&l);
	l = dial("{\"id\":22}", &rc);
	ck_assert_int_eq(rc, -EPROTO);
	ck_assert_ptr_nonnull(strstr(load_why(l), "Content-Length 9"));
	load_close(&l);
}
END_TEST

START_TEST(a_server_that_goes_away_is_an_error)
{
	struct plan p = { .rounds = 9, .warmup = 0, .iterations = 3 };
	struct line l = { .name = "a", .unit = "requests/s",
		.round = load_round };
	int rc;

	l.arg = dial("{\"id\":1}", &rc);
	ck_assert_int_eq(rc, 0);
	stop();
	ck_assert_int_eq(harness_run(&p, &l, 1), -EPROTO);
	ck_assert_str_ne(load_why(l.arg), "");
	harness_fini(&l, 1);
	load_close((struct load **)&l.arg);
}
END_TEST

START_TEST(nobody_there_is_an_error)
{
	struct load *l;
	int rc;

	stop();
	l = dial("x", &rc);
	ck_assert_int_eq(rc, -EPROTO);
	ck_assert_ptr_nonnull(strstr(load_why(l), "cannot connect"));
	load_close(&l);
}
END_TEST

START_TEST(a_child_dies_with_its_time_or_at_once)
{
	ck_assert_int_eq(proc_alive(&server), 1);
	ck_assert_int_ne(proc_stop(&server, 1000), -1);
	ck_assert_int_eq(proc_alive(&server), 0);
	ck_assert_int_eq(proc_stop(&server, 1000), -1);
	ck_assert_int_eq(proc_wait_port(&server, port, 1000), -ECHILD);
}
END_TEST

SUITE_MAIN("bench_load", serve, stop, rounds_are_answered,
    another_body_is_no_answer, a_server_that_goes_away_is_an_error,
    nobody_there_is_an_error, a_child_dies_with_its_time_or_at_once)
