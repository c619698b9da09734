#include "health.h"

#include <stdio.h>
#include <string.h>

#include "jsonw.h"
#include "show.h"

/* Maintenance runs every 100 ms; a second without it is worth a word. */
#define MAINT_LATE_NS 1000000000LL
#define WHY_LEN	      256

struct verdict {
	enum health level;
	char why[WHY_LEN];
};

static unsigned
ready_workers(const json_t *group, double generation)
{
	const json_t *workers = json_object_get(group, "workers"), *w;
	unsigned n = 0;
	size_t i;

	/* What drains of an older generation does not count. */
	for (i = 0; i < json_array_size(workers); i++) {
		w = json_array_get(workers, i);
		if (strcmp(show_str(w, "state"), "ready") == 0 &&
		    (json_object_get(w, "generation") == NULL ||
		    show_num(w, "generation") >= generation))
			n++;
	}
	return n;
}

/* A group that is not as it should be: FAILED without any worker, else DEGRADED. */
static struct verdict
judge_group(const json_t *g, double generation)
{
	struct verdict v = { HEALTH_OK, "" };
	unsigned n = ready_workers(g, generation), min =
	    (unsigned)show_num(g, "min");
	const char *reason = show_str(g, "reason");

	if (json_is_true(json_object_get(g, "draining"))) {
		v.level = HEALTH_DEGRADED;
		(void)snprintf(v.why, sizeof(v.why), "draining");
	} else if (strcmp(show_str(g, "state"), "failed") == 0) {
		v.level = HEALTH_FAILED;
		(void)snprintf(v.why, sizeof(v.why), "failed: %.200s",
		    reason[0] != '\0' ? reason : "its workers die");
	} else if (n < min) {
		v.level = n == 0 ? HEALTH_FAILED : HEALTH_DEGRADED;
		(void)snprintf(v.why, sizeof(v.why),
		    "%u of at least %u workers ready", n, min);
	}
	return v;
}

static struct verdict
judge_master(const struct health_input *in)
{
	struct verdict v = { HEALTH_OK, "" };
	const char *state = in->status == NULL ? "" :
	    show_str(in->status, "state");

	if (in->status == NULL) {
		v.level = HEALTH_DEGRADED;
		(void)snprintf(v.why, sizeof(v.why), "no status yet");
	} else if (in->status_age_ns > HEALTH_STALE_NS) {
		v.level = HEALTH_FAILED;
		(void)snprintf(v.why, sizeof(v.why), "no status for %lld s",
		    (long long)(in->status_age_ns / 1000000000));
	} else if (strcmp(state, "serving") != 0 &&
	    strcmp(state, "reloading") != 0) {
		v.level = HEALTH_DEGRADED;
		(void)snprintf(v.why, sizeof(v.why), "%.100s", state);
	}
	return v;
}

static struct verdict
judge_region(const struct health_input *in)
{
	struct verdict v = { HEALTH_OK, "" };

	if (in->condemned) {
		v.level = HEALTH_FAILED;
		(void)snprintf(v.why, sizeof(v.why),
		    "condemned: a new one is being made");
	} else if (in->maint_idle_ns > MAINT_LATE_NS) {
		v.level = HEALTH_DEGRADED;
		(void)snprintf(v.why, sizeof(v.why),
		    "no maintenance for %lld ms",
		    (long long)(in->maint_idle_ns / 1000000));
	}
	return v;
}

static struct verdict
judge_helper(const json_t *status, const char *name)
{
	struct verdict v = { HEALTH_OK, "" };
	const json_t *h = json_object_get(status, name);

	if (h != NULL && strcmp(show_str(h, "state"), "ready") != 0) {
		v.level = HEALTH_DEGRADED;
		(void)snprintf(v.why, sizeof(v.why), "%.100s",
		    show_str(h, "state"));
	}
	return v;
}

static void
reason(struct jsonw *w, const char *who, const char *name,
    const struct verdict *v)
{
	char text[WHY_LEN + 80];

	(void)snprintf(text, sizeof(text), "%s%.64s: %s", who, name, v->why);
	jsonw_str(w, NULL, text);
}

int
health_ready(const struct health_input *in, struct buf *out)
{
	const json_t *groups = in->status == NULL ? NULL :
	    json_object_get(in->status, "groups"), *g;
	double generation = in->status == NULL ? 0 :
	    show_num(in->status, "generation");
	struct verdict v = judge_master(in);
	struct buf list = BUF_INIT;
	struct jsonw r = JSONW(&list), w = JSONW(out);
	int ready = v.level == HEALTH_OK;
	size_t i;

	jsonw_open(&r, NULL, '[');
	if (!ready)
		reason(&r, "", "master", &v);
	for (i = 0; i < json_array_size(groups); i++) {
		g = json_array_get(groups, i);
		v = judge_group(g, generation);
		if (v.level == HEALTH_OK)
			continue;
		ready = 0;
		reason(&r, "group ", show_str(g, "name"), &v);
	}
	jsonw_close(&r, ']');
	jsonw_open(&w, NULL, '{');
	jsonw_bool(&w, "ready", ready);
	jsonw_raw(&w, "reasons", buf_head(&list), buf_len(&list));
	jsonw_close(&w, '}');
	buf_fini(&list);
	return ready;
}

static const char *
level_name(enum health level)
{
	static const char *const names[] = { "ok", "degraded", "failed" };

	return names[level];
}

static void
check(struct jsonw *w, const char *name, const struct verdict *v,
    enum health *worst)
{
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "name", name);
	jsonw_str(w, "status", level_name(v->level));
	jsonw_str(w, "reason", v->why);
	jsonw_close(w, '}');
	if (v->level > *worst)
		*worst = v->level;
}

enum health
health_report(const struct health_input *in, struct buf *out)
{
	const json_t *groups = in->status == NULL ? NULL :
	    json_object_get(in->status, "groups");
	double generation = in->status == NULL ? 0 :
	    show_num(in->status, "generation");
	enum health worst = HEALTH_OK;
	struct buf list = BUF_INIT;
	struct jsonw c = JSONW(&list), w = JSONW(out);
	struct verdict v;
	char name[96];
	size_t i;

	jsonw_open(&c, NULL, '[');
	v = judge_master(in);
	check(&c, "master", &v, &worst);
	v = judge_region(in);
	check(&c, "region", &v, &worst);
	if (in->status != NULL) {
		v = judge_helper(in->status, "mender");
		check(&c, "mender", &v, &worst);
	}
	for (i = 0; i < json_array_size(groups); i++) {
		const json_t *g = json_array_get(groups, i);

		v = judge_group(g, generation);
		(void)snprintf(name, sizeof(name), "group %.64s",
		    show_str(g, "name"));
		check(&c, name, &v, &worst);
	}
	jsonw_close(&c, ']');
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "status", level_name(worst));
	jsonw_raw(&w, "checks", buf_head(&list), buf_len(&list));
	jsonw_close(&w, '}');
	buf_fini(&list);
	return worst;
}
