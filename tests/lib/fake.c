#include "fake.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct skep_app {
	struct fake fake;	/* the first member: the two are one */
};

struct piece {
	struct piece *next;
	_Alignas(max_align_t) char bytes[];
};

struct pair {
	struct skep_str name, value;
};

struct skep_task {
	struct fake *fake;
	struct fake_answer *answer;
	struct piece *memory;
	struct skep_str method, path, body;
	const struct skep_route *route;
	struct pair param[FAKE_TABLE], query[FAKE_TABLE];
	int n_param, n_query;
	struct {
		void (*fn)(void *);
		void *arg;
	} defer[FAKE_TABLE];
	int n_defer;
};

static void
need(int yes, const char *what)
{
	if (!yes) {
		fprintf(stderr, "fake: %s\n", what);
		abort();
	}
}

static struct skep_app *
app(struct fake *f)
{
	return (struct skep_app *)(void *)f;
}

void
fake_start(struct fake *f, const struct skep_plugin *plugin, const char *dir)
{
	memset(f, 0, sizeof(*f));
	f->plugin = plugin;
	f->state_dir = dir;
}

void
fake_option(struct fake *f, const char *name, const char *value)
{
	int i;

	for (i = 0; i < FAKE_TABLE && f->option[i].name != NULL; i++)
		if (strcmp(f->option[i].name, name) == 0)
			break;
	need(i < FAKE_TABLE, "too many options");
	f->option[i].name = name;
	f->option[i].value = value;
}

int
fake_warm(struct fake *f)
{
	return f->plugin->warm == NULL ? 0 : f->plugin->warm(app(f));
}

int
fake_open(struct fake *f)
{
	return f->plugin->open == NULL ? 0 : f->plugin->open(app(f));
}

void
fake_close(struct fake *f)
{
	if (f->plugin->close != NULL)
		f->plugin->close(app(f));
}

void
fake_stop(struct fake *f)
{
	size_t i;

	for (i = 0; i < f->n_cache; i++) {
		free(f->cache[i].key);
		free(f->cache[i].value);
	}
	free(f->cache);
	f->cache = NULL;
	f->n_cache = 0;
}

/* Options. */

static const char *
option(struct fake *f, const char *name, enum skep_option_type *type)
{
	const struct skep_option *o;
	int i;

	for (o = f->plugin->options; o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			break;
	need(o != NULL && o->name != NULL, "an option that is not declared");
	*type = o->type;
	for (i = 0; i < FAKE_TABLE && f->option[i].name != NULL; i++)
		if (strcmp(f->option[i].name, name) == 0)
			return f->option[i].value;
	return o->fallback;
}

static int64_t
option_int(struct fake *f, const char *name)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = { { "ms", SKEP_MILLISECOND }, { "s", SKEP_SECOND },
		{ "m", SKEP_MINUTE }, { "h", SKEP_HOUR },
		{ "d", 24 * SKEP_HOUR } };
	enum skep_option_type type;
	const char *text = option(f, name, &type);
	size_t i;
	char *end;
	int64_t n = strtoll(text, &end, 10);

	if (type == SKEP_OPT_INT)
		return n;
	need(type == SKEP_OPT_DURATION, "an option of another type");
	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(end, units[i].unit) == 0)
			return n * units[i].ns;
	need(n == 0, "a duration without a unit");
	return 0;
}

struct skep_str
skep_app_option(struct skep_app *a, const char *name)
{
	enum skep_option_type type;

	return skep_str(option(&a->fake, name, &type));
}

int64_t
skep_app_option_int(struct skep_app *a, const char *name)
{
	return option_int(&a->fake, name);
}

int64_t
skep_option_int(struct skep_task *t, const char *name)
{
	return option_int(t->fake, name);
}

void
skep_app_set_data(struct skep_app *a, void *data)
{
	a->fake.data = data;
}

void *
skep_app_data(struct skep_app *a)
{
	return a->fake.data;
}

void *
skep_data(struct skep_task *t)
{
	return t->fake->data;
}

struct skep_str
skep_app_state_dir(struct skep_app *a)
{
	return skep_str(a->fake.state_dir);
}

void
skep_app_log(struct skep_app *a, enum skep_level level, const char *fmt, ...)
{
	size_t n = strlen(a->fake.log);
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	(void)vsnprintf(a->fake.log + n, sizeof(a->fake.log) - n, fmt, ap);
	va_end(ap);
	n = strlen(a->fake.log);
	if (n + 1 < sizeof(a->fake.log))
		strcpy(a->fake.log + n, "\n");
}

void
skep_app_fail(struct skep_app *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(a->fake.fail, sizeof(a->fake.fail), fmt, ap);
	va_end(ap);
}

void
skep_log(struct skep_task *t, enum skep_level level, const char *fmt, ...)
{
	(void)t;
	(void)level;
	(void)fmt;
}

/* Task memory. */

void *
skep_alloc(struct skep_task *t, size_t n)
{
	struct piece *p = calloc(1, sizeof(*p) + n);

	need(p != NULL, "no memory");
	p->next = t->memory;
	t->memory = p;
	return p->bytes;
}

struct skep_str
skep_copy(struct skep_task *t, struct skep_str s)
{
	char *p = skep_alloc(t, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return skep_strn(p, s.n);
}

int
skep_defer(struct skep_task *t, void (*fn)(void *), void *arg)
{
	need(t->n_defer < FAKE_TABLE, "too many defers");
	t->defer[t->n_defer].fn = fn;
	t->defer[t->n_defer++].arg = arg;
	return 0;
}

/* The request. */

static struct skep_str
pair_find(const struct pair *pair, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (skep_str_eq(pair[i].name, name))
			return pair[i].value;
	return skep_str(NULL);
}

struct skep_str
skep_param(struct skep_task *t, const char *name)
{
	return pair_find(t->param, t->n_param, name);
}

struct skep_str
skep_query(struct skep_task *t, const char *name)
{
	return pair_find(t->query, t->n_query, name);
}

int
skep_query_count(struct skep_task *t, const char *name)
{
	int i, n = 0;

	for (i = 0; i < t->n_query; i++)
		n += skep_str_eq(t->query[i].name, name);
	return n;
}

int
skep_query_at(struct skep_task *t, int i, struct skep_str *name_out,
    struct skep_str *value_out)
{
	if (i >= t->n_query)
		return 0;
	*name_out = t->query[i].name;
	*value_out = t->query[i].value;
	return 1;
}

struct skep_str
skep_body(struct skep_task *t)
{
	return t->body;
}

/* The answer. */

int
skep_reply_header(struct skep_task *t, const char *name, struct skep_str value)
{
	if (strcmp(name, "X-Cache") == 0)
		(void)snprintf(t->answer->x_cache, sizeof(t->answer->x_cache),
		    "%.*s", SKEP_PR(value));
	return 0;
}

int
skep_reply_etag(struct skep_task *t)
{
	t->answer->etag = 1;
	return 0;
}

int
skep_reply(struct skep_task *t, int status, const char *type,
    struct skep_str body)
{
	struct fake_answer *a = t->answer;

	if (a->status != 0)
		return -EALREADY;
	a->status = status;
	(void)snprintf(a->type, sizeof(a->type), "%s", type);
	a->body = malloc(body.n + 1);
	need(a->body != NULL, "no memory");
	memcpy(a->body, body.p, body.n);
	a->body[body.n] = '\0';
	a->n = body.n;
	return 0;
}

/* What the tests' messages need of JSON: quotes and backslashes. */
int
skep_reply_error(struct skep_task *t, int status, const char *fmt, ...)
{
	char text[500], body[1100];
	size_t i, n;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strcpy(body, "{\"error\":\"");
	n = strlen(body);
	for (i = 0; text[i] != '\0'; i++) {
		if (text[i] == '"' || text[i] == '\\')
			body[n++] = '\\';
		body[n++] = text[i];
	}
	strcpy(body + n, "\"}");
	return skep_reply(t, status, "application/json", skep_str(body));
}

/* The cache: nothing expires while a test runs. */

static size_t
cache_find(struct fake *f, struct skep_str key)
{
	size_t i;

	for (i = 0; i < f->n_cache; i++)
		if (f->cache[i].key_n == key.n &&
		    memcmp(f->cache[i].key, key.p, key.n) == 0)
			break;
	return i;
}

int
skep_cache_get(struct skep_task *t, struct skep_str key, struct skep_str *out)
{
	size_t i = cache_find(t->fake, key);

	need(key.n >= 1 && key.n <= 250, "a key of the wrong length");
	if (i == t->fake->n_cache)
		return 0;
	*out = skep_copy(t, skep_strn(t->fake->cache[i].value,
	    t->fake->cache[i].value_n));
	return 1;
}

static char *
clone(struct skep_str s)
{
	char *p = malloc(s.n + 1);

	need(p != NULL, "no memory");
	memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

int
skep_cache_put(struct skep_task *t, struct skep_str key,
    const struct skep_keep *keep, struct skep_str val)
{
	struct fake *f = t->fake;
	size_t i = cache_find(f, key);

	if (i < f->n_cache) {
		free(f->cache[i].value);
	} else {
		f->cache = realloc(f->cache, (i + 1) * sizeof(*f->cache));
		need(f->cache != NULL, "no memory");
		f->n_cache++;
		f->cache[i].key = clone(key);
		f->cache[i].key_n = key.n;
	}
	f->cache[i].value = clone(val);
	f->cache[i].value_n = val.n;
	f->cache[i].ttl = keep == NULL ? 0 : keep->ttl;
	return 0;
}

/* Nobody else is at it here. */
int
skep_cache_fill(struct skep_task *t, struct skep_str key,
    const struct skep_keep *keep, skep_fill_fn *load, struct skep_str arg,
    struct skep_str *out)
{
	int rc = skep_cache_get(t, key, out);

	if (rc != 0)
		return rc;
	rc = load(t, arg, out);
	if (rc < 0)
		return rc;
	(void)skep_cache_put(t, key, keep, *out);
	return 0;
}

/* Taking a request apart. */

static int
hex(char c)
{
	const char *all = "0123456789abcdef", *p;

	p = c == '\0' ? NULL : strchr(all, tolower((unsigned char)c));
	return p == NULL ? -1 : (int)(p - all);
}

/* Percent-decoded; 0, -EINVAL for a bad escape or a NUL. */
static int
decode(struct skep_task *t, struct skep_str s, struct skep_str *out)
{
	char *p = skep_alloc(t, s.n + 1);
	size_t i, n = 0;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] != '%') {
			p[n++] = s.p[i];
			continue;
		}
		if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 ||
		    hex(s.p[i + 2]) < 0)
			return -EINVAL;
		p[n] = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
		if (p[n++] == '\0')
			return -EINVAL;
		i += 2;
	}
	*out = skep_strn(p, n);
	return 0;
}

static int
query_read(struct skep_task *t, const char *p)
{
	struct skep_str piece, value;
	const char *equals;
	struct pair *pair;

	for (; *p != '\0'; p += piece.n + (p[piece.n] == '&')) {
		piece = skep_strn(p, strcspn(p, "&"));
		equals = memchr(piece.p, '=', piece.n);
		value = skep_str("");
		need(t->n_query < FAKE_TABLE, "too many parameters");
		pair = &t->query[t->n_query++];
		if (equals != NULL) {
			value = skep_strn(equals + 1, (size_t)(piece.p +
			    piece.n - equals - 1));
			if (decode(t, skep_strn(p, (size_t)(equals - p)),
				&pair->name) < 0)
				return -EINVAL;
		} else if (decode(t, piece, &pair->name) < 0)
			return -EINVAL;
		if (decode(t, value, &pair->value) < 0)
			return -EINVAL;
	}
	return 0;
}

static int
route_match(struct skep_task *t, const char *pattern, struct skep_str path)
{
	const char *p = path.p, *end = path.p + path.n;
	size_t a, b;

	t->n_param = 0;
	while (*pattern == '/' && p < end && *p == '/') {
		a = strcspn(++pattern, "/");
		for (p++, b = 0; p + b < end && p[b] != '/'; b++)
			;
		if (*pattern == ':') {
			t->param[t->n_param].name =
			    skep_strn(pattern + 1, a - 1);
			if (decode(t, skep_strn(p, b),
				&t->param[t->n_param++].value) < 0)
				return -EINVAL;
		} else if (a != b || memcmp(pattern, p, a) != 0)
			return 0;
		pattern += a;
		p += b;
	}
	return *pattern == '\0' && p == end;
}

static int
handle(struct skep_task *t, const char *method, const char *target)
{
	struct skep_str path = skep_strn(target, strcspn(target, "?"));
	const struct skep_route *r;
	int rc;

	if (target[path.n] == '?' &&
	    query_read(t, target + path.n + 1) < 0)
		return skep_reply_error(t, 400, "bad escape");
	for (r = t->fake->plugin->routes; r->path != NULL; r++) {
		rc = route_match(t, r->path, path);
		if (rc < 0)
			return skep_reply_error(t, 400, "bad escape");
		if (rc == 1 && strcmp(r->method, method) == 0)
			return r->fn(t);
	}
	return skep_reply_error(t, 404, "no such route");
}

void
fake_ask(struct fake *f, const char *method, const char *target,
    const char *body, struct fake_answer *a)
{
	struct skep_task *t = calloc(1, sizeof(*t));
	struct piece *p;

	need(t != NULL, "no memory");
	memset(a, 0, sizeof(*a));
	t->fake = f;
	t->answer = a;
	t->body = body == NULL ? skep_str("") : skep_str(body);
	a->rc = handle(t, method, target);
	while (t->n_defer-- > 0)
		t->defer[t->n_defer].fn(t->defer[t->n_defer].arg);
	while ((p = t->memory) != NULL) {
		t->memory = p->next;
		free(p);
	}
	free(t);
}

void
fake_answer_fini(struct fake_answer *a)
{
	free(a->body);
	a->body = NULL;
}
