/*
 * conf_wire.c - the effective configuration for a child, in a memfd.
 *
 * Strings, each ended by NUL: WIRE_MAGIC, then records of section, title, key,
 * origin, rank, secret, the number of values, the values.  The last record's
 * section is "end".  Reader and writer are always of one build.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_int.h"
#include "fdio.h"
#include "unit.h"

#define WIRE_MAGIC "skep configuration 1"
#define WIRE_MAX   (16 << 20)

static void
put(struct buf *b, const char *s)
{
	(void)buf_add(b, s, strlen(s) + 1);
}

static void
put_record(struct buf *b, const char *section, const char *title,
    const char *key, const char *origin, int rank, int secret, const char **v,
    size_t n)
{
	char num[48];
	size_t i;

	put(b, section);
	put(b, title == NULL ? "" : title);
	put(b, key);
	put(b, origin);
	(void)snprintf(num, sizeof(num), "%d", rank);
	put(b, num);
	put(b, secret ? "1" : "0");
	(void)snprintf(num, sizeof(num), "%zu", n);
	put(b, num);
	for (i = 0; i < n; i++)
		put(b, v[i]);
}

int
conf_write(const struct conf *c, int fd)
{
	const struct conf_value *v;
	struct buf b = BUF_INIT;
	size_t g, k;
	int i, rc;

	put(&b, WIRE_MAGIC);
	for (g = 0; g <= c->n_groups; g++)
		for (i = 0; i < OPT_N; i++) {
			v = g == 0 ? &c->v[i] : &c->groups[g - 1].v[i];
			if (v->rank == CONF_BY_NOBODY)
				continue;
			put_record(&b, conf_rows[i].section,
			    g == 0 ? NULL : c->groups[g - 1].name,
			    conf_rows[i].key, v->origin, (int)v->rank,
			    v->secret, v->v, v->n);
		}
	for (g = 0; g < c->n_plugins; g++)
		for (k = 0; k < c->plugins[g].n; k++) {
			const struct conf_pair *p = &c->plugins[g].pairs[k];
			const char *value = p->value;

			put_record(&b, "plugin", c->plugins[g].name, p->key,
			    p->origin, CONF_BY_FILE, p->secret, &value, 1);
		}
	put(&b, "end");
	rc = !buf_ok(&b) ? -ENOMEM :
	    fdio_write_all(fd, buf_head(&b), buf_len(&b));
	buf_fini(&b);
	return rc;
}

struct wire {
	const char *p, *end;
};

static const char *
take(struct wire *w)
{
	const char *s = w->p, *nul;

	nul = s == NULL || s >= w->end ? NULL :
	    memchr(s, '\0', (size_t)(w->end - s));
	w->p = nul == NULL ? NULL : nul + 1;
	return nul == NULL ? NULL : s;
}

static int
take_num(struct wire *w, int64_t max, int64_t *out)
{
	const char *s = take(w);

	if (s == NULL || unit_int(s, out) < 0 || *out < 0 || *out > max)
		return -EINVAL;
	return 0;
}

/* 1 one record, 0 the end, -errno. */
static int
take_record(struct conf *c, struct wire *w, struct conf_report *rep)
{
	struct conf_assign a = { .section = take(w) };
	int64_t rank, secret, n;

	if (a.section == NULL)
		return -EINVAL;
	if (strcmp(a.section, "end") == 0)
		return 0;
	a.title = take(w);
	a.key = take(w);
	a.origin = take(w);
	if (a.origin == NULL || take_num(w, CONF_BY_SET, &rank) < 0 ||
	    take_num(w, 1, &secret) < 0 || take_num(w, WIRE_MAX, &n) < 0 ||
	    n > w->end - w->p)
		return -EINVAL;
	if (a.title[0] == '\0')
		a.title = NULL;
	a.secret = (int)secret;
	a.key = conf_dup(c, a.key);
	a.origin = conf_dup(c, a.origin);
	a.v = conf_alloc(c, ((size_t)n + 1) * sizeof(*a.v));
	for (; a.v != NULL && (int64_t)a.n < n; a.n++) {
		const char *s = take(w);

		a.v[a.n] = s == NULL ? NULL : conf_dup(c, s);
		if (a.v[a.n] == NULL)
			return -EINVAL;
	}
	if (c->nomem)
		return -ENOMEM;
	return conf_assign(c, &a, (enum conf_rank)rank, rep) < 0 ? -EINVAL : 1;
}

int
conf_read(int fd, struct conf **out)
{
	struct conf_report rep = { 0 };
	struct conf *c = NULL;
	const char *magic;
	struct wire w;
	char *data;
	size_t n;
	int rc;

	*out = NULL;
	rc = fdio_slurp(fd, WIRE_MAX, &data, &n);
	if (rc < 0)
		return rc;
	w.p = data;
	w.end = data + n;
	magic = take(&w);
	rc = magic == NULL || strcmp(magic, WIRE_MAGIC) != 0 ? -EINVAL : 1;
	if (rc == 1 && (c = calloc(1, sizeof(*c))) == NULL)
		rc = -ENOMEM;
	while (rc == 1)
		rc = take_record(c, &w, &rep);
	free(data);
	conf_report_fini(&rep);
	if (rc < 0)
		conf_close(&c);
	*out = c;
	return rc;
}
