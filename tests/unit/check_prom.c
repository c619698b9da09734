/* The exporter: every family once, every series once, histograms that add up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prom.h"
#include "show.h"
#include "suite.h"

static struct metric_snap *snap;
static struct cache_stats stats;
static struct buf out;
static json_t *doc;

static void
setup(void)
{
	static const char status[] = "{\"version\":\"9\",\"generation\":3,"
	    "\"uptime_s\":1.5,\"groups\":[{\"name\":\"web\",\"state\":\"ready\","
	    "\"min\":1,\"max\":2,\"workers\":["
	    "{\"id\":\"web.1\",\"state\":\"draining\",\"generation\":2,\"restarts\":7},"
	    "{\"id\":\"web.1\",\"state\":\"ready\",\"generation\":3,\"restarts\":1}]},"
	    "{\"name\":\"jobs\",\"state\":\"failed\",\"workers\":[]}]}";

	buf_init(&out);
	snap = calloc(1, sizeof(*snap));
	snap->n_groups = 2;
	(void)snprintf(snap->group[1].name, SLOT_NAME, "web");
	doc = json_loads(status, 0, NULL);
	ck_assert_ptr_nonnull(doc);
}

static void
teardown(void)
{
	buf_fini(&out);
	free(snap);
	json_decref(doc);
}

static char *
exported(void)
{
	struct prom_input in = { .snap = snap, .cache = &stats, .status = doc,
	    .pid = getpid() };

	buf_clear(&out);
	prom_write(&in, &out);
	return buf_str(&out);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

START_TEST(nothing_comes_twice)
{
	char *lines[2000], *p = exported(), *nl;
	size_t n = 0, i;

	for (; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		*nl = '\0';
		/* A series is its name and labels; a head is its first words. */
		if (p[0] != '#')
			*strrchr(p, ' ') = '\0';
		else
			*strchr(p + 7, ' ') = '\0';
		ck_assert_uint_lt(n, 2000);
		lines[n++] = p;
	}
	ck_assert_uint_gt(n, 100);
	qsort(lines, n, sizeof(*lines), by_text);
	for (i = 1; i < n; i++)
		ck_assert_str_ne(lines[i - 1], lines[i]);
}
END_TEST

START_TEST(every_family_has_its_head_before_it)
{
	char family[128] = "", *p = exported(), *nl;

	for (; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		*nl = '\0';
		if (strncmp(p, "# TYPE ", 7) == 0)
			(void)snprintf(family, sizeof(family), "%.*s",
			    (int)strcspn(p + 7, " "), p + 7);
		else if (p[0] != '#')
			ck_assert_msg(strncmp(p, family, strlen(family)) == 0 &&
			    family[0] != '\0', "%s under %s", p, family);
	}
}
END_TEST

/* A row that is shown from other figures would be counted by nobody. */
START_TEST(no_row_of_the_table_is_shown_from_elsewhere)
{
	const struct prom_doc *d;
	char family[96];
	unsigned i, n;
	const struct metric_row *rows = metric_rows(&n);

	for (i = 0; i < n; i++)
		for (d = prom_docs; d->family != NULL; d++) {
			(void)snprintf(family, sizeof(family), "skep_%s",
			    rows[i].family);
			ck_assert_str_ne(family, d->family);
		}
}
END_TEST

START_TEST(histograms_add_up)
{
	static const uint64_t values[] = { 1000, 20000, 20000, 1000000,
		50000000, UINT64_C(40000000000) };
	char *p;
	size_t i;

	for (i = 0; i < 6; i++)
		hist_add(&snap->group[1].hist[METRIC_HTTP_DURATION],
		    values[i]);
	p = exported();
	ck_assert_ptr_nonnull(strstr(p, "\nhttp_request_duration_seconds_bucket"
	    "{group=\"web\",le=\"1.6384e-05\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(p, "\nhttp_request_duration_seconds_bucket"
	    "{group=\"web\",le=\"3.2768e-05\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(p, "le=\"17.1798692\"} 5\n"));
	ck_assert_ptr_nonnull(strstr(p, "le=\"+Inf\"} 6\n"
	    "skep_http_request_duration_seconds_sum{group=\"web\"} 40.051041\n"
	    "skep_http_request_duration_seconds_count{group=\"web\"} 6\n"));
}
END_TEST

START_TEST(the_worker_that_serves_is_the_series)
{
	char *p = exported();

	ck_assert_ptr_nonnull(strstr(p, "skep_worker_restarts_total"
	    "{group=\"web\",worker=\"web.1\"} 1\n"));
	ck_assert_ptr_null(strstr(p, "worker=\"web.1\"} 7\n"));
	ck_assert_ptr_nonnull(strstr(p, "skep_group_failed{group=\"jobs\"} 1"));
	ck_assert_ptr_nonnull(strstr(p,
	    "skep_workers{group=\"web\",state=\"draining\"} 1"));
}
END_TEST

START_TEST(aliases_show_the_same_figures)
{
	char *p;

	snap->group[1].cell[METRIC_HTTP_2XX] = 42;
	p = exported();
	ck_assert_ptr_nonnull(strstr(p, "\nskep_http_requests_total"
	    "{group=\"web\",class=\"2xx\"} 42\n"));
	ck_assert_ptr_nonnull(strstr(p, "\nhttp_requests_total"
	    "{group=\"web\",class=\"2xx\"} 42\n"));
}
END_TEST

START_TEST(it_works_before_the_first_status)
{
	struct prom_input in = { .snap = snap };

	prom_write(&in, &out);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "skep_http_requests"));
	ck_assert_ptr_null(strstr(buf_str(&out), "skep_workers"));
}
END_TEST

START_TEST(status_is_shown_whatever_is_missing)
{
	json_t *none = json_object();
	char text[SHOW_LEN];

	show_status(none, &out);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "WORKER"));
	buf_clear(&out);
	show_status(doc, &out);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "web.1"));
	ck_assert_str_eq(show_bytes(text, 1536), "1.5K");
	ck_assert_str_eq(show_bytes(text, 500), "500");
	ck_assert_str_eq(show_count(text, 99999), "99999");
	ck_assert_str_eq(show_count(text, 1500000), "1.5M");
	ck_assert_str_eq(show_age(text, 3661), "1h01m");
	ck_assert_str_eq(show_age(text, 100000), "1d03h");
	json_decref(none);
}
END_TEST

SUITE_MAIN("prom", setup, teardown, nothing_comes_twice,
    every_family_has_its_head_before_it,
    no_row_of_the_table_is_shown_from_elsewhere, histograms_add_up,
    the_worker_that_serves_is_the_series, aliases_show_the_same_figures,
    it_works_before_the_first_status, status_is_shown_whatever_is_missing)
