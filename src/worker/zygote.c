#include "zygote.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"
#include "chan.h"
#include "clock.h"
#include "conf.h"
#include "fault.h"
#include "fdio.h"
#include "fds.h"
#include "log.h"
#include "logfd.h"
#include "plugin.h"
#include "plugin_quiet.h"
#include "report.h"

#define EXIT_TROUBLE 1
#define EXIT_REFUSED 78

/* Ours are the master's to give: it tells by message. */
static void
ignore_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGUSR1, SIGUSR2, SIGPIPE, SIGWINCH, SIGTTIN, SIGTTOU,
		SIGTSTP };
	size_t i;

	for (i = 0; i < sizeof ignored / sizeof *ignored; i++)
		(void)signal(ignored[i], SIG_IGN);
}

static int
report_failure(struct chan *chan, const struct plugin_why *why)
{
	struct msg_fail m = { why->phase, -why->error };
	char q[PLUGIN_WHY];

	log_error("zygote", "cannot load reason=\"%s\"",
	    log_quote(q, sizeof q, why->text));
	(void)chan_send(chan, MSG_FAIL, &m, why->text, strlen(why->text), NULL,
	    0);
	log_flush();
	return EXIT_REFUSED;
}

/* In the clone: the channel takes the zygote's place. */
static int
become_worker(struct boot *b, struct chan **chan, int fd,
    const struct msg_clone *c)
{
	struct msg_spawned m = { getpid(), 0 };

	(void)setpgid(0, 0);
	chan_close(chan);
	if (fdio_place(fd, FD_CHAN) < 0 || fdio_set_cloexec(FD_CHAN, 1) < 0)
		return EXIT_TROUBLE;
	if (chan_post(FD_CHAN, b->args.generation, MSG_SPAWNED, &m, NULL, 0) < 0)
		return EXIT_TROUBLE;
	return boot_worker(b, c);
}

/* The process in the middle: a worker of its own or word of why not. */
__attribute__((noreturn)) static void
middle(struct boot *b, struct chan **chan, int fd, const struct msg_clone *c)
{
	struct msg_fail m = { FAIL_OTHER, 0 };
	pid_t pid = fork();

	if (pid == 0)
		_exit(become_worker(b, chan, fd, c));
	if (pid < 0) {
		m.error = errno;
		(void)chan_post(fd, b->args.generation, MSG_FAIL, &m,
		    "fork failed", 11);
	}
	_exit(pid < 0 ? EXIT_TROUBLE : 0);
}

static void
clone_one(struct boot *b, struct chan **chan, struct chan_msg *msg)
{
	/* A copy: the message dies with the zygote's channel. */
	const struct msg_clone c = *(const struct msg_clone *)msg->body;
	struct msg_fail m = { FAIL_OTHER, 0 };
	pid_t pid;

	if (msg->n_fds != 1) {
		log_error("zygote", "clone without its channel");
		return;
	}
	/*
	 * The one in the middle only forks and ends: it borrows our memory for
	 * that long instead of having a copy made and thrown away, which is
	 * half of what a clone costs where page tables are dear.  It changes
	 * nothing that we read afterwards.
	 */
	pid = vfork();
	if (pid == 0)
		middle(b, chan, msg->fds[0], &c);
	if (pid < 0) {
		m.error = errno;
		log_error("zygote", "fork failed error=\"%s\"",
		    strerror(errno));
		(void)chan_post(msg->fds[0], b->args.generation, MSG_FAIL, &m,
		    "fork failed", 11);
		return;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void
told(struct boot *b, struct chan **chan, struct chan_msg *m)
{
	switch (m->head.type) {
	case MSG_CLONE:
		clone_one(b, chan, m);
		break;
	case MSG_LOG_LEVEL:
		(void)log_set_level(m->text);
		break;
	case MSG_REOPEN:
		logfd_take(m);
		break;
	default:
		log_warn("zygote", "unexpected message type=%s",
		    msg_name(m->head.type));
		break;
	}
}

/* Log counts that wait are written once a second while nothing comes. */
static int
obey(struct boot *b, struct chan **chan)
{
	struct chan_msg m;
	int rc;

	for (;;) {
		rc = chan_wait(*chan, 1000, &m);
		if (rc == -ETIMEDOUT) {
			log_tick();
			continue;
		}
		if (rc < 0)
			break;
		told(b, chan, &m);
		chan_msg_fini(&m);
	}
	log_flush();
	return rc == -EPIPE ? 0 : EXIT_TROUBLE;
}

/* Load, say so, obey. */
static int
run(struct boot *b, struct chan **chan, const struct boot_args *args)
{
	struct msg_zygote_ready ready = { 0, 0 };
	int64_t t0 = clock_mono_ns();
	struct plugin_why why;
	int rc;

	plugin_quiet_adopt(1);
	rc = boot_load(b, args, &why);
	plugin_quiet_adopt(0);
	if (rc < 0) {
		plugin_quiet_end_children();
		return report_failure(*chan, &why);
	}
	ready.warm_ms = (uint32_t)((clock_mono_ns() - t0) / CLOCK_NS_PER_MS);
	ready.n_plugins = b->plugins->n;
	rc = chan_send(*chan, MSG_ZYGOTE_READY, &ready, NULL, 0, NULL, 0);
	/* A master that hung up meanwhile is found gone when we listen. */
	if (rc < 0 && rc != -EPIPE)
		return EXIT_TROUBLE;
	return obey(b, chan);
}

int
zygote_run(const struct boot_args *args)
{
	struct boot b = { 0 };
	struct chan *chan;
	char name[80];
	int rc;

	(void)snprintf(name, sizeof name, "%.32s.zygote", args->group);
	log_init(name);
	report_init(name, 0);
	ignore_signals();
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_NAME, name);
	if (chan_open(&chan, FD_CHAN, args->generation) < 0) {
		log_error("zygote", "no channel to the master");
		return EXIT_TROUBLE;
	}
	if (fault_init() < 0)
		log_warn("zygote", "crashes will not be reported");
	rc = run(&b, &chan, args);
	boot_unload(&b);
	chan_close(&chan);
	return rc;
}
