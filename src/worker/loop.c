#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "task.h"

int
loop_init(struct loop *l)
{
	struct event_config *cfg;

	memset(l, 0, sizeof *l);
	TAILQ_INIT(&l->ready);
	if ((cfg = event_config_new()) == NULL)
		return -ENOMEM;
	/* One thread: its locks would only cost. */
	(void)event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	l->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return l->base == NULL ? -ENOMEM : 0;
}

void
loop_fini(struct loop *l)
{
	if (l->base != NULL)
		event_base_free(l->base);
	l->base = NULL;
}

int64_t
loop_now_slow(struct loop *l)
{
	return l->now_ns = clock_mono_ns();
}

/*
 * Those that are ready now; a task that becomes ready on the way (it yields, or
 * wakes another) has its turn in the next pass, after the events.
 */
static void
run_ready(struct loop *l)
{
	struct skep_task *last = TAILQ_LAST(&l->ready, loop_ready), *t;

	if (last == NULL)
		return;
	(void)loop_now(l);
	do {
		t = TAILQ_FIRST(&l->ready);
		task_resume(t);
	} while (t != last && !TAILQ_EMPTY(&l->ready));
}

int
loop_pass(struct loop *l, int wait)
{
	int how = EVLOOP_ONCE, rc;

	if (!wait || !TAILQ_EMPTY(&l->ready))
		how |= EVLOOP_NONBLOCK;
	l->n_passes++;
	rc = event_base_loop(l->base, how);
	run_ready(l);
	if (l->now_ns != 0) {
		l->busy_ns += (uint64_t)(clock_mono_ns() - l->now_ns);
		l->now_ns = 0;
	}
	return rc < 0 ? -EIO : 0;
}

int
loop_run(struct loop *l)
{
	int rc = 0;

	while (!l->stop && rc == 0)
		rc = loop_pass(l, 1);
	return rc;
}

void
loop_stop(struct loop *l)
{
	l->stop = 1;
	/* Called from a callback: this pass ends as usual.  From elsewhere the
	 * next one does not wait long: ticks are never further than 100 ms. */
}

uint64_t
loop_busy(struct loop *l)
{
	uint64_t busy = l->busy_ns;

	if (l->now_ns != 0)
		busy += (uint64_t)(clock_mono_ns() - l->now_ns);
	return busy;
}
