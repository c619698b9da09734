/* check_metric.c - counters, totals of the dead, histograms */
#include "../lib/metricfix.h"
#include "../lib/shmfix.h"
#include "reap.h"

static struct metric_group *
group(struct metric_snap *s, const char *name)
{
	for (unsigned i = 0; i < s->n_groups; i++)
		if (strcmp(s->group[i].name, name) == 0)
			return &s->group[i];
	ck_abort_msg("no group %s", name);
	return NULL;
}

static void
work(struct slot_self *me, void *arg)
{
	(void)arg;
	metric_add(me, METRIC_HTTP_2XX, 5);
	metric_set(me, METRIC_HTTP_OPEN, 3);
	metric_time(me, METRIC_HTTP_DURATION, 1000);
	metric_time(me, METRIC_HTTP_DURATION, 2000);
}

START_TEST(sums_are_kept_when_their_owner_dies_and_gauges_go)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, "jobs");
	struct metric_snap *s = malloc(sizeof(*s));
	pid_t pid = shmfix_child(r, 3, work, NULL);

	metric_add(me, METRIC_HTTP_2XX, 100);
	ck_assert_int_eq(metric_snapshot(r, s), 0);
	ck_assert_int_eq(group(s, "web")->cell[METRIC_HTTP_2XX], 5);
	ck_assert_int_eq(group(s, "web")->cell[METRIC_HTTP_OPEN], 3);
	ck_assert_uint_eq(group(s, "web")->n_slots, 1);
	shmfix_kill(pid);
	ck_assert_int_eq(slot_reap(me, 3), 0);
	ck_assert_int_eq(metric_snapshot(r, s), 0);
	ck_assert_int_eq(group(s, "web")->cell[METRIC_HTTP_2XX], 5);
	ck_assert_int_eq(group(s, "web")->cell[METRIC_HTTP_OPEN], 0);
	ck_assert_uint_eq(group(s, "web")->n_slots, 0);
	ck_assert_uint_eq(hist_count(
	    &group(s, "web")->hist[METRIC_HTTP_DURATION]), 2);
	ck_assert_uint_eq(ld_rlx(
	    &group(s, "web")->hist[METRIC_HTTP_DURATION].sum), 3000);
	ck_assert_int_eq(group(s, "jobs")->cell[METRIC_HTTP_2XX], 100);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 105);
	/* The next owner of the slot begins at zero and adds to it. */
	shmfix_kill(shmfix_child(r, 3, work, NULL));
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 110);
	ck_assert_int_eq(slot_reap(me, 3), 0);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 110);
	slot_detach(&me);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 110);
	free(s);
	region_close(&r);
}
END_TEST

START_TEST(folding_twice_counts_once)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);

	shmfix_kill(shmfix_child(r, 3, work, NULL));
	ck_assert_int_eq(metric_fold(me, 3), 0);
	ck_assert_int_eq(metric_fold(me, 3), 0);
	ck_assert_int_eq(slot_reap(me, 3), 0);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 5);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

/* The folder died between the totals and the mark: as if `folded` had not
 * been stored.  Readers and the next folder see it from `cur`. */
START_TEST(folder_that_died_after_publishing_is_settled)
{
	struct region *r = shmfix_region(NULL);
	struct slot_self *me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, NULL);

	shmfix_kill(shmfix_child(r, 3, work, NULL));
	ck_assert_int_eq(metric_fold(me, 3), 0);
	st_rlx(&r->slots[3].folded, UINT64_C(0));
	st_rlx(&r->slots[3].counter[METRIC_HTTP_2XX], UINT64_C(5));
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 5);
	/* Another slot of the same group comes first. */
	shmfix_kill(shmfix_child(r, 4, work, NULL));
	ck_assert_int_eq(slot_reap(me, 4), 0);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 10);
	ck_assert_int_eq(slot_reap(me, 3), 0);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_2XX), 10);
	slot_detach(&me);
	region_close(&r);
}
END_TEST

START_TEST(more_groups_than_places_lose_their_name_not_their_counts)
{
	struct region *r = shmfix_region(&(struct region_plan){ .n_slots = 8 });
	struct metric_snap *s = malloc(sizeof(*s));
	char name[SLOT_NAME];

	for (unsigned i = 0; i < METRIC_GROUPS + 5; i++) {
		struct slot_self *me;

		snprintf(name, sizeof(name), "g%u", i);
		me = shmfix_attach(r, 0, SLOT_ROLE_WORKER, name);
		metric_add(me, METRIC_HTTP_IN, 1);
		slot_detach(&me);
	}
	ck_assert_int_eq(metric_snapshot(r, s), 0);
	ck_assert_uint_eq(s->n_groups, METRIC_GROUPS);
	ck_assert_int_eq(group(s, "")->cell[METRIC_HTTP_IN], 6);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_IN), METRIC_GROUPS + 5);
	free(s);
	region_close(&r);
}
END_TEST

START_TEST(table_is_well_formed)
{
	unsigned n, cells = 0, hists = 0;
	const struct metric_row *row = metric_rows(&n);

	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(row[i].family);

		if (row[i].type == METRIC_HISTOGRAM)
			ck_assert_uint_eq(row[i].id, hists++);
		else
			ck_assert_uint_eq(row[i].id, cells++);
		/* The first of a family explains it, the others stand with it. */
		if (i > 0 && strcmp(row[i].family, row[i - 1].family) == 0) {
			ck_assert_str_eq(row[i].doc, "");
			ck_assert_int_eq(row[i].type, row[i - 1].type);
			ck_assert_str_ne(row[i].labels, row[i - 1].labels);
			continue;
		}
		ck_assert_str_ne(row[i].doc, "");
		if (row[i].type == METRIC_COUNTER)
			ck_assert_str_eq(row[i].family + len - 6, "_total");
		if (row[i].type == METRIC_HISTOGRAM)
			ck_assert_str_eq(row[i].family + len - 8, "_seconds");
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(row[i].family, row[k].family);
	}
	ck_assert_uint_eq(cells, METRIC_N);
	ck_assert_uint_eq(hists, METRIC_HIST_N);
}
END_TEST

/* --- hist --- */

START_TEST(every_value_lies_in_its_bucket)
{
	ck_assert_uint_eq(hist_index(0), 0);
	ck_assert_uint_eq(hist_index(UINT64_MAX), HIST_BUCKETS - 1);
	ck_assert_uint_eq(hist_upper(HIST_BUCKETS - 1), UINT64_MAX);
	for (unsigned i = 0; i + 1 < HIST_BUCKETS; i++) {
		uint64_t lo = hist_lower(i), up = hist_upper(i);

		ck_assert_uint_lt(lo, up);
		ck_assert_uint_eq(hist_index(lo), i);
		ck_assert_uint_eq(hist_index(up - 1), i);
		ck_assert_uint_eq(hist_index(up), i + 1);
		if (lo >= 1024)
			ck_assert_uint_le((up - lo) * 16, lo);
	}
	ck_assert_uint_ge(hist_lower(HIST_BUCKETS - 1),
	    UINT64_C(1) << 39);
}
END_TEST

START_TEST(quantiles_are_within_3_percent_also_after_merging)
{
	static struct hist a, b;

	ck_assert_uint_eq(hist_quantile(&a, 500000), 0);
	for (uint64_t v = 1; v <= 100000; v++)
		hist_add(v % 2 ? &a : &b, v * 100);
	hist_merge(&a, &b);
	ck_assert_uint_eq(hist_count(&a), 100000);
	ck_assert_uint_eq(ld_rlx(&a.sum), UINT64_C(500005000000));
	for (uint32_t ppm = 10000; ppm <= 1000000; ppm += 10000) {
		double want = 10.0 * ppm;
		double got = (double)hist_quantile(&a, ppm);

		ck_assert_msg(got > want * 0.968 && got < want * 1.032,
		    "%u: %f %f", ppm, want, got);
	}
	ck_assert_uint_eq(hist_below(&a, hist_lower(100)),
	    (hist_lower(100) - 1) / 100);
}
END_TEST

SUITE_MAIN("metric", NULL, NULL,
    sums_are_kept_when_their_owner_dies_and_gauges_go,
    folding_twice_counts_once, folder_that_died_after_publishing_is_settled,
    more_groups_than_places_lose_their_name_not_their_counts,
    table_is_well_formed, every_value_lies_in_its_bucket,
    quantiles_are_within_3_percent_also_after_merging)
