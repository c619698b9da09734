#include "show.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

static const json_t *
member(const json_t *o, const char *path)
{
	char key[64];
	size_t n;

	while (o != NULL && *path != '\0') {
		n = strcspn(path, ".");
		(void)snprintf(key, sizeof(key), "%.*s", (int)n, path);
		o = json_object_get(o, key);
		path += n + (path[n] == '.');
	}
	return o;
}

double
show_num(const json_t *o, const char *path)
{
	return json_number_value(member(o, path));
}

const char *
show_str(const json_t *o, const char *path)
{
	const char *s = json_string_value(member(o, path));

	return s == NULL ? "" : s;
}

static char *
scaled(char buf[SHOW_LEN], double n, double step, const char *units)
{
	while (n >= step && units[1] != '\0') {
		n /= step;
		units++;
	}
	if (*units == ' ')
		(void)snprintf(buf, SHOW_LEN, "%.0f", n);
	else
		(void)snprintf(buf, SHOW_LEN, n < 10 ? "%.1f%c" : "%.0f%c", n,
		    *units);
	return buf;
}

char *
show_bytes(char buf[SHOW_LEN], double n)
{
	return scaled(buf, n, 1024, " KMGTP");
}

char *
show_count(char buf[SHOW_LEN], double n)
{
	return n < 100000 ? scaled(buf, n, 1e18, " ") :
	    scaled(buf, n, 1000, " kMGTP");
}

char *
show_age(char buf[SHOW_LEN], double s)
{
	long n = (long)s;

	if (n < 60)
		(void)snprintf(buf, SHOW_LEN, "%lds", n);
	else if (n < 3600)
		(void)snprintf(buf, SHOW_LEN, "%ldm%02lds", n / 60, n % 60);
	else if (n < 86400)
		(void)snprintf(buf, SHOW_LEN, "%ldh%02ldm", n / 3600,
		    n % 3600 / 60);
	else
		(void)snprintf(buf, SHOW_LEN, "%ldd%02ldh", n / 86400,
		    n % 86400 / 3600);
	return buf;
}

static void
heads(struct table *t, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		table_cell(t, "%s", names[i]);
	table_end(t);
}

static void
worker_row(struct table *t, const json_t *w)
{
	char text[SHOW_LEN];

	table_cell(t, "%s", show_str(w, "id"));
	table_cell(t, "%.0f", show_num(w, "pid"));
	table_cell(t, "%s", show_str(w, "state"));
	table_cell(t, "%.0f", show_num(w, "generation"));
	table_cell(t, "%s", show_count(text, show_num(w, "requests")));
	table_cell(t, "%.0f", show_num(w, "connections"));
	table_cell(t, "%.0f%%", 100 * show_num(w, "busy"));
	/* Measured a moment after it is ready. */
	table_cell(t, "%s", show_num(w, "pss_bytes") > 0 ?
	    show_bytes(text, show_num(w, "pss_bytes")) : "");
	table_cell(t, "%.0f", show_num(w, "restarts"));
	table_end(t);
}

static const char *const worker_heads[] = { "WORKER", "PID", "STATE", "GEN",
	"REQUESTS", "CONN", "BUSY", "PSS", "RESTARTS" };

void
show_workers(const json_t *workers, struct buf *out)
{
	struct table t = TABLE_INIT;
	size_t i;
	json_t *w;

	heads(&t, worker_heads, sizeof(worker_heads) / sizeof(*worker_heads));
	json_array_foreach((json_t *)(uintptr_t)workers, i, w)
		worker_row(&t, w);
	table_put(&t, out);
	table_fini(&t);
}

static void
group_row(struct table *t, const json_t *g)
{
	const json_t *workers = member(g, "workers"), *listen =
	    member(g, "listen"), *x;
	size_t i, ready = 0;
	char addrs[200] = "";

	for (i = 0; i < json_array_size(workers); i++)
		ready += strcmp(show_str(json_array_get(workers, i), "state"),
		    "ready") == 0;
	for (i = 0; i < json_array_size(listen); i++) {
		x = json_array_get(listen, i);
		(void)snprintf(addrs + strlen(addrs),
		    sizeof(addrs) - strlen(addrs), "%s%s", i > 0 ? " " : "",
		    json_string_value(x) == NULL ? "" : json_string_value(x));
	}
	table_cell(t, "%s", show_str(g, "name"));
	table_cell(t, "%s%s", show_str(g, "state"),
	    json_is_true(member(g, "draining")) ? ",draining" : "");
	table_cell(t, "%zu/%.0f", ready, show_num(g, "target"));
	table_cell(t, "%.0f", show_num(g, "min"));
	table_cell(t, "%.0f", show_num(g, "max"));
	table_cell(t, "%s", show_str(g, "scale"));
	table_cell(t, "%s", addrs);
	table_end(t);
}

static void
show_groups(const json_t *groups, struct buf *out)
{
	static const char *const names[] = { "GROUP", "STATE", "READY", "MIN",
		"MAX", "SCALE", "LISTEN" };
	struct table t = TABLE_INIT;
	const json_t *g;
	size_t i;

	heads(&t, names, sizeof(names) / sizeof(*names));
	for (i = 0; i < json_array_size(groups); i++)
		group_row(&t, json_array_get(groups, i));
	table_put(&t, out);
	table_fini(&t);
	for (i = 0; i < json_array_size(groups); i++) {
		g = json_array_get(groups, i);
		if (show_str(g, "reason")[0] != '\0')
			(void)buf_printf(out, "%s: %s\n", show_str(g, "name"),
			    show_str(g, "reason"));
	}
}

static void
show_cache(const json_t *doc, struct buf *out)
{
	double hits = show_num(doc, "cache.hits"), misses =
	    show_num(doc, "cache.misses");
	char items[SHOW_LEN], bytes[SHOW_LEN], cap[SHOW_LEN], asked[SHOW_LEN];

	(void)buf_printf(out, "cache: %s items, %s of %s, %s look-ups",
	    show_count(items, show_num(doc, "cache.items")),
	    show_bytes(bytes, show_num(doc, "cache.bytes")),
	    show_bytes(cap, show_num(doc, "cache.capacity_bytes")),
	    show_count(asked, hits + misses));
	if (hits + misses > 0)
		(void)buf_printf(out, ", %.1f%% hits",
		    100 * hits / (hits + misses));
	(void)buf_addc(out, '\n');
}

static void
show_reload(const json_t *doc, struct buf *out)
{
	const char *why = show_str(doc, "reload.reason");

	if (why[0] != '\0')
		(void)buf_printf(out, "last reload refused: %s\n", why);
}

void
show_status(const json_t *doc, struct buf *out)
{
	const json_t *groups = member(doc, "groups"), *workers, *alerts =
	    member(doc, "alerts");
	struct table t = TABLE_INIT;
	char age[SHOW_LEN];
	size_t i, k;

	(void)buf_printf(out, "skepd %s  pid %.0f  %s  up %s  generation %.0f\n",
	    show_str(doc, "version"), show_num(doc, "pid"),
	    show_str(doc, "state"), show_age(age, show_num(doc, "uptime_s")),
	    show_num(doc, "generation"));
	show_cache(doc, out);
	show_reload(doc, out);
	if (json_array_size(alerts) > 0)
		(void)buf_printf(out, "alerts: %zu\n", json_array_size(alerts));
	(void)buf_addc(out, '\n');
	show_groups(groups, out);
	(void)buf_addc(out, '\n');
	heads(&t, worker_heads, sizeof(worker_heads) / sizeof(*worker_heads));
	for (i = 0; i < json_array_size(groups); i++) {
		workers = member(json_array_get(groups, i), "workers");
		for (k = 0; k < json_array_size(workers); k++)
			worker_row(&t, json_array_get(workers, k));
	}
	table_put(&t, out);
	table_fini(&t);
}
