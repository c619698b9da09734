#include "admin.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fdio.h"
#include "fds.h"
#include "figures.h"
#include "health.h"
#include "jsonw.h"
#include "log.h"
#include "must.h"

struct admin {
	struct keeper *keeper;
	struct evhttp *http;
	struct evconnlistener *listener[FD_LISTEN_MAX];
	unsigned n_listener;
	/* One of each open connection; we hold a reference beside evhttp's. */
	struct bufferevent **conn;
	unsigned n_conn, conn_max;
};

#define HEADER_MAX 16384
#define BODY_MAX   1024	/* nothing here takes one */

static void
reply(struct evhttp_request *req, int status, const char *type,
    struct buf *body)
{
	struct evkeyvalq *h = evhttp_request_get_output_headers(req);
	struct evbuffer *out = evhttp_request_get_output_buffer(req);
	char len[32];

	if (!buf_ok(body)) {
		evhttp_send_error(req, 500, NULL);
		return;
	}
	/* evhttp leaves the length out of answers to HEAD. */
	(void)snprintf(len, sizeof(len), "%zu", buf_len(body));
	(void)evhttp_add_header(h, "Content-Length", len);
	(void)evhttp_add_header(h, "Content-Type", type);
	(void)evhttp_add_header(h, "Cache-Control", "no-store");
	(void)evhttp_add_header(h, "X-Content-Type-Options", "nosniff");
	if (evhttp_request_get_command(req) != EVHTTP_REQ_HEAD)
		(void)evbuffer_add(out, buf_head(body), buf_len(body));
	evhttp_send_reply(req, status, NULL, NULL);
}

static void
reply_error(struct evhttp_request *req, int status, const char *text)
{
	struct buf body = BUF_INIT;
	struct jsonw w = JSONW(&body);

	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "error", text);
	jsonw_close(&w, '}');
	(void)buf_addc(&body, '\n');
	reply(req, status, "application/json", &body);
	buf_fini(&body);
}

static struct health_input
look(const struct keeper *k)
{
	struct health_input in = { .status = k->status };
	int64_t now = clock_mono_ns();

	in.status_age_ns = now - k->status_ns;
	in.condemned = region_condemned(k->region);
	in.maint_idle_ns = figures_maint_idle_ns(k->region);
	return in;
}

static int
healthz(struct keeper *k, struct buf *out)
{
	(void)k;
	(void)buf_addz(out, "{\"status\":\"ok\"}");
	return 200;
}

static int
readyz(struct keeper *k, struct buf *out)
{
	struct health_input in = look(k);

	return health_ready(&in, out) ? 200 : 503;
}

static int
monitoring(struct keeper *k, struct buf *out)
{
	struct health_input in = look(k);

	/* The figure is in the body: who asks wants to read it in any case. */
	(void)health_report(&in, out);
	return 200;
}

static int
metrics(struct keeper *k, struct buf *out)
{
	figures_prom(k, out);
	return 200;
}

static const struct {
	const char *path;
	int (*fn)(struct keeper *, struct buf *out);
	const char *type;
} pages[] = {
	{ "/healthz", healthz, "application/json" },
	{ "/readyz", readyz, "application/json" },
	{ "/api/monitoring/health", monitoring, "application/json" },
	{ "/metrics", metrics, "text/plain; version=0.0.4; charset=utf-8" },
};

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct admin *a = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);
	enum evhttp_cmd_type cmd = evhttp_request_get_command(req);
	struct buf body = BUF_INIT;
	size_t i;
	int status;

	for (i = 0; path != NULL && i < sizeof(pages) / sizeof(*pages); i++)
		if (strcmp(path, pages[i].path) == 0)
			break;
	if (path == NULL || i == sizeof(pages) / sizeof(*pages)) {
		reply_error(req, 404, "there is no such page");
		return;
	}
	if (cmd != EVHTTP_REQ_GET && cmd != EVHTTP_REQ_HEAD) {
		(void)evhttp_add_header(evhttp_request_get_output_headers(req),
		    "Allow", "GET, HEAD");
		reply_error(req, 405, "only GET and HEAD");
		return;
	}
	status = pages[i].fn(a->keeper, &body);
	if (strcmp(pages[i].type, "application/json") == 0)
		(void)buf_addc(&body, '\n');
	reply(req, status, pages[i].type, &body);
	buf_fini(&body);
}

/* --- how many connections --- */

static void
listen_while_room(struct admin *a)
{
	unsigned i;

	for (i = 0; i < a->n_listener; i++)
		(void)(a->n_conn < a->conn_max ?
			evconnlistener_enable(a->listener[i]) :
			evconnlistener_disable(a->listener[i]));
}

/* evhttp has accepted a connection and asks for what it will use. */
static struct bufferevent *
on_connection(struct event_base *base, void *arg)
{
	struct admin *a = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);

	if (bev == NULL)
		return NULL;
	must(a->n_conn < a->conn_max); /* or nobody listens */
	bufferevent_incref(bev);
	a->conn[a->n_conn++] = bev;
	listen_while_room(a);
	return bev;
}

/* evhttp tells nobody when it lets go of one, but takes its callbacks off. */
static int
is_over(struct bufferevent *bev)
{
	bufferevent_data_cb on_read, on_write;
	bufferevent_event_cb on_event;
	void *arg;

	bufferevent_getcb(bev, &on_read, &on_write, &on_event, &arg);
	return on_read == NULL && on_write == NULL && on_event == NULL;
}

void
admin_tick(struct admin *a)
{
	unsigned i = 0;

	while (i < a->n_conn) {
		if (!is_over(a->conn[i])) {
			i++;
			continue;
		}
		(void)bufferevent_decref(a->conn[i]);
		a->conn[i] = a->conn[--a->n_conn];
	}
	listen_while_room(a);
}

/* --- its life --- */

static int
listen_on(struct admin *a, int fd)
{
	struct evhttp_bound_socket *s;
	int rc;

	/* Not passed on, and never waited for in accept(). */
	(void)fdio_set_cloexec(fd, 1);
	rc = fdio_set_nonblock(fd, 1);
	if (rc < 0)
		return rc;
	s = evhttp_accept_socket_with_handle(a->http, fd);
	if (s == NULL)
		return -EINVAL;
	a->listener[a->n_listener++] = evhttp_bound_socket_get_listener(s);
	return 0;
}

int
admin_open(struct keeper *k, unsigned n, struct admin **out)
{
	struct admin *a;
	unsigned i;
	int rc = 0;

	if (n > FD_LISTEN_MAX)
		return -EINVAL;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->keeper = k;
	a->conn_max = (unsigned)conf_num(k->conf, OPT_admin_connections_max);
	a->conn = calloc(a->conn_max, sizeof(struct bufferevent *));
	a->http = evhttp_new(k->base);
	if (a->conn == NULL || a->http == NULL) {
		admin_close(&a);
		return -ENOMEM;
	}
	evhttp_set_allowed_methods(a->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
	    EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
	    EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_max_headers_size(a->http, HEADER_MAX);
	evhttp_set_max_body_size(a->http, BODY_MAX);
	evhttp_set_timeout(a->http, (int)(conf_num(k->conf,
	    OPT_admin_request_timeout) / CLOCK_NS_PER_S) + 1);
	evhttp_set_bevcb(a->http, on_connection, a);
	evhttp_set_gencb(a->http, on_request, a);
	for (i = 0; i < n && rc == 0; i++)
		rc = listen_on(a, FD_LISTEN + (int)i);
	if (rc < 0)
		admin_close(&a);
	*out = a;
	return rc;
}

void
admin_close(struct admin **ap)
{
	struct admin *a = *ap;

	*ap = NULL;
	if (a == NULL)
		return;
	if (a->http != NULL)
		evhttp_free(a->http);
	while (a->n_conn > 0)
		(void)bufferevent_decref(a->conn[--a->n_conn]);
	free(a->conn);
	free(a);
}
