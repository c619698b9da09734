#include "compare.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aim.h"
#include "stats.h"

#define NOISE_MIN 0.05	/* in-process figures repeat within 5 to 10 % on a shared machine */

/* Where the rows stand until they are whole: beside path, for rename(). */
static char *
temporary(const char *path)
{
	char *tmp;

	return asprintf(&tmp, "%s.%d.tmp", path, (int)getpid()) < 0 ? NULL :
								     tmp;
}

int
compare_may_save(const char *path)
{
	char *tmp = temporary(path);
	struct stat st;
	int fd, rc = 0;

	if (tmp == NULL)
		return -ENOMEM;
	fd = open(tmp, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		rc = -errno;
	else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		rc = -EISDIR;
	if (fd >= 0) {
		(void)close(fd); /* nothing was written */
		(void)unlink(tmp);
	}
	free(tmp);
	return rc;
}

int
compare_save(const struct rows *rows, const char *path)
{
	json_t *a = rows_json(rows);
	char *tmp = temporary(path);
	int rc = 0;

	if (a == NULL || tmp == NULL) {
		free(tmp);
		json_decref(a);
		return -ENOMEM;
	}
	if (json_dump_file(a, tmp, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) < 0 ||
	    rename(tmp, path) < 0) {
		rc = errno != 0 ? -errno : -EIO;
		(void)unlink(tmp); /* it may never have been made */
	}
	free(tmp);
	json_decref(a);
	return rc;
}

int
compare_load(struct rows *rows, const char *path)
{
	FILE *f = fopen(path, "re");
	json_t *a;
	int rc;

	if (f == NULL)
		return -errno;
	a = json_loadf(f, 0, NULL);
	(void)fclose(f); /* it was only read */
	rc = a == NULL ? -EINVAL : rows_from_json(rows, a);
	json_decref(a);
	return rc;
}

/* Half of the range over the value: how far a figure of this run can be off. */
static double
spread(const struct row *r)
{
	if (!(r->value > 0) || !(r->max >= r->min))
		return 0;
	return (r->max - r->min) / r->value / 2;
}

void
compare_row(const struct row *now, const struct row *before,
    struct compare_line *out)
{
	bool by_ratio;
	double noise;
	struct aim aim;

	*out = (struct compare_line){ .verdict = COMPARE_NEW,
		.before = STATS_NONE, .now = now->value, .change = STATS_NONE };
	by_ratio = isfinite(now->ratio);
	if (by_ratio)
		out->now = now->ratio;
	if (before == NULL || isfinite(before->ratio) != by_ratio)
		return;
	out->before = by_ratio ? before->ratio : before->value;
	out->change = out->now / out->before - 1;
	noise = fmax(NOISE_MIN, fmax(spread(now), spread(before)));
	if (!(fabs(out->change) > noise))
		out->verdict = COMPARE_SAME;
	else if (now->aim == NULL || aim_parse(now->aim, &aim) < 0)
		out->verdict = COMPARE_CHANGED;
	else
		out->verdict = (out->change > 0) == aim.least ? COMPARE_BETTER :
								COMPARE_WORSE;
}

const char *
compare_verdict_name(enum compare_verdict v)
{
	static const char *const name[] = { "same", "changed", "better",
		"worse", "new" };

	return name[v];
}

int
compare_print(const struct rows *now, const struct rows *before, FILE *f)
{
	int n_worse = 0;

	for (size_t i = 0; i < now->n; i++) {
		const struct row *r = &now->v[i];
		struct compare_line c;

		compare_row(r, rows_find(before, r->bench, r->name), &c);
		n_worse += c.verdict == COMPARE_WORSE;
		fprintf(f, "%-8s %-7s ", r->bench,
		    compare_verdict_name(c.verdict));
		if (c.verdict == COMPARE_NEW)
			fprintf(f, "%26.4g ", c.now);
		else
			fprintf(f, "%9.4g -> %9.4g %+4.0f%% ", c.before, c.now,
			    c.change * 100);
		fprintf(f, "%s %s\n", isfinite(r->ratio) ? "(ratio)" : r->unit,
		    r->name);
	}
	return n_worse;
}
