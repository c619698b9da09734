#include "admin.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
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

struct admin {
	struct keeper *keeper;
	struct evhttp *http;
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

int
admin_open(struct keeper *k, unsigned n, struct admin **out)
{
	struct admin *a;
	unsigned i;

	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->keeper = k;
	a->http = evhttp_new(k->base);
	if (a->http == NULL) {
		free(a);
		return -ENOMEM;
	}
	evhttp_set_allowed_methods(a->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
	    EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
	    EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_max_headers_size(a->http, HEADER_MAX);
	evhttp_set_max_body_size(a->http, BODY_MAX);
	evhttp_set_timeout(a->http, (int)(conf_num(k->conf,
	    OPT_admin_request_timeout) / CLOCK_NS_PER_S) + 1);
	evhttp_set_gencb(a->http, on_request, a);
	for (i = 0; i < n; i++) {
		int fd = FD_LISTEN + (int)i, rc;

		/* Not passed on, and never waited for in accept(). */
		(void)fdio_set_cloexec(fd, 1);
		rc = fdio_set_nonblock(fd, 1);
		if (rc == 0 && evhttp_accept_socket(a->http, fd) < 0)
			rc = -EINVAL;
		if (rc < 0) {
			admin_close(&a);
			return rc;
		}
	}
	*out = a;
	return 0;
}

void
admin_close(struct admin **ap)
{
	struct admin *a = *ap;

	*ap = NULL;
	if (a == NULL)
		return;
	evhttp_free(a->http);
	free(a);
}
