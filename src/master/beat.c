/* beat.c - see beat.h */
#include "beat.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deaths.h"
#include "guard.h"
#include "log.h"
#include "mending.h"
#include "notify.h"
#include "pulse.h"
#include "status.h"

#define PER_SECOND (1000 / BEAT_MS)

/* The worker whose turn it is, round robin by its number in the roster. */
static struct child *
whose_turn(struct master *m)
{
	unsigned n = 0, workers = 0, turn;
	struct child *c;

	LIST_FOREACH(c, &m->roster, link)
		workers += c->kind == CHILD_WORKER && c->ready_ns != 0;
	if (workers == 0)
		return NULL;
	turn = (unsigned)(m->beats / PER_SECOND % workers);
	LIST_FOREACH(c, &m->roster, link)
		if (c->kind == CHILD_WORKER && c->ready_ns != 0 && n++ == turn)
			return c;
	return NULL;
}

static uint64_t
kib(const char *text)
{
	return strtoull(text, NULL, 10) * 1024;
}

/* A worker that nobody has a figure of. */
static struct child *
who_is_new(struct master *m)
{
	struct child *c;

	LIST_FOREACH(c, &m->roster, link)
		if (c->kind == CHILD_WORKER && c->ready_ns != 0 &&
		    c->pss_bytes == 0)
			return c;
	return NULL;
}

/*
 * Reading it makes the kernel walk the worker's page tables: one a second, and
 * each new one at the next beat, when it has touched little yet.
 */
static void
measure_one(struct child *c)
{
	char path[64], line[128];
	uint64_t own = 0;
	FILE *f;

	if (c == NULL)
		return;
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)c->pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "Pss:", 4) == 0)
			c->pss_bytes = kib(line + 4);
		else if (strncmp(line, "Private_", 8) == 0)
			own += kib(strchr(line, ':') + 1);
	}
	(void)fclose(f); /* it was only read */
	guard_memory(c, own);
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	uint64_t now = master_now(), dog = notify_watchdog_ns();

	(void)fd;
	(void)what;
	deaths_beat(m, now);
	mending_beat(m, now);
	guard_beat(m, now);
	pulse_beat(m);
	measure_one(who_is_new(m));
	if (++m->beats % PER_SECOND == 0) {
		log_tick();
		measure_one(whose_turn(m));
		status_send(m);
	}
	if (dog != 0 && now >= m->watchdog_ns) {
		notify_send("WATCHDOG=1");
		m->watchdog_ns = now + dog;
	}
	master_settle(m);
}

int
beat_open(struct master *m)
{
	const struct timeval tv = { .tv_usec = BEAT_MS * 1000 };
	struct event *ev;

	ev = event_new(m->base, -1, EV_PERSIST, on_beat, m);
	if (ev == NULL || event_add(ev, &tv) < 0)
		return -ENOMEM;
	m->events[m->n_events++] = ev;
	return 0;
}
