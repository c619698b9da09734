/* The calls of skep/http.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <skep/http.h>
#include <skep/task.h>

#include "http_char.h"
#include "http_conn.h"
#include "http_json.h"

#define NAME_MAX_ASKED 256 /* no header name that a handler asks for is longer */
#define ERROR_MAX      1024

static const struct skep_str absent = { NULL, 0 };

/* The request of a task; NULL for a task of another kind. */
static struct http_req *
req_of(struct skep_task *t)
{
	return t->kind == &http_task ? t->owner : NULL;
}

/* --- what was asked --- */

struct skep_str
skep_method(struct skep_task *t)
{
	struct http_req *r = req_of(t);

	return r == NULL ? absent : http_req_str(r, r->head.method);
}

struct skep_str
skep_path(struct skep_task *t)
{
	struct http_req *r = req_of(t);

	if (r == NULL)
		return absent;
	if (r->head.path.n == 0)
		return skep_strn("/", 1);
	return http_req_str(r, r->head.path);
}

struct skep_str
skep_route_path(struct skep_task *t)
{
	struct http_req *r = req_of(t);

	return r == NULL || r->match.route == NULL ? absent :
						     skep_str(r->match.route->path);
}

struct skep_str
skep_param(struct skep_task *t, const char *name)
{
	struct http_req *r = req_of(t);
	uint32_t i;

	if (r == NULL || r->match.route == NULL)
		return absent;
	for (i = 0; i < r->match.n_params; i++)
		if (skep_str_eq(r->match.params[i].name, name))
			return r->match.params[i].value;
	return absent;
}

/* The pairs of the query, decoded at the first call. */
static int
pairs_of(struct skep_task *t, struct http_pair **out)
{
	struct http_req *r = req_of(t);
	struct skep_str query;
	int n;

	*out = NULL;
	if (r == NULL)
		return 0;
	if (r->n_pairs < 0) {
		query = http_req_str(r, r->head.query);
		n = http_query_count(query);
		r->pairs = task_take(t, (size_t)n * sizeof(r->pairs[0]) + 1);
		if (r->pairs == NULL || http_query_split(query, r->pairs,
			task_take(t, query.n + 1)) < 0)
			return 0;	/* out of memory: sticky */
		r->n_pairs = n;
	}
	*out = r->pairs;
	return r->n_pairs;
}

struct skep_str
skep_query(struct skep_task *t, const char *name)
{
	struct http_pair *p;
	int n = pairs_of(t, &p), i;

	for (i = 0; i < n; i++)
		if (skep_str_eq(p[i].name, name))
			return p[i].value;
	return absent;
}

int
skep_query_count(struct skep_task *t, const char *name)
{
	struct http_pair *p;
	int n = pairs_of(t, &p), i, found = 0;

	for (i = 0; i < n; i++)
		found += skep_str_eq(p[i].name, name);
	return found;
}

int
skep_query_at(struct skep_task *t, int i, struct skep_str *name_out,
    struct skep_str *value_out)
{
	struct http_pair *p;
	int n = pairs_of(t, &p);

	if (i < 0 || i >= n)
		return 0;
	*name_out = p[i].name;
	*value_out = p[i].value;
	return 1;
}

/* Lines i and all later ones of that name, joined. */
static struct skep_str
header_join(struct skep_task *t, struct http_req *r, const char *name,
    uint32_t name_n, int first)
{
	struct http_head *h = &r->head;
	size_t n = 0;
	char *p, *q;
	int i;

	for (i = first; i >= 0;
	     i = http_head_find(h, r->base, name, name_n, (uint32_t)i + 1))
		n += h->fields[i].value.n + 2;
	p = q = task_take(t, n);
	if (p == NULL)
		return absent;
	for (i = first; i >= 0;
	     i = http_head_find(h, r->base, name, name_n, (uint32_t)i + 1)) {
		memcpy(q, r->base + h->fields[i].value.off,
		    h->fields[i].value.n);
		q += h->fields[i].value.n;
		memcpy(q, ", ", 2);
		q += 2;
	}
	return skep_strn(p, n - 2);
}

struct skep_str
skep_header(struct skep_task *t, const char *name)
{
	struct http_req *r = req_of(t);
	char lower[NAME_MAX_ASKED];
	uint32_t n = 0;
	int i;

	if (r == NULL)
		return absent;
	for (; name[n] != '\0'; n++) {
		if (n == sizeof(lower))
			return absent;
		lower[n] = http_char_lower(name[n]);
	}
	i = http_head_find(&r->head, r->base, lower, n, 0);
	if (i < 0)
		return absent;
	if (http_head_find(&r->head, r->base, lower, n, (uint32_t)i + 1) < 0)
		return http_req_str(r, r->head.fields[i].value);
	return header_join(t, r, lower, n, i);
}

struct skep_str
skep_body(struct skep_task *t)
{
	struct http_req *r = req_of(t);

	if (r == NULL || task_error(t))
		return absent;
	return http_body_get(r);
}

/* --- the answer --- */

/* The request if its answer can still be changed: 0, -errno. */
static int
open_answer(struct skep_task *t, struct http_req **r_out)
{
	int rc = task_error(t);

	if (rc < 0)
		return rc;
	*r_out = req_of(t);
	if (*r_out == NULL)
		return -EINVAL;
	return (*r_out)->replied || (*r_out)->begun ? -EALREADY : 0;
}

int
skep_reply_header(struct skep_task *t, const char *name, struct skep_str value)
{
	struct skep_str n = skep_str(name);
	struct http_line *line;
	struct http_req *r;
	int rc = open_answer(t, &r), is_tag;

	if (rc < 0)
		return rc;
	if (!http_reply_field_ok(n, value))
		return -EINVAL;
	is_tag = n.n == 4 && http_char_same(name, "etag", 4);
	if (is_tag && (r->want_etag || r->own_etag))
		return -EALREADY;
	line = task_take(t, sizeof(*line) + n.n + value.n + 4);
	if (line == NULL)
		return -ENOMEM;
	line->next = NULL;
	line->n = (uint32_t)(n.n + value.n + 4);
	memcpy(line->text, n.p, n.n);
	memcpy(line->text + n.n, ": ", 2);
	if (value.n > 0)
		memcpy(line->text + n.n + 2, value.p, value.n);
	memcpy(line->text + n.n + 2 + value.n, "\r\n", 2);
	*r->lines_end = line;
	r->lines_end = &line->next;
	if (is_tag)
		r->own_etag = 1;
	return 0;
}

int
skep_reply_etag(struct skep_task *t)
{
	struct http_req *r;
	int rc = open_answer(t, &r);

	if (rc < 0)
		return rc;
	if (r->own_etag)
		return -EALREADY;
	r->want_etag = 1;
	return 0;
}

/* Status and type of an answer that begins: 0, -EINVAL. */
static int
set_answer(struct http_req *r, int status, const char *type)
{
	struct skep_str s = skep_str(type);

	if (status < 200 || status > 599)
		return -EINVAL;
	if (s.n > 0 && http_char_value_end(s.p, s.p + s.n) != s.p + s.n)
		return -EINVAL;
	r->reply.status = (uint16_t)status;
	r->reply.type = s;
	return 0;
}

int
skep_reply(struct skep_task *t, int status, const char *type,
    struct skep_str body)
{
	struct http_req *r;
	int rc = open_answer(t, &r);

	if (rc == 0)
		rc = set_answer(r, status, type);
	if (rc < 0)
		return rc;
	/* The head is made when the handler's stack is gone. */
	if (r->reply.type.n > 0)
		r->reply.type = skep_copy(t, r->reply.type);
	if (task_error(t))
		return -ENOMEM;
	r->content = body;
	r->replied = 1;
	return 0;
}

int
skep_reply_error(struct skep_task *t, int status, const char *fmt, ...)
{
	char text[ERROR_MAX], *json;
	struct skep_str body;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return -EINVAL;
	if (n >= (int)sizeof(text))
		n = (int)sizeof(text) - 1;
	json = task_take(t, HTTP_JSON_ROOM(n));
	if (json == NULL)
		return -ENOMEM;
	body = skep_strn(json, http_json_error(json, text, (size_t)n));
	return skep_reply(t, status, "application/json", body);
}

int
skep_reply_begin(struct skep_task *t, int status, const char *type)
{
	struct http_req *r;
	int rc = open_answer(t, &r);

	if (rc == 0 && r->want_etag)
		rc = -EINVAL;	/* it would have to know the content */
	if (rc == 0)
		rc = set_answer(r, status, type);
	return rc < 0 ? rc : http_piece_begin(r);
}

/* The request if it is between begin and end: 0, -errno. */
static int
begun_answer(struct skep_task *t, struct http_req **r_out)
{
	int rc = task_error(t);

	if (rc < 0)
		return rc;
	*r_out = req_of(t);
	if (*r_out == NULL || !(*r_out)->begun || (*r_out)->ended)
		return -EINVAL;
	return t->canceled || (*r_out)->c->state == HTTP_GONE ? -ECANCELED : 0;
}

int
skep_reply_write(struct skep_task *t, struct skep_str piece)
{
	struct http_req *r;
	int rc = begun_answer(t, &r);

	return rc < 0 ? rc : http_piece_write(r, piece);
}

int
skep_reply_end(struct skep_task *t)
{
	struct http_req *r;
	int rc = begun_answer(t, &r);

	return rc < 0 ? rc : http_piece_end(r);
}
