#include "row.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aim.h"
#include "stats.h"

static void
row_fini(struct row *r)
{
	free(r->bench);
	free(r->name);
	free(r->unit);
	free(r->against);
	free(r->aim);
}

void
rows_fini(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		row_fini(&rows->v[i]);
	free(rows->v);
	*rows = (struct rows){ 0 };
}

struct row *
rows_add(struct rows *rows)
{
	struct row *v = reallocarray(rows->v, rows->n + 1, sizeof *v);

	if (v == NULL)
		return NULL;
	rows->v = v;
	v += rows->n++;
	*v = (struct row){ .both = -1, .ratio = STATS_NONE };
	return v;
}

struct row *
rows_find(const struct rows *rows, const char *bench, const char *name)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->v[i].bench, bench) == 0 &&
		    strcmp(rows->v[i].name, name) == 0)
			return &rows->v[i];
	return NULL;
}

int
row_met(const struct row *r)
{
	struct aim aim;

	if (r->aim == NULL || aim_parse(r->aim, &aim) < 0)
		return -1;
	return aim_met(&aim, r->ratio);
}

bool
row_far_off(const struct row *r)
{
	struct aim aim;

	if (r->aim == NULL || aim_parse(r->aim, &aim) < 0)
		return false;
	return aim_far_off(&aim, r->ratio);
}

/* JSON has no word for no value; and digits beyond the sixth are noise in any measurement. */
static json_t *
number(double v)
{
	char text[32];

	if (!isfinite(v))
		return json_null();
	snprintf(text, sizeof text, "%.6g", v);
	return json_real(strtod(text, NULL));
}

static json_t *
text_or_null(const char *s)
{
	return s == NULL ? json_null() : json_string(s);
}

json_t *
row_json(const struct row *r)
{
	int met = row_met(r);
	json_t *o;

	o = json_pack("{s:s, s:s, s:o, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "bench", r->bench, "case", r->name, "value", number(r->value),
	    "unit", r->unit, "runs", r->runs, "min", number(r->min), "max",
	    number(r->max), "against", text_or_null(r->against), "ratio",
	    number(r->ratio), "aim", text_or_null(r->aim), "met",
	    met < 0 ? json_null() : json_boolean(met));
	if (o != NULL && r->both >= 0) {
		/* A row without them still stands. */
		(void)json_object_set_new(o, "both_percent",
		    json_integer(r->both));
		(void)json_object_set_new(o, "note",
		    json_string("only chunks in which both processes were seen"
				" to run at once count"));
	}
	return o;
}

json_t *
rows_json(const struct rows *rows)
{
	json_t *a = json_array();

	for (size_t i = 0; a != NULL && i < rows->n; i++)
		if (json_array_append_new(a, row_json(&rows->v[i])) < 0) {
			json_decref(a);
			return NULL;
		}
	return a;
}

static char *
copy_string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL ? NULL : strdup(s);
}

static double
copy_number(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : STATS_NONE;
}

static int
row_from_json(struct row *r, const json_t *o)
{
	json_t *both = json_object_get(o, "both_percent");

	r->bench = copy_string(o, "bench");
	r->name = copy_string(o, "case");
	r->unit = copy_string(o, "unit");
	r->against = copy_string(o, "against");
	r->aim = copy_string(o, "aim");
	r->value = copy_number(o, "value");
	r->min = copy_number(o, "min");
	r->max = copy_number(o, "max");
	r->ratio = copy_number(o, "ratio");
	r->runs = (int)json_integer_value(json_object_get(o, "runs"));
	r->both = both == NULL ? -1 : (int)json_integer_value(both);
	if (r->bench == NULL || r->name == NULL || r->unit == NULL ||
	    !isfinite(r->value))
		return -EINVAL;
	return 0;
}

int
rows_from_json(struct rows *rows, const json_t *a)
{
	if (!json_is_array(a))
		return -EINVAL;
	for (size_t i = 0; i < json_array_size(a); i++) {
		struct row *r = rows_add(rows);
		int rc;

		if (r == NULL)
			return -ENOMEM;
		rc = row_from_json(r, json_array_get(a, i));
		if (rc < 0) {
			row_fini(&rows->v[--rows->n]);
			return rc;
		}
	}
	return 0;
}

static void
row_print(const struct row *r, FILE *f)
{
	int met = row_met(r);

	fprintf(f, "%-8s %s\n         %.5g %s (%.5g to %.5g, %d rounds)",
	    r->bench, r->name, r->value, r->unit, r->min, r->max, r->runs);
	if (r->both >= 0)
		fprintf(f, ", both ran at once in %d%% of the chunks", r->both);
	if (r->against != NULL)
		fprintf(f, "\n         %.4g of %s", r->ratio, r->against);
	if (r->aim != NULL)
		fprintf(f, ", aim %s: %s", r->aim, met == 1 ? "met" : "missed");
	fputc('\n', f);
}

void
rows_print(const struct rows *rows, FILE *f)
{
	for (size_t i = 0; i < rows->n; i++)
		row_print(&rows->v[i], f);
}
