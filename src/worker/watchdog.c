#include "watchdog.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "chan.h"
#include "fds.h"
#include "loop.h"
#include "msg.h"
#include "plugin.h"
#include "report.h"
#include "task.h"

#define LOOKS 2			/* within the shorter of the two limits */
#define LOOK_MIN_NS 5000000
#define LOOK_MAX_NS 500000000

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/*
 * What was running at the last look, and how many looks in a row saw it.  Time
 * is counted in looks: a process that was stopped, or got no CPU, is not slow.
 */
static struct {
	struct loop *loop;
	timer_t timer;
	int signal, open;
	int64_t warn_ns, limit_ns, look_ns;
	uint32_t generation;
	const struct skep_task *task;
	uint64_t runs, passes;
	int64_t n_looks;
	int warned;
} wd;

static void
describe(struct report *r, const char *what, int64_t held_ns)
{
	report_add(r, what);
	report_add(r, " ms=");
	report_num(r, held_ns / 1000000);
	report_task(r, wd.task);
}

__attribute__((noreturn)) static void
stuck(int64_t held_ns)
{
	struct msg_stuck m = { (uint32_t)(held_ns / 1000000), 0 };
	struct report r = { .n = 0 };

	describe(&r, "stuck", held_ns);
	report_line("watchdog", &r);
	report_backtrace("watchdog");
	(void)chan_post(FD_CHAN, wd.generation, MSG_STUCK, &m, r.text, r.n);
	_exit(WATCHDOG_EXIT);
}

/* On the loop's thread, in the middle of whatever it does. */
static void
on_look(int sig, siginfo_t *si, void *uc)
{
	const struct loop *l = wd.loop;
	int error = errno;
	int64_t held;

	(void)sig;
	(void)si;
	(void)uc;
	if (l->now_ns == 0 || l->running != wd.task || l->n_runs != wd.runs ||
	    l->n_passes != wd.passes) {
		wd.task = l->running;
		wd.runs = l->n_runs;
		wd.passes = l->n_passes;
		wd.n_looks = 0;
		wd.warned = 0;
	} else {
		held = ++wd.n_looks * wd.look_ns;
		if (held >= wd.limit_ns)
			stuck(held);
		if (held >= wd.warn_ns && !wd.warned) {
			struct report r = { .n = 0 };

			wd.warned = 1;
			describe(&r, "slow: holds the loop", held);
			report_line("watchdog", &r);
		}
	}
	errno = error;
}

int
watchdog_open(struct loop *l, int64_t warn_ns, int64_t limit_ns,
    uint32_t generation)
{
	struct sigaction sa = { .sa_sigaction = on_look,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
	struct sigevent ev;
	struct itimerspec its;

	memset(&wd, 0, sizeof wd);
	wd.loop = l;
	wd.warn_ns = warn_ns;
	wd.limit_ns = limit_ns;
	wd.generation = generation;
	wd.signal = SIGRTMIN;
	wd.look_ns = (warn_ns < limit_ns ? warn_ns : limit_ns) / LOOKS;
	if (wd.look_ns < LOOK_MIN_NS)
		wd.look_ns = LOOK_MIN_NS;
	if (wd.look_ns > LOOK_MAX_NS)
		wd.look_ns = LOOK_MAX_NS;
	memset(&ev, 0, sizeof ev);
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev.sigev_signo = wd.signal;
	ev.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	if (sigaction(wd.signal, &sa, NULL) < 0 ||
	    timer_create(CLOCK_MONOTONIC, &ev, &wd.timer) < 0)
		return -errno;
	wd.open = 1;
	its.it_value.tv_sec = its.it_interval.tv_sec = wd.look_ns / 1000000000;
	its.it_value.tv_nsec = its.it_interval.tv_nsec =
	    wd.look_ns % 1000000000;
	if (timer_settime(wd.timer, 0, &its, NULL) < 0)
		return -errno;
	return 0;
}

void
watchdog_close(void)
{
	if (wd.open)
		(void)timer_delete(wd.timer);
	wd.open = 0;
}
