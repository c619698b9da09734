/* conf.c - memory of a configuration, and reading its values. */
#include "conf.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "conf_int.h"

#define MESSAGES_MAX 20	/* more than anyone mends at once */

#define CONF_OPT_ROW(section, key, type, fallback, min, max, doc)              \
	{ #section, #key, CONF_##type, fallback, min, max, doc },
const struct conf_row conf_rows[OPT_N] = { CONF_OPTIONS(CONF_OPT_ROW) };

struct chunk {
	struct chunk *next;
	_Alignas(16) char data[];
};

void *
conf_alloc(struct conf *c, size_t n)
{
	struct chunk *k = calloc(1, sizeof(*k) + n);

	if (k == NULL) {
		c->nomem = 1;
		return NULL;
	}
	k->next = c->chunks;
	c->chunks = k;
	return k->data;
}

void *
conf_grow(struct conf *c, void *old, size_t n, size_t size)
{
	void *p;

	/* Room for n + 1: a new array at 0, 1, 2, 4, 8, ... */
	if (n > 0 && (n & (n - 1)) != 0)
		return old;
	p = conf_alloc(c, (n == 0 ? 1 : 2 * n) * size);
	if (p != NULL && n > 0)
		memcpy(p, old, n * size);
	return p;
}

const char *
conf_dup(struct conf *c, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = conf_alloc(c, n);

	return p == NULL ? NULL : memcpy(p, s, n);
}

const char *
conf_fmt(struct conf *c, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : conf_alloc(c, (size_t)n + 1);
	if (p == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void
conf_close(struct conf **cp)
{
	struct conf *c = *cp;
	struct chunk *k;

	*cp = NULL;
	if (c == NULL)
		return;
	while ((k = c->chunks) != NULL) {
		c->chunks = k->next;
		free(k);
	}
	free(c);
}

static void BUF_PRINTF(3, 0)
message(char ***list, size_t *n, const char *fmt, va_list ap)
{
	struct buf b = BUF_INIT;
	char **grown;

	if (*n >= MESSAGES_MAX)
		return;
	grown = realloc(*list, (*n + 1) * sizeof(**list));
	if (grown == NULL)
		return;	/* the caller's return value still says that it failed */
	*list = grown;
	(void)buf_vprintf(&b, fmt, ap);
	grown[*n] = buf_steal(&b);
	if (grown[*n] != NULL)
		(*n)++;
}

void
conf_error(struct conf_report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(&r->errors, &r->n_errors, fmt, ap);
	va_end(ap);
}

void
conf_note(struct conf_report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(&r->notes, &r->n_notes, fmt, ap);
	va_end(ap);
}

void
conf_report_fini(struct conf_report *r)
{
	while (r->n_errors > 0)
		free(r->errors[--r->n_errors]);
	while (r->n_notes > 0)
		free(r->notes[--r->n_notes]);
	free(r->errors);
	free(r->notes);
	memset(r, 0, sizeof(*r));
}

int64_t
conf_num(const struct conf *c, enum conf_opt opt)
{
	return c->v[opt].num;
}

static const char *
value_str(const struct conf_value *v)
{
	return v->n == 0 ? "" : v->v[0];
}

const char *
conf_str(const struct conf *c, enum conf_opt opt)
{
	return value_str(&c->v[opt]);
}

size_t
conf_list_len(const struct conf *c, enum conf_opt opt)
{
	return c->v[opt].n;
}

const char *
conf_list_at(const struct conf *c, enum conf_opt opt, size_t i)
{
	return c->v[opt].v[i];
}

int
conf_groups(const struct conf *c)
{
	return (int)c->n_groups;
}

const char *
conf_group_name(const struct conf *c, int g)
{
	return c->groups[g].name;
}

int
conf_group_find(const struct conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n_groups; i++)
		if (strcmp(c->groups[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

int64_t
conf_group_num(const struct conf *c, int g, enum conf_opt opt)
{
	return c->groups[g].v[opt].num;
}

const char *
conf_group_str(const struct conf *c, int g, enum conf_opt opt)
{
	return value_str(&c->groups[g].v[opt]);
}

size_t
conf_group_list_len(const struct conf *c, int g, enum conf_opt opt)
{
	return c->groups[g].v[opt].n;
}

const char *
conf_group_list_at(const struct conf *c, int g, enum conf_opt opt, size_t i)
{
	return c->groups[g].v[opt].v[i];
}

int
conf_control_path(const struct conf *c, char *out, size_t size)
{
	const char *path = conf_str(c, OPT_control_socket);
	int n;

	n = path[0] != '\0' ? snprintf(out, size, "%s", path) :
	    snprintf(out, size, "%s/control.sock",
	    conf_str(c, OPT_skepd_run_dir));
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int
conf_region_path(const struct conf *c, char *out, size_t size)
{
	const char *path = conf_str(c, OPT_region_path),
	    *dir = conf_str(c, OPT_skepd_run_dir);
	char real[PATH_MAX];
	int n;

	if (path[0] != '\0') {
		n = snprintf(out, size, "%s", path);
	} else {
		if (realpath(dir, real) != NULL)
			dir = real;
		n = snprintf(out, size, "/dev/shm/skep.%016llx",
		    (unsigned long long)XXH3_64bits(dir, strlen(dir)));
	}
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
