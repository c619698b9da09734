#include "notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "show.h"

struct out {
	notice_fn *fn;
	void *arg;
};

__attribute__((format(printf, 3, 4))) static void
say(const struct out *o, enum evring_level level, const char *fmt, ...)
{
	char text[EVRING_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o->fn(o->arg, level, text);
}

static const json_t *
group_named(const json_t *doc, const char *name)
{
	const json_t *groups = json_object_get(doc, "groups"), *g;
	size_t i;

	for (i = 0; i < json_array_size(groups); i++) {
		g = json_array_get(groups, i);
		if (strcmp(show_str(g, "name"), name) == 0)
			return g;
	}
	return NULL;
}

/* A worker is known by its pid: its name goes on to its successor. */
static const json_t *
worker_with(const json_t *group, double pid)
{
	const json_t *workers = json_object_get(group, "workers"), *w;
	size_t i;

	for (i = 0; i < json_array_size(workers); i++) {
		w = json_array_get(workers, i);
		if (show_num(w, "pid") == pid)
			return w;
	}
	return NULL;
}

static void
workers(const struct out *o, const json_t *before, const json_t *after)
{
	const json_t *now = json_object_get(after, "workers"),
	    *old = json_object_get(before, "workers"), *w, *was;
	size_t i;

	for (i = 0; i < json_array_size(now); i++) {
		w = json_array_get(now, i);
		/* No pid yet: it is only being made. */
		if (show_num(w, "pid") == 0)
			continue;
		was = worker_with(before, show_num(w, "pid"));
		if (was == NULL || strcmp(show_str(was, "state"),
		    show_str(w, "state")) != 0)
			say(o, EVRING_INFO, "worker %s worker=%s pid=%.0f"
			    " generation=%.0f", show_str(w, "state"),
			    show_str(w, "id"), show_num(w, "pid"),
			    show_num(w, "generation"));
	}
	for (i = 0; i < json_array_size(old); i++) {
		w = json_array_get(old, i);
		if (show_num(w, "pid") != 0 &&
		    worker_with(after, show_num(w, "pid")) == NULL)
			say(o, strcmp(show_str(w, "state"), "draining") == 0 ?
			    EVRING_INFO : EVRING_WARN,
			    "worker gone worker=%s pid=%.0f requests=%.0f",
			    show_str(w, "id"), show_num(w, "pid"),
			    show_num(w, "requests"));
	}
}

static void
group(const struct out *o, const json_t *before, const json_t *after)
{
	const char *state = show_str(after, "state");

	if (strcmp(before == NULL ? "" : show_str(before, "state"), state) != 0)
		say(o, strcmp(state, "failed") == 0 ? EVRING_ERROR :
		    EVRING_INFO, "group %s group=%s reason=\"%.100s\"", state,
		    show_str(after, "name"), show_str(after, "reason"));
	workers(o, before, after);
}

void
notice_diff(const json_t *before, const json_t *after, notice_fn *fn,
    void *arg)
{
	const struct out o = { fn, arg };
	const json_t *groups = json_object_get(after, "groups"), *g;
	size_t i;

	if (before == NULL) {
		say(&o, EVRING_INFO, "keeper watches state=%s generation=%.0f",
		    show_str(after, "state"), show_num(after, "generation"));
		return;
	}
	if (strcmp(show_str(before, "state"), show_str(after, "state")) != 0)
		say(&o, EVRING_INFO, "server %s", show_str(after, "state"));
	if (show_num(before, "generation") != show_num(after, "generation"))
		say(&o, EVRING_INFO, "reload done generation=%.0f",
		    show_num(after, "generation"));
	if (show_num(before, "reload.refused") <
	    show_num(after, "reload.refused"))
		say(&o, EVRING_ERROR, "reload refused reason=\"%.150s\"",
		    show_str(after, "reload.reason"));
	if (show_num(before, "mender.pid") != show_num(after, "mender.pid"))
		say(&o, EVRING_INFO, "mender %s pid=%.0f",
		    show_str(after, "mender.state"),
		    show_num(after, "mender.pid"));
	for (i = 0; i < json_array_size(groups); i++) {
		g = json_array_get(groups, i);
		group(&o, group_named(before, show_str(g, "name")), g);
	}
}

static void
put(void *arg, enum evring_level level, const char *text)
{
	struct keeper *k = arg;

	/* -EAGAIN: the event is lost, which readers are told. */
	(void)evring_put(k->region, k->slot, level, "%s", text);
}

void
notice_changes(struct keeper *k, const json_t *before, const json_t *after)
{
	notice_diff(before, after, put, k);
}
