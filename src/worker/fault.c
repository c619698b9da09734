#include "fault.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "loop.h"
#include "report.h"
#include "task.h"

#define ALT_STACK (256u << 10)	/* a message of the largest size is built on it */

static const struct loop *the_loop;

static const char *
signal_name(int sig)
{
	switch (sig) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGFPE:
		return "SIGFPE";
	case SIGILL:
		return "SIGILL";
	case SIGABRT:
		return "SIGABRT";
	case SIGSYS:
		return "SIGSYS";
	default:
		return "?";
	}
}

/* SA_RESETHAND: a second fault in here ends the process at once. */
static void
on_fault(int sig, siginfo_t *si, void *uc)
{
	const struct skep_task *t;
	struct report r = { .n = 0 };

	(void)uc;
	t = the_loop != NULL ? the_loop->running : NULL;
	report_add(&r, "crash signal=");
	report_add(&r, signal_name(sig));
	if (sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL) {
		report_add(&r, " address=");
		report_hex(&r, (uintptr_t)si->si_addr);
	}
	if (si->si_code <= 0) {		/* by kill() and its like */
		report_add(&r, " from_pid=");
		report_num(&r, si->si_pid);
	}
	report_task(&r, t);
	if (t != NULL && t->fiber != NULL && sig == SIGSEGV &&
	    fiber_holds_addr(t->fiber, si->si_addr) == 2)
		report_add(&r, " reason=\"stack overflow: see task.stack\"");
	report_line("fault", &r);
	report_backtrace("fault");
	(void)raise(sig);
}

int
fault_init(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT,
		SIGSYS };
	struct sigaction sa = { .sa_sigaction = on_fault,
		.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND |
		    SA_NODEFER) };
	stack_t ss = { .ss_size = ALT_STACK };
	size_t i;

	ss.ss_sp = mmap(NULL, ALT_STACK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (ss.ss_sp == MAP_FAILED)
		return -errno;
	if (sigaltstack(&ss, NULL) < 0)
		return -errno;
	for (i = 0; i < sizeof signals / sizeof *signals; i++)
		if (sigaction(signals[i], &sa, NULL) < 0)
			return -errno;
	return 0;
}

void
fault_loop(const struct loop *l)
{
	the_loop = l;
}
