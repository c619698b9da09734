#include "lane.h"

#include <errno.h>
#include <stddef.h>

#include <event2/event.h>

#include "loop.h"

static void
watch(struct lane *l, int64_t in_ns)
{
	struct timeval tv;

	if (in_ns < 1000000)
		in_ns = 1000000;
	tv.tv_sec = in_ns / 1000000000;
	tv.tv_usec = in_ns % 1000000000 / 1000;
	l->watched = event_add(l->timer, &tv) == 0;
}

/*
 * The timer was set for an item that may have been armed again or disarmed
 * since: then the first in the list ends later, and it is set anew.
 */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lane *l = arg;
	int64_t now = loop_now(l->loop);
	struct lane_item *i;

	(void)fd;
	(void)what;
	l->watched = 0;
	while ((i = TAILQ_FIRST(&l->items)) != NULL && i->end_ns <= now) {
		TAILQ_REMOVE(&l->items, i, link);
		i->end_ns = 0;
		l->expire(i, l->arg);
	}
	if (i != NULL && !l->watched)
		watch(l, i->end_ns - now);
}

int
lane_init(struct lane *l, struct loop *loop, int64_t len_ns,
    void (*expire)(struct lane_item *, void *arg), void *arg)
{
	l->loop = loop;
	l->len_ns = len_ns;
	l->expire = expire;
	l->arg = arg;
	l->watched = 0;
	TAILQ_INIT(&l->items);
	l->timer = evtimer_new(loop->base, on_timer, l);
	return l->timer == NULL ? -ENOMEM : 0;
}

void
lane_fini(struct lane *l)
{
	if (l->timer != NULL)
		event_free(l->timer);
	l->timer = NULL;
}

void
lane_disarm(struct lane *l, struct lane_item *i)
{
	if (i->end_ns == 0)
		return;
	TAILQ_REMOVE(&l->items, i, link);
	i->end_ns = 0;
}

void
lane_arm(struct lane *l, struct lane_item *i)
{
	lane_disarm(l, i);
	if (l->len_ns <= 0)
		return;
	i->end_ns = loop_now(l->loop) + l->len_ns;
	TAILQ_INSERT_TAIL(&l->items, i, link);
	if (!l->watched)
		watch(l, l->len_ns);
}
