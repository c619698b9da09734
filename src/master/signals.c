/* signals.c - see signals.h */
#include "signals.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "deaths.h"
#include "log.h"
#include "logs.h"
#include "reload.h"
#include "stop.h"
#include "verbs.h"

int
signals_on_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	close(fd);
	return 1;
}

static void
reload(struct master *m)
{
	if (reload_begin(m) == -EBUSY)
		log_warn("reload", "not now: %s",
		    m->next != NULL ? "one is under way" :
				      "not in the serving state");
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct master *m = arg;

	(void)what;
	if (sig != SIGCHLD)
		log_info("master", "signal=SIG%s", sigabbrev_np((int)sig));
	switch (sig) {
	case SIGCHLD:
		deaths_collect(m);
		break;
	case SIGHUP:
		if (m->on_terminal)
			stop_begin(m, 0, NULL);
		else
			reload(m);
		break;
	case SIGINT:
		if (m->phase == PHASE_STOPPING)
			stop_now(m);
		else
			stop_begin(m, 0, NULL);
		break;
	case SIGTERM:
	case SIGQUIT:
		stop_begin(m, 0, NULL);
		break;
	case SIGUSR1:
		(void)logs_reopen(m); /* it has said so itself */
		break;
	case SIGUSR2:
		log_warn("master", "binary upgrade is not available: ignored");
		break;
	case SIGWINCH:
		if (!m->on_terminal)
			verbs_drain_all(m);
		break;
	case SIGTTIN:
		verbs_scale_all(m, VERBS_MORE);
		break;
	case SIGTTOU:
		verbs_scale_all(m, VERBS_LESS);
		break;
	}
	master_settle(m);
}

int
signals_open(struct master *m)
{
	static const int sigs[] = { SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGQUIT,
		SIGUSR1, SIGUSR2, SIGWINCH, SIGTTIN, SIGTTOU };
	struct event *ev;
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	m->on_terminal = signals_on_terminal();
	for (i = 0; i < sizeof sigs / sizeof sigs[0]; i++) {
		ev = evsignal_new(m->base, sigs[i], on_signal, m);
		if (ev == NULL || event_add(ev, NULL) < 0)
			return -ENOMEM;
		m->events[m->n_events++] = ev;
	}
	return 0;
}
