/*
 * conf_file.c - the grammar, by libconfuse: sections, titles, lists.
 *
 * Every option is a string to libconfuse: the number of a token (conf_text.c).
 * What comes out is a list of assignments in the order of the file.
 */
#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_int.h"
#include "near.h"

/* libconfuse's error function has no argument of ours: one parse at a time. */
static struct {
	struct conf_text *text;
	struct conf_report *rep;
	int reported;
} now;

struct scheme {
	cfg_opt_t top[OPT_N + 2];
	cfg_opt_t keys[2 * OPT_N + 2];	/* of all sections, each ended */
};

static void
unknown_name(const struct conf_tok *t, const char *section)
{
	const char *best = NULL;
	unsigned score = NEAR_START;
	int i;

	if (section == NULL) {
		best = conf_section_near(t->text);
		conf_error(now.rep, "%s:%d: unknown section \"%s\"%s%s%s",
		    t->file, t->line, t->text,
		    best == NULL ? "" : "; did you mean \"",
		    best == NULL ? "" : best, best == NULL ? "" : "\"?");
		return;
	}
	for (i = 0; i < OPT_N; i++)
		if (strcmp(conf_rows[i].section, section) == 0)
			near_try(t->text, conf_rows[i].key, &best, &score);
	conf_error(now.rep, "%s:%d: unknown key \"%s\" in section %s%s%s%s",
	    t->file, t->line, t->text, section,
	    best == NULL ? "" : "; did you mean \"", best == NULL ? "" : best,
	    best == NULL ? "" : "\"?");
}

static int
key_known(const char *section, const char *key)
{
	int i;

	for (i = 0; i < OPT_N; i++)
		if (strcmp(conf_rows[i].section, section) == 0 &&
		    strcmp(conf_rows[i].key, key) == 0)
			return 1;
	return 0;
}

/*
 * Tokens stand one a line, so its line number is the token's.  It counts from
 * 1, and is one further when the end has been reached.
 */
static void BUF_PRINTF(2, 0)
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	const char *section = strcmp(cfg->name, "root") == 0 ? NULL : cfg->name;
	size_t at = cfg->line > 0 ? (size_t)cfg->line - 1 : 0;
	const struct conf_tok *t;
	char msg[256];

	/* It says so of each key of a free-form section, and goes on. */
	if (section != NULL && strcmp(section, "plugin") == 0 &&
	    strncmp(fmt, "no such option", 14) == 0)
		return;
	now.reported = 1;
	if (at >= now.text->n && now.text->n > 0)
		at = now.text->n - 1;
	if (now.text->n == 0)
		return;
	t = &now.text->toks[at];
	if (t->kind == CONF_TOK_NAME &&
	    (section == NULL ? !conf_section_known(t->text) &&
	    strcmp(t->text, "plugin") != 0 :
	    strcmp(section, "plugin") != 0 && !key_known(section, t->text))) {
		unknown_name(t, section);
		return;
	}
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	conf_error(now.rep, "%s:%d: %s", t->file, t->line, msg);
}

static void
scheme_make(struct scheme *s)
{
	static cfg_opt_t none[] = { CFG_END() };
	cfg_opt_t str = CFG_STR("", NULL, CFGF_NODEFAULT),
	    list = CFG_STR_LIST("", NULL, CFGF_NODEFAULT),
	    sec = CFG_SEC("", NULL, CFGF_NODEFAULT),
	    titled = CFG_SEC("", NULL,
		CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	    free_form = CFG_SEC("plugin", none,
		CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES | CFGF_KEYSTRVAL),
	    end = CFG_END();
	const char *section = "";
	size_t i, n = 0, k = 0;

	for (i = 0; i < OPT_N; i++) {
		if (strcmp(conf_rows[i].section, section) != 0) {
			if (i > 0)
				s->keys[k++] = end;
			section = conf_rows[i].section;
			s->top[n] = strcmp(section, "group") == 0 ? titled : sec;
			s->top[n].name = section;
			s->top[n++].subopts = &s->keys[k];
		}
		s->keys[k] = conf_rows[i].type == CONF_LIST ? list : str;
		s->keys[k++].name = conf_rows[i].key;
	}
	s->keys[k] = end;
	s->top[n++] = free_form;
	s->top[n] = end;
}

/* The values of one option as an assignment. */
static int
collect_opt(struct conf *c, struct conf_text *t, const cfg_t *sec,
    const cfg_opt_t *opt, struct conf_assigns *out)
{
	struct conf_assign *a;
	struct conf_tok *tok = NULL;
	unsigned i;

	out->v = conf_grow(c, out->v, out->n, sizeof(*a));
	if (out->v == NULL)
		return -ENOMEM;
	a = &out->v[out->n++];
	memset(a, 0, sizeof(*a));
	a->section = conf_dup(c, sec->name);
	a->title = sec->title == NULL ? NULL : conf_dup(c, sec->title);
	a->key = conf_dup(c, opt->name);
	a->v = conf_alloc(c, (opt->nvalues + 1) * sizeof(*a->v));
	if (a->v == NULL)
		return -ENOMEM;
	for (i = 0; i < opt->nvalues; i++) {
		tok = &t->toks[strtoul(opt->values[i]->string, NULL, 10)];
		tok->used = 1;
		if (tok->secret)
			a->secret = 1;
		if (tok->kind != CONF_TOK_EMPTY)
			a->v[a->n++] = tok->text;
	}
	a->origin = conf_fmt(c, "%s:%d", tok->file, tok->line);
	return c->nomem ? -ENOMEM : 0;
}

static int
collect_section(struct conf *c, struct conf_text *t, const cfg_t *sec,
    struct conf_assigns *out)
{
	const cfg_opt_t *o;
	int rc = 0;

	for (o = sec->opts; rc == 0 && o != NULL && o->name != NULL; o++)
		if (o->type == CFGT_STR && o->nvalues > 0)
			rc = collect_opt(c, t, sec, o, out);
	return rc;
}

/*
 * "FILE:LINE" of a titled section's begin.  libconfuse has moved its line to
 * the end of it; but a name, its title and a brace follow on each other nowhere
 * else, and no title comes twice.
 */
static const char *
section_origin(struct conf *c, const struct conf_text *t, const cfg_t *sec)
{
	const struct conf_tok *tok;
	size_t i;

	for (i = 0; i + 2 < t->n; i++) {
		tok = &t->toks[i];
		if (tok[0].kind == CONF_TOK_NAME &&
		    tok[1].kind == CONF_TOK_NAME &&
		    strcmp(tok[0].text, sec->name) == 0 &&
		    strcmp(tok[1].text, sec->title) == 0)
			return conf_fmt(c, "%s:%d", tok->file, tok->line);
	}
	return conf_dup(c, t->toks[0].file);
}

/* An empty "group x {}" must be known too: an assignment without a key. */
static int
collect_title(struct conf *c, const struct conf_text *t, const cfg_t *sec,
    struct conf_assigns *out)
{
	struct conf_assign *a;

	if (sec->title == NULL)
		return 0;
	out->v = conf_grow(c, out->v, out->n, sizeof(*a));
	if (out->v == NULL)
		return -ENOMEM;
	a = &out->v[out->n++];
	memset(a, 0, sizeof(*a));
	a->section = conf_dup(c, sec->name);
	a->title = conf_dup(c, sec->title);
	a->origin = section_origin(c, t, sec);
	return c->nomem ? -ENOMEM : 0;
}

/* The key that the i-th token is a value of. */
static const char *
key_of(const struct conf_text *t, size_t i)
{
	while (i > 0 && t->toks[i].kind != CONF_TOK_NAME)
		i--;
	return t->toks[i].text;
}

static int
collect(struct conf *c, struct conf_text *t, cfg_t *cfg,
    struct conf_report *rep, struct conf_assigns *out)
{
	const cfg_opt_t *o;
	unsigned i;
	size_t k;
	int rc = 0;

	for (o = cfg->opts; rc == 0 && o->name != NULL; o++)
		for (i = 0; rc == 0 && i < o->nvalues; i++) {
			rc = collect_title(c, t, o->values[i]->section, out);
			if (rc == 0)
				rc = collect_section(c, t,
				    o->values[i]->section, out);
		}
	/* A value that nothing has taken was replaced by a later one. */
	for (k = 0; rc == 0 && k < t->n; k++)
		if ((t->toks[k].kind == CONF_TOK_VALUE ||
		    t->toks[k].kind == CONF_TOK_EMPTY) && !t->toks[k].used) {
			conf_error(rep, "%s:%d: the key \"%s\" is given again"
			    " further on", t->toks[k].file, t->toks[k].line,
			    key_of(t, k));
			rc = -EINVAL;
		}
	return rc;
}

int
conf_file_parse(struct conf *c, struct conf_text *t, struct conf_report *rep,
    struct conf_assigns *out)
{
	struct scheme *s;
	cfg_t *cfg = NULL;
	char *text;
	int rc;

	memset(out, 0, sizeof(*out));
	text = buf_str(&t->out);
	s = calloc(1, sizeof(*s));
	if (text == NULL || s == NULL) {
		free(s);
		return -ENOMEM;
	}
	now.text = t;
	now.rep = rep;
	now.reported = 0;
	scheme_make(s);
	cfg = cfg_init(s->top, CFGF_NONE);
	rc = cfg == NULL ? -ENOMEM : 0;
	if (rc == 0) {
		(void)cfg_set_error_function(cfg, on_error);
		/* libconfuse refuses to scan nothing at all. */
		if (t->n > 0 && cfg_parse_buf(cfg, text) != CFG_SUCCESS)
			rc = -EINVAL;
	}
	if (rc == -EINVAL && !now.reported)
		conf_error(rep, "%s: syntax error", t->toks[0].file);
	if (rc == 0)
		rc = collect(c, t, cfg, rep, out);
	if (cfg != NULL)
		(void)cfg_free(cfg);
	free(s);
	return rc;
}
