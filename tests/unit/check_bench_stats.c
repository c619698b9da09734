/* What skep-bench computes from what it measures: medians, aims, ratios, comparisons. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#include "../lib/suite.h"
#include "aim.h"
#include "compare.h"
#include "harness.h"
#include "stats.h"

START_TEST(median_is_the_middle_or_the_mean_of_the_two)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 };

	ck_assert_double_eq(stats_median(odd, 3), 5);
	ck_assert_double_eq(stats_median(even, 4), 2.5);
	ck_assert_double_eq(stats_median(one, 1), 7);
	ck_assert(isnan(stats_median(one, 0)));
}
END_TEST

START_TEST(quantile_is_a_value_that_occurred)
{
	double v[100];

	for (int i = 0; i < 100; i++)
		v[i] = 100 - i;
	ck_assert_double_eq(stats_quantile(v, 100, 0.99), 99);
	ck_assert_double_eq(stats_quantile(v, 100, 0.5), 50);
	ck_assert_double_eq(stats_quantile(v, 100, 0), 1);
	ck_assert_double_eq(stats_quantile(v, 100, 1), 100);
	ck_assert_double_eq(stats_quantile(v, 1, 0.99), 1);
	ck_assert(isnan(stats_quantile(v, 0, 0.5)));
}
END_TEST

START_TEST(aims_are_read_as_tables_write_them)
{
	struct aim a;

	ck_assert_int_eq(aim_parse("<=1.25", &a), 0);
	ck_assert(!a.least && a.limit == 1.25);
	ck_assert_int_eq(aim_parse(">=1.1", &a), 0);
	ck_assert(a.least && a.limit == 1.1);
	ck_assert_int_eq(aim_parse("<=30", &a), 0);
	ck_assert_double_eq(a.limit, 30);
}
END_TEST

START_TEST(other_aims_are_refused)
{
	static const char *const bad[] = { "", "1", "<1", "<=", "<= 1", "<=-1",
		"<=0", "<=1.2.3", "<=1x", "=<1", ">=nan", ">=0x1", ">=1e9",
		">=.", "<=1 " };
	struct aim a;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(aim_parse(bad[i], &a) == -EINVAL, "'%s'",
		    bad[i]);
}
END_TEST

START_TEST(an_aim_is_met_at_its_border)
{
	struct aim most = { false, 1.25 }, least = { true, 1.1 };

	ck_assert(aim_met(&most, 1.25) && aim_met(&most, 0.1));
	ck_assert(!aim_met(&most, 1.26) && !aim_met(&most, STATS_NONE));
	ck_assert(aim_met(&least, 1.1) && aim_met(&least, 5));
	ck_assert(!aim_met(&least, 1.09) && !aim_met(&least, STATS_NONE));
}
END_TEST

START_TEST(the_gate_fails_beyond_twice_the_aim)
{
	struct aim most = { false, 1.5 }, least = { true, 1.1 };

	ck_assert(!aim_far_off(&most, 3) && aim_far_off(&most, 3.01));
	ck_assert(!aim_far_off(&least, 0.55) && aim_far_off(&least, 0.54));
	ck_assert(aim_far_off(&most, STATS_NONE) && aim_far_off(&least, STATS_NONE));
}
END_TEST

/* A line whose rounds give the figures of a list, each as three chunks around it. */
struct script {
	const double *figure;
	int i;
	enum chunk_seen seen;
	int blind;	/* this round's chunks are seen apart */
	char **log;
	char mark;
};

static int
play(void *arg, struct chunks *c)
{
	struct script *s = arg;
	double v = s->figure[s->i];
	enum chunk_seen seen = s->seen;

	if (s->log != NULL)
		*(*s->log)++ = s->mark;
	if (s->i++ == s->blind && s->blind > 0)
		seen = CHUNK_APART;
	for (double d = -1; chunks_want(c); d++)
		chunks_add(c, v + d, seen);
	return 0;
}

static const double rising[] = { 1000, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
	21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37 };
static const double twice[] = { 1, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42,
	44, 46, 48, 50, 52, 54, 56, 58, 60, 62, 64, 66, 68, 70, 72, 74 };
static const struct plan three = { .rounds = 9, .warmup = 1, .iterations = 3 };

START_TEST(a_figure_is_the_median_of_rounds_after_the_warm_up)
{
	struct script s = { .figure = rising };
	struct line l = { "a", "ns", play, &s, NULL, 0, 0, 0 };
	struct rows rows = { 0 };

	ck_assert_int_eq(harness_run(&three, &l, 1), 0);
	ck_assert_int_eq(harness_row(&rows, "b", &l), 0);
	ck_assert_double_eq(rows.v[0].value, 15);
	ck_assert_double_eq(rows.v[0].min, 11);
	ck_assert_double_eq(rows.v[0].max, 19);
	ck_assert_int_eq(rows.v[0].runs, 9);
	ck_assert_int_eq(rows.v[0].both, -1);
	ck_assert_int_eq(row_met(&rows.v[0]), -1);
	harness_fini(&l, 1);
	rows_fini(&rows);
}
END_TEST

START_TEST(a_ratio_is_taken_within_each_round)
{
	struct script a = { .figure = rising }, b = { .figure = twice };
	struct line l[] = { { "a", "ns", play, &a, NULL, 0, 0, 0 },
		{ "b", "ns", play, &b, NULL, 0, 0, 0 } };
	struct rows rows = { 0 };

	ck_assert_int_eq(harness_run(&three, l, 2), 0);
	ck_assert_int_eq(
	    harness_row_against(&rows, "x", &l[1], &l[0], "<=2"), 0);
	ck_assert_double_eq(rows.v[0].ratio, 2);
	ck_assert_str_eq(rows.v[0].against, "a");
	ck_assert_int_eq(row_met(&rows.v[0]), 1);
	ck_assert_int_eq(
	    harness_row_limit(&rows, "x", &l[0], 1, "1 ns", "<=14"), 0);
	ck_assert_double_eq(rows.v[1].ratio, 15);
	ck_assert_int_eq(row_met(&rows.v[1]), 0);
	ck_assert(!row_far_off(&rows.v[1]));
	ck_assert_int_eq(
	    harness_row_limit(&rows, "x", &l[0], 1, "1 ns", "14"), -EINVAL);
	harness_fini(l, 2);
	rows_fini(&rows);
}
END_TEST

START_TEST(rounds_interleave_forth_and_back)
{
	char log[64] = "", *at = log;
	struct script a = { .figure = rising, .log = &at, .mark = 'a' };
	struct script b = { .figure = rising, .log = &at, .mark = 'b' };
	struct line l[] = { { "a", "ns", play, &a, NULL, 0, 0, 0 },
		{ "b", "ns", play, &b, NULL, 0, 0, 0 } };

	ck_assert_int_eq(harness_run(&three, l, 2), 0);
	ck_assert_int_eq(strncmp(log, "abbaabba", 8), 0);
	ck_assert_int_eq(strlen(log), 20);
	harness_fini(l, 2);
}
END_TEST

START_TEST(fewer_than_nine_rounds_are_not_to_be_had)
{
	struct plan p = { .rounds = 1, .warmup = 0, .iterations = 3 };
	struct script s = { .figure = rising };
	struct line l = { "a", "ns", play, &s, NULL, 0, 0, 0 };

	ck_assert_int_eq(harness_run(&p, &l, 1), 0);
	ck_assert_int_eq(l.n_figures, 9);
	harness_fini(&l, 1);
}
END_TEST

START_TEST(a_round_not_seen_at_once_is_made_again_for_all)
{
	struct script a = { .figure = rising, .seen = CHUNK_BOTH, .blind = 3 };
	struct script b = { .figure = twice, .seen = CHUNK_BOTH };
	struct line l[] = { { "a", "ns", play, &a, NULL, 0, 0, 0 },
		{ "b", "ns", play, &b, NULL, 0, 0, 0 } };

	ck_assert_int_eq(harness_run(&three, l, 2), 0);
	ck_assert_int_eq(l[0].n_figures, 9);
	ck_assert_int_eq(l[1].n_figures, 9);
	ck_assert_double_eq(l[0].figure[2], 14); /* 13 was thrown away */
	ck_assert_double_eq(l[1].figure[2], 28);
	/* the blind round made 12 chunks, the others 3 each */
	ck_assert_int_eq(harness_both_percent(&l[0]), 100 * 27 / 39);
	ck_assert_int_eq(harness_both_percent(&l[1]), 100);
	harness_fini(l, 2);
}
END_TEST

START_TEST(never_seen_at_once_is_no_figure)
{
	struct script s = { .figure = rising, .seen = CHUNK_APART };
	struct line l = { "a", "ns", play, &s, NULL, 0, 0, 0 };
	struct rows rows = { 0 };

	ck_assert_int_eq(harness_run(&three, &l, 1), -EAGAIN);
	ck_assert_int_eq(harness_both_percent(&l), 0);
	ck_assert_int_eq(harness_row(&rows, "b", &l), -EINVAL);
	harness_fini(&l, 1);
	rows_fini(&rows);
}
END_TEST

START_TEST(a_passed_deadline_ends_the_plan)
{
	struct plan p = three;
	struct script s = { .figure = rising };
	struct line l = { "a", "ns", play, &s, NULL, 0, 0, 0 };

	p.deadline_ns = 1;
	ck_assert_int_eq(harness_run(&p, &l, 1), -ETIMEDOUT);
	ck_assert_int_eq(s.i, 0);
	harness_fini(&l, 1);
}
END_TEST

/* A row as it would come out of a run with a ratio, its value spread by +-spread. */
static void
fill(struct rows *rows, const char *name, double ratio, double spread,
    const char *aim)
{
	struct row *r = rows_add(rows);

	*r = (struct row){ strdup("http"), strdup(name), strdup("requests/s"),
		100, 100 - 100 * spread, 100 + 100 * spread, 9, 97,
		isfinite(ratio) ? strdup("peer") : NULL, ratio,
		aim == NULL ? NULL : strdup(aim) };
}

START_TEST(rows_survive_being_saved)
{
	char path[] = "/tmp/check_bench.XXXXXX";
	struct rows out = { 0 }, in = { 0 };
	const struct row *r;

	(void)close(mkstemp(path));
	fill(&out, "one", 1.5, 0.1, ">=1.1");
	fill(&out, "two", STATS_NONE, 0.1, NULL);
	ck_assert_int_eq(compare_save(&out, path), 0);
	ck_assert_int_eq(compare_load(&in, path), 0);
	ck_assert_uint_eq(in.n, 2);
	r = rows_find(&in, "http", "one");
	ck_assert_ptr_nonnull(r);
	ck_assert_double_eq(r->ratio, 1.5);
	ck_assert_str_eq(r->aim, ">=1.1");
	ck_assert_int_eq(r->both, 97);
	ck_assert_int_eq(row_met(r), 1);
	r = rows_find(&in, "http", "two");
	ck_assert(r != NULL && isnan(r->ratio) && r->against == NULL);
	ck_assert_int_eq(unlink(path), 0);
	rows_fini(&in);
	rows_fini(&out);
}
END_TEST

START_TEST(a_file_that_is_no_result_is_refused)
{
	char path[] = "/tmp/check_bench.XXXXXX";
	int fd = mkstemp(path);
	struct rows in = { 0 };

	ck_assert_int_eq(compare_load(&in, "/nonexistent/x"), -ENOENT);
	ck_assert_int_eq(compare_load(&in, path), -EINVAL);
	ck_assert_int_eq(write(fd, "[{\"bench\":1}]", 13), 13);
	ck_assert_int_eq(compare_load(&in, path), -EINVAL);
	ck_assert_uint_eq(in.n, 0);
	(void)close(fd);
	ck_assert_int_eq(unlink(path), 0);
	rows_fini(&in);
}
END_TEST

START_TEST(json_has_every_field_of_a_row)
{
	static const char *const key[] = { "bench", "case", "value", "unit",
		"runs", "min", "max", "against", "ratio", "aim", "met" };
	struct rows rows = { 0 };
	json_t *a;

	fill(&rows, "one", 1.0 / 3, 0, ">=1.1");
	fill(&rows, "two", STATS_NONE, 0, NULL);
	a = rows_json(&rows);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < sizeof key / sizeof *key; k++)
			ck_assert_msg(json_object_get(json_array_get(a, i),
					  key[k]) != NULL, "%s", key[k]);
	ck_assert(json_is_false(json_object_get(json_array_get(a, 0), "met")));
	ck_assert(json_is_null(json_object_get(json_array_get(a, 1), "met")));
	ck_assert(json_is_null(json_object_get(json_array_get(a, 1), "ratio")));
	ck_assert(json_is_null(json_object_get(json_array_get(a, 1), "aim")));
	/* two processes: which chunks count, and how many did */
	ck_assert_int_eq((int)json_integer_value(json_object_get(
			     json_array_get(a, 0), "both_percent")), 97);
	ck_assert(json_is_string(json_object_get(json_array_get(a, 0),
	    "note")));
	json_decref(a);
	rows_fini(&rows);
}
END_TEST

START_TEST(differences_within_the_noise_are_none)
{
	static const struct {
		double before, now, spread;
		const char *aim;
		enum compare_verdict verdict;
	} t[] = {
		{ 1.0, 1.04, 0, ">=1.1", COMPARE_SAME },
		{ 1.0, 1.06, 0, ">=1.1", COMPARE_BETTER },
		{ 1.0, 0.94, 0, ">=1.1", COMPARE_WORSE },
		{ 1.0, 1.06, 0, "<=1.1", COMPARE_WORSE },
		{ 1.0, 0.94, 0, "<=1.1", COMPARE_BETTER },
		{ 1.0, 1.06, 0.1, "<=1.1", COMPARE_SAME },
		{ 1.0, 1.5, 0.1, NULL, COMPARE_CHANGED },
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct rows a = { 0 }, b = { 0 };
		struct compare_line c;

		fill(&a, "one", t[i].before, t[i].spread, t[i].aim);
		fill(&b, "one", t[i].now, 0, t[i].aim);
		compare_row(&b.v[0], &a.v[0], &c);
		ck_assert_msg(c.verdict == t[i].verdict, "%zu: %s", i,
		    compare_verdict_name(c.verdict));
		rows_fini(&a);
		rows_fini(&b);
	}
}
END_TEST

START_TEST(rows_without_a_ratio_compare_by_value)
{
	struct rows a = { 0 };
	struct compare_line c;

	fill(&a, "one", STATS_NONE, 0, NULL);
	fill(&a, "two", 1, 0, NULL);
	compare_row(&a.v[0], &a.v[0], &c);
	ck_assert_int_eq(c.verdict, COMPARE_SAME);
	ck_assert_double_eq(c.before, 100);
	compare_row(&a.v[0], NULL, &c);
	ck_assert_int_eq(c.verdict, COMPARE_NEW);
	compare_row(&a.v[0], &a.v[1], &c); /* it had a ratio then */
	ck_assert_int_eq(c.verdict, COMPARE_NEW);
	rows_fini(&a);
}
END_TEST

SUITE_MAIN("bench_stats", NULL, NULL,
    median_is_the_middle_or_the_mean_of_the_two,
    quantile_is_a_value_that_occurred, aims_are_read_as_tables_write_them,
    other_aims_are_refused, an_aim_is_met_at_its_border,
    the_gate_fails_beyond_twice_the_aim,
    a_figure_is_the_median_of_rounds_after_the_warm_up,
    a_ratio_is_taken_within_each_round, rounds_interleave_forth_and_back,
    fewer_than_nine_rounds_are_not_to_be_had,
    a_round_not_seen_at_once_is_made_again_for_all,
    never_seen_at_once_is_no_figure, a_passed_deadline_ends_the_plan,
    rows_survive_being_saved, a_file_that_is_no_result_is_refused,
    json_has_every_field_of_a_row, differences_within_the_noise_are_none,
    rows_without_a_ratio_compare_by_value)
