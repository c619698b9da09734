/* check.c - `skepctl check FILE`: every effective value and its origin. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jsonw.h"
#include "skepctl.h"
#include "table.h"

static void
add_row(void *arg, const struct conf_item *it)
{
	struct table *t = arg;

	if (it->title == NULL)
		table_cell(t, "%s.%s", it->section, it->key);
	else
		table_cell(t, "%s.%s.%s", it->section, it->title, it->key);
	table_cell(t, "%s", it->value);
	table_cell(t, "%s", it->origin);
	table_end(t);
}

static void
add_object(void *arg, const struct conf_item *it)
{
	struct jsonw *w = arg;

	jsonw_open(w, NULL, '{');
	jsonw_str(w, "section", it->section);
	if (it->title != NULL)
		jsonw_str(w, "title", it->title);
	jsonw_str(w, "key", it->key);
	jsonw_str(w, "value", it->value);
	jsonw_str(w, "origin", it->origin);
	jsonw_bool(w, "default", it->is_default);
	jsonw_close(w, '}');
}

static void
strings(struct jsonw *w, const char *key, char *const *v, size_t n)
{
	size_t i;

	jsonw_open(w, key, '[');
	for (i = 0; i < n; i++)
		jsonw_str(w, NULL, v[i]);
	jsonw_close(w, ']');
}

static void
put_json(const struct conf *c, const struct conf_report *r, struct buf *out)
{
	struct jsonw w = JSONW(out);

	jsonw_open(&w, NULL, '{');
	jsonw_bool(&w, "ok", c != NULL);
	strings(&w, "errors", r->errors, r->n_errors);
	strings(&w, "notes", r->notes, r->n_notes);
	jsonw_open(&w, "values", '[');
	if (c != NULL)
		conf_each(c, add_object, &w);
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	(void)buf_addc(out, '\n');
}

static void
put_text(const struct conf *c, struct buf *out)
{
	struct table t = TABLE_INIT;

	table_cell(&t, "OPTION");
	table_cell(&t, "VALUE");
	table_cell(&t, "ORIGIN");
	table_end(&t);
	t.text[0] = t.text[1] = t.text[2] = 1;
	conf_each(c, add_row, &t);
	table_put(&t, out);
	table_fini(&t);
}

int
check_run(struct skepctl *s)
{
	struct conf_source src = { .file = ctl_arg(&s->line, 0, NULL),
	    .env = (const char *const *)environ };
	struct buf out = BUF_INIT;
	struct conf_report r;
	struct conf *c;
	size_t i;
	int rc;

	rc = conf_load(&src, &c, &r);
	if (rc == 0)
		rc = conf_check_plugins(c, &r);
	if (rc < 0)
		conf_close(&c);
	if (s->json)
		put_json(c, &r, &out);
	else if (rc == 0)
		put_text(c, &out);
	for (i = 0; !s->json && i < r.n_errors; i++)
		(void)fprintf(stderr, "%s\n", r.errors[i]);
	for (i = 0; !s->json && i < r.n_notes; i++)
		(void)fprintf(stderr, "note: %s\n", r.notes[i]);
	if (buf_len(&out) > 0)
		(void)fwrite(buf_head(&out), 1, buf_len(&out), stdout);
	buf_fini(&out);
	conf_report_fini(&r);
	conf_close(&c);
	return rc < 0 ? CTL_EXIT_CONFIG : fflush(stdout) != 0 ?
	    CTL_EXIT_FAILED : CTL_EXIT_OK;
}
