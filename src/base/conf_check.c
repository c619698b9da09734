/* conf_check.c - what must hold between values, once all are known. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "conf_int.h"

/* Numbers that a child has besides (ipc/fds.h), and the master's own files. */
#define FILES_FIXED 128

/* Fill a group's value that nobody has set: a default, or another option. */
static void
group_default(struct conf *c, struct conf_group *g, enum conf_opt opt,
    struct conf_report *rep)
{
	const char *f = conf_rows[opt].fallback, *one[1] = { f }, *dot;
	struct conf_assign a = { .section = "group", .title = g->name,
	    .key = conf_rows[opt].key, .v = one, .n = 1, .origin = "default" };
	int i;

	if (f[0] == '@') {
		dot = strchr(f, '.');
		for (i = 0; i < OPT_N; i++)
			if (strncmp(conf_rows[i].section, f + 1,
			    (size_t)(dot - f - 1)) == 0 &&
			    strcmp(conf_rows[i].key, dot + 1) == 0) {
				g->v[opt] = c->v[i];
				return;
			}
	}
	a.v = conf_alloc(c, sizeof(*a.v));
	if (a.v == NULL)
		return;
	a.v[0] = f;
	if (conf_rows[opt].type == CONF_LIST && f[0] == '\0')
		a.n = 0;
	(void)conf_value_set(c, &g->v[opt], opt, &a, CONF_BY_DEFAULT, rep);
}

static void
no_cluster(struct conf *c, struct conf_group *g)
{
	static const enum conf_opt opts[] = { OPT_group_start, OPT_group_min,
	    OPT_group_max };
	static const char *one[] = { "1" };
	size_t i;

	for (i = 0; i < 3; i++) {
		g->v[opts[i]].num = 1;
		g->v[opts[i]].v = one;
		g->v[opts[i]].n = 1;
		g->v[opts[i]].origin = conf_fmt(c, "workers.cluster (%s)",
		    c->v[OPT_workers_cluster].origin);
	}
}

static void
check_listen(const struct conf_value *v, const char *what,
    struct conf_report *rep)
{
	struct addr a;
	size_t i;

	for (i = 0; i < v->n; i++)
		if (addr_parse(v->v[i], &a) < 0)
			conf_error(rep, "%s: %s: \"%s\" is no address"
			    " (HOST:PORT with a numeric host, [IPV6]:PORT,"
			    " :PORT or unix:/PATH)", v->origin, what, v->v[i]);
	if (v->n > CONF_LISTEN_MAX)
		conf_error(rep, "%s: %s: more than %d addresses", v->origin,
		    what, CONF_LISTEN_MAX);
}

/* Two addresses that no two listeners can have; port 0 is never the same. */
static int
same_listen(const char *a, const char *b)
{
	size_t n = strlen(a);

	return strcmp(a, b) == 0 &&
	    !(n >= 2 && strcmp(a + n - 2, ":0") == 0);
}

/* The addresses of one option, and its name: "group.web.listen". */
struct addresses {
	const struct conf_value *v;
	const char *name;
};

static struct addresses
addresses_of(struct conf *c, size_t g)
{
	struct addresses a = { &c->groups[g].v[OPT_group_listen],
	    conf_fmt(c, "group.%s.listen", c->groups[g].name) };

	return a;
}

static void
check_twice(const struct addresses *a, const struct addresses *b,
    struct conf_report *rep)
{
	size_t i, k;

	for (i = 0; i < a->v->n; i++)
		for (k = a->v == b->v ? i + 1 : 0; k < b->v->n; k++)
			if (same_listen(a->v->v[i], b->v->v[k]))
				conf_error(rep, "%s: %s: address %s is already"
				    " that of %s (%s)", b->v->origin, b->name,
				    b->v->v[k], a->name, a->v->origin);
}

static void
check_addresses(struct conf *c, struct conf_report *rep)
{
	struct addresses admin = { &c->v[OPT_admin_listen], "admin.listen" },
	    a, b;
	size_t i, k;

	check_twice(&admin, &admin, rep);
	for (i = 0; i < c->n_groups; i++) {
		b = addresses_of(c, i);
		check_twice(&admin, &b, rep);
		for (k = 0; k <= i; k++) {
			a = addresses_of(c, k);
			check_twice(&a, &b, rep);
		}
	}
}

static void
check_plugins(const struct conf_group *g, struct conf_report *rep)
{
	const struct conf_value *v = &g->v[OPT_group_plugin];
	size_t i, k;

	if (v->n == 0)
		conf_error(rep, "%s: group %s: no plugin", g->origin, g->name);
	for (i = 0; i < v->n; i++) {
		if (!conf_name_ok(v->v[i]))
			conf_error(rep, "%s: group.%s.plugin: \"%s\" is not a"
			    " name", v->origin, g->name, v->v[i]);
		for (k = 0; k < i && strcmp(v->v[k], v->v[i]) != 0; k++)
			;
		if (k < i)
			conf_error(rep, "%s: group.%s.plugin: \"%s\" is named"
			    " twice", v->origin, g->name, v->v[i]);
	}
}

static void
check_mode(const struct conf_group *g, struct conf_report *rep)
{
	const struct conf_value *v = &g->v[OPT_group_socket_mode];

	if (strspn(v->v[0], "01234567") != strlen(v->v[0]) ||
	    strlen(v->v[0]) > 4 || strlen(v->v[0]) < 3)
		conf_error(rep, "%s: group.%s.socket_mode: \"%s\" is not an"
		    " octal mode", v->origin, g->name, v->v[0]);
}

static void
check_group(struct conf *c, struct conf_group *g, struct conf_report *rep)
{
	const struct conf_value *min = &g->v[OPT_group_min],
	    *max = &g->v[OPT_group_max];
	int i;

	for (i = 0; i < OPT_N; i++)
		if (strcmp(conf_rows[i].section, "group") == 0 &&
		    g->v[i].rank == CONF_BY_NOBODY)
			group_default(c, g, (enum conf_opt)i, rep);
	if (!c->v[OPT_workers_cluster].num)
		no_cluster(c, g);
	if (c->nomem || rep->n_errors > 0)
		return;
	if (min->num > max->num)
		conf_error(rep, "%s: group.%s: min %s is over max %s (%s)",
		    min->origin, g->name, min->v[0], max->v[0], max->origin);
	check_plugins(g, rep);
	check_listen(&g->v[OPT_group_listen], conf_fmt(c, "group.%s.listen",
	    g->name), rep);
	check_mode(g, rep);
}

static void
check_levels(const struct conf_value *v, struct conf_report *rep)
{
	static const char levels[] = "|error|warn|info|debug|";
	const char *level, *eq, *at;
	size_t i, n;

	for (i = 0; i < v->n; i++) {
		eq = strchr(v->v[i], '=');
		level = eq == NULL ? v->v[i] : eq + 1;
		n = strlen(level);
		at = strstr(levels, level);
		if (n < 4 || at == NULL || at[-1] != '|' || at[n] != '|')
			conf_error(rep, "%s: log.level: \"%s\" is not error,"
			    " warn, info, debug or SUBSYSTEM=LEVEL",
			    v->origin, v->v[i]);
	}
}

static void
check_slots(const struct conf *c, struct conf_report *rep)
{
	int64_t need = 8;
	size_t i;

	for (i = 0; i < c->n_groups; i++)
		need += 2 * c->groups[i].v[OPT_group_max].num;
	if (need > c->v[OPT_region_slots].num &&
	    c->v[OPT_region_slots].rank > CONF_BY_DEFAULT)
		conf_note(rep, "%s: region.slots: %lld would be needed by a"
		    " reload with all workers of all groups",
		    c->v[OPT_region_slots].origin, (long long)need);
}

/*
 * Every process has an event of each slot; the master also has a channel to
 * each and its clients, and a child that it starts the events twice, while it
 * puts them at their numbers.
 */
static void
check_files(const struct conf *c, struct conf_report *rep)
{
	const struct conf_value *files = &c->v[OPT_workers_files_max],
	    *slots = &c->v[OPT_region_slots];
	int64_t need = FILES_FIXED + 3 * slots->num +
	    c->v[OPT_control_clients_max].num +
	    (int64_t)c->v[OPT_admin_listen].n;
	size_t i;

	for (i = 0; i < c->n_groups; i++)
		need += (int64_t)c->groups[i].v[OPT_group_listen].n;
	if (files->num < need)
		conf_error(rep, "%s: workers.files_max: %lld is too few: at"
		    " least %lld are needed with region.slots %lld (%s)",
		    files->origin, (long long)files->num, (long long)need,
		    (long long)slots->num, slots->origin);
}

static void
check_dirs(const struct conf *c, struct conf_report *rep)
{
	static const enum conf_opt dirs[] = { OPT_skepd_run_dir,
	    OPT_skepd_state_dir, OPT_skepd_plugin_dir, OPT_skepd_libexec_dir };
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (conf_str(c, dirs[i])[0] == '\0')
			conf_error(rep, "%s: skepd.%s: a directory is needed",
			    c->v[dirs[i]].origin, conf_rows[dirs[i]].key);
}

void
conf_check(struct conf *c, struct conf_report *rep)
{
	size_t i;

	if (c->n_groups == 0)
		conf_error(rep, "no group: nothing would be served");
	if (c->n_groups > CONF_GROUPS_MAX)
		conf_error(rep, "more than %d groups", CONF_GROUPS_MAX);
	for (i = 0; i < c->n_groups; i++)
		check_group(c, &c->groups[i], rep);
	check_dirs(c, rep);
	check_listen(&c->v[OPT_admin_listen], "admin.listen", rep);
	check_levels(&c->v[OPT_log_level], rep);
	if (rep->n_errors > 0 || c->nomem)
		return;
	check_addresses(c, rep);
	check_files(c, rep);
	check_slots(c, rep);
}
