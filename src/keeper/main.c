/* main.c - skep-keeper: starts, listens to the master, ticks, ends. */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "clock.h"
#include "fds.h"
#include "keeper.h"
#include "log.h"
#include "maint.h"
#include "notice.h"
#include "serve.h"
#include "tick.h"
#include "unit.h"

#define TICK_MS	    50	/* twice as often as the epoch has to move */
#define EXIT_CONFIG 78
#define EXIT_FAILED 1

/* Tell the master why we cannot start; it logs it. */
static int
give_up(struct keeper *k, unsigned phase, int rc, const char *what)
{
	struct msg_fail fail = { .phase = phase, .error = -rc };
	char text[256];
	int n;

	n = snprintf(text, sizeof(text), "%s: %s", what, strerror(-rc));
	log_error("keeper", "start failed reason=\"%s\"", text);
	if (k->chan != NULL)
		(void)chan_send(k->chan, MSG_FAIL, &fail, text, (size_t)n, NULL,
		    0);
	return rc;
}

static uint32_t
option(const char *value)
{
	int64_t n;

	if (unit_int(value, &n) < 0 || n < 0 || n > UINT32_MAX) {
		(void)fprintf(stderr, "skep-keeper: \"%s\": not a number\n",
		    value);
		exit(2);
	}
	return (uint32_t)n;
}

static uint32_t
options(struct keeper *k, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "generation", required_argument, NULL, 'g' },
		{ "slot", required_argument, NULL, 's' },
		{ "listeners", required_argument, NULL, 'l' },
		{ "slots", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 }
	};
	uint32_t slots = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'g':
			k->generation = option(optarg);
			break;
		case 's':
			k->slot = option(optarg);
			break;
		case 'l':
			k->n_listen = option(optarg);
			break;
		case 'n':
			slots = option(optarg);
			break;
		default:
			(void)fprintf(stderr, "skep-keeper is started by"
			    " skepd\n");
			exit(2);
		}
	return slots;
}

static void
on_status(struct keeper *k, const struct chan_msg *m)
{
	json_error_t err;
	json_t *doc = json_loadb(m->text, m->head.text_len, 0, &err);

	if (doc == NULL) {
		log_warn("keeper", "status document refused reason=\"%s\"",
		    err.text);
		return;
	}
	notice_changes(k, k->status, doc);
	json_decref(k->status);
	k->status = doc;
	k->status_ns = clock_mono_ns();
}

static void
on_message(struct keeper *k, struct chan_msg *m)
{
	const struct msg_control *control;
	char spec[64];

	switch (m->head.type) {
	case MSG_STATUS:
		on_status(k, m);
		break;
	case MSG_CONTROL:
		control = m->body;
		serve_command(k->serve, control->id, m->fds[0], m->text,
		    m->head.text_len);
		m->fds[0] = -1;
		break;
	case MSG_LOG_LEVEL:
		(void)snprintf(spec, sizeof(spec), "%s", m->text);
		if (log_set_level(spec) < 0)
			log_warn("keeper", "log level refused");
		break;
	case MSG_REOPEN:
		break;	/* the access log is the workers' */
	default:
		log_warn("keeper", "unexpected message type=%s",
		    msg_name(m->head.type));
		break;
	}
}

/* A sign of life, once a second: who gives none is replaced. */
static void
say_state(struct keeper *k)
{
	const struct msg_state state = { 0 };

	/* A channel that takes nothing, or is gone, is seen elsewhere. */
	(void)chan_send(k->chan, MSG_STATE, &state, NULL, 0, NULL, 0);
}

/* The channel's end means that the master is gone: so are we. */
static void
on_chan(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *k = arg;
	struct chan_msg m;
	int rc;

	(void)fd;
	(void)what;
	while ((rc = chan_recv(k->chan, &m)) == 1) {
		on_message(k, &m);
		chan_msg_fini(&m);
	}
	if (rc < 0) {
		if (rc != -EPIPE)
			log_error("keeper", "channel closed reason=\"%s\"",
			    strerror(-rc));
		(void)event_base_loopbreak(k->base);
	}
}

static void
on_chan_writable(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *k = arg;

	(void)fd;
	(void)what;
	if (chan_flush(k->chan) < 0)
		(void)event_base_loopbreak(k->base);
}

static void
on_term(evutil_socket_t sig, short what, void *arg)
{
	struct keeper *k = arg;

	(void)sig;
	(void)what;
	(void)event_base_loopbreak(k->base);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *k = arg;

	(void)fd;
	(void)what;
	k->ticks++;
	tick_update(k->region);
	slot_beat(k->self, (uint64_t)clock_coarse_ns());
	(void)(k->cache != NULL ? cache_tick(k->cache) : maint_run(k->self));
	admin_tick(k->admin);
	if (k->ticks % 2 == 0)
		serve_tick(k->serve);
	if (k->ticks % 20 == 0) {
		log_tick();
		say_state(k);
	}
	if (chan_pending(k->chan) > 0)
		(void)event_add(k->chan_out, NULL);
	if (region_condemned(k->region))
		(void)event_base_loopbreak(k->base);
}

static int
attach(struct keeper *k, uint32_t slots)
{
	struct slot_plan plan = { .number = k->slot,
	    .role = SLOT_ROLE_KEEPER, .reload = k->generation };
	struct region_why why = { "" };
	int rc;

	rc = region_map(FD_REGION, REGION_RDWR, &k->region, &why);
	if (rc < 0)
		return give_up(k, FAIL_ATTACH, rc, why.text);
	if (slots > 0)
		region_events(k->region, FD_EVENT, slots);
	rc = cache_register(k->region);
	if (rc < 0 && rc != -ENOENT)
		return give_up(k, FAIL_ATTACH, rc, "cache");
	rc = slot_attach(k->region, &plan, &k->self);
	if (rc < 0)
		return give_up(k, FAIL_ATTACH, rc, "slot");
	rc = cache_open(k->self, &k->cache);
	if (rc < 0 && rc != -ENOENT)
		return give_up(k, FAIL_ATTACH, rc, "cache");
	return 0;
}

static int
make_events(struct keeper *k)
{
	static const struct timeval period = { 0, TICK_MS * 1000 };
	int fd = chan_fd(k->chan);

	k->chan_in = event_new(k->base, fd, EV_READ | EV_PERSIST, on_chan, k);
	k->chan_out = event_new(k->base, fd, EV_WRITE, on_chan_writable, k);
	k->ticker = event_new(k->base, -1, EV_PERSIST, on_tick, k);
	k->term = evsignal_new(k->base, SIGTERM, on_term, k);
	if (k->chan_in == NULL || k->chan_out == NULL || k->ticker == NULL ||
	    k->term == NULL || event_add(k->chan_in, NULL) < 0 ||
	    event_add(k->ticker, &period) < 0 || event_add(k->term, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static int
start(struct keeper *k, uint32_t slots)
{
	struct msg_ready ready = { .slot = k->slot };
	size_t i;
	int rc;

	rc = chan_open(&k->chan, FD_CHAN, k->generation);
	if (rc < 0)
		return give_up(k, FAIL_OTHER, rc, "channel");
	rc = conf_read(FD_CONF, &k->conf);
	if (rc < 0)
		return give_up(k, FAIL_CONF, rc, "configuration");
	log_set_json(conf_num(k->conf, OPT_log_format) == LOG_FORMAT_JSON);
	for (i = 0; i < conf_list_len(k->conf, OPT_log_level); i++)
		(void)log_set_level(conf_list_at(k->conf, OPT_log_level, i));
	rc = attach(k, slots);
	if (rc < 0)
		return rc;
	k->base = event_base_new();
	k->snap = malloc(sizeof(*k->snap));
	rc = k->base == NULL || k->snap == NULL ? -ENOMEM : make_events(k);
	if (rc == 0)
		rc = serve_open(k, &k->serve);
	if (rc == 0)
		rc = admin_open(k, k->n_listen, &k->admin);
	if (rc < 0)
		return give_up(k, FAIL_OTHER, rc, "event loop");
	return chan_send(k->chan, MSG_READY, &ready, NULL, 0, NULL, 0);
}

static void
fini(struct keeper *k)
{
	struct event *const events[] = { k->chan_in, k->chan_out, k->ticker,
		k->term };
	size_t i;

	admin_close(&k->admin);
	serve_close(&k->serve);
	for (i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (k->base != NULL)
		event_base_free(k->base);
	cache_close(&k->cache);
	if (k->self != NULL)
		slot_detach(&k->self);
	region_close(&k->region);
	json_decref(k->status);
	free(k->snap);
	chan_close(&k->chan);
	conf_close(&k->conf);
	log_flush();
}

int
main(int argc, char **argv)
{
	struct keeper k = { .slot = SLOT_ANY };
	uint32_t slots;
	int rc;

	log_init("keeper");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	k.master_pid = (int32_t)getppid();
	slots = options(&k, argc, argv);
	rc = start(&k, slots);
	if (rc == 0) {
		log_info("keeper", "ready slot=%u listeners=%u", k.slot,
		    k.n_listen);
		(void)event_base_dispatch(k.base);
	}
	fini(&k);
	/* The master may hang up before we are ready: no failure of ours. */
	if (rc == 0 || rc == -EPIPE)
		return 0;
	return rc == -EINVAL ? EXIT_CONFIG : EXIT_FAILED;
}
