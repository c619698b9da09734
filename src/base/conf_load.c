/* conf_load.c - the layers of the configuration, in rising precedence. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_int.h"
#include "near.h"

/* A key of the plugin or option table with its value from outside the file. */
static int
assign_text(struct conf *c, const char *section, const char *title,
    const char *key, const char *value, const char *origin,
    enum conf_rank rank, struct conf_report *rep)
{
	struct conf_assign a = { .section = section, .title = title,
	    .key = key, .origin = origin };
	const char *p = value, *comma;
	size_t n = 1, i;
	int list = 0;

	for (i = 0; i < OPT_N; i++)
		if (strcmp(conf_rows[i].section, section) == 0 &&
		    strcmp(conf_rows[i].key, key) == 0)
			list = conf_rows[i].type == CONF_LIST;
	for (; *p != '\0'; p++)
		n += *p == ',';
	a.v = conf_alloc(c, (n + 1) * sizeof(*a.v));
	if (a.v == NULL)
		return -ENOMEM;
	/* A list is written with commas: "a,b"; nothing is the empty list. */
	for (p = value; list && *p != '\0'; p = *comma == ',' ? comma + 1 :
	    comma) {
		comma = p + strcspn(p, ",");
		a.v[a.n++] = conf_fmt(c, "%.*s", (int)(comma - p), p);
	}
	if (!list)
		a.v[a.n++] = conf_dup(c, value);
	return c->nomem ? -ENOMEM : conf_assign(c, &a, rank, rep);
}

static void
set_defaults(struct conf *c, struct conf_report *rep)
{
	int i;

	for (i = 0; i < OPT_N; i++)
		if (strcmp(conf_rows[i].section, "group") != 0)
			(void)assign_text(c, conf_rows[i].section, NULL,
			    conf_rows[i].key, conf_rows[i].fallback, "default",
			    CONF_BY_DEFAULT, rep);
}

static const char *
env_find(const char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* SKEP_SECTION_KEY of an option. */
static void
env_name(char *buf, size_t size, const struct conf_row *row)
{
	size_t i;

	(void)snprintf(buf, size, "SKEP_%s_%s", row->section, row->key);
	for (i = 0; buf[i] != '\0'; i++)
		buf[i] = (char)toupper((unsigned char)buf[i]);
}

static void
set_preset(struct conf *c, const char *name, const char *origin,
    struct conf_report *rep)
{
	const struct conf_preset *p;
	const char *best = NULL;
	unsigned score = NEAR_START;
	int found = 0;

	if (name[0] == '\0')
		return;
	for (p = conf_presets; p->preset != NULL; p++) {
		near_try(name, p->preset, &best, &score);
		if (strcmp(p->preset, name) != 0)
			continue;
		found = 1;
		(void)assign_text(c, conf_rows[p->opt].section, NULL,
		    conf_rows[p->opt].key, p->value,
		    conf_fmt(c, "preset %s", name), CONF_BY_PRESET, rep);
	}
	if (!found)
		conf_error(rep, "%s: skepd.preset: there is no preset \"%s\""
		    "%s%s%s", origin, name,
		    best == NULL ? "" : "; did you mean \"",
		    best == NULL ? "" : best, best == NULL ? "" : "\"?");
}

/* The preset's name comes from the highest layer that gives one. */
static void
find_preset(struct conf *c, const struct conf_source *src,
    const struct conf_assigns *file, struct conf_report *rep)
{
	static const char key[] = "skepd.preset=";
	const char *name = NULL, *origin = NULL;
	size_t i;

	for (i = 0; i < file->n; i++)
		if (file->v[i].key != NULL && file->v[i].n == 1 &&
		    strcmp(file->v[i].section, "skepd") == 0 &&
		    strcmp(file->v[i].key, "preset") == 0) {
			name = file->v[i].v[0];
			origin = file->v[i].origin;
		}
	if (env_find(src->env, "SKEP_SKEPD_PRESET") != NULL) {
		name = env_find(src->env, "SKEP_SKEPD_PRESET");
		origin = "env SKEP_SKEPD_PRESET";
	}
	for (i = 0; i < src->n_sets; i++)
		if (strncmp(src->sets[i], key, sizeof(key) - 1) == 0) {
			name = src->sets[i] + sizeof(key) - 1;
			origin = "command line";
		}
	if (name != NULL)
		set_preset(c, name, origin, rep);
}

static void
set_aliases(struct conf *c, const char *const *env, struct conf_report *rep)
{
	const struct conf_alias *a;
	const char *value;

	for (a = conf_aliases; a->env != NULL; a++) {
		value = env_find(env, a->env);
		if (value == NULL)
			continue;
		if (a->opt == OPT_workers_start && strcmp(value, "auto") == 0)
			value = "0";
		(void)assign_text(c, conf_rows[a->opt].section, NULL,
		    conf_rows[a->opt].key, value,
		    conf_fmt(c, "env %s", a->env), CONF_BY_ALIAS, rep);
	}
}

/*
 * A variable that looks like ours, by its section, but names no option is worth
 * a word.  It is no error: it may be meant for another program.
 */
static void
note_unknown(const char *var, struct conf_report *rep)
{
	const struct conf_row *row, *meant = NULL;
	char name[96], near[96], *key;
	const char *best = NULL;
	unsigned score = NEAR_START;
	size_t i;

	if (strcspn(var, "=") >= sizeof(name))
		return;
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(var, "="), var);
	for (i = 5; name[i] != '\0'; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	key = strchr(name + 5, '_');
	if (key == NULL)
		return;
	*key++ = '\0';
	if (strcmp(name + 5, "plugin") == 0) {
		conf_note(rep, "env %.*s: names no option; what a plugin takes"
		    " is set in the file, or with -o",
		    (int)strcspn(var, "="), var);
		return;
	}
	if (!conf_section_known(name + 5))
		return;
	for (row = conf_rows; row < conf_rows + OPT_N; row++) {
		/* Those of groups cannot be set this way. */
		if (strcmp(row->section, "group") == 0 ||
		    strcmp(row->section, name + 5) != 0)
			continue;
		if (strcmp(row->key, key) == 0)
			return;
		near_try(key, row->key, &best, &score);
		if (best == row->key)
			meant = row;
	}
	if (meant != NULL)
		env_name(near, sizeof(near), meant);
	conf_note(rep, "env %.*s: names no option%s%s%s",
	    (int)strcspn(var, "="), var, meant == NULL ? "" : "; did you mean ",
	    meant == NULL ? "" : near, meant == NULL ? "" : "?");
}

static void
set_env(struct conf *c, const char *const *env, struct conf_report *rep)
{
	const char *value;
	char name[96];
	int i;

	for (i = 0; i < OPT_N; i++) {
		if (strcmp(conf_rows[i].section, "group") == 0)
			continue;
		env_name(name, sizeof(name), &conf_rows[i]);
		value = env_find(env, name);
		if (value != NULL)
			(void)assign_text(c, conf_rows[i].section, NULL,
			    conf_rows[i].key, value,
			    conf_fmt(c, "env %s", name), CONF_BY_ENV, rep);
	}
	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, "SKEP_", 5) == 0)
			note_unknown(*env, rep);
}

/* "section.key=value" or "group.web.min=3". */
static void
set_one(struct conf *c, const char *set, struct conf_report *rep)
{
	static const char origin[] = "command line";
	const char *eq = strchr(set, '=');
	char *left, *key, *title = NULL;
	int titled;

	left = eq == NULL ? NULL :
	    (char *)(uintptr_t)conf_fmt(c, "%.*s", (int)(eq - set), set);
	key = left == NULL ? NULL : strchr(left, '.');
	if (key == NULL) {
		conf_error(rep, "%s: \"%s\" is not section.key=value", origin,
		    set);
		return;
	}
	*key++ = '\0';
	titled = strcmp(left, "group") == 0 || strcmp(left, "plugin") == 0;
	if (titled) {
		title = key;
		key = strchr(key, '.');
		if (key != NULL)
			*key++ = '\0';
		if (key == NULL || !conf_name_ok(title)) {
			conf_error(rep, "%s: \"%s\" is not %s.NAME.key=value",
			    origin, set, left);
			return;
		}
	}
	(void)assign_text(c, left, title, key, eq + 1, origin, CONF_BY_SET,
	    rep);
}

static int
load(struct conf *c, const struct conf_source *src, struct conf_report *rep)
{
	struct conf_text text;
	struct conf_assigns file = { NULL, 0 };
	size_t i;
	int rc;

	rc = conf_text_read(c, src, rep, &text);
	if (rc == 0)
		rc = conf_file_parse(c, &text, rep, &file);
	buf_fini(&text.out);
	if (rc < 0)
		return rc;
	set_defaults(c, rep);
	find_preset(c, src, &file, rep);
	set_aliases(c, src->env, rep);
	for (i = 0; i < file.n; i++)
		(void)conf_assign(c, &file.v[i], CONF_BY_FILE, rep);
	set_env(c, src->env, rep);
	for (i = 0; i < src->n_sets; i++)
		set_one(c, src->sets[i], rep);
	if (c->nomem)
		return -ENOMEM;
	if (rep->n_errors == 0)
		conf_check(c, rep);
	return rep->n_errors > 0 ? -EINVAL : 0;
}

int
conf_load(const struct conf_source *src, struct conf **out,
    struct conf_report *rep)
{
	struct conf *c;
	int rc;

	memset(rep, 0, sizeof(*rep));
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	rc = load(c, src, rep);
	if (rc == 0 && c->nomem)
		rc = -ENOMEM;
	if (rc < 0 && rep->n_errors == 0)
		conf_error(rep, "%s: %s",
		    src->file == NULL ? "text" : src->file, strerror(-rc));
	if (rc < 0)
		conf_close(&c);
	*out = c;
	return rc;
}
