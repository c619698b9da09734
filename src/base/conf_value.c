/* conf_value.c - one assignment: its name, type and range. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf_int.h"
#include "near.h"
#include "unit.h"

int
conf_section_known(const char *section)
{
	int i;

	for (i = 0; i < OPT_N; i++)
		if (strcmp(conf_rows[i].section, section) == 0)
			return 1;
	return 0;
}

const char *
conf_section_near(const char *wrong)
{
	const char *best = NULL;
	unsigned score = NEAR_START;
	int i;

	for (i = 0; i < OPT_N; i++)
		near_try(wrong, conf_rows[i].section, &best, &score);
	near_try(wrong, "plugin", &best, &score);
	return best;
}

enum conf_opt
conf_opt_find(const char *section, const char *key, const char *origin,
    struct conf_report *rep)
{
	const char *best = NULL;
	unsigned score = NEAR_START;
	int i, in_section = conf_section_known(section);

	for (i = 0; i < OPT_N; i++) {
		if (strcmp(conf_rows[i].section, section) != 0)
			continue;
		if (strcmp(conf_rows[i].key, key) == 0)
			return (enum conf_opt)i;
		near_try(key, conf_rows[i].key, &best, &score);
	}
	if (in_section)
		conf_error(rep, "%s: unknown key \"%s\" in section %s%s%s%s",
		    origin, key, section,
		    best == NULL ? "" : "; did you mean \"",
		    best == NULL ? "" : best, best == NULL ? "" : "\"?");
	else {
		best = conf_section_near(section);
		conf_error(rep, "%s: unknown section \"%s\"%s%s%s", origin,
		    section, best == NULL ? "" : "; did you mean \"",
		    best == NULL ? "" : best, best == NULL ? "" : "\"?");
	}
	return OPT_N;
}

const char *
conf_value_name(struct conf *c, const struct conf_assign *a)
{
	const char *name;

	name = a->title == NULL ? conf_fmt(c, "%s.%s", a->section, a->key) :
	    conf_fmt(c, "%s.%s.%s", a->section, a->title, a->key);
	return name == NULL ? a->key : name;
}

/* What a value of the type looks like, for the message. */
static const char *
form_of(const struct conf_row *row)
{
	switch (row->type) {
	case CONF_INT:
		return "a whole number";
	case CONF_BOOL:
		return "true or false";
	case CONF_DURATION:
		return "a duration such as 500ms, 30s, 5m, 1h or 7d";
	case CONF_SIZE:
		return "a size such as 64k, 500MB or 1GiB";
	case CONF_ENUM:
		return row->min;
	default:
		return "a string";
	}
}

static int
number_of(const struct conf_row *row, const char *text, int64_t *out)
{
	switch (row->type) {
	case CONF_INT:
		return unit_int(text, out);
	case CONF_BOOL:
		return unit_bool(text, out);
	case CONF_DURATION:
		return unit_duration(text, out);
	case CONF_SIZE:
		return unit_size(text, out);
	case CONF_ENUM:
		return unit_enum(text, row->min, out);
	default:
		*out = 0;
		return 0;
	}
}

static int
in_range(const struct conf_row *row, int64_t num)
{
	int64_t limit;

	if (row->type == CONF_ENUM)
		return 1;
	if (row->min[0] != '\0' && number_of(row, row->min, &limit) == 0 &&
	    num < limit)
		return 0;
	return row->max[0] == '\0' || number_of(row, row->max, &limit) < 0 ||
	    num <= limit;
}

static int
check_number(struct conf *c, const struct conf_row *row,
    const struct conf_assign *a, struct conf_report *rep, int64_t *num_out)
{
	const char *shown = a->secret ? "(secret)" : a->v[0], *best = NULL;
	int rc = number_of(row, a->v[0], num_out);

	if (rc == -EINVAL && row->type == CONF_DURATION &&
	    unit_int(a->v[0], num_out) == 0)
		best = "; a unit is missing";
	if (rc == -EINVAL)
		conf_error(rep, "%s: %s: \"%s\" is not %s%s%s", a->origin,
		    conf_value_name(c, a), shown,
		    row->type == CONF_ENUM ? "one of " : "", form_of(row),
		    best == NULL ? "" : best);
	else if (rc == -ERANGE || !in_range(row, *num_out)) {
		conf_error(rep, "%s: %s: %s is out of range (%s to %s)",
		    a->origin, conf_value_name(c, a), shown, row->min,
		    row->max[0] == '\0' ? "any" : row->max);
		rc = -EINVAL;
	}
	return rc;
}

int
conf_value_set(struct conf *c, struct conf_value *v, enum conf_opt opt,
    const struct conf_assign *a, enum conf_rank rank, struct conf_report *rep)
{
	const struct conf_row *row = &conf_rows[opt];
	int64_t num = 0;

	if (row->type != CONF_LIST && a->n != 1) {
		conf_error(rep, "%s: %s: one value is needed", a->origin,
		    conf_value_name(c, a));
		return -EINVAL;
	}
	if (row->type != CONF_LIST &&
	    check_number(c, row, a, rep, &num) < 0)
		return -EINVAL;
	if (v->rank == CONF_BY_ALIAS && rank > CONF_BY_ALIAS)
		conf_note(rep, "%s: %s: overrides %s=%s", a->origin,
		    conf_value_name(c, a), v->origin, v->v[0]);
	v->rank = rank;
	v->secret = a->secret;
	v->num = num;
	v->origin = a->origin;
	v->v = a->v;
	v->n = a->n;
	return 0;
}

struct conf_group *
conf_group_get(struct conf *c, const char *name, const char *origin)
{
	struct conf_group *g;
	size_t i;

	for (i = 0; i < c->n_groups; i++)
		if (strcmp(c->groups[i].name, name) == 0)
			return &c->groups[i];
	c->groups = conf_grow(c, c->groups, c->n_groups, sizeof(*g));
	if (c->groups == NULL)
		return NULL;
	g = &c->groups[c->n_groups++];
	memset(g, 0, sizeof(*g));
	g->name = conf_dup(c, name);
	g->origin = origin;
	return g;
}

struct conf_plugin *
conf_plugin_get(struct conf *c, const char *name)
{
	struct conf_plugin *p;
	size_t i;

	for (i = 0; i < c->n_plugins; i++)
		if (strcmp(c->plugins[i].name, name) == 0)
			return &c->plugins[i];
	c->plugins = conf_grow(c, c->plugins, c->n_plugins, sizeof(*p));
	if (c->plugins == NULL)
		return NULL;
	p = &c->plugins[c->n_plugins++];
	memset(p, 0, sizeof(*p));
	p->name = conf_dup(c, name);
	return p;
}

static int
assign_plugin(struct conf *c, const struct conf_assign *a,
    struct conf_report *rep)
{
	struct conf_plugin *p;
	struct conf_pair *pair = NULL;
	size_t i;

	p = conf_plugin_get(c, a->title);
	if (p == NULL)
		return -ENOMEM;
	if (a->key == NULL)
		return 0;
	if (a->n != 1) {
		conf_error(rep, "%s: %s: one value is needed", a->origin,
		    conf_value_name(c, a));
		return -EINVAL;
	}
	for (i = 0; i < p->n && pair == NULL; i++)
		if (strcmp(p->pairs[i].key, a->key) == 0)
			pair = &p->pairs[i];
	if (pair == NULL) {
		p->pairs = conf_grow(c, p->pairs, p->n, sizeof(*pair));
		if (p->pairs == NULL)
			return -ENOMEM;
		pair = &p->pairs[p->n++];
	}
	pair->key = a->key;
	pair->value = a->v[0];
	pair->origin = a->origin;
	pair->secret = a->secret;
	return 0;
}

int
conf_assign(struct conf *c, const struct conf_assign *a, enum conf_rank rank,
    struct conf_report *rep)
{
	struct conf_value *v;
	struct conf_group *g;
	enum conf_opt opt;

	if (strcmp(a->section, "plugin") == 0)
		return assign_plugin(c, a, rep);
	if (a->key == NULL)
		return conf_group_get(c, a->title, a->origin) == NULL ?
		    -ENOMEM : 0;
	opt = conf_opt_find(a->section, a->key, a->origin, rep);
	if (opt == OPT_N)
		return -EINVAL;
	v = &c->v[opt];
	if (a->title != NULL) {
		g = conf_group_get(c, a->title, a->origin);
		if (g == NULL)
			return -ENOMEM;
		v = &g->v[opt];
	}
	return conf_value_set(c, v, opt, a, rank, rep);
}
