#include "boot.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <event2/event.h>

#include "accept.h"
#include "cache.h"
#include "chan.h"
#include "clock.h"
#include "conf.h"
#include "drain.h"
#include "epoch.h"
#include "fault.h"
#include "fds.h"
#include "handover.h"
#include "link.h"
#include "log.h"
#include "once.h"
#include "plugin.h"
#include "region.h"
#include "report.h"
#include "route.h"
#include "slot.h"
#include "tick.h"
#include "watchdog.h"
#include "worker.h"

#define EXIT_REFUSED 78		/* configuration or plugin: processes.md */
#define EXIT_TROUBLE 1
#define KEEP_TASKS   1024	/* idle tasks, fibers, chunks: 30 MB when all were used */

/* --- the zygote's part --- */

__attribute__((format(printf, 4, 5))) static int
refuse(struct plugin_why *why, enum msg_fail_phase phase, int error,
    const char *fmt, ...)
{
	va_list ap;

	why->phase = phase;
	why->error = error;
	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof why->text, fmt, ap);
	va_end(ap);
	return error;
}

static int
load_conf(struct boot *b, struct plugin_why *why)
{
	size_t i;
	int rc = conf_read(FD_CONF, &b->conf);

	if (rc < 0)
		return refuse(why, FAIL_CONF, rc, "configuration: %s",
		    strerror(-rc));
	log_set_json(conf_num(b->conf, OPT_log_format) == LOG_FORMAT_JSON);
	for (i = 0; i < conf_list_len(b->conf, OPT_log_level); i++)
		(void)log_set_level(conf_list_at(b->conf, OPT_log_level, i));
	b->g = conf_group_find(b->conf, b->args.group);
	if (b->g < 0)
		return refuse(why, FAIL_CONF, b->g, "no group \"%s\"",
		    b->args.group);
	return 0;
}

static int
map_region(struct boot *b, struct plugin_why *why)
{
	struct region_why rw;
	int rc = region_map(FD_REGION, REGION_RDWR, &b->region, &rw);

	if (rc < 0)
		return refuse(why, FAIL_ATTACH, rc, "region: %s", rw.text);
	region_events(b->region, FD_EVENT, b->args.n_slots);
	/* Before any thread, and the clones inherit it. */
	if (b->region->head->rcu == REGION_RCU_MEMBARRIER)
		(void)epoch_register();	/* slot_attach() tells when it cannot */
	rc = cache_register(b->region);
	if (rc < 0 && rc != -ENOENT)
		return refuse(why, FAIL_ATTACH, rc, "cache: %s", strerror(-rc));
	return 0;
}

static int
load_plugins(struct boot *b, struct plugin_why *why)
{
	unsigned i;
	int rc;

	if ((rc = plugin_set_load(&b->plugins, b->conf, b->g, why)) < 0)
		return rc;
	for (i = 0; i < b->plugins->n; i++)
		report_module(b->plugins->list[i].symbol,
		    b->plugins->list[i].path, b->plugins->list[i].fd);
	if (route_table_new(&b->routes) < 0)
		return refuse(why, FAIL_OTHER, -ENOMEM, "no memory");
	if ((rc = plugin_set_routes(b->plugins, b->routes, why)) < 0)
		return rc;
	return plugin_set_warm(b->plugins, why);
}

int
boot_load(struct boot *b, const struct boot_args *args, struct plugin_why *why)
{
	int rc;

	memset(b, 0, sizeof *b);
	memset(why, 0, sizeof *why);
	b->args = *args;
	if ((rc = load_conf(b, why)) < 0 || (rc = map_region(b, why)) < 0)
		return rc;
	return load_plugins(b, why);
}

void
boot_unload(struct boot *b)
{
	route_table_free(&b->routes);
	plugin_set_free(&b->plugins);
	region_close(&b->region);
	conf_close(&b->conf);
}

/* --- the worker's part --- */

static struct worker self;	/* the one context of this process */

static const char *
held(void)
{
	if (epoch_inside(self.self))
		return "an epoch section";
	return self.self->hand != 0 ? "a lock of the region" : NULL;
}

static int
attach(struct worker *w, struct plugin_why *why)
{
	struct slot_plan plan = { w->slot, SLOT_ROLE_WORKER, w->generation,
		w->group };
	int rc = slot_attach(w->region, &plan, &w->self);

	if (rc < 0)
		return refuse(why, FAIL_ATTACH, rc, "slot %u: %s", w->slot,
		    strerror(-rc));
	fiber_set_check(held);
	rc = cache_open(w->self, &w->cache);
	if (rc < 0 && rc != -ENOENT)
		return refuse(why, FAIL_ATTACH, rc, "cache: %s", strerror(-rc));
	return 0;
}

static int
make_loop(struct worker *w, struct chan *chan, struct plugin_why *why)
{
	const struct task_limits lim = {
		(size_t)conf_num(w->conf, OPT_task_stack),
		(size_t)conf_num(w->conf, OPT_task_memory_max),
		KEEP_TASKS
	};
	int rc;

	if ((rc = loop_init(&w->loop)) < 0 ||
	    (rc = task_pool_init(&w->tasks, &w->loop, w, &lim)) < 0 ||
	    (rc = drain_open(&w->draining, w)) < 0 ||
	    (rc = handover_open(&w->handover, w)) < 0 ||
	    (rc = link_open(&w->link, w, chan)) < 0 ||
	    (w->cache != NULL && (rc = once_open(&w->once, w)) < 0))
		return refuse(why, FAIL_OTHER, rc, "loop: %s", strerror(-rc));
	fault_loop(&w->loop);
	rc = watchdog_open(&w->loop, conf_num(w->conf, OPT_watchdog_warn),
	    conf_num(w->conf, OPT_watchdog_limit), w->generation);
	return rc < 0 ? refuse(why, FAIL_OTHER, rc, "watchdog: %s",
	    strerror(-rc)) : 0;
}

static int
begin_service(struct worker *w, const struct boot *b, struct plugin_why *why)
{
	int rc = w->front->open(w);

	if (rc < 0)
		return refuse(why, FAIL_OPEN, rc, "%s: %s", w->front->name,
		    strerror(-rc));
	if (b->args.n_listeners > 0 &&
	    (rc = accept_open(&w->accept, w, b->args.n_listeners)) < 0)
		return refuse(why, FAIL_OPEN, rc, "listeners: %s",
		    strerror(-rc));
	if ((rc = handover_listen(w->handover, 1)) < 0)
		return refuse(why, FAIL_OPEN, rc, "hand-over: %s",
		    strerror(-rc));
	return 0;
}

/* Each 100 ms: what the region wants of everyone who is attached. */
static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	int64_t now = loop_now(&w->loop);

	(void)fd;
	(void)what;
	slot_beat(w->self, (uint64_t)now);
	if (w->cache != NULL)
		(void)cache_tick(w->cache);	/* another may be at it */
	else
		tick_update(w->region);
	once_tick(w->once);
	if (region_condemned(w->region)) {
		log_error("worker", "region is condemned: leaving");
		drain_begin(w, WORKER_CLOSING, DRAIN_ORPHAN_MS);
	}
	if (w->n_ticks++ % 10 == 0) {
		accept_check(w->accept);
		link_tick(w->link);
		log_tick();
	}
	drain_check(w);
}

static void
serve(struct worker *w, uint64_t asked_ns)
{
	static const struct timeval tv = { 0, 100000 };
	struct event *tick = event_new(w->loop.base, -1, EV_PERSIST, on_tick,
	    w);

	if (tick == NULL || event_add(tick, &tv) < 0) {
		log_error("worker", "no memory for the tick");
		return;
	}
	link_ready(w->link, asked_ns);
	if (loop_run(&w->loop) < 0)
		worker_broken(w, "event loop", EIO);
	event_free(tick);
}

/* Orderly: what others may wait for is given back first. */
static void
leave(struct worker *w)
{
	watchdog_close();
	accept_close(&w->accept);
	w->front->close(w);
	handover_close(&w->handover);
	/* Not under a handler that the deadline has left behind. */
	if (w->tasks.n_live == 0)
		plugin_set_close(w->plugins);
	once_close(&w->once);
	cache_close(&w->cache);
	slot_detach(&w->self);
	link_close(&w->link);
	log_flush();
}

/* The master reads it as the answer to a reload. */
static int
fail(struct worker *w, struct chan *chan, const struct plugin_why *why)
{
	struct msg_fail m = { why->phase, -why->error };
	char q[PLUGIN_WHY];

	log_error("worker", "cannot serve reason=\"%s\"",
	    log_quote(q, sizeof q, why->text));
	/* The link, if it was made, sends through the same socket. */
	(void)chan_post(FD_CHAN, w->generation, MSG_FAIL, &m, why->text,
	    strlen(why->text));
	(void)chan;
	log_flush();
	return why->phase == FAIL_OPEN ? EXIT_REFUSED : EXIT_TROUBLE;
}

static void
set_up(struct worker *w, struct boot *b, const struct msg_clone *c)
{
	memset(w, 0, sizeof *w);
	w->group = b->args.group;
	w->generation = b->args.generation;
	w->number = c->worker;
	w->slot = c->slot;
	(void)snprintf(w->name, sizeof w->name, "%.64s.%u", w->group,
	    w->number);
	w->conf = b->conf;
	w->region = b->region;
	w->plugins = b->plugins;
	w->routes = b->routes;
	w->conns_max = (uint32_t)conf_num(b->conf, OPT_workers_connections_max);
	w->protocol = (uint16_t)conf_group_num(b->conf, b->g,
	    OPT_group_protocol);
	w->front = w->protocol == PROTOCOL_STREAM ? &stream_front : &http_front;
}

int
boot_worker(struct boot *b, const struct msg_clone *c)
{
	struct worker *w = &self;
	struct plugin_why why = { 0 };
	struct chan *chan = NULL;

	set_up(w, b, c);
	log_init(w->name);
	report_init(w->name,
	    conf_num(b->conf, OPT_log_format) == LOG_FORMAT_JSON);
	(void)prctl(PR_SET_NAME, w->name);
	if (chan_open(&chan, FD_CHAN, w->generation) < 0)
		return EXIT_TROUBLE;
	if (attach(w, &why) < 0 || make_loop(w, chan, &why) < 0 ||
	    plugin_set_open(w->plugins, w, &why) < 0 ||
	    begin_service(w, b, &why) < 0)
		return fail(w, chan, &why);
	serve(w, c->asked_ns);
	leave(w);
	return 0;
}
