/*
 * gendoc.c - writes the tables of the man pages and the sample configuration
 * from the tables of the code.
 *
 *	gendoc FILE...		rewrite what stands between the marks in each
 *	gendoc --check FILE...	exit 1 when that would change one
 *
 * Marks in a page are the lines `.\" table: NAME' and `.\" end: NAME'.  A file
 * whose name ends in .sample is written as a whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "conf_int.h"
#include "ctl.h"
#include "fdio.h"
#include "prom.h"
#include "unit.h"

#define PAGE_MAX (4 << 20)

/* Paths that the build chooses are named by their variable. */
static const char *
fallback_text(const struct conf_row *row)
{
	if (strcmp(row->fallback, SKEP_PLUGINDIR) == 0)
		return "LIBDIR/skep";
	if (strcmp(row->fallback, SKEP_LIBEXECDIR) == 0)
		return "LIBEXECDIR/skep";
	return row->fallback;
}

/*
 * Text for mdoc: a sentence begins a line, lines end before column 78, and no
 * word is one that the formatter would take for its own.
 */
static void
prose(struct buf *out, const char *s)
{
	size_t column = 0, n, i;
	int sentence = 0;

	for (; *s != '\0'; s += n, s += *s == ' ') {
		n = strcspn(s, " ");
		if (column > 0 && (sentence || column + n >= 78)) {
			(void)buf_addc(out, '\n');
			column = 0;
		} else if (column > 0) {
			(void)buf_addc(out, ' ');
			column++;
		}
		if (column == 0 && (*s == '.' || *s == '\''))
			(void)buf_addz(out, "\\&");
		for (i = 0; i < n; i++)
			(void)buf_addz(out, s[i] == '\\' ? "\\e" :
			    (char[]){ s[i], '\0' });
		column += n;
		sentence = n > 0 && s[n - 1] == '.';
	}
	(void)buf_addc(out, '\n');
}

static const char *
type_text(const struct conf_row *row)
{
	static const char *const names[] = { "string", "list", "number",
		"true | false", "duration", "size", "" };

	return row->type == CONF_ENUM ? row->min : names[row->type];
}

static void
range(struct buf *out, const struct conf_row *row)
{
	if (row->type == CONF_ENUM || row->min[0] == '\0')
		return;
	if (row->max[0] == '\0')
		(void)buf_printf(out, ", at least %s", row->min);
	else
		(void)buf_printf(out, ", %s to %s", row->min, row->max);
}

static void
option(struct buf *out, const struct conf_row *row)
{
	const char *f = fallback_text(row), *p;

	(void)buf_printf(out, ".It Ic %s.%s Ar ", row->section, row->key);
	/* mdoc would set a bar between words; it takes spaces around it. */
	for (p = type_text(row); *p != '\0'; p++)
		(void)buf_printf(out, *p == '|' && p[1] != ' ' ? " | " : "%c",
		    *p);
	(void)buf_addc(out, '\n');
	prose(out, row->doc);
	if (f[0] == '@')
		(void)buf_printf(out, "Default: that of\n.Ic %s", f + 1);
	else if (f[0] == '\0')
		(void)buf_addz(out, row->type == CONF_LIST ?
		    "Default: none" : "Default: empty");
	else
		(void)buf_printf(out, "Default: %s", f);
	if (f[0] == '@')
		(void)buf_addz(out, row->min[0] == '\0' ||
		    row->type == CONF_ENUM ? " ." : " ,\n");
	if (f[0] == '@' && row->min[0] != '\0' && row->type != CONF_ENUM) {
		(void)buf_printf(out, "%s to %s.\n", row->min, row->max);
		return;
	}
	range(out, row);
	(void)buf_addz(out, f[0] == '@' ? "\n" : ".\n");
}

static void
options(struct buf *out)
{
	const char *section = "";
	int i;

	for (i = 0; i < OPT_N; i++) {
		if (strcmp(conf_rows[i].section, section) != 0) {
			if (i > 0)
				(void)buf_addz(out, ".El\n");
			section = conf_rows[i].section;
			(void)buf_printf(out, ".Ss Section %s%s\n", section,
			    strcmp(section, "group") == 0 ? " NAME" : "");
			(void)buf_addz(out, ".Bl -tag -width Ds\n");
		}
		option(out, &conf_rows[i]);
	}
	(void)buf_addz(out, ".El\n");
}

/* "GROUP N|auto" and "--wait" as mdoc arguments and flags. */
static void
command_args(struct buf *out, const struct ctl_command *c)
{
	const char *p;
	size_t n;

	for (p = c->args; *p != '\0'; p += n, p += *p == ' ') {
		n = strcspn(p, " ");
		if (*p == '[')
			(void)buf_printf(out, " Oo Ar %.*s Oc", (int)n - 2,
			    p + 1);
		else
			(void)buf_printf(out, " Ar %.*s", (int)n, p);
	}
	for (p = c->opts; *p != '\0'; p += n, p += *p == ' ') {
		size_t name;

		n = strcspn(p, " ");
		name = strcspn(p, "= ");
		/* mdoc puts the first dash. */
		(void)buf_printf(out, " Oo Fl %.*s", (int)name - 1, p + 1);
		if (name < n)
			(void)buf_printf(out, " Ns = Ns Ar %.*s",
			    (int)(n - name - 1), p + name + 1);
		(void)buf_addz(out, " Oc");
	}
}

static void
commands(struct buf *out)
{
	int i;

	(void)buf_addz(out, ".Bl -tag -width Ds\n");
	for (i = 0; i < CTL_N; i++) {
		const struct ctl_command *c = &ctl_commands[i];

		(void)buf_printf(out, ".It Ic %s%s%s", c->noun,
		    c->verb[0] == '\0' ? "" : " ", c->verb);
		command_args(out, c);
		(void)buf_addc(out, '\n');
		prose(out, c->doc);
		if (c->who != CTL_LOCAL)
			(void)buf_printf(out, "Role: %s.\n",
			    ctl_role_name(c->role));
	}
	(void)buf_addz(out, ".El\n");
}

static void
metric(struct buf *out, const char *name, const char *type,
    const char *labels, const char *doc)
{
	(void)buf_printf(out, ".It Va %s\n", name);
	(void)buf_printf(out, "%s%s%s.\n", type,
	    labels[0] == '\0' ? "" : ", by ", labels);
	prose(out, doc);
	/* A HELP text is no sentence; a page wants one. */
	out->len--;
	(void)buf_addz(out, ".\n");
}

static void
metrics(struct buf *out)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	const struct metric_row *rows;
	const struct prom_doc *d;
	char name[128], by[64];
	unsigned i, n;

	(void)buf_addz(out, ".Bl -tag -width Ds\n");
	rows = metric_rows(&n);
	for (i = 0; i < n; i++) {
		if (rows[i].doc[0] == '\0')
			continue;
		(void)snprintf(name, sizeof(name), "skep_%s", rows[i].family);
		(void)snprintf(by, sizeof(by), "group%s%.*s",
		    rows[i].labels[0] == '\0' ? "" : ", ",
		    (int)strcspn(rows[i].labels, "="), rows[i].labels);
		metric(out, name, types[rows[i].type], by, rows[i].doc);
	}
	for (d = prom_docs; d->family != NULL; d++)
		metric(out, d->family, d->type, d->labels, d->doc);
	(void)buf_addz(out, ".El\n");
}

/* --- the sample configuration --- */

/* Fold at 76 columns behind "\t# ". */
static void
comment(struct buf *out, const char *s)
{
	size_t column = 0, n;

	(void)buf_addz(out, "\t#");
	while (*s != '\0') {
		n = strcspn(s, " ");
		if (column > 0 && column + n > 64) {
			(void)buf_addz(out, "\n\t#");
			column = 0;
		}
		(void)buf_printf(out, " %.*s", (int)n, s);
		column += n + 1;
		s += n;
		s += *s == ' ';
	}
	(void)buf_addc(out, '\n');
}

/* A value as it may stand in the file; words that need none get no quotes. */
static void
sample_value(struct buf *out, const struct conf_row *row)
{
	const char *f = row->fallback;

	if (row->type == CONF_LIST && f[0] == '\0')
		(void)buf_addz(out, "{}");
	else if (row->type == CONF_LIST)
		(void)buf_printf(out, "{\"%s\"}", f);
	else if (row->type == CONF_STR)
		(void)buf_printf(out, "\"%s\"", fallback_text(row));
	else
		(void)buf_addz(out, f);
}

static void
sample(struct buf *out)
{
	const char *section = "";
	int i;

	(void)buf_addz(out, "# Every option of skepd.conf(5) with its default."
	    "  Written by `make docs'.\n");
	for (i = 0; i < OPT_N; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (strcmp(row->section, section) != 0) {
			if (i > 0)
				(void)buf_addz(out, "}\n");
			section = row->section;
			(void)buf_printf(out, "\n%s%s {\n", section,
			    strcmp(section, "group") == 0 ? " web" : "");
		} else {
			(void)buf_addc(out, '\n');
		}
		comment(out, row->doc);
		if (strcmp(section, "group") == 0 &&
		    strcmp(row->key, "plugin") == 0)
			(void)buf_addz(out, "\tplugin = {\"market\"}\n");
		else {
			(void)buf_printf(out, "\t#%s = ", row->key);
			if (row->fallback[0] == '@')
				(void)buf_printf(out, "(as %s)",
				    row->fallback + 1);
			else
				sample_value(out, row);
			(void)buf_addc(out, '\n');
		}
	}
	(void)buf_addz(out, "}\n");
}

/* --- files --- */

static const struct {
	const char *name;
	void (*write)(struct buf *);
} tables[] = {
	{ "options", options },
	{ "commands", commands },
	{ "metrics", metrics },
};

/* Copy the page, tables renewed.  0, -EINVAL for marks that do not match. */
static int
renew(const char *page, struct buf *out)
{
	static const char begin[] = ".\\\" table: ", end[] = ".\\\" end: ";
	size_t n_begin = sizeof(begin) - 1, n_end = sizeof(end) - 1, i;
	const char *p = page, *nl, *name = NULL;

	for (; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		if (name != NULL && strncmp(p, end, n_end) == 0) {
			if (strncmp(p + n_end, name,
			    (size_t)(nl - p) - n_end) != 0)
				return -EINVAL;
			name = NULL;
		}
		if (name == NULL)
			(void)buf_add(out, p, (size_t)(nl - p) + 1);
		if (strncmp(p, begin, n_begin) != 0)
			continue;
		for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
			if (strlen(tables[i].name) ==
			    (size_t)(nl - p) - n_begin &&
			    strncmp(p + n_begin, tables[i].name,
			    strlen(tables[i].name)) == 0)
				break;
		if (name != NULL || i == sizeof(tables) / sizeof(*tables))
			return -EINVAL;
		name = tables[i].name;
		tables[i].write(out);
	}
	return name == NULL ? 0 : -EINVAL;
}

static int
is_sample(const char *path)
{
	size_t n = strlen(path);

	return n > 7 && strcmp(path + n - 7, ".sample") == 0;
}

static int
save(const char *path, const struct buf *text)
{
	FILE *f = fopen(path, "w");
	int rc;

	if (f == NULL)
		return -errno;
	rc = fwrite(buf_head(text), 1, buf_len(text), f) == buf_len(text) ? 0 :
	    -EIO;
	if (fclose(f) != 0)
		rc = -errno;
	return rc;
}

/* 0 as it should be (now), 1 it differs, -errno. */
static int
one_file(const char *path, int only_check)
{
	struct buf out = BUF_INIT;
	char *page = NULL;
	size_t n = 0;
	int rc;

	rc = fdio_slurp_path(path, PAGE_MAX, &page, &n);
	if (rc == -ENOENT && is_sample(path))
		rc = 0;
	if (rc == 0 && is_sample(path))
		sample(&out);
	else if (rc == 0)
		rc = renew(page, &out);
	if (rc == 0 && !buf_ok(&out))
		rc = -ENOMEM;
	if (rc == 0 && (page == NULL || n != buf_len(&out) ||
	    memcmp(page, buf_head(&out), n) != 0))
		rc = only_check ? 1 : save(path, &out);
	buf_fini(&out);
	free(page);
	return rc;
}

int
main(int argc, char **argv)
{
	int only_check = argc > 1 && strcmp(argv[1], "--check") == 0, i, rc,
	    status = 0;

	for (i = 1 + only_check; i < argc; i++) {
		rc = one_file(argv[i], only_check);
		if (rc == 1)
			(void)fprintf(stderr, "%s: not as the code says; run"
			    " make docs\n", argv[i]);
		else if (rc < 0)
			(void)fprintf(stderr, "%s: %s\n", argv[i],
			    rc == -EINVAL ? "marks do not match" :
			    strerror(-rc));
		if (rc != 0)
			status = 1;
	}
	return status;
}
