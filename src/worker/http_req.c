/* http_req.c - from the head of a request to its handler. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http_char.h"
#include "http_conn.h"

#define REQS_KEEP 256u /* idle ones kept; each is about 3 KiB */

struct http_req *
http_req_new(struct http_conn *c)
{
	struct http *h = c->http;
	struct http_req *r = h->idle_reqs;

	if (r != NULL) {
		h->idle_reqs = r->next;
		h->n_idle_reqs--;
	} else {
		r = malloc(sizeof(*r) +
		    h->limits.fields_max * sizeof(r->fields[0]));
		if (r == NULL)
			return NULL;
	}
	memset(r, 0, offsetof(struct http_req, head));
	r->c = c;
	r->match.route = NULL;
	r->n_pairs = -1;
	r->lines_end = NULL;
	r->start_ns = loop_now(&h->w->loop);
	http_head_init(&r->head, &h->limits, r->fields);
	return r;
}

void
http_req_free(struct http_req *r)
{
	struct http_conn *c = r->c;
	struct http *h = c->http;

	if (r->t != NULL)
		task_end(r->t);
	http_body_fini(r);
	http_buf_drop(&h->bufs, &r->held);
	c->req = NULL;
	c->pin = 0;
	/* Limits of this request; the next one has its own. */
	if (c->lane == &h->header || c->lane == &h->body)
		http_conn_limit(c, NULL);
	if (h->n_idle_reqs >= REQS_KEEP) {
		free(r);
		return;
	}
	r->next = h->idle_reqs;
	h->idle_reqs = r;
	h->n_idle_reqs++;
}

struct skep_str
http_req_str(const struct http_req *r, struct http_span s)
{
	return skep_strn(r->base + s.off, s.n);
}

/* A client's id is used if it can do no harm in logs and headers. */
static int
id_is_ok(struct skep_str id)
{
	size_t i;

	if (id.n == 0 || id.n > HTTP_ID_MAX)
		return 0;
	for (i = 0; i < id.n; i++)
		if (!http_char_is((uint8_t)id.p[i], HTTP_CHAR_ID))
			return 0;
	return 1;
}

struct skep_str
http_req_id(struct http_req *r)
{
	struct skep_str id;

	if (r->id_n > 0)
		return skep_strn(r->id, r->id_n);
	if (r->head.flags & HTTP_HAS_REQUEST_ID) {
		id = http_req_str(r, r->head.request_id);
		if (id_is_ok(id)) {
			memcpy(r->id, id.p, id.n);
			r->id_n = (uint8_t)id.n;
			return skep_strn(r->id, r->id_n);
		}
	}
	ids_take(&r->c->http->ids, r->id);
	r->id_n = IDS_LEN;
	return skep_strn(r->id, r->id_n);
}

static void
name_it(struct skep_task *t)
{
	struct skep_str id = http_req_id(t->owner);

	task_set_id(t, id.p, id.n);
}

static const struct sockaddr *
peer_of(struct skep_task *t, socklen_t *len_out)
{
	const struct http_conn *c = ((struct http_req *)t->owner)->c;

	*len_out = c->peer_len;
	return (const struct sockaddr *)&c->peer;
}

static void
done(struct skep_task *t, int rc)
{
	struct http_req *r = t->owner;
	struct http_conn *c = r->c;

	http_answer(r, rc);
	/* When the handler did not wait, who began it goes on itself. */
	http_conn_run(c);
}

/* The pieces that it has written must not wait with it. */
static void
waits(struct skep_task *t)
{
	struct http_conn *c = ((struct http_req *)t->owner)->c;

	if (http_buf_len(&c->out) > 0 && !c->blocked)
		(void)http_io_flush(c);
}

const struct task_kind http_task = { "http", done, name_it, waits,
	peer_of };

/* An answer without a handler. */
static void
answer_error(struct http_req *r, unsigned status, const char *text)
{
	static const char json[] = "application/json";

	r->reply.status = (uint16_t)status;
	r->reply.type = skep_strn(json, sizeof(json) - 1);
	r->content = skep_str(text);
	r->replied = 1;
	http_answer(r, 0);
}

/* OPTIONS of something that does not handle it itself. */
static void
answer_options(struct http_req *r, struct skep_str allow)
{
	r->reply.status = 204;
	r->reply.allow = allow;
	r->replied = 1;
	http_answer(r, 0);
}

static void
answer_unrouted(struct http_req *r, enum route_verdict verdict)
{
	unsigned method = r->head.method_id;

	if (verdict == ROUTE_METHOD && method == HTTP_OPTIONS) {
		answer_options(r, r->match.allow);
	} else if (verdict == ROUTE_BAD) {
		answer_error(r, 400,
		    "{\"error\": \"bad percent-escape in the path\"}\n");
	} else if (verdict == ROUTE_NOMEM) {
		answer_error(r, 503, "{\"error\": \"out of memory\"}\n");
	} else if (method == HTTP_OTHER) {
		answer_error(r, 501, "{\"error\": \"unknown method\"}\n");
	} else if (verdict == ROUTE_METHOD) {
		r->reply.allow = r->match.allow;
		answer_error(r, 405,
		    "{\"error\": \"this resource has no such method\"}\n");
	} else {
		answer_error(r, 404, "{\"error\": \"no such resource\"}\n");
	}
}

static void
run_handler(struct http_req *r)
{
	const struct skep_route *route = r->match.route;
	struct http *h = r->c->http;
	int64_t limit = route->timeout;

	r->t->plugin = r->match.plugin;
	r->t->what = route->path;
	if (limit <= 0)
		limit = h->request_timeout_ns;
	r->t->deadline_ns = loop_now(&h->w->loop) + limit;
	r->stage = HTTP_STAGE_RUN;
	if (task_start(r->t, route->fn) < 0)
		answer_error(r, 503, "{\"error\": \"out of memory\"}\n");
}

static struct skep_str
path_of(const struct http_req *r)
{
	if (r->head.path.n == 0)	/* http://host, http://host?query */
		return skep_strn("/", 1);
	return http_req_str(r, r->head.path);
}

void
http_req_run(struct http_req *r)
{
	struct http *h = r->c->http;
	enum route_verdict verdict;

	http_body_begin(r);
	if (r->head.method_id == HTTP_CONNECT) {
		http_answer_refusal(r, 501, "CONNECT is not supported");
		return;
	}
	r->t = task_new(&h->w->tasks, &http_task, r);
	if (r->t == NULL) {
		http_answer_refusal(r, 503, "out of memory");
		return;
	}
	r->lines_end = (struct http_line **)(uintptr_t)&r->reply.lines;
	if (r->head.method_id == HTTP_TRACE) {
		answer_error(r, 501, "{\"error\": \"TRACE is not supported\"}\n");
		return;
	}
	if (r->head.form == HTTP_ASTERISK) {
		answer_options(r, skep_str("GET, HEAD, POST, PUT, DELETE, "
					   "PATCH, OPTIONS"));
		return;
	}
	verdict = route_find(h->w->routes, http_req_str(r, r->head.method),
	    path_of(r), &r->t->arena, &r->match);
	if (verdict == ROUTE_FOUND) {
		run_handler(r);
	} else {
		r->match.route = NULL;
		answer_unrouted(r, verdict);
	}
}
