#include "prom.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "prom_int.h"
#include "show.h"

const struct prom_doc prom_docs[] = {
	{ "skep_info", "gauge", "version",
	    "1, with the version of the server" },
	{ "skep_uptime_seconds", "gauge", "",
	    "Time since the master started" },
	{ "skep_generation", "gauge", "",
	    "Number of the configuration and plugins that serve" },
	{ "skep_reloads_total", "counter", "result",
	    "Reloads, by whether the new generation was taken" },
	{ "skep_workers", "gauge", "group, state",
	    "Workers, by what they are doing" },
	{ "skep_workers_min", "gauge", "group",
	    "Workers that a group needs to be ready" },
	{ "skep_workers_max", "gauge", "group",
	    "Workers that a group may have" },
	{ "skep_group_failed", "gauge", "group",
	    "1 when the workers of a group die as fast as they are started" },
	{ "skep_worker_restarts_total", "counter", "group, worker",
	    "Times that a worker had to be replaced" },
	{ "skep_worker_busy_ratio", "gauge", "group, worker",
	    "Share of the last second in which the loop did not wait" },
	{ "skep_worker_memory_bytes", "gauge", "group, worker",
	    "Proportional memory of a worker" },
	{ "skep_slots", "gauge", "state",
	    "Places in the region for processes" },
	{ "skep_cache_items", "gauge", "",
	    "Entries in the shared cache, expired ones included" },
	{ "skep_cache_used_bytes", "gauge", "",
	    "Bytes of the entries in the shared cache" },
	{ "skep_cache_capacity_bytes", "gauge", "",
	    "Bytes of all segments of the shared cache" },
	{ "skep_cache_segments", "gauge", "state",
	    "Segments of the shared cache" },
	{ "skep_cache_hits_total", "counter", "",
	    "Look-ups in the shared cache that found a valid entry" },
	{ "skep_cache_misses_total", "counter", "",
	    "Look-ups in the shared cache that did not" },
	{ "skep_cache_sets_total", "counter", "",
	    "Entries stored in the shared cache, by whichever call" },
	{ "skep_cache_deletes_total", "counter", "",
	    "Entries deleted from the shared cache by a call" },
	{ "skep_cache_evictions_total", "counter", "",
	    "Entries that eviction dropped to make room" },
	{ "skep_cache_promoted_total", "counter", "",
	    "Entries that eviction kept, because they were asked for" },
	{ "skep_cache_expired_total", "counter", "",
	    "Entries reclaimed because their time was over" },
	{ "skep_cache_ghost_hits_total", "counter", "",
	    "Entries stored again soon after they were evicted" },
	{ "skep_cache_refused_total", "counter", "reason",
	    "Entries that could not be stored or kept" },
	{ "process_cpu_seconds_total", "counter", "",
	    "Processor time of the master" },
	{ "process_resident_memory_bytes", "gauge", "",
	    "Resident memory of the master" },
	{ "process_virtual_memory_bytes", "gauge", "",
	    "Virtual memory of the master" },
	{ "process_start_time_seconds", "gauge", "",
	    "When the master started, since 1970" },
	{ "process_open_fds", "gauge", "",
	    "Open descriptors of the master" },
	{ "process_max_fds", "gauge", "",
	    "Descriptors that the master may open" },
	{ "http_requests_total", "counter", "group, class",
	    "The same as skep_http_requests_total, for rules made for others" },
	{ "http_request_duration_seconds", "histogram", "group",
	    "The same as skep_http_request_duration_seconds" },
	{ NULL, NULL, NULL, NULL }
};

static void
head(struct buf *out, const char *family, const char *type, const char *doc)
{
	(void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family, doc,
	    family, type);
}

void
prom_begin(struct buf *out, const char *family)
{
	const struct prom_doc *d;

	for (d = prom_docs; d->family != NULL; d++)
		if (strcmp(d->family, family) == 0)
			head(out, family, d->type, d->doc);
}

/* Group and worker names are of safe letters (conf), so nothing is escaped. */
static void
labels(struct buf *out, const char *group, const char *more,
    const char *last)
{
	const char *parts[3] = { NULL, more, last };
	char g[64];
	int n = 0, i;

	if (group[0] != '\0') {
		(void)snprintf(g, sizeof(g), "group=\"%s\"", group);
		parts[0] = g;
	}
	for (i = 0; i < 3; i++)
		if (parts[i] != NULL && parts[i][0] != '\0')
			(void)buf_printf(out, "%c%s", n++ == 0 ? '{' : ',',
			    parts[i]);
	if (n > 0)
		(void)buf_addc(out, '}');
}

/* --- from the tables --- */

static void
cells(struct buf *out, const char *prefix, const struct metric_row *row,
    const struct metric_snap *snap)
{
	const struct metric_group *g;
	unsigned i;

	for (i = 0; i < snap->n_groups; i++) {
		g = &snap->group[i];
		/* Who has no group serves no requests: only what it did counts. */
		if (g->name[0] == '\0' && g->cell[row->id] == 0 &&
		    snap->n_groups > 1)
			continue;
		(void)buf_printf(out, "%s%s", prefix, row->family);
		labels(out, g->name, row->labels, NULL);
		(void)buf_printf(out, " %" PRId64 "\n", g->cell[row->id]);
	}
}

/*
 * Buckets end at powers of two of nanoseconds from 16 us to 17 s: these are
 * borders of the histogram's own buckets, so the counts are exact.
 */
#define LE_FIRST 14
#define LE_LAST	 34

static void
histogram(struct buf *out, const char *prefix, const struct metric_row *row,
    const struct metric_snap *snap)
{
	const struct metric_group *g;
	const struct hist *h;
	char le[48], name[96];
	unsigned i, k;

	(void)snprintf(name, sizeof(name), "%s%s", prefix, row->family);
	for (i = 0; i < snap->n_groups; i++) {
		g = &snap->group[i];
		h = &g->hist[row->id];
		if (g->name[0] == '\0' && hist_count(h) == 0 &&
		    snap->n_groups > 1)
			continue;
		for (k = LE_FIRST; k <= LE_LAST; k++) {
			(void)snprintf(le, sizeof(le), "le=\"%.9g\"",
			    (double)(UINT64_C(1) << k) / 1e9);
			(void)buf_printf(out, "%s_bucket", name);
			labels(out, g->name, row->labels, le);
			(void)buf_printf(out, " %" PRIu64 "\n",
			    hist_below(h, UINT64_C(1) << k));
		}
		(void)buf_printf(out, "%s_bucket", name);
		labels(out, g->name, row->labels, "le=\"+Inf\"");
		(void)buf_printf(out, " %" PRIu64 "\n%s_sum", hist_count(h),
		    name);
		labels(out, g->name, row->labels, NULL);
		(void)buf_printf(out, " %.9g\n%s_count",
		    (double)ld_rlx(&h->sum) / 1e9, name);
		labels(out, g->name, row->labels, NULL);
		(void)buf_printf(out, " %" PRIu64 "\n", hist_count(h));
	}
}

static void
table(struct buf *out, const char *prefix, const char *only,
    const struct metric_snap *snap)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	const struct metric_row *rows;
	char family[96];
	unsigned i, n;

	rows = metric_rows(&n);
	for (i = 0; i < n; i++) {
		if (only != NULL && strcmp(rows[i].family, only) != 0)
			continue;
		(void)snprintf(family, sizeof(family), "%s%s", prefix,
		    rows[i].family);
		if (rows[i].doc[0] != '\0' && only == NULL)
			head(out, family, types[rows[i].type], rows[i].doc);
		else if (rows[i].doc[0] != '\0')
			prom_begin(out, family);
		if (rows[i].type == METRIC_HISTOGRAM)
			histogram(out, prefix, &rows[i], snap);
		else
			cells(out, prefix, &rows[i], snap);
	}
}

/* --- from the status document --- */

void
prom_one(struct buf *out, const char *family, double value)
{
	prom_begin(out, family);
	(void)buf_printf(out, "%s %.15g\n", family, value);
}

static unsigned
in_state(const json_t *workers, const char *state)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < json_array_size(workers); i++)
		n += strcmp(show_str(json_array_get(workers, i), "state"),
		    state) == 0;
	return n;
}

static void
worker_states(struct buf *out, const json_t *groups)
{
	static const char *const states[] = { "starting", "ready", "draining" };
	const json_t *g;
	size_t i, k;

	prom_begin(out, "skep_workers");
	for (i = 0; i < json_array_size(groups); i++)
		for (k = 0; k < 3; k++) {
			g = json_array_get(groups, i);
			(void)buf_printf(out, "skep_workers{group=\"%s\","
			    "state=\"%s\"} %u\n", show_str(g, "name"),
			    states[k], in_state(json_object_get(g, "workers"),
			    states[k]));
		}
}

static void
group_number(struct buf *out, const json_t *groups, const char *family,
    const char *member)
{
	const json_t *g;
	size_t i;

	prom_begin(out, family);
	for (i = 0; i < json_array_size(groups); i++) {
		g = json_array_get(groups, i);
		(void)buf_printf(out, "%s{group=\"%s\"} %.15g\n", family,
		    show_str(g, "name"), member != NULL ? show_num(g, member) :
		    (double)(strcmp(show_str(g, "state"), "failed") == 0));
	}
}

/*
 * In a reload two workers of one name can be there: the one that serves is the
 * series, as no series may come twice.
 */
static int
is_shown(const json_t *workers, size_t i)
{
	const json_t *w = json_array_get(workers, i), *other;
	size_t k;

	for (k = 0; k < json_array_size(workers); k++) {
		other = json_array_get(workers, k);
		if (k != i && strcmp(show_str(w, "id"),
		    show_str(other, "id")) == 0 &&
		    (show_num(other, "generation") >
		    show_num(w, "generation") || (k < i &&
		    show_num(other, "generation") ==
		    show_num(w, "generation"))))
			return 0;
	}
	return 1;
}

static void
worker_number(struct buf *out, const json_t *groups, const char *family,
    const char *member)
{
	const json_t *g, *workers, *w;
	size_t i, k;

	prom_begin(out, family);
	for (i = 0; i < json_array_size(groups); i++) {
		g = json_array_get(groups, i);
		workers = json_object_get(g, "workers");
		for (k = 0; k < json_array_size(workers); k++) {
			w = json_array_get(workers, k);
			if (!is_shown(workers, k))
				continue;
			(void)buf_printf(out, "%s{group=\"%s\",worker=\"%s\"}"
			    " %.15g\n", family, show_str(g, "name"),
			    show_str(w, "id"), show_num(w, member));
		}
	}
}

static void
server(struct buf *out, const json_t *doc)
{
	const json_t *groups = json_object_get(doc, "groups");

	prom_begin(out, "skep_info");
	(void)buf_printf(out, "skep_info{version=\"%s\"} 1\n",
	    show_str(doc, "version"));
	prom_one(out, "skep_uptime_seconds", show_num(doc, "uptime_s"));
	prom_one(out, "skep_generation", show_num(doc, "generation"));
	prom_begin(out, "skep_reloads_total");
	(void)buf_printf(out, "skep_reloads_total{result=\"done\"} %.15g\n"
	    "skep_reloads_total{result=\"refused\"} %.15g\n",
	    show_num(doc, "reload.done"), show_num(doc, "reload.refused"));
	worker_states(out, groups);
	group_number(out, groups, "skep_workers_min", "min");
	group_number(out, groups, "skep_workers_max", "max");
	group_number(out, groups, "skep_group_failed", NULL);
	worker_number(out, groups, "skep_worker_restarts_total", "restarts");
	worker_number(out, groups, "skep_worker_busy_ratio", "busy");
	worker_number(out, groups, "skep_worker_memory_bytes", "pss_bytes");
	prom_begin(out, "skep_slots");
	(void)buf_printf(out, "skep_slots{state=\"free\"} %.15g\n"
	    "skep_slots{state=\"dead\"} %.15g\n"
	    "skep_slots{state=\"all\"} %.15g\n",
	    show_num(doc, "region.slots_free"),
	    show_num(doc, "region.slots_dead"), show_num(doc, "region.slots"));
}

static void
cache(struct buf *out, const struct cache_stats *c)
{
	static const char *const states[CACHE_SEG_STATES] = { "free", "open",
		"partial", "sealed", "evicting", "retired", "absent",
		"leaving", "chunk" };
	unsigned i;

	prom_one(out, "skep_cache_items", (double)c->items);
	prom_one(out, "skep_cache_used_bytes", (double)c->bytes);
	prom_one(out, "skep_cache_capacity_bytes", (double)c->capacity_bytes);
	prom_begin(out, "skep_cache_segments");
	for (i = 0; i < CACHE_SEG_STATES; i++)
		(void)buf_printf(out, "skep_cache_segments{state=\"%s\"} %u\n",
		    states[i], c->seg[i]);
	prom_one(out, "skep_cache_hits_total", (double)c->hits);
	prom_one(out, "skep_cache_misses_total", (double)c->misses);
	prom_one(out, "skep_cache_sets_total", (double)c->sets);
	prom_one(out, "skep_cache_deletes_total", (double)c->deletes);
	prom_one(out, "skep_cache_evictions_total", (double)c->evictions);
	prom_one(out, "skep_cache_promoted_total", (double)c->promoted);
	prom_one(out, "skep_cache_expired_total", (double)c->expired);
	prom_one(out, "skep_cache_ghost_hits_total", (double)c->ghosts_hit);
	prom_begin(out, "skep_cache_refused_total");
	(void)buf_printf(out, "skep_cache_refused_total{reason=\"full\"}"
	    " %" PRIu64 "\nskep_cache_refused_total{reason=\"crowded\"}"
	    " %" PRIu64 "\n", c->full, c->crowded);
}

void
prom_write(const struct prom_input *in, struct buf *out)
{
	if (in->status != NULL)
		server(out, in->status);
	if (in->cache != NULL)
		cache(out, in->cache);
	if (in->snap != NULL) {
		table(out, "skep_", NULL, in->snap);
		table(out, "", "http_requests_total", in->snap);
		table(out, "", "http_request_duration_seconds", in->snap);
	}
	prom_process(out, in->pid);
}
