/* http_front.c - what the worker calls: the HTTP front. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "conf.h"
#include "fds.h"
#include "http_conn.h"
#include "http_count.h"

/* Line ends, and bytes over a limit, by which it is found to be exceeded. */
#define HEAD_SLACK 1024u

/* A head is parsed where it lies, with the empty lines in front of it. */
static uint32_t
in_max(const struct http_limits *lim)
{
	uint32_t head = 2 * lim->line_max + lim->head_max + HEAD_SLACK;

	return head > HTTP_IN_MAX ? head : HTTP_IN_MAX;
}

static void
limits_init(struct http *h, const struct conf *conf)
{
	h->limits.line_max = (uint32_t)conf_num(conf, OPT_http_request_line_max);
	h->limits.head_max = (uint32_t)conf_num(conf, OPT_http_header_max);
	h->limits.fields_max = (uint32_t)conf_num(conf, OPT_http_fields_max);
	h->in_max = in_max(&h->limits);
	h->limits.body_max = (uint64_t)conf_num(conf, OPT_http_body_max);
	h->request_timeout_ns = conf_num(conf, OPT_http_request_timeout);
	h->slow_ns = conf_num(conf, OPT_log_slow);
	h->pipeline_max = (uint32_t)conf_num(conf, OPT_http_pipeline_max);
}

static void
flags_init(struct http *h)
{
	int can = event_base_get_features(h->w->loop.base);

	h->read_flags = EV_READ | EV_PERSIST;
	h->write_flags = EV_WRITE | EV_PERSIST;
	/* Edges without the early news of a client's end could hide it. */
	if ((can & EV_FEATURE_ET) && (can & EV_FEATURE_EARLY_CLOSE)) {
		h->read_flags |= EV_ET | EV_CLOSED;
		h->write_flags |= EV_ET;
	}
}

static int
lanes_init(struct http *h, const struct conf *conf)
{
	const struct {
		struct lane *lane;
		enum conf_opt opt;
	} lanes[] = {
		{ &h->idle, OPT_http_idle_timeout },
		{ &h->header, OPT_http_header_timeout },
		{ &h->body, OPT_http_body_timeout },
		{ &h->write, OPT_http_write_timeout },
		{ &h->linger, OPT_http_linger_timeout },
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(lanes) / sizeof(lanes[0]) && rc == 0; i++)
		rc = lane_init(lanes[i].lane, &h->w->loop,
		    conf_num(conf, lanes[i].opt), http_conn_expire,
		    lanes[i].lane);
	return rc;
}

static void
front_free(struct http *h)
{
	struct http_req *r;

	while ((r = h->idle_reqs) != NULL) {
		h->idle_reqs = r->next;
		free(r);
	}
	http_log_close(&h->log);
	http_pool_fini(&h->bufs);
	lane_fini(&h->idle);
	lane_fini(&h->header);
	lane_fini(&h->body);
	lane_fini(&h->write);
	lane_fini(&h->linger);
	free(h);
}

static int
front_open(struct worker *w)
{
	struct http *h = calloc(1, sizeof(*h));
	char name[112];
	int rc;

	if (h == NULL)
		return -ENOMEM;
	h->w = w;
	TAILQ_INIT(&h->conns);
	limits_init(h, w->conf);
	flags_init(h);
	(void)snprintf(name, sizeof(name), "%s/%d", w->name, (int)getpid());
	http_stamp_init(&h->stamp, conf_num(w->conf, OPT_http_server_header) != 0,
	    conf_num(w->conf, OPT_http_worker_header) ? name : NULL);
	if ((rc = ids_init(&h->ids)) < 0 || (rc = lanes_init(h, w->conf)) < 0 ||
	    (rc = http_log_open(&h->log, w->loop.base, FD_ACCESS_LOG,
		 w->name)) < 0)
		goto fail;
	w->front_state = h;
	return 0;
fail:
	front_free(h);
	return rc;
}

static void
front_take(struct worker *w, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n)
{
	http_conn_adopt(w->front_state, fd, peer, peer_len, bytes, n);
}

/* Settling one may free it, but no other. */
static void
front_drain(struct worker *w)
{
	struct http *h = w->front_state;
	struct http_conn *c, *next;

	for (c = TAILQ_FIRST(&h->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		http_conn_run(c);
	}
}

/* The loop has ended.  Handlers that still wait are cancelled, not resumed. */
static void
front_close(struct worker *w)
{
	struct http *h = w->front_state;
	struct http_conn *c, *next;

	if (h == NULL)
		return;
	for (c = TAILQ_FIRST(&h->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		http_conn_gone(c);
		http_conn_settle(c);
	}
	http_log_flush(&h->log);
	if (!TAILQ_EMPTY(&h->conns))
		return;		/* what handlers hold stays: the process ends */
	w->front_state = NULL;
	front_free(h);
}

const struct front http_front = { "http", front_open, front_take, front_drain,
	front_close };
