/* conf_show.c - the effective configuration for people and programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_int.h"

/* s as it may stand in the file: bare where it can, else in double quotes. */
static void
put_string(struct buf *b, const char *s)
{
	if (s[0] != '\0' && s[strcspn(s, " \t\n\r{}()=,\"'#+$\\")] == '\0' &&
	    !(s[0] == '/' && (s[1] == '/' || s[1] == '*'))) {
		(void)buf_addz(b, s);
		return;
	}
	(void)buf_addc(b, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\' || c == '$')
			(void)buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			(void)buf_printf(b, "\\x%02x", c);
		else
			(void)buf_addc(b, (char)c);
	}
	(void)buf_addc(b, '"');
}

static const char *
value_text(struct buf *b, const struct conf_row *row, const char **v, size_t n,
    int secret)
{
	const char *text;
	size_t i;

	buf_clear(b);
	if (secret)
		return "(secret)";
	if (row != NULL && row->type == CONF_LIST) {
		(void)buf_addc(b, '{');
		for (i = 0; i < n; i++) {
			if (i > 0)
				(void)buf_addz(b, ", ");
			put_string(b, v[i]);
		}
		(void)buf_addc(b, '}');
	} else {
		put_string(b, n == 0 ? "" : v[0]);
	}
	text = buf_str(b);
	return text == NULL ? "?" : text;
}

struct show {
	struct buf text;
	void (*fn)(void *arg, const struct conf_item *);
	void *arg;
};

static void
show_value(struct show *s, const struct conf_value *v, enum conf_opt opt,
    const char *title)
{
	struct conf_item it = { .section = conf_rows[opt].section,
	    .title = title, .key = conf_rows[opt].key, .origin = v->origin,
	    .is_default = v->rank == CONF_BY_DEFAULT, .row = &conf_rows[opt] };

	it.value = value_text(&s->text, it.row, v->v, v->n, v->secret);
	s->fn(s->arg, &it);
}

static void
show_plugin(struct show *s, const struct conf_plugin *p)
{
	struct conf_item it = { .section = "plugin", .title = p->name };
	size_t i;

	for (i = 0; i < p->n; i++) {
		it.key = p->pairs[i].key;
		it.origin = p->pairs[i].origin;
		it.value = value_text(&s->text, NULL, &p->pairs[i].value, 1,
		    p->pairs[i].secret);
		s->fn(s->arg, &it);
	}
}

void
conf_each(const struct conf *c,
    void (*fn)(void *arg, const struct conf_item *), void *arg)
{
	struct show s = { BUF_INIT, fn, arg };
	size_t g;
	int i;

	for (i = 0; i < OPT_N; i++)
		if (strcmp(conf_rows[i].section, "group") != 0)
			show_value(&s, &c->v[i], (enum conf_opt)i, NULL);
	for (g = 0; g < c->n_groups; g++)
		for (i = 0; i < OPT_N; i++)
			if (strcmp(conf_rows[i].section, "group") == 0)
				show_value(&s, &c->groups[g].v[i],
				    (enum conf_opt)i, c->groups[g].name);
	for (g = 0; g < c->n_plugins; g++)
		show_plugin(&s, &c->plugins[g]);
	buf_fini(&s.text);
}

struct print {
	FILE *f;
	enum conf_print what;
};

static void
print_item(void *arg, const struct conf_item *it)
{
	const struct print *p = arg;
	char name[128];

	if (it->is_default && p->what == CONF_PRINT_CHANGED)
		return;
	(void)snprintf(name, sizeof(name), "%s.%s%s%s", it->section,
	    it->title == NULL ? "" : it->title, it->title == NULL ? "" : ".",
	    it->key);
	(void)fprintf(p->f, "%-28s %-24s  # %s\n", name, it->value, it->origin);
}

void
conf_print(const struct conf *c, enum conf_print what, FILE *f)
{
	struct print p = { f, what };

	conf_each(c, print_item, &p);
}
