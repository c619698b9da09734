#include "plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "conf.h"
#include "fdio.h"
#include "log.h"
#include "plugin_file.h"
#include "plugin_opt.h"
#include "plugin_quiet.h"
#include "route.h"

/* The struct as of the first version of the ABI: no plugin's is shorter. */
#define DEF_MIN \
	(offsetof(struct skep_plugin, close) + sizeof(void (*)(struct skep_app *)))

int
plugin_refuse(struct plugin_why *why, enum msg_fail_phase phase, int error,
    const char *name, const char *fmt, ...)
{
	va_list ap;
	int n;

	why->phase = phase;
	why->error = error;
	n = snprintf(why->text, sizeof why->text, "plugin %s: ", name);
	if (n < 0 || (size_t)n >= sizeof why->text)
		return error;
	va_start(ap, fmt);
	(void)vsnprintf(why->text + n, sizeof why->text - (size_t)n, fmt, ap);
	va_end(ap);
	return error;
}

static int
is_name(const char *s)
{
	if (s == NULL || *s < 'a' || *s > 'z')
		return 0;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0' &&
	    strlen(s) <= CONF_NAME_MAX;
}

/* A newer plugin may have a longer struct, if what we do not know is unused. */
static int
check_tail(const struct skep_plugin *def, const char *name,
    struct plugin_why *why)
{
	const char *p = (const char *)def;
	size_t i;

	for (i = sizeof *def; i < def->size; i++)
		if (p[i] != 0)
			return plugin_refuse(why, FAIL_ABI, -EINVAL, name,
			    "uses a part of the plugin interface that this "
			    "server does not have: it was built with newer "
			    "headers");
	return 0;
}

/* Only a row of nothing but zeroes ends a table: less may be a mistake. */
static int
check_jobs(const struct skep_job_kind *j, const char *name,
    struct plugin_why *why)
{
	if (j == NULL || (j->name == NULL && j->fn == NULL && j->timeout == 0 &&
	    j->concurrency == 0 && j->attempts == 0))
		return 0;
	if (j->name == NULL)
		return plugin_refuse(why, FAIL_ABI, -EINVAL, name,
		    "jobs[0]: the name is missing");
	return plugin_refuse(why, FAIL_ABI, -ENOTSUP, name,
	    "has job kinds (%s): this server has no job queue yet", j->name);
}

int
plugin_check(const struct skep_plugin *def, const char *want,
    struct skep_plugin *copy, struct plugin_why *why)
{
	int rc;

	if (def->abi != SKEP_ABI)
		return plugin_refuse(why, FAIL_ABI, -EINVAL, want,
		    "was built for plugin interface %u, this server has %u: "
		    "build it again with this server's headers", def->abi,
		    SKEP_ABI);
	if (def->size < DEF_MIN || def->size > 65536)
		return plugin_refuse(why, FAIL_ABI, -EINVAL, want,
		    "struct skep_plugin claims %u bytes: does it begin with "
		    "SKEP_PLUGIN_HEAD?", def->size);
	if ((rc = check_tail(def, want, why)) < 0)
		return rc;
	memset(copy, 0, sizeof *copy);
	memcpy(copy, def, def->size < sizeof *copy ? def->size : sizeof *copy);
	if (!is_name(copy->name))
		return plugin_refuse(why, FAIL_ABI, -EINVAL, want,
		    "its name is missing or not of the form [a-z][a-z0-9_-]*");
	if (strcmp(copy->name, want) != 0)
		return plugin_refuse(why, FAIL_CONF, -EINVAL, want,
		    "the file holds plugin %s", copy->name);
	return check_jobs(copy->jobs, want, why);
}

/* The file's code, its constructors having run: they may do what warm() may. */
static int
load_file(struct plugin *p, const char *path, struct plugin_file *file,
    struct plugin_why *why)
{
	char err[PLUGIN_WHY - 128];
	struct plugin_quiet before;
	int rc;

	plugin_quiet_begin(&before);
	rc = plugin_file_open(file, p->name, path, err, sizeof err);
	if (rc < 0)
		return plugin_refuse(why, FAIL_LOAD, rc, p->name, "%s", err);
	p->fd = file->fd;
	p->dl = file->dl;
	rc = plugin_quiet_check(&before, err, sizeof err);
	if (rc < 0)
		return plugin_refuse(why, FAIL_LOAD, rc, p->name,
		    "while loaded, it or a library of it %s: that belongs into "
		    "open()", err);
	return 0;
}

static int
load_one(struct plugin *p, const struct conf *conf, const char *name,
    struct plugin_why *why)
{
	char path[4096], q[PLUGIN_WHY];
	const struct skep_plugin *def;
	struct plugin_file file;
	int rc;

	p->name = name;
	p->fd = -1;
	p->app.plugin = p;
	if ((rc = conf_plugin_file(conf, name, path, sizeof path)) < 0)
		return plugin_refuse(why, FAIL_CONF, rc, name,
		    "the path of its file is too long");
	if ((p->path = strdup(path)) == NULL)
		return plugin_refuse(why, FAIL_OTHER, -ENOMEM, name,
		    "no memory");
	if ((rc = load_file(p, path, &file, why)) < 0)
		return rc;
	if ((def = dlsym(p->dl, "skep_plugin")) == NULL)
		return plugin_refuse(why, FAIL_ABI, -ENOEXEC, name,
		    "%s exports no skep_plugin: it is no plugin, or the struct "
		    "is hidden (SKEP_EXPORT)", path);
	p->symbol = def;
	if ((rc = plugin_check(def, name, &p->def, why)) < 0 ||
	    (rc = plugin_opt_read(p, conf, why)) < 0)
		return rc;
	log_info("plugin", "loaded name=%s path=\"%s\" size=%zu xxh3=%016llx",
	    name, log_quote(q, sizeof q, path), file.size,
	    (unsigned long long)file.hash);
	return 0;
}

/* What the group speaks must be what its plugins have handlers for. */
static int
check_protocol(struct plugin_set *s, const struct conf *conf, int g,
    struct plugin_why *why)
{
	int stream = conf_group_num(conf, g, OPT_group_protocol) ==
	    PROTOCOL_STREAM;
	unsigned i, n_routes = 0;

	for (i = 0; i < s->n; i++) {
		struct plugin *p = &s->list[i];

		n_routes += p->def.routes != NULL;
		if (p->def.conn == NULL)
			continue;
		if (stream && s->conn != NULL)
			return plugin_refuse(why, FAIL_CONF, -EINVAL, p->name,
			    "plugin %s of the same group takes its raw "
			    "connections already", s->conn->name);
		s->conn = p;
	}
	if (conf_group_list_len(conf, g, OPT_group_listen) == 0 || s->n == 0)
		return 0;
	if (stream && s->conn == NULL)
		return plugin_refuse(why, FAIL_CONF, -EINVAL, s->list[0].name,
		    "has no conn handler, but group %s has protocol = stream",
		    conf_group_name(conf, g));
	if (!stream && n_routes == 0)
		return plugin_refuse(why, FAIL_CONF, -EINVAL, s->list[0].name,
		    "has no routes%s", s->conn != NULL ?
		    "; for its conn handler the group needs protocol = stream" :
		    ", but its group listens");
	return 0;
}

int
plugin_set_load(struct plugin_set **out, const struct conf *conf, int g,
    struct plugin_why *why)
{
	size_t n = conf_group_list_len(conf, g, OPT_group_plugin), i;
	struct plugin_set *s = calloc(1, sizeof *s);
	int rc = 0;

	memset(why, 0, sizeof *why);
	*out = NULL;
	if (s != NULL)
		s->list = calloc(n + 1, sizeof *s->list);
	if (s == NULL || s->list == NULL) {
		rc = plugin_refuse(why, FAIL_OTHER, -ENOMEM, "", "no memory");
		goto out;
	}
	s->conf = conf;
	for (i = 0; i < n && rc == 0; i++) {
		s->list[s->n].set = s;
		s->n++;
		rc = load_one(&s->list[i], conf,
		    conf_group_list_at(conf, g, OPT_group_plugin, i), why);
	}
	if (rc == 0)
		rc = check_protocol(s, conf, g, why);
out:
	if (rc == 0)
		*out = s;
	else
		plugin_set_free(&s);
	return rc;
}

void
plugin_set_free(struct plugin_set **sp)
{
	struct plugin_set *s = *sp;
	unsigned i;

	*sp = NULL;
	if (s == NULL)
		return;
	for (i = 0; s->list != NULL && i < s->n; i++) {
		fdio_close(&s->list[i].fd);
		free(s->list[i].path);
		free(s->list[i].values);
	}
	free(s->state_dir);
	free(s->list);
	free(s);
}

int
plugin_set_routes(struct plugin_set *s, struct route_table *table,
    struct plugin_why *why)
{
	unsigned i;
	int rc;

	for (i = 0; i < s->n; i++) {
		struct plugin *p = &s->list[i];

		if (p->def.routes == NULL)
			continue;
		rc = route_table_add(table, p, p->name, p->def.routes,
		    why->text, sizeof why->text);
		if (rc < 0) {
			why->phase = FAIL_ABI;
			why->error = rc;
			return rc;
		}
	}
	return 0;
}

/* What a call of the plugin's said about its failure, else the errno. */
static int
call_failed(struct plugin *p, enum msg_fail_phase phase, const char *call,
    int rc, struct plugin_why *why)
{
	if (p->app.fail[0] != '\0')
		return plugin_refuse(why, phase, rc, p->name, "%s failed: %s",
		    call, p->app.fail);
	return plugin_refuse(why, phase, rc, p->name, "%s failed: %s", call,
	    strerror(rc < 0 ? -rc : rc));
}

int
plugin_set_warm(struct plugin_set *s, struct plugin_why *why)
{
	char what[256];
	unsigned i;
	int rc;

	for (i = 0; i < s->n; i++) {
		struct plugin *p = &s->list[i];
		struct plugin_quiet before;
		int64_t t0 = clock_mono_ns();

		if (p->def.warm == NULL)
			continue;
		plugin_quiet_begin(&before);
		rc = p->def.warm(&p->app);
		if (rc < 0)
			return call_failed(p, FAIL_WARM, "warm()", rc, why);
		rc = plugin_quiet_check(&before, what, sizeof what);
		if (rc < 0)
			return plugin_refuse(why, FAIL_WARM, rc, p->name,
			    "warm() %s: that belongs into open()", what);
		log_info("plugin", "warmed name=%s ms=%lld", p->name,
		    (long long)((clock_mono_ns() - t0) / CLOCK_NS_PER_MS));
	}
	return 0;
}

int
plugin_set_open(struct plugin_set *s, struct worker *w, struct plugin_why *why)
{
	unsigned i;
	int rc;

	for (i = 0; i < s->n; i++) {
		struct plugin *p = &s->list[i];

		p->app.worker = w;
		p->app.fail[0] = '\0';
		rc = p->def.open != NULL ? p->def.open(&p->app) : 0;
		if (rc < 0)
			return call_failed(p, FAIL_OPEN, "open()", rc, why);
		p->opened = 1;
	}
	return 0;
}

void
plugin_set_close(struct plugin_set *s)
{
	unsigned i;

	for (i = s->n; i-- > 0;) {
		struct plugin *p = &s->list[i];

		if (p->opened && p->def.close != NULL)
			p->def.close(&p->app);
		p->opened = 0;
	}
}

const struct plugin_value *
plugin_option(const struct plugin *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_options; i++)
		if (strcmp(p->def.options[i].name, name) == 0)
			return &p->values[i];
	return NULL;
}
