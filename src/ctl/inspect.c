/*
 * inspect.c - `skepctl inspect`: what is in a region, by its file alone.
 *
 * The mapping is read-only and nothing is held, so the daemon may be running,
 * stopped or dead.  A spoiled region can crash only this process.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "clock.h"
#include "jsonw.h"
#include "region.h"
#include "region_file.h"
#include "show.h"
#include "slot.h"
#include "table.h"

static const char *
section_name(uint32_t kind)
{
	switch (kind) {
	case REGION_SLOTS:
		return "slots";
	case REGION_TOTALS:
		return "totals";
	case REGION_HISTS:
		return "histograms";
	case REGION_EVENTS:
		return "events";
	case REGION_CACHE:
		return "cache";
	case REGION_INDEX:
		return "index";
	case REGION_SEGTAB:
		return "segment table";
	case REGION_SEGMENTS:
		return "segments";
	case REGION_TAGS:
		return "tags";
	case REGION_BANS:
		return "bans";
	case REGION_FLIGHTS:
		return "flights";
	case REGION_QUEUE:
		return "queue";
	default:
		return "?";
	}
}

/* "alive", "dead", or that it cannot be told from here. */
static const char *
life(struct region *r, unsigned n)
{
	int rc = slot_dead(r, n);

	return rc == 0 ? "alive" : rc == 1 ? "dead" : "unknown";
}

static void
json_header(struct jsonw *w, const struct region *r, const char *path)
{
	jsonw_str(w, "path", path);
	jsonw_uint(w, "format", r->head->format);
	jsonw_uint(w, "bytes", r->size);
	jsonw_str(w, "state", region_condemned(r) ? "condemned" : "live");
	jsonw_str(w, "order", r->head->rcu == REGION_RCU_FENCE ? "fence" :
	    "membarrier");
	jsonw_int(w, "creator_pid", r->head->creator_pid);
	jsonw_num(w, "age_s",
	    (double)(clock_mono_ns() - r->head->created_ns) / 1e9);
	jsonw_uint(w, "epoch", ld_acq(&r->hot->epoch));
	jsonw_uint(w, "maintenance_runs", ld_rlx(&r->hot->maint_runs));
	jsonw_uint(w, "events", ld_rlx(&r->hot->event_head));
}

static void
json_sections(struct jsonw *w, const struct region *r)
{
	const struct region_section *s;
	unsigned i;

	jsonw_open(w, "sections", '[');
	for (i = 0; i < r->head->n_sections && i < REGION_SECTIONS; i++) {
		s = &r->head->section[i];
		jsonw_open(w, NULL, '{');
		jsonw_str(w, "name", section_name(s->kind));
		jsonw_uint(w, "kind", s->kind);
		jsonw_uint(w, "offset", s->offset);
		jsonw_uint(w, "bytes", s->size);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

static void
json_slots(struct jsonw *w, struct region *r)
{
	struct slot_info in;
	unsigned n;

	jsonw_open(w, "slots", '[');
	for (n = 0; n < r->n_slots; n++) {
		if (slot_info(r, n, &in) < 0 || in.state == SLOT_FREE)
			continue;
		jsonw_open(w, NULL, '{');
		jsonw_uint(w, "slot", n);
		jsonw_str(w, "role", slot_role_name(in.role));
		jsonw_str(w, "group", in.group);
		jsonw_int(w, "pid", in.pid);
		jsonw_str(w, "life", life(r, n));
		jsonw_uint(w, "generation", in.reload);
		jsonw_bool(w, "in_section", in.word != 0);
		jsonw_bool(w, "holds", in.held != 0);
		jsonw_uint(w, "pins", in.n_pins);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

static void
json_cache(struct jsonw *w, const struct cache_stats *s)
{
	jsonw_open(w, "cache", '{');
	jsonw_uint(w, "items", s->items);
	jsonw_uint(w, "bytes", s->bytes);
	jsonw_uint(w, "capacity_bytes", s->capacity_bytes);
	jsonw_uint(w, "hits", s->hits);
	jsonw_uint(w, "misses", s->misses);
	jsonw_uint(w, "segment_bytes", s->seg_bytes);
	jsonw_uint(w, "segments", s->n_segs);
	jsonw_uint(w, "segments_free", s->seg[CACHE_SEG_FREE]);
	jsonw_uint(w, "segments_open", s->seg[CACHE_SEG_OPEN]);
	jsonw_uint(w, "segments_sealed", s->seg[CACHE_SEG_SEALED]);
	jsonw_close(w, '}');
}

static void
put_json(struct region *r, const char *path, const struct cache_stats *stats,
    struct buf *out)
{
	struct jsonw w = JSONW(out);

	jsonw_open(&w, NULL, '{');
	json_header(&w, r, path);
	json_sections(&w, r);
	json_slots(&w, r);
	if (stats != NULL)
		json_cache(&w, stats);
	jsonw_close(&w, '}');
	(void)buf_addc(out, '\n');
}

static void
text_header(const struct region *r, const char *path, struct buf *out)
{
	char size[SHOW_LEN], age[SHOW_LEN];

	(void)buf_printf(out, "%s: format %u, %s, %s, %s, made by pid %d %s"
	    " ago, epoch %llu\n\n", path, r->head->format,
	    show_bytes(size, (double)r->size),
	    region_condemned(r) ? "condemned" : "live",
	    r->head->rcu == REGION_RCU_FENCE ? "fences" : "membarrier",
	    r->head->creator_pid, show_age(age,
	    (double)(clock_mono_ns() - r->head->created_ns) / 1e9),
	    (unsigned long long)ld_acq(&r->hot->epoch));
}

static void
text_sections(const struct region *r, struct buf *out)
{
	struct table t = TABLE_INIT;
	const struct region_section *s;
	unsigned i;

	table_cell(&t, "SECTION");
	table_cell(&t, "OFFSET");
	table_cell(&t, "BYTES");
	table_end(&t);
	for (i = 0; i < r->head->n_sections && i < REGION_SECTIONS; i++) {
		s = &r->head->section[i];
		table_cell(&t, "%s", section_name(s->kind));
		table_cell(&t, "%llu", (unsigned long long)s->offset);
		table_cell(&t, "%llu", (unsigned long long)s->size);
		table_end(&t);
	}
	table_put(&t, out);
	table_fini(&t);
}

static void
text_slots(struct region *r, struct buf *out)
{
	static const char *const heads[] = { "SLOT", "ROLE", "GROUP", "PID",
		"LIFE", "GEN", "SECTION", "HOLDS", "PINS" };
	struct table t = TABLE_INIT;
	struct slot_info in;
	unsigned n;

	for (n = 0; n < sizeof(heads) / sizeof(*heads); n++)
		table_cell(&t, "%s", heads[n]);
	table_end(&t);
	for (n = 0; n < r->n_slots; n++) {
		if (slot_info(r, n, &in) < 0 || in.state == SLOT_FREE)
			continue;
		table_cell(&t, "%u", n);
		table_cell(&t, "%s", slot_role_name(in.role));
		table_cell(&t, "%s", in.group);
		table_cell(&t, "%d", in.pid);
		table_cell(&t, "%s", life(r, n));
		table_cell(&t, "%u", in.reload);
		table_cell(&t, "%s", in.word != 0 ? "inside" : "");
		table_cell(&t, "%s", in.held != 0 ? "yes" : "");
		table_cell(&t, "%u", in.n_pins);
		table_end(&t);
	}
	table_put(&t, out);
	table_fini(&t);
}

static void
text_cache(const struct cache_stats *s, struct buf *out)
{
	char bytes[SHOW_LEN], cap[SHOW_LEN], seg[SHOW_LEN];

	(void)buf_printf(out, "\ncache: %llu items, %s of %s; %u segments of"
	    " %s: %u free, %u open, %u sealed; %llu hits, %llu misses\n",
	    (unsigned long long)s->items, show_bytes(bytes, (double)s->bytes),
	    show_bytes(cap, (double)s->capacity_bytes), s->n_segs,
	    show_bytes(seg, s->seg_bytes), s->seg[CACHE_SEG_FREE],
	    s->seg[CACHE_SEG_OPEN], s->seg[CACHE_SEG_SEALED],
	    (unsigned long long)s->hits, (unsigned long long)s->misses);
}

static void
put_text(struct region *r, const char *path, const struct cache_stats *stats,
    struct buf *out)
{
	text_header(r, path, out);
	text_sections(r, out);
	(void)buf_addc(out, '\n');
	text_slots(r, out);
	if (stats != NULL)
		text_cache(stats, out);
}

int
inspect_run(struct skepctl *s)
{
	struct region_why why = { "" };
	struct cache_stats stats;
	struct buf out = BUF_INIT;
	struct cache *cache = NULL;
	struct region *r;
	char path[PATH_MAX];
	int rc;

	rc = region_file(s, path, sizeof(path));
	if (rc != CTL_EXIT_OK)
		return rc;
	rc = region_open(path, REGION_RDONLY, &r, &why);
	if (rc < 0) {
		skepctl_complain("%s: %s", path, why.text[0] != '\0' ? why.text : strerror(-rc));
		return rc == -EACCES ? CTL_EXIT_DENIED : CTL_EXIT_FAILED;
	}
	if (cache_open_ro(r, &cache) == 0)
		cache_stats(cache, &stats);
	(s->json ? put_json : put_text)(r, path, cache != NULL ? &stats : NULL,
	    &out);
	(void)fwrite(buf_head(&out), 1, buf_len(&out), stdout);
	rc = buf_ok(&out) && fflush(stdout) == 0 ? CTL_EXIT_OK :
	    CTL_EXIT_FAILED;
	buf_fini(&out);
	cache_close(&cache);
	region_close(&r);
	return rc;
}
