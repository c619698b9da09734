#include "route.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define METHODS_MAX 32	/* different ones in a table: bits of a mask */

struct end {
	uint32_t method;	/* in table.methods */
	uint32_t route;
};

/* What one more segment of a path can lead to. */
struct node {
	struct skep_str lit;
	struct node **kids;	/* sorted by lit */
	struct node *param, *rest;
	struct end *ends;	/* routes whose path ends here */
	uint32_t n_kids, n_ends;
};

struct entry {
	const struct skep_route *route;
	struct plugin *plugin;
	const char *plugin_name;
	struct skep_str names[ROUTE_PARAMS_MAX];
	uint32_t n_names;
};

struct route_table {
	struct node root;
	struct entry *entries;
	uint32_t n_entries, n_methods;
	struct skep_str methods[METHODS_MAX];
	uint32_t get;			/* its place among them, else METHODS_MAX */
};

/* --- making the table --- */

int
route_table_new(struct route_table **out)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return -ENOMEM;
	(*out)->get = METHODS_MAX;
	return 0;
}

static void
node_free(struct node *n)
{
	uint32_t i;

	if (n == NULL)
		return;
	for (i = 0; i < n->n_kids; i++) {
		node_free(n->kids[i]);
		free(n->kids[i]);
	}
	node_free(n->param);
	node_free(n->rest);
	free(n->param);
	free(n->rest);
	free(n->kids);
	free(n->ends);
}

void
route_table_free(struct route_table **tp)
{
	struct route_table *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	node_free(&t->root);
	free(t->entries);
	free(t);
}

/* One more element at the end of an array: its address, NULL without memory. */
static void *
grow(void **arr, uint32_t *n, size_t size)
{
	void *more = reallocarray(*arr, *n + 1u, size);

	if (more == NULL)
		return NULL;
	*arr = more;
	return memset((char *)more + (*n)++ * size, 0, size);
}

static int
str_cmp(struct skep_str a, struct skep_str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return memcmp(a.p, b.p, a.n);
}

/* Where lit is, or belongs, among the children. */
static uint32_t
kid_place(const struct node *n, struct skep_str lit, int *found)
{
	uint32_t lo = 0, hi = n->n_kids;

	*found = 0;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		int c = str_cmp(n->kids[mid]->lit, lit);

		if (c == 0) {
			*found = 1;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct node *
kid_get(struct node *n, struct skep_str lit)
{
	struct node *kid;
	int found;
	uint32_t at = kid_place(n, lit, &found);

	if (found)
		return n->kids[at];
	if ((kid = calloc(1, sizeof *kid)) == NULL)
		return NULL;
	kid->lit = lit;
	if (grow((void **)&n->kids, &n->n_kids, sizeof *n->kids) == NULL) {
		free(kid);
		return NULL;
	}
	memmove(n->kids + at + 1, n->kids + at,
	    (n->n_kids - 1 - at) * sizeof *n->kids);
	n->kids[at] = kid;
	return kid;
}

static struct node *
wild_get(struct node **slot)
{
	if (*slot == NULL)
		*slot = calloc(1, sizeof **slot);
	return *slot;
}

/* A refusal, with its reason. */
struct why {
	char *buf;
	size_t len;
	const char *plugin;
	const struct skep_route *route;
	unsigned row;		/* of the plugin's table */
};

__attribute__((format(printf, 2, 3))) static int
refuse(const struct why *y, const char *fmt, ...)
{
	const struct skep_route *r = y->route;
	va_list ap;
	int n;

	n = snprintf(y->buf, y->len, "plugin %s: routes[%u] %s %s: ",
	    y->plugin, y->row, r->method != NULL ? r->method : "(no method)",
	    r->path != NULL ? r->path : "(no path)");
	if (n < 0 || (size_t)n >= y->len)
		return -EINVAL;
	va_start(ap, fmt);
	(void)vsnprintf(y->buf + n, y->len - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int
is_name(struct skep_str s)
{
	size_t i;

	if (s.n == 0 || !is_alpha(s.p[0]))
		return 0;
	for (i = 1; i < s.n; i++)
		if (!is_alpha(s.p[i]) && (s.p[i] < '0' || s.p[i] > '9'))
			return 0;
	return 1;
}

/* A literal is compared with decoded text: it has no escapes of its own. */
static int
is_literal(struct skep_str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f ||
		    memchr("%?#:*", s.p[i], 5) != NULL)
			return 0;
	return 1;
}

static int
check_method(const struct why *y)
{
	const char *m = y->route->method, *c;

	if (m == NULL || *m == '\0')
		return refuse(y, "the method is missing");
	for (c = m; *c != '\0'; c++)
		if (*c < 'A' || *c > 'Z')
			return refuse(y, "a method is written in capitals");
	if (strcmp(m, "CONNECT") == 0 || strcmp(m, "TRACE") == 0)
		return refuse(y, "%s is never served", m);
	return 0;
}

static int
check_route(const struct why *y)
{
	const struct skep_route *r = y->route;
	int rc = check_method(y);

	if (rc < 0)
		return rc;
	if (r->path == NULL || r->path[0] != '/')
		return refuse(y, "the path does not begin with /");
	if (r->fn == NULL)
		return refuse(y, "it has no handler");
	if (r->timeout < 0)
		return refuse(y, "its timeout is negative");
	return 0;
}

static int
method_number(struct route_table *t, const char *m)
{
	uint32_t i;

	for (i = 0; i < t->n_methods; i++)
		if (skep_str_eq(t->methods[i], m))
			return (int)i;
	if (t->n_methods == METHODS_MAX)
		return -ENOSPC;
	if (strcmp(m, "GET") == 0)
		t->get = t->n_methods;
	t->methods[t->n_methods] = skep_str(m);
	return (int)t->n_methods++;
}

/* ":id" or "*rest": remember the name; a name occurs once in a path. */
static int
take_name(const struct why *y, struct entry *e, struct skep_str name)
{
	uint32_t i;

	if (!is_name(name))
		return refuse(y, "\"%.*s\" is no name for a parameter",
		    SKEP_PR(name));
	if (e->n_names == ROUTE_PARAMS_MAX)
		return refuse(y, "more than %d parameters", ROUTE_PARAMS_MAX);
	for (i = 0; i < e->n_names; i++)
		if (str_cmp(e->names[i], name) == 0)
			return refuse(y, "two parameters are named \"%.*s\"",
			    SKEP_PR(name));
	e->names[e->n_names++] = name;
	return 0;
}

/* The node for one segment of a pattern below n. */
static int
step(const struct why *y, struct entry *e, struct node **n, struct skep_str seg,
    int last)
{
	struct skep_str name = { seg.p + 1, seg.n - 1 };
	int rc = 0;

	if (seg.n > 0 && (seg.p[0] == ':' || seg.p[0] == '*')) {
		rc = take_name(y, e, name);
		if (rc == 0 && seg.p[0] == '*' && !last)
			rc = refuse(y, "*%.*s is not the last segment",
			    SKEP_PR(name));
		if (rc < 0)
			return rc;
		*n = wild_get(seg.p[0] == ':' ? &(*n)->param : &(*n)->rest);
	} else {
		if (!is_literal(seg))
			return refuse(y, "\"%.*s\" is no literal segment",
			    SKEP_PR(seg));
		*n = kid_get(*n, seg);
	}
	return *n == NULL ? -ENOMEM : 0;
}

static int
add_one(struct route_table *t, struct plugin *pl, const struct why *y)
{
	struct node *n = &t->root;
	struct entry e = { y->route, pl, y->plugin, { { 0 } }, 0 }, *place;
	struct end *end;
	const char *p, *q;
	int rc, method;
	uint32_t i;

	if ((rc = check_route(y)) < 0)
		return rc;
	if ((method = method_number(t, y->route->method)) < 0)
		return refuse(y, "too many different methods");
	for (p = y->route->path; p != NULL; p = q) {
		q = strchr(++p, '/');
		rc = step(y, &e, &n,
		    skep_strn(p, q != NULL ? (size_t)(q - p) : strlen(p)),
		    q == NULL);
		if (rc < 0)
			return rc;
	}
	for (i = 0; i < n->n_ends; i++)
		if (n->ends[i].method == (uint32_t)method)
			return refuse(y, "is the same as %s of plugin %s",
			    t->entries[n->ends[i].route].route->path,
			    t->entries[n->ends[i].route].plugin_name);
	place = grow((void **)&t->entries, &t->n_entries, sizeof *t->entries);
	if (place == NULL)
		return -ENOMEM;
	*place = e;
	end = grow((void **)&n->ends, &n->n_ends, sizeof *n->ends);
	if (end == NULL)
		return -ENOMEM;
	end->method = (uint32_t)method;
	end->route = t->n_entries - 1;
	return 0;
}

/* Only a row of nothing but zeroes ends a table: less may be a mistake. */
static int
is_end(const struct skep_route *r)
{
	return r->method == NULL && r->path == NULL && r->fn == NULL &&
	    r->timeout == 0;
}

int
route_table_add(struct route_table *t, struct plugin *pl, const char *name,
    const struct skep_route *routes, char *err, size_t err_len)
{
	struct why y = { err, err_len, name, routes, 0 };
	int rc;

	for (; !is_end(y.route); y.route++, y.row++) {
		rc = add_one(t, pl, &y);
		if (rc == -ENOMEM)
			(void)refuse(&y, "no memory");
		if (rc < 0)
			return rc;
	}
	return 0;
}

unsigned
route_table_count(const struct route_table *t)
{
	return t->n_entries;
}

const struct skep_route *
route_table_at(const struct route_table *t, unsigned i)
{
	return i < t->n_entries ? t->entries[i].route : NULL;
}

const char *
route_table_plugin(const struct route_table *t, unsigned i)
{
	return i < t->n_entries ? t->entries[i].plugin_name : NULL;
}

/* --- finding --- */

struct search {
	const struct route_table *t;
	struct arena *arena;
	const char *end;		/* of the path */
	struct route_match *m;
	uint32_t method;		/* METHODS_MAX: not in the table */
	uint32_t other;			/* that does as well: GET for HEAD */
	uint32_t seen;			/* methods of nodes that the path leads to */
	int escaped;			/* the path has escapes */
	int nomem;
};

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Every % has two digits behind it, and none makes a NUL. */
static int
escapes_ok(struct skep_str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] != '%')
			continue;
		if (s.n - i < 3 || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0 ||
		    (s.p[i + 1] == '0' && s.p[i + 2] == '0'))
			return 0;
		i += 2;
	}
	return 1;
}

/* Decoded into the arena if it has escapes; they have been checked. */
static struct skep_str
decode(struct search *s, struct skep_str in)
{
	struct skep_str out = { NULL, 0 };
	size_t i;
	char *p;

	if (!s->escaped || memchr(in.p, '%', in.n) == NULL)
		return in;
	if ((p = arena_take(s->arena, in.n)) == NULL) {
		s->nomem = 1;
		return out;
	}
	out.p = p;
	for (i = 0; i < in.n; i++) {
		if (in.p[i] == '%') {
			p[out.n++] = (char)(hex(in.p[i + 1]) << 4 |
			    hex(in.p[i + 2]));
			i += 2;
		} else {
			p[out.n++] = in.p[i];
		}
	}
	return out;
}

/* The path ends at n: is there a route for the method? */
static int
arrive(struct search *s, const struct node *n)
{
	const struct end *head = NULL, *e;

	for (e = n->ends; e < n->ends + n->n_ends; e++) {
		s->seen |= UINT32_C(1) << e->method;
		if (e->method == s->method) {
			s->m->index = e->route;
			return 1;
		}
		if (e->method == s->other)
			head = e;
	}
	if (head == NULL)
		return 0;
	s->m->index = head->route;
	return 1;
}

/* From n with the rest of the path at p; NULL: nothing is left of it. */
static int
walk(struct search *s, const struct node *n, const char *p)
{
	const char *q, *next;
	struct skep_str seg;
	struct node *kid = NULL;
	int found;
	uint32_t at;

	if (p == NULL)
		return arrive(s, n);
	q = memchr(p, '/', (size_t)(s->end - p));
	next = q != NULL ? q + 1 : NULL;
	seg = skep_strn(p, (size_t)((q != NULL ? q : s->end) - p));
	if (n->n_kids > 0) {
		struct skep_str lit = decode(s, seg);

		if (lit.p == NULL)
			return 0;
		at = kid_place(n, lit, &found);
		kid = found ? n->kids[at] : NULL;
	}
	if (kid != NULL && walk(s, kid, next))
		return 1;
	if (n->param != NULL && seg.n > 0) {
		s->m->params[s->m->n_params++].value = seg;
		if (walk(s, n->param, next))
			return 1;
		s->m->n_params--;
	}
	if (n->rest != NULL && p < s->end) {
		s->m->params[s->m->n_params++].value =
		    skep_strn(p, (size_t)(s->end - p));
		if (arrive(s, n->rest))
			return 1;
		s->m->n_params--;
	}
	return 0;
}

/* HEAD goes with GET, and OPTIONS is answered everywhere. */
static enum route_verdict
allow_list(struct search *s)
{
	const struct route_table *t = s->t;
	int head = 0, options = 0;
	size_t n = sizeof "HEAD, OPTIONS";
	uint32_t i;
	char *p;

	for (i = 0; i < t->n_methods; i++)
		n += t->methods[i].n + 2;
	if ((p = arena_take(s->arena, n)) == NULL)
		return ROUTE_NOMEM;
	s->m->allow.p = p;
	for (i = 0; i < t->n_methods; i++) {
		if (!(s->seen & UINT32_C(1) << i))
			continue;
		p += sprintf(p, "%.*s, ", SKEP_PR(t->methods[i]));
		head |= skep_str_eq(t->methods[i], "HEAD");
		options |= skep_str_eq(t->methods[i], "OPTIONS");
		if (i == t->get)
			head |= 2;
	}
	if (head == 2)
		p += sprintf(p, "HEAD, ");
	if (!options)
		p += sprintf(p, "OPTIONS, ");
	s->m->allow.n = (size_t)(p - s->m->allow.p) - 2;
	return ROUTE_METHOD;
}

static uint32_t
method_find(const struct route_table *t, struct skep_str m)
{
	uint32_t i;

	for (i = 0; i < t->n_methods; i++)
		if (t->methods[i].n == m.n &&
		    memcmp(t->methods[i].p, m.p, m.n) == 0)
			return i;
	return METHODS_MAX;
}

enum route_verdict
route_find(const struct route_table *t, struct skep_str method,
    struct skep_str path, struct arena *arena, struct route_match *m)
{
	struct search s = { .t = t, .arena = arena, .end = path.p + path.n,
		.m = m, .other = METHODS_MAX };
	const struct entry *e;
	uint32_t i;

	m->n_params = 0;
	m->route = NULL;
	m->allow = skep_strn(NULL, 0);
	if (path.n == 0 || path.p[0] != '/')
		return ROUTE_NONE;
	s.escaped = memchr(path.p, '%', path.n) != NULL;
	if (s.escaped && !escapes_ok(path))
		return ROUTE_BAD;
	s.method = method_find(t, method);
	if (method.n == 4 && memcmp(method.p, "HEAD", 4) == 0)
		s.other = t->get;
	if (!walk(&s, &t->root, path.p + 1)) {
		if (s.nomem)
			return ROUTE_NOMEM;
		return s.seen != 0 ? allow_list(&s) : ROUTE_NONE;
	}
	e = &t->entries[m->index];
	m->route = e->route;
	m->plugin = e->plugin;
	for (i = 0; i < m->n_params; i++) {
		m->params[i].name = e->names[i];
		m->params[i].value = decode(&s, m->params[i].value);
	}
	return s.nomem ? ROUTE_NOMEM : ROUTE_FOUND;
}
