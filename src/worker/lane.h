/*
 * lane.h - timers that all have the same length, such as the idle timeout of
 * connections.  Arming and disarming moves an item in a list and costs neither
 * a system call nor a heap operation: items are in the order of their ends, and
 * one libevent timer watches the first.
 */
#ifndef WORKER_LANE_H
#define WORKER_LANE_H

#include <stdint.h>
#include <sys/queue.h>

struct loop;
struct event;

struct lane_item {
	TAILQ_ENTRY(lane_item) link;
	int64_t end_ns;		/* 0: not armed */
};

struct lane {
	struct loop *loop;
	int64_t len_ns;
	TAILQ_HEAD(lane_list, lane_item) items;
	struct event *timer;
	int watched;		/* the timer is pending */
	/* The item's time is over; it is no longer armed. */
	void (*expire)(struct lane_item *, void *arg);
	void *arg;
};

/* len_ns <= 0: a lane that never ends anything.  0, -errno. */
int lane_init(struct lane *, struct loop *, int64_t len_ns,
    void (*expire)(struct lane_item *, void *arg), void *arg);
void lane_fini(struct lane *);

/* (Re)start the item's time, from loop_now(). */
void lane_arm(struct lane *, struct lane_item *);
/* Fine when it is not armed. */
void lane_disarm(struct lane *, struct lane_item *);

#endif
