#include "harness.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aim.h"
#include "stats.h"

struct chunks {
	double *v;		/* that count */
	size_t n, want;
	size_t n_all, n_both, n_two;
};

void
chunks_add(struct chunks *c, double value, enum chunk_seen seen)
{
	if (!chunks_want(c))
		return;
	c->n_all++;
	c->n_two += seen != CHUNK_ALONE;
	c->n_both += seen == CHUNK_BOTH;
	if (seen != CHUNK_APART)
		c->v[c->n++] = value;
}

bool
chunks_want(const struct chunks *c)
{
	return c->n < c->want && c->n_all < 4 * c->want;
}

/* The figure of a round of one line; STATS_NONE when too few of its chunks count. */
static int
round_figure(struct line *l, struct chunks *c, double *out)
{
	size_t least = c->want / 10;
	int rc;

	c->n = c->n_all = c->n_both = c->n_two = 0;
	rc = l->round(l->arg, c);
	if (rc < 0)
		return rc;
	l->n_chunks += c->n_two;
	l->n_both += c->n_both;
	if (least < HARNESS_CHUNKS_MIN)
		least = HARNESS_CHUNKS_MIN;
	*out = c->n < least && c->n < c->want ? STATS_NONE :
						stats_median(c->v, c->n);
	return 0;
}

/* One round of all lines; 1 it counts, 0 it does not. */
static int
one_round(struct line *l, size_t n, struct chunks *c, bool back, double *out)
{
	int good = 1;

	for (size_t k = 0; k < n; k++) {
		size_t i = back ? n - 1 - k : k;
		int rc = round_figure(&l[i], c, &out[i]);

		if (rc < 0)
			return rc;
		if (!isfinite(out[i]))
			good = 0;
	}
	return good;
}

static void
forget(struct line *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		l[i].n_chunks = l[i].n_both = 0;
}

static int
all_rounds(const struct plan *p, struct line *l, size_t n, struct chunks *c,
    double *fig)
{
	int rounds = p->rounds < HARNESS_ROUNDS_MIN ? HARNESS_ROUNDS_MIN :
						      p->rounds;
	/* The machine gets three chances for each round that it spoils. */
	int tries = p->warmup + 3 * rounds, done = 0;

	for (int r = 0; r < tries && done < rounds; r++) {
		int rc;

		if (p->deadline_ns != 0 && harness_now_ns() > p->deadline_ns)
			return -ETIMEDOUT;
		if (r == p->warmup)
			forget(l, n);
		rc = one_round(l, n, c, r % 2 == 1, fig);
		if (rc < 0)
			return rc;
		if (rc == 0 || r < p->warmup)
			continue;
		for (size_t i = 0; i < n; i++)
			l[i].figure[l[i].n_figures++] = fig[i];
		done++;
	}
	return done < rounds ? -EAGAIN : 0;
}

int
harness_run(const struct plan *p, struct line *l, size_t n)
{
	size_t rounds = p->rounds < HARNESS_ROUNDS_MIN ? HARNESS_ROUNDS_MIN :
							 (size_t)p->rounds;
	struct chunks c = { .want = p->iterations < HARNESS_CHUNKS_MIN ?
		    HARNESS_CHUNKS_MIN :
		    (size_t)p->iterations };
	double *fig = calloc(n, sizeof *fig);
	int rc = 0;

	c.v = calloc(c.want, sizeof *c.v);
	for (size_t i = 0; i < n; i++) {
		l[i].n_figures = 0;
		l[i].figure = calloc(rounds, sizeof *l[i].figure);
		if (l[i].figure == NULL)
			rc = -ENOMEM;
	}
	if (c.v == NULL || fig == NULL)
		rc = -ENOMEM;
	forget(l, n);
	if (rc == 0)
		rc = all_rounds(p, l, n, &c, fig);
	free(c.v);
	free(fig);
	return rc;
}

void
harness_fini(struct line *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(l[i].figure);
		l[i].figure = NULL;
	}
}

int
harness_both_percent(const struct line *l)
{
	if (l->n_chunks == 0)
		return -1;
	return (int)(100 * l->n_both / l->n_chunks);
}

/* Median, least and greatest of the rounds, in a copy: their order pairs them with another line's. */
static int
summarise(const struct line *l, struct row *r)
{
	double *v = malloc(l->n_figures * sizeof *v);

	if (v == NULL)
		return -ENOMEM;
	memcpy(v, l->figure, l->n_figures * sizeof *v);
	r->value = stats_median(v, l->n_figures);
	r->min = v[0];
	r->max = v[l->n_figures - 1];
	r->runs = (int)l->n_figures;
	r->both = harness_both_percent(l);
	free(v);
	return 0;
}

static int
new_row(struct rows *rows, const char *bench, const struct line *l,
    const char *against, const char *aim, struct row **out)
{
	struct aim parsed;
	struct row *r;

	if (l->n_figures == 0 || (aim != NULL && aim_parse(aim, &parsed) < 0))
		return -EINVAL;
	r = rows_add(rows);
	if (r == NULL)
		return -ENOMEM;
	r->bench = strdup(bench);
	r->name = strdup(l->name);
	r->unit = strdup(l->unit);
	r->against = against == NULL ? NULL : strdup(against);
	r->aim = aim == NULL ? NULL : strdup(aim);
	if (r->bench == NULL || r->name == NULL || r->unit == NULL ||
	    (against != NULL && r->against == NULL) ||
	    (aim != NULL && r->aim == NULL))
		return -ENOMEM;
	*out = r;
	return summarise(l, r);
}

int
harness_row(struct rows *rows, const char *bench, const struct line *l)
{
	struct row *r;

	return new_row(rows, bench, l, NULL, NULL, &r);
}

/* The median of the ratios within each round: slow drift of the machine cancels out. */
int
harness_row_against(struct rows *rows, const char *bench, const struct line *l,
    const struct line *against, const char *aim)
{
	double *v;
	struct row *r;
	int rc;

	if (l->n_figures != against->n_figures)
		return -EINVAL;
	rc = new_row(rows, bench, l, against->name, aim, &r);
	if (rc < 0)
		return rc;
	v = malloc(l->n_figures * sizeof *v);
	if (v == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_figures; i++)
		v[i] = l->figure[i] / against->figure[i];
	r->ratio = stats_median(v, l->n_figures);
	free(v);
	return 0;
}

int
harness_row_limit(struct rows *rows, const char *bench, const struct line *l,
    double limit, const char *limit_name, const char *aim)
{
	struct row *r;
	int rc = new_row(rows, bench, l, limit_name, aim, &r);

	if (rc < 0)
		return rc;
	r->ratio = r->value / limit;
	return 0;
}
