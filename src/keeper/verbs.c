#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "figures.h"
#include "jsonw.h"
#include "unit.h"

#define LAST_DEFAULT 20

static const char *const level_names[] = { "debug", "info", "warn", "error" };

static const char *
level_name(unsigned level)
{
	return level < 4 ? level_names[level] : "?";
}

static void
time_text(char *buf, size_t size, uint64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / 1000000000);
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	(void)gmtime_r(&s, &tm);
	(void)snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (unsigned)(wall_ns % 1000000000 / 1000));
}

static void
event_json(struct jsonw *w, const struct evring_event *e)
{
	char when[64];

	time_text(when, sizeof(when), e->wall_ns);
	jsonw_open(w, NULL, '{');
	jsonw_uint(w, "number", e->number);
	jsonw_str(w, "time", when);
	jsonw_str(w, "level", level_name(e->level));
	jsonw_uint(w, "pid", e->pid);
	if (e->slot != UINT16_MAX)
		jsonw_uint(w, "slot", e->slot);
	jsonw_strn(w, "text", e->text, strnlen(e->text, sizeof(e->text)));
	jsonw_close(w, '}');
}

static void
event_text(struct buf *out, const struct evring_event *e)
{
	char when[64];

	time_text(when, sizeof(when), e->wall_ns);
	(void)buf_printf(out, "%s %s [%u] %.*s\n", when, level_name(e->level),
	    e->pid, (int)strnlen(e->text, sizeof(e->text)), e->text);
}

/* How many of the oldest to pass over so that only the last n are shown. */
static uint64_t
to_skip(struct keeper *k, struct evring_reader r, uint64_t n)
{
	struct evring_event e;
	uint64_t all = 0;

	while (evring_read(k->region, &r, (uint64_t)clock_mono_ns(), &e) == 1)
		all++;
	return all > n ? all - n : 0;
}

static void
events(struct keeper *k, const struct ctl_line *l, struct buf *out,
    struct verbs_follow *f)
{
	const char *last = ctl_opt(l, "--last");
	struct buf body = BUF_INIT;
	struct jsonw w = JSONW(&body);
	struct evring_event e;
	int64_t n = LAST_DEFAULT;
	uint64_t skip;

	if (last != NULL && (unit_int(last, &n) < 0 || n < 0)) {
		ctl_err(out, l->json, CTL_EXIT_USAGE, "--last=%.32s: not a"
		    " number", last);
		return;
	}
	evring_open(k->region, EVRING_OLDEST, &f->reader);
	skip = to_skip(k, f->reader, (uint64_t)n);
	if (l->json)
		jsonw_open(&w, NULL, '[');
	while (evring_read(k->region, &f->reader, (uint64_t)clock_mono_ns(),
	    &e) == 1) {
		if (skip > 0)
			skip--;
		else if (l->json)
			event_json(&w, &e);
		else
			event_text(&body, &e);
	}
	if (l->json)
		jsonw_close(&w, ']');
	f->on = ctl_opt(l, "--follow") != NULL;
	(f->on ? ctl_more : ctl_ok)(out, l->json, buf_head(&body),
	    buf_len(&body));
	buf_fini(&body);
}

unsigned
verbs_follow(struct keeper *k, struct verbs_follow *f, int json,
    struct buf *out)
{
	struct buf body = BUF_INIT;
	struct jsonw w = JSONW(&body);
	struct evring_event e;
	unsigned n = 0;

	if (json)
		jsonw_open(&w, NULL, '[');
	while (evring_read(k->region, &f->reader, (uint64_t)clock_mono_ns(),
	    &e) == 1) {
		if (json)
			event_json(&w, &e);
		else
			event_text(&body, &e);
		n++;
	}
	if (json)
		jsonw_close(&w, ']');
	if (n > 0)
		ctl_more(out, json, buf_head(&body), buf_len(&body));
	buf_fini(&body);
	return n;
}

/* Whether a line of the exporter belongs to families whose name begins so. */
static int
wanted(const char *line, const char *name)
{
	if (strncmp(line, "# HELP ", 7) == 0 ||
	    strncmp(line, "# TYPE ", 7) == 0)
		line += 7;
	return name == NULL || strncmp(line, name, strlen(name)) == 0;
}

/* "name{labels} value" as an object. */
static void
sample_json(struct jsonw *w, const char *line, size_t n)
{
	const char *brace = memchr(line, '{', n), *end = line + n, *space = end,
	    *name_end;

	if (line[0] == '#')
		return;
	while (space > line && space[-1] != ' ')
		space--;
	if (space == line)
		return;
	name_end = brace != NULL ? brace : space - 1;
	jsonw_open(w, NULL, '{');
	jsonw_strn(w, "name", line, (size_t)(name_end - line));
	jsonw_strn(w, "labels", brace == NULL ? "" : brace + 1,
	    brace == NULL ? 0 : (size_t)(space - 3 - brace));
	jsonw_raw(w, "value", space, (size_t)(end - space));
	jsonw_close(w, '}');
}

static void
metrics(struct keeper *k, const struct ctl_line *l, struct buf *out)
{
	const char *name = ctl_arg(l, 0, NULL), *p, *nl;
	struct buf all = BUF_INIT, body = BUF_INIT;
	struct jsonw w = JSONW(&body);
	int found = 0;

	figures_prom(k, &all);
	p = buf_str(&all);
	if (l->json)
		jsonw_open(&w, NULL, '[');
	for (; p != NULL && (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		if (!wanted(p, name))
			continue;
		found = 1;
		if (l->json)
			sample_json(&w, p, (size_t)(nl - p));
		else
			(void)buf_add(&body, p, (size_t)(nl - p) + 1);
	}
	if (l->json)
		jsonw_close(&w, ']');
	if (found || name == NULL)
		ctl_ok(out, l->json, buf_head(&body), buf_len(&body));
	else
		ctl_err(out, l->json, CTL_EXIT_FAILED, "no metric has a name"
		    " that begins with \"%.64s\"", name);
	buf_fini(&all);
	buf_fini(&body);
}

void
verbs_run(struct keeper *k, const struct ctl_command *cmd,
    const struct ctl_line *l, struct buf *out, struct verbs_follow *follow)
{
	follow->on = 0;
	switch (cmd->id) {
	case CTL_METRICS:
		metrics(k, l, out);
		break;
	case CTL_EVENTS:
		events(k, l, out, follow);
		break;
	case CTL_CACHE_STATS:
	case CTL_CACHE_GET:
	case CTL_CACHE_SET:
	case CTL_CACHE_DEL:
	case CTL_CACHE_FLUSH:
		verbs_cache(k, cmd, l, out);
		break;
	default:
		ctl_err(out, l->json, CTL_EXIT_FAILED,
		    "%s is not for the keeper", cmd->noun);
		break;
	}
}
