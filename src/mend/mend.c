/* mend.c - see mend.h */
#include "mend.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "chan.h"
#include "clock.h"
#include "fds.h"
#include "log.h"
#include "reap.h"
#include "region.h"
#include "slot.h"

#define BEAT_MS	 1000
#define BUSY_MS	 1000	/* below the master's limit of 2 s for one repair */
#define RETRY_MS 10

struct mend {
	struct region *region;
	struct slot_self *me;
	struct chan *chan;
};

static void
fail(struct mend *m, unsigned phase, int rc, const char *why)
{
	const struct msg_fail f = { .phase = phase, .error = -rc };

	log_error("mender", "failed error=%d reason=\"%s\"", -rc, why);
	(void)chan_send(m->chan, MSG_FAIL, &f, why, strlen(why), NULL, 0);
}

static int
attach(struct mend *m, uint32_t slot)
{
	struct slot_plan plan = { .number = slot, .role = SLOT_ROLE_MENDER };
	struct region_why why = { .text = "" };
	int rc;

	rc = region_map(FD_REGION, REGION_RDWR, &m->region, &why);
	if (rc < 0) {
		fail(m, FAIL_ATTACH, rc, why.text);
		return rc;
	}
	/* What a dead slot may hold there is repaired by these steps. */
	rc = cache_register(m->region);
	if (rc < 0 && rc != -ENOENT) {
		fail(m, FAIL_ATTACH, rc, "the cache of this region");
		return rc;
	}
	rc = slot_attach(m->region, &plan, &m->me);
	if (rc == -EOWNERDEAD || rc == -EBUSY) {
		/* A mender died there; repairing it is what we are for. */
		plan.number = SLOT_ANY;
		rc = slot_attach(m->region, &plan, &m->me);
	}
	if (rc < 0)
		fail(m, FAIL_ATTACH, rc, strerror(-rc));
	return rc;
}

/*
 * The process is known to be dead, yet its record lock may be busy for a
 * moment more: the kernel drops it late in an exit.
 */
static int
repair(struct mend *m, uint32_t slot)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };
	int64_t until = clock_mono_ns() + BUSY_MS * CLOCK_NS_PER_MS;
	int rc;

	while ((rc = slot_reap(m->me, slot)) == -EBUSY &&
	    clock_mono_ns() < until)
		(void)nanosleep(&pause, NULL); /* cut short is fine */
	return rc;
}

static int
obey(struct mend *m, const struct chan_msg *msg)
{
	const struct msg_reap *reap = msg->body;
	struct msg_reaped done = { 0 };
	int rc;

	if (msg->head.type == MSG_LOG_LEVEL) {
		(void)log_set_level(msg->text); /* the master checked it */
		return 0;
	}
	if (msg->head.type != MSG_REAP)
		return 0;
	rc = repair(m, reap->slot);
	done.slot = reap->slot;
	if (rc > 0)
		done.n_repairs = (uint32_t)rc;
	/* FREE already: it died before it attached, or after it detached. */
	done.rc = rc > 0 || rc == -ENOENT ? 0 : rc;
	return chan_send(m->chan, MSG_REAPED, &done, NULL, 0, NULL, 0);
}

/* -EPIPE when the master has hung up. */
static int
serve(struct mend *m)
{
	struct pollfd p = { .fd = chan_fd(m->chan), .events = POLLIN };
	struct chan_msg msg;
	int rc;

	for (;;) {
		while ((rc = chan_recv(m->chan, &msg)) == 1) {
			rc = obey(m, &msg);
			chan_msg_fini(&msg);
			if (rc < 0)
				return rc;
		}
		if (rc < 0 || region_condemned(m->region))
			return rc;
		slot_beat(m->me, (uint64_t)clock_mono_ns());
		(void)poll(&p, 1, BEAT_MS); /* whatever it says, we look */
	}
}

int
mend_run(uint32_t slot, uint32_t n_slots)
{
	const struct msg_ready ready = { .slot = slot };
	struct mend m = { 0 };
	int rc;

	rc = chan_open(&m.chan, FD_CHAN, 0);
	if (rc < 0)
		return 1;
	rc = attach(&m, slot);
	if (rc < 0)
		goto out;
	region_events(m.region, FD_EVENT, n_slots);
	rc = chan_send(m.chan, MSG_READY, &ready, NULL, 0, NULL, 0);
	if (rc == 0)
		rc = serve(&m);
out:
	slot_detach(&m.me);
	region_close(&m.region);
	chan_close(&m.chan);
	return rc == 0 || rc == -EPIPE ? 0 : 1;
}
