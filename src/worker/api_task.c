/* The calls of skep/task.h. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <skep/task.h>

#include "addr.h"
#include "clock.h"
#include "conf.h"
#include "log.h"
#include "plugin.h"
#include "task.h"
#include "wait.h"

#define LOG_TEXT 2048	/* a longer line is cut */

/* --- memory --- */

void *
skep_alloc(struct skep_task *t, size_t n)
{
	void *p = task_take(t, n);

	return p == NULL ? NULL : memset(p, 0, n);
}

struct skep_str
skep_copy(struct skep_task *t, struct skep_str s)
{
	char *p;

	if (s.p == NULL || s.n == SIZE_MAX ||
	    (p = task_take(t, s.n + 1)) == NULL)
		return skep_strn(NULL, 0);
	memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return skep_strn(p, s.n);
}

/* Printed where the arena's free bytes are, so that it is done once as a rule. */
static struct skep_str SKEP_PRINTF(2, 0)
vfmt(struct skep_task *t, const char *fmt, va_list ap)
{
	struct arena *a = &t->arena;
	size_t room = (size_t)(a->end - a->p);
	va_list again;
	char *p = a->p;
	int n;

	if (a->failed)
		return skep_strn(NULL, 0);
	va_copy(again, ap);
	n = vsnprintf(p, room, fmt, ap);
	if (n < 0 || (p = arena_take(a, (size_t)n + 1)) == NULL)
		p = NULL;
	else if ((size_t)n >= room)
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return skep_strn(p, p == NULL ? 0 : (size_t)n);
}

struct skep_str
skep_fmt(struct skep_task *t, const char *fmt, ...)
{
	struct skep_str s;
	va_list ap;

	va_start(ap, fmt);
	s = vfmt(t, fmt, ap);
	va_end(ap);
	return s;
}

int
skep_defer(struct skep_task *t, void (*fn)(void *), void *arg)
{
	struct task_defer *d = task_take(t, sizeof *d);

	if (d == NULL)
		return -ENOMEM;
	d->fn = fn;
	d->arg = arg;
	d->next = t->defers;
	t->defers = d;
	return 0;
}

/* --- time --- */

int
skep_sleep(struct skep_task *t, int64_t ns)
{
	int rc = task_error(t);

	return rc < 0 ? rc : wait_sleep(t, ns);
}

int64_t
skep_time_left(struct skep_task *t)
{
	if (t->deadline_ns == TASK_NEVER)
		return INT64_MAX;
	return t->deadline_ns - clock_mono_ns();
}

void
skep_deadline(struct skep_task *t, int64_t ns)
{
	int64_t now = clock_mono_ns(), end;

	if (ns >= TASK_NEVER - now)
		return;
	end = now + (ns > 0 ? ns : 0);
	if (end < t->own_deadline_ns)
		t->own_deadline_ns = end;
	if (end < t->deadline_ns)
		t->deadline_ns = end;
}

int
skep_canceled(struct skep_task *t)
{
	return t->canceled;
}

/* --- identity, log --- */

struct skep_str
skep_request_id(struct skep_task *t)
{
	if (t->id_len == 0 && t->kind->name_it != NULL)
		t->kind->name_it(t);
	return skep_strn(t->id, t->id_len);
}

struct skep_str
skep_peer(struct skep_task *t)
{
	char text[ADDR_LEN];
	const struct sockaddr *sa;
	struct addr a;

	if (t->kind->peer == NULL)
		return skep_strn(NULL, 0);
	sa = t->kind->peer(t, &a.len);
	memset(&a.u, 0, sizeof a.u);
	memcpy(&a.u, sa, a.len);
	return skep_copy(t, skep_str(addr_str(text, &a)));
}

static const char *
subsystem(const struct plugin *p)
{
	return p != NULL ? p->name : "worker";
}

/* The levels are the same numbers; a plugin may still pass anything. */
static enum log_level
level_of(enum skep_level level)
{
	if ((unsigned)level > SKEP_LOG_DEBUG)
		return LOG_LEVEL_ERROR;
	return (enum log_level)level;
}

__attribute__((format(printf, 4, 0))) static void
log_v(const struct plugin *p, struct skep_str id, enum skep_level level,
    const char *fmt, va_list ap)
{
	char text[LOG_TEXT];
	int n = vsnprintf(text, sizeof text, fmt, ap);

	if (n < 0)
		return;
	if ((size_t)n >= sizeof text)
		n = (int)sizeof text - 1;
	log_line(level_of(level), subsystem(p), id.p, id.n, text, (size_t)n);
}

void
skep_log(struct skep_task *t, enum skep_level level, const char *fmt, ...)
{
	va_list ap;

	if (!log_enabled(subsystem(t->plugin), level_of(level)))
		return;
	va_start(ap, fmt);
	log_v(t->plugin, skep_request_id(t), level, fmt, ap);
	va_end(ap);
}

/* --- options --- */

static struct skep_str
option_text(const struct plugin *p, const char *name)
{
	const struct plugin_value *v = p == NULL ? NULL :
	    plugin_option(p, name);

	return v == NULL ? skep_strn(NULL, 0) : v->text;
}

static int64_t
option_number(const struct plugin *p, const char *name)
{
	const struct plugin_value *v = p == NULL ? NULL :
	    plugin_option(p, name);

	return v == NULL ? 0 : v->number;
}

struct skep_str
skep_option(struct skep_task *t, const char *name)
{
	return option_text(t->plugin, name);
}

int64_t
skep_option_int(struct skep_task *t, const char *name)
{
	return option_number(t->plugin, name);
}

void *
skep_data(struct skep_task *t)
{
	return t->plugin == NULL ? NULL : t->plugin->app.data;
}

/* --- warm(), open(), close() --- */

struct skep_str
skep_app_option(struct skep_app *a, const char *name)
{
	return option_text(a->plugin, name);
}

int64_t
skep_app_option_int(struct skep_app *a, const char *name)
{
	return option_number(a->plugin, name);
}

void
skep_app_set_data(struct skep_app *a, void *data)
{
	a->data = data;
}

void *
skep_app_data(struct skep_app *a)
{
	return a->data;
}

void
skep_app_log(struct skep_app *a, enum skep_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(a->plugin, skep_strn(NULL, 0), level, fmt, ap);
	va_end(ap);
}

void
skep_app_fail(struct skep_app *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(a->fail, sizeof a->fail, fmt, ap);
	va_end(ap);
}

struct skep_str
skep_app_state_dir(struct skep_app *a)
{
	struct plugin_set *s = a->plugin->set;
	const char *dir = conf_str(s->conf, OPT_skepd_state_dir);

	if (s->state_dir == NULL) {
		/* One that exists is as good; realpath() tells the rest. */
		(void)mkdir(dir, 0700);
		s->state_dir = realpath(dir, NULL);
	}
	if (s->state_dir == NULL) {
		skep_app_fail(a, "state directory %s: %s", dir,
		    strerror(errno));
		return skep_strn(NULL, 0);
	}
	return skep_str(s->state_dir);
}
